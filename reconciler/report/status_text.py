"""Where zones stand, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reconciler.model.entries import Json
from reconciler.model.status import Stand, StepStatus, ZoneStatus
from reconciler.report.console import visible
from reconciler.report.diagnostics import diagnostics_json, print_diagnostics
from reconciler.report.times import instant_words

_STYLES = {
    Stand.CONVERGED: "green",
    Stand.PENDING: "yellow",
    Stand.WAITING_TIME: "cyan",
    Stand.WAITING_EVIDENCE: "cyan",
    Stand.WAITING_APPROVAL: "yellow",
    Stand.DUE: "yellow",
    Stand.OPEN_INTENT: "magenta",
    Stand.SUSPENDED: "cyan",
    Stand.BLOCKED: "red",
    Stand.UNSEEN: "red",
}


_WAITING = {Stand.WAITING_TIME, Stand.WAITING_EVIDENCE, Stand.WAITING_APPROVAL}
_ABOUT = {stand: "waits: " if stand in _WAITING else "" for stand in Stand}


def print_statuses(console: Console, statuses: Sequence[ZoneStatus], now: datetime) -> None:
    """Print a table of all zones, then each running plan step by step."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("zone", overflow="fold")
    table.add_column("stands", no_wrap=True)
    table.add_column("until", overflow="fold")
    for status in statuses:
        until = instant_words(status.until, now) if status.until else ""
        stand = Text(status.stand.value, style=_STYLES[status.stand])
        table.add_row(Text(status.zone), stand, Text(until))
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
    for step in status.steps:
        console.print(Text(f"  {step.id}  {step.what}: {_step_words(step, now)}"))
    if status.steps:
        for seen in status.published:
            console.print(Text(f"  published: {visible(seen)}", style="dim"))
    if status.findings:
        print_diagnostics(console, status.findings)


def _step_words(step: StepStatus, now: datetime) -> str:
    if step.seen_at is not None:
        return f"seen everywhere {instant_words(step.seen_at, now)}"
    if step.due is not None:
        return f"may be made {instant_words(step.due, now)}"
    return "waits for an earlier step"


def status_json(status: ZoneStatus) -> dict[str, Json]:
    """Return the status of one zone for programs."""
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
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%FT%TZ}"
