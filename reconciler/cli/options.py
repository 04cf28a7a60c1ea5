"""Options that several commands share, each with one spelling and one help text."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.model.desired import DesiredZone, Portfolio
from reconciler.spec.names import BadNameError, zone_name


class TextOrJson(StrEnum):
    """For people, or for programs."""

    TEXT = "text"
    JSON = "json"


class PlanFormat(StrEnum):
    """How a plan is shown."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"
    SVG = "svg"


Root = Annotated[Path, typer.Option("--repo", "-C", help="The repository that holds `zones/`.")]
Zones = Annotated[list[str] | None, typer.Argument(help="Zones to work on; none means all.")]
Format = Annotated[TextOrJson, typer.Option("--format", help="For people, or for programs.")]
Detailed = Annotated[
    bool,
    typer.Option(
        "--detailed-exitcode",
        help="Exit 2 for changes, 3 waiting, 4 not approved, 6 lost race, 9 frozen.",
    ),
]
HERE = Path()


def chosen(portfolio: Portfolio, names: list[str] | None) -> list[DesiredZone]:
    """Return the zones that were named, in the order of the portfolio; none named means all."""
    if not names:
        return [portfolio.zones[name] for name in sorted(portfolio.zones)]
    wanted = {_known(portfolio, name) for name in names}
    return [portfolio.zones[name] for name in sorted(wanted)]


def _known(portfolio: Portfolio, name: str) -> str:
    try:
        zone = zone_name(name)
    except BadNameError as error:
        raise SpecError(_unknown(name, str(error))) from error
    if zone not in portfolio.zones:
        raise SpecError(_unknown(name, "the portfolio has no such zone"))
    return zone


def _unknown(name: str, why: str) -> Diagnostic:
    return Diagnostic(
        code="unknown-zone",
        summary=f"{name}: {why}",
        hint="`reconcile validate` lists what is in zones/; a zone is a file there",
    )
