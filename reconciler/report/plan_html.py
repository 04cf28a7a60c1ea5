"""A plan as one HTML page that needs nothing else: no script, no font, no request."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from reconciler.model.plan import Plan, Status
from reconciler.report.console import visible
from reconciler.report.plan_brief import in_full
from reconciler.report.plan_svg import zone_svg
from reconciler.report.plan_view import (
    WAYS,
    PlanView,
    RefusalView,
    StepView,
    WayView,
    ZoneView,
    plan_view,
    unchanged_words,
)
from reconciler.report.svg import STYLE as PICTURE_STYLE

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 3rem } h2 small { font-weight: normal }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem }
th, td { border-bottom: 1px solid #8886 }
code { font-family: ui-monospace, monospace; overflow-wrap: anywhere }
.quiet { opacity: .7 } .good { color: #287d3c } .bad { color: #c62828 }
.R3, .R4 { color: #c62828; font-weight: bold }
.hint { border-left: 4px solid #b58900; padding: 0 1rem }
.refusal { border-left: 4px solid #c62828; padding: 0 1rem }
""".strip()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What a browser may load for the page (its own style), should anything hostile get into it."""


def plan_html(plan: Plan) -> str:
    """Return the plan as a self-contained page."""
    return plan_page("reconcile: plan", f"<h1>Plan</h1>\n{plan_body(plan)}")


def plan_page(title: str, body: str) -> str:
    """Return a self-contained page around `body`, which is HTML already."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_STYLE}\n{PICTURE_STYLE}\n</style>\n</head>\n<body>\n"
        f"{body}</body>\n</html>\n"
    )


def plan_body(plan: Plan) -> str:
    """Return the plan as part of a page."""
    view = plan_view(plan)
    pictures = _pictures(plan)
    zones = "\n".join(_zone(zone, pictures.get(zone.zone, "")) for zone in view.zones)
    return f"{_digest('Plan', view.digest)}{zones}\n{_unchanged(view)}"


def _pictures(plan: Plan) -> dict[str, str]:
    """Return a picture for each zone, by its name in the view; of many zones, one of each kind."""
    named = [plan.zones[name] for name in sorted(plan.zones)]
    full, _ = in_full(zone for zone in named if zone.status is not Status.NO_CHANGE)
    return {visible(zone.zone): zone_svg(zone) for zone in full}


def _digest(title: str, digest: str) -> str:
    return f'<p class="quiet">{title} <code>{escape(digest)}</code></p>\n' if digest else ""


def _unchanged(view: PlanView) -> str:
    if not view.unchanged:
        return ""
    names = ", ".join(f"<code>{escape(name)}</code>" for name in view.unchanged)
    title = unchanged_words(view.unchanged)
    return f"<details><summary>{title}</summary><p>{names}</p></details>\n"


def _zone(zone: ZoneView, picture: str) -> str:
    approve = (
        f"<p>To approve: <code>reconcile approve {escape(zone.digest)}</code></p>"
        if zone.digest
        else ""
    )
    parts = (
        "<section>",
        f"<h2><code>{escape(zone.zone)}</code> <small>{escape(zone.headline)}</small></h2>",
        f'<p class="quiet">as observed {escape(zone.observed)}</p>',
        *(_refusal(refusal) for refusal in zone.refusals),
        picture,
        _steps(zone.steps),
        f"<p>{escape(zone.totals)}</p>" if zone.totals else "",
        _proof(zone),
        _ways(zone.ways),
        *(f'<p class="hint">{escape(hint)}</p>' for hint in zone.hints),
        _list("Assumptions", zone.assumptions),
        _list("Rollback", zone.rollback),
        approve,
        "</section>",
    )
    return "\n".join(part for part in parts if part)


def _proof(zone: ZoneView) -> str:
    mark = "good" if zone.proved else "bad"
    return f'<p class="{mark}">{escape(zone.proof)}</p>' if zone.proof else ""


def _refusal(refusal: RefusalView) -> str:
    more = "".join(f"<br>{escape(line)}" for line in refusal.more)
    rule = f"<code>{escape(refusal.rule)}</code>"
    return f'<p class="refusal">{rule} {escape(refusal.summary)}{more}</p>'


def _ways(ways: tuple[WayView, ...]) -> str:
    """Return what there is to choose from: figures side by side, then the steps of each."""
    if not ways:
        return ""
    head = "".join(f"<th>{name}</th>" for name in WAYS)
    rows = "\n".join(
        f"<tr><td><code>{escape(way.name)}</code></td><td>{way.last}</td>"
        f"<td>{way.distrusted}</td><td>{way.insecure}</td><td>{way.bogus}</td></tr>"
        for way in ways
    )
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"
    return "\n".join([table, *(_way(way) for way in ways if way.steps)])


def _way(way: WayView) -> str:
    asked = f"<code>variant: {escape(way.name)}</code>"
    return (
        f"<details><summary>Or, with {asked} in the zone file: {escape(way.summary)}</summary>\n"
        f'{_steps(way.steps)}\n<p class="quiet">{escape(way.proof)}</p></details>'
    )


def _steps(steps: Iterable[StepView]) -> str:
    rows = "\n".join(_row(step) for step in steps)
    if not rows:
        return ""
    names = ("step", "who does what", "waits", "earliest", "risk")
    head = "".join(f"<th>{name}</th>" for name in names)
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table>"


def _row(step: StepView) -> str:
    moves = "<br>and ".join(escape(move) for move in step.moves)
    why = f'<br><span class="quiet">{escape(step.why)}</span>' if step.why else ""
    waits = "<br>".join(escape(wait) for wait in step.waits)
    cells = (
        f"<td><code>{escape(step.id)}</code></td>",
        f"<td><b>{escape(step.who)}</b>: {moves}{why}</td>",
        f"<td>{waits}</td>",
        f'<td>{escape(step.after)}<br><span class="quiet">{escape(step.at)}</span></td>',
        f'<td><span class="{step.risk}">{step.risk}</span><br>{escape(step.freeze)}</td>',
    )
    return f"<tr>{''.join(cells)}</tr>"


def _list(title: str, lines: tuple[str, ...]) -> str:
    if not lines:
        return ""
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<details><summary>{title}</summary><ul>{items}</ul></details>"
