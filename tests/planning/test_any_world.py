"""Whatever the start, the goal, the times and the capabilities: plans are safe, tight and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.capabilities import DsWrite, ParentCapabilities
from reconciler.model.desired import DesiredZone, KeyScheme
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Status, ZonePlan
from reconciler.planning import plan_zone

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

FAR = 10_000_000
seconds = st.sampled_from([0, 1, 5, 60, 300, 3600, 7200, 86400, 172800])
generations = st.one_of(st.none(), st.integers(1, 4))


@st.composite
def desires(draw: st.DrawFn, b: Builders) -> DesiredZone:
    """Any desired state of one signer."""
    return b.desire(
        signed=draw(st.integers(0, 4)) > 0,
        scheme=draw(st.sampled_from(list(KeyScheme))),
        algorithm=draw(st.sampled_from([13, 13, 8])),
        ksk=draw(generations),
        zsk=draw(generations),
        csk=draw(generations),
        digest_types=draw(st.sampled_from([frozenset({2}), frozenset({2, 4}), frozenset({1})])),
    )


@st.composite
def starts(draw: st.DrawFn, b: Builders) -> ObservedZone:
    """A zone at rest, or one about which nothing is known but what it shows."""
    times = b.Times(*(draw(seconds) for _ in range(9)))
    shape = draw(st.sampled_from([b.observe, b.signed, b.signed_csk]))
    write = draw(st.sampled_from([DsWrite.REPLACE, DsWrite.ONE_AT_A_TIME]))
    return shape(times=times, parent=ParentCapabilities(write=write), settled=draw(st.booleans()))


def check(b: Builders, plan: ZonePlan, late: dict[str, int]) -> None:
    """The plan is safe early and late, with moves landing in any order; proof waits are tight."""
    assert plan.timeline
    partial = b.partial_versions(plan)
    assert b.bad_views(plan.timeline, b.earliest(plan), partial) == []
    assert b.bad_views(plan.timeline, b.earliest(plan, late), partial) == []
    for step in plan.steps:
        for need in step.needs:
            assert need.wait_min >= 1
            if need.reason == "proof" and need.wait_min > 1:  # 0 would be one instant
                assert is_tight(b, b.shorten(plan, step.id, need)), (step.id, need)
    for way in plan.rollback:
        assert b.bad_views(way.timeline, b.earliest(way), b.partial_versions(way)) == []


def is_tight(b: Builders, hasty: ZonePlan) -> bool:
    """True if some schedule lets a bad view in: at once, or with one step or the rest put off."""
    assert hasty.timeline
    ids = [step.id for step in hasty.steps]
    puts_off = [{}, *({i: FAR} for i in ids)]
    return any(b.bad_views(hasty.timeline, b.earliest(hasty, late)) for late in puts_off)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_plans_hold_through_any_changes_of_mind(b: Builders, data: st.DataObject) -> None:
    now = data.draw(starts(b))
    for _ in range(3):
        desired = data.draw(desires(b))
        plan = plan_zone(desired, now)
        assert plan == plan_zone(desired, now)
        if plan.status is not Status.PLANNED:
            assert plan.steps == ()
            assert plan.refusals or plan.status is Status.NO_CHANGE
            continue
        late = {s.id: data.draw(seconds, label=f"{s.id} late by") for s in plan.steps}
        check(b, plan, late)
        now = b.after(now, plan, data.draw(st.integers(0, len(plan.steps)), label="taken"))


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_plan_cut_off_anywhere_is_continued_to_its_end(b: Builders, data: st.DataObject) -> None:
    now, desired = data.draw(starts(b)), data.draw(desires(b))
    for _ in range(12):
        plan = plan_zone(desired, now)
        if plan.status is not Status.PLANNED:
            break
        now = b.after(now, plan, data.draw(st.integers(1, len(plan.steps)), label="taken"))
    assert plan_zone(desired, now).status is not Status.PLANNED
