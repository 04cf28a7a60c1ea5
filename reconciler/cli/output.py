"""What commands print: findings to people on stderr, results on stdout, JSON to programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import TextIO

import typer
from rich.console import Console

from reconciler.diagnostics import Diagnostic
from reconciler.report.console import make_console
from reconciler.report.diagnostics import print_diagnostics


def console(file: TextIO | None = None) -> Console:
    """Return a console for `file` (stdout), in colour only where a person looks at it."""
    return make_console(file or sys.stdout, no_color=bool(os.environ.get("NO_COLOR")))


def say(text: str) -> None:
    """Print one line as it is."""
    typer.echo(text)


def show(diagnostics: Sequence[Diagnostic]) -> None:
    """Print findings where results go."""
    print_diagnostics(console(), diagnostics)


def complain(diagnostics: Sequence[Diagnostic]) -> None:
    """Print findings where errors go."""
    print_diagnostics(console(sys.stderr), diagnostics)


def print_json(value: object) -> None:
    """Print a value for programs."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False))
