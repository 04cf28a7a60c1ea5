"""Making one step: intent on record, then the calls, then the outcome on record.

Never an effect without a record: the intent must have landed before the first call. A run that
dies anywhere leaves an open intent, which the next run resolves by looking (`resolve.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from reconciler.diagnostics import AdapterError, Diagnostic, ReconcileError
from reconciler.execute.gates import latest
from reconciler.execute.outside import INTENT_LIFE
from reconciler.execute.stopping import Interrupted
from reconciler.execute.turn import Turn
from reconciler.ledger.records import About, accepted_draft, intent_draft, outcome_draft
from reconciler.model.entries import Draft
from reconciler.model.keys import Key
from reconciler.model.moves import (
    ApexNsSet,
    CdsSet,
    DataSign,
    DenialSet,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsAdd,
    DsConfirm,
    DsRemove,
    DsReplace,
    Move,
    NsSet,
    RollStart,
    TtlSet,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.model.plan import Step, ZonePlan
from reconciler.model.results import Blocked, Failed, Result, WaitingForTime
from reconciler.ports import Receipt
from reconciler.spec.entry_file import draft_to_bytes
from reconciler.spec.move_wire import move_json


def idempotency_id(plan: str, step: str) -> str:
    """Return the same id for the same step of the same logged plan, whoever asks and whenever.

    `plan` is the digest of the plan on record: the same change made once more, after it was undone,
    is another plan and must have an effect of its own.
    """
    return hashlib.sha256(f"{plan}/{step}".encode()).hexdigest()[:32]


def make(turn: Turn, plan: ZonePlan, step: Step) -> Result | None:
    """Make `step` and put it on record; None where that went well."""
    outside = turn.outside
    logged = turn.log.plan
    assert logged is not None, "a running plan is on record"  # noqa: S101  (invariant)
    idem = idempotency_id(logged.plan, step.id)
    about = turn.about(step.id, idem)
    deadline = _deadline(turn, step)
    outside.checkpoint("before-intent")
    outside.stop.heed()
    attempt = turn.log.attempts.get(step.id, 0) + 1
    moves = [move_json(move) for move in step.moves]
    turn.record(intent_draft(about, deadline=deadline, moves=moves, attempt=attempt))
    outside.checkpoint("after-intent")
    try:
        receipts = _call_all(turn, plan, step, Fence(idem=idem, deadline=deadline))
    except AdapterError as error:
        return _failed(turn, about, error, deadline)
    except Interrupted:
        turn.record_fact(outcome_draft(about, ok=False, message=_STOPPED, called=False))
        raise
    if receipts is None:
        return _held_up(turn, step, deadline)
    outside.checkpoint("before-outcome")
    outcome = outcome_draft(
        about,
        ok=True,
        message=_told(receipts),
        operation=next((r.operation for r in reversed(receipts) if r.operation), None),
        created=_created(receipts),
    )
    unrecorded = conclude(turn, outcome)
    outside.checkpoint("after-outcome")
    return unrecorded


_STOPPED = "the run was asked to stop before the call"


def _deadline(turn: Turn, step: Step) -> datetime:
    """Return until when this run may call: no longer than an intent lives, and never so late that
    what the step needs after the call would miss the step's own deadline.
    """
    position = turn.position
    limit = latest(turn, position, step) if position else None
    life = turn.looked + INTENT_LIFE
    return life if limit is None else min(life, limit)


def conclude(turn: Turn, outcome: Draft) -> Result | None:
    """Put how a step ended on record; where the ledger cannot be written for good, leave it as a
    file and say so. The next run then finds an open intent, and looks.
    """
    try:
        turn.record_fact(outcome)
    except ReconcileError as error:
        name = f"outcome-{outcome.idem}.json"
        turn.outside.leave(name, draft_to_bytes(outcome))
        first = Diagnostic(
            code="outcome-not-recorded",
            summary=f"how step {outcome.step} of {turn.zone} ended could not be put on record",
            detail=f"{name} holds it",
            hint="keep that file, mend the way to the ledger, and run again: the next run looks "
            "at what is published, and says where a person has to decide",
            where=turn.zone,
        )
        return Blocked(zone=turn.zone, diagnostics=(first, *error.diagnostics))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """An intent's id, and the instant from which this run must leave its step to others."""

    idem: str
    deadline: datetime


def _call_all(turn: Turn, plan: ZonePlan, step: Step, fence: Fence) -> Sequence[Receipt] | None:
    """Make every call of `step`; None where the deadline passed, before the call that was next."""
    keys = plan.timeline.keys if plan.timeline else {}
    known = {label: key for label, key in keys.items() if isinstance(key, Key)}
    receipts: list[Receipt] = []
    for number, move in _created_first(asked(step), known):
        turn.outside.checkpoint("before-call")
        if not receipts:
            turn.outside.stop.heed()
        if turn.outside.clock.now() >= fence.deadline:
            return None
        receipt = _call(turn, move, known, f"{fence.idem}-{number}")
        known |= receipt.created
        receipts.append(receipt)
        turn.outside.checkpoint("after-call")
        receipts[-1] = _accepted(turn, step, fence, receipt)
    return receipts


def asked(step: Step) -> Sequence[Move]:
    """Return the moves that are asked for; what a signer does by itself is only waited for, and so
    is what a parent that polls CDS does.
    """
    return () if step.actor.startswith("signer-itself:") else step.moves


def _created_first(moves: Sequence[Move], keys: Mapping[str, Key]) -> Sequence[tuple[int, Move]]:
    """Return the moves with their places; what publishes a key of another signer that is still to
    be made comes after what makes it.
    """
    return sorted(enumerate(moves), key=lambda placed: _borrows(placed[1], keys))


def _borrows(move: Move, keys: Mapping[str, Key]) -> bool:
    match move:
        case DnskeyAdd():
            published = [move.key]
        case DnskeySet():
            published = sorted(move.keys)
        case _:
            return False
    named = (keys[label] for label in published if label in keys)
    return any(key.public_key is None and key.home not in {None, move.signer} for key in named)


def _accepted(turn: Turn, step: Step, fence: Fence, receipt: Receipt) -> Receipt:
    """Put on record under which id a system works on, so that a later run can ask after it.

    Where the ledger cannot be written the id is lost, and the receipt returned is without it; the
    outcome, which comes next, says what is wrong with the ledger.
    """
    if receipt.operation is None:
        return receipt
    about = turn.about(step.id, fence.idem)
    try:
        turn.record_fact(accepted_draft(about, operation=receipt.operation))
    except ReconcileError:
        return replace(receipt, operation=None)
    return receipt


def _call(turn: Turn, move: Move, keys: Mapping[str, Key], idem: str) -> Receipt:
    outside = turn.outside
    match move:
        case DsReplace() | DsAdd() | DsRemove() | NsSet():
            return outside.parents[turn.desired.parent].apply(turn.zone, move, keys, idem)
        case (
            DnskeyAdd()
            | DnskeyRemove()
            | DnskeySign()
            | DnskeySet()
            | DataSign()
            | ZoneSign()
            | ZoneUnsign()
            | ApexNsSet()
            | CdsSet()
            | DenialSet()
            | TtlSet()
            | RollStart()
            | DsConfirm()
        ):
            return outside.signers[move.signer].apply(turn.zone, move, keys, idem)
        case _:
            assert_never(move)


def _held_up(turn: Turn, step: Step, deadline: datetime) -> Result:
    return WaitingForTime(
        zone=turn.zone,
        until=deadline,
        step=step.id,
        reason="the next run: this one was held up past its own deadline, and calls nobody then",
    )


def _failed(turn: Turn, about: About, error: AdapterError, deadline: datetime) -> Result:
    """Record a refusal; an answer that may hide an effect leaves the intent open."""
    step = about.step or ""
    if error.unsettled:
        return WaitingForTime(
            zone=turn.zone,
            until=deadline,
            step=step,
            reason=f"a look at what is published: nobody knows whether the call took effect, as "
            f"{where_and_what(error)}",
        )
    unrecorded = conclude(turn, outcome_draft(about, ok=False, message=str(error)))
    if unrecorded is not None:
        return unrecorded
    first = Diagnostic(
        code="step-refused",
        summary=f"step {step} of {turn.zone} was refused; nothing else was done",
        hint="the next run tries again; see the system's own words below",
        where=turn.zone,
    )
    return Failed(zone=turn.zone, diagnostics=(first, *error.diagnostics))


def where_and_what(error: AdapterError) -> str:
    """Return who answered what, for people."""
    return "; ".join(f"{d.where or 'a system'} answered: {d.summary}" for d in error.diagnostics)


def _told(receipts: Sequence[Receipt]) -> str:
    return " ".join(r.instructions for r in receipts if r.instructions) or "accepted"


def _created(receipts: Sequence[Receipt]) -> dict[str, str]:
    return {label: key.text() for r in receipts for label, key in r.created.items()}
