"""Planning and proving many situations: random TTLs, delays, starts and histories, cold and again.

And how far the plans are from the best that any path gives: every path of a small world, tightened.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from random import Random
from statistics import quantiles

from benchmarks.fleet import CHANGES, Member, desire, observation
from reconciler.execute.memo import Situations
from reconciler.model.desired import DesiredZone, Governance, KeyScheme, Observers, Portfolio
from reconciler.model.keys import KeyRole
from reconciler.model.observed import ObservedZone
from reconciler.model.timeline import DnskeyVersion
from reconciler.planning import plan_zone
from reconciler.planning.edge import Edge
from reconciler.planning.goal import Goal, goal_of
from reconciler.planning.publication import Node
from reconciler.planning.search import Problem
from reconciler.planning.solve import NoWay, Solution, problem_of, solve, tightened
from reconciler.planning.task import Task, task_of
from reconciler.proof import prove

World = tuple[DesiredZone, ObservedZone]
SITUATIONS = 500
ZONES = 10_000
_TTLS = (60, 300, 900, 3600, 7200, 14400, 43200, 86400, 172800)
_DELAYS = (0, 60, 300, 900, 3600)
_COMPARED = 30
_LONGEST = 4
"""So many edges has the longest path that is looked at for the best one."""


def figures() -> Iterator[str]:
    """Yield what each situation costs alone, then what ten thousand zones cost together."""
    worlds = [world(number) for number in range(SITUATIONS)]
    plans = [plan_zone(*each) for each in worlds]
    proofs = [(plan.steps, plan.timeline) for plan in plans if plan.timeline is not None]
    yield f"{SITUATIONS} situations, cold: plan {_spread([partial(plan_zone, *w) for w in worlds])}"
    yield f"{SITUATIONS} situations, cold: prove {_spread([partial(prove, *p) for p in proofs])}"
    many = [_renamed(worlds[number % SITUATIONS], number) for number in range(ZONES)]
    known = Situations(_portfolio(), prove)
    begin = time.perf_counter()
    for each in many:
        known.propose(*each)
    yield f"{ZONES:,} zones planned, proved and digested: {time.perf_counter() - begin:.1f} s"
    yield optimum([w for w in worlds if w[1].settled and w[0].signed][:_COMPARED])


def world(number: int) -> World:
    """Return one situation, the same for the same number."""
    draw = Random(number)  # noqa: S311 - not for secrets: the same worlds each time
    member = Member(number=number * 20, doing=draw.choice(CHANGES))
    seen, wished = observation(member), desire(member)
    facts = replace(
        seen.signers["primary"],
        dnskey_ttl=draw.choice(_TTLS),
        max_zone_ttl=draw.choice(_TTLS),
        negative_ttl=draw.choice(_TTLS),
        propagation_delay=draw.choice(_DELAYS),
        signing_delay=draw.choice(_DELAYS),
    )
    parent = replace(seen.parent, ds_ttl=draw.choice(_TTLS), propagation_delay=draw.choice(_DELAYS))
    seen = replace(seen, signers={"primary": facts}, parent=parent)
    if draw.random() < 0.2:  # noqa: PLR2004 - one in five changes its algorithm, too
        wished = replace(wished, policy=replace(wished.policy, algorithm=8))
    return wished, _with_history(seen, draw)


def _with_history(seen: ObservedZone, draw: Random) -> ObservedZone:
    """One in three has a past: a DNSKEY RRset that changed lately, or nothing is known."""
    kind = draw.choice(("settled", "settled", "settled", "settled", "unknown", "changed"))
    if kind == "settled":
        return seen
    facts = seen.signers["primary"]
    now = DnskeyVersion(
        at=-draw.choice(_TTLS),
        ttl=facts.dnskey_ttl,
        propagation=facts.propagation_delay,
        signer="primary",
        keys=facts.dnskeys,
        signed_by=facts.krrsig,
    )
    history = (now,) if kind == "changed" else ()
    return replace(seen, settled=False, history=history)


def _renamed(one: World, number: int) -> World:
    wished, seen = one
    name = f"zone-{number}.example."
    return replace(wished, zone=name), replace(seen, zone=name)


def _portfolio() -> Portfolio:
    return Portfolio(
        signers={},
        parents={},
        policies={},
        people={},
        owners={},
        governance=Governance(),
        governance_digest="",
        observers=Observers(),
        zones={},
        sources={},
    )


def _spread(work: list[Callable[[], object]]) -> str:
    times = []
    for each in work:
        begin = time.perf_counter()
        each()
        times.append((time.perf_counter() - begin) * 1000)
    cuts = quantiles(times, n=100)
    return f"{cuts[49]:.1f} ms (p99 {cuts[98]:.1f}), {sum(times) / 1000:.1f} s in all"


def optimum(worlds: list[World]) -> str:
    """Return how many plans end as early as the best of all paths that keep the same profiles."""
    compared, later = 0, []
    for wished, seen in worlds:
        for desired in (wished, replace(wished, generations=dict.fromkeys(KeyRole, 2))):
            goal = goal_of(_combined(desired), seen)
            if not isinstance(goal, Goal):
                continue
            task = task_of(_combined(desired), seen, goal)
            ours, best = _compared(task)
            compared += 1
            if ours > best:
                later.append(ours / max(best, 1) - 1)
    worst = max(later, default=0.0)
    return (
        f"optimum: {compared - len(later)} of {compared} plans end as early as any path"
        f" of at most {_LONGEST} edges with as few changes at the parent, the worst"
        f" {worst:.0%} later"
    )


def _combined(desired: DesiredZone) -> DesiredZone:
    """Every other zone is to sign with one key, which has more paths."""
    if len(desired.zone) % 2:
        return desired
    return replace(desired, policy=replace(desired.policy, keys=KeyScheme.CSK))


def _compared(task: Task) -> tuple[int, int]:
    ours = solve(task, compare=True)
    if isinstance(ours, NoWay):
        return 0, 0
    problem, calls = problem_of(task), _calls(ours.path)
    paths = _paths(problem, ours.kept, task.start, ())
    others = (tightened(task, problem.views, p, ours.kept) for p in paths if _calls(p) <= calls)
    return _ends(ours), min(map(_ends, [ours, *others]))


def _ends(solution: Solution) -> int:
    return max(solution.waits.earliest())


def _calls(path: tuple[Edge, ...]) -> int:
    return sum(edge.before[0] != edge.after[0] for edge in path)


def _paths(
    problem: Problem, profiles: int, node: Node, path: tuple[Edge, ...]
) -> Iterator[tuple[Edge, ...]]:
    if problem.arrived(node):
        yield path
    elif len(path) < _LONGEST:
        been = {edge.before for edge in path}
        for priced in problem.edges_from(node):
            if not priced.bad & profiles and priced.edge.after not in been:
                yield from _paths(problem, profiles, priced.edge.after, (*path, priced.edge))
