"""Making one step: intent on record, then the calls, then the outcome on record.

Never an effect without a record: the intent must have landed before the first call. A run that
dies anywhere leaves an open intent, which the next run resolves by looking (`resolve.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import assert_never

from reconciler.diagnostics import AdapterError, Diagnostic
from reconciler.execute.outside import INTENT_LIFE
from reconciler.execute.turn import Turn
from reconciler.ledger.records import intent_draft, outcome_draft
from reconciler.model.keys import Key
from reconciler.model.moves import (
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySign,
    DsAdd,
    DsRemove,
    DsReplace,
    Move,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.model.plan import Step, ZonePlan
from reconciler.model.results import Failed, Result, WaitingForTime
from reconciler.ports import Receipt
from reconciler.spec.plan_json import move_json


def idempotency_id(plan: ZonePlan, step: Step) -> str:
    """Return the same id for the same step of the same change, whoever asks and whenever."""
    return hashlib.sha256(f"{plan.change_digest}/{step.id}".encode()).hexdigest()[:32]


def make(turn: Turn, plan: ZonePlan, step: Step) -> Result | None:
    """Make `step` and put it on record; None where that went well."""
    outside = turn.outside
    about = turn.about(step.id, idempotency_id(plan, step))
    deadline = turn.now + INTENT_LIFE
    outside.checkpoint("before-intent")
    attempt = turn.log.attempts.get(step.id, 0) + 1
    moves = [move_json(move) for move in step.moves]
    turn.record(intent_draft(about, deadline=deadline, moves=moves, attempt=attempt))
    outside.checkpoint("after-intent")
    if outside.clock.now() >= deadline:
        return WaitingForTime(
            zone=turn.zone,
            until=deadline,
            step=step.id,
            reason="this run was held up past its own deadline, so it does not call any more",
        )
    try:
        receipts = _call_all(turn, plan, step)
    except AdapterError as error:
        return _failed(turn, step, error)
    outside.checkpoint("before-outcome")
    turn.record(
        outcome_draft(
            about, ok=True, message=_told(receipts), created=_created(receipts), operation=None
        )
    )
    outside.checkpoint("after-outcome")
    return None


def _call_all(turn: Turn, plan: ZonePlan, step: Step) -> Sequence[Receipt]:
    keys = plan.timeline.keys if plan.timeline else {}
    known = {label: key for label, key in keys.items() if isinstance(key, Key)}
    receipts = []
    for number, move in enumerate(step.moves):
        turn.outside.checkpoint("before-call")
        idem = f"{idempotency_id(plan, step)}-{number}"
        receipts.append(_call(turn, move, known, idem))
        turn.outside.checkpoint("after-call")
    return receipts


def _call(turn: Turn, move: Move, keys: Mapping[str, Key], idem: str) -> Receipt:
    outside = turn.outside
    match move:
        case DsReplace() | DsAdd() | DsRemove():
            return outside.parents[turn.desired.parent].apply(turn.zone, move, keys, idem)
        case DnskeyAdd() | DnskeyRemove() | DnskeySign() | DataSign() | ZoneSign() | ZoneUnsign():
            return outside.signers[move.signer].apply(turn.zone, move, keys, idem)
        case _:
            assert_never(move)


def _failed(turn: Turn, step: Step, error: AdapterError) -> Result:
    """Record a refusal; an answer that may hide an effect leaves the intent open."""
    plan = turn.plan
    if error.unsettled or plan is None:
        return WaitingForTime(
            zone=turn.zone,
            until=turn.now + INTENT_LIFE,
            step=step.id,
            reason=f"nobody knows whether the call took effect ({error}); the next run looks",
        )
    about = turn.about(step.id, idempotency_id(plan, step))
    turn.record(outcome_draft(about, ok=False, message=str(error)))
    first = Diagnostic(
        code="step-refused",
        summary=f"step {step.id} of {turn.zone} was refused; nothing else was done",
        hint="the next run tries again; see the system's own words below",
        where=turn.zone,
    )
    return Failed(zone=turn.zone, diagnostics=(first, *error.diagnostics))


def _told(receipts: Sequence[Receipt]) -> str:
    return " ".join(r.instructions for r in receipts if r.instructions) or "accepted"


def _created(receipts: Sequence[Receipt]) -> dict[str, str]:
    return {label: key.text() for r in receipts for label, key in r.created.items()}
