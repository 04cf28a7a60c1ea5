"""The adapters that the contract is asked of; a real one joins by one more entry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.sandbox.layout import example_layout
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.contract.benches import ParentBench, SignerBench

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    layout = example_layout()
    fast = tuple(zone for zone in layout.zones if not zone.keys)
    with World.create(tmp_path, start=START, layout=replace(layout, zones=fast), seed=1) as made:
        made.leap_to(START + timedelta(days=1))
        yield made


@pytest.fixture(params=["sandbox", "sandbox-hosted"])
def signer_bench(request: pytest.FixtureRequest, world: World) -> SignerBench:
    hosted = request.param == "sandbox-hosted"
    return SignerBench(
        signer=signer(world, "hosted" if hosted else "a"),
        zone="blog.example." if hosted else "shop.example.",
        address="198.51.100.1" if hosted else "192.0.2.1",
        world=world,
    )


@pytest.fixture(params=["sandbox-registrar", "sandbox-manual"])
def parent_bench(request: pytest.FixtureRequest, world: World) -> ParentBench:
    manual = request.param == "sandbox-manual"
    return ParentBench(
        parent=parent(world, "by-hand" if manual else "registrar"),
        zone="bank.example." if manual else "shop.example.",
        world=world,
    )
