"""What moves leave in an RRset, alone and in every order (design/planning.md §4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.model.keys import DsRef, Key, KeyEntry
from reconciler.model.moves import (
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySign,
    DsAdd,
    DsRemove,
    DsReplace,
    Move,
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
        case DnskeyAdd() | DnskeyRemove() | DnskeySign():
            return ((RRsetKind.DNSKEY, move.signer),)
        case DataSign():
            return ((RRsetKind.DATA, move.signer),)
        case ZoneSign() | ZoneUnsign():
            return (RRsetKind.DNSKEY, move.signer), (RRsetKind.DATA, move.signer)


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
        case ZoneUnsign():
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
            return version.cds


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
    return tuple(sorted(versions, key=lambda version: repr(_sorted(content(version)))))


def _sorted(value: Content) -> Content:
    if isinstance(value, frozenset):
        return sorted(value)
    return [_sorted(item) for item in value] if isinstance(value, tuple) else value


def effect(move: Move, before: Version, after: Version, keys: Mapping[str, KeyEntry]) -> Version:
    """Return what one move makes of a version (of a slot it touches)."""
    match before:
        case DsVersion():
            return replace(before, ds=_ds(move, before.ds))
        case DnskeyVersion():
            published, signed_by = _dnskey(move, before, after, keys)
            return replace(before, keys=published, signed_by=signed_by)
        case DataVersion():
            return replace(before, signed_by=_data(move, before, after, keys))
        case NsVersion() | CdsVersion():
            return before


def _ds(move: Move, ds: frozenset[DsRef]) -> frozenset[DsRef]:
    match move:
        case DsReplace():
            return move.ds
        case DsAdd():
            return ds | {move.ds}
        case DsRemove():
            return ds - {move.ds}
        case _:
            return ds


def _dnskey(
    move: Move, before: DnskeyVersion, after: Version, keys: Mapping[str, KeyEntry]
) -> tuple[frozenset[str], frozenset[str]]:
    match move:
        case DnskeyAdd():
            signing = {move.key} if move.sign else frozenset[str]()
            return before.keys | {move.key}, before.signed_by | signing
        case DnskeyRemove():
            return before.keys - {move.key}, before.signed_by - {move.key}
        case DnskeySign():
            return before.keys, move.keys
        case ZoneSign():
            chosen = after.signed_by if isinstance(after, DnskeyVersion) else frozenset[str]()
            return before.keys | move.keys, _signing(move.keys, chosen, keys, sep=True)
        case ZoneUnsign():
            return frozenset(), frozenset()
        case _:
            return before.keys, before.signed_by


def _data(
    move: Move, before: DataVersion, after: Version, keys: Mapping[str, KeyEntry]
) -> frozenset[str]:
    match move:
        case DataSign():
            return move.keys
        case ZoneSign():
            chosen = after.signed_by if isinstance(after, DataVersion) else frozenset[str]()
            return _signing(move.keys, chosen, keys, sep=False)
        case ZoneUnsign():
            return frozenset()
        case _:
            return before.signed_by


def _signing(
    published: frozenset[str], chosen: frozenset[str], keys: Mapping[str, KeyEntry], *, sep: bool
) -> frozenset[str]:
    """Return the keys a signer signs with: those of the role at least, else all it publishes."""
    role = frozenset(label for label in published if _is_sep(keys[label]) is sep) or published
    return chosen if role <= chosen <= published else role


def _is_sep(entry: KeyEntry) -> bool:
    return isinstance(entry, Key) and entry.is_sep
