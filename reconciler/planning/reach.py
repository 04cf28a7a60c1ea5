"""Which signers resolvers may ask, and until when (planning.md §2).

A signer is in reach while some cache may hold an NS RRset that names it: the delegation, or the NS
RRset at the apex of a signer in reach. At a settled publication that is a set of signers; along a
path each way to a signer, from the delegation over apex after apex, has beginnings and ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.timeline import RRsetKind
from reconciler.planning.cds import installed
from reconciler.planning.edge import Edge
from reconciler.planning.limits import expired
from reconciler.planning.past import Past
from reconciler.planning.publication import (
    DS_SLOT,
    NS_SLOT,
    World,
    apex_slot,
    data_slot,
    dnskey_slot,
)
from reconciler.planning.timing import SlotTiming
from reconciler.planning.windows import Mark, Window, windows_of

Alive = tuple[tuple[Mark, Mark], ...]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to a signer: open from the last of `lows` to the first of `highs`, if `alive`.

    `guessed`: it leads over an NS RRset of which nobody knows whom it named.
    """

    lows: tuple[Mark, ...] = ()
    highs: tuple[Mark, ...] = ()
    alive: Alive = ()
    guessed: bool = False

    def within(self, other: Way) -> bool:
        """True if this way is open only while the other one is, whatever the schedule."""
        return (
            set(other.lows) <= set(self.lows)
            and set(other.highs) <= set(self.highs)
            and set(other.alive) <= set(self.alive)
            and other.guessed <= self.guessed
        )


ALWAYS = Way()


def all_windows(
    world: World, pasts: Sequence[Past], timings: Sequence[SlotTiming], path: Sequence[Edge]
) -> tuple[tuple[Window, ...], ...]:
    """Return the windows of every slot; those of a signer's DNSKEY and data by each way to it."""
    plain = [
        windows_of(slot, past, timing, path)
        for slot, (past, timing) in enumerate(zip(pasts, timings, strict=True))
    ]
    listed = world.slots_of(RRsetKind.CDS) if world.extras else {}
    if len(world.signers) > 1:
        ways = ways_to(world, plain)
        for index in range(len(world.signers)):
            seen = [listed[index]] if index in listed else []
            for slot in (dnskey_slot(index), data_slot(index), *seen):
                plain[slot] = tuple(_reached(plain[slot], ways[index]))
    if listed:
        plain[DS_SLOT] += tuple(installed(world, plain, path, timings[DS_SLOT].propagation))
    return tuple((*of_slot, *expired(world, of_slot)) for of_slot in plain)


def _reached(windows: Iterable[Window], ways: Iterable[Way]) -> Iterator[Window]:
    """Yield each window once for each way to its signer, unless another way covers it."""
    ways = tuple(ways)
    for whole in windows:
        found = [way for by in ways if (way := _narrowed(whole, by)) is not None]
        for way in _widest(found):
            yield whole._replace(
                lows=way.lows, highs=way.highs, alive=way.alive, guessed=way.guessed
            )


def ways_to(world: World, windows: Sequence[Sequence[Window]]) -> tuple[tuple[Way, ...], ...]:
    """Return the ways to each signer, those that another one covers left out."""
    everybody = (1 << len(world.signers)) - 1
    apexes = [windows[apex_slot(i)] for i in range(len(world.signers))]
    naming = [
        {i: _runs(each, 1 << i, everybody) for i in range(len(world.signers))} for each in apexes
    ]
    delegated = {i: _runs(windows[NS_SLOT], 1 << i, everybody) for i in range(len(world.signers))}
    found: list[list[Way]] = [[] for _ in world.signers]
    for last, runs in delegated.items():
        for run in runs:
            first = _narrowed(run, ALWAYS)
            if first is not None:
                for signer, way in _followed(naming, last, first, (last,)):
                    found[signer].append(way)
    return tuple(tuple(_widest(ways)) for ways in found)


def _followed(
    naming: Sequence[Mapping[int, Sequence[Window]]], last: int, way: Way, passed: tuple[int, ...]
) -> Iterator[tuple[int, Way]]:
    """Yield this way and those that go on from its last signer's apex.

    A signer is passed once, and may name itself once more: the last refresh.
    """
    yield last, way
    for signer, runs in naming[last].items():
        again = signer == last and passed[-2:] != (last, last)
        if signer in passed and not again:
            continue
        for run in runs:
            further = _narrowed(run, way)
            if further is not None and not (again and further.within(way)):
                yield from _followed(naming, signer, further, (*passed, signer))


def _runs(windows: Sequence[Window], bit: int, everybody: int) -> list[Window]:
    """Return the windows of an NS RRset that names a signer; adjacent ones are joined.

    Something unknown is taken to name everybody.
    """
    runs: list[Window] = []
    joins = False
    for each in windows:
        names = bool((everybody if each.value is None else each.value) & bit)
        if names and joins and runs[-1].ttl <= each.ttl:
            runs[-1] = runs[-1]._replace(
                ends=each.ends,
                lasts=each.lasts,
                ttl=each.ttl,
                highs=each.highs,
            )
        elif names:
            runs.append(each)
        joins = names
    return runs


def _narrowed(each: Window, way: Way) -> Way | None:
    """Return when what is served at the end of `way` may be held, None for never."""
    lows = _latest({*each.lows, *way.lows})
    ends = {Mark(h.step, h.seconds + each.ttl) for h in way.highs} | set(each.highs)
    fetched = set(way.highs)
    if each.served is not None:
        fetched.add(each.highs[0] if each.passing else each.served)
    alive = set(way.alive)
    for low in lows:
        for high in fetched:
            if _never(low, high):
                return None
            if not _always(low, high):
                alive.add((low, high))
    return Way(lows, _earliest(ends), tuple(sorted(alive)), way.guessed or _is_guess(each))


def _is_guess(each: Window) -> bool:
    is_ns = each.slot == NS_SLOT or (each.slot - apex_slot(0)) % 3 == 0
    return is_ns and each.value is None


def _never(low: Mark, high: Mark) -> bool:
    """True if `high` is before `low` already; moves of one step land in any order."""
    return not low.step and not high.step and low.seconds >= high.seconds


def _always(low: Mark, high: Mark) -> bool:
    """True if steps in their order always bring `low` before `high`."""
    return high.step >= low.step


def _latest(marks: set[Mark]) -> tuple[Mark, ...]:
    """Drop the beginnings that never count: those before the origin beside any step."""
    steps = {m for m in marks if m.step}
    return tuple(sorted(steps)) if steps else tuple(sorted(marks)[-1:])


def _earliest(marks: set[Mark]) -> tuple[Mark, ...]:
    """Of the ends that count from one step keep the first."""
    first: dict[int, Mark] = {}
    for mark in sorted(marks, reverse=True):
        first[mark.step] = mark
    return tuple(sorted(first.values()))


def _widest(ways: Sequence[Way]) -> list[Way]:
    kept: list[Way] = []
    for way in dict.fromkeys(ways):
        if not any(way.within(other) for other in kept):
            kept = [other for other in kept if not other.within(way)]
            kept.append(way)
    return kept
