"""`reconcile init` and `reconcile validate`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, assert_never

import typer

from reconciler import __version__
from reconciler.cli.options import HERE
from reconciler.cli.output import print_json, say, show
from reconciler.diagnostics import Diagnostic, ExitCode
from reconciler.report.diagnostics import github_annotations
from reconciler.report.sarif import sarif
from reconciler.spec.load import Loaded, load_portfolio, validate_json
from reconciler.spec.scaffold import scaffold


class FindingsFormat(StrEnum):
    """How findings are shown."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("init")(init)
    app.command("validate")(validate)


def init(
    directory: Annotated[Path, typer.Argument(help="Where the portfolio shall be.")] = HERE,
    zone: Annotated[
        str, typer.Option(help="The first zone; the default is one that the sandbox has.")
    ] = "shop.example",
) -> None:
    """Scaffold a portfolio: zones/, workflows, CODEOWNERS. Nothing that exists is overwritten."""
    for path in scaffold(directory, zone=zone):
        say(f"wrote {path}")
    say(f"\nNext, in {directory}:")
    say("  reconcile validate                       after every change of zones/")
    say("  git init && git add . && git commit      the ledger lives in this repository")
    say("  reconcile sandbox create build/world     a DNS world to try it on")
    say("  reconcile plan                           what would be done, and why it is safe")


def validate(
    directory: Annotated[Path, typer.Argument(help="The repository that holds zones/.")] = HERE,
    form: Annotated[
        FindingsFormat, typer.Option("--format", help="For people, programs, or CI services.")
    ] = FindingsFormat.TEXT,
) -> None:
    """Check the desired state: schema and meaning, with file, line, column and a hint."""
    loaded = load_portfolio(directory)
    match form:
        case FindingsFormat.TEXT:
            show(loaded.diagnostics)
            zones = "1 zone" if loaded.zones == 1 else f"{loaded.zones} zones"
            say(f"{zones}, {'valid' if loaded.ok else 'not valid'}")
        case FindingsFormat.JSON:
            print_json(validate_json(loaded))
        case FindingsFormat.GITHUB:
            typer.echo(github_annotations(_from_here(loaded, directory)), nl=False)
        case FindingsFormat.SARIF:
            print_json(sarif(_from_here(loaded, directory), __version__))
        case _:
            assert_never(form)
    raise typer.Exit(ExitCode.OK if loaded.ok else ExitCode.ERROR)


def _from_here(loaded: Loaded, directory: Path) -> Iterator[Diagnostic]:
    """Yield the findings with files named from the current directory, as CI services want them."""
    root = directory if (directory / "zones").is_dir() else directory.parent
    for finding in loaded.diagnostics:
        file = None if finding.file is None else (root / finding.file).as_posix()
        yield replace(finding, file=file)
