"""Moves made together, and every value that may be seen while they land."""

from __future__ import annotations

from typing import NamedTuple

from reconciler.planning.offer import Offer
from reconciler.planning.publication import Node


class Edge(NamedTuple):
    """Moves made together; `states` holds for each slot every value that may be seen on the way."""

    offers: tuple[Offer, ...]
    before: Node
    after: Node
    states: tuple[tuple[int, ...], ...]


def by_itself(edge: Edge) -> bool:
    """True if nobody asks for these moves: a signer or the parent makes them by itself."""
    return any(offer.by for offer in edge.offers)


def edge_of(node: Node, offers: tuple[Offer, ...]) -> Edge:
    """Return the edge that these moves make, with every value each slot may show on the way."""
    states = [{value} for value in node]
    after = list(node)
    for offer in offers:
        for slot, keep, put in offer.writes:
            states[slot] |= {value & keep | put for value in states[slot]}
            after[slot] = after[slot] & keep | put
    return Edge(offers, node, tuple(after), tuple(tuple(sorted(values)) for values in states))
