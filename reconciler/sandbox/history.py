"""Everything that ever happened in a world, as values: from it and an instant follow all answers.

Instants are whole seconds since the epoch. `place` is the name of a signer, or `PARENT` for the
delegation of a zone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reconciler.model.desired import Denial
from reconciler.sandbox.faults import FaultKind

PARENT = "parent"

ALWAYS = 0
"""When the first version of everything began: before any server's lag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """A DNSKEY known to one signer for one zone; `private` (PKCS #8, DER) None: a foreign key."""

    id: int
    zone: str
    place: str
    label: str
    algorithm: int
    flags: int
    public: bytes
    private: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ttls:
    """TTLs in seconds that a signer was told to publish; None: those of the layout.

    `data` is a ceiling: no RRset of the zone but DNSKEY has a larger one.
    """

    dnskey: int | None = None
    ns: int | None = None
    data: int | None = None
    negative: int | None = None


class RollPhase(StrEnum):
    """How far a signer that rolls by its own policy is with one key (RFC 7583 §3.1)."""

    PUBLISHED = "published"
    """The successor is published; one that has a DS waits for word of both DS."""
    RETIRING = "retiring"
    """Nothing new rests on the old key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """One key of a policy signer that takes the place of another: key ids, and since when.

    `there`, `gone`: it was told that the new DS is at the parent, and that the old one is not.
    """

    old: int
    new: int
    phase: RollPhase
    since: int
    there: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerState:
    """What a signer does with one zone; sets of key ids.

    `ns`: the signers whose servers its apex NS RRset names. `cds`, `cdnskeys`: presentation forms.
    `denial` None: that of the layout. `signed_at` and `events` belong to a hosted signer: since
    when it signs, and how many events of its own ZSK rollovers have happened since; `rolls` belong
    to one that rolls by its own policy.
    """

    dnskeys: frozenset[int] = frozenset()
    krrsig: frozenset[int] = frozenset()
    zrrsig: frozenset[int] = frozenset()
    ns: frozenset[str] = frozenset()
    cds: frozenset[str] = frozenset()
    cdnskeys: frozenset[str] = frozenset()
    denial: Denial | None = None
    ttls: Ttls = field(default_factory=Ttls)
    signed_at: int | None = None
    events: int = 0
    rolls: tuple[Roll, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationState:
    """The delegation of one zone in its parent: DS in presentation form, lower case, and the
    signers whose servers the NS RRset names (a TLD's servers stand in the layout).
    """

    ds: frozenset[str] = frozenset()
    ns: frozenset[str] = frozenset()


State = SignerState | DelegationState


def unsigned(state: SignerState) -> SignerState:
    """Return what is left of a state where nothing is signed: no DNSKEY, no CDS (RFC 7344 §4.1)."""
    return SignerState(ns=state.ns, denial=state.denial, ttls=state.ttls)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerVersion:
    """What a signer did with a zone since `at`. `id` orders versions of one instant."""

    id: int
    at: int
    state: SignerState


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationVersion:
    """What the parent publishes since `at`, which is in the future for a pending change."""

    id: int
    at: int
    state: DelegationState


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveFault:
    """A fault that has not ended by count or by hand; it strikes in `[since, until)`.

    `seen`: id of the newest version when it began.
    """

    id: int
    kind: FaultKind
    target: str
    seconds: int
    remaining: int | None
    since: int
    until: int | None
    seen: int

    def active(self, now: int) -> bool:
        """True if it strikes at `now`."""
        return self.since <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All keys, versions (in order of their beginning) and faults of a world."""

    keys: Mapping[int, HeldKey] = field(default_factory=dict)
    signers: Mapping[tuple[str, str], tuple[SignerVersion, ...]] = field(default_factory=dict)
    delegations: Mapping[str, tuple[DelegationVersion, ...]] = field(default_factory=dict)
    faults: tuple[ActiveFault, ...] = ()

    def signer_at(self, place: str, zone: str, at: int) -> SignerVersion:
        """Return the version of `zone` at signer `place` that stands at `at`."""
        versions = self.signers[place, zone]
        return versions[_standing([v.at for v in versions], at)]

    def delegation_at(self, zone: str, at: int) -> DelegationVersion:
        """Return the version of the delegation of `zone` that stands at `at`."""
        versions = self.delegations[zone]
        return versions[_standing([v.at for v in versions], at)]

    def signer_count(self, place: str, zone: str, at: int) -> int:
        """Return how many versions of `zone` began at `place` until `at`."""
        return _standing([v.at for v in self.signers[place, zone]], at)

    def delegation_count(self, zone: str, at: int) -> int:
        """Return how many versions of the delegation of `zone` began until `at`."""
        return _standing([v.at for v in self.delegations[zone]], at)

    def until(self, newest: int) -> History:
        """Return the history without versions newer than the one with this id."""
        return replace(
            self,
            signers={
                name: tuple(version for version in versions if version.id <= newest)
                for name, versions in self.signers.items()
            },
            delegations={
                name: tuple(version for version in versions if version.id <= newest)
                for name, versions in self.delegations.items()
            },
        )

    @property
    def newest(self) -> int:
        """The id of the newest version."""
        ids = [version.id for versions in self.signers.values() for version in versions]
        ids += [version.id for versions in self.delegations.values() for version in versions]
        return max(ids)

    def zone_keys(self, place: str, zone: str) -> tuple[HeldKey, ...]:
        """Return the keys that signer `place` knows for `zone`, oldest first."""
        return tuple(
            key for _, key in sorted(self.keys.items()) if (key.place, key.zone) == (place, zone)
        )


def _standing(beginnings: list[int], at: int) -> int:
    return max(0, bisect_right(beginnings, at) - 1)
