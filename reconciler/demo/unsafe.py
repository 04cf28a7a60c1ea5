"""The stories once more, each time with one second taken off one wait: the judges must say so.

Margins are zero, every visible server follows at once, and an instance that nobody can see lags for
exactly the declared bound: the world is as bad as the plan allows. A judge that has never said
"bogus" proves nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.demo.stage import Stage, build, open_stage
from reconciler.demo.stories import STORIES, Story
from reconciler.execute.outside import Propose
from reconciler.execute.propose import sealed
from reconciler.model.desired import DesiredZone
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Need, Proved, Refuted, Step, Verdict, ZonePlan
from reconciler.model.timeline import Timeline
from reconciler.proof import prove
from reconciler.wiring import open_workspace

SHORTER = 1
"""Seconds taken off a wait: the least there is, for a proof's waits are tight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One wait with reason `proof` of a story's plan: `step` waits for `after` (None: the plan)."""

    story: Story
    step: str
    after: str | None
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """What the judges said of a story with one wait cut short."""

    wait: Wait
    bogus: int
    insecure_unasked: int
    example: str


def cut_each_wait(folder: Path) -> Iterator[Caught]:
    """Play one story for each of its waits, with that wait cut, and yield what the judges saw."""
    folder.mkdir(parents=True)
    first = folder / "0"
    first.mkdir()
    build(first, worst_case=True, margins=False)
    for number, story in enumerate(STORIES):
        waits = list(_play_by_the_rules(folder, number, story))
        for place, wait in enumerate(waits):
            stage = folder / f"{number}-{place}"
            shutil.copytree(folder / str(number), stage)
            yield _play(stage, wait)
            shutil.rmtree(stage)


def _play_by_the_rules(folder: Path, number: int, story: Story) -> Iterator[Wait]:
    """Play a story safely on to the next folder, and yield its plan's waits."""
    after = folder / str(number + 1)
    shutil.copytree(folder / str(number), after)
    with open_stage(after) as stage:
        plan = stage.play(story).plan
    for step in plan.steps:
        for need in step.needs:
            if need.reason == "proof":
                yield Wait(story=story, step=step.id, after=need.step, seconds=need.wait_min)


def _play(folder: Path, wait: Wait) -> Caught:
    with open_stage(folder) as stage:
        played = _without_the_proof(stage, wait).play(wait.story)
    return Caught(
        wait=wait,
        bogus=played.bogus,
        insecure_unasked=played.insecure_unasked,
        example=played.example if played.bogus else "",
    )


def _without_the_proof(stage: Stage, wait: Wait) -> Stage:
    """Return the stage with a planner that cuts `wait` and a proof that accepts anything."""
    setting = replace(stage.setting, propose=_cutting(stage, wait), prove=_accept)
    return replace(stage, setting=setting)


def _accept(_steps: object, timeline: Timeline) -> Verdict:
    return Proved(profiles=timeline.profiles)


def _cutting(stage: Stage, wait: Wait) -> Propose:
    def propose(desired: DesiredZone, observed: ObservedZone) -> ZonePlan:
        with open_workspace(stage.root, stage.setting) as workspace:
            plan = workspace.outside.propose(desired, observed)
            cut = replace(plan, steps=tuple(_cut(step, wait) for step in plan.steps))
            return sealed(_on_the_worst_course(cut), workspace.portfolio, desired)

    return propose


def _on_the_worst_course(plan: ZonePlan) -> ZonePlan:
    """Return the plan with each step as late as the proof's counterexample takes it: a wait may
    matter only where another step, such as a parent's, is late.
    """
    verdict = prove(plan.steps, plan.timeline) if plan.timeline else None
    course = verdict.schedule if isinstance(verdict, Refuted) else {}
    return replace(plan, steps=tuple(_not_before(step, course) for step in plan.steps))


def _not_before(step: Step, course: Mapping[str, int]) -> Step:
    if not course.get(step.id):
        return step
    late = Need(step=None, wait_min=course[step.id], reason="policy")
    return replace(step, needs=(*step.needs, late))


def _cut(step: Step, wait: Wait) -> Step:
    return replace(step, needs=tuple(_shortened(step, need, wait) for need in step.needs))


def _shortened(step: Step, need: Need, wait: Wait) -> Need:
    if (step.id, need.step) != (wait.step, wait.after):
        return need
    return replace(need, wait_min=max(0, need.wait_min - SHORTER))
