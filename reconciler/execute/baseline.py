"""What should be published now by the record alone: the last snapshot, and the running plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reconciler.execute.logged import refined_plan
from reconciler.execute.position import Position, expected
from reconciler.execute.snapshot import Snapshot, identity, rename, standing, take
from reconciler.ledger.history import ZoneLog
from reconciler.model.capabilities import RollsByItself
from reconciler.model.keys import Key, KeyEntry
from reconciler.model.observed import ObservedZone
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    RRsetKind,
    Slot,
    Version,
    slot,
)
from reconciler.spec.canonical import digest
from reconciler.spec.plan_file import load_plan
from reconciler.spec.timeline_file import version_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The version that the record expects in each slot; `keys` explains the labels."""

    keys: Mapping[str, KeyEntry]
    versions: Mapping[Slot, Version]


def position_of(blob: Callable[[str], bytes], zone: str, log: ZoneLog) -> Position | None:
    """Return where the running plan stands, None without one; `blob` reads the logged plan."""
    if log.plan is None or log.complete:
        return None
    plan = load_plan(blob(log.plan.blob), log.plan.blob).zones[zone]
    created = {k: v for refined in log.refined.values() for k, v in refined.keys.items()}
    done = {step: seen.seen_at for step, seen in log.evidence.items()}
    made = {step for step, outcome in log.outcomes.items() if outcome.ok}
    return Position(plan=refined_plan(plan, created), done=done, called=frozenset(made - set(done)))


def baseline(
    recorded: Snapshot | None, position: Position | None, zone: ObservedZone
) -> Baseline | None:
    """Return what the record expects at the signers observed; None where it expects nothing.

    A running plan knows more than the last snapshot: what its finished steps left behind. Steps
    that are under way are not counted in.
    """
    if position is not None and position.plan.timeline is not None:
        before = replace(position, called=frozenset())
        keys, versions = position.plan.timeline.keys, expected(before)
    elif recorded is not None:
        keys, versions = _with_homes(recorded, zone), standing(recorded.versions)
    else:
        return None
    here = {w: v for w, v in versions.items() if w[1] is None or w[1] in zone.signers}
    return Baseline(keys=keys, versions={**_no_cds(zone, here), **here})


def _with_homes(recorded: Snapshot, zone: ObservedZone) -> Mapping[str, KeyEntry]:
    """Return a snapshot's keys with the homes that tell which a signer replaces by itself."""
    homes = {
        label: version.signer
        for version in recorded.versions
        if isinstance(version, DnskeyVersion) and _rolls(zone, version.signer)
        for label in version.keys
    }
    return {
        label: replace(key, home=homes[label]) if isinstance(key, Key) and label in homes else key
        for label, key in recorded.keys.items()
    }


def _rolls(zone: ObservedZone, signer: str) -> bool:
    facts = zone.signers.get(signer)
    return facts is not None and facts.capabilities.rolls_by_itself is not RollsByItself.NO


def _no_cds(zone: ObservedZone, versions: Mapping[Slot, Version]) -> Mapping[Slot, Version]:
    """Return the absent CDS of signers of which the record knows something: absent is a state."""
    known = {signer for _, signer in versions if signer is not None}
    parent = zone.parent.capabilities
    return {
        (RRsetKind.CDS, signer): CdsVersion(
            signer=signer,
            ttl=zone.signers[signer].max_zone_ttl,
            propagation=zone.signers[signer].propagation_delay,
            cds=None,
            polled=parent.polls_cds,
            processing_max=parent.processing_max,
        )
        for signer in known
    }


def content(version: Version) -> Version:
    """Return a version without when and for how long: what it publishes, and nothing else."""
    bare = replace(version, step=None, at=None, ttl=0, propagation=0, unknown=False)
    if isinstance(bare, DnskeyVersion | DataVersion):
        return replace(bare, expires=None)
    return bare


def fingerprint(zone: ObservedZone, where: Slot) -> str:
    """Return a digest of what is published in a slot, the same in every document."""
    shown = next((v for v in take(zone).versions if slot(v) == where), None)
    if shown is None:
        return ""
    names = {label: identity(entry) for label, entry in zone.keys.items()}
    measured = where[0] in {RRsetKind.DS, RRsetKind.NS, RRsetKind.DNSKEY}
    bare = replace(content(rename(shown, names)), ttl=shown.ttl if measured else 0)
    return digest(version_json(bare))
