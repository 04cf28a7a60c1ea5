"""What a model refused, in plain words and at the line it stands in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from reconciler.diagnostics import Diagnostic
from reconciler.spec import json_schema
from reconciler.spec.fields import NAME_PATTERN
from reconciler.spec.json_schema import Schema
from reconciler.spec.sources import Path, Source, suggestion
from reconciler.spec.yaml_nodes import MAX_PROBLEMS, Node, describe
from reconciler.spec.yaml_scalars import Ambiguous

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "bool_type": "`true` or `false`",
    "list_type": "a list, such as `[a, b]`",
    "dict_type": "a mapping (`key: value`)",
    "model_type": "a mapping (`key: value`)",
    "model_attributes_type": "a mapping (`key: value`)",
}


def shape_problems(
    error: ValidationError, source: Source, document: Schema
) -> tuple[Diagnostic, ...]:
    """Return what a model refused in `source`; `document` is the JSON Schema of that model."""
    details = error.errors(include_url=False, include_context=True)
    return tuple(_problem(detail, source, document) for detail in details[:MAX_PROBLEMS])


def check_shape(
    adapter: TypeAdapter[Any], source: Source, document: Callable[[], Schema]
) -> tuple[Any, tuple[Diagnostic, ...]]:
    """Return the validated model and no problem, or None and the problems.

    `document` returns the JSON Schema of the model; it is asked for only to explain a problem.
    """
    try:
        return adapter.validate_python(source.root.value), ()
    except ValidationError as error:
        return None, shape_problems(error, source, document())


def _problem(detail: ErrorDetails, source: Source, document: Schema) -> Diagnostic:
    kind = detail["type"]
    path = _real_path(detail["loc"], source.root)
    if kind == "missing":
        path = (*path, *detail["loc"][-1:])
    match kind:
        case "extra_forbidden":
            return _unknown(path, source, document)
        case "missing":
            return _missing(path, source, document)
        case _ if isinstance(detail["input"], Ambiguous):
            return _ambiguous(path, source, detail["input"], detail)
        case _ if kind in _WANTED:
            return _wrong_type(path, source, kind, document)
        case _:
            return _wrong_value(path, source, detail, document)


def _real_path(loc: Path, root: Node) -> Path:
    """Leave out of pydantic's location what is no part of the file (names of alternatives)."""
    path: list[str | int] = []
    node = root
    for step in loc:
        child = node.children.get(step)
        if child is not None:
            path.append(step)
            node = child
    return tuple(path)


def _unknown(path: Path, source: Source, document: Schema) -> Diagnostic:
    name = str(path[-1])
    known = [k for schema in json_schema.at(document, path[:-1]) for k in _properties(schema)]
    return source.finding(
        "unknown-field",
        path,
        f"unknown field `{name}`",
        hint=suggestion(name, known, "fields"),
        key=True,
    )


def _properties(schema: Schema) -> list[str]:
    return list(schema.get("properties", {}))


def _missing(path: Path, source: Source, document: Schema) -> Diagnostic:
    name = str(path[-1])
    described = json_schema.field(document, path)
    return source.finding(
        "missing-field",
        path,
        f"`{name}` is missing",
        hint=_example(name, described) or f"add `{name}:`",
    )


def _example(name: str, described: Schema) -> str:
    examples = described.get("examples", ())
    if not examples:
        return ""
    words = f": {described['description']}" if described.get("description") else ""
    return f"write for example `{name}: {_yaml(examples[0])}`{words}"


def _yaml(value: object) -> str:
    match value:
        case list():
            return "[" + ", ".join(_yaml(item) for item in value) + "]"
        case dict():
            return "{" + ", ".join(f"{k}: {_yaml(v)}" for k, v in value.items()) + "}"
        case _:
            return str(value)


def _ambiguous(path: Path, source: Source, value: Ambiguous, detail: ErrorDetails) -> Diagnostic:
    hints = {
        "bool_type": "write `true` or `false`",
        "int_type": "write it in plain decimals",
        "literal_error": f"write {_choices(detail)}",
    }
    quoted = f'put it in quotes if it is text: "{value.text}"'
    return source.finding(
        "ambiguous-value",
        path,
        f"YAML 1.1 and 1.2 read `{value.text}` differently",
        hint=hints.get(detail["type"], quoted),
    )


def _choices(detail: ErrorDetails) -> str:
    """Return the words that a field takes, as pydantic lists them, in backquotes."""
    expected: str = detail.get("ctx", {}).get("expected", "")
    return expected.replace("'", "`")


def _wrong_type(path: Path, source: Source, kind: str, document: Schema) -> Diagnostic:
    node = _node(source, path)
    hint = _example(str(path[-1]), json_schema.field(document, path)) if path else ""
    if kind == "string_type" and isinstance(node.value, bool | int | float):
        hint = "put it in quotes if it is meant as text"
    return source.finding(
        "wrong-type",
        path,
        f"{_subject(path)} must be {_WANTED[kind]}, and this is {describe(node)}",
        hint=hint,
    )


def _wrong_value(path: Path, source: Source, detail: ErrorDetails, document: Schema) -> Diagnostic:
    context: Mapping[str, Any] = detail.get("ctx", {})
    described = json_schema.field(document, path) if path else {}
    hint = context.get("hint") or (_example(str(path[-1]), described) if path else "")
    return source.finding(
        _CODES.get(detail["type"], detail["type"].replace("_", "-")),
        path,
        f"{_subject(path)}: {context.get('why') or _words(detail)}",
        hint=_value_hint(detail) or hint,
        key=detail["loc"][-1:] == ("[key]",),
    )


_CODES = {
    "literal_error": "wrong-value",
    "enum": "wrong-value",
    "string_pattern_mismatch": "wrong-value",
    "greater_than_equal": "out-of-range",
    "less_than_equal": "out-of-range",
    "too_short": "too-short",
    "string_too_short": "too-short",
    "string_too_long": "too-long",
    "union_tag_invalid": "wrong-value",
    "union_tag_not_found": "wrong-value",
}


def _words(detail: ErrorDetails) -> str:
    context: Mapping[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "literal_error" | "enum":
            return f"this must be {_choices(detail)}"
        case "string_pattern_mismatch":
            return "this holds characters that are not allowed here"
        case "too_short" | "string_too_short":
            return "this must not be empty"
        case "too_long":
            return f"this has more than {context['max_length']} items"
        case "string_too_long":
            return f"this is longer than {context['max_length']} characters"
        case "greater_than_equal":
            return f"this must be {context['ge']} or more"
        case "less_than_equal":
            return f"this must be {context['le']} or less"
        case _:
            return detail["msg"]


def _value_hint(detail: ErrorDetails) -> str:
    kind, value = detail["type"], detail["input"]
    if kind in {"literal_error", "enum"}:
        known = _choices(detail).replace(" or ", ", ").replace("`", "").split(", ")
        return suggestion(value, known, "words") if isinstance(value, str) else ""
    if kind == "string_pattern_mismatch" and detail["ctx"]["pattern"] == NAME_PATTERN:
        return "letters, digits, `.`, `_` and `-` only, beginning with a letter or digit"
    return ""


def _subject(path: Path) -> str:
    return f"`{'.'.join(str(step) for step in path)}`" if path else "the file"


def _node(source: Source, path: Path) -> Node:
    node = source.root
    for step in path:
        node = node.children.get(step, node)
    return node
