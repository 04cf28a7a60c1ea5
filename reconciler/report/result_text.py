"""What a run of `apply` came to, for people and for programs."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from rich.console import Console
from rich.text import Text

from reconciler.model.entries import Json
from reconciler.model.results import (
    Blocked,
    Converged,
    Failed,
    Frozen,
    Raced,
    Result,
    WaitingForApproval,
    WaitingForTime,
    exit_code,
)
from reconciler.report.console import visible
from reconciler.report.diagnostics import diagnostics_json, print_diagnostics
from reconciler.report.times import instant_words


def print_result(console: Console, result: Result, now: datetime) -> None:
    """Print where one zone stands after a run, what is next, and when to come back."""
    for step in result.done:
        console.print(Text.assemble((result.zone, "bold"), f"  {step} is done, seen everywhere"))
    if result.rollback:
        what = f"the plan is turned back: {result.rollback}"
        console.print(Text.assemble((result.zone, "bold"), "  ", (visible(what), "red")))
    headline, style, more = _told(result, now)
    console.print(Text.assemble((result.zone, "bold"), "  ", (visible(headline), style)))
    for line in more:
        console.print(Text(f"    {visible(line)}"), soft_wrap=True)
    if isinstance(result, Blocked | Raced | Failed):
        print_diagnostics(console, result.diagnostics)


def _told(result: Result, now: datetime) -> tuple[str, str, tuple[str, ...]]:
    match result:
        case Converged():
            return "as desired", "green", ()
        case WaitingForTime():
            when = f"come back {instant_words(result.until, now)}"
            return when, "cyan", (f"{result.step} waits: {result.reason}",)
        case WaitingForApproval():
            lines = (
                *(f"missing: {text}" for text in result.missing),
                *(f"does not count: {text}" for text in result.ignored),
                f"approve with: reconcile approve {result.digest}",
            )
            return f"{result.step} waits for approval", "yellow", lines
        case Frozen():
            until = f" until {instant_words(result.until, now)}" if result.until else ""
            return f"frozen{until}: {result.reason}", "cyan", ()
        case Blocked():
            return "blocked: a person has to decide", "red", ()
        case Raced():
            return "somebody else was faster; nothing was done, run again", "yellow", ()
        case Failed():
            return "could not go on", "red", ()
        case _:
            assert_never(result)


def result_json(result: Result) -> dict[str, Json]:
    """Return a result for programs: status, exit code, steps done, and what it waits for."""
    common: dict[str, Json] = {
        "status": _NAMES[type(result)],
        "exit_code": int(exit_code(result)),
        "done": [*result.done],
        "rollback": result.rollback or None,
    }
    match result:
        case Converged():
            return common
        case WaitingForTime():
            return common | {
                "until": f"{result.until:%FT%TZ}",
                "step": result.step,
                "reason": result.reason,
            }
        case WaitingForApproval():
            return common | {
                "digest": result.digest,
                "step": result.step,
                "missing": [*result.missing],
                "ignored": [*result.ignored],
            }
        case Frozen():
            until = f"{result.until:%FT%TZ}" if result.until else None
            return common | {"until": until, "reason": result.reason}
        case Blocked() | Raced() | Failed():
            return common | {"diagnostics": diagnostics_json(result.diagnostics)}
        case _:
            assert_never(result)


_NAMES: dict[type[Result], str] = {
    Converged: "converged",
    WaitingForTime: "waiting-for-time",
    WaitingForApproval: "waiting-for-approval",
    Frozen: "frozen",
    Blocked: "blocked",
    Raced: "lost-race",
    Failed: "failed",
}
