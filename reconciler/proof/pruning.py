"""Which windows need not be looked at, because another one is open whenever they are.

Judged by the floor of the schedule, which is what holds however short the waits are, so that what
is left out is missed neither by the proof nor by what it says of shorter waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from reconciler.proof.schedule import NO_BOUND, Closure, Gap
from reconciler.proof.windows import Bound, Window

T = TypeVar("T")


def widest(windows: Iterable[Window], floor: Closure) -> tuple[Window, ...]:
    """Return windows that together are open whenever any of these is, the fewest that do."""
    tidy = dict.fromkeys(tidied(window, floor) for window in windows)
    return _needed(tuple(tidy), lambda one, other: covers(other, one, floor))


def tidied(window: Window, floor: Closure) -> Window:
    """Return the same window without bounds and gaps that follow from others of its own."""
    begins = _needed(window.begins, lambda one, other: _not_later(floor, one, other))
    ends = _needed(window.ends, lambda one, other: _not_later(floor, other, one))
    open_gaps = [gap for gap in window.gaps if not certain(floor, gap)]
    gaps = _needed(open_gaps, lambda one, other: _follows(floor, one, other))
    return Window(tuple(sorted(begins)), tuple(sorted(ends)), tuple(sorted(gaps)))


def covers(outer: Window, inner: Window, floor: Closure) -> bool:
    """True if `outer` is open whenever `inner` is, whatever the schedule."""
    return (
        all(any(_not_later(floor, b, a) for a in inner.begins) for b in outer.begins)
        and all(any(_not_later(floor, a, b) for a in inner.ends) for b in outer.ends)
        and all(any(_follows(floor, b, a) for a in inner.gaps) for b in outer.gaps)
    )


def certain(floor: Closure, gap: Gap) -> bool:
    """True if a gap holds in every schedule."""
    return -floor[gap.late][gap.early] < gap.limit


def _needed(items: Sequence[T], implied: Callable[[T, T], bool]) -> tuple[T, ...]:
    """Return the items that no other one makes superfluous; of equals, the first."""
    found: list[T] = []
    for item in items:
        if not any(implied(item, other) for other in found):
            found = [other for other in found if not implied(other, item)]
            found.append(item)
    return tuple(found)


def _not_later(floor: Closure, one: Bound, other: Bound) -> bool:
    """True if `one` is never later than `other`."""
    between = floor[one.node][other.node]
    return between > NO_BOUND and between + other.offset >= one.offset


def _follows(floor: Closure, gap: Gap, other: Gap) -> bool:
    """True if `gap` holds whenever `other` does."""
    late, early = floor[gap.late][other.late], floor[other.early][gap.early]
    return late > NO_BOUND and early > NO_BOUND and other.limit - late - early <= gap.limit
