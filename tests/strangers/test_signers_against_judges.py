"""Planner and judges were written apart. Here they meet on zones that move between signers."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.demo.likeness import Likeness, likeness
from reconciler.demo.rehearsal import rehearse
from reconciler.demo.rehearsal_seen import Rehearsed
from reconciler.model.observed import ObservedZone, SignerFacts
from reconciler.model.plan import Proved, Refuted, Status, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import prove
from tests.strangers.test_signers_against_proof import World, worlds

FEW = settings(
    max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
"""A rehearsal takes half a second; what few worlds miss, the proof's own tests try in thousands."""
DELAYS = st.sampled_from([0, 1, 3600, 86400, 604800])


def playable(observed: ObservedZone) -> ObservedZone:
    """A zone such as can be: no record outlives the largest TTL, signers sign at once."""
    signers = {name: _whole(facts) for name, facts in observed.signers.items()}
    return replace(observed, signers=signers)


def _whole(facts: SignerFacts) -> SignerFacts:
    largest = max(facts.max_zone_ttl, facts.ns_ttl, facts.negative_ttl)
    return replace(facts, max_zone_ttl=largest, signing_delay=0)


def planned(world: World) -> ZonePlan:
    plan = plan_zone(world.desired, playable(world.observed))
    assume(plan.status is Status.PLANNED)
    return plan


def rehearsed(plan: ZonePlan, world: World, parent_delay: int = 0) -> Rehearsed:
    assert plan.timeline
    seen = playable(world.observed)
    like = likeness(plan.zone, plan.steps, plan.timeline, seen, parent_delay=parent_delay)
    assert isinstance(like, Likeness), like
    verdict = prove(plan.steps, plan.timeline)
    with tempfile.TemporaryDirectory() as folder:
        return rehearse(plan, like, verdict, Path(folder) / "world")


@FEW
@given(worlds(), DELAYS)
def test_no_judge_sees_a_bad_view_of_a_move_between_signers(
    world: World, parent_delay: int
) -> None:
    plan = planned(world)
    assert plan.timeline
    assert isinstance(prove(plan.steps, plan.timeline), Proved)
    assert rehearsed(plan, world, parent_delay).good


@FEW
@given(worlds(), st.data())
def test_judges_see_what_a_wait_between_signers_is_for(world: World, data: st.DataObject) -> None:
    plan = planned(world)
    waits = [(s, n) for s in plan.steps for n in s.needs if n.reason == "proof" and n.wait_min]
    assume(waits)
    step, need = data.draw(st.sampled_from(waits))
    less = replace(need, wait_min=need.wait_min - 1)
    cut = replace(step, needs=tuple(less if n == need else n for n in step.needs))
    early = replace(plan, steps=tuple(cut if s == step else s for s in plan.steps))
    assert early.timeline
    verdict = prove(early.steps, early.timeline)
    assume(isinstance(verdict, Refuted))
    assert isinstance(verdict, Refuted)
    assume(not any("unknown" in version for version in verdict.versions))
    assert not rehearsed(early, world).good
