"""What moves leave in an RRset, alone and in every order (design/planning.md §4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.keys import Key, KeyEntry
from reconciler.model.moves import (
    ApexNsSet,
    CdsSet,
    DataSign,
    DenialSet,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsAdd,
    DsConfirm,
    DsRemove,
    DsReplace,
    Move,
    NsSet,
    RollStart,
    TtlSet,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Slot,
    Version,
    slot,
)

Content = object
"""What of a version its moves decide; compared, never looked into."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What moves on one RRset may leave when all are made, and when only some are."""

    final: tuple[Version, ...]
    partial: tuple[Version, ...]


def touched(move: Move) -> tuple[Slot, ...]:
    """Return the slots whose content a move changes."""
    match move:
        case DsReplace() | DsAdd() | DsRemove():
            return ((RRsetKind.DS, None),)
        case DnskeyAdd() | DnskeyRemove() | DnskeySign() | DnskeySet():
            return ((RRsetKind.DNSKEY, move.signer),)
        case DataSign():
            return ((RRsetKind.DATA, move.signer),)
        case ZoneSign() | ZoneUnsign():
            return (RRsetKind.DNSKEY, move.signer), (RRsetKind.DATA, move.signer)
        case NsSet():
            return ((RRsetKind.NS, None),)
        case ApexNsSet():
            return ((RRsetKind.NS, move.signer),)
        case CdsSet():
            return ((RRsetKind.CDS, move.signer),)
        case TtlSet():
            return ((move.rrset, move.signer),)
        case DenialSet() | RollStart() | DsConfirm():
            return ()


def labels_of(move: Move) -> frozenset[str]:
    """Return the keys that a move names."""
    match move:
        case DsReplace():
            return frozenset(ref.key for ref in move.ds)
        case DsAdd() | DsRemove():
            return frozenset({move.ds.key})
        case DnskeyAdd() | DnskeyRemove():
            return frozenset({move.key})
        case DnskeySign() | DataSign() | ZoneSign():
            return move.keys
        case DnskeySet():
            return move.keys | move.signed_by
        case CdsSet():
            named = move.cds if isinstance(move.cds, frozenset) else frozenset()
            return frozenset(ref.key for ref in named)
        case RollStart():
            return frozenset({move.old, move.new})
        case DsConfirm():
            return frozenset({move.key})
        case ZoneUnsign() | NsSet() | ApexNsSet() | TtlSet() | DenialSet():
            return frozenset()


def content(version: Version) -> Content:
    """Return the part of a version that moves decide."""
    match version:
        case DsVersion():
            return version.ds
        case NsVersion():
            return version.signers
        case DnskeyVersion():
            return version.keys, version.signed_by
        case DataVersion():
            return version.signed_by
        case CdsVersion():
            return version.cds or None


def is_empty(version: Version) -> bool:
    """True if the RRset does not exist, so that the TTL is one for a negative answer."""
    match version:
        case DsVersion():
            return not version.ds
        case NsVersion():
            return not version.signers
        case DnskeyVersion():
            return not version.keys
        case DataVersion():
            return not version.signed_by
        case CdsVersion():
            return not version.cds


def outcome(
    before: Version, moves: Sequence[Move], after: Version, keys: Mapping[str, KeyEntry]
) -> Outcome:
    """Return everything that `moves`, made on `before` in any order, may leave in the RRset.

    `after` is what the timeline says they leave: turning signing on as a whole leaves the choice of
    signing keys to the signer, so that what `after` says is taken where the roles allow it.
    """
    left: dict[int, set[Version]] = {0: {before}}
    for done in range(1 << len(moves)):
        for number, move in enumerate(moves):
            if not done >> number & 1:
                made = {effect(move, version, after, keys) for version in left[done]}
                left.setdefault(done | 1 << number, set()).update(made)
    every = (1 << len(moves)) - 1
    some = {version for done, versions in left.items() if 0 < done < every for version in versions}
    return Outcome(_ordered(left[every]), _ordered(some - {before} - left[every]))


def _ordered(versions: Iterable[Version]) -> tuple[Version, ...]:
    return tuple(sorted(versions, key=lambda v: (v.ttl, repr(_sorted(content(v))))))


def _sorted(value: Content) -> Content:
    if isinstance(value, frozenset):
        return sorted(value)
    return [_sorted(item) for item in value] if isinstance(value, tuple) else value


def effect(move: Move, before: Version, after: Version, keys: Mapping[str, KeyEntry]) -> Version:
    """Return what one move makes of a version; one of another RRset stays as it is."""
    if isinstance(move, TtlSet):
        return replace(before, ttl=move.ttl) if slot(before) in touched(move) else before
    match before:
        case DsVersion():
            return _ds(move, before)
        case NsVersion():
            return _ns(move, before)
        case DnskeyVersion():
            return _dnskey(move, before, after, keys)
        case DataVersion():
            return _data(move, before, after, keys)
        case CdsVersion():
            return replace(before, cds=move.cds) if isinstance(move, CdsSet) else before


def _ds(move: Move, before: DsVersion) -> DsVersion:
    match move:
        case DsReplace():
            return replace(before, ds=move.ds)
        case DsAdd():
            return replace(before, ds=before.ds | {move.ds})
        case DsRemove():
            return replace(before, ds=before.ds - {move.ds})
        case _:
            return before


def _ns(move: Move, before: NsVersion) -> NsVersion:
    match move:
        case NsSet() if before.signer is None:
            return replace(before, signers=move.signers)
        case ApexNsSet() if before.signer == move.signer:
            return replace(before, signers=move.signers)
        case _:
            return before


def _data(
    move: Move, before: DataVersion, after: Version, keys: Mapping[str, KeyEntry]
) -> DataVersion:
    match move:
        case DataSign():
            return replace(before, signed_by=move.keys)
        case ZoneSign():
            return replace(before, signed_by=_signing(move, after, keys, sep=False))
        case ZoneUnsign():
            return replace(before, signed_by=frozenset())
        case _:
            return before


def _dnskey(
    move: Move, before: DnskeyVersion, after: Version, keys: Mapping[str, KeyEntry]
) -> DnskeyVersion:
    match move:
        case DnskeyAdd():
            signed_by = before.signed_by | ({move.key} if move.sign else set())
            return replace(before, keys=before.keys | {move.key}, signed_by=signed_by)
        case DnskeyRemove():
            gone = {move.key}
            return replace(before, keys=before.keys - gone, signed_by=before.signed_by - gone)
        case DnskeySign():
            return replace(before, signed_by=move.keys)
        case DnskeySet():
            return replace(before, keys=move.keys, signed_by=move.signed_by)
        case ZoneSign():
            signed_by = _signing(move, after, keys, sep=True)
            return replace(before, keys=before.keys | move.keys, signed_by=signed_by)
        case ZoneUnsign():
            return replace(before, keys=frozenset(), signed_by=frozenset())
        case _:
            return before


def _signing(
    move: ZoneSign, after: Version, keys: Mapping[str, KeyEntry], *, sep: bool
) -> frozenset[str]:
    """Return the keys a signer signs with: those of the role at least, else all it publishes."""
    role = frozenset(label for label in move.keys if _is_sep(keys[label]) is sep) or move.keys
    chosen = after.signed_by if isinstance(after, DnskeyVersion | DataVersion) else role
    return chosen if role <= chosen <= move.keys else role


def _is_sep(entry: KeyEntry) -> bool:
    return isinstance(entry, Key) and entry.is_sep
