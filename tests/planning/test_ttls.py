"""TTLs: what was published with an old one counts until it is gone (P24, T13, I12)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import SignerCapabilities
from reconciler.model.moves import DataSign, TtlSet, op
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Proved, Refuted, Rollback, ZonePlan
from reconciler.model.timeline import DataVersion, DnskeyVersion, DsVersion, NsVersion
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

H = 3600
SETS_TTL = SignerCapabilities(algorithms=frozenset({8, 13}), sets_ttl=True)


def table(plan: ZonePlan | Rollback) -> list[tuple[list[str], dict[str | None, int]]]:
    assert plan.timeline
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
    return [
        (
            sorted(said(m) if isinstance(m, TtlSet) else op(m) for m in s.moves),
            {n.step: n.wait_min for n in s.needs},
        )
        for s in plan.steps
    ]


def said(move: TtlSet) -> str:
    return f"{move.rrset}={move.ttl}"


def test_a_ttl_is_lowered_first_and_restored_last_where_the_whole_is_shorter(b: Builders) -> None:
    """The old TTL counts from the lowering on, 24 h; without it 24 h count from the swap on."""
    start = b.signed(signer=SETS_TTL)
    plan = plan_zone(b.desire(zsk=2, lower_ttls=True), start)
    assert table(plan) == [
        (["data=300"], {}),
        (["dnskey.add"], {"s1": 1}),
        (["data.sign"], {"s2": 3900}),
        (["dnskey.remove"], {"s1": 86700, "s3": 600}),
        (["data=86400"], {"s4": 1}),
    ]
    longer = plan_zone(b.desire(zsk=2), start)
    assert b.earliest(longer)["s3"] - b.earliest(plan)["s4"] == 3900


@pytest.mark.parametrize("needed", ["s1", "s3"])
def test_one_second_less_of_either_ttl_is_not_proved(b: Builders, needed: str) -> None:
    plan = plan_zone(b.desire(zsk=2, lower_ttls=True), b.signed(signer=SETS_TTL))
    need = next(n for n in plan.steps[3].needs if n.step == needed)
    hasty = b.shorten(plan, "s4", need)
    assert hasty.timeline
    assert isinstance(prove(hasty.steps, hasty.timeline), Refuted)


def test_without_the_policy_a_hint_says_what_lowering_would_save(b: Builders) -> None:
    plan = plan_zone(b.desire(zsk=2), b.signed(signer=SETS_TTL))
    (hint,) = plan.hints
    assert "5 min" in hint
    assert "1 h 5 min" in hint
    assert "ttl.set" not in [op(m) for s in plan.steps for m in s.moves]


@pytest.mark.parametrize("lowers", [True, False])
def test_nothing_is_lowered_where_it_gains_nothing_or_cannot_be(
    b: Builders, *, lowers: bool
) -> None:
    for start, desired in (
        (b.signed(signer=SETS_TTL), b.desire(ksk=2, lower_ttls=lowers)),
        (b.signed(), b.desire(zsk=2, lower_ttls=lowers)),
    ):
        plan = plan_zone(desired, start)
        assert plan.hints == ()
        assert "ttl.set" not in [op(m) for s in plan.steps for m in s.moves]


def test_every_way_back_restores_what_was_lowered(b: Builders) -> None:
    plan = plan_zone(b.desire(zsk=2, lower_ttls=True), b.signed(signer=SETS_TTL))
    ends = {way.after: table(way)[-1][0] for way in plan.rollback}
    assert ends == {
        "s1": ["data=86400"],
        "s2": ["data=86400"],
        "s3": ["data=86400"],
        "s4": ["data=86400"],
        "s5": ["dnskey.remove"],
    }


def lowered_lately(b: Builders, ago: int) -> ObservedZone:
    """T13: the DNSKEY TTL was 24 h until `ago` seconds ago and is 1 h now; all else is settled."""
    times = b.Times(dnskey=H, child=H, data=H)
    start = b.signed(times=times)
    facts, parent = start.signers["a"], start.parent
    old = DnskeyVersion(
        signer="a", ttl=24 * H, propagation=H, keys=facts.dnskeys, signed_by=facts.krrsig
    )
    history = (
        DsVersion(ttl=times.ds, propagation=times.parent, ds=parent.ds),
        NsVersion(ttl=times.ns, propagation=times.parent, signers=parent.ns),
        NsVersion(signer="a", ttl=times.ns, propagation=times.child, signers=facts.ns),
        DataVersion(signer="a", ttl=times.data, propagation=times.child, signed_by=facts.zrrsig),
        old,
        replace(old, ttl=H, at=-ago),
    )
    return replace(start, settled=False, history=history)


@pytest.mark.parametrize("ago", [360, 7200])
def test_t13_a_zsk_signs_alone_when_the_old_ttl_has_run_out(b: Builders, ago: int) -> None:
    plan = plan_zone(b.desire(zsk=2), lowered_lately(b, ago))
    alone = DataSign(signer="a", keys=frozenset({"zsk@13/2"}))
    used = next(s for s in plan.steps if alone in s.moves)
    table(plan)
    assert b.earliest(plan)[used.id] == 25 * H - ago
    hasty = b.shorten(plan, used.id, next(n for n in used.needs if n.step is None))
    assert hasty.timeline
    assert isinstance(prove(hasty.steps, hasty.timeline), Refuted)
