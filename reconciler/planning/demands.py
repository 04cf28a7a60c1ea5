"""What a path asks for: the waits between its steps, and until when they must be taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from reconciler.model.capabilities import DsCheck
from reconciler.model.keys import Key
from reconciler.model.timeline import RRsetKind
from reconciler.planning import beside, rolling
from reconciler.planning.cds import listed
from reconciler.planning.edge import Edge
from reconciler.planning.limits import Event, Limit, Missed, in_time, out_of_reach, tightest
from reconciler.planning.publication import DS_SLOT, NS_SLOT, Node, World, dnskey_slot
from reconciler.planning.reach import Way, all_windows, ways_to
from reconciler.planning.safety import Views
from reconciler.planning.search import submitted
from reconciler.planning.task import Task
from reconciler.planning.tighten import ORDER, Apart, Arc, Waits, choose
from reconciler.planning.windows import Window, harmful, windows_of


@dataclass(frozen=True, slots=True)
class Standing:
    """A wait of the cardinal rule (I6): the RRset without this key leaves all caches first."""

    arc: Arc
    seconds: int
    window: Window
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What a path asks for: waits with what asked for them, and limits, kept and missed."""

    path: tuple[Edge, ...]
    windows: tuple[tuple[Window, ...], ...]
    waits: Waits
    apart: tuple[tuple[Apart, ...], ...]
    standing: tuple[Standing, ...]
    limits: tuple[Limit, ...]
    missed: tuple[Missed, ...]


def demands_of(task: Task, views: Views, path: tuple[Edge, ...], kept: int) -> Demands:
    """Ask for every wait of a path, and return also what asked for it."""
    windows = all_windows(task.world, task.pasts, task.timings, path)
    waits = Waits(len(path))
    _follow(task, path, waits)
    for arc in _shown_until(task.world, path):
        waits.require(arc, ORDER)
    standing = [s for j in range(1, len(path) + 1) for s in _standing(task, path, j)]
    for rule in standing:
        waits.require(rule.arc, rule.seconds)
    for owed in beside.rules(task.world, task.early, windows, path):
        waits.require(owed.arc, owed.seconds)
    for j, edge in enumerate(path, start=1):
        told = task.world.polling is not None and listed(task.world, edge.after)
        secure = any(edge.states[DS_SLOT]) and (edge.after[DS_SLOT] or len(_slots(edge)) > 1)
        if told or secure:
            waits.require((0, j), task.ns_unknown_until)
    triples = tuple(harmful(task.world, views, windows, kept))
    apart = choose(waits, (t for t in triples if not any(w.ended for w in t)))
    limits, missed = in_time(waits, [t for t in triples if any(w.ended for w in t)])
    leaving = tuple(_leaving(task, path, waits, windows))
    return Demands(
        path=path,
        windows=windows,
        waits=waits,
        apart=tuple(apart),
        standing=tuple(standing),
        limits=tightest([*limits, *(each for each in leaving if isinstance(each, Limit))]),
        missed=(*missed, *(each for each in leaving if isinstance(each, Missed))),
    )


def _leaving(
    task: Task, path: Sequence[Edge], waits: Waits, windows: Sequence[Sequence[Window]]
) -> Iterator[Limit | Missed]:
    """Yield until when signers that stop, or replace a key by themselves, must be out of reach."""
    if all(stand.stops is None and stand.rolls is None for stand in task.signers):
        return
    found = _ways(task, path)
    for index, stand in enumerate(task.signers):
        if stand.free and stand.stops is not None:
            ends = [way.highs for way in found[index]]
            yield from out_of_reach(waits, ends, stand.stops, Event.STOPS)
    yield from rolling.limits(task, waits, found, windows)


def _ways(task: Task, path: Sequence[Edge]) -> tuple[tuple[Way, ...], ...]:
    """Return the ways that lead to each signer along a path."""
    plain = [
        windows_of(slot, past, timing, path)
        for slot, (past, timing) in enumerate(zip(task.pasts, task.timings, strict=True))
    ]
    return ways_to(task.world, plain)


def _follow(task: Task, path: tuple[Edge, ...], waits: Waits) -> None:
    """Ask for the order of steps that write or read what another one writes."""
    for j, edge in enumerate(path, start=1):
        if any(task.pasts[slot][-1].at == 0 for slot in _slots(edge)):
            waits.require((0, j), ORDER)
    for (i, before), (j, after) in combinations(enumerate(path, start=1), 2):
        if _hangs_on(before, after):
            waits.require((i, j), ORDER)


def _shown_until(world: World, path: Sequence[Edge]) -> Iterator[Arc]:
    """Yield from each DS that is submitted to the step that withdraws its DNSKEY again (I6)."""
    for (i, edge), (j, later) in combinations(enumerate(path, start=1), 2):
        bits = world.mask(submitted(world, edge.before, edge.after))
        if any(
            kind is RRsetKind.DNSKEY and before & ~after & bits
            for (kind, _), before, after in zip(world.slots, later.before, later.after, strict=True)
        ):
            yield i, j


def _hangs_on(before: Edge, after: Edge) -> bool:
    """True if these edges cannot change places: one writes what the other writes or reads."""
    return bool(_slots(before) & (_slots(after) | _reads(after)) or _reads(before) & _slots(after))


def _reads(edge: Edge) -> frozenset[int]:
    return frozenset(slot for offer in edge.offers for slot in offer.reads)


def _slots(edge: Edge) -> frozenset[int]:
    return frozenset(write.slot for offer in edge.offers for write in offer.writes)


def _standing(task: Task, path: Sequence[Edge], step: int) -> list[Standing]:
    """What must leave the caches before this step's DS: RRsets of the key's signer without it.

    Of a signer that nobody was sent to yet, no cache holds anything; its servers must follow.
    """
    rules = []
    edge = path[step - 1]
    for key in submitted(task.world, edge.before, edge.after):
        bit = task.world.mask([key])
        if task.early is not None and bit & task.early.keys:
            continue
        for signer in _vouching(task, edge, key):
            slot = dnskey_slot(signer)
            asked = _asked_before(task, path, signer, step)
            for window in windows_of(slot, task.pasts[slot], task.timings[slot], path):
                lacks = window.value is None or not window.value & bit
                if lacks and window.ends is not None and window.ends < step:
                    lasts = window.lasts if asked else window.lasts - window.ttl
                    rules.append(Standing((window.ends, step), max(lasts, 0), window, key))
    return rules


def _vouching(task: Task, edge: Edge, key: str) -> tuple[int, ...]:
    """The signers whose DNSKEY RRset must show a key before its DS: its own, and where the parent
    checks, one that it delegates to.
    """
    own = _signer_of(task.world, key, edge.before)
    if task.parent.checks_ds is not DsCheck.DELEGATED or len(task.signers) == 1:
        return (own,)
    bit = task.world.mask([key])
    delegated = [
        i
        for i in range(len(task.signers))
        if edge.before[NS_SLOT] >> i & 1 and edge.before[dnskey_slot(i)] & bit
    ]
    return (own,) if own in delegated else (own, *delegated[:1])


def _asked_before(task: Task, path: Sequence[Edge], signer: int, step: int) -> bool:
    """True if resolvers may ask this signer before a step."""
    if len(task.signers) == 1:
        return True
    ways = _ways(task, path)[signer]
    return any(all(low.step < step for low in way.lows) for way in ways)


def _signer_of(world: World, key: str, node: Node) -> int:
    """The signer at which a key stands: its home, else the first that serves it."""
    entry = world.keys[key]
    home = entry.home if isinstance(entry, Key) else None
    bit = world.mask([key])
    return next(
        i
        for i, name in enumerate(world.signers)
        if home == name or (home is None and node[dnskey_slot(i)] & bit)
    )
