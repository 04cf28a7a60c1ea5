"""JSON as people and tools hand it in: read strictly, and complain with file, line and column.

A `Document` keeps the text beside the parsed value. Positions are looked up only once something is
wrong, so that reading good files costs nothing extra.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from reconciler.diagnostics import Diagnostic, Severity, SpecError
from reconciler.model.entries import Json

Path = Sequence[str | int]
"""Where a value stands in a document: names of members and indices, from the outside in."""

_SPACE = " \t\n\r"
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_SHOWN = 60
"""Longest piece of somebody's input that a message repeats; more hides the message."""


class Wire(BaseModel):
    """Part of a file. Unknown members are kept apart: a reader ignores or reports them."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)


Model = TypeVar("Model", bound=Wire)


class _DuplicateMemberError(Exception):
    """An object names a member twice."""


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON text and its value. `source` is the name that messages give to the file."""

    source: str
    text: str
    value: Json

    def problem(
        self,
        path: Path,
        code: str,
        summary: str,
        *,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Diagnostic:
        """Return a finding about the value at `path`, with its line and column."""
        known = _known_path(self.value, path)
        line, column = _line_and_column(self.text, _offset(self.text, known))
        place = _path_text(known)
        return Diagnostic(
            severity=severity,
            code=code,
            summary=f"{place}: {summary}" if place else summary,
            hint=hint,
            file=self.source,
            line=line,
            column=column,
        )

    def read(self, model: type[Model]) -> Model:
        """Return the document as `model`, or raise SpecError with every mistake in it."""
        try:
            return model.model_validate_json(self.text)
        except ValidationError as error:
            raise SpecError(*(self._explain(e) for e in error.errors())) from None

    def _explain(self, error: ErrorDetails) -> Diagnostic:
        path = error["loc"]
        if error["type"] == "missing":
            summary = f"the member {path[-1]!r} is missing"
            return self.problem(path[:-1], "missing-member", summary, hint=f"add {path[-1]!r}")
        message = error["msg"].removeprefix("Value error, ")
        shown = _shorten(error["input"])
        return self.problem(path, "invalid-value", f"{message[:1].lower()}{message[1:]}: {shown}")


def parse(data: bytes, source: str) -> Document:
    """Return the document in `data` (UTF-8, RFC 8259; no duplicate members, no NaN).

    Anything else raises SpecError that says what is wrong and where.
    """
    text = _decode(data, source)
    try:
        value = json.loads(text, object_pairs_hook=_members_once, parse_constant=_no_constant)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except _DuplicateMemberError:
        offset, name = next(_duplicates(text, _skip(text, 0)))
        _refuse(
            source, text, offset, "duplicate-member", f"the member {_shorten(name)} stands twice"
        )
    except json.JSONDecodeError as error:
        _refuse(source, text, error.pos, "invalid-json", f"this is not JSON: {error.msg.lower()}")
    except UnicodeEncodeError:
        _refuse(source, text, 0, "invalid-json", "a string holds half of a surrogate pair")
    except RecursionError:
        _refuse(source, text, 0, "too-deep", "values are nested too deeply")
    except ValueError as error:
        _refuse(source, text, 0, "invalid-json", f"a number cannot be read: {error}")
    return Document(source, text, value)


def unknown_members(model: BaseModel, path: Path = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every member of the file that `model` does not know."""
    yield from ((*path, name) for name in model.model_extra or ())
    for name, value in model.__dict__.items():
        if isinstance(value, _NESTED):
            yield from _unknown_inside(value, (*path, name))


_NESTED = (BaseModel, dict, tuple)
"""What may hold members; most values hold none, and there are many."""


def _unknown_inside(value: object, path: Path) -> Iterator[tuple[str | int, ...]]:
    match value:
        case BaseModel():
            yield from unknown_members(value, path)
        case dict():
            for name, item in value.items():
                if isinstance(item, _NESTED):
                    yield from _unknown_inside(item, (*path, name))
        case tuple():
            for index, item in enumerate(value):
                if isinstance(item, _NESTED):
                    yield from _unknown_inside(item, (*path, index))
        case _:
            return


def _decode(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        _refuse(source, before, len(before), "invalid-utf8", "this byte is not UTF-8")


def _members_once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateMemberError
    return members


def _no_constant(name: str) -> NoReturn:
    message = f"{name} is not JSON"
    raise ValueError(message)


def _refuse(source: str, text: str, offset: int, code: str, summary: str) -> NoReturn:
    line, column = _line_and_column(text, offset)
    hint = "write plain JSON (RFC 8259) in UTF-8"
    raise SpecError(
        Diagnostic(code=code, summary=summary, hint=hint, file=source, line=line, column=column)
    ) from None


def _shorten(value: object) -> str:
    text = json.dumps(value, default=repr)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _known_path(value: Json, path: Path) -> tuple[str | int, ...]:
    """Return `path` without the names of union members that validation puts into it."""
    known: list[str | int] = []
    for part in path:
        match value, part:
            case dict(), str() if part in value:
                value = value[part]
            case list(), int() if part < len(value):
                value = value[part]
            case _:
                continue
        known.append(part)
    return tuple(known)


def _path_text(path: Path) -> str:
    parts = (
        f".{part}" if isinstance(part, str) and part.isidentifier() else f"[{json.dumps(part)}]"
        for part in path
    )
    return "".join(parts).removeprefix(".")


def _skip(text: str, offset: int) -> int:
    while offset < len(text) and text[offset] in _SPACE:
        offset += 1
    return offset


def _items(text: str, offset: int) -> Iterator[tuple[str | int, int, int]]:
    """Yield name or index, its offset and its value's, for the valid container at `offset`."""
    decoder, index = json.JSONDecoder(), 0
    named, here = text[offset] == "{", _skip(text, offset + 1)
    while text[here] not in "]}":
        name: str | int = index
        start = here
        if named:
            name, here = decoder.raw_decode(text, here)
            here = _skip(text, _skip(text, here) + 1)
        yield name, start, here
        here = _skip(text, decoder.raw_decode(text, here)[1])
        here = _skip(text, here + 1) if text[here] == "," else here
        index += 1


def _offset(text: str, path: Path) -> int:
    """Return where the value at `path`, which exists, begins."""
    offset = _skip(text, 0)
    for part in path:
        offset = next(value for name, _, value in _items(text, offset) if name == part)
    return offset


def _duplicates(text: str, offset: int) -> Iterator[tuple[int, str]]:
    if text[offset] not in "{[":
        return
    seen: set[str | int] = set()
    for name, start, value in _items(text, offset):
        if name in seen:
            yield start, str(name)
        seen.add(name)
        yield from _duplicates(text, value)


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    line_start = text.rfind("\n", 0, offset) + 1
    return text.count("\n", 0, offset) + 1, offset - line_start + 1


def pretty(value: Json, levels: int) -> bytes:
    """Return `value` as a file in which the outer `levels` stand one member to a line."""
    return f"{pretty_part(value, levels)}\n".encode()


def pretty_part(value: Json, levels: int, line: str = "\n") -> str:
    """Return `value` as it stands in a file; `line` is a line break and the indent around it."""
    inner = f"{line} "
    match value:
        case dict() if value and levels:
            parts = [
                f"{_COMPACT(k)}: {pretty_part(v, levels - 1, inner)}" for k, v in value.items()
            ]
            return f"{{{inner}{f',{inner}'.join(parts)}{line}}}"
        case list() if value and levels:
            parts = [pretty_part(item, levels - 1, inner) for item in value]
            return f"[{inner}{f',{inner}'.join(parts)}{line}]"
        case _:
            return _COMPACT(value)


_COMPACT = json.JSONEncoder(ensure_ascii=False).encode
