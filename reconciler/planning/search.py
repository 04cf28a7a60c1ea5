"""A* search over settled publications, joined by edges that are safe in every mix.

An edge is a set of moves made together, landing in any order. It is safe if every view mixed from
what stood before, what stands after, and what any subset of the moves leaves in an RRset does no
harm (planning.md §4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import combinations, count, product
from typing import NamedTuple

from reconciler.model.capabilities import DsCheck, DsWrite
from reconciler.model.keys import Key
from reconciler.model.moves import (
    ApexNsSet,
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
)
from reconciler.planning import beside
from reconciler.planning.cds import listed, may_install
from reconciler.planning.early import is_sound
from reconciler.planning.edge import Edge, edge_of
from reconciler.planning.moves import Menu
from reconciler.planning.offer import Offer, clash, made_by
from reconciler.planning.publication import (
    DS_SLOT,
    NS_SLOT,
    Node,
    World,
    apex_slot,
    data_slot,
    dnskey_slot,
    in_reach,
    reached_at,
)
from reconciler.planning.safety import View, Views
from reconciler.planning.timing import SlotTiming

MOVES_PER_EDGE = 3
"""Enough for every procedure at one signer: two keys and the data."""
UNITS_PER_EDGE = 2
"""Enough for several signers, whose moves of one kind are one unit (`Problem._units`)."""


PATIENCE = 400
"""So many nodes are looked at for the cheapest path; more than any change at one signer needs."""
HASTE = 500
"""So many nodes are looked at for any path, where the cheapest was not found."""


class Cost(NamedTuple):
    """What a path costs, compared in this order.

    Bogus time counts where the start is bogus, `trusted` where validators are led to a compromised
    key, `insecure` only where that was not asked for.
    """

    bogus: int
    trusted: int
    insecure: int
    parent: int
    seconds: int
    moves: int


NOTHING = Cost(0, 0, 0, 0, 0, 0)
"""What a path without an edge costs."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to: a path, or None.

    `cut_at`: after how many nodes it was cut short, so that a cheaper path, or one at all, may
    exist; None where it looked at all there is to see.
    """

    path: tuple[Edge, ...] | None
    cut_at: int | None = None


class Priced(NamedTuple):
    """An edge, the mask of profiles in which it does harm, and what it costs."""

    edge: Edge
    bad: int
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One search: a start, moves towards a goal, and how views are judged.

    `bad` is the mask of the compromised keys; `outside`: the delegation may be insecure on the way.
    `hurry`: changes at the parent cost nothing, so that seconds decide.
    """

    world: World
    menu: Menu
    free: frozenset[int]
    """The slots of which nothing is asked."""
    views: Views
    timings: tuple[SlotTiming, ...]
    start: Node
    edges: dict[Node, tuple[Priced, ...]]
    """Edges priced so far; profiles are tried one after the other over the same edges."""
    bad: int = 0
    outside: bool = False
    hurry: bool = False

    @property
    def goal(self) -> Node:
        """Where the search ends."""
        return self.menu.goal

    def edges_from(self, node: Node) -> tuple[Priced, ...]:
        """Return the edges out of `node` that are safe in the first profile at least."""
        found = self.edges.get(node)
        if found is None:
            found = self.edges[node] = tuple(self._priced(node))
        return found

    def _priced(self, node: Node) -> Iterator[Priced]:
        """Yield the safe edges, smaller ones first.

        What a subset of the moves leaves may be seen in the whole, so moves that do harm by
        themselves do harm in any company.
        """
        offers = self._units(node)
        safe: set[tuple[int, ...]] = {()}
        most = MOVES_PER_EDGE if len(self.world.signers) == 1 else UNITS_PER_EDGE
        for size in range(1, most + 1):
            smaller, safe = safe, set()
            for chosen in combinations(range(len(offers)), size):
                if any(part not in smaller for part in combinations(chosen, size - 1)):
                    continue
                moves = tuple(offer for i in chosen for offer in offers[i])
                if size > 1 and clash(moves):
                    continue
                edge = edge_of(node, moves)
                bad = self.harm(edge)
                if bad & 1:
                    continue
                safe.add(chosen)
                if self.menu.fits(edge.after):
                    yield Priced(edge, bad, self._cost(edge))

    def _units(self, node: Node) -> list[tuple[Offer, ...]]:
        """Return the moves open at `node`; of several signers, those of one kind as one.

        What one signer shows does not decide whether another may show what it shall. And all that a
        signer out of reach can do is one, for nobody looks at it; it goes straight to where it
        shall be. A unit that does harm in any profile is offered in its parts.
        """
        offers = self.menu.offers(node)
        signers = len(self.world.signers)
        if signers == 1:
            return [(offer,) for offer in offers]
        reached = reached_at(node, signers)
        units: dict[object, list[Offer]] = {}
        for offer in offers:
            away = self._is_away(offer, reached)
            if away and self._is_detour(offer):
                continue
            together = units.setdefault(self._unit_of(offer, away=away), [])
            if together and clash((*together, offer)):
                if away and isinstance(offer.move, DnskeySign):
                    continue
                units[offer.move] = [offer]
            else:
                together.append(offer)
        found: list[tuple[Offer, ...]] = []
        for unit in units.values():
            whole = len(unit) == 1 or not self.harm(edge_of(node, tuple(unit)))
            found += [tuple(unit)] if whole else [(offer,) for offer in unit]
        return found

    def _is_away(self, offer: Offer, reached: int) -> bool:
        slot = offer.writes[0].slot
        if not NS_SLOT < slot < self.world.first_extra:
            return False
        return not reached >> (slot - 2) // 3 & 1

    def _is_detour(self, offer: Offer) -> bool:
        """True if a signer out of reach would sign as it shall not in the end, or takes care of
        what is seen of it.
        """
        slot, _, put = offer.writes[0]
        match offer.move:
            case DataSign():
                return put != self.goal[slot]
            case DnskeySign():
                return put >> len(self.world.labels) != self.world.dnskey_parts(self.goal[slot])[1]
            case DnskeySet():
                return True
            case _:
                return False

    def _unit_of(self, offer: Offer, *, away: bool) -> object:
        """Return what tells which moves belong together; others stand for themselves."""
        slot = offer.writes[0].slot
        if slot >= self.world.first_extra:
            return type(offer.move), offer.writes[0].put
        match offer.move:
            case ApexNsSet():
                return ApexNsSet
            case DnskeyRemove() if not (away and self._is_own(offer)):
                return DnskeyRemove, away
            case _ if away:
                return DnskeyAdd, False
            case DnskeyAdd(sign=sign):
                return DnskeyAdd, sign
            case DnskeySet():
                return DnskeySet
            case DataSign() if offer.writes[0].put == self.goal[slot]:
                return DataSign
            case _:
                return offer.move

    def _is_own(self, offer: Offer) -> bool:
        slot, keep, _ = offer.writes[0]
        return bool(~keep & self.world.all_keys & self.menu.signers[(slot - 2) // 3].own)

    def harm(self, edge: Edge) -> int:
        """Return the mask of profiles in which some mix of this edge does harm."""
        if not self._ds_is_sane(edge):
            return self.views.everything
        bad = 0
        judge = self.views.bad
        signers, delegations = self._asked(edge), edge.states[DS_SLOT]
        if self.world.extras:
            reached = sum(1 << i for i in signers)
            if not beside.is_sound(self.world, edge, reached):
                return self.views.everything
            delegations = tuple({*delegations, *may_install(self.world, edge.states, reached)})
        for p, q in product(signers, signers):
            for dnskey in edge.states[dnskey_slot(p)]:
                for data in edge.states[data_slot(q)]:
                    for ds in delegations:
                        bad |= judge(ds, dnskey, data)
                        if bad & 1:
                            return bad
        return bad

    def _asked(self, edge: Edge) -> Sequence[int]:
        """The signers that resolvers may ask while this edge is under way."""
        count = len(self.world.signers)
        if count == 1:
            return (0,)
        reached = in_reach(edge.states, count)
        return [i for i in range(count) if reached >> i & 1]

    def _ds_is_sane(self, edge: Edge) -> bool:
        """True if every DS that this edge submits names a key in every cached RRset (I6)."""
        early = self.menu.early
        return is_sound(self.world, early, edge) and all(
            self._key_stands(key, edge)
            for key in submitted(self.world, edge.before, edge.after)
            if early is None or not self.world.mask([key]) & early.keys
        )

    def _key_stands(self, key: str, edge: Edge) -> bool:
        entry = self.world.keys[key]
        bit = self.world.mask([key])
        home = entry.home if isinstance(entry, Key) else None
        standing = [
            i
            for i in range(len(self.world.signers))
            if all(value & bit for value in edge.states[dnskey_slot(i)])
        ]
        if not any(home in (None, self.world.signers[i]) for i in standing):
            return False
        checked = self.menu.parent.checks_ds is DsCheck.DELEGATED
        return not checked or any(
            all(value >> i & 1 for value in edge.states[NS_SLOT]) for i in standing
        )

    def _cost(self, edge: Edge) -> Cost:
        seconds = max(
            settling_time(edge, self.timings, len(self.world.signers)),
            beside.settles(self.world, self.timings, edge),
        )
        parent = sum(made_by(offer) == "parent" for offer in edge.offers)
        return Cost(
            bogus=seconds if self._is_bogus(edge) else 0,
            trusted=seconds if self._is_trusting(edge.before) else 0,
            insecure=seconds if self.outside and not (edge.before[0] and edge.after[0]) else 0,
            parent=0 if self.hurry else parent * self.menu.parent.weight,
            seconds=seconds,
            moves=len(edge.offers),
        )

    def at_least(self, node: Node) -> Cost:
        """Return a cost that every path from `node` to the goal reaches (A*'s lower bound).

        Each slot that is not yet as desired must be changed once, and then settles.
        """
        wrong = [
            i
            for i, (now, goal) in enumerate(zip(node, self.goal, strict=True))
            if now != goal and i not in self.free
        ]
        calls = int(node[NS_SLOT] != self.goal[NS_SLOT])
        if node[DS_SLOT] != self.goal[DS_SLOT]:
            single = self.menu.parent.write is DsWrite.ONE_AT_A_TIME
            calls += (node[DS_SLOT] ^ self.goal[DS_SLOT]).bit_count() if single else 1
        return Cost(
            bogus=0,
            trusted=0,
            insecure=0,
            parent=0 if self.hurry else calls * self.menu.parent.weight,
            seconds=max((self._settles(i, node[i]) for i in wrong), default=0),
            moves=0,
        )

    def apart(self, node: Node) -> int:
        """Return by how many keys, DS and names a publication differs from the goal."""
        free = self.free
        return sum(
            (now ^ goal).bit_count()
            for i, (now, goal) in enumerate(zip(node, self.goal, strict=True))
            if i not in free
        )

    def _settles(self, slot: int, value: int) -> int:
        """The least time that changing this slot takes to settle, now or later on the path."""
        if slot >= self.world.first_extra:
            return 0
        if slot <= NS_SLOT or self._stays >> (slot - 2) // 3 & 1:
            return self.timings[slot].remembered(value)
        return self.timings[slot].propagation

    @property
    def _stays(self) -> int:
        """The signers that the delegation names at every time."""
        if len(self.world.signers) == 1:
            return 1
        return self.start[NS_SLOT] & self.goal[NS_SLOT]

    def arrived(self, node: Node) -> bool:
        """True if everything that is asked for is as desired."""
        free = self.free
        if not free:
            return node == self.goal
        return all(
            now == goal or i in free
            for i, (now, goal) in enumerate(zip(node, self.goal, strict=True))
        )

    def _is_trusting(self, node: Node) -> bool:
        """True if a DS stands, and it or some DNSKEY RRset leads to a compromised key."""
        if not self.bad or not node[DS_SLOT]:
            return False
        served = (node[dnskey_slot(i)] for i in range(len(self.world.signers)))
        return any(mask & self.bad for mask in (self.world.anchors(node[DS_SLOT]), *served))

    def _is_bogus(self, edge: Edge) -> bool:
        """True if the start was bogus, and some view that this edge lets be cached still is."""
        if not self.views.dead[0]:
            return False
        asked = self._asked(edge)
        return any(
            self.views.view(0, *parts) is View.BOGUS
            for p, q in product(asked, asked)
            for parts in product(
                edge.states[DS_SLOT], edge.states[dnskey_slot(p)], edge.states[data_slot(q)]
            )
        )


def submitted(world: World, before: Node, after: Node) -> tuple[str, ...]:
    """Return the keys whose DS is put at the parent, or listed as CDS, from `before` to `after`."""
    new = after[DS_SLOT] & ~before[DS_SLOT]
    if world.extras:
        new = (new | listed(world, after)) & ~(before[DS_SLOT] | listed(world, before))
    return tuple(ref.key for i, ref in enumerate(world.refs) if new >> i & 1)


def settling_time(edge: Edge, timings: tuple[SlotTiming, ...], signers: int = 1) -> int:
    """Return the seconds until no cache may hold what this edge displaces."""
    reached = in_reach(edge.states, signers) if signers > 1 else 1
    seconds = 0
    for slot in range(apex_slot(signers - 1) + 1):
        values, after, timing = edge.states[slot], edge.after[slot], timings[slot]
        asked = slot <= NS_SLOT or reached >> (slot - 2) // 3 & 1
        for value in values:
            if value != after:
                seconds = max(seconds, timing.remembered(value) if asked else timing.propagation)
    gone = reached & ~reached_at(edge.after, signers) if signers > 1 else 0
    for index in range(signers):
        if gone >> index & 1:
            last = max(timings[slot].longest_ttl for slot in (dnskey_slot(index), data_slot(index)))
            seconds = max(seconds, _leaves(edge, timings, index, signers) + last)
    return seconds


def _leaves(edge: Edge, timings: tuple[SlotTiming, ...], signer: int, signers: int) -> int:
    """Return the seconds until no resolver asks a signer any more that this edge takes away."""
    seconds = timings[NS_SLOT].remembered(edge.before[NS_SLOT])
    for other in range(signers):
        slot = apex_slot(other)
        if not edge.before[slot] >> signer & 1:
            continue
        if edge.after[slot] >> signer & 1:
            seconds += timings[slot].ttl
        else:
            seconds = max(seconds, timings[slot].remembered(edge.before[slot]))
    return seconds


def find_path(problem: Problem, profiles: int) -> Found:
    """Return the cheapest path that is safe in this mask of profiles.

    Where the graph is too large for that (`PATIENCE`), return the path found by going for what is
    nearest to the goal, which need not be the cheapest.
    """
    found = _search(problem, profiles, PATIENCE)
    if found.cut_at is None:
        return found
    nearest = _search(problem, profiles, HASTE, nearest=True)
    if nearest.path is not None:
        return replace(nearest, cut_at=found.cut_at)
    return nearest if nearest.cut_at is None else Found(None, found.cut_at + nearest.cut_at)


def _search(problem: Problem, profiles: int, most: int, *, nearest: bool = False) -> Found:
    """Look at no more than `most` nodes: the cheapest first, or those `nearest` to the goal."""

    def rank(node: Node, cost: Cost) -> tuple[int, Cost]:
        return problem.apart(node) if nearest else 0, plus(cost, problem.at_least(node))

    start = problem.start
    best: dict[Node, Cost] = {start: NOTHING}
    came: dict[Node, Edge] = {}
    done: set[Node] = set()
    order = count()
    frontier = [(rank(start, best[start]), next(order), start)]
    while frontier:
        _, _, node = heappop(frontier)
        if problem.arrived(node):
            return Found(_trace(came, node, start))
        if node in done:
            continue
        if len(done) == most:
            return Found(None, cut_at=len(done))
        done.add(node)
        cost = best[node]
        for priced in problem.edges_from(node):
            if priced.bad & profiles or priced.edge.after in done:
                continue
            after = priced.edge.after
            reached = plus(cost, priced.cost)
            if after not in best or reached < best[after]:
                best[after] = reached
                came[after] = priced.edge
                heappush(frontier, (rank(after, reached), next(order), after))
    return Found(None)


def plus(one: Cost, other: Cost) -> Cost:
    """Return the sum of two costs."""
    return Cost(
        one.bogus + other.bogus,
        one.trusted + other.trusted,
        one.insecure + other.insecure,
        one.parent + other.parent,
        one.seconds + other.seconds,
        one.moves + other.moves,
    )


def _trace(came: dict[Node, Edge], goal: Node, start: Node) -> tuple[Edge, ...]:
    path: list[Edge] = []
    node = goal
    while node != start:
        path.append(came[node])
        node = came[node].before
    return tuple(reversed(path))
