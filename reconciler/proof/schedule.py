"""Which step times the needs allow: difference constraints, solved by longest paths.

Nodes are numbered: 0 is the origin (instant 0), then the steps in order. `closure[i][j]` is the
least number of seconds that node j must come after node i, `NO_BOUND` where nothing says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from reconciler.model.plan import Step

ORIGIN = 0
NO_BOUND = -(1 << 60)
"""Far below any sum of waits, so that sums with it stay recognisable."""

Closure = tuple[tuple[int, ...], ...]


class Arc(NamedTuple):
    """Node `target` comes at least `seconds` after node `source`."""

    source: int
    target: int
    seconds: int


class Gap(NamedTuple):
    """What a view asks for: node `late` comes less than `limit` seconds after node `early`.

    It is impossible as soon as the needs keep the two at least `limit` seconds apart.
    """

    early: int
    late: int
    limit: int


def nodes_of(steps: Sequence[Step]) -> dict[str | None, int]:
    """Number the origin (None) and the steps."""
    return {None: ORIGIN} | {step.id: number for number, step in enumerate(steps, start=1)}


def arcs_of(steps: Sequence[Step]) -> list[Arc]:
    """Return one arc per need, in order, then those of the deadlines, then `no step before 0`."""
    nodes = nodes_of(steps)
    needs = [
        Arc(nodes[need.step], nodes[step.id], need.wait_min)
        for step in steps
        for need in step.needs
    ]
    deadlines = [
        Arc(nodes[step.id], nodes[limit.step], -limit.wait_max)
        for step in steps
        for limit in step.not_after
    ]
    return needs + deadlines + [Arc(ORIGIN, nodes[step.id], 0) for step in steps]


def floor_of(steps: Sequence[Step]) -> Closure | None:
    """Return what holds however short the waits are: their order and the deadlines.

    None where no times satisfy even that.
    """
    waits = sum(len(step.needs) for step in steps)
    arcs = arcs_of(steps)
    order = [Arc(source, target, 0) for source, target, _ in arcs[:waits]]
    return closure_of(len(steps) + 1, order + arcs[waits:])


def closure_of(size: int, arcs: Iterable[Arc]) -> Closure | None:
    """Return the longest chain of minima between all nodes, or None where no times satisfy all."""
    longest = [[0 if i == j else NO_BOUND for j in range(size)] for i in range(size)]
    for source, target, seconds in arcs:
        longest[source][target] = max(longest[source][target], seconds)
    for via in range(size):
        onward = longest[via]
        for row in longest:
            if row[via] > NO_BOUND:
                _relax(row, row[via], onward)
    if any(longest[node][node] > 0 for node in range(size)):
        return None
    return tuple(tuple(row) for row in longest)


def _relax(row: list[int], base: int, onward: Sequence[int]) -> None:
    for node, seconds in enumerate(onward):
        if seconds > NO_BOUND and base + seconds > row[node]:
            row[node] = base + seconds


def tighten(closure: Closure, arc: Arc) -> Closure | None:
    """Return the closure with one more arc, or None where it contradicts the others."""
    source, target, seconds = arc
    back = closure[target][source]
    if back > NO_BOUND and back + seconds > 0:
        return None
    onward = closure[target]
    rows = []
    for row in closure:
        changed = list(row)
        if row[source] > NO_BOUND:
            _relax(changed, row[source] + seconds, onward)
        rows.append(tuple(changed))
    return tuple(rows)


def impossible(closure: Closure, gap: Gap) -> bool:
    """True if the needs alone keep the two nodes of a gap far enough apart."""
    return closure[gap.early][gap.late] >= gap.limit


def solve(closure: Closure, gaps: Iterable[Gap], scale: int) -> Closure | None:
    """Return the closure, in `scale`ths of a second, under which all gaps hold at once, or None.

    A gap is strict, so it takes one unit. With scale 1 times are whole seconds; with a scale above
    the number of nodes the answer is that for real numbers (a cycle has at most one gap per node).
    """
    scaled: Closure | None = tuple(
        tuple(seconds * scale if seconds > NO_BOUND else NO_BOUND for seconds in row)
        for row in closure
    )
    for early, late, limit in gaps:
        if scaled is None:
            return None
        scaled = tighten(scaled, Arc(late, early, 1 - limit * scale))
    return scaled


def possible(closure: Closure, gaps: Sequence[Gap]) -> bool:
    """True if some schedule within the needs lets all gaps hold at once."""
    if any(impossible(closure, gap) for gap in gaps):
        return False
    return solve(closure, gaps, len(closure) + 1) is not None


def earliest(closure: Closure, gaps: Sequence[Gap]) -> tuple[int, ...] | None:
    """Return the earliest times of all nodes under which the gaps hold at once, or None.

    Times are whole seconds; where the gaps can only hold between whole seconds, rounded down.
    """
    for scale in (1, len(closure) + 1):
        solved = solve(closure, gaps, scale)
        if solved is not None:
            return tuple(units // scale for units in solved[ORIGIN])
    return None


def named(times: Sequence[int], nodes: Mapping[str | None, int]) -> dict[str, int]:
    """Return the times of the steps by their ids."""
    return {step: times[node] for step, node in nodes.items() if step is not None}
