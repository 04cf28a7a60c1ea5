"""The form of observation files (`reconcile-observed/1`): models, and the defaults around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from reconciler.model.capabilities import (
    DsCheck,
    DsInput,
    DsWrite,
    ParentCapabilities,
    RollsByItself,
    SignerCapabilities,
    Signing,
)
from reconciler.model.desired import DenialKind
from reconciler.model.observed import SignatureFacts
from reconciler.spec.json_document import Wire
from reconciler.spec.timeline_file import KeyEntryFile, VersionFile
from reconciler.spec.wire_types import (
    DenialFile,
    DsRefFile,
    DsText,
    Instant,
    Octet,
    Seconds,
    ZoneName,
)

FORMAT = "reconcile-observed/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterDefaults:
    """What the adapters of a portfolio can do: by signer name, and for parents by zone.

    Where a name is missing, the capabilities' own defaults count.
    """

    signers: Mapping[str, SignerCapabilities] = field(default_factory=dict)
    parents: Mapping[str, ParentCapabilities] = field(default_factory=dict)


class SignerCapabilitiesFile(Wire):
    """What a signer can do; a member left out keeps the value of its adapter kind."""

    signing: Signing = Signing.KEYS
    foreign_zsk: bool = False
    foreign_ksk: bool = False
    sets_apex_ns: bool = False
    sets_ttl: bool = False
    sets_cds: bool = False
    sets_dnskeys: bool = False
    denials: frozenset[DenialKind] = frozenset()
    presigned: bool = False
    algorithms: frozenset[Octet] = frozenset()
    max_ksk: Annotated[int, Field(ge=1)] | None = None
    rolls_by_itself: RollsByItself = RollsByItself.NO

    def over(self, default: SignerCapabilities) -> SignerCapabilities:
        """Return `default` with the members that the file gives."""
        return replace(default, **_given(self))


class ParentCapabilitiesFile(Wire):
    """What a parent can do; a member left out keeps the value of its adapter kind."""

    write: DsWrite = DsWrite.REPLACE
    takes: DsInput = DsInput.DS
    polls_cds: bool = False
    bootstraps: bool = False
    checks_ds: DsCheck = DsCheck.NONE
    sets_ns: bool = False
    processing_max: Seconds = 0
    weight: Annotated[int, Field(ge=0)] = 1
    manual: bool = False

    def over(self, default: ParentCapabilities) -> ParentCapabilities:
        """Return `default` with the members that the file gives."""
        return replace(default, **_given(self))


def _given(capabilities: Wire) -> dict[str, Any]:
    names = type(capabilities).model_fields.keys() & capabilities.model_fields_set
    return {name: getattr(capabilities, name) for name in names}


class ObservedDsFile(Wire):
    """A DS at the parent: by its key's label, or as `rdata` where no known key matches it."""

    key: str | None
    digest_type: Octet | None = None
    rdata: DsText | None = None

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if self.key is not None and self.digest_type is None:
            message = "a DS of a key needs its `digest_type`"
            raise ValueError(message)
        if self.key is None and self.rdata is None:
            message = "a DS without a key needs its `rdata`"
            raise ValueError(message)
        return self


class ParentFile(Wire):
    """The delegation as the parent publishes it."""

    ds: tuple[ObservedDsFile, ...]
    ds_ttl: Seconds
    ds_negative_ttl: Seconds
    ns: frozenset[str]
    ns_ttl: Seconds
    propagation_delay: Seconds
    capabilities: ParentCapabilitiesFile = ParentCapabilitiesFile()


class SignaturesFile(Wire):
    """Signature life in seconds."""

    validity: Seconds = SignatureFacts().validity
    refresh: Seconds = SignatureFacts().refresh
    expires: int | None = None

    def value(self) -> SignatureFacts:
        """Return the facts as a value."""
        return SignatureFacts(validity=self.validity, refresh=self.refresh, expires=self.expires)


class SignerFile(Wire):
    """One signer's own version of the zone."""

    dnskeys: frozenset[str]
    krrsig: frozenset[str]
    zrrsig: frozenset[str]
    cds: tuple[DsRefFile, ...] | Literal["delete"] | None = None
    ns: frozenset[str]
    denial: DenialFile = DenialFile()
    dnskey_ttl: Seconds
    max_zone_ttl: Seconds
    negative_ttl: Seconds
    ns_ttl: Seconds
    propagation_delay: Seconds
    signing_delay: Seconds
    signatures: SignaturesFile = SignaturesFile()
    next_roll: Seconds | None = None
    capabilities: SignerCapabilitiesFile = SignerCapabilitiesFile()


class ObservedZoneFile(Wire):
    """One zone as it was published; `at` only where it differs from the file's."""

    at: Instant | None = None
    keys: dict[str, KeyEntryFile]
    parent: ParentFile
    signers: dict[str, SignerFile]
    content_equal: dict[str, frozenset[str]] = Field(default_factory=dict)
    settled: bool = False
    history: tuple[VersionFile, ...] = ()
    assumed: tuple[str, ...] = ()


class ObservedFileV1(Wire):
    """What was published in several zones at one instant: the planner's input as a file."""

    format: Literal["reconcile-observed/1"]
    at: Instant
    zones: dict[ZoneName, ObservedZoneFile]
