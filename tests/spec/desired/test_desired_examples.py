from pathlib import Path

import jsonschema
import pytest
import yaml

from reconciler.model.desired import KeyScheme
from reconciler.model.keys import KeyRole
from reconciler.spec.load import load_portfolio, validate_json
from reconciler.spec.portfolio import portfolio_schema
from reconciler.spec.zones import zone_schema

ROOT = Path(__file__).parents[3]
ZONE: dict[str, object] = {
    "zone": "a.example",
    "owner": "web",
    "policy": "std",
    "dnssec": "signed",
    "signers": ["a"],
    "parent": "reg",
}


def test_the_example_portfolio_validates_without_any_finding() -> None:
    loaded = load_portfolio(ROOT)
    assert validate_json(loaded) == {"ok": True, "zones": 3, "diagnostics": []}


def test_the_zones_directory_itself_can_be_given() -> None:
    assert load_portfolio(ROOT / "zones") == load_portfolio(ROOT)


def test_a_zone_becomes_its_desired_state() -> None:
    portfolio = load_portfolio(ROOT).portfolio
    assert portfolio is not None
    zone = portfolio.zones["shop.example."]
    assert zone.signed
    assert zone.signers == ("primary",)
    assert zone.generations == {KeyRole.KSK: 1, KeyRole.ZSK: 1}
    assert zone.policy.keys is KeyScheme.SPLIT
    assert zone.policy.zsk_lifetime == 90 * 86400
    assert zone.policy.bounds.propagation == 300
    assert portfolio.sources["shop.example."] == "zones/shop.example.yaml"
    assert portfolio.signers["primary"].options == {"world": "build/world"}


def yaml_files() -> list[Path]:
    return sorted((ROOT / "zones").rglob("*.yaml"))


@pytest.mark.parametrize("file", yaml_files(), ids=lambda file: file.name)
def test_editors_are_told_the_schema_and_the_schema_agrees(file: Path) -> None:
    name = "portfolio" if file.name == "portfolio.yaml" else "zone"
    text = file.read_text()
    assert text.startswith(f"# yaml-language-server: $schema=../schemas/{name}.schema.json\n")
    schema = portfolio_schema() if name == "portfolio" else zone_schema()
    jsonschema.validate(yaml.safe_load(text), schema)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"zone": "a.example"},
        {**ZONE, "ownr": "x"},
        {**ZONE, "keys": None},
        {**ZONE, "keys": {"ksk": None}},
        {**ZONE, "keys": {"ksk": {"generation": 0}}},
        {**ZONE, "dnssec": True},
        {**ZONE, "signers": []},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(document: dict[str, object]) -> None:
    jsonschema.validate(ZONE, zone_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, zone_schema())
