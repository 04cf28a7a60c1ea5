"""Everything of a zone that some cache may hold, each with the windows in which it may.

Beside the versions of the timeline these are: versions with expired signatures, what a step leaves
in an RRset when only some of its moves are made, and DS sets that a polling parent may install.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.keys import DsRef, KeyEntry
from reconciler.model.moves import DsAdd, DsRemove, Move
from reconciler.model.plan import Step
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    RRsetKind,
    Slot,
    Version,
)
from reconciler.proof import effects, reach
from reconciler.proof.schedule import ORIGIN
from reconciler.proof.windows import (
    ALWAYS,
    Bound,
    Lanes,
    Stay,
    Window,
    cached,
    open_at_origin,
    prolonged,
    within,
)
from reconciler.proof.words import describe

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
    return tuple(part for part in found if part.windows)


def holds_at(world: World, place: Slot) -> tuple[Window, ...]:
    """Return while which a resolver may ask the servers of a slot."""
    signer = place[1]
    return (ALWAYS,) if signer is None else reach.holds_of(world.lanes, signer)


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


def moves_at(world: World, place: Slot, version: Version) -> tuple[Move, ...]:
    """Return the moves that begin a version, in the order of its step."""
    if version.step is None:
        return ()
    return tuple(move for move in world.steps[version.step].moves if place in effects.touched(move))


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


def installed_by_cds(world: World) -> Iterator[Part]:
    """Yield the DS sets that a polling parent may install, and what moves then make of them.

    It may do so from when it sees the CDS set until `processing_max` after it last saw it, in place
    of any DS version of the timeline that stands then (RFC 7344 §6, RFC 8078 §4).
    """
    for place, stays in world.lanes.items():
        if place[0] is RRsetKind.CDS:
            for stay in stays:
                for hold in holds_at(world, place):
                    yield from _installed(world, stay, cached(hold, stay))


def _installed(world: World, stay: Stay, seen: Window | None) -> Iterator[Part]:
    version = stay.version
    ds = authorised(version)
    if seen is None or ds is None or not isinstance(version, CdsVersion):
        return
    deciding = prolonged(seen, version.processing_max)
    lane = world.lanes[DS]
    ttl = max(stay.version.ttl for stay in lane)
    for number, standing in enumerate(lane):
        installing = within(deciding, _unseen_from(standing), standing.left)
        if installing is not None:
            made = replace(ds, ttl=ttl)
            text = describe(made, f"installed by CDS at {version.signer}")
            yield _virtual(made, version, _kept(installing, standing, ttl), text)
            yield from _built_upon(world, made, version, number, installing)


def _unseen_from(standing: Stay) -> Bound | None:
    """Return from when a parent may have replaced a DS version without our having seen it.

    What stands at the origin was observed then, so that it was not replaced before.
    """
    observed = standing.version.step is None and not standing.gone
    return Bound(ORIGIN, 0) if observed else standing.begin


def authorised(version: Version) -> DsVersion | None:
    """Return the DS set that a CDS set lets the parent install; None if it lets it do nothing."""
    if not isinstance(version, CdsVersion) or not version.polled:
        return None
    if not version.cds and not version.unknown:
        return None
    ds = version.cds if isinstance(version.cds, frozenset) else frozenset[DsRef]()
    return DsVersion(ttl=version.ttl, propagation=0, unknown=version.unknown, ds=ds)


def _kept(installing: Window, standing: Stay, ttl: int) -> Window:
    ends = () if standing.served is None else (standing.served.later(ttl),)
    return Window(installing.begins, ends, installing.gaps)


def _virtual(made: DsVersion, source: Version, window: Window, text: str) -> Part:
    return Part(
        version=made,
        windows=(window,),
        text=text,
        source=source,
        # An unknown set is no doing of the plan; what the plan adds meanwhile is.
        of_start=made.unknown,
        gone=made.unknown,
    )


def _built_upon(
    world: World, made: Version, source: Version, number: int, installing: Window
) -> Iterator[Part]:
    """Yield what later steps make of an installed set where they only add and remove."""
    for standing in world.lanes[DS][number + 1 :]:
        moves = moves_at(world, DS, standing.version)
        if not moves or not all(isinstance(move, DsAdd | DsRemove) for move in moves):
            return
        (made,) = effects.outcome(made, moves, standing.version, world.keys).final
        begun = within(Window(gaps=installing.gaps), standing.begin, None)
        if begun is not None and isinstance(made, DsVersion):
            text = describe(made, f"installed by CDS, then {standing.version.step}")
            yield _virtual(made, source, _kept(begun, standing, made.ttl), text)
