"""While which some cache may hold an NS set that names a signer (design/planning.md §2).

A resolver comes to a signer by a chain: the parent's NS set, perhaps apex NS sets of other signers,
each fetched while the one before it is kept, and last once more the signer's own apex. No signer is
passed twice: that resolvers return to the parent is an assumption printed with every plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.timeline import NsVersion, RRsetKind
from reconciler.proof.pruning import widest
from reconciler.proof.schedule import Closure
from reconciler.proof.windows import ALWAYS, Lanes, Stay, Window, cached

Arrivals = dict[tuple[str, frozenset[str]], list[Window]]
"""While which a resolver may come to a signer, by the signers it passed on the way there."""


def holds_of(lanes: Lanes, floor: Closure) -> Mapping[str, tuple[Window, ...]]:
    """Return for each signer that some NS set names the windows in which a cache may name it."""
    delegations = tuple(naming(lanes, None))
    found: dict[str, list[Window]] = {}
    for signer, holds in _arrivals(lanes, delegations, floor):
        found.setdefault(signer, []).extend(holds)
    always = frozenset.intersection(*(named for _, named in delegations))
    return {
        signer: (ALWAYS,) if signer in always else widest(holds, floor)
        for signer, holds in found.items()
    }


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


def _arrivals(
    lanes: Lanes, delegations: tuple[tuple[Stay, frozenset[str]], ...], floor: Closure
) -> Iterator[tuple[str, tuple[Window, ...]]]:
    """Yield signers with the windows in which a resolver may ask them, chain after chain."""
    coming: Arrivals = {}
    for stay, named in delegations:
        _send(coming, ALWAYS, stay, named, frozenset())
    while coming:
        onward: Arrivals = {}
        for (via, passed), found in coming.items():
            holds = widest(found, floor)
            refreshed = [new for hold in holds for new in last_refresh(lanes, via, hold)]
            holds = widest([*holds, *refreshed], floor)
            yield via, holds
            for stay, named in naming(lanes, via):
                for hold in holds:
                    _send(onward, hold, stay, named - passed - {via}, passed | {via})
        coming = onward


def _send(
    coming: Arrivals, hold: Window, stay: Stay, named: frozenset[str], passed: frozenset[str]
) -> None:
    """Note that a resolver asks during `hold` for an NS version, and where that sends it."""
    reached = cached(hold, stay)
    if reached is not None:
        for signer in sorted(named):
            coming.setdefault((signer, passed), []).append(reached)


def _signers(stay: Stay) -> frozenset[str]:
    return stay.version.signers if isinstance(stay.version, NsVersion) else frozenset()
