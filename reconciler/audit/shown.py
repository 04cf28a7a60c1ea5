"""Does a snapshot in evidence show what a step publishes? Keys are compared by what they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.diagnostics import ReconcileError
from reconciler.model.entries import Json
from reconciler.model.keys import SEP_FLAG, DsRef, Key, KeyEntry, KeyRole, parse_symbol
from reconciler.model.plan import ZonePlan
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
from reconciler.spec.timeline_file import version_value

_NO_SEP = "a key without SEP"


def not_shown(
    plan: ZonePlan | None, step: str, rrsets: Sequence[Json], created: Mapping[str, str]
) -> Iterator[str]:
    """Yield which RRsets of `step` the snapshot does not show as published.

    `created` are keys (DNSKEY text by symbol) that the plan does not know yet; a symbol that nobody
    has told of may be any key. Of keys without the SEP flag only their presence counts: some
    signers roll them by themselves.
    """
    timeline = plan.timeline if plan else None
    if timeline is None:
        return
    try:
        seen = {slot(version): version for version in map(version_value, rrsets)}
    except (ReconcileError, ValueError):
        yield "its snapshot cannot be read"
        return
    names = {label: _text(key) for label, key in timeline.keys.items()} | dict(created)
    for version in timeline.versions:
        if version.step == step and not _shows(seen, version, names):
            kind, signer = slot(version)
            yield f"{kind} at {signer or 'the parent'}"


def _text(entry: KeyEntry) -> str:
    if isinstance(entry, Key):
        return entry.text()
    return f"DS {entry.rdata or entry.label}"


def _shows(seen: Mapping[Slot, Version], wanted: Version, names: Mapping[str, str]) -> bool:
    shown = seen.get(slot(wanted))
    match wanted, shown:
        case DsVersion(), DsVersion():
            return _named(wanted.ds, names) == shown.ds
        case NsVersion(), NsVersion():
            return wanted.signers == shown.signers
        case DnskeyVersion(), DnskeyVersion():
            keys = _same_keys(wanted.keys, shown.keys, names)
            return keys and _same_keys(wanted.signed_by, shown.signed_by, names)
        case DataVersion(), DataVersion():
            return _same_keys(wanted.signed_by, shown.signed_by, names)
        case CdsVersion(), CdsVersion():
            return _cds(wanted, names) == _cds(shown, {})
        case CdsVersion(cds=None), None:
            return True
        case _:
            return False


def _named(refs: Iterable[DsRef], names: Mapping[str, str]) -> frozenset[DsRef]:
    return frozenset(DsRef(names.get(ref.key, ref.key), ref.digest_type) for ref in refs)


def _same_keys(labels: Iterable[str], shown: Iterable[str], names: Mapping[str, str]) -> bool:
    """True if the keys of `labels` are those `shown`; each that is not known yet may be any."""
    wanted = {names.get(label, label) for label in labels}
    known = frozenset(_sort_of(text) for text in wanted if not parse_symbol(text))
    unknown = [found for text in wanted if (found := parse_symbol(text))]
    seen = frozenset(_sort_of(text) for text in shown)
    if any(role is KeyRole.ZSK for role, _, _ in unknown):
        known |= {_NO_SEP}
    secure = sum(1 for role, _, _ in unknown if role is not KeyRole.ZSK)
    return known <= seen and len(seen - known) == secure


def _sort_of(text: str) -> str:
    flags = text.partition(" ")[0]
    return text if not flags.isdecimal() or int(flags) & SEP_FLAG else _NO_SEP


def _cds(version: CdsVersion, names: Mapping[str, str]) -> object:
    cds = version.cds
    return _named(cds, names) if isinstance(cds, frozenset) else cds
