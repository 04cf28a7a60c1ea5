"""The page on desired state tells every member that the schemas know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from reconciler.spec.portfolio import portfolio_schema
from reconciler.spec.zones import zone_schema

PAGE = (Path(__file__).parents[3] / "docs/desired-state.md").read_text()


def members(schema: dict[str, Any]) -> set[str]:
    owners = [schema, *schema.get("$defs", {}).values()]
    return {name for owner in owners for name in owner.get("properties", {})}


def test_every_member_is_on_the_page() -> None:
    told = set(re.findall(r"\w+", PAGE))
    assert (members(zone_schema()) | members(portfolio_schema())) - told == set()


def test_every_word_that_a_member_takes_is_on_the_page() -> None:
    schemas = [zone_schema(), portfolio_schema()]
    found = {word for schema in schemas for word in _words(schema) if isinstance(word, str)}
    told = set(re.findall(r"[\w-]+", PAGE))
    algorithms = {word for word in found if word.isupper()}
    assert found - algorithms - told == set()


def _words(schema: Any) -> set[Any]:  # noqa: ANN401 (JSON)
    if isinstance(schema, list):
        return {word for item in schema for word in _words(item)}
    if not isinstance(schema, dict):
        return set()
    inner = {word for value in schema.values() for word in _words(value)}
    return inner | set(schema.get("enum", ())) | {schema[k] for k in ("const",) if k in schema}


def test_the_zone_on_the_page_is_one(repository: Any) -> None:  # noqa: ANN401 (the fixture's own class)
    shown = re.findall(r"```yaml\n(# zones/.*?)```", PAGE, re.DOTALL)
    text = shown[0].replace("policy: standard", "policy: std").replace("registrar", "reg")
    text = text.replace("[new-provider]", "[a]").replace("old-provider", "h")
    assert repository.zone(text) == []
    assert yaml.safe_load(text)["variant"] == "fastest-distrust"
