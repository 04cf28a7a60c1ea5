"""What a plan says about the zone that it was made for, RRset by RRset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.keys import Key
from reconciler.model.moves import TtlSet
from reconciler.model.plan import Step
from reconciler.model.timeline import (
    DnskeyVersion,
    DsVersion,
    RRsetKind,
    Slot,
    Timeline,
    Version,
    slot,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """The known versions of a plan by RRset; what is unknown cannot be played."""

    zone: str
    steps: Sequence[Step]
    timeline: Timeline

    @property
    def slots(self) -> Mapping[Slot, tuple[Version, ...]]:
        """The known versions of each RRset, in order."""
        found: dict[Slot, tuple[Version, ...]] = {}
        for version in self.timeline.versions:
            if not version.unknown:
                found[slot(version)] = (*found.get(slot(version), ()), version)
        return found

    @property
    def signers(self) -> tuple[str, ...]:
        """Every signer that has a DNSKEY RRset in the timeline."""
        names = (name for kind, name in self.slots if kind is RRsetKind.DNSKEY and name is not None)
        return tuple(sorted(names))

    def of(self, kind: RRsetKind, signer: str | None) -> tuple[Version, ...]:
        """Return the known versions of one RRset."""
        return self.slots.get((kind, signer), ())

    def ttls(self, kind: RRsetKind, signer: str | None, *, empty: bool = False) -> frozenset[int]:
        """Return the TTLs with which an RRset, or with `empty` its absence, is ever published."""
        return frozenset(v.ttl for v in self.of(kind, signer) if _is_empty(v) == empty)

    @property
    def told_ttls(self) -> frozenset[Slot]:
        """The RRsets whose TTL some step sets."""
        moves = (move for step in self.steps for move in step.moves)
        return frozenset((m.rrset, m.signer) for m in moves if isinstance(m, TtlSet))

    def first_ttl(self, kind: RRsetKind, signer: str, *, empty: bool = False) -> int | None:
        """Return the TTL of the first version of an RRset, or with `empty` of its first absence."""
        found = (v.ttl for v in self.of(kind, signer) if _is_empty(v) == empty)
        return next(found, None)

    def delays(self, kind: RRsetKind, signer: str | None) -> frozenset[int]:
        """Return the propagation bounds that count in the plan: those of what its steps publish."""
        versions = self.of(kind, signer)
        made = [v for v in versions if v.step is not None] or versions
        return frozenset(v.propagation for v in made)


def _is_empty(version: Version) -> bool:
    match version:
        case DsVersion():
            return not version.ds
        case DnskeyVersion():
            return not version.keys
        case _:
            return False


def keys_of(timeline: Timeline) -> Iterator[tuple[str, Key]]:
    """Yield every key with its label; DS that fit no key are left out."""
    return ((label, key) for label, key in timeline.keys.items() if isinstance(key, Key))
