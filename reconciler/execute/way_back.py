"""The approved way back of a running plan, proved again from what is published now.

A plan carries a rollback for each of its positions, and its approval covers them all. Where the
world has left the plan, the same steps with at least the same waits are proved once more, from a
fresh observation with all that caches may still hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.execute.logged import with_text
from reconciler.execute.position import Position
from reconciler.execute.propose import judged, rules
from reconciler.execute.readback import reader
from reconciler.execute.snapshot import identity, one_by_one, rename, take
from reconciler.execute.turn import Turn
from reconciler.model.keys import Key, KeyEntry
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Deadline, Need, Rollback, Status, Step, ZonePlan
from reconciler.model.timeline import Timeline, Version, slot
from reconciler.spec.digests import change_digest

ORDER = "rule:order"
"""The reason of a wait that only tells a plan's start from its first step."""
_STEP = re.compile(r"\bs(\d+)\b")


def way_back(turn: Turn, position: Position, back: Rollback) -> ZonePlan:
    """Return the rollback `back` as a plan that begins now; blocked where it is not proved."""
    plan = ZonePlan(
        zone=turn.zone,
        status=Status.PLANNED,
        at=turn.now,
        steps=tuple(_as_rollback(step) for step in back.steps),
        timeline=_from_here(turn, position, back),
    )
    plan = judged(plan, turn.outside.prove)
    wanted = position.plan.desired_digest
    policy = rules(turn.outside.portfolio, plan.risk)
    return replace(plan, desired_digest=wanted, change_digest=change_digest(plan, wanted, policy))


def _as_rollback(step: Step) -> Step:
    """Return a step under a name of its own, so that no story takes it for one of the plan.

    What stands now began before this observation, so that nothing waits for their order.
    """
    return replace(
        step,
        id=rollback_id(step.id),
        needs=tuple(_need(need) for need in step.needs if need.reason != ORDER),
        not_after=tuple(_limit(limit) for limit in step.not_after),
    )


def _need(need: Need) -> Need:
    why = _STEP.sub(r"r\1", need.why)
    return replace(need, why=why, step=None if need.step is None else rollback_id(need.step))


def _limit(limit: Deadline) -> Deadline:
    return replace(limit, step=None if limit.step is None else rollback_id(limit.step))


def rollback_id(step: str) -> str:
    """Return the name of a step of a rollback in the plan that carries it out: `r2` for `s2`."""
    return f"r{step.removeprefix('s')}"


def _from_here(turn: Turn, position: Position, back: Rollback) -> Timeline:
    """Return the rollback's timeline over what stands now, in place of what was to stand."""
    observed = turn.observed
    planned = position.plan.timeline
    assert observed is not None, "an alarm was seen"  # noqa: S101  (invariant)
    assert planned is not None, "a plan with steps has a timeline"  # noqa: S101  (invariant)
    known = _with_created(turn, {**planned.keys, **back.timeline.keys})
    names = {**_apart(observed.keys, known), **reader(turn.observation, known).names}
    seen = {names.get(label, label): entry for label, entry in observed.keys.items()}
    keys = {**{n: replace(e, label=n) for n, e in seen.items()}, **known}
    start = [rename(version, names) for version in _standing(observed)]
    moved = [replace(v, step=rollback_id(v.step)) for v in back.timeline.versions if v.step]
    slots = dict.fromkeys(slot(version) for version in (*start, *moved))
    versions = tuple(v for where in slots for v in (*start, *moved) if slot(v) == where)
    return replace(back.timeline, keys=keys, versions=versions)


def _with_created(turn: Turn, keys: Mapping[str, KeyEntry]) -> Mapping[str, KeyEntry]:
    """Return `keys` with those that were created meanwhile in place of their symbols."""
    created = turn.log.created
    return {
        label: with_text(entry, created[label])
        if isinstance(entry, Key) and label in created
        else entry
        for label, entry in keys.items()
    }


def _apart(seen: Mapping[str, KeyEntry], known: Mapping[str, KeyEntry]) -> Mapping[str, str]:
    """Rename what was seen under a label that stands for another key in the plan."""
    return {
        label: identity(entry)
        for label, entry in seen.items()
        if label in known and identity(known[label]) != identity(entry)
    }


def _standing(observed: ObservedZone) -> Iterator[Version]:
    """Yield slot by slot what caches may hold, and last what stands now."""
    for now in take(observed).versions:
        past = [version for version in observed.history if slot(version) == slot(now)]
        if not past and observed.settled:
            yield now
        else:
            chain = past or [replace(now, unknown=True)]
            same = replace(chain[-1], at=None) == replace(now, at=None)
            yield from _before_now(chain if same else [*chain, replace(now, at=0)])


def _before_now(chain: Sequence[Version]) -> Iterable[Version]:
    """Return a slot's versions so that each known one began before the steps to come, which may be
    made in the very second of the observation.
    """
    first, *later = chain
    begun = [replace(v, at=min(v.at, -1)) if v.at is not None else v for v in later]
    return one_by_one([first, *begun])
