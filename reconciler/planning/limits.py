"""Until when a step must be taken: signatures end, and signers stop (planning.md §4, I4).

A version whose signatures end is, from that instant, another version that fits nothing. It is kept
apart from the others as any bad combination is, or never comes about: either what it would meet, or
the version itself, has left every cache when the signatures end. That bounds a step from above.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.model.timeline import RRsetKind
from reconciler.planning.publication import World
from reconciler.planning.tighten import Apart, Waits, ways_apart
from reconciler.planning.windows import Mark, Triple, Window


class Event(StrEnum):
    """What happens at a known instant, whatever is planned."""

    ENDS = "the first signature ends"
    STOPS = "a leaving signer stops"
    ROLLS = "a signer replaces a key by itself"


@dataclass(frozen=True, slots=True)
class Limit:
    """A step must be taken at most `latest` seconds after the origin, for what happens at `end`.

    `leaves`: what must have left every cache by `end`, None where it is a signer that must be out
    of reach, or all that it served.
    """

    step: int
    latest: int
    end: int
    leaves: Window | None
    event: Event = Event.ENDS


@dataclass(frozen=True, slots=True)
class Missed:
    """A limit that no schedule keeps: `late` seconds too late at the earliest, None: never kept."""

    limit: Limit | None
    end: int
    late: int | None
    event: Event = Event.ENDS


def expired(world: World, windows: Iterable[Window]) -> Iterator[Window]:
    """Yield what some cache may hold of these versions once their signatures have ended."""
    for each in windows:
        kind = world.slots[each.slot][0]
        if each.expires is None or not each.value or each.passing:
            continue
        bare = world.dnskey(each.value & world.all_keys, 0) if kind is RRsetKind.DNSKEY else 0
        lows = tuple(sorted({*each.lows, Mark(0, each.expires)}))
        yield each._replace(value=bare, lows=lows, ended=True)


def limits_of(triple: Triple) -> tuple[Limit, ...]:
    """Return every way to keep a combination with an ended version out of all caches in time."""
    found = {}
    for late in triple:
        if not late.ended or late.expires is None:
            continue
        for early in triple:
            for high in early.highs:
                latest = late.expires - high.seconds
                if high.step:
                    found[high.step, latest] = Limit(high.step, latest, late.expires, early)
    return tuple(found.values())


def in_time(waits: Waits, triples: Sequence[Triple]) -> tuple[list[Limit], list[Missed]]:
    """Ask `waits` for what is needed to keep each ended version apart.

    Return the limits that hold then, and those that cannot.
    """
    limits: list[Limit] = []
    missed: list[Missed] = []
    for triple in triples:
        aparts, options = ways_apart(triple), limits_of(triple)
        if aparts is None or any(waits.implies(w.arc, w.seconds) for w in aparts):
            continue
        if any(option in limits for option in options):
            continue
        taken = _taken(waits, aparts, options)
        if isinstance(taken, Limit):
            limits.append(taken)
        elif taken is not None:
            missed.append(replace(taken, end=_end(triple)))
    return limits, [*missed, *_broken(waits, limits)]


def _taken(
    waits: Waits, aparts: Sequence[Apart], options: Sequence[Limit]
) -> Limit | Missed | None:
    """Return the limit with most time left, else ask for a wait (None), else what is missed."""
    times = waits.earliest()
    best = max(options, key=lambda o: (o.latest - times[o.step], -o.step), default=None)
    if best is not None and times[best.step] <= best.latest:
        return best
    if not aparts:
        return Missed(best, 0, None if best is None else times[best.step] - best.latest)
    chosen = min(aparts, key=lambda w: (waits.makespan(w.arc, w.seconds), w.seconds, w.arc))
    waits.require(chosen.arc, chosen.seconds)
    return None


def _broken(waits: Waits, limits: Iterable[Limit]) -> Iterator[Missed]:
    """Yield the limits that waits asked for later have put out of reach."""
    times = waits.earliest()
    for limit in limits:
        if times[limit.step] > limit.latest:
            yield Missed(limit, limit.end, times[limit.step] - limit.latest)


def _end(triple: Triple) -> int:
    return max(w.expires for w in triple if w.ended and w.expires is not None)


def out_of_reach(
    waits: Waits, ways: Iterable[Sequence[Mark]], stop: int, event: Event
) -> Iterator[Limit | Missed]:
    """Yield until when a step must be taken so that nothing can be asked for, or seen, at `stop`.

    `ways` are the ends of each way that leads to it.
    """
    times = waits.earliest()
    for highs in ways:
        if any(not h.step and h.seconds <= stop for h in highs):
            continue
        options = [Limit(h.step, stop - h.seconds, stop, None, event) for h in highs if h.step]
        best = max(options, key=lambda o: (o.latest - times[o.step], -o.step), default=None)
        if best is None:
            yield Missed(None, stop, None, event)
        elif times[best.step] > best.latest:
            yield Missed(best, stop, times[best.step] - best.latest, event)
        else:
            yield best


def tightest(limits: Iterable[Limit]) -> tuple[Limit, ...]:
    """Return the first limit of each step."""
    first: dict[int, Limit] = {}
    for limit in sorted(limits, key=lambda each: (each.latest, each.step)):
        first.setdefault(limit.step, limit)
    return tuple(first[step] for step in sorted(first))
