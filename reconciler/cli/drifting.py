"""`reconcile drift`, which only looks, and `reconcile annotate`, which says what is known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from reconciler.cli.controlling import As, OneZone, Reason
from reconciler.cli.instants import For, Until, until_when
from reconciler.cli.options import HERE, Detailed, Format, Root, TextOrJson, Zones, chosen
from reconciler.cli.output import console, print_json, say
from reconciler.diagnostics import ExitCode
from reconciler.execute.annotate import annotate as put_on_record
from reconciler.execute.control import word_of
from reconciler.execute.drift import drifts
from reconciler.execute.lookout import lookout
from reconciler.model.drift import ZoneDrift
from reconciler.model.results import worst
from reconciler.report.drift_text import drift_json, print_drifts
from reconciler.wiring import open_workspace


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("drift")(drift)
    app.command("annotate")(annotate)


def drift(
    zones: Zones = None,
    root: Root = HERE,
    form: Format = TextOrJson.TEXT,
    detailed: Detailed = False,
) -> None:
    """Show what is published and in progress, not yet applied, unexplained, or known."""
    with open_workspace(root) as workspace:
        found = drifts(lookout(workspace.outside), chosen(workspace.portfolio, zones))
        now = workspace.clock.now()
    if form is TextOrJson.JSON:
        print_json({"at": f"{now:%FT%TZ}", "zones": {d.zone: drift_json(d) for d in found}})
    else:
        print_drifts(console(), found, now)
    raise typer.Exit(worst(_codes(found), detailed=detailed))


def _codes(found: Iterable[ZoneDrift]) -> Iterable[ExitCode]:
    for zone in found:
        if not zone.complete:
            yield ExitCode.ERROR
        yield ExitCode.CHANGES if zone.alarming else ExitCode.OK


def annotate(
    zone: OneZone,
    rrset: Annotated[str, typer.Argument(help="As `drift` names it: `DS`, `DNSKEY@own`.")],
    reason: Reason,
    until: Until = None,
    duration: For = None,
    person: As = None,
    root: Root = HERE,
) -> None:
    """Record that what is published now at an RRset is known, until a date."""
    with open_workspace(root) as workspace:
        (desired,) = chosen(workspace.portfolio, [zone])
        word = word_of(workspace.outside, reason=reason, person=person)
        end = until_when(until, duration, workspace.clock.now())
        known = put_on_record(workspace.outside, desired, rrset, end, word)
    say(f"{desired.zone}: {known.rrset} is known until {end:%FT%TZ} ({word.person})")
