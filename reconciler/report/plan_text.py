"""A plan on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reconciler.model.plan import Plan, Status
from reconciler.report.console import visible
from reconciler.report.plan_brief import BriefView, in_full
from reconciler.report.plan_view import (
    WAYS,
    RefusalView,
    StepView,
    WayView,
    ZoneView,
    unchanged_words,
    zone_view,
)

_NAMED = 5
"""As many zones without a change are named; of more, their number says enough."""
_STYLES = {
    Status.NO_CHANGE: "green",
    Status.PLANNED: "bold yellow",
    Status.NO_SAFE_PATH: "bold red",
    Status.BLOCKED: "bold red",
}
_RISKS = {"R0": "green", "R1": "green", "R2": "yellow", "R3": "red", "R4": "bold red"}


def print_plan(console: Console, plan: Plan) -> None:
    """Print what happens to each zone: who does what when, what is waited for, and why.

    Of many zones, one of each kind is told so, and the others have a line each.
    """
    named = [plan.zones[name] for name in sorted(plan.zones)]
    full, brief = in_full(zone for zone in named if zone.status is not Status.NO_CHANGE)
    for zone in map(zone_view, full):
        console.print(_zone(zone))
        if zone.digest:
            command = Text(f"reconcile approve {zone.digest}", style="bold")
            console.print(Text("  next: ").append(command), soft_wrap=True)
        console.print()
    _print_brief(console, brief)
    _print_unchanged(console, [visible(z.zone) for z in named if z.status is Status.NO_CHANGE])


def _print_brief(console: Console, brief: Sequence[BriefView]) -> None:
    if brief:
        console.print(f"{len(brief)} more; `reconcile plan ZONE` tells of each what is told above")
        console.file.writelines(f"  {zone.line()}\n" for zone in brief)
        console.print()


def _print_unchanged(console: Console, unchanged: Sequence[str]) -> None:
    if unchanged:
        names = f": {', '.join(unchanged)}" if len(unchanged) <= _NAMED else ""
        console.print(Text(f"{unchanged_words(unchanged)}{names}", style="green"))


def _zone(zone: ZoneView) -> Group:
    head = Text.assemble((zone.zone, "bold"), "  ", (zone.headline, _STYLES[zone.status]))
    body = [Text(f"as observed {zone.observed}", style="dim")]
    body += [line for refusal in zone.refusals for line in _refusal(refusal)]
    parts: list[Text | Padding] = [head, _indented(Group(*body))]
    if zone.steps:
        parts += [Text(""), _indented(_steps(zone.steps)), Text("")]
    if zone.ways:
        space = [] if zone.steps else [Text("")]
        parts += [*space, _indented(Group(*_ways(zone.ways))), Text("")]
    return Group(*parts, _indented(Group(*_closing(zone))))


def _ways(ways: tuple[WayView, ...]) -> list[Text | Table | Padding]:
    """Return what there is to choose from: figures side by side, then the steps of each."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    named = any(way.distrusted for way in ways)
    for title in WAYS:
        if named or title != WAYS[2]:
            table.add_column(title, overflow="fold")
    for way in ways:
        asked = [way.distrusted] if named else []
        table.add_row(Text(way.name, style="bold"), way.last, *asked, way.insecure, way.bogus)
    parts: list[Text | Table | Padding] = [table]
    for way in ways:
        if way.steps:
            parts += [Text(""), *_way(way)]
    return parts


def _way(way: WayView) -> list[Text | Padding]:
    head = Text.assemble(
        (f"or, with `variant: {way.name}` in the zone file: ", "bold"), way.summary
    )
    lines = [
        Text.assemble((f"{step.id} ", "bold"), f"{step.after}, {step.who}: ", "; ".join(step.moves))
        for step in way.steps
    ]
    return [head, _indented(Group(*lines, Text(way.proof, style="dim")))]


def _indented(part: Group | Table) -> Padding:
    return Padding(part, (0, 0, 0, 2), expand=False)


def _steps(steps: tuple[StepView, ...]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("step", no_wrap=True)
    table.add_column("who does what, and when", overflow="fold", ratio=1)
    table.add_column("earliest", overflow="fold", min_width=16)
    table.add_column("risk", no_wrap=True)
    for step in steps:
        table.add_row(
            Text(step.id, style="bold"),
            _told(step),
            Text.assemble(step.after, "\n", (step.at, "dim")),
            Text(step.risk, style=_RISKS[step.risk]),
        )
    return table


def _told(step: StepView) -> Text:
    text = Text(f"{step.who}: ", style="cyan")
    text.append("\nand ".join(step.moves), style="default")
    for wait in step.waits:
        text.append(f"\n{wait}", style="default")
    if step.why:
        text.append(f"\n{step.why}", style="dim")
    text.append(f"\n{step.freeze}", style="dim")
    return text


def _refusal(refusal: RefusalView) -> list[Text]:
    head = Text.assemble((f"[{refusal.rule}] ", "red"), refusal.summary)
    return [head, *(Text(f"  {line}") for line in refusal.more)]


def _closing(zone: ZoneView) -> list[Text]:
    lines = [Text(zone.totals)] if zone.totals else []
    if zone.proof:
        lines.append(Text(zone.proof, style="green" if zone.proved else "bold red"))
    lines += [Text(f"hint: {line}", style="yellow") for line in zone.hints]
    lines += [Text(f"rollback {line}", style="dim") for line in zone.rollback]
    return lines + [Text(f"assumed: {line}", style="dim") for line in zone.assumptions]
