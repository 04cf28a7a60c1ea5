"""Until when the steps of a plan must have taken effect, and whether they can be in time (I4).

A step that the parent makes takes effect up to its `processing_max` after it was asked for, so what
comes before such a step must be done that much sooner.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import assert_never

from reconciler.model.durations import duration_words
from reconciler.model.plan import Deadline, Need, Refusal, Step
from reconciler.planning.limits import Event, Limit
from reconciler.planning.publication import World
from reconciler.planning.solve import Solution
from reconciler.planning.timeline import step_id
from reconciler.planning.wording import version_name

FOLLOWED = " would come too late otherwise: "
"""Between a later step and its deadline, in the reason of a deadline that is there for that one."""


def with_deadlines(solution: Solution, steps: Iterable[Step]) -> tuple[Step, ...]:
    """Return these steps, each limited by what must follow it: nothing is begun in vain."""
    slow = solution.task.parent.processing_max
    done: dict[str, Step] = {}
    for step in reversed(tuple(steps)):
        follows = [
            Deadline(
                step=None,
                wait_max=limit.wait_max - _later(need, later, slow),
                reason=f"{later.id}{FOLLOWED}{_cause(limit)}",
            )
            for later in done.values()
            for need in later.needs
            for limit in later.not_after
            if need.step == step.id
        ]
        limits = [*_own(solution, step), *follows]
        first = min(limits, key=lambda each: each.wait_max, default=None)
        done[step.id] = replace(step, not_after=() if first is None else (first,))
    return tuple(reversed(done.values()))


def latest(step: Step) -> int | None:
    """Return when a step takes effect at the latest, seconds from the origin; None: at any time."""
    return min((limit.wait_max for limit in step.not_after), default=None)


def _later(need: Need, step: Step, slow: int) -> int:
    """Return how long after what it needs a step may take effect, if nobody loses a second."""
    wait = need.wait_min + need.margin
    if not {"parent", "person"} & set(step.actor.split(",")):
        return wait
    return wait + slow if step.moves else max(wait, slow)


def _cause(limit: Deadline) -> str:
    return limit.reason.rpartition(FOLLOWED)[2]


def _own(solution: Solution, step: Step) -> tuple[Deadline, ...]:
    return tuple(
        Deadline(step=None, wait_max=limit.latest, reason=_reason(solution.task.world, limit))
        for limit in solution.limits
        if step_id(limit.step) == step.id
    )


def _reason(world: World, limit: Limit) -> str:
    after = f"{duration_words(limit.end)} after the observation"
    match limit.event:
        case Event.ENDS:
            gone = "what they made" if limit.leaves is None else version_name(world, limit.leaves)
            return f"signatures end {after}, and {gone} must have left every cache by then (I4)"
        case Event.STOPS:
            return f"a leaving signer stops {after}, and nobody may be sent to it any more by then"
        case Event.ROLLS:
            return (
                f"a signer replaces a key by itself {after}, and by then no cache may lead both to"
                " it and to another signer that publishes the old one (I18)"
            )
        case _:
            assert_never(limit.event)


def too_slow(steps: Sequence[Step], processing: int) -> Refusal | None:
    """Return why a plan is late though its waits alone would be in time, None if it is not.

    It is late with its margins, or with a parent that takes `processing` seconds each time; nobody
    may start what cannot be finished in time (planning.md §4).
    """
    late = _late(steps, processing)
    if not late:
        return None
    bare = [replace(s, needs=tuple(replace(n, margin=0) for n in s.needs)) for s in steps]
    if lacking := _late(bare, processing):
        return Refusal(
            rule="I4",
            summary=(
                f"a parent that takes the {duration_words(processing)} it may take would bring the"
                f" change {duration_words(lacking)} too late"
            ),
            detail="a step that cannot be sure to be in time is not begun",
            opens=f"a parent with {duration_words(lacking)} less of `processing_max`",
        )
    return Refusal(
        rule="I4",
        summary=(
            f"with the margins of the policy the change would come {duration_words(late)} too late"
        ),
        detail="without them it would be in time; a margin is what is waited beyond the proof",
        opens="smaller `publish_safety` and `retire_safety` in the policy",
    )


def _late(steps: Iterable[Step], processing: int) -> int:
    """Return by how much the latest step misses its deadline at worst, 0 if none does.

    Deadlines that stand for those of later steps have both kinds of delay in them already.
    """
    done: dict[str | None, int] = {None: 0}
    late = 0
    for step in steps:
        ready = [done[need.step] + _later(need, step, processing) for need in step.needs]
        first = Need(step=None, wait_min=0)
        done[step.id] = max(ready, default=_later(first, step, processing))
        own = [limit for limit in step.not_after if FOLLOWED not in limit.reason]
        late = max([late, *(done[step.id] - done[d.step] - d.wait_max for d in own)])
    return late
