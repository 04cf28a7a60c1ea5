"""YAML text as values that remember where they stand, in one linear pass over libyaml's events.

Only the part of YAML that people write by hand is taken: no tags, no anchors, no aliases, one
document, unique text keys. Plain scalars follow the core schema of YAML 1.2; what YAML 1.1 would
read differently (`no`, `010`, `1:30`) becomes an `Ambiguous` value, which fits no field.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from yaml import CBaseLoader
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from reconciler.diagnostics import Diagnostic
from reconciler.spec.yaml_problems import (
    FORBIDDEN,
    Place,
    forbidden,
    invisible,
    not_utf8,
    shortened,
    syntax,
    within,
)
from reconciler.spec.yaml_scalars import Ambiguous, plain

MAX_DEPTH = 32
"""Deepest nesting taken; the formats need six, options of adapters may want some more."""

MAX_PROBLEMS = 50
"""Findings reported per file before the rest is counted: nobody reads more at once."""


class Node(NamedTuple):
    """One value of a file and the place where it begins.

    `value` is the whole value as plain Python data. `children` holds the nodes of a mapping by key
    or of a sequence by index, `keys` the places of a mapping's keys.
    """

    place: Place
    value: object
    children: dict[str | int, Node]
    keys: dict[str, Place]


class Parsed(NamedTuple):
    """What became of a file: its root, None where nothing sensible could be read."""

    root: Node | None
    problems: tuple[Diagnostic, ...]


def parse(data: bytes, file: str) -> Parsed:
    """Read one YAML document. Never raises on what `data` holds: problems are returned."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Parsed(None, (not_utf8(data, error.start, file),))
    if found := FORBIDDEN.search(text):
        return Parsed(None, (forbidden(text, found, file),))
    reader = _Reader(text, file)
    try:
        root = reader.document()
    except MarkedYAMLError as error:
        return Parsed(None, (*reader.problems, syntax(error, text, file)))
    except YAMLError as error:
        problem = Diagnostic(code="yaml-syntax", summary=f"not YAML: {error}", file=file, line=1)
        return Parsed(None, (*reader.problems, problem))
    except _GiveUpError:
        root = None
    return Parsed(root, tuple(reader.problems))


class _GiveUpError(Exception):
    """The rest of the file is not worth reading; the reason stands in the problems."""


class _Reader:
    """Builds nodes from events; collects what is wrong as it goes."""

    def __init__(self, text: str, file: str) -> None:
        self._parser = CBaseLoader(text)
        self._text = text
        self._file = file
        self.problems: list[Diagnostic] = []

    def document(self) -> Node | None:
        """Return the root of the only document, None for a file without one."""
        root: Node | None = None
        for event in self._events():
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    self._problem(
                        "yaml-documents",
                        _place(event),
                        "a second YAML document begins here; a file holds one",
                        "remove the `---`, or move what follows to a file of its own",
                    )
                    break
            elif isinstance(event, NodeEvent):
                root = self._node(event, 1)
        if root is None:
            self._problem(
                "yaml-empty", (1, 1), "the file holds no value", "write it, or remove the file"
            )
        return root

    def _events(self) -> Iterator[Event]:
        while (event := self._next()) is not None and not isinstance(event, StreamEndEvent):
            yield event

    def _next(self) -> Event | None:
        return self._parser.get_event()

    def _node(self, event: Event, depth: int) -> Node:
        place = _place(event)
        if isinstance(event, ScalarEvent):
            if event.tag is not None or event.anchor is not None:
                self._refuse_marks(event, place)
            return Node(place, self._scalar(event, place), _NO_CHILDREN, _NO_KEYS)
        if isinstance(event, AliasEvent):
            self._problem(
                "yaml-alias",
                place,
                f"`*{event.anchor}` repeats another value; aliases are not taken",
                "write the value out here, or name a policy in portfolio.yaml",
            )
            return Node(place, None, _NO_CHILDREN, _NO_KEYS)
        self._refuse_marks(event, place)
        if depth > MAX_DEPTH:
            self._problem(
                "yaml-depth", place, f"nested deeper than {MAX_DEPTH} levels", "flatten it"
            )
            raise _GiveUpError
        mapping = isinstance(event, MappingStartEvent)
        return self._mapping(place, depth) if mapping else self._sequence(place, depth)

    def _scalar(self, event: ScalarEvent, place: Place) -> object:
        if not event.implicit[0]:
            if event.style == '"' and (found := FORBIDDEN.search(event.value)):
                self.problems.append(invisible(found, place, self._file))
            return event.value
        value = plain(event.value)
        if value is None:
            self._problem(
                "empty-value",
                place,
                "nothing stands here",
                "write a value, or remove the key to keep the default",
            )
        return value

    def _mapping(self, place: Place, depth: int) -> Node:
        values: dict[str, object] = {}
        children: dict[str | int, Node] = {}
        keys: dict[str, Place] = {}
        while not isinstance(event := self._next(), MappingEndEvent):
            key = self._key(event, depth)
            child = self._node(self._some(self._next()), depth + 1)
            if key is None:
                continue
            name, key_place = key
            if name in values:
                self._duplicate(name, key_place, keys[name])
                continue
            values[name], children[name], keys[name] = child.value, child, key_place
        return Node(place, values, children, keys)

    def _key(self, event: Event | None, depth: int) -> tuple[str, Place] | None:
        node = self._node(self._some(event), depth + 1)
        if isinstance(node.value, str):
            return node.value, node.place
        shown = f"`{node.value.text}`" if isinstance(node.value, Ambiguous) else describe(node)
        self._problem(
            "yaml-key", node.place, f"a key must be text, and {shown} is not", "put it in quotes"
        )
        return None

    def _sequence(self, place: Place, depth: int) -> Node:
        values: list[object] = []
        children: dict[str | int, Node] = {}
        while not isinstance(event := self._next(), SequenceEndEvent):
            child = self._node(self._some(event), depth + 1)
            children[len(values)] = child
            values.append(child.value)
        return Node(place, values, children, _NO_KEYS)

    def _some(self, event: Event | None) -> Event:
        if event is None:
            raise _GiveUpError
        return event

    def _refuse_marks(self, event: Event, place: Place) -> None:
        tag: str | None = getattr(event, "tag", None)
        anchor: str | None = getattr(event, "anchor", None)
        if tag is not None:
            self._problem(
                "yaml-tag",
                place,
                f"the YAML tag `{tag}` is not taken",
                "remove it; the field itself says of which type the value is",
            )
        if anchor is not None:
            self._problem(
                "yaml-anchor",
                place,
                f"the YAML anchor `&{anchor}` is not taken",
                "remove it, and write out what repeats it",
            )

    def _duplicate(self, name: str, place: Place, first: Place) -> None:
        self._problem(
            "duplicate-key",
            place,
            f"`{name}` stands twice in this mapping, first in line {first[0]}",
            "keep one of them",
        )

    def _problem(self, code: str, place: Place, summary: str, hint: str) -> None:
        place = within(self._text, place)
        self.problems.append(
            Diagnostic(
                code=code,
                summary=shortened(summary),
                hint=hint,
                file=self._file,
                line=place[0],
                column=place[1],
            )
        )
        if len(self.problems) >= MAX_PROBLEMS:
            raise _GiveUpError


_NO_CHILDREN: dict[str | int, Node] = {}
_NO_KEYS: dict[str, Place] = {}


def describe(node: Node) -> str:
    """Return what a node holds, in words: `text`, `a list`, `a number`, ..."""
    match node.value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int():
            return "a whole number"
        case float():
            return "a number with a point"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a mapping"
        case Ambiguous(text=text):
            return f"`{text}`, which YAML 1.1 and 1.2 read differently"
        case _:
            return "something else"


def _place(event: Event) -> Place:
    mark = event.start_mark
    return (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
