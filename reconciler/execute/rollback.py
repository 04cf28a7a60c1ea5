"""Turning back: the running plan gives way to its approved rollback, by itself and on record.

One entry names the plan, the position and the reason, and holds the rollback as it was proved from
here. From then on it is a plan like any other: a kill between any two writes goes on with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.execute.alarm import Alarm, begun
from reconciler.execute.approvals import covered
from reconciler.execute.block import block
from reconciler.execute.keep import Origin, keep
from reconciler.execute.position import Position, effects, expected
from reconciler.execute.readback import reader
from reconciler.execute.turn import Turn
from reconciler.execute.validity import ends_bogus
from reconciler.execute.way_back import way_back
from reconciler.ledger.history import LoggedPlan, TurnedBack, turned_back
from reconciler.model.plan import Malformed, Refuted, Rollback, Status, Step, ZonePlan
from reconciler.model.results import Result
from reconciler.model.timeline import slot


def turn_back(turn: Turn, position: Position, alarm: Alarm) -> Result | None:
    """Begin the approved way back, or block the zone where there is none that may be taken; None:
    it is on record, and the run goes on with it.
    """
    last = begun(turn, position)[-1].id
    back = rollback_from(turn, position)
    if turn.log.turned is not None:
        return block(turn, last, f"the way back cannot go on either: {alarm.why}")
    if back is None:
        return block(turn, last, f"{alarm.why}; nothing leads back from {last} any more")
    plan = way_back(turn, position, back)
    logged = _running(turn)
    told = {"after": last, "cause": alarm.cause.value, "why": alarm.why}
    named = turned_back(turn.log, logged, **told)
    if hindrance := _hindrance(turn, position, plan, named):
        return block(turn, last, f"{alarm.why}; {hindrance}")
    turn.outside.checkpoint("before-turning")
    keep(turn, plan, Origin(authors=logged.authors, commit=logged.commit, turned=named))
    turn.outside.checkpoint("after-turning")
    return None


def rollback_from(turn: Turn, position: Position) -> Rollback | None:
    """Return the approved way back from where the plan stands; None: there is none."""
    steps = begun(turn, position)
    return next((b for b in position.plan.rollback if steps and b.after == steps[-1].id), None)


def _running(turn: Turn) -> LoggedPlan:
    logged = turn.log.plan
    assert logged is not None, "a running plan is on record"  # noqa: S101  (invariant)
    return logged


def _hindrance(turn: Turn, position: Position, plan: ZonePlan, named: TurnedBack) -> str:
    """Return why the way back may not be taken; an empty text where it may."""
    late = [s.id for s in position.plan.steps if s.id in position.called]
    if to_come := [step for step in late if not _landed(turn, position, step)]:
        return f"what {' and '.join(to_come)} was accepted for may come at any time, also later"
    if plan.status is not Status.PLANNED or plan.timeline is None:
        told = plan.verdict.why if isinstance(plan.verdict, Refuted | Malformed) else ""
        return f"the approved way back is not proved safe from here: {told}"
    if ends_bogus(plan.timeline.versions, plan.timeline.keys):
        return "the approved way back would leave the zone bogus"
    return _unapproved(turn, plan, named)


def _unapproved(turn: Turn, plan: ZonePlan, named: TurnedBack) -> str:
    for step in plan.steps:
        digest, verdict = covered(turn, plan, named, step)
        if not verdict.satisfied:
            missing = " and ".join(verdict.missing)
            return f"the approval of the way back lapsed ({missing}): approve {digest} again"
    return ""


def _landed(turn: Turn, position: Position, step: str) -> bool:
    """True if every RRset that a step was to change is another than before at some server."""
    timeline = position.plan.timeline
    before = expected(replace(position, called=frozenset()))
    changed = effects(position.plan, _step(position.plan.steps, step))
    read = reader(turn.observation, timeline.keys if timeline else {})
    return all(
        any(not lag.silent for lag in read.laggards([before[slot(version)]]))
        for version in changed
        if slot(version) in before
    )


def _step(steps: Sequence[Step], name: str) -> Step:
    return next(step for step in steps if step.id == name)
