"""Snapshots as the ledger keeps them: versions whose keys are spelt out, readable on their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.execute.logged import with_text
from reconciler.execute.snapshot import Snapshot, identity, rename
from reconciler.ledger.history import ZoneLog
from reconciler.model.entries import Json
from reconciler.model.keys import Key, KeyEntry, UnmatchedDs
from reconciler.model.timeline import CdsVersion, DataVersion, DnskeyVersion, DsVersion, Version
from reconciler.spec.timeline_file import version_json, version_value


def snapshot_json(snapshot: Snapshot) -> list[Json]:
    """Return the versions as JSON, with each key's DNSKEY (or dead DS) text as its label."""
    names = {label: identity(entry) for label, entry in snapshot.keys.items()}
    return [version_json(rename(version, names)) for version in snapshot.versions]


def snapshots(log: ZoneLog) -> Sequence[Snapshot]:
    """Return every snapshot on record for one zone, oldest first."""
    taken = [(seen.seen_at, seen.rrsets) for seen in log.seen]
    if log.adopted is not None:
        taken.append((log.adopted.at, log.adopted.seen))
    return [_snapshot(at, rrsets) for at, rrsets in sorted(taken, key=lambda pair: pair[0])]


def _snapshot(at: datetime, rrsets: Iterable[Json]) -> Snapshot:
    versions = tuple(version_value(rrset) for rrset in rrsets)
    labels = sorted({label for version in versions for label in _labels(version)})
    return Snapshot(at=at, keys={label: _entry(label) for label in labels}, versions=versions)


def _labels(version: Version) -> Iterable[str]:
    match version:
        case DsVersion():
            return (ref.key for ref in version.ds)
        case DnskeyVersion():
            return version.keys | version.signed_by
        case DataVersion():
            return version.signed_by
        case CdsVersion(cds=frozenset() as cds):
            return (ref.key for ref in cds)
        case _:
            return ()


def _entry(text: str) -> KeyEntry:
    if text.startswith("DS "):
        rdata = text.removeprefix("DS ")
        return UnmatchedDs(label=text, algorithm=int(rdata.split()[1]), rdata=rdata)
    return with_text(Key(label=text, algorithm=0, flags=0), text)
