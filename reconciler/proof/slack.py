"""How many seconds each wait could lose with the proof still holding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model.plan import Step, WaitSlack
from reconciler.proof.schedule import (
    Arc,
    Closure,
    Gap,
    arcs_of,
    closure_of,
    impossible,
    possible,
    tighten,
)

Demand = frozenset[Gap]
"""Gaps that must not hold all at once."""


def smallest(found: Iterable[Demand]) -> tuple[Demand, ...]:
    """Return the demands that no other one makes superfluous.

    Where some of the gaps cannot hold at once, neither can all of them, nor narrower ones.
    """
    kept: list[dict[tuple[int, int], int]] = []
    for demand in sorted(found, key=_fewest_and_widest_first):
        limits = _limits(demand)
        if not any(_harder(limits, other) for other in kept):
            kept.append(limits)
    return tuple(
        frozenset(Gap(*between, limit) for between, limit in limits.items()) for limits in kept
    )


def _fewest_and_widest_first(demand: Demand) -> tuple[int, list[tuple[int, int, int]]]:
    return len(demand), sorted((early, late, -limit) for early, late, limit in demand)


def _limits(demand: Demand) -> dict[tuple[int, int], int]:
    """Return of the gaps between two nodes the narrowest."""
    limits: dict[tuple[int, int], int] = {}
    for early, late, limit in demand:
        limits[early, late] = min(limit, limits.get((early, late), limit))
    return limits


def _harder(limits: dict[tuple[int, int], int], other: dict[tuple[int, int], int]) -> bool:
    """True if gaps hold at once only where others do too."""
    return all(between in limits and limits[between] <= limit for between, limit in other.items())


def slack_of(steps: Sequence[Step], required: Sequence[Demand]) -> tuple[WaitSlack, ...]:
    """Return for each need, in order, by how much its `wait_min` alone could be cut."""
    arcs = arcs_of(steps)
    needs = [(step, need) for step in steps for need in step.needs]
    slacks = []
    for number, (step, need) in enumerate(needs):
        others = closure_of(len(steps) + 1, arcs[:number] + arcs[number + 1 :])
        least = None if others is None else _least(others, arcs[number], required)
        seconds = 0 if least is None else need.wait_min - least
        slacks.append(WaitSlack(step=step.id, need=need.step, seconds=seconds))
    return tuple(slacks)


def _least(others: Closure, arc: Arc, required: Sequence[Demand]) -> int:
    """Return the least wait with which everything required still holds."""
    least = 0
    for demand in required:
        if not any(impossible(others, gap) for gap in demand):
            least = _raised(others, arc, least, demand)
    return least


def _raised(others: Closure, arc: Arc, least: int, demand: Demand) -> int:
    """Return the least wait, `least` at least, with which one demand holds, by bisection."""
    low, high = least, arc.seconds
    if low < high and _holds(others, Arc(arc.source, arc.target, low), demand):
        return low
    while low < high:
        middle = (low + high) // 2
        if _holds(others, Arc(arc.source, arc.target, middle), demand):
            high = middle
        else:
            low = middle + 1
    return high


def _holds(others: Closure, arc: Arc, demand: Demand) -> bool:
    closure = tighten(others, arc)
    return closure is not None and not possible(closure, tuple(demand))
