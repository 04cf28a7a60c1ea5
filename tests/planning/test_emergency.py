"""A compromised key (RFC 6781 §4.2, P19): two ways side by side, each with what it exposes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.desired import DesiredZone, KeyState
from reconciler.model.moves import op
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Alternative, Proved, Status, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders


def table(plan: ZonePlan | Alternative) -> list[tuple[list[str], dict[str | None, int]]]:
    return [
        (sorted(op(m) for m in step.moves), {need.step: need.wait_min for need in step.needs})
        for step in plan.steps
    ]


def compromised(b: Builders, label: str, **more: object) -> DesiredZone:
    desired = b.desire(**more)  # type: ignore[arg-type]
    return replace(desired, named_keys={b.name(label): KeyState.COMPROMISED})


def proved(plan: ZonePlan | Alternative) -> None:
    assert plan.timeline
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)


def test_a_compromised_ksk_is_rolled_without_outage_beside_the_fastest_distrust(
    b: Builders,
) -> None:
    plan = plan_zone(compromised(b, "k1"), b.signed())
    assert table(plan) == [
        (["dnskey.add"], {}),
        (["ds.replace"], {"s1": 3900}),
        (["dnskey.remove"], {"s2": 7200}),
    ]
    # until no cache holds the RRset with the old key that the new one signed: 11100 + 3900
    assert plan.distrusted_min == 15000
    (fastest,) = plan.alternatives
    assert fastest.name == "fastest-distrust"
    assert table(fastest) == [
        (["ds.replace"], {}),
        (["dnskey.add", "dnskey.remove"], {"s1": 7200}),
        (["ds.replace"], {"s2": 3900}),
    ]
    # DprpP + TTLds; then insecure until no cache holds the absence of a DS: 11100 + 3600 + 900
    assert (fastest.distrusted_min, fastest.exposure_bogus) == (7200, 0)
    assert fastest.exposure_insecure == 15600
    assert fastest.duration_min == 11100


def test_both_ways_are_proved(b: Builders) -> None:
    plan = plan_zone(compromised(b, "k1"), b.signed())
    proved(plan)
    proved(plan.alternatives[0])
    assert plan.alternatives[0].timeline.insecure_allowed


def test_the_variant_asked_for_is_planned_and_the_other_one_shown(b: Builders) -> None:
    desired = replace(compromised(b, "k1"), variant="fastest-distrust")
    plan = plan_zone(desired, b.signed())
    usual = plan_zone(compromised(b, "k1"), b.signed())
    assert table(plan) == table(usual.alternatives[0])
    assert (plan.distrusted_min, plan.risk) == (7200, "R4")
    assert [way.name for way in plan.alternatives] == ["no-outage"]
    assert table(plan.alternatives[0]) == table(usual)


def test_the_fastest_way_is_continued_from_where_it_stands(b: Builders) -> None:
    desired = replace(compromised(b, "k1"), variant="fastest-distrust")
    start = b.signed()
    whole = plan_zone(desired, start)
    for taken in range(1, len(whole.steps) + 1):
        rest = plan_zone(desired, b.after(start, whole, taken))
        assert [s.moves for s in rest.steps] == [s.moves for s in whole.steps[taken:]]


def test_a_compromised_zsk_ends_with_its_rollover_or_with_the_chain(b: Builders) -> None:
    """The data is signed by both keys at once, which saves the wait for the new DNSKEY (P4)."""
    plan = plan_zone(compromised(b, "z1"), b.signed())
    assert [sorted(op(m) for m in s.moves) for s in plan.steps] == [
        ["data.sign", "dnskey.add"],
        ["data.sign"],
        ["dnskey.remove"],
    ]
    assert plan.distrusted_min == 86700 + 3900
    (fastest,) = plan.alternatives
    assert (fastest.distrusted_min, fastest.exposure_bogus) == (7200, 0)
    proved(plan)
    proved(fastest)


def test_signatures_that_somebody_kept_are_named(b: Builders) -> None:
    """RFC 6781 §4.2: what was signed while the key stood stays valid as long as it was made for."""
    plan = plan_zone(compromised(b, "z1"), b.signed())
    assert any("14 d" in hint for hint in plan.hints)


def test_a_compromised_csk_is_replaced_in_both_roles(b: Builders) -> None:
    plan = plan_zone(compromised(b, "c1", scheme=b.CSK), b.signed_csk())
    assert plan.status is Status.PLANNED
    assert plan.distrusted_min is not None
    proved(plan)
    assert [way.name for way in plan.alternatives] == ["fastest-distrust"]
    proved(plan.alternatives[0])


def test_a_compromised_key_that_leads_nowhere_any_more_asks_for_nothing(b: Builders) -> None:
    start = b.observe(ds=["k2"], keys=["k2", "z1"], data=["z1"], held=["k1"])
    plan = plan_zone(compromised(b, "k1"), start)
    assert (plan.status, plan.alternatives) == (Status.NO_CHANGE, ())


def test_a_variant_that_does_not_exist_is_refused(b: Builders) -> None:
    plan = plan_zone(replace(b.desire(), variant="sooner"), b.signed())
    assert plan.status is Status.BLOCKED
    assert "fastest-distrust" in plan.refusals[0].opens


@pytest.mark.parametrize("label", ["k1", "z1"])
def test_an_unsettled_start_waits_only_where_it_must(b: Builders, label: str) -> None:
    start: ObservedZone = b.signed(settled=False)
    plan = plan_zone(compromised(b, label), start)
    assert plan.status is Status.PLANNED
    proved(plan)
    for way in plan.alternatives:
        proved(way)
