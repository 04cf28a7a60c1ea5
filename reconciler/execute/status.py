"""`status`: the ledger folded over a fresh observation; read-only by construction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.execute.alarm import alarm, refused_until
from reconciler.execute.approvals import still_needed, verdict_for
from reconciler.execute.begin import held_back, superseded, try_again
from reconciler.execute.block import how_to_end
from reconciler.execute.checkout import older_checkout
from reconciler.execute.evidence import shown_by
from reconciler.execute.gates import refusal
from reconciler.execute.lateness import (
    A_PERSON,
    NEXT_RUN,
    last_seen,
    may_approve,
    overdue,
    rolled_back,
    suspended,
    systems,
)
from reconciler.execute.outside import Outside, unbuilt
from reconciler.execute.position import Position
from reconciler.execute.readback import describe
from reconciler.execute.snapshot import take
from reconciler.execute.turn import Turn, gather
from reconciler.execute.words import not_built, waiting_for
from reconciler.ledger.history import Blocked, OpenIntent
from reconciler.model.desired import DesiredZone
from reconciler.model.moves import op
from reconciler.model.plan import Status, Step
from reconciler.model.results import Failed, Frozen, WaitingForApproval, WaitingForTime
from reconciler.model.status import Stand, StepStatus, ZoneStatus
from reconciler.model.timeline import RRsetKind, Version, slot


def statuses(outside: Outside, zones: Iterable[DesiredZone]) -> tuple[ZoneStatus, ...]:
    """Return where each zone stands now."""
    return tuple(_status(outside, desired) for desired in zones)


def _status(outside: Outside, desired: DesiredZone) -> ZoneStatus:
    if kinds := unbuilt(outside.portfolio, desired):
        finding = not_built(desired.zone, kinds)
        return ZoneStatus(zone=desired.zone, stand=Stand.BLOCKED, findings=(finding,))
    turn = gather(outside, desired)
    zone = turn.observation.zone
    suspension = suspended(turn)
    if zone is None:
        findings = turn.observation.diagnostics
        return ZoneStatus(
            zone=turn.zone,
            stand=Stand.UNSEEN,
            findings=findings,
            last_seen=last_seen(turn.log),
            suspended=suspension,
            rolled_back=rolled_back(turn.log),
        )
    status = _stand(turn)
    return replace(
        status,
        published=tuple(_published(version) for version in take(zone).versions),
        findings=(*status.findings, *turn.observation.diagnostics),
        last_seen=last_seen(turn.log),
        suspended=suspension,
        rolled_back=rolled_back(turn.log),
    )


def _stand(turn: Turn) -> ZoneStatus:
    position, intent = turn.position, turn.log.open_intent
    if turn.log.blocked is not None:
        return _blocked(turn, turn.log.blocked)
    if newer := older_checkout(turn):
        return replace(_told(turn, Stand.BLOCKED, newer.summary), who=A_PERSON, findings=(newer,))
    suspension = turn.log.suspended_at(turn.now)
    if suspension is not None:
        asked = (suspension.person,) if suspension.person else ()
        told = _told(turn, Stand.SUSPENDED, suspension.reason, until=suspension.until)
        return replace(told, who=asked)
    if intent is not None:
        return _open(turn, intent)
    if position is None or superseded(turn, position) or not position.left:
        return _without_plan(turn)
    status = _running(turn, position)
    change = turn.log.plan.change if turn.log.plan else ""
    steps = tuple(_step_status(position, step) for step in position.plan.steps)
    return replace(status, change=change, steps=steps)


def _blocked(turn: Turn, found: Blocked) -> ZoneStatus:
    """Say what a person has to decide, and how."""
    told = _told(turn, Stand.BLOCKED, f"{found.why}; {how_to_end(turn.zone, found.step)}")
    return replace(told, who=A_PERSON, due_since=found.at)


def _open(turn: Turn, intent: OpenIntent) -> ZoneStatus:
    """Say that a run may be at work, or that the next one has to look how its step ended."""
    why = f"step {intent.step} was begun {intent.at:%FT%TZ} and its end is not on record"
    told = _told(turn, Stand.OPEN_INTENT, why, until=intent.deadline)
    if intent.deadline is not None and turn.now < intent.deadline:
        return replace(told, who=(f"run {intent.run or 'unknown'}",))
    return replace(told, who=NEXT_RUN, due_since=intent.deadline)


def _without_plan(turn: Turn) -> ZoneStatus:
    observed = turn.observed
    if observed is None:
        return _told(turn, Stand.UNSEEN, "")
    if why := held_back(turn):
        after = turn.log.turned.after if turn.log.turned else ""
        told = f"rolled back ({why}); change the desired state, or {try_again(turn.zone, after)}"
        return replace(_told(turn, Stand.BLOCKED, told), who=A_PERSON)
    under_way = turn.log.under_way_at(turn.now)
    if under_way is not None:
        why = f"what an abandoned plan may still bring about: {', '.join(under_way.steps)}"
        return _told(turn, Stand.WAITING_TIME, why, until=under_way.until)
    plan = turn.outside.propose(turn.desired, observed)
    match plan.status:
        case Status.NO_CHANGE:
            return _told(turn, Stand.CONVERGED, "")
        case Status.PLANNED:
            told = f"a plan of {len(plan.steps)} steps, not on record yet; `reconcile apply`"
            pending = _told(turn, Stand.PENDING, told)
            return replace(pending, change=plan.change_digest, who=NEXT_RUN)
        case Status.NO_SAFE_PATH | Status.BLOCKED:
            why = "; ".join(refusal.summary for refusal in plan.refusals)
            return replace(_told(turn, Stand.BLOCKED, why), who=A_PERSON)


def _published(version: Version) -> str:
    kind, signer = slot(version)
    where = f"at {signer}" if signer else "at the parent"
    return describe(version) if kind is RRsetKind.DS else f"{describe(version)} ({where})"


def _running(turn: Turn, position: Position) -> ZoneStatus:
    seen = alarm(turn, position)
    if seen is not None:
        told = f"{seen.why}; `reconcile apply` turns back, or says why it cannot"
        return replace(_told(turn, Stand.PENDING, told), who=NEXT_RUN)
    if position.called:
        return _looked_for(turn, position)
    step = min(position.next_steps(), key=position.due)
    due = position.due(step)
    if due > turn.now:
        why = waiting_for(position, step) + still_needed(turn, step)
        return _told(turn, Stand.WAITING_TIME, why, until=due)
    return _due(turn, position, step)


def _due(turn: Turn, position: Position, step: Step) -> ZoneStatus:
    """Say what stands in the way of a step whose waits are over, as the next run would find it."""
    since = position.due(step)
    match refusal(turn, position, step):
        case WaitingForApproval(digest=digest, missing=missing):
            told = _told(
                turn, Stand.WAITING_APPROVAL, f"{step.id}: {'; '.join(missing)} ({digest})"
            )
            who = may_approve(turn, verdict_for(turn, step)[1])
            return replace(told, who=who, due_since=since)
        case Frozen(until=until, reason=reason):
            return _told(turn, Stand.FROZEN, f"{step.id} is frozen: {reason}", until=until)
        case WaitingForTime(until=until, reason=reason):
            return _told(turn, Stand.WAITING_TIME, f"{step.id}: {reason}", until=until)
        case Failed(diagnostics=(first, *_)):
            told = _told(turn, Stand.PENDING, f"{first.summary}; `reconcile apply` plans anew")
            return replace(told, who=NEXT_RUN, due_since=since)
        case _:
            again = _while_refused(turn, position, step)
            why = f"{step.id} may be made now: `reconcile apply`{again}"
            return replace(_told(turn, Stand.DUE, why), who=NEXT_RUN, due_since=since)


def _while_refused(turn: Turn, position: Position, step: Step) -> str:
    """Return what is to come of a step that is refused each time it is tried."""
    limit = refused_until(turn, position, step)
    if limit is None:
        return ""
    refused = turn.log.outcomes[step.id].message
    return f"; it is refused ({refused}), and from {limit:%FT%TZ} on one more refusal " + (
        "turns the plan back" if turn.log.turned is None else "blocks the zone"
    )


def _looked_for(turn: Turn, position: Position) -> ZoneStatus:
    """Say which systems have not shown yet what they accepted, and whether that takes too long."""
    called = [step for step in position.plan.steps if step.id in position.called]
    why = f"{', '.join(step.id for step in called)} to be seen on every server"
    late = {step.id: limit for step in called if turn.now > (limit := shown_by(turn, step))}
    return replace(
        _told(turn, Stand.WAITING_EVIDENCE, why),
        who=tuple(systems(turn.desired, called)),
        due_since=min(late.values(), default=None),
        findings=tuple(overdue(turn, step, limit) for step, limit in late.items()),
    )


def _step_status(position: Position, step: Step) -> StepStatus:
    what = ", ".join(op(move) for move in step.moves) or "wait"
    if step.id in position.done:
        return StepStatus(id=step.id, what=what, seen_at=position.done[step.id])
    if step.id in position.called:
        return StepStatus(id=step.id, what=what, made=True)
    ready = step in position.next_steps()
    return StepStatus(id=step.id, what=what, due=position.due(step) if ready else None)


def _told(turn: Turn, stand: Stand, why: str, until: datetime | None = None) -> ZoneStatus:
    return ZoneStatus(zone=turn.zone, stand=stand, waits_for=why, until=until)
