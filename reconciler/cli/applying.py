"""`reconcile apply` and `reconcile status`."""

from __future__ import annotations

import typer

from reconciler.cli.options import HERE, Detailed, Format, Root, TextOrJson, Zones, chosen
from reconciler.cli.output import console, print_json
from reconciler.execute.outside import interruptible, unbuilt
from reconciler.execute.run import apply_zones
from reconciler.execute.status import statuses
from reconciler.ledger.home import tell_witness
from reconciler.model.results import exit_code, worst
from reconciler.report.result_text import print_result, result_json
from reconciler.report.status_text import print_statuses, status_json
from reconciler.wiring import (
    open_workspace,
    require_clean,
    sign_off,
    start_ledger,
)


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("apply")(apply)
    app.command("status")(status)


def apply(
    zones: Zones = None,
    root: Root = HERE,
    form: Format = TextOrJson.TEXT,
    detailed: Detailed = False,
) -> None:
    """Do every step that is due and allowed now, then say when to come back."""
    with open_workspace(root) as workspace:
        wanted = chosen(workspace.portfolio, zones)
        require_clean(workspace)
        if not all(unbuilt(workspace.portfolio, zone) for zone in wanted):
            start_ledger(workspace)
        now = workspace.clock.now()
        out = console()
        told = (lambda r: print_result(out, r, now)) if form is TextOrJson.TEXT else lambda _: None
        outside = interruptible(workspace.outside)
        with outside.stop.listening():
            results = apply_zones(outside, wanted, told)
            if not outside.stop.asked:
                sign_off(workspace)
    if form is TextOrJson.JSON:
        print_json({"at": f"{now:%FT%TZ}", "zones": {r.zone: result_json(r) for r in results}})
    if not outside.stop.asked:
        tell_witness(workspace.ledger, workspace.portfolio.ledger)
    raise typer.Exit(worst(map(exit_code, results), detailed=detailed))


def status(zones: Zones = None, root: Root = HERE, form: Format = TextOrJson.TEXT) -> None:
    """Show where each zone stands: in which step, waiting for what, and until when."""
    with open_workspace(root) as workspace:
        found = statuses(workspace.outside, chosen(workspace.portfolio, zones))
        now = workspace.clock.now()
    if form is TextOrJson.JSON:
        print_json({"at": f"{now:%FT%TZ}", "zones": {s.zone: status_json(s, now) for s in found}})
    else:
        print_statuses(console(), found, now)
