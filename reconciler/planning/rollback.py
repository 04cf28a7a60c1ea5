"""The way back, by the same search: from where each step leaves the zone to where it began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

from reconciler.model.keys import parse_symbol
from reconciler.model.moves import RollStart, ZoneSign
from reconciler.planning.edge import retimed
from reconciler.planning.past import Past, PastVersion
from reconciler.planning.publication import reached_at
from reconciler.planning.solve import NoWay, Solution, solve
from reconciler.planning.task import Task
from reconciler.planning.ttls import restored


def ways_back(solution: Solution, latest: Sequence[int | None]) -> Iterator[tuple[int, Solution]]:
    """Yield, for each step, the solution that leads back once it has taken effect.

    A step after which nothing leads back is left out: a point of no return. What a signer was asked
    to do by itself nobody calls back. Where time runs out, nothing is promised after a step that
    may be taken at any time; the others take effect by `latest`, seconds from the plan's origin.
    """
    runs_out = solution.task.runs_out
    views = None if any(solution.views.dead) else solution.views
    for number in range(1, len(solution.path) + 1):
        if any(
            isinstance(o.move, RollStart) for edge in solution.path[:number] for o in edge.offers
        ):
            return
        end = latest[number - 1]
        if runs_out and end is None:
            continue
        back = solve(sooner(task_after(solution, number), end or 0), views)
        if not isinstance(back, NoWay) and not back.missed and not _needs_lost_keys(back):
            yield number, restored(back, solution)


def _needs_lost_keys(back: Solution) -> bool:
    """True if a signer that makes its own keys would have to bring back ones it was not asked for.

    Turned on again, it may make others; only a key made for a symbol is known to come back.
    """
    return any(
        isinstance(offer.move, ZoneSign) and any(parse_symbol(k) is None for k in offer.move.keys)
        for edge in back.path
        for offer in edge.offers
    )


def task_after(solution: Solution, number: int) -> Task:
    """Return the task of going back after a step, with what was displaced so far just changed."""
    task = solution.task
    count = len(task.signers)
    reached = reached_at(task.start, count) if count > 1 else 1
    return replace(
        task,
        signers=tuple(
            replace(stand, free=not reached >> i & 1) for i, stand in enumerate(task.signers)
        ),
        start=solution.path[number - 1].after,
        goal=task.start,
        timings=tuple(
            reduce(lambda t, edge: retimed(t, edge, slot), solution.path[:number], timing)
            for slot, timing in enumerate(task.timings)
        ),
        insecure=False,
        asked=solution.kept,
        pasts=tuple(
            past_after(solution, slot, past, number) for slot, past in enumerate(task.pasts)
        ),
        ns_unknown_until=max(0, task.ns_unknown_until - earliest(solution, number)),
    )


def sooner(task: Task, seconds: int) -> Task:
    """Return a task in which everything that runs out does so that much sooner."""
    return replace(
        task,
        timings=tuple(replace(t, ends=_less(t.ends, seconds)) for t in task.timings),
        pasts=tuple(
            tuple(replace(v, expires=_less(v.expires, seconds)) for v in past)
            for past in task.pasts
        ),
        signers=tuple(
            replace(s, stops=_less(s.stops, seconds), rolls=_less(s.rolls, seconds))
            for s in task.signers
        ),
    )


def _less(end: int | None, seconds: int) -> int | None:
    return None if end is None else end - seconds


def earliest(solution: Solution, number: int) -> int:
    """Return the earliest instant of a step, seconds from the plan's origin."""
    return solution.waits.closure[0][number] or 0


def past_after(solution: Solution, slot: int, past: Past, number: int) -> Past:
    """Return the past of a slot once step `number` has just taken effect.

    Each displacement is taken to be as late as the waits allow: just now, or earlier by the waits
    that lie between.
    """
    timing = solution.task.timings[slot]
    back = solution.waits.closure
    first = earliest(solution, number)
    versions = [v if v.at is None else replace(v, at=v.at - first) for v in past]
    for earlier, edge in enumerate(solution.path[:number], start=1):
        value = edge.after[slot]
        timing, same = retimed(timing, edge, slot), timing
        if value == edge.before[slot] and timing is same:
            continue
        apart = 0 if earlier == number else back[earlier][number] or 0
        versions.append(
            PastVersion(
                value=value,
                at=-apart,
                ttl=timing.ttl_of(value),
                propagation=timing.propagation,
                expires=timing.ends,
            )
        )
    return tuple(versions)
