"""What is published now, as one value per zone: the planner's whole input beside desired state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.desired import Denial
from reconciler.model.keys import DsRef, KeyEntry
from reconciler.model.timeline import Version

Cds = frozenset[DsRef] | Literal["delete"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """Signature life in seconds. `expires`: seconds from the observation until the earliest served
    signature ends, None where the signer refreshes in time.
    """

    validity: int = 1209600
    refresh: int = 432000
    expires: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentFacts:
    """The delegation as the parent publishes it; TTLs and delays in seconds."""

    ds: frozenset[DsRef]
    ds_ttl: int
    ds_negative_ttl: int
    ns: frozenset[str]
    ns_ttl: int
    propagation_delay: int
    capabilities: ParentCapabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerFacts:
    """One signer's own version of the zone; sets hold key labels, TTLs and delays are seconds.

    `krrsig`: keys whose signature over the DNSKEY RRset is served. `zrrsig`: keys that each sign
    every RRset of the data (empty: unsigned). `ns`: signers named by its apex NS RRset.
    `next_roll`: seconds until a signer that rolls by itself next does so, None where unknown.
    """

    dnskeys: frozenset[str]
    krrsig: frozenset[str]
    zrrsig: frozenset[str]
    cds: Cds
    ns: frozenset[str]
    denial: Denial
    dnskey_ttl: int
    max_zone_ttl: int
    negative_ttl: int
    ns_ttl: int
    propagation_delay: int
    signing_delay: int
    signatures: SignatureFacts
    capabilities: SignerCapabilities
    next_roll: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedZone:
    """One zone as it was published at the instant `at`.

    `settled`: no cache can hold anything older than what stands here. Where false, `history` lists
    earlier versions (see `timeline`: `at` < 0 is when such a version began, relative to the
    observation; one equal to what stands now says since when it stands, otherwise it is taken to
    stand since 0). A slot without history of an unsettled zone has an unknown version before it.
    `content_equal`: for each signer the signers that serve the same content.
    `assumed`: sentences about figures that were neither measured nor declared.
    """

    zone: str
    at: datetime
    keys: Mapping[str, KeyEntry]
    parent: ParentFacts
    signers: Mapping[str, SignerFacts]
    content_equal: Mapping[str, frozenset[str]] = field(default_factory=dict)
    settled: bool = False
    history: tuple[Version, ...] = ()
    assumed: tuple[str, ...] = ()
