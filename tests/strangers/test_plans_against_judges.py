"""Planner and judges were written apart. Here real packets and signatures try the planner's plans.

The worlds are those that planner and proof meet on, made such as a zone can be: a signer that signs
at once, and no record that outlives what the observation calls the largest TTL.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.demo.likeness import Likeness, likeness
from reconciler.demo.rehearsal import rehearse
from reconciler.demo.rehearsal_seen import Rehearsed
from reconciler.model.keys import KeyEntry, UnmatchedDs
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Need, Refuted, Status, Step, ZonePlan
from reconciler.model.timeline import DataVersion, Version
from reconciler.planning import plan_zone
from reconciler.proof import prove
from tests.strangers.test_plans_against_proof import (
    World,
    broken_worlds,
    changed_worlds,
    worlds,
)

FEW = settings(
    max_examples=10, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
"""A rehearsal takes half a second; what few worlds miss, the proof's own tests try in thousands."""
DELAYS = st.sampled_from([0, 1, 3600, 86400, 604800])


def playable(observed: ObservedZone) -> ObservedZone:
    facts = observed.signers["a"]
    largest = max(facts.max_zone_ttl, facts.ns_ttl, facts.negative_ttl)
    signer = replace(facts, signing_delay=0, max_zone_ttl=largest)
    return replace(
        observed,
        signers={"a": signer},
        keys={label: _whole(entry) for label, entry in observed.keys.items()},
        history=tuple(_like_now(v, largest, facts.propagation_delay) for v in observed.history),
    )


def _whole(entry: KeyEntry) -> KeyEntry:
    if isinstance(entry, UnmatchedDs):
        return replace(entry, rdata=f"7 {entry.algorithm} 2 {'ab' * 32}")
    return entry


def _like_now(version: Version, ttl: int, delay: int) -> Version:
    return replace(version, ttl=ttl, propagation=delay) if type(version) is DataVersion else version


def planned(world: World) -> ZonePlan:
    plan = plan_zone(world.desired, playable(world.observed))
    assume(plan.status is Status.PLANNED)
    return plan


def rehearsed(plan: ZonePlan, observed: ObservedZone, parent_delay: int = 0) -> Rehearsed:
    assert plan.timeline
    like = likeness(
        plan.zone, plan.steps, plan.timeline, playable(observed), parent_delay=parent_delay
    )
    assert isinstance(like, Likeness), like
    verdict = prove(plan.steps, plan.timeline)
    with tempfile.TemporaryDirectory() as folder:
        return rehearse(plan, like, verdict, Path(folder) / "world")


@FEW
@given(worlds(), DELAYS)
def test_no_judge_sees_a_bad_view_of_a_plan(world: World, parent_delay: int) -> None:
    assert rehearsed(planned(world), world.observed, parent_delay).good


@FEW
@given(broken_worlds())
def test_a_repair_shows_nothing_bogus_once_the_proof_says_it_is_mended(world: World) -> None:
    assert rehearsed(planned(world), world.observed).good


@FEW
@given(changed_worlds(), DELAYS)
def test_what_caches_still_remember_is_waited_for(world: World, parent_delay: int) -> None:
    assert rehearsed(planned(world), world.observed, parent_delay).good


@FEW
@given(st.one_of(worlds(), changed_worlds()), st.data())
def test_judges_see_what_the_proof_foresees_of_a_wait_cut_short(
    world: World, data: st.DataObject
) -> None:
    plan = planned(world)
    waits = [(s, n) for s in plan.steps for n in s.needs if n.reason == "proof"]
    assume(waits)
    step, need = data.draw(st.sampled_from(waits))
    cut = _cut(plan, step, need)
    assert cut.timeline
    verdict = prove(cut.steps, cut.timeline)
    assert isinstance(verdict, Refuted)
    assume(not any("unknown" in version for version in verdict.versions))
    seen = rehearsed(cut, world.observed)
    assert not seen.good


def _cut(plan: ZonePlan, step: Step, need: Need) -> ZonePlan:
    less = replace(need, wait_min=need.wait_min - 1)
    changed = replace(step, needs=tuple(less if n == need else n for n in step.needs))
    return replace(plan, steps=tuple(changed if s == step else s for s in plan.steps))
