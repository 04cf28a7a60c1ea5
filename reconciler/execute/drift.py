"""`drift`: what is published, against the record and the desired state; read-only by construction.

What this is given can look and read, and nothing else: no signer, no parent, no way to append.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.execute.baseline import baseline, content, fingerprint, position_of
from reconciler.execute.lookout import Lookout
from reconciler.execute.outside import unbuilt
from reconciler.execute.position import Position, effects
from reconciler.execute.readback import Laggard, Reader, describe, reader
from reconciler.execute.snapshot import Snapshot, standing, take, with_history
from reconciler.execute.snapshot_json import snapshots
from reconciler.execute.words import differing, not_built, unseen
from reconciler.ledger.history import Annotation, ZoneLog
from reconciler.model.desired import DesiredZone
from reconciler.model.drift import WHOLE_ZONE, Difference, DriftKind, ZoneDrift, rrset_name
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Status, Step, ZonePlan
from reconciler.model.sightings import Observation
from reconciler.model.timeline import RRsetKind, Slot, Version, slot
from reconciler.spec.digests import desired_digest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One zone, gathered: desired, recorded and observed."""

    desired: DesiredZone
    now: datetime
    log: ZoneLog
    observation: Observation
    zone: ObservedZone
    position: Position | None
    recorded: Snapshot | None


def drifts(lookout: Lookout, zones: Iterable[DesiredZone]) -> tuple[ZoneDrift, ...]:
    """Return what differs in each zone now."""
    return tuple(zone_drift(lookout, desired) for desired in zones)


def zone_drift(lookout: Lookout, desired: DesiredZone) -> ZoneDrift:
    """Return what differs in one zone now, and what explains it."""
    if kinds := unbuilt(lookout.portfolio, desired):
        finding = not_built(desired.zone, kinds)
        return ZoneDrift(zone=desired.zone, complete=False, findings=(finding,))
    log = lookout.recall().zone(desired.zone)
    observation = lookout.observe(desired)
    findings = () if observation.complete else unseen(observation, desired.zone)
    if observation.zone is None:
        return ZoneDrift(zone=desired.zone, complete=False, findings=findings)
    known = snapshots(log)
    case = _Case(
        desired=desired,
        now=lookout.now(),
        log=log,
        observation=observation,
        zone=observation.zone,
        position=position_of(lookout.blob, desired.zone, log),
        recorded=known[-1] if known else None,
    )
    found = {difference.rrset: difference for difference in _against_record(case)}
    for difference in _against_desired(lookout, case):
        found.setdefault(difference.rrset, difference)
    return ZoneDrift(
        zone=desired.zone,
        differences=tuple(found[name] for name in sorted(found)),
        recorded_at=case.recorded.at if case.recorded else None,
        complete=observation.complete,
        findings=findings,
    )


def _against_record(case: _Case) -> Iterator[Difference]:
    """Yield what is not as recorded, and what the running plan is about to change."""
    found = baseline(case.recorded, case.position, case.zone)
    if found is None:
        return
    read = reader(case.observation, found.keys)
    for where, version in sorted(found.versions.items(), key=lambda item: rrset_name(item[0])):
        difference = _of_slot(case, read, where, version)
        if difference is not None:
            yield difference


def _of_slot(case: _Case, read: Reader, where: Slot, version: Version) -> Difference | None:
    steps = _under_way(case, where)
    candidates = [version, *(v for step in steps for v in _effects(case, step, where))]
    lagging = [_telling(read, candidate) for candidate in candidates]
    strange = tuple(lag for lag in lagging[0] if all(lag in found for found in lagging[1:]))
    if strange or (not steps and _other_ttl(case, where, version)):
        return _strange(case, where, version, strange)
    if steps:
        names = " and ".join(step.id for step in steps)
        return _difference(
            case,
            where,
            DriftKind.IN_PROGRESS,
            shows=differing(lagging[0]) or describe(version),
            expected=describe(candidates[-1]),
            why=f"{names} of {_running(case)} was begun and is not seen everywhere yet",
        )
    return _to_come(case, where, version)


def _telling(read: Reader, version: Version) -> tuple[Laggard, ...]:
    """Return the servers that show something else; one that shows nothing tells nothing."""
    return tuple(lag for lag in read.laggards([version]) if not lag.silent)


def _running(case: _Case) -> str:
    turned = case.log.turned
    return "the running plan" if turned is None else f"the way back ({turned.why})"


def _under_way(case: _Case, where: Slot) -> tuple[Step, ...]:
    """Return the steps that were begun, are not seen everywhere, and change this RRset."""
    if case.position is None:
        return ()
    open_steps = {intent.step for intent in case.log.open_intents}
    begun = case.position.called | open_steps
    return tuple(
        step for step in case.position.left if step.id in begun and _effects(case, step, where)
    )


def _effects(case: _Case, step: Step, where: Slot) -> tuple[Version, ...]:
    plan = case.position.plan if case.position else None
    return tuple(v for v in effects(plan, step) if slot(v) == where) if plan else ()


def _to_come(case: _Case, where: Slot, version: Version) -> Difference | None:
    """Return what a step of the running plan will change, where it will still be made."""
    if case.position is None or _superseded(case):
        return None
    for step in case.position.left:
        if changes := _effects(case, step, where):
            return _difference(
                case,
                where,
                DriftKind.IN_PROGRESS,
                shows=describe(version),
                expected=describe(changes[-1]),
                why=f"{step.id} of {_running(case)} changes it",
            )
    return None


def _superseded(case: _Case) -> bool:
    """True if the desired state has left the running plan behind."""
    plan = case.position.plan if case.position else None
    return plan is not None and plan.desired_digest != desired_digest(case.desired)


def _strange(
    case: _Case, where: Slot, version: Version, lagging: tuple[Laggard, ...]
) -> Difference:
    """Return what no step explains: known, where somebody said so of exactly this."""
    found = _difference(
        case,
        where,
        DriftKind.UNEXPLAINED,
        shows=differing(lagging) or f"TTL {standing(take(case.zone).versions)[where].ttl} s",
        expected=describe(version) if lagging else f"TTL {version.ttl} s",
        why="nothing on record says why",
    )
    note = case.log.annotations.get(found.rrset)
    return found if note is None or note.seen != found.seen else _noted(case, found, note)


def _noted(case: _Case, found: Difference, note: Annotation) -> Difference:
    words = f"known until {note.until:%FT%TZ} ({note.person}: {note.reason})"
    if case.now >= note.until:
        return replace(found, why=f"was {words}")
    return replace(found, kind=DriftKind.KNOWN, why=words, until=note.until)


_MEASURED = {RRsetKind.DS, RRsetKind.NS, RRsetKind.DNSKEY}
"""RRsets whose TTL is read from servers; that of the data may be a declared bound."""


def _other_ttl(case: _Case, where: Slot, version: Version) -> bool:
    """True if all agree on the content and its TTL is not the one on record."""
    shown = standing(take(case.zone).versions).get(where)
    return where[0] in _MEASURED and shown is not None and shown.ttl != version.ttl


def _against_desired(lookout: Lookout, case: _Case) -> Iterator[Difference]:
    """Yield what the desired state asks for and no running plan is about to do."""
    if case.position is not None and case.position.left and not _superseded(case):
        return
    plan = lookout.propose(case.desired, with_history(case.zone, snapshots(case.log)))
    if plan.status in {Status.NO_SAFE_PATH, Status.BLOCKED}:
        why = "; ".join(refusal.summary for refusal in plan.refusals)
        yield Difference(
            rrset=WHOLE_ZONE,
            kind=DriftKind.NOT_YET_APPLIED,
            shows="not as desired",
            expected="the desired state",
            why=f"no plan is possible: {why}",
        )
    yield from _ahead(case, plan)


def _ahead(case: _Case, plan: ZonePlan) -> Iterator[Difference]:
    """Yield each RRset that a plan made now would leave different."""
    now = standing(take(case.zone).versions)
    end = standing(plan.timeline.versions if plan.timeline and plan.steps else ())
    for where, version in end.items():
        shown = now.get(where)
        if version.step is None or (shown is not None and content(shown) == content(version)):
            continue
        yield _difference(
            case,
            where,
            DriftKind.NOT_YET_APPLIED,
            shows=describe(shown) if shown else "nothing",
            expected=describe(version),
            why=_not_begun(case, plan),
        )


def _not_begun(case: _Case, plan: ZonePlan) -> str:
    turned = case.log.turned
    if turned is not None and case.log.complete:
        return f"it was rolled back: {turned.why}"
    return f"a plan of {len(plan.steps)} steps is not on record yet: `reconcile apply`"


def _difference(  # noqa: PLR0913 (one argument per member)
    case: _Case, where: Slot, kind: DriftKind, *, shows: str, expected: str, why: str
) -> Difference:
    return Difference(
        rrset=rrset_name(where),
        kind=kind,
        shows=shows,
        expected=expected,
        why=why,
        seen=fingerprint(case.zone, where),
    )
