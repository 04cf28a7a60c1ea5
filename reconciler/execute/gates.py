"""The gates before a step: seen, in time, not frozen, approved, and still proved from here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.diagnostics import Diagnostic, ExitCode
from reconciler.execute.approvals import verdict_for
from reconciler.execute.outside import CALL_LIFE, LOOK_AGAIN
from reconciler.execute.position import Position, remaining
from reconciler.execute.turn import Turn
from reconciler.execute.words import silent
from reconciler.governance.freeze import frozen
from reconciler.model.moves import system
from reconciler.model.plan import Proved, Step
from reconciler.model.results import (
    Failed,
    Frozen,
    Result,
    WaitingForApproval,
    WaitingForTime,
)

_PLAN_ANEW = "nothing was done; the next run plans from here, and that plan needs its own approval"


def refusal(turn: Turn, position: Position, step: Step) -> Result | None:
    """Return why `step` may not be made now; None where nothing stands in its way.

    `Failed`: the plan can never go on from here, so that another is needed.
    """
    return next((r for r in _gates(turn, position, step) if r is not None), None)


def _gates(turn: Turn, position: Position, step: Step) -> Iterator[Result | None]:
    yield _seen(turn, step)
    yield _in_time(turn, position, step)
    yield _thawed(turn, step)
    yield _approved(turn, step)
    yield _proved(turn, position, step)


def _seen(turn: Turn, step: Step) -> Result | None:
    """A precondition counts only if every server showed it on this very observation."""
    if turn.observation.complete:
        return None
    return WaitingForTime(
        zone=turn.zone,
        until=turn.now + LOOK_AGAIN,
        step=step.id,
        reason=f"not every server could be asked: {'; '.join(silent(turn.observation))}",
    )


def _in_time(turn: Turn, position: Position, step: Step) -> Result | None:
    deadline = missed(turn, position, step)
    if deadline is None:
        return None
    finding = Diagnostic(
        code="deadline-passed",
        summary=f"step {step.id} of {turn.zone} had to be made by {deadline:%FT%TZ}",
        detail="; ".join(limit.reason for limit in step.not_after),
        hint=_PLAN_ANEW,
        where=turn.zone,
    )
    return Failed(zone=turn.zone, diagnostics=(finding,), exit_code=ExitCode.STALE)


def missed(turn: Turn, position: Position, step: Step) -> datetime | None:
    """Return the deadline of `step` that can be met no more, None where there is none."""
    limit = latest(turn, position, step)
    late = limit is not None and turn.now + CALL_LIFE > limit
    return position.deadline(step) if late else None


def latest(turn: Turn, position: Position, step: Step) -> datetime | None:
    """Return the instant after which `step` may not be called any more, for its effect would come
    after its deadline; None where being late is safe.
    """
    deadline = position.deadline(step)
    parent = turn.outside.parents[turn.desired.parent].capabilities
    by_parent = any(system(move) == "parent" for move in step.moves)
    lasts = timedelta(seconds=parent.processing_max if by_parent else 0)
    return None if deadline is None else deadline - lasts


def _thawed(turn: Turn, step: Step) -> Result | None:
    window = frozen(
        step.freeze_class,
        step.risk,
        turn.outside.portfolio.governance.freeze,
        turn.now,
        has_deadline=bool(step.not_after),
    )
    if window is None:
        return None
    return Frozen(zone=turn.zone, until=window.end, reason=window.reason)


def _approved(turn: Turn, step: Step) -> Result | None:
    digest, verdict = verdict_for(turn, step)
    if verdict.satisfied:
        return None
    return WaitingForApproval(
        zone=turn.zone,
        digest=digest,
        step=step.id,
        missing=verdict.missing,
        ignored=tuple(f"{who.person}: {why}" for who, why in verdict.ignored),
    )


def _proved(turn: Turn, position: Position, step: Step) -> Result | None:
    """Prove what is left of the plan from where it stands: approval is no proof."""
    steps, timeline = remaining(position, turn.now)
    verdict = turn.outside.prove(steps, timeline)
    if isinstance(verdict, Proved):
        return None
    finding = Diagnostic(
        code="proof-failed",
        summary=f"what is left of the plan of {turn.zone} is not proved safe from here",
        detail=verdict.why,
        hint=_PLAN_ANEW,
        where=f"{turn.zone} step {step.id}",
    )
    return Failed(zone=turn.zone, diagnostics=(finding,), exit_code=ExitCode.VERIFICATION_FAILED)
