"""What a rehearsal shows to people, and the same for programs."""

from __future__ import annotations

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reconciler.demo.rehearsal_seen import START, Rehearsed, StepSeen
from reconciler.model.durations import duration_words
from reconciler.model.entries import Json
from reconciler.model.plan import ZonePlan
from reconciler.report.console import visible
from reconciler.report.words import orders, who_acts


def print_rehearsed(out: Console, plan: ZonePlan, seen: Rehearsed) -> None:
    """Print what the judges saw at each step of `plan`, and the verdict on the whole."""
    out.print(Text(f"{visible(plan.zone)}: rehearsed in a sandbox like it", style="bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 2), header_style="bold")
    table.add_column("at", no_wrap=True)
    table.add_column("step", no_wrap=True)
    table.add_column("who does what", overflow="fold", ratio=1)
    table.add_column("mixes", justify="right")
    table.add_column("what the judges saw", overflow="fold")
    for step in seen.steps:
        table.add_row(
            f"+{duration_words(step.after)}",
            Text(visible(step.step)),
            Text(_does(plan, step.step)),
            str(step.mixes),
            Text(_saw(step), style="bold red" if step.bogus or step.insecure else "green"),
        )
    out.print(table)
    whole = Text(_whole(plan, seen), style="green" if seen.good else "bold red")
    notes = [Text(f"not played: {visible(note)}", style="dim") for note in seen.notes]
    out.print(Padding(Group(whole, *notes), (0, 0, 0, 2)))


def _does(plan: ZonePlan, name: str) -> str:
    if name == START:
        return "before the first step"
    step = next(step for step in plan.steps if step.id == name)
    keys = plan.timeline.keys if plan.timeline else {}
    return f"{who_acts(step)}: {'; and '.join(orders(step, keys))}"


def _saw(step: StepSeen) -> str:
    counts = f"{step.bogus} bogus, {step.insecure} insecure unasked"
    return f"{counts}: {visible(step.example)}" if step.example else counts


def _whole(plan: ZonePlan, seen: Rehearsed) -> str:
    profiles = ", ".join(visible(p) for p in (plan.timeline.profiles if plan.timeline else ()))
    mended = f", {seen.mended} that were bogus already" if seen.mended else ""
    silent = f", {seen.unanswered} questions unanswered" if seen.unanswered else ""
    return (
        f"{seen.views} views under {profiles}, {seen.distinct_views} of them distinct: "
        f"{seen.bogus} bogus, {seen.insecure} insecure unasked{mended}{silent}"
    )


def rehearsed_json(seen: Rehearsed) -> dict[str, Json]:
    """Return a rehearsal for programs."""
    return {
        "status": "passed" if seen.good else "failed",
        "views": seen.views,
        "distinct_views": seen.distinct_views,
        "bogus": seen.bogus,
        "insecure_unasked": seen.insecure,
        "bogus_from_the_start": seen.mended,
        "unanswered": seen.unanswered,
        "not_played": list(seen.notes),
        "steps": [
            {
                "step": step.step,
                "after": step.after,
                "mixes": step.mixes,
                "bogus": step.bogus,
                "insecure_unasked": step.insecure,
                "example": step.example,
            }
            for step in seen.steps
        ],
    }
