"""Progress on a terminal for work that takes a while; silence everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

from rich.progress import track

from reconciler.cli.output import console

T = TypeVar("T")

_WORTH_IT = 20
"""Fewer items than this are done before a bar can be read."""


def steps_of(items: Sequence[T], what: str) -> Iterable[T]:
    """Yield `items`, with a progress bar on stderr where a person is watching."""
    if len(items) < _WORTH_IT or not sys.stderr.isatty():
        return items
    return track(items, description=what, console=console(sys.stderr), transient=True)
