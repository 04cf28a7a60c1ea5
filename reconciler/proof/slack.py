"""How many seconds each wait could lose with the proof still holding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model.plan import Step, WaitSlack
from reconciler.proof.overlap import possible
from reconciler.proof.schedule import Arc, Closure, Gap, arcs_of, closure_of, impossible, tighten

Demand = frozenset[Gap]
"""Gaps that must not hold all at once."""


def demands(closure: Closure, combinations: Iterable[Sequence[Gap]]) -> tuple[Demand, ...]:
    """Return the gaps on which the proof rests, each set once and only the smallest.

    Only gaps that the needs contradict now can still be contradicted when a wait shrinks; where it
    takes several together, all of them count.
    """
    found: set[Demand] = set()
    for gaps in combinations:
        contradicted = frozenset(gap for gap in gaps if impossible(closure, gap))
        found.add(contradicted or frozenset(gaps))
    smallest: list[Demand] = []
    for demand in sorted(found, key=lambda gaps: (len(gaps), sorted(gaps))):
        if not any(smaller <= demand for smaller in smallest):
            smallest.append(demand)
    return tuple(smallest)


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
    """Return the least wait with which everything required still holds, by bisection."""
    low, high = 0, arc.seconds
    while low < high:
        middle = (low + high) // 2
        if _holds(others, Arc(arc.source, arc.target, middle), required):
            high = middle
        else:
            low = middle + 1
    return high


def _holds(others: Closure, arc: Arc, required: Sequence[Demand]) -> bool:
    closure = tighten(others, arc)
    return closure is not None and not any(possible(closure, tuple(gaps)) for gaps in required)
