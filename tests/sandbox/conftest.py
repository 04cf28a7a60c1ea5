"""Fixtures: worlds that are closed at the end, and a client of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.sandbox.layout import WorldLayout, example_layout
from reconciler.sandbox.world import World
from tests.sandbox.worlds import START, Client


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    worlds: list[World] = []

    def make(layout: WorldLayout | None = None, *, seed: int = 1, name: str = "world") -> World:
        layout = example_layout() if layout is None else layout
        worlds.append(World.create(tmp_path / name, start=START, layout=layout, seed=seed))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    return make_world()


@pytest.fixture
def client(world: World) -> Client:
    return Client(world)
