"""Open intents: somebody began a step and nobody recorded its end. Resolve them by looking.

Before its deadline the other run may still be at work. After it: an effect that can be seen is
recorded as the outcome; one that cannot be seen is made again, which is harmless where every
operation of the step is safe to repeat, and a matter for a person where one is not.
"""

from __future__ import annotations

from reconciler.execute.block import block
from reconciler.execute.outside import LOOK_AGAIN
from reconciler.execute.position import effects
from reconciler.execute.readback import reader
from reconciler.execute.readback_moves import nowhere
from reconciler.execute.turn import Turn
from reconciler.execute.words import silent
from reconciler.ledger.history import OpenIntent
from reconciler.ledger.records import outcome_draft
from reconciler.model.moves import DsAdd, DsRemove, DsReplace, Move, NsSet
from reconciler.model.plan import Step
from reconciler.model.results import Result, WaitingForTime
from reconciler.ports import Idempotency

SEEN_LATER = "seen by a later run"


def resolve(turn: Turn, intent: OpenIntent) -> Result | None:
    """Close an open intent, or say why it must stay open; None where it was closed."""
    if intent.deadline is not None and turn.now < intent.deadline:
        return WaitingForTime(
            zone=turn.zone,
            until=intent.deadline,
            step=intent.step,
            reason=f"run {intent.run or 'unknown'} began this step and may still be at work",
        )
    step = _step(turn, intent)
    if turn.observation.zone is None:
        return _unseen(turn, intent)
    if step is None:
        return _blocked(turn, intent, "its plan is not on record any more")
    if visible(turn, step):
        _close(turn, intent, ok=True, message=SEEN_LATER)
        return None
    if not turn.observation.complete:
        return _unseen(turn, intent)
    if intent.operation is not None and turn.observation.pending:
        return WaitingForTime(
            zone=turn.zone,
            until=turn.now + LOOK_AGAIN,
            step=intent.step,
            reason=f"operation {intent.operation}, which the parent is still working on",
        )
    if opaque(turn, step):
        return _blocked(turn, intent, "its operation is opaque: repeating it may do it twice")
    _close(turn, intent, ok=False, message="not seen by the deadline; safe to make again")
    return None


def visible(turn: Turn, step: Step) -> bool:
    """True if some server of each system shows the step's whole effect."""
    plan, zone = turn.plan, turn.observation.zone
    if plan is None or plan.timeline is None or zone is None:
        return False
    read = reader(turn.observation, plan.timeline.keys)
    told = all(read.somewhere(version) for version in effects(plan, step))
    return told and not nowhere(turn.observation, step.moves)


def _step(turn: Turn, intent: OpenIntent) -> Step | None:
    logged = turn.log.plan
    if turn.plan is None or logged is None or logged.plan != intent.plan:
        return None
    return next((s for s in turn.plan.steps if s.id == intent.step), None)


def _unseen(turn: Turn, intent: OpenIntent) -> Result:
    why = "; ".join(silent(turn.observation)) or "the zone cannot be observed"
    return WaitingForTime(
        zone=turn.zone,
        until=turn.now + LOOK_AGAIN,
        step=intent.step,
        reason=f"a look at every server, to tell how this step ended: {why}",
    )


def opaque(turn: Turn, step: Step) -> bool:
    """True if repeating some move of `step` may do it twice."""
    return any(_class(turn, move) is Idempotency.OPAQUE for move in step.moves)


def _class(turn: Turn, move: Move) -> Idempotency:
    if isinstance(move, DsReplace | DsAdd | DsRemove | NsSet):
        return turn.outside.parents[turn.desired.parent].idempotency(move)
    return turn.outside.signers[move.signer].idempotency(move)


def _close(turn: Turn, intent: OpenIntent, *, ok: bool, message: str) -> None:
    about = turn.about(intent.step, intent.idem)
    operation = intent.operation
    turn.record(outcome_draft(about, ok=ok, message=message, operation=operation, resolved=True))


def _blocked(turn: Turn, intent: OpenIntent, why: str) -> Result:
    began = f"begun {intent.at:%FT%TZ} by run {intent.run or 'unknown'}"
    return block(
        turn, intent.step, f"how step {intent.step}, {began}, ended is not on record: {why}"
    )
