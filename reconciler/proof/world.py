"""What a proof is about: the lanes of a zone, the steps, and what parts some cache may hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.keys import KeyEntry
from reconciler.model.moves import Move
from reconciler.model.plan import Step
from reconciler.model.timeline import RRsetKind, Slot, Timeline, Version
from reconciler.proof import effects, reach
from reconciler.proof.schedule import Closure, nodes_of
from reconciler.proof.windows import ALWAYS, Lanes, Window, lanes_of, open_at_origin

DS: Slot = (RRsetKind.DS, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A version that some cache may hold during any of `windows`.

    `of_start`: the plan did not bring it about. `gone`: it was replaced before the origin.
    `source` is the version of the timeline it comes from.
    """

    version: Version
    windows: tuple[Window, ...]
    text: str
    source: Version
    of_start: bool
    gone: bool = False

    @property
    def at_origin(self) -> bool:
        """True if a cache may hold it before the plan does anything."""
        return self.of_start and any(open_at_origin(window) for window in self.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the parts are made from."""

    lanes: Lanes
    steps: Mapping[str, Step]
    nodes: Mapping[str | None, int]
    keys: Mapping[str, KeyEntry]
    floor: Closure
    holds: Mapping[str, tuple[Window, ...]]
    """While which a resolver may ask each signer's servers."""


def world_of(steps: Sequence[Step], timeline: Timeline, floor: Closure) -> World:
    """Return what the parts are made from; `floor` is what holds however short the waits are."""
    nodes = nodes_of(steps)
    lanes = lanes_of(timeline, nodes)
    return World(
        lanes=lanes,
        steps={step.id: step for step in steps},
        nodes=nodes,
        keys=timeline.keys,
        floor=floor,
        holds=reach.holds_of(lanes, floor),
    )


def holds_at(world: World, place: Slot) -> tuple[Window, ...]:
    """Return while which a resolver may ask the servers of a slot."""
    signer = place[1]
    return (ALWAYS,) if signer is None else world.holds.get(signer, ())


def moves_at(world: World, place: Slot, version: Version) -> tuple[Move, ...]:
    """Return the moves that begin a version, in the order of its step."""
    if version.step is None:
        return ()
    return tuple(move for move in world.steps[version.step].moves if place in effects.touched(move))
