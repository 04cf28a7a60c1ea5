"""Whether the windows of a bad combination can be open at once under the needs.

Windows are intervals on one line: they share an instant if every begin is before every end. Each
such pair is a gap between two nodes; the needs make the combination impossible if they contradict
one gap alone (that pair of windows is the certificate) or all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from reconciler.proof.pruning import certain
from reconciler.proof.schedule import Closure, Gap, earliest, possible
from reconciler.proof.windows import FROM_START, Bound, Window
from reconciler.proof.world import Part

START_TEXT = "the start of the plan"

Open = tuple[Part, Window]
"""A part, and one of the windows in which a cache may hold it."""


@dataclass(frozen=True, slots=True)
class Apart:
    """The pair of parts that the needs keep apart the most, and by how many seconds."""

    ended: str
    begun: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Encounter:
    """What must hold for two windows to meet, or one to open at all from the origin on.

    `gaps`: those that not every schedule fulfils. `apart`: how far the needs keep the two apart;
    its seconds are negative if each gap alone may hold.
    """

    gaps: frozenset[Gap]
    apart: Apart


@dataclass(frozen=True, slots=True)
class Meeting:
    """One choice of windows, one per part, and all that must hold for them to meet."""

    windows: tuple[Window, ...]
    encounters: tuple[Encounter, ...]

    @property
    def gaps(self) -> frozenset[Gap]:
        """What must hold at once."""
        return frozenset[Gap]().union(*(encounter.gaps for encounter in self.encounters))

    @property
    def apart(self) -> Apart:
        """The pair that is furthest apart."""
        return max((encounter.apart for encounter in self.encounters), key=lambda a: a.seconds)


class Encounters:
    """Judges which windows may meet under some needs; each pair of windows once."""

    def __init__(self, closure: Closure, floor: Closure) -> None:
        """Judge by these needs; `floor` is what holds however short the waits are."""
        self.closure = closure
        self.floor = floor
        self._seen: dict[tuple[int, ...], Encounter] = {}

    def meetings(self, parts: Sequence[Part]) -> Iterator[Meeting]:
        """Yield every choice of one window per part."""
        for windows in product(*(part.windows for part in parts)):
            opened = tuple(zip(parts, windows, strict=True))
            alone = (self._opening(one) for one in opened)
            pairs = (self._encounter(one, other) for one, other in combinations(opened, 2))
            yield Meeting(windows, (*alone, *pairs))

    def _opening(self, one: Open) -> Encounter:
        """Return what must hold for a window to be open at some instant from the origin on."""
        key = (id(one[0]), id(one[1]))
        if key not in self._seen:
            part, window = one
            own = [(gap, part.text) for gap in window.gaps]
            own += [(gap, part.text) for gap in meeting_gaps(window.begins, window.ends)]
            own += [(gap, START_TEXT) for gap in meeting_gaps(FROM_START.begins, window.ends)]
            self._seen[key] = self._judged([(gap, part.text, begun) for gap, begun in own])
        return self._seen[key]

    def _encounter(self, one: Open, other: Open) -> Encounter:
        key = (id(one[0]), id(one[1]), id(other[0]), id(other[1]))
        if key not in self._seen:
            found = [
                (gap, ended.text, begun.text)
                for (ended, ending), (begun, beginning) in ((one, other), (other, one))
                for gap in meeting_gaps(beginning.begins, ending.ends)
            ]
            self._seen[key] = self._judged(found)
        return self._seen[key]

    def _judged(self, found: Sequence[tuple[Gap, str, str]]) -> Encounter:
        """Return an encounter by gaps, each with what must not have ended and what have begun."""
        aparts = (
            Apart(ended, begun, self.closure[gap.early][gap.late] - gap.limit)
            for gap, ended, begun in found
        )
        return Encounter(
            gaps=frozenset(gap for gap, _, _ in found if not certain(self.floor, gap)),
            apart=max(aparts, key=lambda apart: apart.seconds, default=NOWHERE_APART),
        )


NOWHERE_APART = Apart("", "", -(1 << 62))
"""Of windows that ask nothing of each other."""


def meeting_gaps(begins: Sequence[Bound], ends: Sequence[Bound]) -> list[Gap]:
    """Return what must hold so that all begins are before all ends."""
    return [
        Gap(end.node, begin.node, end.offset - begin.offset) for begin in begins for end in ends
    ]


@dataclass(frozen=True, slots=True)
class Instance:
    """A schedule (times by node) under which windows meet, and from when to when they do."""

    times: tuple[int, ...]
    begins: int
    ends: int | None


def instance(closure: Closure, met: Meeting) -> Instance | None:
    """Return the earliest schedule under which the windows meet, or None if there is none."""
    if met.apart.seconds >= 0:
        return None
    gaps = sorted(met.gaps)
    if not possible(closure, gaps):
        return None
    times = earliest(closure, gaps)
    if times is None:
        return None
    begins, ends = span(met.windows, times)
    return Instance(times, begins, ends)


def span(windows: Sequence[Window], times: Sequence[int]) -> tuple[int, int | None]:
    """Return when windows begin and cease to be open together; None: never."""
    begins = [times[begin.node] + begin.offset for window in windows for begin in window.begins]
    ends = [times[end.node] + end.offset for window in windows for end in window.ends]
    return max([0, *begins]), min(ends, default=None)
