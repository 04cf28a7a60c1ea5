"""The adapters that the contract is asked of; a real one joins by one more entry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.sandbox.layout import (
    Forgets,
    ParentLayout,
    ServerLayout,
    SignerLayout,
    WorldLayout,
    ZoneLayout,
    example_layout,
)
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.contract.benches import ParentBench, SignerBench

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with World.create(tmp_path, start=START, layout=_layout(), seed=1) as made:
        made.leap_to(START + timedelta(days=1))
        yield made


def _layout() -> WorldLayout:
    """Return the example's unsigned zones, and one for each kind of system that it lacks."""
    base = example_layout()
    fast = tuple(zone for zone in base.zones if not zone.keys)
    server = ServerLayout(name="ns1.multi.example.", address="198.51.100.11")
    multi = SignerLayout(
        name="multi", kind="sandbox-multi", servers=(server,), propagation_delay=300
    )
    server = ServerLayout(name="ns1.policy.example.", address="198.51.100.21")
    own = SignerLayout(
        name="policy", kind="sandbox-policy", servers=(server,), propagation_delay=300
    )
    news = ZoneLayout(zone="news.example.", signers=("multi",), parent="registrar")
    polled = ZoneLayout(zone="polled.example.", signers=("a",), parent="poller")
    club = ZoneLayout(zone="club.example.", signers=("policy",), parent="registrar")
    return replace(
        base,
        signers=(*base.signers, multi, own),
        parents=(*base.parents, ParentLayout(name="poller", kind="sandbox-cds")),
        zones=(*fast, news, polled, club),
    )


_SIGNERS = {
    "sandbox": ("a", "shop.example.", "192.0.2.1"),
    "sandbox-hosted": ("hosted", "blog.example.", "198.51.100.1"),
    "sandbox-policy": ("policy", "club.example.", "198.51.100.21"),
    "sandbox-multi": ("multi", "news.example.", "198.51.100.11"),
}
"""For each kind a signer, a zone of its own and its primary."""


@pytest.fixture(params=_SIGNERS)
def signer_bench(request: pytest.FixtureRequest, world: World) -> SignerBench:
    name, zone, address = _SIGNERS[request.param]
    return SignerBench(signer=signer(world, name), zone=zone, address=address, world=world)


@pytest.fixture
def forgetful_bench(tmp_path: Path) -> Iterator[SignerBench]:
    """A signer whose API knows no repeated call."""
    with _forgetting(tmp_path / "forgetful", "calls") as bench:
        yield bench


@pytest.fixture
def keyed_bench(tmp_path: Path) -> Iterator[SignerBench]:
    """A signer whose API knows a repeated call by its idempotency key alone."""
    with _forgetting(tmp_path / "keyed", "symbols") as bench:
        yield bench


@contextmanager
def _forgetting(folder: Path, what: Forgets) -> Iterator[SignerBench]:
    layout = example_layout()
    zones = tuple(zone for zone in layout.zones if not zone.keys)
    signers = tuple(replace(found, forgets=what) for found in layout.signers)
    layout = replace(layout, zones=zones, signers=signers)
    with World.create(folder, start=START, layout=layout, seed=1) as made:
        made.leap_to(START + timedelta(days=1))
        yield SignerBench(
            signer=signer(made, "a"), zone="shop.example.", address="192.0.2.1", world=made
        )


_WRITING = {
    "sandbox-registrar": ("registrar", "shop.example."),
    "sandbox-manual": ("by-hand", "bank.example."),
}
_PARENTS = {**_WRITING, "sandbox-cds": ("poller", "polled.example.")}
"""For each kind a parent and a zone of its own."""


@pytest.fixture(params=_WRITING)
def parent_bench(request: pytest.FixtureRequest, world: World) -> ParentBench:
    """A parent that takes orders."""
    name, zone = _WRITING[request.param]
    return ParentBench(parent=parent(world, name), zone=zone, world=world)


@pytest.fixture(params=_PARENTS)
def any_parent(request: pytest.FixtureRequest, world: World) -> ParentBench:
    """A parent of any kind."""
    name, zone = _PARENTS[request.param]
    return ParentBench(parent=parent(world, name), zone=zone, world=world)
