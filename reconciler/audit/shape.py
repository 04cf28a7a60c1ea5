"""JSON read with the types that it must have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NoReturn

from reconciler.model.entries import Json


class ShapeError(Exception):
    """A value is not what it must be; the text says where and what."""


class Node:
    """A JSON value and where it stands."""

    def __init__(self, value: Json, where: str) -> None:
        """Read `value`, which stands at `where`."""
        self._value = value
        self._where = where

    def members(self) -> Mapping[str, Node]:
        """Return the members of an object."""
        if not isinstance(self._value, dict):
            self._refuse("an object")
        return {name: Node(v, f"{self._where}.{name}") for name, v in self._value.items()}

    def member(self, name: str) -> Node:
        """Return a member of an object; null where it is left out."""
        return self.members().get(name, Node(None, f"{self._where}.{name}"))

    def items(self) -> tuple[Node, ...]:
        """Return the items of a list; none where it is left out."""
        if self._value is None:
            return ()
        if not isinstance(self._value, list):
            self._refuse("a list")
        return tuple(Node(item, f"{self._where}[{i}]") for i, item in enumerate(self._value))

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self._value, str):
            self._refuse("a text")
        return self._value

    def texts(self) -> tuple[str, ...]:
        """Return a list of texts."""
        return tuple(item.text() for item in self.items())

    def number(self) -> int:
        """Return a whole number."""
        if not isinstance(self._value, int) or isinstance(self._value, bool):
            self._refuse("a whole number")
        return self._value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self._value, bool):
            self._refuse("true or false")
        return self._value

    def instant(self) -> datetime:
        """Return an instant."""
        try:
            found = datetime.fromisoformat(self.text())
        except ValueError:
            found = None
        if found is None or found.tzinfo is None:
            self._refuse("an instant")
        return found

    @property
    def given(self) -> bool:
        """True unless it is null or left out."""
        return self._value is not None

    def _refuse(self, wanted: str) -> NoReturn:
        message = f"`{self._where}` is not {wanted}"
        raise ShapeError(message)
