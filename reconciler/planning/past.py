"""What some cache may still remember of each slot: its versions up to now, the last one standing.

A settled zone has one version per slot. Of an unsettled one `history` tells the earlier versions;
where it is silent, something unknown stood before (planning.md §6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.model.observed import ObservedZone
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Version,
    slot,
)
from reconciler.planning.publication import Node, Place, Side, World
from reconciler.planning.timing import SlotTiming


@dataclass(frozen=True, slots=True, kw_only=True)
class PastVersion:
    """One version until now. `value` None: unknown. `at`: when it began, None for ever ago.

    `expires`: when its first signature ends, seconds from now; None where it is refreshed in time.
    """

    value: int | None
    at: int | None
    ttl: int
    propagation: int
    expires: int | None = None


Past = tuple[PastVersion, ...]
"""The versions of one slot, in order; the last one stands now."""


def gone_at(past: Past, index: int) -> int:
    """Return the instant from which no cache holds this earlier version, seconds from now."""
    successor = past[index + 1]
    return (successor.at or 0) + successor.propagation + past[index].ttl


def encode_version(world: World, version: Version) -> int | None:
    """Return the value of a version in this world, None for something unknown."""
    if version.unknown:
        return None
    match version:
        case DsVersion():
            return world.ds_mask(version.ds)
        case DnskeyVersion():
            return world.dnskey(world.mask(version.keys), world.mask(version.signed_by))
        case DataVersion():
            return world.mask(version.signed_by)
        case NsVersion():
            return world.signer_mask(version.signers)
        case CdsVersion():
            return world.cds(version.cds)


def pasts_of(
    world: World,
    observed: ObservedZone,
    timings: Iterable[SlotTiming],
    unknown_ttls: Iterable[int],
    start: Node,
) -> tuple[Past, ...]:
    """Return the past of each slot of a node."""
    history = _by_slot(observed)
    pasts = []
    for name, timing, unknown, value in zip(world.slots, timings, unknown_ttls, start, strict=True):
        known = tuple(
            PastVersion(
                value=encode_version(world, version),
                at=version.at,
                ttl=version.ttl,
                propagation=version.propagation,
            )
            for version in history.get(name, ())
        )
        settled = observed.settled or isinstance(name[0], Side)
        past = complete(known, value, timing, unknown, settled=settled)
        pasts.append(_from_ever(past) if name[0] is RRsetKind.CDS else past)
    return tuple(pasts)


def expiring(
    world: World,
    observed: ObservedZone,
    pasts: Iterable[Past],
    timings: Iterable[SlotTiming],
    lost: int,
) -> tuple[Past, ...]:
    """Return these pasts with the end of the signatures that stand now; `lost` keys renew none.

    Where a key is lost, what others signed is taken to be refreshed.
    """
    found = []
    for place, past, timing in zip(world.slots, pasts, timings, strict=True):
        kind = place[0]
        value = past[-1].value or 0
        signed_by = value if kind is RRsetKind.DATA else world.dnskey_parts(value)[1]
        own = _expires(observed, place, value)
        if lost:
            own = _unrenewed(observed, place, own) if signed_by & lost else None
        ends = [end for end in (own, timing.ends) if end is not None]
        found.append((*past[:-1], replace(past[-1], expires=min(ends, default=None))))
    return tuple(found)


def _expires(observed: ObservedZone, name: Place, value: int) -> int | None:
    """Return when the first signature ends, None where it is refreshed in time."""
    kind, signer = name
    if kind not in (RRsetKind.DNSKEY, RRsetKind.DATA) or signer is None or not value:
        return None
    expires = observed.signers[signer].signatures.expires
    return None if expires is None or expires <= 0 else expires


def _from_ever(past: Past) -> Past:
    """Return a past whose first known version stood for ever.

    A parent that acts on a CDS set nobody knows of could do harm at any time, whatever is planned:
    that it does not is an assumption (`sides.notes_on_cds`).
    """
    first, *rest = [version for version in past if version.value is not None]
    return (replace(first, at=None), *rest)


def _unrenewed(observed: ObservedZone, place: Place, expires: int | None) -> int | None:
    """What a lost key signed may be as old as its signer lets signatures become."""
    signer = place[1]
    if expires is not None or signer is None:
        return expires
    return observed.signers[signer].signatures.refresh


def _by_slot(observed: ObservedZone) -> Mapping[object, list[Version]]:
    by_slot: dict[object, list[Version]] = {}
    if observed.settled:
        return by_slot
    for version in sorted(observed.history, key=_began):
        by_slot.setdefault(slot(version), []).append(version)
    return by_slot


def _began(version: Version) -> float:
    return float("-inf") if version.at is None else version.at


def complete(
    known: Past, value: int, timing: SlotTiming, unknown_ttl: int, *, settled: bool
) -> Past:
    """Return a past that reaches from for ever ago to what stands now.

    Before the first known instant stands something unknown; what stands now and is not the last
    known version is taken to stand since this instant only.
    """
    ttl = timing.ttl_of(value)
    if settled:
        return (_version(value, None, ttl, timing),)
    if known and known[-1].value == value:
        last = known[-1]
        longest = _version(value, last.at, max(ttl, last.ttl), timing, last.propagation)
        known = (*known[:-1], longest)
    else:
        known = (*known, _version(value, 0, ttl, timing))
    if known[0].at is not None:
        known = (_version(None, None, unknown_ttl, timing), *known)
    return known


def _version(
    value: int | None, at: int | None, ttl: int, timing: SlotTiming, propagation: int = 0
) -> PastVersion:
    bound = max(timing.propagation, propagation)
    return PastVersion(value=value, at=at, ttl=ttl, propagation=bound)


def unknown_until(past: Past) -> int:
    """Return until when some cache may hold something unknown of this slot, seconds from now."""
    gone = [gone_at(past, i) for i, version in enumerate(past[:-1]) if version.value is None]
    return max(0, *gone) if gone else 0
