"""Consoles for people, and text that cannot play tricks on them."""

from __future__ import annotations

import unicodedata
from typing import TextIO

from rich.console import Console

_PIPE_WIDTH = 100
"""Columns of a table that nobody watches on a terminal: what a file or a log shows well."""
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that a reader cannot see, or that move what he sees."""


def make_console(file: TextIO, *, no_color: bool) -> Console:
    """Return a console for `file`: colour on terminals only, and never with `no_color`.

    Callers pass `no_color` where the environment has a non-empty `NO_COLOR` (no-color.org).
    """
    width = None if file.isatty() else _PIPE_WIDTH
    return Console(
        file=file, no_color=no_color, width=width, highlight=False, markup=False, emoji=False
    )


def visible(text: str) -> str:
    """Return `text` on one line with control and invisible characters written as escapes.

    Names and reasons come from people who may be hostile: an escape sequence, a line break or a
    change of writing direction must not reach a terminal, a comment or a page.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) if unicodedata.category(c) in _HIDDEN else c for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()
