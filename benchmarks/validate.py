"""`reconcile validate` on 1,000 and 10,000 zones, one file each."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import run

SIZES = (1_000, 10_000)
FILES_PER_DIRECTORY = 500

PORTFOLIO = """\
policies:
  standard: {algorithm: ECDSAP256SHA256, ksk: {lifetime: 365d}, zsk: {lifetime: 90d}}
signers:
  primary: {kind: sandbox, world: build/world}
parents:
  registrar: {kind: sandbox-registrar, world: build/world}
people:
  ann: {emails: [ann@example.com]}
  bob: {emails: [bob@example.com]}
owners:
  web: {people: [ann, bob]}
governance: {critical_group: web}
"""

ZONE = """\
zone: zone-%d.example
owner: web
tags: {criticality: high, region: eu}
policy: standard
dnssec: signed
signers: [primary]
parent: registrar
keys:
  ksk: {generation: 1}
  zsk: {generation: 1}
"""


def write_portfolio(root: Path, size: int) -> None:
    """Write a portfolio of `size` zones, `zone-0.example` and on, below `root`."""
    zones = root / "zones"
    zones.mkdir(parents=True)
    (zones / "portfolio.yaml").write_text(PORTFOLIO)
    for i in range(size):
        folder = zones / f"{i // FILES_PER_DIRECTORY:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"zone-{i}.example.yaml").write_text(ZONE % i)


def figures() -> list[str]:
    """Return one line for each size: wall time and peak memory of the whole command."""
    return [_figure(size) for size in SIZES]


def _figure(size: int) -> str:
    with tempfile.TemporaryDirectory() as directory:
        write_portfolio(Path(directory), size)
        used = run(["validate", directory])
    return f"{'validate':11}{size:>6,} zones:   {used}"
