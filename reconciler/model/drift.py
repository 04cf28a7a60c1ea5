"""Drift: what differs from the record or from the desired state, and what explains it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.diagnostics import Diagnostic
from reconciler.model.timeline import RRsetKind, Slot


class DriftKind(StrEnum):
    """What explains a difference."""

    IN_PROGRESS = "in-progress"
    NOT_YET_APPLIED = "not-yet-applied"
    UNEXPLAINED = "unexplained"
    KNOWN = "known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One RRset that is not as recorded, or not as desired.

    `shows` is what is published now and `expected` what the record, the plan or the desired state
    says, both in words. `seen` is the digest of what is published: an annotation is about exactly
    that. `until` is when a known difference becomes unexplained again.
    """

    rrset: str
    kind: DriftKind
    shows: str
    expected: str
    why: str
    seen: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneDrift:
    """What differs in one zone. `recorded_at` is the instant of the last snapshot on record.

    `complete`: every server was seen, so that what is not listed does not differ.
    """

    zone: str
    differences: tuple[Difference, ...] = ()
    recorded_at: datetime | None = None
    complete: bool = True
    findings: tuple[Diagnostic, ...] = ()

    @property
    def alarming(self) -> bool:
        """True if something is unexplained or not yet applied."""
        wanted = {DriftKind.UNEXPLAINED, DriftKind.NOT_YET_APPLIED}
        return any(difference.kind in wanted for difference in self.differences)


WHOLE_ZONE = "zone"
"""Stands for an RRset's name where a difference is about the zone as a whole."""


def rrset_name(slot: Slot) -> str:
    """Return the name of an RRset at a place: `DS` at the parent, `DNSKEY@own` at a signer."""
    kind, signer = slot
    return kind.value if signer is None else f"{kind.value}@{signer}"


def rrset_named(text: str) -> str:
    """Return `text` in the spelling of `rrset_name`, whatever the case of its kind."""
    kind, at, signer = text.partition("@")
    known = {found.value.lower(): found.value for found in RRsetKind}
    return f"{known.get(kind.lower(), kind)}{at}{signer}"
