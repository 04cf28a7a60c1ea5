"""Planner and judges were written apart. Here they meet on CDS, denial and signers' own rolls."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.demo.likeness import Likeness, likeness
from reconciler.demo.rehearsal import rehearse
from reconciler.demo.rehearsal_seen import Rehearsed
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Proved, Status, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import prove
from tests.strangers.test_moves_against_proof import World, worlds

FEW = settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
"""A rehearsal takes half a second; what few worlds miss, the proof's own tests try in thousands."""
DELAYS = st.sampled_from([0, 1, 3600, 86400])


def playable(observed: ObservedZone) -> ObservedZone:
    """A zone such as can be: no record outlives the largest TTL, the signer signs at once."""
    facts = observed.signers["a"]
    largest = max(facts.max_zone_ttl, facts.ns_ttl, facts.negative_ttl)
    signer = replace(facts, max_zone_ttl=largest, signing_delay=0)
    return replace(observed, signers={"a": signer})


def rehearsed(plan: ZonePlan, observed: ObservedZone, parent_delay: int) -> Rehearsed:
    assert plan.timeline
    like = likeness(plan.zone, plan.steps, plan.timeline, observed, parent_delay=parent_delay)
    assume(isinstance(like, Likeness))
    assert isinstance(like, Likeness)
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved)
    with tempfile.TemporaryDirectory() as folder:
        return rehearse(plan, like, verdict, Path(folder) / "world")


@FEW
@given(worlds(), DELAYS)
def test_no_judge_sees_a_bad_view_of_what_others_do(world: World, parent_delay: int) -> None:
    seen = playable(world.observed)
    plan = plan_zone(world.desired, seen)
    assume(plan.status is Status.PLANNED)
    assert rehearsed(plan, seen, parent_delay).good
