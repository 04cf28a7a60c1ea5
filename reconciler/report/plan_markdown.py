"""A plan as a comment on a pull request (GitHub-flavoured Markdown).

Names, reasons and assumptions may be hostile: what could become markup, a link, a mention or an
HTML tag is escaped.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

from reconciler.model.plan import Plan
from reconciler.report.plan_view import (
    WAYS,
    PlanView,
    StepView,
    WayView,
    ZoneView,
    plan_view,
    unchanged_words,
)

_BENIGN = ",.;:'\"()/+-=?%"
"""Punctuation that is markup at most in places where no text of ours stands."""
_MARKUP = re.compile(f"[{re.escape(''.join(c for c in string.punctuation if c not in _BENIGN))}]")
_ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_STARTS_LINK = re.compile(r"(?<=\w)(?=://|\.\w)|(?<=@)|(?<=#)")
"""Where a comment breaks up what GitHub makes a link or a mention of, whatever is escaped."""


def plan_markdown(plan: Plan) -> str:
    """Return the plan as Markdown: a table of steps for each zone, and what to type next."""
    view = plan_view(plan)
    parts = [_zone(zone) for zone in view.zones]
    return "\n".join([*parts, *_unchanged(view)])


def prose(text: str) -> str:
    """Return `text` so that Markdown shows it as it is, without links, mentions and markup."""
    escaped = _MARKUP.sub(lambda mark: _ENTITIES.get(mark[0], f"\\{mark[0]}"), text)
    return _STARTS_LINK.sub("<!-- -->", escaped)


def code(text: str) -> str:
    """Return `text` as inline code, whatever backticks and bars it holds."""
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") or not text.strip() else ""
    return f"{fence}{space}{text}{space}{fence}".replace("|", "\\|")


def _unchanged(view: PlanView) -> list[str]:
    if not view.unchanged:
        return []
    names = ", ".join(code(name) for name in view.unchanged)
    return _details(unchanged_words(view.unchanged), [names])


def _zone(zone: ZoneView) -> str:
    lines = [f"### {code(zone.zone)}: {prose(zone.headline)}", "", f"As observed {zone.observed}."]
    for refusal in zone.refusals:
        more = "".join(f"<br>{prose(line)}" for line in refusal.more)
        lines += ["", f"> **{code(refusal.rule)}** {prose(refusal.summary)}{more}"]
    if zone.steps:
        lines += ["", "| step | who does what | waits | earliest | risk |", "|---|---|---|---|---|"]
        lines += [_row(step) for step in zone.steps]
    if zone.totals:
        lines += ["", f"{prose(zone.totals).capitalize()}."]
    if zone.proof:
        mark = ":white_check_mark:" if zone.proved else ":x:"
        lines += ["", f"{mark} {prose(zone.proof)}"]
    lines += _ways(zone.ways)
    lines += [f"\n:bulb: {prose(hint)}" for hint in zone.hints]
    lines += _list("Assumptions", zone.assumptions) + _list("Rollback", zone.rollback)
    if zone.digest:
        lines += ["", "To approve, review with this line in the text:", ""]
        lines += ["```", f"reconcile approve {zone.digest}", "```"]
    return "\n".join([*lines, ""])


def _row(step: StepView) -> str:
    moves = "<br>and ".join(prose(move) for move in step.moves)
    why = f"<br>*{prose(step.why)}*" if step.why else ""
    waits = "<br>".join(prose(wait) for wait in step.waits)
    cells = (
        code(step.id),
        f"**{prose(step.who)}**: {moves}{why}",
        waits,
        f"{step.after}<br>{step.at}",
        f"{step.risk}<br>{step.freeze}",
    )
    return f"| {' | '.join(cells)} |"


def _ways(ways: tuple[WayView, ...]) -> list[str]:
    """Return what there is to choose from: figures side by side, then the steps of each."""
    if not ways:
        return []
    head = ["", f"| {' | '.join(WAYS)} |", f"|{'---|' * len(WAYS)}"]
    rows = [f"| {' | '.join(_way_cells(way))} |" for way in ways]
    return head + rows + [line for way in ways if way.steps for line in _way(way)]


def _way_cells(way: WayView) -> tuple[str, ...]:
    return (code(way.name), way.last, way.distrusted, way.insecure, way.bogus)


def _way(way: WayView) -> list[str]:
    asked = code(f"variant: {way.name}")
    steps = [
        f"- {code(step.id)} {step.after}, {prose(step.who)}: {prose('; '.join(step.moves))}"
        for step in way.steps
    ]
    title = f"Or, with {asked} in the zone file: {prose(way.summary)}"
    return ["", title, "", *steps, "", prose(way.proof)]


def _list(title: str, lines: tuple[str, ...]) -> list[str]:
    return ["", *_details(title, [f"- {prose(line)}" for line in lines])] if lines else []


def _details(title: str, lines: Iterable[str]) -> list[str]:
    return [f"<details><summary>{title}</summary>", "", *lines, "", "</details>"]
