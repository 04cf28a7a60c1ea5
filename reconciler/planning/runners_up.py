"""The paths next in cost after the cheapest, which may be sooner once they are tightened.

The search counts the settling times of edges one after the other; tightening lets them overlap. So
the cheapest path before is not always the soonest after (planning.md §5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count

from reconciler.planning.edge import Edge
from reconciler.planning.publication import Node
from reconciler.planning.search import NOTHING, Cost, Problem, plus

PATHS = 4
"""So many paths are compared. On random situations of one signer, more of them find little."""
LOOKS = 60
"""So many beginnings of paths are followed up; what one signer does has a few dozen in all."""

Trail = tuple[Edge, "Trail"] | None
"""A path from its last edge to its first."""


def cheapest_paths(problem: Problem, profiles: int) -> Iterator[tuple[Edge, ...]]:
    """Yield the cheapest paths, the cheapest first: at most `PATHS`, none that costs more before
    seconds count (see `Cost`).
    """
    order = count()
    visits: Counter[Node] = Counter()
    found = 0
    least: Cost | None = None
    frontier: list[tuple[Cost, int, Node, Cost, Trail]] = [
        (problem.at_least(problem.start), next(order), problem.start, NOTHING, None)
    ]
    for _ in range(LOOKS):
        if not frontier or found == PATHS:
            return
        bound, _, node, cost, trail = heappop(frontier)
        if least is not None and bound[:4] > least[:4]:
            return
        if problem.arrived(node):
            found, least = found + 1, least or cost
            yield tuple(_edges(trail))
            continue
        visits[node] += 1
        if visits[node] > PATHS:
            continue
        for edge, bad, price in problem.edges_from(node):
            if not bad & profiles:
                reached = plus(cost, price)
                bound = plus(reached, problem.at_least(edge.after))
                heappush(frontier, (bound, next(order), edge.after, reached, (edge, trail)))


def _edges(trail: Trail) -> list[Edge]:
    edges = []
    while trail is not None:
        edge, trail = trail
        edges.append(edge)
    return edges[::-1]
