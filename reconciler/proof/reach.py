"""While which some cache may hold an NS set that names a signer (design/planning.md §2).

A resolver comes to a signer by a chain: the parent's NS set, perhaps apex NS sets of other signers,
each fetched while the one before it is kept, and last once more the signer's own apex. No signer is
passed twice: that resolvers return to the parent is an assumption printed with every plan.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.timeline import NsVersion, RRsetKind
from reconciler.proof.windows import ALWAYS, Lanes, Stay, Window, cached


def holds_of(lanes: Lanes, signer: str) -> tuple[Window, ...]:
    """Return the windows whose union holds every instant at which a cache may name `signer`."""
    delegations = lanes[RRsetKind.NS, None]
    if all(_names(stay, signer) for stay in delegations):
        return (ALWAYS,)
    found = [
        hold
        for stay in delegations
        for via in _named(stay)
        for hold in _follow(lanes, via, signer, cached(ALWAYS, stay), frozenset())
    ]
    return tuple(dict.fromkeys(found))


def last_refresh(lanes: Lanes, signer: str, hold: Window) -> Iterator[Window]:
    """Yield the windows that a refresh from the signer's own apex adds to a hold on it."""
    for stay in lanes.get((RRsetKind.NS, signer), ()):
        renewed = cached(hold, stay) if _names(stay, signer) else None
        if renewed is not None:
            yield renewed


def _follow(
    lanes: Lanes, via: str, signer: str, hold: Window | None, passed: frozenset[str]
) -> Iterator[Window]:
    if hold is None or via in passed:
        return
    holds = (hold, *last_refresh(lanes, via, hold))
    if via == signer:
        yield from holds
        return
    for stay in lanes.get((RRsetKind.NS, via), ()):
        for onward in _named(stay) - {via}:
            for start in holds:
                yield from _follow(lanes, onward, signer, cached(start, stay), passed | {via})


def _named(stay: Stay) -> frozenset[str]:
    return stay.version.signers if isinstance(stay.version, NsVersion) else frozenset()


def _names(stay: Stay, signer: str) -> bool:
    return signer in _named(stay)
