"""Starts in which one signer, one apex or half of the data is not like the rest, as step tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.desired import DesiredZone
from reconciler.model.keys import DsRef, Key, KeyRole
from reconciler.model.moves import op
from reconciler.model.observed import ObservedZone, SignatureFacts
from reconciler.model.plan import Proved, Refuted, ZonePlan
from reconciler.model.timeline import DataVersion, DnskeyVersion, DsVersion, NsVersion
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

FULL = SignerCapabilities(foreign_zsk=True, foreign_ksk=True, sets_apex_ns=True)
PARENT = ParentCapabilities(sets_ns=True, processing_max=3600)
NOTHING: frozenset[str] = frozenset()
HALF = (
    NsVersion(ttl=86400, propagation=3600, signers=frozenset({"a"})),
    NsVersion(signer="a", ttl=86400, propagation=300, signers=frozenset({"a"})),
    DsVersion(ttl=3600, propagation=3600, ds=frozenset({DsRef("k1", 2)})),
    DnskeyVersion(
        ttl=3600,
        propagation=300,
        signer="a",
        keys=frozenset({"k1", "z1", "z2"}),
        signed_by=frozenset({"k1"}),
    ),
    DataVersion(ttl=86400, propagation=300, signer="a", signed_by=frozenset({"z1"})),
    DataVersion(at=-1000, ttl=86400, propagation=40_300, signer="a", signed_by=frozenset({"z2"})),
)
Row = tuple[list[str], dict[str | None, int], list[int]]


def pair(b: Builders, **of_b: object) -> ObservedZone:
    """Signers `a` (k1, z1) and `b` (kb, zb) serve the zone together; `of_b` differs at `b`."""
    start = b.signed()
    keys = {
        label: Key(label=label, algorithm=13, flags=flags, public_key=label.encode(), home="b")
        for label, flags in (("kb", 257), ("zb", 256))
    }
    zsks = {"z1", "zb"}
    a = replace(
        start.signers["a"],
        dnskeys=frozenset({"k1", *zsks}),
        ns=frozenset("ab"),
        capabilities=FULL,
    )
    other = replace(
        a, dnskeys=frozenset({"kb", *zsks}), krrsig=frozenset({"kb"}), zrrsig=frozenset({"zb"})
    )
    return replace(
        start,
        keys={**start.keys, **keys},
        signers={"a": a, "b": replace(other, **of_b)},  # type: ignore[arg-type]
        parent=replace(
            start.parent,
            ds=frozenset({DsRef("k1", 2), DsRef("kb", 2)}),
            ns=frozenset("ab"),
            capabilities=PARENT,
        ),
        content_equal={"a": frozenset("b")},
    )


def table(plan: ZonePlan) -> list[Row]:
    """Each step: its moves, minimal waits and limits; the plan and its ways back prove."""
    assert plan.timeline, plan.refusals
    for steps, timeline in [
        (plan.steps, plan.timeline),
        *((back.steps, back.timeline) for back in plan.rollback),
    ]:
        verdict = prove(steps, timeline)
        assert isinstance(verdict, Proved), explain(verdict)
    return [
        (
            sorted(" ".join([getattr(m, "signer", "parent"), op(m), *named(m)]) for m in s.moves),
            {need.step: need.wait_min for need in s.needs},
            [limit.wait_max for limit in s.not_after],
        )
        for s in plan.steps
    ]


def named(move: object) -> list[str]:
    about = getattr(move, "key", None) or ",".join(sorted(getattr(move, "keys", ())))
    refs = ",".join(sorted(ref.key for ref in getattr(move, "ds", ())))
    return [each for each in (about, refs) if each]


def both(b: Builders) -> DesiredZone:
    return b.desire(signers=("a", "b"), publish_safety=0, retire_safety=0)


def test_one_signer_of_two_that_serves_unsigned_data_is_mended_there(b: Builders) -> None:
    assert table(plan_zone(both(b), pair(b, zrrsig=NOTHING))) == [(["b data.sign zb"], {}, [])]


def test_one_signer_of_two_whose_signatures_have_ended_makes_them_anew(b: Builders) -> None:
    start = pair(b, signatures=SignatureFacts(expires=-5))
    assert table(plan_zone(both(b), start)) == [(["b data.sign zb", "b dnskey.sign kb"], {}, [])]


def test_one_signer_of_two_that_does_not_publish_the_others_key_is_named_with_the_repair(
    b: Builders,
) -> None:
    """Both are whole alone, so that no part is dead, and their mix outlives every step."""
    start = pair(b, dnskeys=frozenset({"kb", "zb"}))
    for signers in (("a", "b"), ("a",), ("b",)):
        plan = plan_zone(b.desire(signers=signers), start)
        assert plan.refusals[0].rule == "I7"
        assert "b does not publish z1" in plan.refusals[0].summary
        assert "z1 published at b by hand" in plan.refusals[0].opens


def test_an_aborted_join_whose_ns_lingers_at_the_other_apex_is_undone(b: Builders) -> None:
    """The apex of a names b for 86700 s more; a DNSKEY RRset lives 3600 s then, data 86400 s."""
    start = pair(b)
    start = replace(start, parent=replace(start.parent, ns=frozenset("a")))
    desired = b.desire(signers=("a",), publish_safety=0, retire_safety=0)
    assert table(plan_zone(desired, start)) == [
        (["a apex_ns.set", "b apex_ns.set"], {}, []),
        (["parent ds.replace k1"], {"s1": 86_700 + 3600}, []),
        (["a dnskey.remove zb"], {"s1": 86_700 + 86_400, "s2": 7200}, []),
    ]


def test_of_two_signers_with_deadlines_the_first_to_end_limits_the_steps_of_both(
    b: Builders,
) -> None:
    """The swap displaces data that lives 86700 s, and comes 3900 s after the keys."""
    start = pair(b, signatures=SignatureFacts(expires=300_000))
    later = replace(start.signers["a"], signatures=SignatureFacts(expires=500_000))
    start = replace(start, signers={**start.signers, "a": later})
    plan = plan_zone(replace(both(b), generations={KeyRole.ZSK: 2}), start)
    rows = table(plan)
    assert [row[1:] for row in rows] == [
        ({}, [300_000 - 86_700 - 3900]),
        ({"s1": 3900}, [300_000 - 86_700]),
        ({"s2": 86_700}, []),
    ]
    assert rows[1][0] == ["a data.sign zsk@13/2@a", "b data.sign zsk@13/2@b"]
    (limit,) = plan.steps[1].not_after
    late = replace(plan.steps[1], not_after=(replace(limit, wait_max=limit.wait_max + 1),))
    assert plan.timeline
    steps = (plan.steps[0], late, *plan.steps[2:])
    assert isinstance(prove(steps, plan.timeline), Refuted)


@pytest.mark.parametrize(
    ("zsk", "rows"),
    [
        (None, []),
        (1, [(["a data.sign z1"], {}, []), (["a dnskey.remove z2"], {"s1": 126_700}, [])]),
        (2, [(["a dnskey.remove z1"], {None: 125_700}, [])]),
        (
            3,
            [
                (["a dnskey.add zsk@13/3"], {}, []),
                (["a data.sign zsk@13/3"], {"s1": 3900}, []),
                (["a dnskey.remove z1", "a dnskey.remove z2"], {"s2": 126_700}, []),
            ],
        ),
    ],
)
def test_a_zone_half_re_signed_keeps_both_keys_until_all_is_replaced_and_forgotten(
    b: Builders, zsk: int | None, rows: list[Row]
) -> None:
    """The swap from z1 to z2 began 1000 s ago and takes 40000 s; data then lives for 86400 s."""
    times = b.Times(signing=40_000)
    start = b.observe(
        ds=["k1"], keys=["k1", "z1", "z2"], data=["z2"], settled=False, history=HALF, times=times
    )
    plan = plan_zone(b.desire(zsk=zsk, publish_safety=0, retire_safety=0), start)
    assert (table(plan) if plan.steps else []) == rows
