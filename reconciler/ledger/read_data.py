"""Reading an entry's members with errors that name the entry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import NoReturn, TypeVar

from reconciler.diagnostics import Diagnostic, LedgerError
from reconciler.model.entries import Entry, Json

Choice = TypeVar("Choice", bound=StrEnum)


class Data:
    """One entry's data, read with the type that its event asks for; LedgerError where not so."""

    def __init__(self, entry: Entry) -> None:
        """Read from `entry`."""
        self._entry = entry

    def member(self, name: str) -> str:
        """Return a member of the entry itself that this event must have, such as `step`."""
        value = getattr(self._entry.draft, name)
        if not isinstance(value, str):
            self._refuse(name, "a text")
        return value

    def text(self, name: str) -> str:
        """Return a text."""
        value = self._entry.draft.data.get(name)
        if not isinstance(value, str):
            self._refuse(f"data.{name}", "a text")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a text, or None where it is left out."""
        return self.text(name) if self._entry.draft.data.get(name) is not None else None

    def number(self, name: str) -> int:
        """Return a whole number."""
        value = self._entry.draft.data.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            self._refuse(f"data.{name}", "a whole number")
        return value

    def truth(self, name: str, *, default: bool | None = None) -> bool:
        """Return true or false; a missing one is `default`, where one is given."""
        value = self._entry.draft.data.get(name, default)
        if not isinstance(value, bool):
            self._refuse(f"data.{name}", "true or false")
        return value

    def items(self, name: str) -> tuple[Json, ...]:
        """Return a list of any JSON."""
        value = self._entry.draft.data.get(name)
        if not isinstance(value, list):
            self._refuse(f"data.{name}", "a list")
        return tuple(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        found = self.items(name)
        texts = tuple(item for item in found if isinstance(item, str))
        if len(texts) != len(found):
            self._refuse(f"data.{name}", "a list of texts")
        return texts

    def mapping(self, name: str) -> Mapping[str, Json]:
        """Return an object of any JSON."""
        value = self._entry.draft.data.get(name)
        if not isinstance(value, dict):
            self._refuse(f"data.{name}", "an object")
        return value

    def text_mapping(
        self, name: str, default: Mapping[str, str] | None = None
    ) -> Mapping[str, str]:
        """Return an object whose values are texts, or `default` where it is left out."""
        if default is not None and name not in self._entry.draft.data:
            return default
        found = self.mapping(name)
        texts = {key: value for key, value in found.items() if isinstance(value, str)}
        if len(texts) != len(found):
            self._refuse(f"data.{name}", "an object of texts")
        return texts

    def instant(self, name: str) -> datetime:
        """Return an instant."""
        try:
            found = datetime.fromisoformat(self.text(name))
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            self._refuse(f"data.{name}", "an instant in UTC")
        return found.astimezone(UTC)

    def choice(self, name: str, kind: type[Choice]) -> Choice:
        """Return a member of an enumeration."""
        text = self.text(name)
        if text not in set(kind):
            self._refuse(f"data.{name}", f"one of {', '.join(kind)}")
        return kind(text)

    def _refuse(self, name: str, wanted: str) -> NoReturn:
        raise LedgerError(
            Diagnostic(
                code="ledger-entry-malformed",
                summary=f"entry {self._entry.seq} ({self._entry.event}): `{name}` is not {wanted}",
                hint="entries are never edited: `reconcile audit verify` tells whether this one "
                "was; an update of reconcile helps where a newer release wrote it",
            )
        )
