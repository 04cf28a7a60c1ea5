"""Every bad combination of parts, and what would have to hold for a cache to assemble it.

A view is one DS, one DNSKEY and one data part, each from any cache; an unknown NS part makes a view
of its own with every part that the plan brings about.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    RRsetKind,
    Timeline,
    Version,
)
from reconciler.proof import profiles
from reconciler.proof.parts import parts_of
from reconciler.proof.profiles import Finding, Profile, Status
from reconciler.proof.world import Part, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A combination of parts that is bogus, or insecure unasked for, under some profile.

    `tolerated`: the start is to blame, not the plan (design/planning.md §6).
    """

    parts: tuple[Part, ...]
    profile: str
    finding: Finding
    tolerated: bool = False


@dataclass(frozen=True, slots=True)
class Cast:
    """The parts of a zone by kind."""

    ds: tuple[Part, ...]
    dnskey: tuple[Part, ...]
    data: tuple[Part, ...]
    ns: tuple[Part, ...]


def cast_of(world: World) -> Cast:
    """Return everything that some cache may hold."""
    kinds = (RRsetKind.DS, RRsetKind.DNSKEY, RRsetKind.DATA, RRsetKind.NS)
    return Cast(*(parts_of(world, kind) for kind in kinds))


def faults_of(cast: Cast, timeline: Timeline) -> Iterator[Fault]:
    """Yield every bad combination, profile by profile."""
    for name in timeline.profiles:
        profile = profiles.parse_profile(name)
        if profile is not None:
            judged = _judged(cast, timeline, profile)
            dead = dead_parts(judged)
            for parts, finding in judged:
                if finding.status is Status.BOGUS:
                    excused = tolerated(parts, dead)
                    yield Fault(parts=parts, profile=name, finding=finding, tolerated=excused)
            yield from _lost(cast, timeline, profile)
            yield from insecure_unasked(cast, timeline, profile)


Judged = Sequence[tuple[tuple[Part, ...], Finding]]


def _judged(cast: Cast, timeline: Timeline, profile: Profile) -> Judged:
    return [
        (view, _finding(view, timeline, profile))
        for view in product(cast.ds, cast.dnskey, cast.data)
    ]


def _finding(view: tuple[Part, Part, Part], timeline: Timeline, profile: Profile) -> Finding:
    ds, dnskey, data = (part.version for part in view)
    if (
        isinstance(ds, DsVersion)
        and isinstance(dnskey, DnskeyVersion)
        and isinstance(data, DataVersion)
        and not (ds.unknown or dnskey.unknown or data.unknown)
    ):
        return profiles.judge(profile, timeline.keys, ds.ds, dnskey, data)
    if _without_chain(ds, timeline, profile):
        return Finding(Status.INSECURE, "no DS asks for a chain, so that nothing else is looked at")
    return Finding(Status.BOGUS, "nothing is known about what was published before")


def _without_chain(ds: Version, timeline: Timeline, profile: Profile) -> bool:
    """True if the DS is known to be unusable: then it does not matter what else a cache holds."""
    if ds.unknown or not isinstance(ds, DsVersion):
        return False
    return not profiles.usable(profile, ds.ds, timeline.keys)


def dead_parts(judged: Judged) -> frozenset[int]:
    """Return the versions of the start that fit into no view of the start that is not bogus.

    A version about which nothing is known is not dead: it may be alive and well.
    """
    started = [(view, finding) for view, finding in judged if all(part.at_origin for part in view)]
    fit = {
        id(part.source)
        for view, finding in started
        if finding.status is not Status.BOGUS
        for part in view
    }
    return frozenset(
        id(part.source)
        for view, _ in started
        for part in view
        if id(part.source) not in fit and not part.source.unknown
    )


def tolerated(parts: Sequence[Part], dead: frozenset[int]) -> bool:
    """True if a bogus view is the start's fault: it holds a dead part, or it was there before the
    plan and holds a part that is gone already, so that no step can prolong it. What a CDS set told
    the parent before the plan counts as being there.
    """
    if any(id(part.source) in dead and part.of_start for part in parts):
        return True
    started = all(part.at_origin or _told_before(part) for part in parts)
    return started and any(part.gone for part in parts)


def _lost(cast: Cast, timeline: Timeline, profile: Profile) -> Iterator[Fault]:
    """Yield the views of a resolver that follows an unknown NS set while a DS asks for a chain."""
    finding = Finding(Status.BOGUS, "nothing is known about the name servers delegated to before")
    unknown = [ns for ns in cast.ns if ns.version.unknown]
    asking = [ds for ds in cast.ds if not _without_chain(ds.version, timeline, profile)]
    for ns, ds in product(unknown, asking):
        if not ds.of_start and not _told_before(ds):
            yield Fault(parts=(ns, ds), profile=profile.name, finding=finding)
        for part in (*cast.dnskey, *cast.data):
            if not part.of_start:
                yield Fault(parts=(ns, ds, part), profile=profile.name, finding=finding)


def _told_before(part: Part) -> bool:
    """True for a DS set just as a CDS set of before the plan lets the parent install it: that it
    may stand beside what is gone already is no doing of the plan.
    """
    told, made = part.source, part.version
    if not isinstance(told, CdsVersion) or told.step is not None or not isinstance(made, DsVersion):
        return False
    return made.ds == (told.cds if isinstance(told.cds, frozenset) else frozenset())


def insecure_unasked(cast: Cast, timeline: Timeline, profile: Profile) -> Iterator[Fault]:
    """Yield the DS sets that leave a secure zone insecure without that being asked for (I2)."""
    if timeline.insecure_allowed or not stays_secure(timeline, profile):
        return
    finding = Finding(Status.INSECURE, "no DS that this validator can use stands at the parent")
    for part in cast.ds:
        ds = part.version
        if part.of_start or ds.unknown or not isinstance(ds, DsVersion):
            continue
        if not profiles.usable(profile, ds.ds, timeline.keys):
            yield Fault(parts=(part,), profile=profile.name, finding=finding)


def stays_secure(timeline: Timeline, profile: Profile) -> bool:
    """True if the zone is secure at the start and is to be so at the end, under this profile.

    A goal without any DS is no excuse: it must be asked for. A goal whose DS this validator cannot
    use is one, for then the desired keys themselves are beyond it.
    """
    versions = [version for version in timeline.versions if isinstance(version, DsVersion)]
    start = [version for version in versions if version.step is None][-1].ds
    goal = versions[-1].ds
    return bool(profiles.usable(profile, start, timeline.keys)) and (
        not goal or bool(profiles.usable(profile, goal, timeline.keys))
    )
