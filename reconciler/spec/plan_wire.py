"""The form of plan files (format 1): models that turn what a file says into values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.desired import RiskClass
from reconciler.model.moves import (
    ApexNsSet,
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySign,
    DsAdd,
    DsRemove,
    DsReplace,
    Move,
    NsSet,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.model.plan import Deadline, FreezeClass, Need, Refusal, Rollback, Step, WaitFrom
from reconciler.spec.json_document import Wire
from reconciler.spec.timeline_file import TimelineFile
from reconciler.spec.wire_types import DsRefFile, Seconds

_SIGNER = "signer:"


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


MoveFile = Annotated[
    DnskeyAddFile
    | DnskeyRemoveFile
    | DnskeySignFile
    | DataSignFile
    | ZoneSignFile
    | ZoneUnsignFile
    | DsReplaceFile
    | DsAddFile
    | DsRemoveFile
    | NsSetFile
    | ApexNsSetFile,
    Field(discriminator="op"),
]


class NeedFile(Wire):
    """A wait before a step."""

    step: str | None = None
    wait_min: Seconds
    margin: Seconds = 0
    wait_from: WaitFrom = Field(alias="from", default=WaitFrom.EVIDENCE)
    reason: str = "proof"
    why: str = ""

    def value(self) -> Need:
        """Return the need as a value."""
        return Need(
            step=self.step,
            wait_min=self.wait_min,
            margin=self.margin,
            wait_from=self.wait_from,
            reason=self.reason,
            why=self.why,
        )


class DeadlineFile(Wire):
    """The latest that a step may be taken."""

    step: str | None = None
    wait_max: Seconds
    reason: str = ""

    def value(self) -> Deadline:
        """Return the deadline as a value."""
        return Deadline(step=self.step, wait_max=self.wait_max, reason=self.reason)


class StepFile(Wire):
    """Moves made together; everything but the id may be left out of a file written by hand."""

    id: str
    moves: tuple[MoveFile, ...] = ()
    actor: str = "person"
    needs: tuple[NeedFile, ...] = ()
    not_after: tuple[DeadlineFile, ...] = ()
    freeze_class: FreezeClass = FreezeClass.CONTINUE
    risk: RiskClass = RiskClass.R2
    why: str = ""

    def value(self) -> Step:
        """Return the step as a value."""
        return Step(
            id=self.id,
            moves=tuple(move.value() for move in self.moves),
            actor=self.actor,
            needs=tuple(need.value() for need in self.needs),
            not_after=tuple(deadline.value() for deadline in self.not_after),
            freeze_class=self.freeze_class,
            risk=self.risk,
            why=self.why,
        )


class RollbackFile(Wire):
    """The way back after one step."""

    steps: tuple[StepFile, ...]
    timeline: TimelineFile

    def value(self, after: str) -> Rollback:
        """Return the rollback as a value."""
        steps = tuple(step.value() for step in self.steps)
        return Rollback(after=after, steps=steps, timeline=self.timeline.value())


class RefusalFile(Wire):
    """Why there is no safe path."""

    rule: str
    summary: str
    detail: str = ""
    opens: str = ""
    exposure_bogus: int | None = None
    exposure_insecure: int | None = None

    def value(self) -> Refusal:
        """Return the refusal as a value."""
        return Refusal(
            rule=self.rule,
            summary=self.summary,
            detail=self.detail,
            opens=self.opens,
            exposure_bogus=self.exposure_bogus,
            exposure_insecure=self.exposure_insecure,
        )
