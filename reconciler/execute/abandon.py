"""Giving up the running plan where it stands, with what it may still bring about on record.

A step that was begun and is not seen everywhere may still take effect: a registrar publishes days
after it accepted. Nobody can plan from a change that is under way, so the record says until when it
can be, and `begin` waits for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from reconciler.diagnostics import ReconcileError
from reconciler.execute.control import Word, put, refusal
from reconciler.execute.evidence import patience
from reconciler.execute.logged import logged_plan
from reconciler.execute.outside import Outside
from reconciler.execute.position import effects
from reconciler.execute.readback import reader
from reconciler.execute.turn import Turn
from reconciler.ledger.history import History
from reconciler.ledger.records import abandon_draft
from reconciler.model.desired import DesiredZone
from reconciler.model.entries import Draft
from reconciler.model.plan import ZonePlan


def abandon(outside: Outside, desired: DesiredZone, word: Word) -> tuple[str, ...]:
    """Give up the running plan of a zone, approvals included; return the steps still under way.

    The next run plans from what is published then, once nothing of the old plan can come any more,
    and that plan needs its own approval.
    """

    def judge(history: History) -> Sequence[Draft]:
        turn = _turn(outside, desired, history)
        if turn.log.plan is None or turn.log.complete:
            hint = f"`reconcile status {turn.zone}` shows where it stands"
            raise ReconcileError(refusal("no-plan", f"no plan of {turn.zone} is running", hint))
        return [given_up(turn, reason=word.reason, person=word.person)]

    (draft,) = put(outside, judge)
    steps = draft.data.get("under_way")
    return tuple(str(step) for step in steps) if isinstance(steps, list) else ()


def given_up(turn: Turn, *, reason: str, person: str | None = None) -> Draft:
    """Return the entry that gives up the running plan, with the steps that may still take effect.

    `person` None: reality has left the plan behind, and nobody decided anything.
    """
    ends = tuple(_open_ends(turn))
    return abandon_draft(
        turn.about(),
        reason=reason,
        person=person,
        under_way=tuple(dict.fromkeys(step for step, _ in ends)),
        until=max((until for _, until in ends), default=None),
    )


def _turn(outside: Outside, desired: DesiredZone, history: History) -> Turn:
    """Look at the zone after `history` was read: what is seen is never older than the record."""
    return Turn(
        outside=outside,
        desired=desired,
        looked=outside.clock.now(),
        now=outside.clock.now(),
        history=history,
        observation=outside.observe(desired),
        plan=logged_plan(outside.ledger.blob, desired.zone, history.zone(desired.zone)),
    )


def _open_ends(turn: Turn) -> Iterator[tuple[str, datetime]]:
    """Yield each step that may still take effect, and until when."""
    log = turn.log
    parent = turn.outside.parents[turn.desired.parent].capabilities
    wait = max(patience(turn), timedelta(seconds=parent.processing_max))
    for intent in log.open_intents:
        yield intent.step, (intent.deadline or intent.at) + wait
    position = turn.position
    for step in sorted(position.called) if position else ():
        if turn.plan is not None and not _seen_everywhere(turn, turn.plan, step):
            yield step, log.outcomes[step].at + wait
    for step, outcome in log.outcomes.items():
        if not outcome.ok and (outcome.resolved or _several(turn, step)):
            yield step, outcome.at + wait


def _several(turn: Turn, step: str) -> bool:
    """True if a step that failed had more than one move: some may have been accepted."""
    steps = turn.plan.steps if turn.plan else ()
    return any(s.id == step and len(s.moves) > 1 for s in steps)


def _seen_everywhere(turn: Turn, plan: ZonePlan, step: str) -> bool:
    made = next(s for s in plan.steps if s.id == step)
    keys = plan.timeline.keys if plan.timeline else {}
    read = reader(turn.observation, keys)
    return turn.observation.complete and not read.laggards(effects(plan, made))
