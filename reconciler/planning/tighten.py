"""From a settled path to the waits it really needs.

For each harmful combination one pair of its windows must be kept apart: the one has left every
cache before the step that begins the other. Those choices are difference constraints between steps;
the earliest time of each step is a longest path over them (planning.md §5).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product

from reconciler.planning.windows import Mark, Triple, Window

ORDER = 1
"""Seconds between two steps that only have to come one after the other."""

Arc = tuple[int, int]
"""From a step (0: the origin) to a later step."""


@dataclass(frozen=True, slots=True)
class Apart:
    """One way to keep two windows apart: `arc` must be at least `seconds`."""

    arc: Arc
    seconds: int
    early: Window
    late: Window
    triple: Triple


class Waits:
    """Minimal waits between steps, and what follows from them."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.least: dict[Arc, int] = {}
        self.closure: list[list[int | None]] = [[None] * (steps + 1) for _ in range(steps + 1)]
        self.closure[0] = [0] * (steps + 1)
        """The longest chain of waits from one step to a later one; no step before the origin."""

    def require(self, arc: Arc, seconds: int) -> None:
        """Ask for at least this wait."""
        if seconds > self.least.get(arc, -1):
            self.least[arc] = seconds
            if not self.implies(arc, seconds):
                self._extend(arc, seconds)

    def implies(self, arc: Arc, seconds: int) -> bool:
        """True if the waits asked for so far hold the two steps that far apart."""
        held = self.closure[arc[0]][arc[1]]
        return held is not None and held >= seconds

    def makespan(self, arc: Arc, seconds: int) -> tuple[int, int]:
        """Return the last and the summed earliest times if this wait were asked for too."""
        i, j = arc
        times = self.earliest()
        times[j] = max(times[j], times[i] + seconds)
        for k in range(j + 1, self.steps + 1):
            held = self.closure[j][k]
            if held is not None:
                times[k] = max(times[k], times[j] + held)
        return max(times), sum(times)

    def earliest(self) -> list[int]:
        """Return the earliest instant of each step, the origin first."""
        return [0, *(self.closure[0][j] or 0 for j in range(1, self.steps + 1))]

    def reduced(self) -> dict[Arc, int]:
        """Return the waits that do not follow from the others."""
        return {
            (i, j): seconds
            for (i, j), seconds in sorted(self.least.items())
            if not any(
                (self.closure[i][k] is not None and self.closure[k][j] is not None)
                and (self.closure[i][k] or 0) + (self.closure[k][j] or 0) >= seconds
                for k in range(i + 1, j)
            )
            and not (i == 0 and seconds <= 0)
        }

    def _extend(self, arc: Arc, seconds: int) -> None:
        """Let every chain that this wait makes longer run over it."""
        i, j = arc
        before = [(a, held) for a in range(i) if (held := self.closure[a][i]) is not None]
        after = [
            (b, h) for b in range(j + 1, self.steps + 1) if (h := self.closure[j][b]) is not None
        ]
        for a, first in (*before, (i, 0)):
            row = self.closure[a]
            for b, last in ((j, 0), *after):
                held, longer = row[b], first + seconds + last
                if held is None or held < longer:
                    row[b] = longer


def ways_apart(triple: Triple) -> tuple[Apart, ...] | None:
    """Return every way to keep a combination out of all caches; None if it can never come about."""
    ways = []
    for early, late, high, low in _borders(triple):
        if high.step == 0 and (high.seconds <= low.seconds if low.step == 0 else high.seconds <= 0):
            return None
        if high.step < low.step:
            ways.append(Apart((high.step, low.step), high.seconds, early, late, triple))
    return tuple(ways)


def _borders(triple: Triple) -> Iterator[tuple[Window, Window, Mark, Mark]]:
    """Yield what would have to end before what begins, for a combination to be impossible.

    One window before another, or one before it ever was within reach (`early` is `late` then).
    """
    for early, late in permutations(triple, 2):
        for high, low in product(early.highs, late.lows):
            yield early, late, high, low
    for each in triple:
        for low, high in each.alive:
            yield each, each, high, low


def choose(waits: Waits, triples: Iterable[Triple]) -> list[tuple[Apart, ...]]:
    """Ask `waits` for one way apart of each combination; return the ways of those that have any.

    Combinations with one way come first; where there are several, the way that delays the plan
    least is taken. A combination without any way was there before the plan began.
    """
    open_ways = [ways for triple in triples if (ways := ways_apart(triple))]
    open_ways.sort(key=lambda ways: (len(ways), min(w.seconds for w in ways)))
    for ways in open_ways:
        if any(waits.implies(w.arc, w.seconds) for w in ways):
            continue
        best = min(ways, key=lambda w: (waits.makespan(w.arc, w.seconds), w.seconds, w.arc))
        waits.require(best.arc, best.seconds)
    return open_ways


def can_meet(triple: Triple, waits: dict[Arc, int], steps: int) -> bool:
    """True if some schedule within `waits` lets a cache hold this combination.

    Every pair of the three windows must overlap (on a line that is enough); that bounds steps from
    above, so the question is whether the difference constraints have no negative cycle.
    """
    bounds = [(j, i, -seconds) for (i, j), seconds in waits.items()]
    bounds += [(j, 0, 0) for j in range(1, steps + 1)]
    for _, _, high, low in _borders(triple):
        if not high.step and not low.step and low.seconds >= high.seconds:
            return False
        bounds.append((high.step, low.step, high.seconds - low.seconds - 1))
    return _feasible(bounds, steps)


def _feasible(bounds: Sequence[tuple[int, int, int]], steps: int) -> bool:
    """True if times exist with t[b] <= t[a] + c for each (a, b, c)."""
    times = [0] * (steps + 1)
    for _ in range(steps + 2):
        changed = False
        for a, b, c in bounds:
            if times[a] + c < times[b]:
                times[b] = times[a] + c
                changed = True
        if not changed:
            return True
    return False
