"""Reading back what no version of a timeline tells of: TTLs, and denial of existence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.execute.readback import Laggard
from reconciler.model.moves import DenialSet, Move, TtlSet
from reconciler.model.sightings import ChildSighting, Observation
from reconciler.model.timeline import RRsetKind


def untold(observation: Observation, moves: Iterable[Move]) -> tuple[Laggard, ...]:
    """Return each server that does not show a TTL or a kind of denial that some move sets."""
    return tuple(
        Laggard(
            server=sight.server,
            address=sight.address,
            shows=sight.error or _shown(move, sight),
            silent=sight.error is not None,
        )
        for move, sight in _asked(observation, moves)
        if sight.error or not _shows(move, sight)
    )


def nowhere(observation: Observation, moves: Iterable[Move]) -> bool:
    """True if some move sets a TTL or a kind of denial that no server shows."""
    return any(
        not any(_shows(move, sight) for move, sight in _asked(observation, [move]))
        for move in moves
        if isinstance(move, DenialSet | TtlSet)
    )


def _asked(
    observation: Observation, moves: Iterable[Move]
) -> Iterator[tuple[DenialSet | TtlSet, ChildSighting]]:
    for move in moves:
        if isinstance(move, DenialSet | TtlSet):
            yield from ((move, s) for s in observation.children if s.signer == move.signer)


def _shows(move: DenialSet | TtlSet, sight: ChildSighting) -> bool:
    """Data is compared by what was asked for, which need not hold the largest TTL of the zone."""
    if isinstance(move, DenialSet):
        return sight.denial == move.denial.kind
    found = _ttl(move, sight)
    return found is not None and (
        found <= move.ttl if move.rrset is RRsetKind.DATA else found == move.ttl
    )


def _shown(move: DenialSet | TtlSet, sight: ChildSighting) -> str:
    if isinstance(move, DenialSet):
        return f"denial by {sight.denial}"
    return f"{move.rrset} with a TTL of {_ttl(move, sight)} s"


def _ttl(move: TtlSet, sight: ChildSighting) -> int | None:
    match move.rrset:
        case RRsetKind.DNSKEY:
            return sight.dnskey_ttl
        case RRsetKind.NS:
            return sight.ns_ttl
        case _:
            return sight.data_ttl
