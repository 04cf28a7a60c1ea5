"""Moves made together, and every value that may be seen while they land."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from reconciler.planning.offer import Offer
from reconciler.planning.publication import Node, dnskey_slot
from reconciler.planning.timing import SlotTiming


class Edge(NamedTuple):
    """Moves made together; `states` holds for each slot every value that may be seen on the way."""

    offers: tuple[Offer, ...]
    before: Node
    after: Node
    states: tuple[tuple[int, ...], ...]


def by_itself(edge: Edge) -> bool:
    """True if nobody asks for these moves: a signer or the parent makes them by itself."""
    return any(offer.by for offer in edge.offers)


def retimed(timing: SlotTiming, edge: Edge, slot: int) -> SlotTiming:
    """Return the times of a slot after this edge, which may set its TTL.

    A TTL of data holds for negative answers too; the absence of a DNSKEY RRset keeps its own.
    """
    for offer in edge.offers:
        if offer.ttl is not None and offer.writes[0].slot == slot:
            absent = slot % 3 == dnskey_slot(0) % 3
            negative = timing.negative_ttl if absent else offer.ttl
            return replace(timing, ttl=offer.ttl, negative_ttl=negative)
    return timing


def edge_of(node: Node, offers: tuple[Offer, ...]) -> Edge:
    """Return the edge that these moves make, with every value each slot may show on the way."""
    states = [{value} for value in node]
    after = list(node)
    for offer in offers:
        for slot, keep, put in offer.writes:
            states[slot] |= {value & keep | put for value in states[slot]}
            after[slot] = after[slot] & keep | put
    return Edge(offers, node, tuple(after), tuple(tuple(sorted(values)) for values in states))
