"""DS sets that a parent may install by itself, because a CDS set lets it (RFC 7344, RFC 8078)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.model.keys import DsRef
from reconciler.model.moves import DsAdd, DsRemove
from reconciler.model.timeline import CdsVersion, DsVersion, Version
from reconciler.proof import effects
from reconciler.proof.schedule import ORIGIN, Closure, possible
from reconciler.proof.windows import Bound, Stay, Window, cached, prolonged, within
from reconciler.proof.words import describe
from reconciler.proof.world import DS, Part, World, holds_at, moves_at


def installed_by_cds(world: World, *, kept: bool = True) -> Iterator[Part]:
    """Yield the DS sets that a polling parent may install, and what moves then make of them.

    It may do so from when it sees the CDS set until `processing_max` after it last saw it, in place
    of any DS version of the timeline that stands then (RFC 7344 §6, RFC 8078 §4). Windows are those
    of caches; where not `kept`, those of the parent's servers.
    """
    merged: dict[tuple[int, str], Part] = {}
    for part in _installed(world, kept=kept):
        name = id(part.source), part.text
        windows = merged[name].windows if name in merged else ()
        merged[name] = replace(part, windows=(*windows, *part.windows))
    yield from merged.values()


def _installed(world: World, *, kept: bool) -> Iterator[Part]:
    lane = world.lanes[DS]
    ttl = max(stay.version.ttl for stay in lane) if kept else 0
    for version, ds, deciding in decisions(world):
        for number, standing in enumerate(lane):
            installing = within(deciding, _unseen_from(standing), standing.left)
            if installing is not None:
                made = replace(ds, ttl=ttl)
                text = describe(made, f"installed by CDS at {version.signer}")
                yield _virtual(made, version, _kept(installing, standing, ttl), text)
                yield from _built_upon(world, made, version, number, installing)


def decisions(world: World) -> Iterator[tuple[CdsVersion, DsVersion, Window]]:
    """Yield what CDS sets let the parent install, and while which it may decide to."""
    for place, stays in world.lanes.items():
        for version, stay in ((stay.version, stay) for stay in stays):
            ds = authorised(version)
            if isinstance(version, CdsVersion) and ds is not None:
                for hold in holds_at(world, place):
                    seen = cached(hold, stay)
                    if seen is not None:
                        yield version, ds, prolonged(seen, version.processing_max)


def may_install(world: World, closure: Closure, step: str, ds: frozenset[DsRef]) -> bool:
    """True if the parent may install this DS set by itself when a step is taken."""
    begin = Bound(world.nodes[step], 0)
    for _, allowed, deciding in decisions(world):
        then = within(deciding, begin, begin.later(1))
        if allowed.ds == ds and then is not None and possible(closure, then.gaps):
            return True
    return False


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
        moves = moves_at(world.steps, DS, standing.version)
        if not moves or not all(isinstance(move, DsAdd | DsRemove) for move in moves):
            return
        (made,) = effects.outcome(made, moves, standing.version, world.keys).final
        begun = within(Window(gaps=installing.gaps), standing.begin, None)
        if begun is not None and isinstance(made, DsVersion):
            text = describe(made, f"installed by CDS, then {standing.version.step}")
            yield _virtual(made, source, _kept(begun, standing, made.ttl), text)
