"""`reconcile init` and `reconcile validate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.options import HERE, Format, TextOrJson
from reconciler.cli.output import print_json, say, show
from reconciler.diagnostics import ExitCode
from reconciler.spec.load import load_portfolio, validate_json
from reconciler.spec.scaffold import scaffold


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("init")(init)
    app.command("validate")(validate)


def init(
    directory: Annotated[Path, typer.Argument(help="Where the portfolio shall be.")] = HERE,
) -> None:
    """Scaffold a portfolio: zones/, workflows, CODEOWNERS. Nothing that exists is overwritten."""
    written = scaffold(directory)
    for path in written:
        say(f"wrote {path}")
    say(f"\nNext: edit {directory / 'zones'}, then `reconcile validate {directory}`.")


def validate(
    directory: Annotated[Path, typer.Argument(help="The repository that holds zones/.")] = HERE,
    form: Format = TextOrJson.TEXT,
) -> None:
    """Check the desired state: schema and meaning, with file, line, column and a hint."""
    loaded = load_portfolio(directory)
    if form is TextOrJson.JSON:
        print_json(validate_json(loaded))
    else:
        show(loaded.diagnostics)
        say(f"{loaded.zones} zones, {'valid' if loaded.ok else 'not valid'}")
    raise typer.Exit(ExitCode.OK if loaded.ok else ExitCode.ERROR)
