"""What can be asked for, or awaited, at one publication: moves and what they do to a node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from reconciler.model.capabilities import SignerCapabilities
from reconciler.model.keys import DsRef
from reconciler.model.moves import Move, system

KEEP_ALL = -1
"""Keeps every bit of a slot."""


class Write(NamedTuple):
    """What a move does to one slot: keep these bits, then put those."""

    slot: int
    keep: int
    put: int


@dataclass(frozen=True, slots=True)
class ParentInstalls:
    """What a parent does by itself: it makes the DS RRset what the CDS sets say (RFC 7344)."""

    ds: frozenset[DsRef]


class Offer(NamedTuple):
    """A move that can be made now, and what it does to the node.

    `reads`: the slots that must stand as they do for the offer to be open. `by`: who moves by
    itself, `parent` or `signer-itself:<name>`; None where the move is ours to ask for. `ttl`: with
    which TTL its slot is published from then on, None where that stays.
    """

    move: Move | ParentInstalls
    writes: tuple[Write, ...]
    reads: tuple[int, ...] = ()
    by: str | None = None
    ttl: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where one signer stands in this plan.

    `own`: the keys that are its own to choose. `lent`: keys of others that it can publish for a
    while. `passing`: its own keys that are to have a DS and no DNSKEY in the end, published until
    that DS stands (I6). `free`: nothing is asked of it, for the desired state does not name it.
    `stops`: when it ceases to serve and to sign, seconds after the origin; None where it goes on.
    `rolls`: when it replaces a key by itself; None where it does not, or nobody knows when.
    """

    capabilities: SignerCapabilities
    own: int = -1
    lent: int = 0
    passing: int = 0
    free: bool = False
    stops: int | None = None
    rolls: int | None = None


def made_by(offer: Offer) -> str:
    """Return the system that makes a move, as in `Step.actor`."""
    match offer.move:
        case ParentInstalls():
            return "parent"
        case move:
            return offer.by or system(move)


def clash(offers: tuple[Offer, ...]) -> bool:
    """True if these moves cannot land in any order, or are not all ours or all of one other.

    Two that write the same bits, or one that writes what another one's being open hangs on.
    """
    if len({offer.by for offer in offers}) > 1:
        return True
    written: dict[int, int] = {}
    for offer in offers:
        for slot, keep, put in offer.writes:
            touched = ~keep | put
            if written.get(slot, 0) & touched:
                return True
            written[slot] = written.get(slot, 0) | touched
    return any(
        slot in written and slot not in {write.slot for write in offer.writes}
        for offer in offers
        for slot in offer.reads
    )
