"""A person's word in the ledger: stop, go on, settle, give up, take back, explain.

Each is judged on what is on record before anything is written, and judged again where somebody else
wrote meanwhile. Reasons are data: they stand in entries, never in commit messages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.diagnostics import Diagnostic, LostRaceError, ReconcileError
from reconciler.execute.approve import SHORTEST
from reconciler.execute.outside import Outside
from reconciler.execute.people import person_here
from reconciler.ledger.history import History, OpenIntent, ZoneLog
from reconciler.ledger.records import (
    About,
    outcome_draft,
    resolve_draft,
    resume_draft,
    revoke_draft,
    suspend_draft,
)
from reconciler.ledger.start import ensure_started
from reconciler.model.entries import Draft

TRIES = 5
"""How often a word is judged anew when others write at the same time. No official reference."""
REASON_MAX = 1000
"""Characters of a reason: enough for an explanation, too few for a flood. No official reference."""

Judge = Callable[[History], Sequence[Draft]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who says it, a name of the portfolio, and why."""

    person: str
    reason: str


def word_of(outside: Outside, *, reason: str, person: str | None) -> Word:
    """Return whose word it is, by default of whoever git says is here; ReconcileError for none."""
    name = person or person_here(outside) or outside.actor.id
    if name not in outside.portfolio.people:
        hint = (
            "say who you are with `--as NAME`, or list the address of `git config user.email` "
            "under `people.NAME.emails` of zones/portfolio.yaml"
        )
        raise ReconcileError(
            refusal("unknown-person", f"{name} is not one of the people of the portfolio", hint)
        )
    text = reason.strip()
    if not text or len(text) > REASON_MAX or not text.isprintable():
        why = f"a reason is one line of 1 to {REASON_MAX} characters that can be printed"
        raise ReconcileError(
            refusal("reason", why, "say `--reason` with a sentence that explains it later")
        )
    return Word(person=name, reason=text)


def put(outside: Outside, judge: Judge) -> tuple[Draft, ...]:
    """Append what `judge` makes of the record, as one commit, and return it.

    A refusal of `judge` (ReconcileError) leaves the ledger as it was, or not begun at all.
    """
    for _ in range(TRIES):
        history = outside.recall()
        drafts = judge(history)
        try:
            begun = ensure_started(outside.ledger, outside.portfolio, outside.clock.now(), history)
            drafts = drafts if begun.seq == history.seq else judge(begun)
            outside.ledger.append(drafts, outside.clock.now())
        except LostRaceError as race:
            lost = race
        else:
            return tuple(drafts)
    raise lost


def suspend(outside: Outside, zones: Sequence[str], until: datetime, word: Word) -> None:
    """Let no step of `zones` begin before `until`, which must be still to come."""
    require_future(outside, until)

    def judge(_history: History) -> Sequence[Draft]:
        return [
            suspend_draft(About(zone=zone), until=until, reason=word.reason, person=word.person)
            for zone in zones
        ]

    put(outside, judge)


def require_future(outside: Outside, until: datetime) -> None:
    """Refuse an end that has passed."""
    now = outside.clock.now()
    if until <= now:
        summary = f"{until:%FT%TZ} is not in the future, so nothing would last until then"
        hint = f"it is {now:%FT%TZ} now; say `--for 2d`, or a later `--until`"
        raise ReconcileError(refusal("until-past", summary, hint))


def resume(outside: Outside, zones: Sequence[str], word: Word, *, named: bool) -> tuple[str, ...]:
    """End the suspensions of `zones` and return which; each zone that was `named` must have one."""

    def judge(history: History) -> Sequence[Draft]:
        now = outside.clock.now()
        stopped = [zone for zone in zones if history.zone(zone).suspended_at(now)]
        running = [zone for zone in zones if zone not in stopped]
        if not stopped or (named and running):
            summary = f"{', '.join(running) or 'no zone'}: not suspended, so nothing can resume"
            raise ReconcileError(
                refusal("not-suspended", summary, "`reconcile status` shows what is suspended")
            )
        return [
            resume_draft(About(zone=zone), reason=word.reason, person=word.person)
            for zone in stopped
        ]

    return tuple(draft.zone or "" for draft in put(outside, judge))


def resolve(outside: Outside, zone: str, step: str, word: Word, *, done: bool) -> None:
    """Put a person's word on how a step ended in place of what nobody recorded.

    It ends the step's open intents and its block. With `done` the step counts as made, and its
    evidence is looked for; otherwise it may be made again.
    """

    def judge(history: History) -> Sequence[Draft]:
        log = history.zone(zone)
        intents = [intent for intent in log.open_intents if intent.step == step]
        _require_idle(zone, intents, outside.clock.now())
        if intents:
            told = f"a person's word: {word.reason}"
            return [d for i in intents for d in _settled(zone, log, i, word, told, done=done)]
        rolled_back = log.turned is not None and log.complete and log.turned.after == step
        if rolled_back and done:
            raise ReconcileError(_nothing_left_of(zone, step))
        if rolled_back or (log.blocked is not None and log.blocked.step in {None, step}):
            about = About(zone=zone, step=step)
            return [resolve_draft(about, reason=word.reason, done=done, person=word.person)]
        raise ReconcileError(_nothing_open(zone, step, log))

    put(outside, judge)


def _settled(  # noqa: PLR0913 (one argument per fact of the record)
    zone: str, log: ZoneLog, intent: OpenIntent, word: Word, told: str, *, done: bool
) -> Sequence[Draft]:
    """Return the outcome that nobody recorded, and whose word it is."""
    current = log.plan is not None and log.plan.plan == intent.plan
    change = log.plan.change if log.plan is not None and current else None
    about = About(zone=zone, plan=intent.plan, change=change, step=intent.step, idem=intent.idem)
    return (
        outcome_draft(about, ok=done, message=told, operation=intent.operation, resolved=True),
        resolve_draft(about, reason=word.reason, done=done, person=word.person),
    )


def _require_idle(zone: str, intents: Sequence[OpenIntent], now: datetime) -> None:
    """Refuse to settle what a run may still be doing."""
    for intent in intents:
        if intent.deadline is not None and now < intent.deadline:
            summary = (
                f"run {intent.run or 'unknown'} began step {intent.step} of {zone} and may still "
                f"be at work until {intent.deadline:%FT%TZ}"
            )
            raise ReconcileError(
                refusal("still-at-work", summary, "look again after that; it may end by itself")
            )


def _nothing_left_of(zone: str, step: str) -> Diagnostic:
    """Say that a plan that was rolled back has no step that could count as made."""
    return refusal(
        "rolled-back",
        f"the plan of {zone} was rolled back after {step}, so nothing of it can count as made",
        f"`reconcile resolve {zone} --step {step} --not-done` lets the change be planned again",
    )


def _nothing_open(zone: str, step: str, log: ZoneLog) -> Diagnostic:
    """Say that the record has no question about `step`, and what it does ask."""
    unsettled = sorted({intent.step for intent in log.open_intents})
    return refusal(
        "nothing-to-resolve",
        f"step {step} of {zone} has no open intent and no block, so nothing is to be resolved",
        f"open: {', '.join(unsettled) or 'nothing'}; `reconcile status {zone}` shows every step, "
        "and `reconcile abandon` gives a plan up",
    )


def revoke(outside: Outside, digest: str, word: Word) -> tuple[str, str]:
    """Take back what the person approved under `digest` (12 digits or more); return zone, digest.

    Nobody can take back somebody else's approval.
    """
    wanted = digest.removeprefix("sha256:").lower()
    if len(wanted) < SHORTEST:
        hint = "`reconcile approvals ZONE` prints the whole digest"
        raise ReconcileError(
            refusal("unknown-digest", f"{digest}: give at least {SHORTEST} digits", hint)
        )

    def judge(history: History) -> Sequence[Draft]:
        mine = sorted(
            (zone, full)
            for zone, log in history.zones.items()
            for full, given in log.approvals.items()
            if full.removeprefix("sha256:").startswith(wanted)
            and any(a.person == word.person and a.revoked is None for a in given)
        )
        if len(mine) != 1:
            why = f"has {'several' if mine else 'no'} approvals in force that begin so"
            hint = "`reconcile approvals ZONE` shows who approved what; people take back their own"
            raise ReconcileError(
                refusal("nothing-to-revoke", f"{digest}: {word.person} {why}", hint)
            )
        ((zone, full),) = mine
        about = About(zone=zone, change=full)
        return [revoke_draft(about, person=word.person, reason=word.reason)]

    (draft,) = put(outside, judge)
    return draft.zone or "", draft.change or ""


def refusal(code: str, summary: str, hint: str) -> Diagnostic:
    """Return why a word is not put on record."""
    return Diagnostic(code=code, summary=summary, hint=f"{hint}; nothing was written")
