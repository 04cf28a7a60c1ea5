"""`reconcile show` and `reconcile verify`: a plan file, read by somebody who did not make it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from reconciler.audit.contradictions import contradictions, left_out
from reconciler.cli.explaining import explain_step
from reconciler.cli.files import read_file
from reconciler.cli.options import HERE, Format, PlanFormat, Root, TextOrJson
from reconciler.cli.output import complain, print_json, say
from reconciler.cli.planning import present
from reconciler.diagnostics import Diagnostic, ExitCode, Severity
from reconciler.model.plan import Malformed, Plan, Proved, Refuted, Status, Verdict, ZonePlan
from reconciler.proof import explain, prove
from reconciler.spec.load import load_portfolio
from reconciler.spec.plan_file import (
    derived_problems,
    is_example,
    load_plan,
    plan_file_problem,
)

PlanFile = Annotated[Path, typer.Argument(help="A plan file.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("show")(show)
    app.command("verify")(verify)


def show(
    file: PlanFile,
    root: Root = HERE,
    form: Annotated[PlanFormat, typer.Option("--format")] = PlanFormat.TEXT,
    explained: Annotated[
        str | None,
        typer.Option("--explain", metavar="STEP", help="Tell why a step is there, and why then."),
    ] = None,
) -> None:
    """Render a plan file, and say whether it is intact and still the plan of its zones."""
    data = read_file(file)
    bundle = load_plan(data, str(file))
    if explained is None:
        present(bundle, form)
    else:
        explain_step(bundle, explained, json=form is PlanFormat.JSON)
    problem = _damage(data, bundle, file)
    stale = _staleness(bundle, root)
    complain((*((problem,) if problem else ()), *stale))
    if problem and bundle.plan_digest:
        raise typer.Exit(ExitCode.VERIFICATION_FAILED)
    raise typer.Exit(ExitCode.STALE if stale else ExitCode.OK)


def _damage(data: bytes, bundle: Plan, file: Path) -> Diagnostic | None:
    """Return that the file was changed, or, as a warning, that nobody can tell."""
    problem = plan_file_problem(data, str(file))
    if problem is None or bundle.plan_digest:
        return problem
    return replace(problem, severity=Severity.WARNING)


def _staleness(bundle: Plan, root: Path) -> tuple[Diagnostic, ...]:
    portfolio = load_portfolio(root).portfolio
    if portfolio is None:
        return ()
    from reconciler.cli.staleness import stale_plans  # noqa: PLC0415 (git only for this)

    return stale_plans(bundle, portfolio, root)


def verify(file: PlanFile, form: Format = TextOrJson.TEXT) -> None:
    """Repeat the proof of a plan from its file alone, and say how much slack each wait has.

    What the file says twice must agree: the proof it states, the observation it was made from, the
    digest that people approve, times, key tags, DS records.
    """
    data = read_file(file)
    bundle = load_plan(data, str(file))
    problem = _damage(data, bundle, file)
    drawn = is_example(data, str(file))
    verdicts = {name: _verdict(zone, drawn=drawn) for name, zone in bundle.zones.items()}
    against = {
        name: (*(() if drawn else left_out(zone)), *contradictions(zone, verdicts[name]))
        for name, zone in bundle.zones.items()
    }
    told = [*derived_problems(data, str(file)), *_told(against, file)]
    intact = problem is None if bundle.plan_digest else None
    good = all(verdict is None or isinstance(verdict, Proved) for verdict in verdicts.values())
    ok = good and bool(verdicts) and intact is not False and not told
    complain((*((problem,) if problem else ()), *told))
    if form is TextOrJson.JSON:
        zones = {
            name: {**_verdict_json(verdict), "contradictions": against[name]}
            for name, verdict in verdicts.items()
        }
        print_json({"ok": ok, "intact": intact, "example": drawn, "zones": zones})
    else:
        _print_verdicts(verdicts, ok=ok, drawn=drawn)
    raise typer.Exit(ExitCode.OK if ok else ExitCode.VERIFICATION_FAILED)


def _told(against: Mapping[str, Sequence[str]], file: Path) -> Iterator[Diagnostic]:
    for name, clauses in against.items():
        for clause in clauses:
            yield Diagnostic(
                code="plan-contradicts-itself",
                summary=f"{name} {clause}",
                file=str(file),
                hint="make a new plan with `reconcile plan --out FILE`",
            )


def _verdict(zone: ZonePlan, *, drawn: bool) -> Verdict | None:
    """Return what the proof says of one zone; None where nothing is changed."""
    if zone.steps and zone.timeline is not None:
        return prove(zone.steps, zone.timeline, example=drawn)
    if zone.steps:
        return Malformed(why="the file holds no timeline beside the steps")
    if zone.status is Status.PLANNED:
        return Malformed(why="the file says that a change is planned, and holds no steps")
    return None


def _verdict_json(verdict: Verdict | None) -> Mapping[str, object]:
    match verdict:
        case None:
            return {"verdict": "nothing-to-prove", "text": ""}
        case Proved():
            name = "proved"
        case Refuted():
            name = "refuted"
        case Malformed():
            name = "malformed"
    return {"verdict": name, "text": explain(verdict)}


def _print_verdicts(verdicts: Mapping[str, Verdict | None], *, ok: bool, drawn: bool) -> None:
    for name, verdict in verdicts.items():
        told = "Nothing is changed, so there is nothing to prove."
        say(f"{name}\n{told if verdict is None else explain(verdict)}\n")
    if not verdicts:
        say("the file holds no plan of any zone")
    if drawn and ok:
        say("An example, not a plan: nothing says what it was made from, or what was asked for.")
    say("verified" if ok else "NOT verified")
