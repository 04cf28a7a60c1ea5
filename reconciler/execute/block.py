"""Blocked: a person is needed, on record, until that person has decided."""

from __future__ import annotations

from reconciler.diagnostics import Diagnostic
from reconciler.execute.turn import Turn
from reconciler.ledger.history import Blocked as LoggedBlock
from reconciler.ledger.records import blocked_draft
from reconciler.model.results import Blocked


def block(turn: Turn, step: str, why: str) -> Blocked:
    """Put on record that nothing more is done for the zone until a person has decided."""
    turn.record(blocked_draft(turn.about(step), why=why))
    return _told(turn.zone, step, why, "")


def still_blocked(turn: Turn, found: LoggedBlock) -> Blocked:
    """Return why a zone is blocked, since when, and how a person ends it."""
    return _told(turn.zone, found.step, found.why, f"since {found.at:%FT%TZ}, entry {found.seq}")


def _told(zone: str, step: str | None, why: str, since: str) -> Blocked:
    finding = Diagnostic(
        code="blocked",
        summary=f"{zone} waits for a person: {why}",
        detail=since,
        hint=how_to_end(zone, step),
        where=zone,
    )
    return Blocked(zone=zone, diagnostics=(finding,))


def how_to_end(zone: str, step: str | None) -> str:
    """Return the commands that end a block, for people."""
    named = step or "STEP"
    return (
        "look at the signer and the parent yourself, then say what you found: `reconcile resolve "
        f"{zone} --step {named} --done` (or `--not-done`) `--reason TEXT`; or give the plan up: "
        f"`reconcile abandon {zone} --reason TEXT`"
    )
