"""What the world publishes over time: the language shared by plan file, planner, proof and report.

A timeline holds versions of RRsets. Each version replaces the one before it of the same RRset at
the same signer (`slot`). A version begins

* for ever ago, where `step` and `at` are both None (a start version, at most one per slot, first);
* at the known instant `at` < 0 seconds relative to the timeline's origin, where `step` is None
  (history: what some cache may still remember); or
* when its `step` takes effect. `at` is then the earliest such instant, margins left out, for people
  and pictures only: a proof must use `step`.

The origin, 0, is the instant of the observation the plan was made from.

`propagation` is how long after its own beginning some server may still give the version before it.
`ttl` is the TTL published with this version (for "no DS" and "no DNSKEY" the negative TTL).
`unknown` marks a wildcard: a version about which nothing is known but how long it may live; it fits
nothing until no cache can hold it. Source: design/planning.md §2 and §7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from reconciler.model.keys import DsRef, KeyEntry


class RRsetKind(StrEnum):
    """The RRsets that matter to a validator; `data` stands for everything signed with the zone."""

    DS = "DS"
    NS = "NS"
    DNSKEY = "DNSKEY"
    DATA = "data"
    CDS = "CDS"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    step: str | None = None
    at: int | None = None
    ttl: int
    propagation: int
    unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DsVersion(_Version):
    """The DS RRset at the parent; empty means no DS, and `ttl` is then the negative TTL."""

    ds: frozenset[DsRef]


@dataclass(frozen=True, slots=True, kw_only=True)
class NsVersion(_Version):
    """The signers that an NS RRset names: the parent's (`signer` None) or a signer's own apex."""

    signer: str | None = None
    signers: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DnskeyVersion(_Version):
    """The DNSKEY RRset at a signer with the keys whose signature over it is served.

    `expires`: instant (seconds from the origin) at which its earliest signature ends; None where
    the signer refreshes in time, for as long as the version stands.
    """

    signer: str
    keys: frozenset[str]
    signed_by: frozenset[str]
    expires: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataVersion(_Version):
    """The zone's data at a signer: each key of `signed_by` signs every RRset (empty: unsigned)."""

    signer: str
    signed_by: frozenset[str]
    expires: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CdsVersion(_Version):
    """The CDS/CDNSKEY set at a signer: None for no set, `delete` for the delete form (RFC 8078).

    Where `polled`, a parental agent may install it until `processing_max` seconds after it was last
    seen.
    """

    signer: str
    cds: frozenset[DsRef] | Literal["delete"] | None
    polled: bool
    processing_max: int


Version = DsVersion | NsVersion | DnskeyVersion | DataVersion | CdsVersion

Slot = tuple[RRsetKind, str | None]
"""One RRset at one place: its kind, and the signer (None: the parent)."""


def slot(version: Version) -> Slot:
    """Return the slot in which this version replaces the one before it."""
    match version:
        case DsVersion():
            return RRsetKind.DS, None
        case NsVersion():
            return RRsetKind.NS, version.signer
        case DnskeyVersion():
            return RRsetKind.DNSKEY, version.signer
        case DataVersion():
            return RRsetKind.DATA, version.signer
        case CdsVersion():
            return RRsetKind.CDS, version.signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Everything a proof needs besides the steps and their needs.

    `profiles` are the validator profiles the plan claims safety for, `assumptions` what it takes
    for granted, `insecure_allowed` whether going insecure was asked for. `versions` are in order
    within each slot.
    """

    profiles: tuple[str, ...]
    assumptions: tuple[str, ...]
    insecure_allowed: bool
    keys: Mapping[str, KeyEntry]
    versions: tuple[Version, ...]
