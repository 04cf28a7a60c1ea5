"""`status`: the ledger folded over a fresh observation; read-only by construction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.execute.approvals import verdict_for
from reconciler.execute.begin import superseded
from reconciler.execute.outside import Outside, unbuilt
from reconciler.execute.position import Position
from reconciler.execute.readback import describe
from reconciler.execute.snapshot import take
from reconciler.execute.turn import Turn, gather
from reconciler.execute.words import not_built, waiting_for
from reconciler.model.desired import DesiredZone
from reconciler.model.moves import op
from reconciler.model.plan import Status, Step
from reconciler.model.status import Stand, StepStatus, ZoneStatus


def statuses(outside: Outside, zones: Iterable[DesiredZone]) -> tuple[ZoneStatus, ...]:
    """Return where each zone stands now."""
    return tuple(_status(outside, desired) for desired in zones)


def _status(outside: Outside, desired: DesiredZone) -> ZoneStatus:
    if kinds := unbuilt(outside.portfolio, desired):
        finding = not_built(desired.zone, kinds)
        return ZoneStatus(zone=desired.zone, stand=Stand.BLOCKED, findings=(finding,))
    turn = gather(outside, desired)
    zone = turn.observation.zone
    if zone is None:
        findings = turn.observation.diagnostics
        return ZoneStatus(zone=turn.zone, stand=Stand.UNSEEN, findings=findings)
    seen = tuple(describe(version) for version in take(zone).versions)
    return replace(_stand(turn), published=seen, findings=turn.observation.diagnostics)


def _stand(turn: Turn) -> ZoneStatus:
    position, intent = turn.position, turn.log.open_intent
    suspension = turn.log.suspended_at(turn.now)
    if suspension is not None:
        return _told(turn, Stand.SUSPENDED, suspension.reason, until=suspension.until)
    if intent is not None:
        why = f"step {intent.step} was begun {intent.at:%FT%TZ} and its end is not on record"
        return _told(turn, Stand.OPEN_INTENT, why, until=intent.deadline)
    if position is None or superseded(turn, position) or not position.left:
        return _without_plan(turn)
    status = _running(turn, position)
    change = turn.log.plan.change if turn.log.plan else ""
    steps = tuple(_step_status(position, step) for step in position.plan.steps)
    return replace(status, change=change, steps=steps)


def _without_plan(turn: Turn) -> ZoneStatus:
    observed = turn.observed
    if observed is None:
        return _told(turn, Stand.UNSEEN, "")
    plan = turn.outside.propose(turn.desired, observed)
    match plan.status:
        case Status.NO_CHANGE:
            return _told(turn, Stand.CONVERGED, "")
        case Status.PLANNED:
            told = f"a plan of {len(plan.steps)} steps, not on record yet; `reconcile apply`"
            return replace(_told(turn, Stand.PENDING, told), change=plan.change_digest)
        case Status.NO_SAFE_PATH | Status.BLOCKED:
            why = "; ".join(refusal.summary for refusal in plan.refusals)
            return _told(turn, Stand.BLOCKED, why)


def _running(turn: Turn, position: Position) -> ZoneStatus:
    if position.called:
        called = ", ".join(sorted(position.called))
        return _told(turn, Stand.WAITING_EVIDENCE, f"{called} to be seen on every server")
    step = min(position.next_steps(), key=position.due)
    due = position.due(step)
    if due > turn.now:
        return _told(turn, Stand.WAITING_TIME, waiting_for(position, step), until=due)
    digest, verdict = verdict_for(turn, step)
    if not verdict.satisfied:
        why = f"{step.id}: {'; '.join(verdict.missing)} ({digest})"
        return _told(turn, Stand.WAITING_APPROVAL, why)
    return _told(turn, Stand.DUE, f"{step.id} may be made now: `reconcile apply`")


def _step_status(position: Position, step: Step) -> StepStatus:
    what = ", ".join(op(move) for move in step.moves) or "wait"
    if step.id in position.done:
        return StepStatus(id=step.id, what=what, seen_at=position.done[step.id])
    ready = step in position.next_steps()
    return StepStatus(id=step.id, what=what, due=position.due(step) if ready else None)


def _told(turn: Turn, stand: Stand, why: str, until: datetime | None = None) -> ZoneStatus:
    return ZoneStatus(zone=turn.zone, stand=stand, waits_for=why, until=until)
