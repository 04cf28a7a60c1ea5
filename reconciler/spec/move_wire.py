"""Moves in files: one form for plans, intents and change digests."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.desired import Denial
from reconciler.model.entries import Json
from reconciler.model.keys import DsRef
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
    op,
    system,
)
from reconciler.model.timeline import RRsetKind
from reconciler.spec.json_document import Wire
from reconciler.spec.timeline_file import cds_value
from reconciler.spec.wire_types import (
    DenialFile,
    DsRefFile,
    Seconds,
    denial_json,
    ds_json,
    names_json,
)

_SIGNER = "signer:"

Argument = str | bool | int | Denial | DsRef | frozenset[str] | frozenset[DsRef] | None
"""What stands in the fields of moves."""


class _SignerMoveFile(Wire):
    system: Annotated[str, Field(pattern=f"^{_SIGNER}.")]

    @property
    def signer(self) -> str:
        return self.system.removeprefix(_SIGNER)


class KeyArgs(Wire):
    """Arguments of a move about one key."""

    key: str


class SignedKeyArgs(KeyArgs):
    """Arguments of a move that publishes one key."""

    sign: bool


class KeysArgs(Wire):
    """Arguments of a move about a set of keys."""

    keys: frozenset[str]


class DnskeysArgs(KeysArgs):
    """Arguments of a move about the whole DNSKEY RRset."""

    signed_by: frozenset[str]


class NoArgs(Wire):
    """Arguments of a move that needs none."""


class DsArgs(Wire):
    """Arguments of a move about one DS."""

    ds: DsRefFile


class DsSetArgs(Wire):
    """Arguments of a move about the DS RRset."""

    ds: tuple[DsRefFile, ...]


class SignersArgs(Wire):
    """Arguments of a move about an NS RRset: the signers whose servers it names."""

    signers: frozenset[str]


class CdsArgs(Wire):
    """Arguments of a move about the CDS and CDNSKEY sets; null: no such sets."""

    cds: tuple[DsRefFile, ...] | Literal["delete"] | None


class DenialArgs(Wire):
    """Arguments of a move about denial of existence."""

    denial: DenialFile


class TtlArgs(Wire):
    """Arguments of a move about the TTL of one RRset, or of all data."""

    rrset: Literal["DNSKEY", "NS", "data"]
    ttl: Seconds


class RollArgs(Wire):
    """Arguments of a rollover that a signer drives by itself."""

    old: str
    new: str


class ConfirmArgs(KeyArgs):
    """Arguments of what a signer is told about a DS."""

    present: bool


class DnskeyAddFile(_SignerMoveFile):
    """Publish a DNSKEY."""

    op: Literal["dnskey.add"]
    args: SignedKeyArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return DnskeyAdd(signer=self.signer, key=self.args.key, sign=self.args.sign)


class DnskeyRemoveFile(_SignerMoveFile):
    """Withdraw a DNSKEY."""

    op: Literal["dnskey.remove"]
    args: KeyArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return DnskeyRemove(signer=self.signer, key=self.args.key)


class DnskeySignFile(_SignerMoveFile):
    """Set which keys sign the DNSKEY RRset."""

    op: Literal["dnskey.sign"]
    args: KeysArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return DnskeySign(signer=self.signer, keys=self.args.keys)


class DnskeySetFile(_SignerMoveFile):
    """Make the DNSKEY RRset exactly this, in one change."""

    op: Literal["dnskey.set"]
    args: DnskeysArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return DnskeySet(signer=self.signer, keys=self.args.keys, signed_by=self.args.signed_by)


class DataSignFile(_SignerMoveFile):
    """Set which keys sign the data."""

    op: Literal["data.sign"]
    args: KeysArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return DataSign(signer=self.signer, keys=self.args.keys)


class ZoneSignFile(_SignerMoveFile):
    """Turn signing on as a whole."""

    op: Literal["zone.sign"]
    args: KeysArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return ZoneSign(signer=self.signer, keys=self.args.keys)


class ZoneUnsignFile(_SignerMoveFile):
    """Turn signing off as a whole."""

    op: Literal["zone.unsign"]
    args: NoArgs = NoArgs()

    def value(self) -> Move:
        """Return the move as a value."""
        return ZoneUnsign(signer=self.signer)


class DsReplaceFile(Wire):
    """Make the DS RRset exactly this."""

    system: Literal["parent"]
    op: Literal["ds.replace"]
    args: DsSetArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return DsReplace(ds=frozenset(ds.value() for ds in self.args.ds))


class DsAddFile(Wire):
    """Add one DS."""

    system: Literal["parent"]
    op: Literal["ds.add"]
    args: DsArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return DsAdd(ds=self.args.ds.value())


class DsRemoveFile(Wire):
    """Remove one DS."""

    system: Literal["parent"]
    op: Literal["ds.remove"]
    args: DsArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return DsRemove(ds=self.args.ds.value())


class NsSetFile(Wire):
    """Set the delegation."""

    system: Literal["parent"]
    op: Literal["ns.set"]
    args: SignersArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return NsSet(signers=self.args.signers)


class ApexNsSetFile(_SignerMoveFile):
    """Set the NS RRset at a signer's own apex."""

    op: Literal["apex_ns.set"]
    args: SignersArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return ApexNsSet(signer=self.signer, signers=self.args.signers)


class CdsSetFile(_SignerMoveFile):
    """Set the CDS and CDNSKEY sets at a signer's apex."""

    op: Literal["cds.set"]
    args: CdsArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return CdsSet(signer=self.signer, cds=cds_value(self.args.cds))


class DenialSetFile(_SignerMoveFile):
    """Set how a signer denies existence."""

    op: Literal["denial.set"]
    args: DenialArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return DenialSet(signer=self.signer, denial=self.args.denial.value())


class TtlSetFile(_SignerMoveFile):
    """Set the TTL of one RRset of a signer, or the largest TTL of its data."""

    op: Literal["ttl.set"]
    args: TtlArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return TtlSet(signer=self.signer, rrset=RRsetKind(self.args.rrset), ttl=self.args.ttl)


class RollStartFile(_SignerMoveFile):
    """Ask a signer that rolls by its own policy to replace a key."""

    op: Literal["roll.start"]
    args: RollArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return RollStart(signer=self.signer, old=self.args.old, new=self.args.new)


class DsConfirmFile(_SignerMoveFile):
    """Tell a signer that a DS is at the parent, or gone."""

    op: Literal["ds.confirm"]
    args: ConfirmArgs

    def value(self) -> Move:
        """Return the move as a value."""
        return DsConfirm(signer=self.signer, key=self.args.key, present=self.args.present)


MoveFile = Annotated[
    DnskeyAddFile
    | DnskeyRemoveFile
    | DnskeySignFile
    | DnskeySetFile
    | DataSignFile
    | ZoneSignFile
    | ZoneUnsignFile
    | DsReplaceFile
    | DsAddFile
    | DsRemoveFile
    | NsSetFile
    | ApexNsSetFile
    | CdsSetFile
    | DenialSetFile
    | TtlSetFile
    | RollStartFile
    | DsConfirmFile,
    Field(discriminator="op"),
]


def move_json(move: Move) -> dict[str, Json]:
    """Return a move as it stands in files; its signer is named by `system`."""
    names = (name for name in type(move).__dataclass_fields__ if name != "signer")
    args = {name: _arg_json(getattr(move, name)) for name in names}
    return {"system": system(move), "op": op(move), "args": args}


def _arg_json(value: Argument) -> Json:
    match value:
        case DsRef():
            return ds_json(value)
        case Denial():
            return denial_json(value)
        case frozenset():
            refs = sorted(item for item in value if isinstance(item, DsRef))
            names = names_json(item for item in value if isinstance(item, str))
            return [*(ds_json(ref) for ref in refs), *names]
        case RRsetKind():
            return value.value
        case _:
            return value
