"""Steps that must not come too late: signatures end, signers stop, keys are lost (I4, P25)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.desired import DesiredZone, KeyState
from reconciler.model.keys import Key
from reconciler.model.moves import op
from reconciler.model.observed import ObservedZone, SignatureFacts
from reconciler.model.plan import Alternative, Deadline, Proved, Refuted, Status, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

QUICK = ParentCapabilities(processing_max=6 * 3600)
Row = tuple[list[str], dict[str | None, int], list[int]]


def table(plan: ZonePlan | Alternative) -> list[Row]:
    """Each step as its operations, its minimal waits, and the last instants for it."""
    return [
        (
            sorted(op(m) for m in step.moves),
            {need.step: need.wait_min for need in step.needs},
            [limit.wait_max for limit in step.not_after],
        )
        for step in plan.steps
    ]


def expiring(start: ObservedZone, seconds: int) -> ObservedZone:
    """The same zone with signatures that nobody refreshes."""
    facts = replace(start.signers["a"], signatures=SignatureFacts(expires=seconds))
    return replace(start, signers={**start.signers, "a": facts})


def lost(b: Builders, label: str) -> DesiredZone:
    desired = b.desire(publish_safety=0, retire_safety=0)
    return replace(desired, named_keys={b.name(label): KeyState.LOST})


def with_limit(plan: ZonePlan, step: str, limit: Deadline | None) -> ZonePlan:
    steps = tuple(
        replace(s, not_after=() if limit is None else (limit,)) if s.id == step else s
        for s in plan.steps
    )
    return replace(plan, steps=steps)


def check(plan: ZonePlan | Alternative) -> None:
    assert plan.timeline
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)


def test_a_zsk_rollover_must_replace_the_signatures_before_they_end(b: Builders) -> None:
    """The old data lives for 86700 s after the swap, which waits 3900 s and a margin of 600 s."""
    desired = b.desire(zsk=2, publish_safety=600)
    plan = plan_zone(desired, expiring(b.signed(), 200_000))
    assert table(plan) == [
        (["dnskey.add"], {}, [200_000 - 86_700 - 600 - 3900]),
        (["data.sign"], {"s1": 3900}, [200_000 - 86_700]),
        (["dnskey.remove"], {"s2": 86_700}, []),
    ]
    check(plan)


def test_the_limit_is_tight(b: Builders) -> None:
    plan = plan_zone(b.desire(zsk=2), expiring(b.signed(), 200_000))
    (limit,) = plan.steps[1].not_after
    for other in (replace(limit, wait_max=limit.wait_max + 1), None):
        late = with_limit(plan, "s2", other)
        assert late.timeline
        assert isinstance(prove(late.steps, late.timeline), Refuted)


def test_a_change_that_comes_too_late_is_refused_with_the_seconds_that_lack(b: Builders) -> None:
    desired = b.desire(zsk=2, publish_safety=0, retire_safety=0)
    plan = plan_zone(desired, expiring(b.signed(), 90_000))
    assert plan.status is Status.NO_SAFE_PATH
    refusal = plan.refusals[0]
    assert (refusal.rule, "10 min too late" in refusal.summary) == ("I4", True)
    assert "10 min more" in refusal.opens


def test_a_change_that_is_late_only_for_its_margins_is_refused_for_them(b: Builders) -> None:
    start = expiring(b.signed(), 92_000)
    plan = plan_zone(b.desire(zsk=2), start)
    assert plan.refusals[0].rule == "I4"
    assert "publish_safety" in plan.refusals[0].opens
    assert plan_zone(b.desire(zsk=2, publish_safety=0), start).status is Status.PLANNED


def test_signatures_that_no_step_renews_refuse_every_change(b: Builders) -> None:
    plan = plan_zone(b.desire(ksk=2), expiring(b.signed(), 10_000))
    assert plan.refusals[0].rule == "I4"
    assert "signs again" in plan.refusals[0].opens


def test_a_zone_that_is_as_desired_is_told_that_its_signatures_end(b: Builders) -> None:
    plan = plan_zone(b.desire(), expiring(b.signed(), 10_000))
    assert plan.status is Status.NO_CHANGE
    assert any("2 h 46 min 40 s" in hint for hint in plan.hints)


def test_a_lost_ksk_gives_way_to_one_that_every_cache_knows(b: Builders) -> None:
    """P25: the DS out of band, then the new signature before the old one ends."""
    start = b.observe(ds=["k1"], keys=["k1", "k2", "z1"], signed_by=["k1"], data=["z1"])
    plan = plan_zone(lost(b, "k1"), expiring(start, 864_000))
    assert table(plan) == [
        (["ds.replace"], {}, [864_000 - 3900 - 7200]),
        (["dnskey.sign"], {"s1": 7200}, [864_000 - 3900]),
        (["dnskey.remove", "ds.replace"], {"s2": 3900}, []),
    ]
    check(plan)


def test_without_a_known_end_a_lost_keys_signatures_may_be_due_for_their_refresh(
    b: Builders,
) -> None:
    start = b.observe(
        ds=["k1"], keys=["k1", "k2", "z1"], signed_by=["k1"], data=["z1"], parent=QUICK
    )
    plan = plan_zone(lost(b, "k1"), start)
    assert plan.steps[1].not_after[0].wait_max == 432_000 - 3900


def test_a_lost_ksk_alone_is_refused_with_the_price_of_the_way_around(b: Builders) -> None:
    """P25: P2 at the registrar, then P1; 7200 + 1 + 3900 + 4500 s without a DS in some cache."""
    plan = plan_zone(lost(b, "k1"), b.signed())
    assert plan.status is Status.NO_SAFE_PATH
    assert [refusal.rule for refusal in plan.refusals] == ["I5", "I2"]
    (around,) = plan.alternatives
    assert (around.name, around.exposure_bogus) == ("through-insecure", 0)
    assert around.exposure_insecure == 15_601
    check(around)


def test_the_way_around_is_planned_where_it_is_asked_for(b: Builders) -> None:
    plan = plan_zone(replace(lost(b, "k1"), variant="through-insecure"), b.signed(parent=QUICK))
    assert plan.status is Status.PLANNED
    assert [sorted(op(m) for m in s.moves) for s in plan.steps] == [
        ["ds.replace"],
        ["dnskey.remove"],
        ["dnskey.add"],
        ["ds.replace"],
    ]
    assert plan.risk == "R4"
    check(plan)


def test_a_lost_zsk_is_rolled_before_its_signatures_end_and_never_signs_again(b: Builders) -> None:
    plan = plan_zone(lost(b, "z1"), b.signed())
    assert [sorted(op(m) for m in s.moves) for s in plan.steps] == [
        ["dnskey.add"],
        ["data.sign"],
        ["dnskey.remove"],
    ]
    assert plan.steps[1].not_after[0].wait_max == 432_000 - 86_700
    check(plan)


FULL = SignerCapabilities(foreign_zsk=True, foreign_ksk=True, sets_apex_ns=True)


def two_signers(b: Builders) -> ObservedZone:
    """Signer `a` serves the zone, `b` is ready; each with a KSK and a ZSK of its own."""
    start = b.signed()
    own = replace(start.signers["a"], capabilities=FULL)
    keys = {
        label: Key(label=label, algorithm=13, flags=flags, public_key=label.encode(), home="b")
        for label, flags in (("kb", 257), ("zb", 256))
    }
    other = replace(
        own,
        dnskeys=frozenset(keys),
        krrsig=frozenset({"kb"}),
        zrrsig=frozenset({"zb"}),
        ns=frozenset("b"),
    )
    return replace(
        start,
        keys={**start.keys, **keys},
        signers={"a": own, "b": other},
        parent=replace(start.parent, capabilities=replace(QUICK, sets_ns=True)),
        content_equal={"a": frozenset("b")},
    )


def leaving(b: Builders, seconds: int) -> DesiredZone:
    start = b.signed()
    desired = b.desire(signers=("b",), publish_safety=0, retire_safety=0)
    return replace(desired, ends={"a": start.at + timedelta(seconds=seconds)})


def test_a_signer_that_stops_must_be_out_of_reach_by_then(b: Builders) -> None:
    """Both NS RRsets live for 86400 s, the parent's servers follow within 3600 s."""
    plan = plan_zone(leaving(b, 3 * b.DAY), two_signers(b))
    moved = next(s for s in plan.steps if "ns.set" in [op(m) for m in s.moves])
    assert moved.not_after[0].wait_max == 3 * b.DAY - 90_000
    check(plan)


def test_a_signer_that_stops_too_soon_is_refused_with_the_seconds_that_lack(b: Builders) -> None:
    plan = plan_zone(leaving(b, b.DAY), two_signers(b))
    assert plan.refusals[0].rule == "I4"
    assert "3 h too late" in plan.refusals[0].summary


def test_what_comes_before_a_parents_step_is_done_sooner_by_what_the_parent_may_take(
    b: Builders,
) -> None:
    """The limit of the parent's own step is for its effect, as is that of every step."""
    plan = plan_zone(leaving(b, 5 * b.DAY), two_signers(b))
    first, second, third, _ = table(plan)
    assert (second[0], second[2]) == (["apex_ns.set", "ns.set"], [5 * b.DAY - 90_000])
    assert first[2] == [second[2][0] - second[1]["s1"] - QUICK.processing_max]
    assert third[0] == ["ds.replace"]
    check(plan)


def test_a_change_that_a_slow_parent_would_bring_too_late_is_refused_for_that(b: Builders) -> None:
    start = two_signers(b)
    slow = replace(QUICK, sets_ns=True, processing_max=7 * b.DAY)
    start = replace(start, parent=replace(start.parent, capabilities=slow))
    (refusal,) = plan_zone(leaving(b, 3 * b.DAY), start).refusals
    assert (refusal.rule, "processing_max" in refusal.opens) == ("I4", True)
    assert "too late" in refusal.summary


def test_a_way_back_is_there_where_it_is_still_in_time(b: Builders) -> None:
    """At the latest s2 of a ZSK rollover leaves 86700 s of the signatures; s3 has no limit."""
    plan = plan_zone(b.desire(zsk=2), expiring(b.signed(), 900_000))
    assert [way.after for way in plan.rollback] == ["s2"]
    (back,) = plan.rollback
    verdict = prove(back.steps, back.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
