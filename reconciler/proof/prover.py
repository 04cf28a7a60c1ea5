"""The proof: for every delay that the needs allow, at every instant, for every mix of caches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.model.plan import Malformed, Proved, Refuted, Separation, Step, Verdict
from reconciler.model.timeline import Timeline
from reconciler.proof.claims import untrue_claims
from reconciler.proof.deeds import deed_flaws
from reconciler.proof.overlap import (
    Apart,
    Encounters,
    Instance,
    Meeting,
    instance,
    span,
)
from reconciler.proof.schedule import (
    ORIGIN,
    Closure,
    Gap,
    arcs_of,
    closure_of,
    floor_of,
    named,
    nodes_of,
)
from reconciler.proof.slack import slack_of, smallest
from reconciler.proof.views import Fault, cast_of, faults_of
from reconciler.proof.wellformed import by_slot, flaws, ordered_pairs
from reconciler.proof.world import world_of


def prove(steps: Sequence[Step], timeline: Timeline, *, example: bool = True) -> Verdict:
    """Return whether these steps are safe for every delay that their needs allow.

    A step is taken at least `wait_min` after each step it needs and at most `wait_max` after those
    it must not lag behind; margins do not count. Proved comes with the slack of each wait and, for
    each bad combination, the two windows kept apart; Refuted with a course of events a person can
    follow; Malformed where the question makes no sense. Never raises. Where no step names a move,
    the versions of an `example` are taken as drawn; those of a plan are then unaccounted for.
    Sources: RFC 4033 §5, RFC 4035 §5, RFC 6840 §5.11; RFC 7583 for the waits, which follow from the
    windows.
    """
    flaw = next(flaws(steps, timeline), None)
    closure = None if flaw else closure_of(len(steps) + 1, arcs_of(steps))
    floor = floor_of(steps) if closure else None
    if closure is None or floor is None:
        return Malformed(why=flaw or "the deadlines leave no time for the waits")
    world = world_of(steps, timeline, floor)
    drawn = example and not any(step.moves for step in steps)
    unfit = None if drawn else next(deed_flaws(steps, timeline, world, closure), None)
    if unfit:
        return Malformed(why=unfit)
    faults = (*faults_of(cast_of(world), timeline), *untrue_claims(world))
    cases = Cases(closure, floor)
    refuted = _refutation(cases, [fault for fault in faults if not fault.tolerated], steps)
    return refuted or _proved(cases, faults, steps, timeline)


class Cases:
    """The meetings of each combination of parts, worked out once for all profiles."""

    def __init__(self, closure: Closure, floor: Closure) -> None:
        """Judge by these needs; `floor` is what holds however short the waits are."""
        self.closure = closure
        self._encounters = Encounters(closure, floor)
        self._met: dict[tuple[int, ...], tuple[Meeting, ...]] = {}
        self._found: dict[tuple[int, ...], Instance | None] = {}

    def meetings(self, fault: Fault) -> tuple[Meeting, ...]:
        """Return every choice of windows of a combination."""
        key = _identity(fault)
        if key not in self._met:
            self._met[key] = tuple(self._encounters.meetings(fault.parts))
        return self._met[key]

    def instance(self, fault: Fault) -> Instance | None:
        """Return the soonest course under which a cache may hold the combination, if any."""
        key = _identity(fault)
        if key not in self._found:
            found = (instance(self.closure, met) for met in self.meetings(fault))
            courses = [course for course in found if course is not None]
            self._found[key] = min(courses, key=_soonest, default=None)
        return self._found[key]

    def apart(self, fault: Fault) -> Apart:
        """Return the two parts whose windows keep a combination from coming about.

        Of several choices of windows, the one that comes closest to meeting counts.
        """
        return min((met.apart for met in self.meetings(fault)), key=lambda apart: apart.seconds)


def _identity(fault: Fault) -> tuple[int, ...]:
    return tuple(id(part) for part in fault.parts)


def _soonest(course: Instance) -> tuple[int, bool, int]:
    """Order courses: the soonest view first, then the one that lasts longest."""
    return course.begins, course.ends is not None, -(course.ends or 0)


def _refutation(cases: Cases, faults: Iterable[Fault], steps: Sequence[Step]) -> Refuted | None:
    """Return the soonest bad view of the first profile that has any."""
    found: list[tuple[Fault, Instance]] = []
    for fault in faults:
        if found and found[0][0].profile != fault.profile:
            break
        course = cases.instance(fault)
        if course is not None:
            found.append((fault, course))
    if not found:
        return None
    fault, course = min(found, key=lambda item: _soonest(item[1]))
    return Refuted(
        profile=fault.profile,
        verdict=str(fault.finding.status),
        schedule=named(course.times, nodes_of(steps)),
        begins=course.begins,
        ends=course.ends,
        versions=tuple(part.text for part in fault.parts),
        why=f"{fault.finding.why[0].upper()}{fault.finding.why[1:]}.",
    )


def _proved(
    cases: Cases, faults: Sequence[Fault], steps: Sequence[Step], timeline: Timeline
) -> Proved:
    forbidden = [fault for fault in faults if not fault.tolerated]
    combinations = {_identity(fault): fault for fault in forbidden}.values()
    rested = {met.gaps for fault in combinations for met in cases.meetings(fault)}
    required = smallest([*rested, *_orders(steps, timeline)])
    ends = exposures(cases, faults, cases.closure[ORIGIN])
    return Proved(
        profiles=timeline.profiles,
        slack=slack_of(steps, required),
        separations=tuple(dict.fromkeys(_separation(cases, fault) for fault in forbidden)),
        exposure_until=None if FOR_EVER in ends else max(ends, default=None),
        unmended=FOR_EVER in ends,
        versions_only=bool(steps) and not any(step.moves for step in steps),
    )


def _orders(steps: Sequence[Step], timeline: Timeline) -> Iterator[frozenset[Gap]]:
    """Yield as gaps that a later version of a slot came before an earlier one."""
    for _, first, second in ordered_pairs(by_slot(timeline), nodes_of(steps)):
        yield frozenset({Gap(first, second, 0)})


def _separation(cases: Cases, fault: Fault) -> Separation:
    apart = cases.apart(fault)
    return Separation(
        profile=fault.profile,
        verdict=str(fault.finding.status),
        versions=tuple(part.text for part in fault.parts),
        apart=(apart.ended, apart.begun),
        seconds=max(0, apart.seconds),
    )


def _happens(met: Meeting, times: Sequence[int]) -> bool:
    """True if the windows meet under just this schedule."""
    begins, end = span(met.windows, times)
    gaps = (gap for window in met.windows for gap in window.gaps)
    return (end is None or begins < end) and all(
        times[late] - times[early] < limit for early, late, limit in gaps
    )


def exposed_until(
    steps: Sequence[Step], timeline: Timeline, taken: Mapping[str, int]
) -> int | None:
    """Return until when a view that the start broke may be seen if steps take effect when told.

    Seconds from the origin, of `taken` as well, which names every step and keeps to the needs. None
    where there is no such view, where one has no end, and where no proof could begin.
    """
    if next(flaws(steps, timeline), None) is not None:
        return None
    closure, floor = closure_of(len(steps) + 1, arcs_of(steps)), floor_of(steps)
    if closure is None or floor is None:
        return None
    cases = Cases(closure, floor)
    faults = faults_of(cast_of(world_of(steps, timeline, floor)), timeline)
    ends = exposures(cases, faults, (0, *(taken[step.id] for step in steps)))
    return None if FOR_EVER in ends else max(ends, default=None)


FOR_EVER = 1 << 60
"""Ends after every instant."""


def exposures(cases: Cases, faults: Iterable[Fault], times: Sequence[int]) -> frozenset[int]:
    """Return when each view that the start broke, and that is seen under a schedule, ends."""
    blamed = (fault for fault in faults if fault.tolerated)
    known = (f for f in blamed if not any(part.version.unknown for part in f.parts))
    ends = (
        span(met.windows, times)[1]
        for fault in known
        for met in cases.meetings(fault)
        if _happens(met, times)
    )
    found = frozenset(FOR_EVER if end is None else end for end in ends)
    return frozenset(end for end in found if end > 0)
