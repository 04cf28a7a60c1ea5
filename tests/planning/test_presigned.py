"""One KSK, held by one signer, signs the DNSKEY RRset of all (RFC 8901 model 1; P15)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.keys import Key, KeyRole
from reconciler.model.moves import DnskeyAdd, DnskeySign, op
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Proved, Refuted, Status, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

OWNER = SignerCapabilities(foreign_zsk=True, sets_apex_ns=True)
BORROWER = SignerCapabilities(presigned=True, sets_apex_ns=True)
PARENT = ParentCapabilities(sets_ns=True)
Row = tuple[list[str], dict[str | None, int]]


def zone(
    b: Builders, *, joined: bool = True, borrower: SignerCapabilities = BORROWER
) -> ObservedZone:
    """Signer `a` owns KSK k1; `b` publishes what `a` signs (`joined`), or is unsigned."""
    start = b.signed()
    zb = Key(label="zb", algorithm=13, flags=256, public_key=b"zb", home="b", generation=1)
    a = replace(start.signers["a"], capabilities=OWNER)
    other = replace(a, capabilities=borrower, ns=frozenset("b"))
    if joined:
        both = frozenset({"k1", "z1", "zb"})
        a = replace(a, dnskeys=both, ns=frozenset("ab"))
        other = replace(a, zrrsig=frozenset({"zb"}), capabilities=borrower)
    else:
        none: frozenset[str] = frozenset()
        other = replace(other, dnskeys=none, krrsig=none, zrrsig=none)
    return replace(
        start,
        keys={**start.keys, "zb": zb} if joined else start.keys,
        signers={"a": a, "b": other},
        parent=replace(start.parent, ns=frozenset("ab" if joined else "a"), capabilities=PARENT),
        content_equal={"a": frozenset("b")},
    )


def moves(plan: ZonePlan) -> list[list[str]]:
    """The moves of each step with their signer and key; the plan is proved."""
    assert plan.timeline, plan.refusals
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
    return [
        sorted(" ".join([getattr(m, "signer", "parent"), op(m), *_about(m)]) for m in step.moves)
        for step in plan.steps
    ]


def _about(move: object) -> list[str]:
    if isinstance(move, DnskeySign):
        return [",".join(sorted(move.keys))]
    return [getattr(move, "key", "")] if hasattr(move, "key") else []


def waits(plan: ZonePlan) -> list[dict[str | None, int]]:
    return [{need.step: need.wait_min for need in step.needs} for step in plan.steps]


def test_what_is_presigned_is_as_desired(b: Builders) -> None:
    assert plan_zone(b.desire(signers=("a", "b")), zone(b)).status is Status.NO_CHANGE


def test_a_zsk_rolls_in_every_copy_of_the_rrset(b: Builders) -> None:
    plan = plan_zone(b.desire(signers=("a", "b"), zsk=2), zone(b))
    assert [len(step) for step in moves(plan)] == [4, 2, 4]
    assert waits(plan) == [{}, {"s1": 3900}, {"s2": 86_700}]


def test_the_ksk_of_the_owner_rolls_in_every_copy_and_no_second_one_is_made(b: Builders) -> None:
    plan = plan_zone(b.desire(signers=("a", "b"), ksk=2), zone(b))
    assert moves(plan) == [
        ["a dnskey.add ksk@13/2@a", "b dnskey.add ksk@13/2@a"],
        ["parent ds.replace"],
        ["a dnskey.remove k1", "b dnskey.remove k1"],
    ]
    assert waits(plan) == [{}, {"s1": 3900}, {"s2": 7200}]


@pytest.mark.parametrize("step", ["s2", "s3"])
@pytest.mark.parametrize("generations", [{"ksk": 2}, {"zsk": 2}])
def test_one_second_less_is_not_proved(b: Builders, step: str, generations: dict[str, int]) -> None:
    desired = replace(
        b.desire(signers=("a", "b")),
        generations={KeyRole(role): n for role, n in generations.items()},
    )
    plan = plan_zone(desired, zone(b))
    (need,) = next(s for s in plan.steps if s.id == step).needs
    hasty = b.shorten(plan, step, need)
    assert hasty.timeline
    assert isinstance(prove(hasty.steps, hasty.timeline), Refuted)


def test_a_signer_that_takes_presigned_sets_alone_joins_with_a_zsk_of_its_own(b: Builders) -> None:
    """Nobody was sent to `b` yet; the RRset of `a` without its ZSK lives for 3900 s."""
    plan = plan_zone(b.desire(signers=("a", "b")), zone(b, joined=False))
    assert moves(plan) == [
        [
            "a dnskey.add zsk@13/1@b",
            "b data.sign",
            "b dnskey.add k1",
            "b dnskey.add z1",
            "b dnskey.add zsk@13/1@b",
        ],
        ["a apex_ns.set", "b apex_ns.set", "parent ns.set"],
    ]
    assert waits(plan) == [{}, {"s1": 3900}]
    assert DnskeyAdd(signer="b", key="k1", sign=True) in plan.steps[0].moves


def test_a_signer_that_could_publish_foreign_zsks_joins_with_a_ksk_of_its_own(b: Builders) -> None:
    able = replace(BORROWER, foreign_zsk=True)
    plan = plan_zone(b.desire(signers=("a", "b")), zone(b, joined=False, borrower=able))
    assert plan.timeline
    assert "ksk@13/1@b" in plan.timeline.keys


def test_a_signer_that_takes_neither_is_refused_with_what_would_open_it(b: Builders) -> None:
    unable = replace(BORROWER, presigned=False)
    plan = plan_zone(b.desire(signers=("a", "b")), zone(b, joined=False, borrower=unable))
    assert plan.refusals[0].rule == "I7"
    assert "`presigned`" in plan.refusals[0].opens


def test_the_signer_that_borrowed_leaves(b: Builders) -> None:
    """NS for 176400 s, and the data of `b` with it, before its ZSK goes."""
    plan = plan_zone(b.desire(signers=("a",)), zone(b))
    assert moves(plan) == [
        ["a apex_ns.set", "b apex_ns.set", "parent ns.set"],
        ["a dnskey.remove zb"],
    ]
    assert waits(plan) == [{}, {"s1": 176_400}]


def test_the_owner_leaves_when_the_other_has_a_ksk_with_a_ds(b: Builders) -> None:
    plan = plan_zone(b.desire(signers=("b",)), zone(b))
    assert moves(plan) == [
        ["b dnskey.add ksk@13/1@b"],
        ["a apex_ns.set", "b apex_ns.set", "parent ns.set"],
        ["parent ds.replace"],
        ["b dnskey.remove k1", "b dnskey.remove z1"],
    ]
    assert waits(plan)[2:] == [{"s2": 93_600}, {"s2": 176_400, "s3": 7200}]
