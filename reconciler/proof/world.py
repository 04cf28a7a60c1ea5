"""What a proof is about: the lanes of a zone, the steps, and what parts some cache may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from reconciler.model.keys import KeyEntry
from reconciler.model.moves import Move
from reconciler.model.plan import Step
from reconciler.model.timeline import RRsetKind, Slot, Timeline, Version
from reconciler.proof import effects, reach
from reconciler.proof.schedule import Closure, nodes_of
from reconciler.proof.windows import ALWAYS, Lanes, Stay, Window, lanes_of, open_at_origin

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
    half_done: Lanes
    """What steps may leave in RRsets when only some of their moves are made."""


def world_of(steps: Sequence[Step], timeline: Timeline, floor: Closure) -> World:
    """Return what the parts are made from; `floor` is what holds however short the waits are."""
    nodes = nodes_of(steps)
    lanes = lanes_of(timeline, nodes)
    named = {step.id: step for step in steps}
    half_done = {
        place: tuple(_half_done(place, stays, named, timeline.keys))
        for place, stays in lanes.items()
    }
    asked = {place: (*stays, *half_done[place]) for place, stays in lanes.items()}
    return World(
        lanes=lanes,
        steps=named,
        nodes=nodes,
        keys=timeline.keys,
        floor=floor,
        holds=reach.holds_of(asked, floor),
        half_done=half_done,
    )


def _half_done(
    place: Slot, stays: Sequence[Stay], steps: Mapping[str, Step], keys: Mapping[str, KeyEntry]
) -> Iterator[Stay]:
    for before, after in pairwise(stays):
        moves = moves_at(steps, place, after.version)
        if after.begin is not None and len(moves) > 1:
            # It lasts an instant at least, even where propagation is 0; it ends as any version.
            end = after.begin.later(after.version.propagation + 1)
            ttl = max(before.version.ttl, after.version.ttl) - 1
            for left in effects.outcome(before.version, moves, after.version, keys).partial:
                version = replace(left, step=after.version.step, ttl=ttl)
                yield Stay(version=version, begin=after.begin, left=end, served=end, gone=False)


def holds_at(world: World, place: Slot) -> tuple[Window, ...]:
    """Return while which a resolver may ask the servers of a slot."""
    signer = place[1]
    return (ALWAYS,) if signer is None else world.holds.get(signer, ())


def moves_at(steps: Mapping[str, Step], place: Slot, version: Version) -> tuple[Move, ...]:
    """Return the moves that begin a version, in the order of its step."""
    if version.step is None:
        return ()
    return tuple(move for move in steps[version.step].moves if place in effects.touched(move))
