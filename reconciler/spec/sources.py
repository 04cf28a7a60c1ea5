"""Findings that point at the value of a file they are about."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.spec.yaml_nodes import Node
from reconciler.spec.yaml_problems import Place, shortened

Path = tuple[str | int, ...]

SUGGESTIONS = 200
"""Different misspelled words that are compared with all known names in one run: comparing is slow,
and a portfolio of 10,000 zones that all name an unknown owner must still answer at once."""


@dataclass(frozen=True, slots=True)
class Source:
    """One parsed file: its name as shown to people, and its nodes."""

    file: str
    root: Node

    def place(self, path: Iterable[str | int], *, key: bool = False) -> Place:
        """Return where the value at `path` begins, or with `key` where its key does.

        What does not exist is skipped: a missing field has the place of its mapping.
        """
        node, place = self.root, self.root.place
        for step in path:
            child = node.children.get(step)
            if child is None:
                continue
            place = node.keys.get(str(step), child.place) if key else child.place
            node = child
        return place

    def finding(  # noqa: PLR0913 - a finding has that many parts, all but three named
        self,
        code: str,
        path: Path,
        summary: str,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
        key: bool = False,
    ) -> Diagnostic:
        """Return a finding about the value (or with `key` the key) at `path`."""
        line, column = self.place(path, key=key)
        return Diagnostic(
            severity=severity,
            code=code,
            summary=shortened(summary),
            hint=shortened(hint),
            file=self.file,
            line=line,
            column=column,
        )


@dataclass(slots=True)
class Suggester:
    """Finds the known word that was probably meant; remembers, and stops when it gets too much."""

    _answers: dict[tuple[str, str], str] = field(default_factory=dict)

    def hint(self, word: str, known: Collection[str], what: str) -> str:
        """Return `did you mean ...?`, or the known words of this `what`, or how to go on."""
        asked = (what, word)
        if asked not in self._answers:
            if len(self._answers) >= SUGGESTIONS:
                return f"use one of the {len(known)} {what} that are known"
            self._answers[asked] = suggestion(word, list(known), what)
        return self._answers[asked]


def suggestion(word: str, known: list[str], what: str) -> str:
    """Return a hint that names the nearest of the known words, or all where they are few."""
    folded = {name.casefold(): name for name in known}
    if near := get_close_matches(word[:64].casefold(), folded, n=1):
        return f"did you mean `{folded[near[0]]}`?"
    few = 12
    if known and len(known) <= few:
        return f"{what} known here: {', '.join(f'`{name}`' for name in sorted(known))}"
    return f"no {what} is known here" if not known else f"{len(known)} {what} are known, none near"
