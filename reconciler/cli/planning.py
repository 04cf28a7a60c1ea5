"""`reconcile plan`: read-only by construction."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.collecting import no_collection
from reconciler.cli.files import read_file, write_file
from reconciler.cli.options import (
    HERE,
    Detailed,
    PlanFormat,
    Root,
    Zones,
    chosen,
)
from reconciler.cli.output import complain, console, say
from reconciler.cli.progress import steps_of
from reconciler.diagnostics import Diagnostic, ExitCode, SpecError
from reconciler.execute.memo import Situations
from reconciler.execute.propose import bundled
from reconciler.model.capabilities import PARENT_KINDS, SIGNER_KINDS
from reconciler.model.desired import Portfolio
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Plan, Status, ZonePlan
from reconciler.proof import prove
from reconciler.report.plan_html import plan_html
from reconciler.report.plan_markdown import plan_markdown
from reconciler.report.plan_svg import plan_svg
from reconciler.report.plan_text import print_plan
from reconciler.spec.load import load_valid
from reconciler.spec.observed_file import dump_observed, load_observed
from reconciler.spec.observed_wire import AdapterDefaults
from reconciler.spec.plan_file import dump_plan, plan_file_text


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("plan")(plan)


def plan(
    zones: Zones = None,
    root: Root = HERE,
    form: Annotated[PlanFormat, typer.Option("--format")] = PlanFormat.TEXT,
    out: Annotated[Path | None, typer.Option(help="Write the plan to this file.")] = None,
    observed: Annotated[Path | None, typer.Option(help="Plan from a file, offline.")] = None,
    save_observed: Annotated[Path | None, typer.Option(help="Keep the planner's input.")] = None,
    detailed: Detailed = False,
) -> None:
    """Observe, plan and prove. Nothing is changed anywhere."""
    found = plan_offline(root, zones, observed) if observed else _live(root, zones)
    seen, plans, complete = found
    if save_observed:
        write_file(save_observed, dump_observed(seen))
    bundle = Plan(zones=plans) if form is PlanFormat.TEXT and not out else bundled(plans)
    if out:
        write_file(out, dump_plan(bundle))
    present(bundle, form)
    raise typer.Exit(_code(bundle, detailed=detailed) if complete else ExitCode.ERROR)


_Found = tuple[Mapping[str, ObservedZone], Mapping[str, ZonePlan], bool]
"""What was seen, what was planned from it, and whether that is all that was asked for."""


def _live(root: Path, names: list[str] | None) -> _Found:
    """Plan from what every server serves now."""
    from reconciler.cli.observing import plan_live  # noqa: PLC0415 (sockets and git only for this)

    return plan_live(root, names)


def plan_offline(root: Path, names: list[str] | None, path: Path) -> _Found:
    """Plan from a file: no network, no ledger."""
    with no_collection():
        return _from_file(root, names, path)


def _from_file(root: Path, names: list[str] | None, path: Path) -> _Found:
    portfolio = load_valid(root)
    file = load_observed(read_file(path), str(path), _defaults(portfolio))
    complain(file.diagnostics)
    wanted = [z for z in chosen(portfolio, names) if names or z.zone in file.zones]
    missing = [z.zone for z in wanted if z.zone not in file.zones]
    if missing or not wanted:
        raise SpecError(_not_in_file(path, missing))
    situations = Situations(portfolio, prove)
    plans = {}
    for desired in steps_of(wanted, "planning"):
        plans[desired.zone] = situations.propose(desired, file.zones[desired.zone])
    return {name: file.zones[name] for name in plans}, plans, True


def _defaults(portfolio: Portfolio) -> AdapterDefaults:
    """Return the capabilities of the adapters that the portfolio names."""
    signers = {n: SIGNER_KINDS[s.kind].capabilities for n, s in portfolio.signers.items()}
    parents = {
        name: PARENT_KINDS[portfolio.parents[zone.parent].kind].capabilities
        for name, zone in portfolio.zones.items()
    }
    return AdapterDefaults(signers=signers, parents=parents)


def _not_in_file(path: Path, missing: list[str]) -> Diagnostic:
    return Diagnostic(
        code="not-observed",
        summary=f"the file holds no observation of {', '.join(missing) or 'any desired zone'}",
        file=str(path),
        hint="write one with `reconcile plan --save-observed FILE`",
    )


def present(bundle: Plan, form: PlanFormat) -> None:
    """Print a plan in one of its forms."""
    match form:
        case PlanFormat.TEXT:
            print_plan(console(), bundle)
        case PlanFormat.JSON:
            sys.stdout.writelines(plan_file_text(bundle))
        case PlanFormat.MARKDOWN:
            say(plan_markdown(bundle))
        case PlanFormat.HTML:
            say(plan_html(bundle))
        case PlanFormat.SVG:
            typer.echo(plan_svg(bundle), nl=False)


def _code(bundle: Plan, *, detailed: bool) -> ExitCode:
    found = {zone.status for zone in bundle.zones.values()}
    if found & {Status.NO_SAFE_PATH, Status.BLOCKED}:
        return ExitCode.BLOCKED
    return ExitCode.CHANGES if detailed and Status.PLANNED in found else ExitCode.OK
