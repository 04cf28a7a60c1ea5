"""`reconcile approve` and `reconcile approvals`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.needed import needed_approvals
from reconciler.cli.needed_text import needed_json, print_needed
from reconciler.cli.options import HERE, Format, Root, TextOrJson, chosen
from reconciler.cli.output import console, print_json, say
from reconciler.execute.approve import approve as record_approval
from reconciler.wiring import open_workspace, start_ledger


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("approve")(approve)
    app.command("approvals")(approvals)


def approve(
    digest: Annotated[str, typer.Argument(help="The change digest, or its first 12 or more.")],
    root: Root = HERE,
    person: Annotated[
        str | None, typer.Option("--as", help="Your name in the portfolio (default: by git).")
    ] = None,
    sign: Annotated[
        Path | None, typer.Option("--sign", help="SSH private key to sign the approval with.")
    ] = None,
) -> None:
    """Record that you approve exactly this change."""
    with open_workspace(root) as workspace:
        start_ledger(workspace)
        outside = workspace.outside
        given = record_approval(outside, digest, person=person, key=sign)
        say(f"{given.person} approved {given.digest} of {given.zone}{' (signed)' if sign else ''}")
        found = needed_approvals(outside, outside.portfolio.zones[given.zone])
    print_needed(console(), given.zone, tuple(n for n in found if n.digest == given.digest))


def approvals(
    zone: Annotated[str, typer.Argument(help="The zone.")],
    root: Root = HERE,
    form: Format = TextOrJson.TEXT,
) -> None:
    """Show which approvals a zone's change needs, has and lacks."""
    with open_workspace(root) as workspace:
        (desired,) = chosen(workspace.portfolio, [zone])
        found = needed_approvals(workspace.outside, desired)
    if form is TextOrJson.JSON:
        print_json({"zone": desired.zone, "approvals": needed_json(found)})
    else:
        print_needed(console(), desired.zone, found)
