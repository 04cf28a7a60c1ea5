"""A plan carried out in a sandbox like its zone, in virtual time, before anyone touches the zone.

Nothing here knows a real signer, a real parent or the ledger: the world is made for the rehearsal
and thrown away after it. Every step is taken at the earliest instant that its waits allow, margins
left out; where the proof refutes the plan, on the course that it names. The judges look whenever an
answer may have changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reconciler.demo.likeness import PARENT, Likeness
from reconciler.demo.rehearsal_seen import Rehearsed, rehearsed
from reconciler.demo.rehearsal_start import begin
from reconciler.demo.stage import MOMENT
from reconciler.demo.watch import Watch
from reconciler.diagnostics import BlockedError, Diagnostic
from reconciler.model.keys import Key, KeyEntry
from reconciler.model.moves import (
    DsAdd,
    DsConfirm,
    DsRemove,
    DsReplace,
    Move,
    NsSet,
    RollStart,
)
from reconciler.model.plan import Proved, Refuted, Step, Verdict, ZonePlan
from reconciler.model.timeline import DsVersion, Timeline
from reconciler.proof import exposed_until
from reconciler.sandbox import parents, signers
from reconciler.sandbox.world import World


def rehearse(plan: ZonePlan, like: Likeness, verdict: Verdict, folder: Path) -> Rehearsed:
    """Carry out `plan` in a world made in the empty directory `folder`, and say what was seen.

    `verdict` is that of the proof, which is asked until when a broken start may be seen to be so.
    """
    timeline = plan.timeline
    assert timeline is not None, "a plan with steps has a timeline"  # noqa: S101  (invariant)
    start = plan.at - timedelta(seconds=_oldest(timeline)) - MOMENT
    with World.create(folder, start=start, layout=like.layout) as world:
        keys = begin(world, plan, timeline, like)
        with world.serve() as serving:
            watch = Watch(world, serving, [plan.zone], profiles=timeline.profiles)
            world.leap_to(plan.at)
            played = _Cast(world, plan.zone, like, keys).play(plan, _course(verdict))
            world.leap_to(world.now() + timedelta(seconds=_longest(timeline) + 1))
            report = watch.report(plan.zone)
    taken = {step: at for step, (at, _) in played.items()}
    effects = {step: int((at - plan.at).total_seconds()) for step, (_, at) in played.items()}
    until = exposed_until(plan.steps, timeline, effects) if isinstance(verdict, Proved) else None
    foreseen = None if until is None else plan.at + timedelta(seconds=until)
    return rehearsed(plan, foreseen, taken, report, like.notes)


_Played = Mapping[str, tuple[datetime, datetime]]
"""For each step when it was taken, and when every server that can be seen showed it."""


def _course(verdict: Verdict) -> Mapping[str, int]:
    """Return when the counterexample of a refuted plan takes each step, in seconds."""
    return verdict.schedule if isinstance(verdict, Refuted) else {}


def _oldest(timeline: Timeline) -> int:
    """Return how many seconds before the observation the timeline begins."""
    return max((-v.at for v in timeline.versions if v.step is None and v.at is not None), default=0)


def _longest(timeline: Timeline) -> int:
    return max(v.propagation + v.ttl for v in timeline.versions)


@dataclass(frozen=True, slots=True)
class _Cast:
    """The signers and the parent of one rehearsal, and the keys by the plan's labels."""

    world: World
    zone: str
    like: Likeness
    keys: Mapping[str, KeyEntry]

    def play(self, plan: ZonePlan, course: Mapping[str, int]) -> _Played:
        """Take every step as early as its waits and `course` allow; return when, and its effect."""
        done: dict[str, datetime] = {}
        taken: dict[str, datetime] = {}
        while left := [step for step in plan.steps if step.id not in done]:
            ready = [step for step in left if all(n.step in {None, *done} for n in step.needs)]
            if not ready:
                raise BlockedError(_never(self.zone, left))
            due = {step.id: max(_due(plan, step, done), _at(plan, step, course)) for step in ready}
            step = min(ready, key=lambda s: (due[s.id], plan.steps.index(s)))
            self.world.leap_to(max(due[step.id], self.world.now()))
            self._take(plan, step)
            taken[step.id], done[step.id] = self.world.now(), self._effect(step)
        self.world.leap_to(max(done.values()))
        return {step: (at, done[step]) for step, at in taken.items()}

    def _take(self, plan: ZonePlan, step: Step) -> None:
        known = {label: key for label, key in self.keys.items() if isinstance(key, Key)}
        for number, move in enumerate((*step.moves, *_unasked(plan, step))):
            idem = f"{step.id}.{number}"
            match move:
                case DsReplace() | DsAdd() | DsRemove() | NsSet():
                    parents.parent(self.world, PARENT).apply(self.zone, move, known, idem)
                case RollStart() | DsConfirm():
                    continue
                case _:
                    signers.signer(self.world, move.signer).apply(self.zone, move, known, idem)

    def _effect(self, step: Step) -> datetime:
        """Return when every server that can be seen shows a step."""
        waits = not step.moves or any(_at_parent(move) for move in step.moves)
        delay = self.like.layout.parents[0].acts_after if waits else 0
        return self.world.now() + timedelta(seconds=delay)


def _unasked(plan: ZonePlan, step: Step) -> Iterator[Move]:
    """Yield what a parent that polls CDS does in a step in which nobody is called."""
    versions = plan.timeline.versions if plan.timeline and not step.moves else ()
    return (DsReplace(ds=v.ds) for v in versions if isinstance(v, DsVersion) and v.step == step.id)


def _at_parent(move: Move) -> bool:
    return isinstance(move, DsReplace | DsAdd | DsRemove | NsSet)


def _due(plan: ZonePlan, step: Step, done: Mapping[str, datetime]) -> datetime:
    since = [
        (plan.at if need.step is None else done[need.step]) + timedelta(seconds=need.wait_min)
        for need in step.needs
    ]
    return max([plan.at, *since])


def _at(plan: ZonePlan, step: Step, course: Mapping[str, int]) -> datetime:
    return plan.at + timedelta(seconds=course.get(step.id, 0))


def _never(zone: str, left: Sequence[Step]) -> Diagnostic:
    return Diagnostic(
        code="never-due",
        summary=f"{', '.join(step.id for step in left)} wait for each other, or for no step at all",
        where=zone,
        hint="`reconcile verify` says what is wrong with the plan",
    )
