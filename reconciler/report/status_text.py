"""Where zones stand, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reconciler.model.durations import duration_words
from reconciler.model.entries import Json
from reconciler.model.status import LastSeen, RolledBack, Stand, StepStatus, Suspended, ZoneStatus
from reconciler.report.console import visible
from reconciler.report.diagnostics import diagnostics_json, print_diagnostics
from reconciler.report.times import distance_words, instant_words

_STYLES = {
    Stand.CONVERGED: "green",
    Stand.PENDING: "yellow",
    Stand.WAITING_TIME: "cyan",
    Stand.WAITING_EVIDENCE: "cyan",
    Stand.WAITING_APPROVAL: "yellow",
    Stand.DUE: "yellow",
    Stand.OPEN_INTENT: "magenta",
    Stand.SUSPENDED: "cyan",
    Stand.FROZEN: "cyan",
    Stand.BLOCKED: "red",
    Stand.UNSEEN: "red",
}


_COARSE = 2
"""Units of a delay: `2 d 3 h` says enough."""
_WAITING = {Stand.WAITING_TIME, Stand.WAITING_EVIDENCE, Stand.WAITING_APPROVAL}
_ABOUT = {stand: "waits: " if stand in _WAITING else "" for stand in Stand}


def print_statuses(console: Console, statuses: Sequence[ZoneStatus], now: datetime) -> None:
    """Print a table of all zones, then each running plan step by step."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("zone", overflow="fold")
    table.add_column("stands", no_wrap=True)
    table.add_column("until", overflow="fold")
    table.add_column("late", no_wrap=True)
    table.add_column("last seen", no_wrap=True)
    for status in statuses:
        until = instant_words(status.until, now) if status.until else ""
        stand = Text(status.stand.value, style=_STYLES[status.stand])
        late = Text(_late(status, now), style="yellow")
        seen = distance_words(status.last_seen.at, now) if status.last_seen else "never"
        table.add_row(Text(status.zone), stand, Text(until), late, Text(seen))
    console.print(table)
    for status in statuses:
        _print_zone(console, status, now)


def _print_zone(console: Console, status: ZoneStatus, now: datetime) -> None:
    if not (status.waits_for or status.steps or status.findings):
        return
    console.print()
    console.print(Text(status.zone, style="bold"))
    if status.waits_for:
        console.print(Text(f"  {_ABOUT[status.stand]}{visible(status.waits_for)}"), soft_wrap=True)
    for line in _more(status, now):
        console.print(Text(f"  {visible(line)}"), soft_wrap=True)
    for step in status.steps:
        console.print(Text(f"  {step.id}  {step.what}: {_step_words(step, now)}"))
    if status.steps:
        for seen in status.published:
            console.print(Text(f"  published: {visible(seen)}", style="dim"))
    if status.findings:
        print_diagnostics(console, status.findings)


def _late(status: ZoneStatus, now: datetime) -> str:
    """Return by how much a zone is late; nothing where no second has passed."""
    seconds = _late_seconds(status, now)
    return duration_words(seconds, _COARSE) if seconds else ""


def _late_seconds(status: ZoneStatus, now: datetime) -> int | None:
    since = status.due_since
    return None if since is None else max(0, int((now - since).total_seconds()))


def _more(status: ZoneStatus, now: datetime) -> Iterator[str]:
    """Yield who is waited for, since when, who stopped it, and what was last seen."""
    if status.who and status.suspended is None:
        yield f"who: {', '.join(status.who)}"
    if status.due_since is not None:
        yield f"due since: {instant_words(status.due_since, now)}"
    if status.suspended is not None:
        by = f" by {status.suspended.person}" if status.suspended.person else ""
        yield f"suspended{by} {instant_words(status.suspended.since, now)}"
    if status.rolled_back is not None:
        back = status.rolled_back
        yield f"turned back after {back.after}, {instant_words(back.since, now)}: {back.why}"
    if status.last_seen is not None:
        seen = status.last_seen
        yield f"last seen everywhere: {seen.what}, {instant_words(seen.at, now)}"


def _step_words(step: StepStatus, now: datetime) -> str:
    if step.seen_at is not None:
        return f"seen everywhere {instant_words(step.seen_at, now)}"
    if step.made:
        return "made, and not seen on every server yet"
    if step.due is not None:
        return f"may be made {instant_words(step.due, now)}"
    return "waits for an earlier step"


def status_json(status: ZoneStatus, now: datetime) -> dict[str, Json]:
    """Return the status of one zone for programs; `late_seconds` is null where it is not late."""
    return {
        "stand": status.stand.value,
        "waits_for": status.waits_for,
        "until": _instant(status.until),
        "change_digest": status.change or None,
        "steps": [
            {
                "id": step.id,
                "what": step.what,
                "seen_at": _instant(step.seen_at),
                "due": _instant(step.due),
            }
            for step in status.steps
        ],
        "published": [*status.published],
        "findings": diagnostics_json(status.findings),
        "who": [*status.who],
        "due_since": _instant(status.due_since),
        "late_seconds": _late_seconds(status, now),
        "last_seen": _seen_json(status.last_seen),
        "suspended": _suspended_json(status.suspended),
        "rollback": _rollback_json(status.rolled_back),
    }


def _seen_json(seen: LastSeen | None) -> Json:
    return None if seen is None else {"at": _instant(seen.at), "what": seen.what}


def _suspended_json(found: Suspended | None) -> Json:
    if found is None:
        return None
    return {
        "since": _instant(found.since),
        "until": _instant(found.until),
        "reason": found.reason,
        "person": found.person,
    }


def _rollback_json(found: RolledBack | None) -> Json:
    if found is None:
        return None
    since = _instant(found.since)
    return {"since": since, "after": found.after, "cause": found.cause, "why": found.why}


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%FT%TZ}"
