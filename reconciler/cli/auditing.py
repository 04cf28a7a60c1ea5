"""`reconcile audit verify`, `log` and `export`: the record, for those who have only git."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import PydanticCustomError

from reconciler.audit.verify import Demands
from reconciler.audit.verify import audit as judge
from reconciler.cli.collecting import no_collection
from reconciler.cli.options import HERE, Format, Root, TextOrJson
from reconciler.cli.output import console, print_json, say, show
from reconciler.clock import SystemClock
from reconciler.diagnostics import Diagnostic, ExitCode, LedgerError, SpecError
from reconciler.governance.people import normal
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.home import open_ledger
from reconciler.ledger.reading import read_files
from reconciler.ledger.record import open_record
from reconciler.ledger.refusals import without_credentials
from reconciler.ledger.witness import witness_findings, witness_tip
from reconciler.model.desired import LedgerHome
from reconciler.model.entries import Actor, ActorKind, Entry, Json
from reconciler.report.diagnostics import diagnostics_json
from reconciler.report.ledger_export import csv_lines
from reconciler.report.ledger_story import person_of, print_story, story_json
from reconciler.spec.canonical import canonical
from reconciler.spec.fields import positive_seconds
from reconciler.spec.load import load_portfolio
from reconciler.spec.names import BadNameError, zone_name

auditing = typer.Typer(help="The record: verify it, read it, export it.", no_args_is_help=True)
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_SHOWN = 100
"""Findings shown as text; the first tell enough, and JSON holds them all."""
_AUDITOR = Actor(kind=ActorKind.PERSON, id="auditor")
Offline = Annotated[
    bool, typer.Option("--offline", help="Look at what this clone holds, and ask no remote.")
]


class ExportFormat(StrEnum):
    """How the ledger is exported."""

    CSV = "csv"
    JSONL = "jsonl"


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.add_typer(auditing, name="audit")


@auditing.command()
def verify(
    root: Root = HERE,
    begins: Annotated[
        str | None, typer.Option("--root", metavar="OID", help="The first commit, as you know it.")
    ] = None,
    witness: Annotated[
        str | None, typer.Option(help="A remote that was given the ledger and would remember.")
    ] = None,
    heartbeat: Annotated[
        str | None, typer.Option(help="The longest time without an entry, such as `48h`.")
    ] = None,
    offline: Offline = False,
    form: Format = TextOrJson.TEXT,
) -> None:
    """Check that the record is whole and that every step in it was allowed; exit 8 if not."""
    home = _home(root, offline=offline)
    demands = Demands(root=_oid(begins), silence=_span(heartbeat), now=SystemClock().now())
    asked = witness or home.witness
    ledger = open_ledger(root, home, _AUDITOR)
    there = witness_tip(ledger.git, asked, home.branch) if asked else None
    tip = _tip(ledger, root)
    with open_record(ledger.git, tip) as record, no_collection():
        found = judge(record, demands)
    seen = tuple(witness_findings(ledger.git, tip, there, asked)) if asked else ()
    findings = (*seen, *found.findings)
    told = without_credentials(asked) if asked else None
    if form is TextOrJson.JSON:
        print_json(
            {
                "ok": not findings,
                "entries": found.entries,
                "root": found.root,
                "tip": tip,
                "witness": told,
                "findings": diagnostics_json(findings),
            }
        )
    else:
        beside = f"; witness {told}" if told else ""
        _tell(findings, found.entries, f"first commit {found.root}, last {tip}{beside}")
    raise typer.Exit(ExitCode.VERIFICATION_FAILED if findings else ExitCode.OK)


def _tell(findings: tuple[Diagnostic, ...], entries: int, span: str) -> None:
    show(findings[:_SHOWN])
    if len(findings) > _SHOWN:
        say(f"... and {len(findings) - _SHOWN} more: see `--format json`")
    count = "1 finding" if len(findings) == 1 else f"{len(findings)} findings"
    say(f"{entries} entries, {count if findings else 'whole'}; {span}")


@auditing.command()
def log(
    zone: Annotated[str | None, typer.Argument(help="One zone; left out: all.")] = None,
    root: Root = HERE,
    since: Annotated[datetime | None, typer.Option(help="From this instant on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Before this instant, UTC.")] = None,
    person: Annotated[str | None, typer.Option(help="Only what this person did.")] = None,
    offline: Offline = False,
    form: Format = TextOrJson.TEXT,
) -> None:
    """Tell what happened, entry by entry."""
    ledger = open_ledger(root, _home(root, offline=offline), _AUDITOR)
    _tip(ledger, root)
    wanted = _Choice(zone=_named(zone), since=since, until=until, person=person)
    found = (entry for entry in ledger.entries() if wanted.holds(entry))
    if form is TextOrJson.JSON:
        say(json.dumps([story_json(entry) for entry in found], indent=2))
        return
    out = console()
    for entry in found:
        print_story(out, entry)


@auditing.command()
def export(
    root: Root = HERE,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="A table, or entries as they are recorded.")
    ] = ExportFormat.JSONL,
    offline: Offline = False,
) -> None:
    """Print every entry for other programs."""
    ledger = open_ledger(root, _home(root, offline=offline), _AUDITOR)
    tip = _tip(ledger, root)
    lines = csv_lines(ledger.entries()) if form is ExportFormat.CSV else _as_recorded(ledger, tip)
    for line in lines:
        typer.echo(line, nl=False)


def _as_recorded(ledger: GitLedger, tip: str) -> Iterator[str]:
    for _, data in read_files(ledger.git, tip):
        value: Json = json.loads(data)
        yield f"{canonical(value).decode()}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Choice:
    """Which entries are told; None chooses all. Instants are half-open, in UTC."""

    zone: str | None
    since: datetime | None
    until: datetime | None
    person: str | None

    def holds(self, entry: Entry) -> bool:
        return (
            self.zone in {None, entry.draft.zone}
            and (self.since is None or entry.at >= self.since.replace(tzinfo=UTC))
            and (self.until is None or entry.at < self.until.replace(tzinfo=UTC))
            and (self.person is None or normal(self.person) in _everybody(entry))
        )


def _everybody(entry: Entry) -> Iterable[str]:
    """Return who is named by an entry: whose word it is, who acted, and who wrote the change."""
    authors = entry.draft.data.get("authors")
    named = [name for name in authors if isinstance(name, str)] if isinstance(authors, list) else []
    return {normal(name) for name in (person_of(entry) or "", entry.actor.id, *named)}


def _home(root: Path, *, offline: bool) -> LedgerHome:
    """Return where the portfolio says the ledger is; without one that can be read, or offline, it
    is the branch of this repository.
    """
    portfolio = load_portfolio(root).portfolio
    home = portfolio.ledger if portfolio else LedgerHome()
    return LedgerHome(branch=home.branch) if offline else home


def _tip(ledger: GitLedger, root: Path) -> str:
    """Return the tip of a ledger; LedgerError where there is none."""
    tip = ledger.refresh()
    if tip is None:
        raise LedgerError(
            Diagnostic(
                code="no-ledger",
                summary=f"there is no branch {ledger.branch} here, so there is nothing to audit",
                hint=f"in a clone, `git fetch origin {ledger.branch}:{ledger.branch}` brings it",
                where=str(root),
            )
        )
    return tip


def _oid(text: str | None) -> str | None:
    if text is not None and not _COMMIT.fullmatch(text.lower()):
        raise SpecError(_wrong(f"`{text[:80]}` is no full commit id", "give all of its digits"))
    return text


def _span(text: str | None) -> timedelta | None:
    try:
        return None if text is None else timedelta(seconds=positive_seconds(text))
    except PydanticCustomError as error:
        context = error.context or {}
        raise SpecError(_wrong(str(context.get("why")), str(context.get("hint")))) from None


def _named(zone: str | None) -> str | None:
    try:
        return None if zone is None else zone_name(zone)
    except BadNameError as error:
        raise SpecError(_wrong(f"{zone}: {error}", "write it like `example.com`")) from error


def _wrong(summary: str, hint: str) -> Diagnostic:
    return Diagnostic(code="usage", summary=summary, hint=hint)
