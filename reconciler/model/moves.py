"""Moves: the smallest change that one system makes in one call.

Each move is declarative: it names the effect, so that making it twice is making it once, and so
that an observer can tell whether it happened. A key to be created is named by its symbol; a signer
that is given the same symbol again uses the key it made for it before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reconciler.model.desired import Denial
from reconciler.model.keys import DsRef
from reconciler.model.timeline import RRsetKind


@dataclass(frozen=True, slots=True, kw_only=True)
class DnskeyAdd:
    """Publish a DNSKEY, created first where it is a symbol; with `sign` it signs the RRset too.

    A key whose home is another signer is published as it stands (RFC 8901); it signs here only
    where the signer is given an RRset that was signed there (model 1).
    """

    signer: str
    key: str
    sign: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DnskeyRemove:
    """Withdraw a DNSKEY and with it that key's signature over the DNSKEY RRset."""

    signer: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DnskeySign:
    """Set exactly which keys sign the DNSKEY RRset (they need not be in it)."""

    signer: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DnskeySet:
    """Make the DNSKEY RRset exactly `keys`, signed by exactly `signed_by`, in one change of it.

    No server ever shows a part of it: what is served is the RRset before or the one after. A key
    whose home is another signer is published as it stands, and never signs here (RFC 8901).
    """

    signer: str
    keys: frozenset[str]
    signed_by: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSign:
    """Set exactly which keys each sign every RRset of the zone's data."""

    signer: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSign:
    """Turn signing on as a whole: publish `keys` (symbols are created), sign everything."""

    signer: str
    keys: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneUnsign:
    """Turn signing off as a whole: no DNSKEY, no signature remains."""

    signer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DsReplace:
    """Make the DS RRset at the parent exactly `ds` (empty: none)."""

    ds: frozenset[DsRef]


@dataclass(frozen=True, slots=True, kw_only=True)
class DsAdd:
    """Add one DS at the parent."""

    ds: DsRef


@dataclass(frozen=True, slots=True, kw_only=True)
class DsRemove:
    """Remove one DS at the parent."""

    ds: DsRef


@dataclass(frozen=True, slots=True, kw_only=True)
class NsSet:
    """Make the delegation at the parent name exactly the servers of these signers."""

    signers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApexNsSet:
    """Make the NS RRset at a signer's own apex name exactly the servers of these signers."""

    signer: str
    signers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CdsSet:
    """Make the CDS and CDNSKEY sets at a signer's apex say exactly this (RFC 7344, RFC 8078).

    None: no such RRsets; `delete`: the form that asks the parent to remove every DS.
    """

    signer: str
    cds: frozenset[DsRef] | Literal["delete"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialSet:
    """Make a signer deny existence in this way."""

    signer: str
    denial: Denial


@dataclass(frozen=True, slots=True, kw_only=True)
class TtlSet:
    """Publish an RRset of a signer with this TTL in seconds; its content stays.

    `rrset` is DNSKEY, NS (the apex) or data; for data, no RRset but DNSKEY has a larger TTL from
    then on.
    """

    signer: str
    rrset: RRsetKind
    ttl: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RollStart:
    """Ask a signer that rolls by its own policy to start replacing `old` by `new` (a symbol).

    What follows are moves that the signer makes by itself.
    """

    signer: str
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DsConfirm:
    """Tell a signer that rolls by its own policy that the DS of `key` is at the parent, or gone.

    Only evidence from every server of the parent may be told (RFC 7583 §3.3.5).
    """

    signer: str
    key: str
    present: bool


SignerMove = (
    DnskeyAdd
    | DnskeyRemove
    | DnskeySign
    | DnskeySet
    | DataSign
    | ZoneSign
    | ZoneUnsign
    | ApexNsSet
    | CdsSet
    | DenialSet
    | TtlSet
    | RollStart
    | DsConfirm
)
ParentMove = DsReplace | DsAdd | DsRemove | NsSet
Move = SignerMove | ParentMove

OPS: dict[str, type[Move]] = {
    "dnskey.add": DnskeyAdd,
    "dnskey.remove": DnskeyRemove,
    "dnskey.sign": DnskeySign,
    "dnskey.set": DnskeySet,
    "data.sign": DataSign,
    "zone.sign": ZoneSign,
    "zone.unsign": ZoneUnsign,
    "ds.replace": DsReplace,
    "ds.add": DsAdd,
    "ds.remove": DsRemove,
    "ns.set": NsSet,
    "apex_ns.set": ApexNsSet,
    "cds.set": CdsSet,
    "denial.set": DenialSet,
    "ttl.set": TtlSet,
    "roll.start": RollStart,
    "ds.confirm": DsConfirm,
}
"""The name of each move in plan files."""


def op(move: Move) -> str:
    """Return the name of a move in plan files."""
    return next(name for name, kind in OPS.items() if type(move) is kind)


def system(move: Move) -> str:
    """Return `parent` or `signer:<name>`: the system that makes this move."""
    match move:
        case DsReplace() | DsAdd() | DsRemove() | NsSet():
            return "parent"
        case _:
            return f"signer:{move.signer}"
