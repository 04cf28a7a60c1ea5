"""One problem solved: profiles in their order of preference, a path, and its tightened waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

from reconciler.planning import beside
from reconciler.planning.cds import may_install
from reconciler.planning.demands import Demands, Standing, demands_of
from reconciler.planning.edge import Edge, by_itself, edge_of
from reconciler.planning.limits import Limit, Missed
from reconciler.planning.moves import Menu
from reconciler.planning.past import gone_at
from reconciler.planning.publication import (
    DS_SLOT,
    Node,
    data_slot,
    dnskey_slot,
    reached_at,
)
from reconciler.planning.rule import Rule
from reconciler.planning.runners_up import cheapest_paths
from reconciler.planning.safety import DS_ALG, LOOSE, View, Views
from reconciler.planning.search import Problem, find_path
from reconciler.planning.task import Task
from reconciler.planning.tighten import ORDER, Apart, Waits, ways_apart
from reconciler.planning.windows import Window, harmful

KINDS = ("DS", "DNSKEY", "data")
"""The parts of a view, in order."""

WORTH = 0.9
"""A path that is dearer is taken where it ends within this part of the cheapest one's time. What
it does more is mostly to sign all data twice; a tenth is not worth that. No official reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """A path with its waits, in the order of its steps' earliest times."""

    task: Task
    views: Views
    kept: int
    """The mask of the profiles that this path keeps."""
    path: tuple[Edge, ...]
    windows: tuple[tuple[Window, ...], ...]
    waits: Waits
    apart: tuple[tuple[Apart, ...], ...]
    standing: tuple[Standing, ...]
    rules: tuple[Rule, ...]
    limits: tuple[Limit, ...] = ()
    missed: tuple[Missed, ...] = ()
    cut_at: int | None = None
    """As in `Found`."""

    @property
    def kept_profiles(self) -> tuple[str, ...]:
        """The names of the profiles kept."""
        return tuple(p.name for i, p in enumerate(self.views.profiles) if self.kept >> i & 1)

    @property
    def left_out(self) -> tuple[str, ...]:
        """The names of the profiles that no path keeps beside those before them."""
        return tuple(p.name for i, p in enumerate(self.views.profiles) if not self.kept >> i & 1)


@dataclass(frozen=True, slots=True)
class NoWay:
    """No path was found that keeps what must be kept.

    `cut_at`: there may be one, as in `Found`.
    """

    cut_at: int | None = None


def arrived(task: Task) -> bool:
    """True if everything that is desired is published already."""
    return _menu(task).free.issuperset(
        slot
        for slot, (now, goal) in enumerate(zip(task.start, task.goal, strict=True))
        if now != goal
    )


def _menu(task: Task) -> Menu:
    return Menu(
        world=task.world,
        parent=task.parent,
        signers=task.signers,
        goal=task.goal,
        mending=task.mending,
        insecure=task.insecure,
        lost=task.lost,
        early=task.early,
    )


def problem_of(task: Task, views: Views | None = None) -> Problem:
    """Return the search problem of a task.

    `views` that judged this world before may be used again: they remember their answers.
    """
    views = views or Views(task.world, task.profiles, insecure_allowed=task.insecure_allowed)
    views.bury(tuple(_dead(task, views, i) for i in range(len(task.profiles))))
    stand = [(ds, dnskey) for ds, dnskey, _ in _triples(task, task.start)]
    views.shun(_shunned(task), stand)
    menu = _menu(task)
    return Problem(
        world=task.world,
        menu=menu,
        free=menu.free,
        views=views,
        timings=task.timings,
        start=task.start,
        edges={},
        bad=task.bad,
        outside=task.insecure,
        hurry=task.hurry,
    )


def _shunned(task: Task) -> int:
    """The compromised keys, where the delegation may be or is insecure for their sake."""
    return task.bad if task.insecure or not task.start[DS_SLOT] else 0


def solve(task: Task, views: Views | None = None, *, compare: bool = False) -> Solution | NoWay:
    """Return the cheapest safe path and its waits, or that none was found and how sure that is.

    `compare`: of one signer's cheapest paths one that is much sooner, once tightened, is taken.
    """
    problem = problem_of(task, views)
    found = keep_profiles(task, problem)
    if isinstance(found, NoWay):
        return found
    problem.views.shun(_shunned(task))
    if task.insecure:  # what is left of a broken start is waited out while no DS asks for it
        problem.views.bury((frozenset(),) * len(task.profiles))
    solution = tightened(task, problem.views, found.path, found.profiles)
    if compare and len(task.signers) == 1 and found.cut_at is None:
        solution = _soonest(problem, solution)
    solution = replace(solution, cut_at=found.cut_at)
    return NoWay() if _at_the_parents_mercy(solution) else solution


def _soonest(problem: Problem, first: Solution) -> Solution:
    """Return the soonest of the cheapest paths, `first` unless another one is worth its moves.

    A start that is bogus, or that leads to a compromised key, wants something else to be soon.
    """
    if first.task.bad or any(problem.views.dead) or first.missed or len(first.path) == 1:
        return first
    best, ends = first, max(first.waits.earliest())
    for path in cheapest_paths(problem, first.kept):
        if path == first.path:
            continue
        other = tightened(first.task, problem.views, path, first.kept)
        sooner = max(other.waits.earliest())
        if sooner < ends and not other.missed and sooner <= WORTH * max(first.waits.earliest()):
            best, ends = other, sooner
    return best


def _at_the_parents_mercy(solution: Solution) -> bool:
    """True if what a CDS set told the parent before the plan began may do harm at any time later.

    Only a later change of the DS would end that, and this path has none.
    """
    world = solution.task.world
    return any(window.authorised for window in solution.windows[DS_SLOT]) and any(
        ways_apart(triple) == ()
        and any(window.authorised for window in triple)
        and not any(window.ended for window in triple)
        for triple in harmful(world, solution.views, solution.windows, solution.kept)
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """The mask of the profiles that one path keeps, and the path; `cut_at` as in `Found`."""

    profiles: int
    path: tuple[Edge, ...]
    cut_at: int | None


def keep_profiles(task: Task, problem: Problem) -> Kept | NoWay:
    """Return the profiles that one path keeps, each if those before allow it, and the path."""
    claimable = sum(
        1 << i
        for i in range(len(task.profiles))
        if task.asked >> i & 1 and _claimable(task, problem.views, i)
    )
    if not _is_enough(task, claimable):
        return NoWay()
    least_liked = 1 << max(claimable.bit_length() - 1, 0)
    for most in dict.fromkeys((claimable, claimable & ~least_liked)):
        found = find_path(problem, most) if _is_enough(task, most) else None
        if found is not None and found.path is not None:
            return Kept(most, found.path, found.cut_at)
    return _one_by_one(task, problem, claimable)


def _one_by_one(task: Task, problem: Problem, claimable: int) -> Kept | NoWay:
    """Keep what must be kept, then of the other profiles each that a path keeps beside those."""
    must = sum(1 << i for i, p in enumerate(task.profiles) if p.name in _must(task)) & claimable
    found = find_path(problem, must)
    if found.path is None:
        return NoWay(found.cut_at)
    kept = Kept(must, found.path, found.cut_at)
    for bit in (1 << i for i in range(len(task.profiles)) if claimable & ~must & 1 << i):
        longer = find_path(problem, kept.profiles | bit)
        if longer.path is not None:
            kept = Kept(kept.profiles | bit, longer.path, kept.cut_at or longer.cut_at)
        else:
            kept = replace(kept, cut_at=kept.cut_at or longer.cut_at)
    return kept


def _must(task: Task) -> frozenset[str]:
    """The profiles that only an explicit request may drop."""
    return frozenset({LOOSE.name} if task.drop_strict else {LOOSE.name, DS_ALG.name})


def _is_enough(task: Task, kept: int) -> bool:
    """True unless a profile is missing that only an explicit request may drop."""
    return all(kept >> i & 1 for i, p in enumerate(task.profiles) if p.name in _must(task))


def _claimable(task: Task, views: Views, profile: int) -> bool:
    """True if neither start nor goal is at odds with the profile already.

    In `loose` and `ds-alg` a bogus start can be repaired; the others are claimed only where whole,
    and where caches remember nothing that is not.
    """
    ends = [views.view(profile, *goal) for goal in _triples(task, task.goal)]
    remembered = False
    if task.profiles[profile].name not in (LOOSE.name, DS_ALG.name):
        ends += [views.view(profile, *start) for start in _triples(task, task.start)]
        remembered = any(views.view(profile, *v) is View.BOGUS for v in _remembered(task))
    if remembered or View.BOGUS in ends:
        return False
    return task.insecure_allowed or View.INSECURE not in ends


def _remembered(task: Task) -> Iterator[tuple[int, int, int]]:
    """Every view of known versions that some cache may hold at the start."""
    held = [
        [
            version.value
            for i, version in enumerate(past)
            if version.value is not None and (i + 1 == len(past) or gone_at(past, i) > 0)
        ]
        for past in task.pasts
    ]
    count = len(task.signers)
    reached = reached_at(task.start, count) if count > 1 else 1
    signers = [i for i in range(count) if reached >> i & 1]
    for p, q in product(signers, signers):
        yield from product(held[DS_SLOT], held[dnskey_slot(p)], held[data_slot(q)])


def _triples(task: Task, node: Node) -> list[tuple[int, int, int]]:
    """Every view of a settled publication."""
    count = len(task.signers)
    reached = reached_at(node, count) if count > 1 else 1
    signers = [i for i in range(count) if reached >> i & 1]
    delegations = {node[DS_SLOT]}
    if task.world.extras:
        delegations |= may_install(task.world, [(value,) for value in node], reached)
    return [
        (ds, node[dnskey_slot(p)], node[data_slot(q)])
        for ds in sorted(delegations)
        for p in signers
        for q in signers
    ]


def _dead(task: Task, views: Views, profile: int) -> frozenset[tuple[str, int]]:
    """The start values that are beyond repair in this profile; none where the start is not bogus.

    Where some view is whole, what fits into none of them. Where none is, the fewest values without
    which the start would not be bogus: the first smallest set of slots whose values of the goal
    would make it whole.
    """
    triples = _triples(task, task.start)
    whole = [t for t in triples if views.view(profile, *t) is not View.BOGUS]
    if len(whole) == len(triples):
        return frozenset()
    if whole:
        seen = {pair for triple in triples for pair in zip(KINDS, triple, strict=True)}
        return frozenset(seen - {p for triple in whole for p in zip(KINDS, triple, strict=True)})
    changing = [
        i
        for i, (kind, _) in enumerate(task.world.slots)
        if task.start[i] != task.goal[i] and kind in KINDS
    ]
    for size in range(1, len(changing) + 1):
        for slots in combinations(changing, size):
            node = tuple(
                task.goal[i] if i in slots else value for i, value in enumerate(task.start)
            )
            if all(views.view(profile, *t) is not View.BOGUS for t in _triples(task, node)):
                return frozenset((task.world.slots[i][0].value, task.start[i]) for i in slots)
    return frozenset()


def tightened(task: Task, views: Views, path: Sequence[Edge], kept: int) -> Solution:
    """Return a path with the waits it needs, its steps sorted by their earliest times."""
    asked = _in_order(task, views, demands_of(task, views, tuple(path), kept), kept)
    if len(task.signers) > 1:
        asked = _parted(task, views, asked, kept)
    waits = asked.waits
    for j in range(1, len(asked.path)):
        if not waits.implies((j, j + 1), ORDER):
            waits.require((j, j + 1), ORDER)
    return Solution(
        task=task,
        views=views,
        kept=kept,
        path=asked.path,
        windows=asked.windows,
        waits=waits,
        apart=asked.apart,
        standing=asked.standing,
        rules=beside.rules(task.world, task.early, asked.windows, asked.path),
        limits=asked.limits,
        missed=asked.missed,
    )


def _in_order(task: Task, views: Views, asked: Demands, kept: int) -> Demands:
    """Return a path and its demands with its steps sorted by their earliest times.

    Of two at one time first the one that a system makes by itself: nobody can hold it back.
    """
    path, times = asked.path, asked.waits.earliest()
    ranks = sorted(range(len(path)), key=lambda i: (times[i + 1], not by_itself(path[i]), i))
    if ranks == sorted(ranks):
        return asked
    return demands_of(task, views, replay(task.start, [path[i] for i in ranks]), kept)


def _parted(task: Task, views: Views, asked: Demands, kept: int) -> Demands:
    """Return a path whose DS changes do not wait for what only signers have to wait for.

    Any mix that a part of an edge allows was allowed by the whole. Kept only where some part comes
    much sooner and nothing later.
    """
    last = max(asked.waits.earliest())
    for at in reversed(range(len(asked.path))):
        parts = _parts(asked.path[at])
        if len(parts) == 1:
            continue
        finer = replay(task.start, [*asked.path[:at], *parts, *asked.path[at + 1 :]])
        tried = demands_of(task, views, finer, kept)
        times = tried.waits.earliest()
        sooner = abs(times[at + 2] - times[at + 1]) > len(finer) * ORDER
        if sooner and max(times) <= last:
            asked = tried
    return _in_order(task, views, asked, kept)


def _parts(edge: Edge) -> list[Edge]:
    """Return the DS changes of an edge, and the rest of it."""
    at_parent = tuple(o for o in edge.offers if o.writes[0].slot == DS_SLOT)
    rest = tuple(o for o in edge.offers if o.writes[0].slot != DS_SLOT)
    return [edge_of(edge.before, offers) for offers in (at_parent, rest) if offers]


def replay(start: Node, edges: Sequence[Edge]) -> tuple[Edge, ...]:
    """Return these edges, made from `start` in this order."""
    replayed = []
    node = start
    for edge in edges:
        again = edge_of(node, edge.offers)
        replayed.append(again)
        node = again.after
    return tuple(replayed)
