"""YAML text as values that remember where they stand, in one linear pass over libyaml's events.

Only the part of YAML that people write by hand is taken: no tags, no anchors, no aliases, one
document, unique text keys. Plain scalars follow the core schema of YAML 1.2; what YAML 1.1 would
read differently (`no`, `010`, `1:30`) becomes an `Ambiguous` value, which fits no field.
"""

from __future__ import annotations

import math
import re
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

MAX_DEPTH = 32
"""Deepest nesting taken; the formats need six, options of adapters may want some more."""

MAX_PROBLEMS = 50
"""Findings reported per file before the rest is counted: nobody reads more at once."""

Place = tuple[int, int]
"""Line and column, both from 1."""


class Ambiguous(NamedTuple):
    """A plain scalar that YAML 1.1 and 1.2 read differently; `text` is how it is written."""

    text: str


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


_WORDS: dict[str, object] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **{
        form: Ambiguous(form)
        for word in ("yes", "no", "on", "off")
        for form in (word, word.title(), word.upper())
    },
}
_NUMERIC = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]*)?\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.|(?=[eE])))(?:[eE][-+]?[0-9]{1,3})?"
)
_OTHER_NUMBER = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[ob][0-7_]+|[0-9][0-9_]*(?:\.[0-9_]*)?"
    r"|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
)
_FORBIDDEN = re.compile(
    # C0 and C1 controls, DEL, a carriage return that ends no line, and the line breaks of YAML 1.1
    # that editors and reviews do not show as such (a comment could hide a setting after them)
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\r(?!\n)"
    # marks that make text read in another order than it has (Unicode TR #36, "trojan source")
    "|[\u202a-\u202e\u2066-\u2069]"
)


def plain(text: str) -> object:
    """Return what a plain scalar means: None, bool, int, float, `Ambiguous`, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else Ambiguous(text)
    return Ambiguous(text) if _OTHER_NUMBER.fullmatch(text) else text


def parse(data: bytes, file: str) -> Parsed:
    """Read one YAML document. Never raises on what `data` holds: problems are returned."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return Parsed(None, (_not_utf8(data, error.start, file),))
    if found := _FORBIDDEN.search(text):
        return Parsed(None, (_forbidden(text, found, file),))
    reader = _Reader(text, file)
    try:
        root = reader.document()
    except MarkedYAMLError as error:
        return Parsed(None, (*reader.problems, _syntax(error, text, file)))
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
            if event.style == '"' and (found := _FORBIDDEN.search(event.value)):
                self.problems.append(_invisible(found, place, self._file))
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
        place = _within(self._text, place)
        self.problems.append(
            Diagnostic(
                code=code,
                summary=summary,
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


def _place_in(text: str, index: int) -> Place:
    line_start = text.rfind("\n", 0, index) + 1
    return text.count("\n", 0, index) + 1, index - line_start + 1


def _within(text: str, place: Place) -> Place:
    """Return `place`, or the end of the text where libyaml counts a line more than there is."""
    return min(place, _place_in(text, len(text)))


def _not_utf8(data: bytes, index: int, file: str) -> Diagnostic:
    before = data[:index].decode("utf-8")
    line, column = _place_in(before, len(before))
    return Diagnostic(
        code="not-utf-8",
        summary=f"the byte 0x{data[index]:02x} is not UTF-8",
        hint="save the file as UTF-8",
        file=file,
        line=line,
        column=column,
    )


def _forbidden(text: str, found: re.Match[str], file: str) -> Diagnostic:
    return _invisible(found, _place_in(text, found.start()), file)


def _invisible(found: re.Match[str], place: Place, file: str) -> Diagnostic:
    return Diagnostic(
        code="control-character",
        summary=f"the character U+{ord(found[0]):04X} is not allowed; people could not see it",
        hint="remove it (a line ends with LF or CR LF, and indentation is made of spaces)",
        file=file,
        line=place[0],
        column=place[1],
    )


def _syntax(error: MarkedYAMLError, text: str, file: str) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    line, column = _within(text, (mark.line + 1, mark.column + 1) if mark else (1, 1))
    row = text.split("\n")[line - 1]
    tab = "\t" in row[: len(row) - len(row.lstrip())]
    reason = " ".join(part for part in (error.context, error.problem) if part)
    return Diagnostic(
        code="yaml-tab" if tab else "yaml-syntax",
        summary=f"not YAML: {reason}",
        hint="indent with spaces" if tab else "look at this line and the one above",
        file=file,
        line=line,
        column=column,
    )
