"""Findings for people, for programs and for GitHub's annotations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.entries import Json
from reconciler.report.console import visible

_STYLES = {
    Severity.INFO: "cyan",
    Severity.NOTICE: "cyan",
    Severity.WARNING: "yellow",
    Severity.ERROR: "bold red",
    Severity.CRITICAL: "bold white on red",
}
_ANNOTATIONS = {
    Severity.INFO: "notice",
    Severity.NOTICE: "notice",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
    Severity.CRITICAL: "error",
}


def print_diagnostics(console: Console, diagnostics: Sequence[Diagnostic]) -> None:
    """Print each finding: severity, code, place and summary, then detail and hint."""
    for diagnostic in diagnostics:
        console.print(_text(diagnostic), soft_wrap=True)


def _text(diagnostic: Diagnostic) -> Text:
    style = _STYLES[diagnostic.severity]
    location = visible(diagnostic.location())
    text = Text(f"{diagnostic.severity}[{visible(diagnostic.code)}]", style=style)
    text.append(f" {location}: " if location else " ", style="default")
    text.append(visible(diagnostic.summary), style="default bold")
    for line in _lines(diagnostic.detail):
        text.append(f"\n  {visible(line)}", style="default")
    if diagnostic.hint:
        text.append("\n  hint: ", style="green")
        text.append(visible(diagnostic.hint), style="default")
    return text


def _lines(text: str) -> list[str]:
    """Return the lines that say something: others' words, such as git's, come in several."""
    return [line for line in text.split("\n") if line.strip()]


def diagnostics_json(diagnostics: Iterable[Diagnostic]) -> list[Json]:
    """Return findings for programs; `where` names what is no place in a file."""
    return [
        {
            "severity": diagnostic.severity.value,
            "code": diagnostic.code,
            "file": diagnostic.file,
            "line": diagnostic.line,
            "column": diagnostic.column,
            "where": diagnostic.where,
            "summary": diagnostic.summary,
            "detail": diagnostic.detail,
            "hint": diagnostic.hint,
        }
        for diagnostic in diagnostics
    ]


def github_annotations(diagnostics: Iterable[Diagnostic]) -> str:
    """Return findings as workflow commands, one to a line, that GitHub shows beside the file."""
    return "".join(f"{_annotation(diagnostic)}\n" for diagnostic in diagnostics)


def _annotation(diagnostic: Diagnostic) -> str:
    properties = {
        "file": diagnostic.file,
        "line": diagnostic.line,
        "col": diagnostic.column,
        "title": diagnostic.code,
    }
    named = ",".join(
        f"{name}={_property(str(value))}" for name, value in properties.items() if value is not None
    )
    place = f"{diagnostic.where}: " if diagnostic.where and diagnostic.file is None else ""
    lines = (f"{place}{diagnostic.summary}", *_lines(diagnostic.detail), diagnostic.hint)
    message = "\n".join(visible(line) for line in lines if line)
    return f"::{_ANNOTATIONS[diagnostic.severity]} {named}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
