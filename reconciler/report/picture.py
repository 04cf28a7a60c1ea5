"""What a picture of a plan shows, in seconds: when each version stands and how long caches keep it.

Source of the windows: design of the proof (served until the successor began plus its propagation
bound, cached for the TTL after that). Seconds count from the observation, margins left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from reconciler.model.plan import Need, Step, ZonePlan
from reconciler.model.timeline import RRsetKind, Slot, Version, slot

_ORDER = (RRsetKind.DS, RRsetKind.NS, RRsetKind.DNSKEY, RRsetKind.DATA, RRsetKind.CDS)
"""From the parent down, as a validator asks."""
_QUIET = frozenset({RRsetKind.NS, RRsetKind.CDS})
"""RRsets that are drawn only where they change: standing still they explain nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One version and its window. None: since for ever, or for ever on.

    It stands from `begins` until `replaced`, some server may give it until `served`, and some cache
    may hold it until `cached`.
    """

    version: Version
    begins: int | None
    replaced: int | None
    served: int | None
    cached: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """The versions of one RRset at one place, in order."""

    slot: Slot
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The earliest instant of a step."""

    step: Step
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """One need: it holds its step back from `begins` until `ends`; the step comes at `taken`."""

    step: str
    need: Need
    begins: int
    ends: int
    taken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """Everything that is drawn of one plan; `first` and `last` bound all known instants."""

    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    waits: tuple[Wait, ...]
    still: tuple[Slot, ...]
    """Slots left out because nothing happens there."""

    @property
    def instants(self) -> tuple[int, ...]:
        """Every instant at which something begins or ends, in order, the observation included."""
        bars = [bar for lane in self.lanes for bar in lane.bars]
        found = chain.from_iterable((b.begins, b.replaced, b.served, b.cached) for b in bars)
        waits = [instant for w in self.waits for instant in (w.begins, w.ends)]
        marks = [mark.at for mark in self.marks]
        return tuple(sorted({0, *(at for at in found if at is not None), *waits, *marks}))


def picture_of(plan: ZonePlan) -> Picture | None:
    """Return what to draw of a plan; None where nothing changes, or nothing is known of it."""
    if plan.timeline is None or not plan.steps or not plan.timeline.versions:
        return None
    times = _times(plan.steps, plan.timeline.versions)
    lanes = tuple(_lanes(plan.timeline.versions, times))
    drawn = tuple(lane for lane in lanes if len(lane.bars) > 1 or lane.slot[0] not in _QUIET)
    return Picture(
        lanes=drawn,
        marks=tuple(Mark(step=step, at=times[step.id]) for step in plan.steps),
        waits=tuple(_waits(plan.steps, times)),
        still=tuple(lane.slot for lane in lanes if lane not in drawn),
    )


def _times(steps: Sequence[Step], versions: Sequence[Version]) -> dict[str, int]:
    """Return the earliest instant of each step: what its versions say, else what it waits for."""
    said = {v.step: v.at for v in versions if v.step is not None and v.at is not None}
    times = {step.id: said.get(step.id, 0) for step in steps}
    for _ in steps:
        for step in (step for step in steps if step.id not in said):
            after = (times.get(need.step or "", 0) + need.wait_min for need in step.needs)
            times[step.id] = max(0, *after) if step.needs else 0
    return times


def _lanes(versions: Sequence[Version], times: Mapping[str, int]) -> Iterator[Lane]:
    by_slot: dict[Slot, list[Version]] = {}
    for version in versions:
        by_slot.setdefault(slot(version), []).append(version)
    for where in sorted(by_slot, key=_rank):
        found = by_slot[where]
        bars = (_bar(v, n, times) for v, n in zip(found, [*found[1:], None], strict=True))
        yield Lane(slot=where, bars=tuple(bar for bar in bars if _at_hand(bar)))


def _rank(where: Slot) -> tuple[int, str]:
    kind, signer = where
    return _ORDER.index(kind), signer or ""


def _bar(version: Version, following: Version | None, times: Mapping[str, int]) -> Bar:
    begins = _begins(version, times)
    replaced = None if following is None else _begins(following, times)
    if following is None or replaced is None:
        return Bar(version=version, begins=begins, replaced=None, served=None, cached=None)
    served = replaced + following.propagation
    return Bar(
        version=version,
        begins=begins,
        replaced=replaced,
        served=served,
        cached=served + version.ttl,
    )


def _begins(version: Version, times: Mapping[str, int]) -> int | None:
    return version.at if version.step is None else times.get(version.step, version.at)


def _at_hand(bar: Bar) -> bool:
    """True if some cache may hold it after the observation."""
    return bar.cached is None or bar.cached > 0


def _waits(steps: Sequence[Step], times: Mapping[str, int]) -> Iterator[Wait]:
    for step in steps:
        for need in step.needs:
            since = times.get(need.step or "", 0)
            yield Wait(
                step=step.id,
                need=need,
                begins=since,
                ends=since + need.wait_min,
                taken=times[step.id],
            )
