"""`reconcile rehearse`: a plan carried out in a sandbox like its zone, before anyone touches it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.files import read_file
from reconciler.cli.options import HERE, Format, Root, TextOrJson
from reconciler.cli.output import complain, console, print_json, say
from reconciler.cli.planning import plan_offline
from reconciler.demo.likeness import Unlike, likeness
from reconciler.demo.rehearsal import rehearse as rehearse_plan
from reconciler.demo.rehearsal_seen import Rehearsed
from reconciler.demo.rehearsal_show import print_rehearsed, rehearsed_json
from reconciler.diagnostics import (
    AdapterError,
    Diagnostic,
    ExitCode,
    ReconcileError,
    Severity,
    SpecError,
    VerificationError,
)
from reconciler.model.entries import Json
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Proved, Status, Verdict, ZonePlan
from reconciler.model.results import worst
from reconciler.proof import explain, prove
from reconciler.spec.names import BadNameError, zone_name
from reconciler.spec.plan_file import load_plan, plan_file_problem

PARENT_DELAY_MAX = 864000
"""The longest that the sandbox's parent by hand takes (model/capabilities: processing_max)."""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("rehearse")(rehearse)


def rehearse(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PLAN] [ZONE]...", help="A plan file; zones, none means all."),
    ] = None,
    root: Root = HERE,
    observed: Annotated[Path | None, typer.Option(help="Plan from a file, offline.")] = None,
    form: Format = TextOrJson.TEXT,
    parent_delay: Annotated[
        int,
        typer.Option(
            min=0, max=PARENT_DELAY_MAX, metavar="SECONDS", help="The parent publishes so late."
        ),
    ] = 0,
    even_if_unproved: Annotated[
        bool, typer.Option("--even-if-unproved", help="Rehearse plans that the proof refuses too.")
    ] = False,
) -> None:
    """Carry out a plan in a sandbox like its zone, in virtual time, under the judges' eyes.

    Without PLAN it is planned first. Real signers and parents are never told anything.
    """
    file, names = _targets(targets or [])
    plans, seen = _plans(file, names, root, observed, trusting=even_if_unproved)
    found: dict[str, Json] = {}
    codes = []
    for name, plan in plans.items():
        rehearsal = _Rehearsal(plan, seen.get(name), parent_delay, even_if_unproved)
        code, told = rehearsal.run(people=form is TextOrJson.TEXT)
        found[name] = told
        codes.append(code)
    if form is TextOrJson.JSON:
        print_json({"zones": found})
    elif not plans:
        say("there is no plan of any zone to rehearse")
    raise typer.Exit(worst(codes, detailed=True))


def _targets(targets: list[str]) -> tuple[Path | None, list[str]]:
    """Return the plan file, which comes first where there is one, and the zones."""
    first = Path(targets[0]) if targets else None
    if first is not None and (first.is_file() or first.suffix == ".json"):
        return first, targets[1:]
    return None, targets


_Plans = tuple[Mapping[str, ZonePlan], Mapping[str, ObservedZone]]


def _plans(
    file: Path | None, names: list[str], root: Path, observed: Path | None, *, trusting: bool
) -> _Plans:
    if file is not None:
        return _from_file(file, names, trusting=trusting), {}
    if observed is not None:
        seen, plans, _ = plan_offline(root, names, observed)
        return plans, seen
    from reconciler.cli.observing import plan_live  # noqa: PLC0415 (sockets and git only for this)

    seen, plans, _ = plan_live(root, names)
    return plans, seen


def _from_file(file: Path, names: list[str], *, trusting: bool) -> Mapping[str, ZonePlan]:
    """Return the plans of a file, which must be as it was written unless that is waived."""
    data = read_file(file)
    bundle = load_plan(data, str(file))
    problem = plan_file_problem(data, str(file))
    if problem and bundle.plan_digest:
        if not trusting:
            raise VerificationError(problem)
        complain((problem,))
    if not names:
        return bundle.zones
    wanted = [_known(bundle.zones, name, file) for name in names]
    return {name: bundle.zones[name] for name in wanted}


def _known(zones: Mapping[str, ZonePlan], name: str, file: Path) -> str:
    try:
        zone = zone_name(name)
    except BadNameError as error:
        raise SpecError(_no_such(name, str(error), file)) from error
    if zone not in zones:
        raise SpecError(_no_such(name, "the file holds no plan of it", file))
    return zone


def _no_such(name: str, why: str, file: Path) -> Diagnostic:
    return Diagnostic(
        code="unknown-zone",
        summary=f"{name}: {why}",
        file=str(file),
        hint="`reconcile show FILE` lists its zones",
    )


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    plan: ZonePlan
    observed: ObservedZone | None
    parent_delay: int
    even_if_unproved: bool

    def run(self, *, people: bool) -> tuple[ExitCode, Json]:
        """Rehearse one zone, tell people as it goes, and return what programs are told."""
        if not self.plan.steps or self.plan.timeline is None:
            return self._nothing(people=people)
        verdict = prove(self.plan.steps, self.plan.timeline)
        if not isinstance(verdict, Proved):
            complain((self._not_proved(verdict),))
            if not self.even_if_unproved:
                return ExitCode.VERIFICATION_FAILED, {"status": "not-proved", "why": verdict.why}
        try:
            found = self._play(verdict)
        except (AdapterError, SpecError) as error:
            found = Unlike(why=tuple(_sentences(error)))
        if isinstance(found, Unlike):
            complain((self._unlike(found),))
            return ExitCode.BLOCKED, {"status": "not-rehearsed", "why": list(found.why)}
        if people:
            print_rehearsed(console(), self.plan, found)
        code = ExitCode.OK if found.good else ExitCode.VERIFICATION_FAILED
        return code, dict(rehearsed_json(found))

    def _play(self, verdict: Verdict) -> Rehearsed | Unlike:
        assert self.plan.timeline is not None, "asked before"  # noqa: S101  (invariant)
        like = likeness(
            self.plan.zone,
            self.plan.steps,
            self.plan.timeline,
            self.observed,
            parent_delay=self.parent_delay,
        )
        if isinstance(like, Unlike):
            return like
        with tempfile.TemporaryDirectory(prefix="reconcile-rehearsal-") as folder:
            return rehearse_plan(self.plan, like, verdict, Path(folder))

    def _nothing(self, *, people: bool) -> tuple[ExitCode, Json]:
        quiet = self.plan.status is Status.NO_CHANGE
        if people:
            why = "as desired" if quiet else f"{self.plan.status}, as `reconcile plan` explains"
            say(f"{self.plan.zone}: nothing to rehearse, it is {why}")
        code = ExitCode.OK if quiet else ExitCode.BLOCKED
        return code, {"status": "nothing-to-rehearse", "why": self.plan.status.value}

    def _not_proved(self, verdict: Verdict) -> Diagnostic:
        go_on = self.even_if_unproved
        return Diagnostic(
            severity=Severity.WARNING if go_on else Severity.ERROR,
            code="not-proved",
            summary="the proof does not accept this plan",
            detail=explain(verdict),
            where=self.plan.zone,
            hint="" if go_on else "see what happens all the same with `--even-if-unproved`",
        )

    def _unlike(self, found: Unlike) -> Diagnostic:
        return Diagnostic(
            code="cannot-rehearse",
            summary="the sandbox cannot be made like this zone",
            detail="; ".join(found.why),
            where=self.plan.zone,
            hint="rely on its proof, which covers every delay: `reconcile verify`",
        )


def _sentences(error: ReconcileError) -> Iterator[str]:
    return (finding.summary for finding in error.diagnostics)
