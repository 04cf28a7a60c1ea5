"""`reconcile approve` and `reconcile approvals`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.options import HERE, Root
from reconciler.cli.output import say
from reconciler.execute.approve import approve as record_approval
from reconciler.wiring import open_workspace, start_ledger


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("approve")(approve)


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
        given = record_approval(workspace.outside, digest, person=person, key=sign)
    say(f"{given.person} approved {given.digest} of {given.zone}{' (signed)' if sign else ''}")
