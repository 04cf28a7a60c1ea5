"""Where a running plan stands: what is done, what the world must look like now, what is left.

A plan that has begun is proved again from here before each step: the steps taken become history at
the instants of their evidence, and what is left of each wait becomes a wait from now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.execute.snapshot import one_by_one
from reconciler.model.plan import Deadline, Need, Step, ZonePlan
from reconciler.model.timeline import (
    DataVersion,
    DnskeyVersion,
    Slot,
    Timeline,
    Version,
    slot,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A plan with, for each step already made, the instant of its evidence.

    A step that was called and is not yet seen everywhere stands in `called`, not in `done`.
    """

    plan: ZonePlan
    done: Mapping[str, datetime]
    called: frozenset[str] = frozenset()

    @property
    def left(self) -> tuple[Step, ...]:
        """The steps whose effect has not been seen everywhere, in order."""
        return tuple(s for s in self.plan.steps if s.id not in self.done)

    def next_steps(self) -> tuple[Step, ...]:
        """Return the steps not called yet of which every needed step is done, in order."""
        return tuple(s for s in self.left if s.id not in self.called and self._ready(s))

    def _ready(self, step: Step) -> bool:
        return all(need.step is None or need.step in self.done for need in step.needs)

    def due(self, step: Step) -> datetime:
        """Return the earliest instant for `step`, margins included; its needed steps are done."""
        return max(
            [
                self.plan.at,
                *(self._since(n.step) + _wait(n.wait_min + n.margin) for n in step.needs),
            ]
        )

    def deadline(self, step: Step) -> datetime | None:
        """Return the latest instant for `step`, None where being late is safe."""
        known = [d for d in step.not_after if d.step is None or d.step in self.done]
        return min((self._since(d.step) + _wait(d.wait_max) for d in known), default=None)

    def _since(self, step: str | None) -> datetime:
        return self.plan.at if step is None else self.done[step]


def _wait(seconds: int) -> timedelta:
    return timedelta(seconds=seconds)


def expected(position: Position) -> dict[Slot, Version]:
    """Return the version that must stand in each slot now, called steps included."""
    made = set(position.done) | position.called
    timeline = position.plan.timeline
    versions = timeline.versions if timeline else ()
    return {slot(v): v for v in versions if v.step is None or v.step in made}


def effects(plan: ZonePlan, step: Step) -> tuple[Version, ...]:
    """Return the versions that `step` publishes."""
    versions = plan.timeline.versions if plan.timeline else ()
    return tuple(v for v in versions if v.step == step.id)


def remaining(position: Position, now: datetime) -> tuple[tuple[Step, ...], Timeline]:
    """Return the steps left and the timeline as seen from `now`, ready to be proved again."""
    timeline = position.plan.timeline
    assert timeline is not None, "a plan with steps has a timeline"  # noqa: S101  (invariant)
    left = [s for s in position.left if s.id not in position.called]
    steps = tuple(_from_here(position, step, now) for step in left)
    versions = tuple(_seen_from(position, v, now) for v in timeline.versions)
    return steps, replace(timeline, versions=_in_order(versions))


def _from_here(position: Position, step: Step, now: datetime) -> Step:
    needs = [_need_from_here(position, n, now) for n in step.needs]
    limits = [_deadline_from_here(position, d, now) for d in step.not_after]
    return replace(step, needs=tuple(needs), not_after=tuple(limits))


def _need_from_here(position: Position, need: Need, now: datetime) -> Need:
    """Return the need as seen from `now`; one on a called step waits from its evidence to come."""
    if need.step is not None and need.step in position.called:
        return replace(need, step=None)
    if need.step is not None and need.step not in position.done:
        return need
    since = position.plan.at if need.step is None else position.done[need.step]
    return replace(need, step=None, wait_min=max(0, need.wait_min - _elapsed(since, now)))


def _deadline_from_here(position: Position, limit: Deadline, now: datetime) -> Deadline:
    if limit.step is not None and limit.step not in position.done:
        return replace(limit, step=None) if limit.step in position.called else limit
    since = position.plan.at if limit.step is None else position.done[limit.step]
    return replace(limit, step=None, wait_max=limit.wait_max - _elapsed(since, now))


def _seen_from(position: Position, version: Version, now: datetime) -> Version:
    """Return one version with its instants relative to `now`."""
    shift = _elapsed(position.plan.at, now)
    if version.step is None:
        moved = version if version.at is None else replace(version, at=version.at - shift)
    elif version.step in position.done:
        moved = replace(version, step=None, at=-_elapsed(position.done[version.step], now))
    elif version.step in position.called:
        moved = replace(version, step=None, at=0)
    else:
        moved = version if version.at is None else replace(version, at=max(0, version.at - shift))
    if isinstance(moved, DnskeyVersion | DataVersion) and moved.expires is not None:
        return replace(moved, expires=moved.expires - shift)
    return moved


def _in_order(versions: Sequence[Version]) -> tuple[Version, ...]:
    """Return the versions slot by slot: for ever ago, known instants, then the steps to come."""

    def rank(version: Version) -> tuple[int, int]:
        if version.step is not None:
            return 2, 0
        return (0, 0) if version.at is None else (1, version.at)

    ordered = sorted(versions, key=rank)
    slots = dict.fromkeys(slot(version) for version in ordered)
    by_slot = {where: [v for v in ordered if slot(v) == where] for where in slots}
    return tuple(v for found in by_slot.values() for v in _apart(found))


def _apart(versions: Sequence[Version]) -> Sequence[Version]:
    """Keep known instants apart; steps to come keep what they say."""
    known = [v for v in versions if v.step is None]
    return [*one_by_one(known), *(v for v in versions if v.step is not None)]


def _elapsed(since: datetime, now: datetime) -> int:
    return int((now - since).total_seconds())
