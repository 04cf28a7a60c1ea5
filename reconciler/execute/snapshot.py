"""Snapshots: the whole publication of a zone as it was seen everywhere at one instant.

The ledger keeps one with every piece of evidence. What caches may still remember follows from the
snapshots alone: a version that stood in one and not in the next was replaced, at the latest, when
the next was taken. What no snapshot shows is taken as just changed (design/planning.md §6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from reconciler.model.keys import Key, KeyEntry
from reconciler.model.observed import ObservedZone, ParentFacts, SignerFacts
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Slot,
    Version,
    slot,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Every slot's version as all servers showed it at `at`; `keys` explains the labels."""

    at: datetime
    keys: Mapping[str, KeyEntry]
    versions: tuple[Version, ...]


def take(observed: ObservedZone) -> Snapshot:
    """Return the snapshot of what stands now in an observation."""
    versions: list[Version] = list(_parent_versions(observed.parent))
    for name, facts in sorted(observed.signers.items()):
        versions += _signer_versions(name, facts, observed.parent)
    return Snapshot(at=observed.at, keys=observed.keys, versions=tuple(versions))


def _parent_versions(parent: ParentFacts) -> Iterable[Version]:
    delay = parent.propagation_delay
    ttl = parent.ds_ttl if parent.ds else parent.ds_negative_ttl
    yield DsVersion(ttl=ttl, propagation=delay, ds=parent.ds)
    yield NsVersion(ttl=parent.ns_ttl, propagation=delay, signers=parent.ns)


def _signer_versions(name: str, facts: SignerFacts, parent: ParentFacts) -> Iterable[Version]:
    delay = facts.propagation_delay
    yield NsVersion(signer=name, ttl=facts.ns_ttl, propagation=delay, signers=facts.ns)
    yield DnskeyVersion(
        signer=name,
        ttl=facts.dnskey_ttl if facts.dnskeys else facts.negative_ttl,
        propagation=delay,
        keys=facts.dnskeys,
        signed_by=facts.krrsig,
    )
    yield DataVersion(
        signer=name,
        ttl=facts.max_zone_ttl,
        propagation=delay + facts.signing_delay,
        signed_by=facts.zrrsig,
    )
    if facts.cds is not None:
        yield CdsVersion(
            signer=name,
            ttl=facts.max_zone_ttl,
            propagation=delay,
            cds=facts.cds,
            polled=parent.capabilities.polls_cds,
            processing_max=parent.capabilities.processing_max,
        )


def with_history(observed: ObservedZone, snapshots: Sequence[Snapshot]) -> ObservedZone:
    """Return `observed` with what caches may still remember, as far as `snapshots` can tell.

    Without snapshots nothing is known about the past, which is as if the zone were adopted now:
    every slot has an unknown version before it. So has a slot of which the observation itself saw
    lagging versions; these are kept.
    """
    now = take(observed)
    past = [_relabelled(s, now.keys) for s in snapshots if s.at <= observed.at]
    lagging = {slot(version) for version in observed.history}
    chains = [_slot_history(v, past, observed) for v in now.versions if slot(v) not in lagging]
    if not lagging and all(len(chain) == 1 for chain in chains):
        return replace(observed, settled=True, history=())
    seen = [_lag_history(where, observed) for where in sorted(lagging, key=str)]
    known = tuple(version for chain in (*seen, *chains) for version in chain)
    return replace(observed, settled=False, history=known)


def _lag_history(where: Slot, observed: ObservedZone) -> Sequence[Version]:
    """Return what lagging servers showed of one slot, with an unknown version before it.

    They tell nothing of what was there before, nor since when the oldest has stood.
    """
    shown = [version for version in observed.history if slot(version) == where]
    oldest, later = shown[0], shown[1:]
    before_next = ((later[0].at or 0) if later else 0) - 1
    begin = before_next if oldest.at is None else oldest.at
    ttl = max(_longest_ttl(oldest, observed), *(version.ttl for version in shown))
    return [replace(oldest, at=None, unknown=True, ttl=ttl), replace(oldest, at=begin), *later]


def _slot_history(
    current: Version, snapshots: Sequence[Snapshot], observed: ObservedZone
) -> Sequence[Version]:
    """Return what some cache may remember of one slot, the standing version last.

    Each run of equal versions begins at the first snapshot that shows it.
    """
    where = slot(current)
    timed = [(s.at, v) for s in snapshots for v in s.versions if slot(v) == where]
    runs: list[tuple[datetime, Version]] = []
    for at, version in [*timed, (observed.at, current)]:
        if not runs or runs[-1][1] != version:
            runs.append((at, version))
    ttl = max(_longest_ttl(current, observed), *(v.ttl for _, v in runs))
    chain: list[Version] = [replace(runs[0][1], unknown=True, ttl=ttl)]
    chain += one_by_one([replace(v, at=_seconds(at, observed.at)) for at, v in runs])
    return _remembered(chain)


def one_by_one(versions: Sequence[Version]) -> list[Version]:
    """Return a slot's versions, in order, so that no two begin in the same second.

    One that began in the same second as its successor is taken to have begun a second earlier, and
    the version before it to have been served for as long after: nothing is forgotten sooner.
    """
    apart: list[Version] = []
    for version in reversed(versions):
        late = 0
        if apart and version.at is not None and apart[0].at is not None:
            late = max(0, version.at - apart[0].at + 1)
        begin = None if version.at is None else version.at - late
        apart.insert(0, replace(version, at=begin, propagation=version.propagation + late))
    return apart


def _longest_ttl(version: Version, observed: ObservedZone) -> int:
    """Return the largest TTL that an unknown version in this slot is taken to have had."""
    match version:
        case DsVersion():
            return max(observed.parent.ds_ttl, observed.parent.ds_negative_ttl)
        case DnskeyVersion():
            facts = observed.signers[version.signer]
            return max(facts.dnskey_ttl, facts.negative_ttl)
        case NsVersion() | DataVersion() | CdsVersion():
            return version.ttl


def _remembered(chain: Sequence[Version]) -> Sequence[Version]:
    """Drop what no cache can hold; what then comes first stands as if for ever."""
    for i, (before, after) in enumerate(pairwise(chain)):
        if (after.at or 0) + after.propagation + before.ttl > 0:
            return [replace(before, at=None), *chain[i + 1 :]]
    return [replace(chain[-1], at=None)]


def _seconds(at: datetime, origin: datetime) -> int:
    return int((at - origin).total_seconds())


def _relabelled(snapshot: Snapshot, keys: Mapping[str, KeyEntry]) -> Snapshot:
    """Return the snapshot in the labels of `keys`; keys that are gone keep their own."""
    names = same_keys(snapshot.keys, keys)
    versions = tuple(rename(v, names) for v in snapshot.versions)
    return replace(snapshot, versions=versions)


def same_keys(old: Mapping[str, KeyEntry], new: Mapping[str, KeyEntry]) -> dict[str, str]:
    """Map each label of `old` to the label of the same key in `new`, where it is there.

    The same is: the same DNSKEY, the same DS text, or for a key to come the same symbol.
    """
    by_text = {identity(entry): label for label, entry in new.items()}
    names = {label: by_text.get(identity(entry)) for label, entry in old.items()}
    kept = {label: label for label, entry in old.items() if _is_to_come(entry) and label in new}
    return {label: name for label, name in names.items() if name is not None} | kept


def _is_to_come(entry: KeyEntry) -> bool:
    return isinstance(entry, Key) and entry.public_key is None


def identity(entry: KeyEntry) -> str:
    """Return the text that tells one key or dead DS from another in every document."""
    if isinstance(entry, Key):
        return entry.text()
    return f"DS {entry.rdata or entry.label}"


def rename(version: Version, names: Mapping[str, str]) -> Version:
    """Return `version` with the labels of its keys replaced; unknown labels stay."""

    def many(labels: frozenset[str]) -> frozenset[str]:
        return frozenset(names.get(label, label) for label in labels)

    match version:
        case DsVersion():
            refs = frozenset(replace(d, key=names.get(d.key, d.key)) for d in version.ds)
            return replace(version, ds=refs)
        case DnskeyVersion():
            return replace(version, keys=many(version.keys), signed_by=many(version.signed_by))
        case DataVersion():
            return replace(version, signed_by=many(version.signed_by))
        case CdsVersion(cds=frozenset() as cds):
            refs = frozenset(replace(d, key=names.get(d.key, d.key)) for d in cds)
            return replace(version, cds=refs)
        case CdsVersion() | NsVersion():
            return version


def standing(versions: Iterable[Version]) -> dict[Slot, Version]:
    """Return the last version of each slot."""
    return {slot(version): version for version in versions}
