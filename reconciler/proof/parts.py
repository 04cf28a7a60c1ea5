"""Everything of a zone that some cache may hold, each with the windows in which it may.

Beside the versions of the timeline these are: versions with expired signatures, what a step leaves
in an RRset when only some of its moves are made, and DS sets that a polling parent may install.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.model.timeline import DataVersion, DnskeyVersion, RRsetKind, Slot
from reconciler.proof import effects
from reconciler.proof.installs import installed_by_cds
from reconciler.proof.pruning import widest
from reconciler.proof.schedule import ORIGIN
from reconciler.proof.windows import Bound, Stay, Window, cached, prolonged, within
from reconciler.proof.words import describe
from reconciler.proof.world import Part, World, holds_at, moves_at


def parts_of(world: World, kind: RRsetKind) -> tuple[Part, ...]:
    """Return the parts of one kind, at whatever signer a resolver may come to."""
    found: list[Part] = []
    for place, stays in world.lanes.items():
        if place[0] is kind:
            holds = holds_at(world, place)
            for number, stay in enumerate(stays):
                found += _standing(stay, holds)
                if number:
                    found += _half_done(world, place, stays[number - 1], stay, holds)
    if kind is RRsetKind.DS:
        found += installed_by_cds(world)
    pruned = (replace(part, windows=widest(part.windows, world.floor)) for part in found)
    return tuple(part for part in pruned if part.windows)


def _standing(stay: Stay, holds: Sequence[Window]) -> Iterator[Part]:
    windows = tuple(window for hold in holds if (window := cached(hold, stay)) is not None)
    version = stay.version
    part = Part(
        version=version,
        windows=windows,
        text=describe(version),
        source=version,
        of_start=version.step is None,
        gone=stay.gone,
    )
    if not isinstance(version, DnskeyVersion | DataVersion) or version.expires is None:
        yield part
        return
    yield from by_expiry(part, version, Bound(ORIGIN, version.expires))


def by_expiry(part: Part, version: DnskeyVersion | DataVersion, end: Bound) -> Iterator[Part]:
    """Yield the part until its earliest signature ends, and what is left of it from then on."""
    fresh = (within(window, None, end) for window in part.windows)
    stale = (within(window, end, None) for window in part.windows)
    yield replace(part, windows=tuple(window for window in fresh if window is not None))
    yield replace(
        part,
        version=replace(version, signed_by=frozenset()),
        windows=tuple(window for window in stale if window is not None),
        text=f"{part.text}, its signatures expired",
    )


def _half_done(
    world: World, place: Slot, before: Stay, after: Stay, holds: Sequence[Window]
) -> Iterator[Part]:
    moves = moves_at(world, place, after.version)
    begin = after.begin
    if len(moves) <= 1 or begin is None:
        return
    ttl = max(before.version.ttl, after.version.ttl)
    for version in effects.outcome(before.version, moves, after.version, world.keys).partial:
        # It lasts an instant at least, even where propagation is 0; its end is as for any version.
        end = begin.later(after.version.propagation + 1)
        found = (within(hold, begin, end) for hold in holds)
        yield Part(
            version=version,
            windows=tuple(prolonged(window, ttl - 1) for window in found if window is not None),
            text=describe(version, f"half way through {after.version.step}"),
            source=after.version,
            of_start=False,
        )
