"""JSON Schemas of the YAML files, for editors; made from the models that read them."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]


def document_schema(adapter: TypeAdapter[Any], name: str, title: str) -> Schema:
    """Return the schema of a whole file; `null` is nowhere allowed, as the reader refuses it."""
    schema = _without_null(adapter.json_schema(by_alias=True))
    return {"$schema": DIALECT, "$id": f"{name}.schema.json", **schema, "title": title}


def _without_null(schema: Any) -> Any:  # noqa: ANN401 - JSON has no narrower type here
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: _without_null(value)
        for key, value in schema.items()
        if not (key == "default" and _unwritten(value, schema))
    }
    choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return {**choices[0], **kept}
    return {**kept, "anyOf": choices} if choices else kept


def _unwritten(default: object, schema: Schema) -> bool:
    """True for a default that nobody could write so: no value, a model, seconds without unit."""
    return (
        default is None
        or isinstance(default, dict)
        or (isinstance(default, int) and schema.get("type") == "string")
    )


def resolve(schema: Schema, document: Schema) -> list[Schema]:
    """Return the alternatives that a schema stands for, references followed."""
    if "$ref" in schema:
        target = document["$defs"][schema["$ref"].rpartition("/")[2]]
        return resolve(target, document)
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return [found for choice in choices for found in resolve(choice, document)]
    return [schema]


def at(document: Schema, path: tuple[str | int, ...]) -> list[Schema]:
    """Return the alternatives that describe the value at `path`; empty where nothing does."""
    found = resolve(document, document)
    for step in path:
        found = [
            choice
            for schema in found
            for inner in _inner(schema, step)
            for choice in resolve(inner, document)
        ]
    return found


def field(document: Schema, path: tuple[str | int, ...]) -> Schema:
    """Return how the field at `path` is described (its description, its examples)."""
    for owner in at(document, path[:-1]):
        for inner in _inner(owner, path[-1]):
            return inner
    return {}


def _inner(schema: Schema, step: str | int) -> list[Schema]:
    if isinstance(step, int):
        items = schema.get("items")
        return [items] if isinstance(items, dict) else []
    if step in schema.get("properties", {}):
        return [schema["properties"][step]]
    more = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
    return [inner for inner in more if isinstance(inner, dict)]
