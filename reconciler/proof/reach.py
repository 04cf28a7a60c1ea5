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
    delegations = tuple(naming(lanes, None))
    if all(signer in named for _, named in delegations):
        return (ALWAYS,)
    found = [
        hold
        for stay, named in delegations
        for via in sorted(named)
        for hold in _follow(lanes, via, signer, cached(ALWAYS, stay), frozenset())
    ]
    return tuple(dict.fromkeys(found))


def naming(lanes: Lanes, at: str | None) -> Iterator[tuple[Stay, frozenset[str]]]:
    """Yield the NS versions of the parent (None) or of an apex, and the signers that each names.

    An unknown one is taken to name those that the version standing at the start names.
    """
    stays = lanes.get((RRsetKind.NS, at), ())
    standing = [_signers(stay) for stay in stays if stay.version.step is None][-1:]
    for stay in stays:
        unseen = standing if stay.version.unknown else ()
        yield stay, _signers(stay).union(*unseen)


def last_refresh(lanes: Lanes, signer: str, hold: Window) -> Iterator[Window]:
    """Yield the windows that a refresh from the signer's own apex adds to a hold on it."""
    for stay, named in naming(lanes, signer):
        renewed = cached(hold, stay) if signer in named else None
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
    for stay, named in naming(lanes, via):
        for onward in sorted(named - {via}):
            for start in holds:
                yield from _follow(lanes, onward, signer, cached(start, stay), passed | {via})


def _signers(stay: Stay) -> frozenset[str]:
    return stay.version.signers if isinstance(stay.version, NsVersion) else frozenset()
