"""When a cache may hold something, as conditions on step times (design/planning.md §2).

All bounds are symbolic: a node of the schedule plus seconds. Ends are exclusive, so waiting exactly
until the end is enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.model.timeline import Slot, Timeline, Version, slot
from reconciler.proof.schedule import ORIGIN, Gap


class Bound(NamedTuple):
    """The instant `offset` seconds after a node."""

    node: int
    offset: int

    def later(self, seconds: int) -> Bound:
        """Return the instant `seconds` later."""
        return Bound(self.node, self.offset + seconds)


@dataclass(frozen=True, slots=True)
class Window:
    """All instants from every one of `begins` on and before every one of `ends`, if `gaps` hold.

    No begins: since for ever; no ends: for ever.
    """

    begins: tuple[Bound, ...] = ()
    ends: tuple[Bound, ...] = ()
    gaps: tuple[Gap, ...] = ()


ALWAYS = Window()
FROM_START = Window(begins=(Bound(ORIGIN, 0),))
"""The proof is about views from the origin on; what was before cannot be changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One version in its slot: begun at `begin`, given by some server until before `served`.

    `left`: when its successor begins. `gone`: that was before the origin already.
    """

    version: Version
    begin: Bound | None
    left: Bound | None
    served: Bound | None
    gone: bool


Lanes = Mapping[Slot, tuple[Stay, ...]]


def begin_of(version: Version, nodes: Mapping[str | None, int]) -> Bound | None:
    """Return when a version begins; None: since for ever."""
    if version.step is not None:
        return Bound(nodes[version.step], 0)
    return None if version.at is None else Bound(ORIGIN, version.at)


def served_until(left: Bound, successor: Version) -> Bound:
    """Return until when some server may still give what `successor` replaces at `left`."""
    return left.later(successor.propagation)


def lanes_of(timeline: Timeline, nodes: Mapping[str | None, int]) -> Lanes:
    """Return for each slot its versions in order, with when each begins and is last served."""
    by_slot: dict[Slot, list[Version]] = {}
    for version in timeline.versions:
        by_slot.setdefault(slot(version), []).append(version)
    return {place: _stays(versions, nodes) for place, versions in by_slot.items()}


def _stays(versions: Sequence[Version], nodes: Mapping[str | None, int]) -> tuple[Stay, ...]:
    successors = [*versions[1:], None]
    return tuple(_stay(v, after, nodes) for v, after in zip(versions, successors, strict=True))


def _stay(version: Version, after: Version | None, nodes: Mapping[str | None, int]) -> Stay:
    begin = begin_of(version, nodes)
    left = None if after is None else begin_of(after, nodes)
    if after is None or left is None:
        return Stay(version=version, begin=begin, left=None, served=None, gone=False)
    return Stay(
        version=version,
        begin=begin,
        left=left,
        served=served_until(left, after),
        gone=after.step is None,
    )


def meeting(begins: Sequence[Bound], ends: Sequence[Bound]) -> tuple[Gap, ...] | None:
    """Return what must hold so that all begins are before all ends; None: that can never be."""
    gaps = []
    for begin in begins:
        for end in ends:
            limit = end.offset - begin.offset
            if begin.node != end.node:
                gaps.append(Gap(end.node, begin.node, limit))
            elif limit <= 0:
                return None
    return tuple(gaps)


def within(window: Window, begin: Bound | None, end: Bound | None) -> Window | None:
    """Return the part of a window from `begin` on and before `end`; None if it is always empty."""
    begins = window.begins if begin is None else (*window.begins, begin)
    ends = window.ends if end is None else (*window.ends, end)
    gaps = meeting(begins, ends)
    return None if gaps is None else Window(begins, ends, (*window.gaps, *gaps))


def prolonged(window: Window, seconds: int) -> Window:
    """Return the window that ends `seconds` later."""
    return Window(window.begins, tuple(end.later(seconds) for end in window.ends), window.gaps)


def cached(hold: Window, stay: Stay) -> Window | None:
    """Return when a cache may keep a version that is fetched during `hold` while it is served.

    It is kept for the TTL published with it.
    """
    fetch = within(hold, stay.begin, stay.served)
    return None if fetch is None else prolonged(fetch, stay.version.ttl)


def open_at_origin(window: Window) -> bool:
    """True if a cache may hold it at the origin, before any step of the plan."""
    return all(begin.node == ORIGIN and begin.offset <= 0 for begin in window.begins) and not any(
        end.node == ORIGIN and end.offset <= 0 for end in window.ends
    )
