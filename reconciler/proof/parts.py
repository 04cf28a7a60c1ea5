"""Everything of a zone that some cache may hold, each with the windows in which it may.

Beside the versions of the timeline these are: versions with expired signatures, what a step leaves
in an RRset when only some of its moves are made, and DS sets that a polling parent may install.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.model.timeline import DataVersion, DnskeyVersion, RRsetKind
from reconciler.proof.installs import installed_by_cds
from reconciler.proof.pruning import widest
from reconciler.proof.schedule import ORIGIN
from reconciler.proof.windows import Bound, Stay, Window, cached, within
from reconciler.proof.words import describe
from reconciler.proof.world import Part, World, holds_at


def parts_of(world: World, kind: RRsetKind) -> tuple[Part, ...]:
    """Return the parts of one kind, at whatever signer a resolver may come to."""
    found: list[Part] = []
    for place, stays in world.lanes.items():
        if place[0] is kind:
            holds = holds_at(world, place)
            for stay in stays:
                found += _standing(stay, holds)
            for stay in world.half_done[place]:
                found.append(_half_done(stay, holds))
    if kind is RRsetKind.DS:
        found += installed_by_cds(world)
    pruned = (replace(part, windows=widest(part.windows, world.floor)) for part in found)
    return tuple(part for part in pruned if part.windows)


def _standing(stay: Stay, holds: Sequence[Window]) -> Iterator[Part]:
    version = stay.version
    part = Part(
        version=version,
        windows=kept(stay, holds),
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


def _half_done(stay: Stay, holds: Sequence[Window]) -> Part:
    version = stay.version
    return Part(
        version=version,
        windows=kept(stay, holds),
        text=describe(version, f"half way through {version.step}"),
        source=version,
        of_start=False,
    )


def kept(stay: Stay, holds: Sequence[Window]) -> tuple[Window, ...]:
    """Return when a cache may keep what is fetched while its servers may be asked."""
    return tuple(window for hold in holds if (window := cached(hold, stay)) is not None)
