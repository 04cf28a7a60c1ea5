"""Plans are safe at their earliest and at any later times, and not one second earlier."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from reconciler.model.desired import DesiredZone
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Status, ZonePlan
from reconciler.planning import plan_zone

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

Case = Callable[["Builders"], tuple[DesiredZone, ObservedZone]]

CASES: dict[str, Case] = {
    "enable": lambda b: (b.desire(), b.observe()),
    "enable-csk": lambda b: (b.desire(scheme=b.CSK), b.observe()),
    "disable": lambda b: (b.desire(signed=False), b.signed()),
    "disable-csk": lambda b: (b.desire(signed=False), b.signed_csk()),
    "zsk": lambda b: (b.desire(zsk=2), b.signed()),
    "ksk": lambda b: (b.desire(ksk=2), b.signed()),
    "ksk-and-zsk": lambda b: (b.desire(ksk=2, zsk=2), b.signed()),
    "csk": lambda b: (b.desire(scheme=b.CSK, csk=2), b.signed_csk()),
    "combine": lambda b: (b.desire(scheme=b.CSK), b.signed()),
    "split": lambda b: (b.desire(), b.signed_csk()),
    "algorithm-csk": lambda b: (b.desire(scheme=b.CSK, algorithm=8), b.signed_csk()),
    "algorithm-split": lambda b: (b.desire(algorithm=8), b.signed()),
    "algorithm-split-at-once": lambda b: (b.desire(algorithm=8), b.signed(signer=b.AT_ONCE)),
    "algorithm-combine-at-once": lambda b: (
        b.desire(algorithm=8, scheme=b.CSK),
        b.signed(signer=b.AT_ONCE),
    ),
    "algorithm-split-of-a-csk-at-once": lambda b: (
        b.desire(algorithm=8),
        b.signed_csk(signer=b.AT_ONCE),
    ),
    "algorithm-and-combine": lambda b: (b.desire(algorithm=8, scheme=b.CSK), b.signed()),
    "algorithm-and-split": lambda b: (b.desire(algorithm=8), b.signed_csk()),
    "ksk-one-at-a-time": lambda b: (b.desire(ksk=2), b.signed(parent=b.ONE_AT_A_TIME)),
    "ksk-unsettled": lambda b: (b.desire(ksk=2), b.signed(settled=False)),
    "zsk-unsettled": lambda b: (b.desire(zsk=2), b.signed(settled=False)),
}


@pytest.fixture(params=CASES)
def plan(request: pytest.FixtureRequest, b: Builders) -> ZonePlan:
    planned = plan_zone(*CASES[request.param](b))
    assert planned.status is Status.PLANNED
    return planned


def test_no_cache_holds_a_bad_view_at_the_earliest_times(b: Builders, plan: ZonePlan) -> None:
    assert plan.timeline
    partial = b.partial_versions(plan)
    assert b.bad_views(plan.timeline, b.earliest(plan), partial) == []


def test_no_cache_holds_a_bad_view_when_steps_come_late(b: Builders, plan: ZonePlan) -> None:
    assert plan.timeline
    rng = random.Random(7)  # noqa: S311 - delays, not secrets
    partial = b.partial_versions(plan)
    for _ in range(20):
        late = {s.id: rng.choice([0, 1, rng.randrange(300_000)]) for s in plan.steps}
        assert b.bad_views(plan.timeline, b.earliest(plan, late), partial) == []


def test_a_proof_wait_one_second_shorter_lets_a_bad_view_in(b: Builders, plan: ZonePlan) -> None:
    assert plan.timeline
    for step in plan.steps:
        for need in step.needs:
            if need.reason == "proof":
                hasty = b.shorten(plan, step.id, need)
                assert b.bad_views(plan.timeline, b.earliest(hasty)), (step.id, need)


def test_waits_leave_the_margin_out(plan: ZonePlan) -> None:
    margins = {need.margin for step in plan.steps for need in step.needs if need.wait_min > 1}
    assert margins <= {3600}


def test_every_way_back_is_safe(b: Builders, plan: ZonePlan) -> None:
    assert [way.after for way in plan.rollback] == [step.id for step in plan.steps]
    for way in plan.rollback:
        partial = b.partial_versions(way)
        assert b.bad_views(way.timeline, b.earliest(way), partial) == []
