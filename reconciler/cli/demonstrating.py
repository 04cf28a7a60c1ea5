"""`reconcile demo`: the whole story, on the embedded world."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.options import Format, TextOrJson
from reconciler.cli.output import console, print_json, say
from reconciler.demo.report_html import demo_html
from reconciler.demo.show import caught_json, print_caught, print_played, print_table, stories_json
from reconciler.demo.stage import build, open_stage, require_empty
from reconciler.demo.stories import STORIES
from reconciler.demo.unsafe import cut_each_wait
from reconciler.diagnostics import ExitCode


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("demo")(demo)


def demo(
    directory: Annotated[Path, typer.Argument(help="Where to leave the repository.")] = Path(
        "reconcile-demo"
    ),
    form: Format = TextOrJson.TEXT,
    unsafe: Annotated[
        bool, typer.Option("--unsafe", help="Cut each wait by one second; the judges must object.")
    ] = False,
) -> None:
    """Sign a zone, roll its keys, turn DNSSEC off, all by plan, approval and apply."""
    code = _unsafe(form) if unsafe else _safe(directory, form)
    raise typer.Exit(code)


def _safe(directory: Path, form: TextOrJson) -> ExitCode:
    require_empty(directory)
    people = form is TextOrJson.TEXT
    out = console()
    build(directory)
    played = []
    with open_stage(directory) as stage:
        for story in STORIES:
            told = print_played(out, story, stage) if people else (lambda _: None)
            played.append(stage.play(story, told))
        history = stage.repository.story()
    report = directory / "report.html"
    report.write_text(demo_html(played, history), encoding="utf-8")
    if people:
        print_table(out, played)
        say(f"\nthe repository is in {directory}: try `git -C {directory} log reconcile/log`,")
        say(f"`reconcile status -C {directory}`, and open {report} in a browser")
    else:
        print_json({"stories": stories_json(played)})
    good = all(not p.bogus and not p.insecure_unasked for p in played)
    return ExitCode.OK if good else ExitCode.VERIFICATION_FAILED


def _unsafe(form: TextOrJson) -> ExitCode:
    """Show that the judges can say no: a wait that is cut and not caught is the worst outcome."""
    out = console()
    with tempfile.TemporaryDirectory(prefix="reconcile-unsafe-") as folder:
        found = []
        for caught in cut_each_wait(Path(folder) / "stages"):
            found.append(caught)
            if form is TextOrJson.TEXT:
                print_caught(out, caught)
    if form is TextOrJson.JSON:
        print_json({"waits": caught_json(found)})
    missed = [c for c in found if not c.bogus]
    if form is TextOrJson.TEXT:
        say(f"\n{len(found)} waits cut by one second, {len(found) - len(missed)} caught as bogus")
    return ExitCode.ERROR if missed else ExitCode.VERIFICATION_FAILED
