from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.spec.load import Loaded, load_portfolio

PORTFOLIO = """\
policies:
  std:
    algorithm: ECDSAP256SHA256
    zsk: {lifetime: 90d}
  one: {keys: csk}
signers:
  a: {kind: sandbox}
  h: {kind: sandbox-hosted}
parents:
  reg: {kind: sandbox-registrar}
people:
  ann: {github: 1, emails: [ann@x.example]}
  bob: {github: 2}
owners:
  web: {people: [ann, bob]}
governance: {critical_group: web}
"""

ZONE = """\
zone: shop.example
owner: web
policy: std
dnssec: signed
signers: [a]
parent: reg
"""

Load = Callable[..., Loaded]


class Repository:
    """A portfolio in a directory of its own; files are text or bytes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.zones = root / "zones"
        self.zones.mkdir()
        self.write("portfolio.yaml", PORTFOLIO)

    def write(self, path: str, data: str | bytes) -> Path:
        file = self.zones / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data.encode() if isinstance(data, str) else data)
        return file

    def load(self) -> Loaded:
        return load_portfolio(self.root)

    def zone(self, data: str | bytes, name: str = "shop.example.yaml") -> list[str]:
        """Return `code line:column` of each finding about one zone file."""
        self.write(name, data)
        return findings(self.load())

    def portfolio(self, old: str, new: str) -> list[str]:
        """Return the findings where `old` in the portfolio is written as `new`."""
        assert old in PORTFOLIO
        self.write("portfolio.yaml", PORTFOLIO.replace(old, new, 1))
        self.write("shop.example.yaml", ZONE)
        return findings(self.load())


def findings(loaded: Loaded) -> list[str]:
    return [
        f"{d.code} {d.line}:{d.column}" if d.line else f"{d.code} {d.file}"
        for d in loaded.diagnostics
    ]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


@pytest.fixture
def zone_text() -> str:
    return ZONE
