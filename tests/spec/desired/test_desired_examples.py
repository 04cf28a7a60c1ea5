from pathlib import Path

from reconciler.model.desired import KeyScheme
from reconciler.model.keys import KeyRole
from reconciler.spec.load import load_portfolio, validate_json

ROOT = Path(__file__).parents[3]


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
