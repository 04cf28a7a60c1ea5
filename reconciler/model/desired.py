"""The desired state of a zone and of the portfolio around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.model.keys import KeyRole


class KeyScheme(StrEnum):
    """One key in both roles, or a KSK and a ZSK."""

    SPLIT = "split"
    CSK = "csk"

    @property
    def roles(self) -> tuple[KeyRole, ...]:
        """The roles that make up this scheme."""
        return (KeyRole.CSK,) if self is KeyScheme.CSK else (KeyRole.KSK, KeyRole.ZSK)


class DenialKind(StrEnum):
    """How a zone proves that a name does not exist."""

    NONE = "none"
    NSEC = "nsec"
    NSEC3 = "nsec3"
    COMPACT = "compact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """Denial of existence; the NSEC3 parameters default to RFC 9276 (0 iterations, no salt)."""

    kind: DenialKind = DenialKind.NSEC
    iterations: int = 0
    salt: bytes = b""
    opt_out: bool = False


class KskRollover(StrEnum):
    """How a key with a DS is replaced (RFC 7583 §3.3; the first is RFC 6781's Double-Signature).

    The other two submit a DS before its DNSKEY is in every cache, and need a parent that takes it.
    """

    DOUBLE_KSK = "double-ksk"
    DOUBLE_DS = "double-ds"
    DOUBLE_RRSET = "double-rrset"


class StandbyKsk(StrEnum):
    """What of a standby KSK is published ahead of need (RFC 7583 §4)."""

    NONE = "none"
    DS = "ds"
    DNSKEY = "dnskey"
    BOTH = "both"
    SIGNING = "signing"


class KeyState(StrEnum):
    """What somebody says of one key or DS, by name.

    `keep`: adopted, stays whatever else is desired; `remove`: shall go, though nobody declared it;
    `compromised`: must not be trusted any more; `lost`: its private key is gone, not known to
    anybody else.
    """

    KEEP = "keep"
    REMOVE = "remove"
    COMPROMISED = "compromised"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Declared upper bounds in seconds, used where nothing is measured; None: undeclared."""

    max_zone_ttl: int | None = None
    propagation: int | None = None
    parent_propagation: int | None = None
    signing_delay: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DnssecPolicy:
    """Key and signing parameters (BIND's `dnssec-policy`); seconds throughout.

    What is None is not spoken of: zones keep what they have (`denial`, `digest_types`,
    `publish_cds`, standby keys), and keys live until a generation is raised. A zone signed for the
    first time is given NSEC and SHA-256 then.

    `publish_safety` and `retire_safety` are the margins that a plan adds to its waits.
    `weak_algorithms` are those that some validators are said not to know (`without-alg` profiles).
    `drop_strict` is an explicit request to plan without the `ds-alg` profile. `lower_ttls` lets
    plans lower TTLs first and restore them last where the whole is then shorter.
    """

    name: str
    algorithm: int = 13
    keys: KeyScheme = KeyScheme.SPLIT
    ksk_lifetime: int | None = None
    zsk_lifetime: int | None = None
    denial: Denial | None = None
    digest_types: frozenset[int] | None = None
    ds_ttl: int | None = None
    bounds: Bounds = field(default_factory=Bounds)
    signature_validity: int = 1209600
    signature_refresh: int = 432000
    publish_cds: bool | None = None
    publish_safety: int = 3600
    retire_safety: int = 3600
    weak_algorithms: frozenset[int] = frozenset()
    drop_strict: bool = False
    ksk_rollover: KskRollover = KskRollover.DOUBLE_KSK
    standby_ksk: StandbyKsk | None = None
    standby_zsk: bool | None = None
    lower_ttls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredZone:
    """What one zone shall be. `signers` and `parent` are names in the portfolio.

    `generations` holds the roles whose generation was asked for; a role left out means: keep what
    is there. `tags` are free labels for owners and risk rules. `named_keys`: by `algorithm/tag`,
    DNSKEY text or DS text, what somebody says of a key. `ends`: until when a signer still serves
    and signs the zone. `variant`: the alternative to carry out instead of the plan preferred.
    """

    zone: str
    owner: str
    policy: DnssecPolicy
    signed: bool
    signers: tuple[str, ...]
    parent: str
    generations: Mapping[KeyRole, int] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    named_keys: Mapping[str, KeyState] = field(default_factory=dict)
    ends: Mapping[str, datetime] = field(default_factory=dict)
    variant: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSpec:
    """A signer or a parent of the portfolio: the kind of its adapter and that kind's options.

    Options hold secrets only by reference (`env:NAME`, `file:PATH`, `keyring:NAME`).
    """

    name: str
    kind: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may approve: GitHub's numeric id, an SSH public key, git e-mail addresses."""

    name: str
    github: int | None = None
    ssh: str | None = None
    emails: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who owns zones and may approve their changes."""

    name: str
    people: frozenset[str]
    contacts: Mapping[str, str] = field(default_factory=dict)


class RiskClass(StrEnum):
    """How much can go wrong (design/change-control.md §2)."""

    R0 = "R0"
    R1 = "R1"
    R2 = "R2"
    R3 = "R3"
    R4 = "R4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """Who must agree to a change of one risk class.

    `approvers` distinct people, `from_owner` of whom are of the owning group and `from_critical` of
    the critical group; `signed` asks for SSH signatures; `max_age` in seconds bounds the age of an
    approval when its first effect happens.
    """

    approvers: int
    from_owner: int = 0
    from_critical: int = 0
    signed: bool = False
    max_age: int = 1209600


DEFAULT_REQUIREMENTS: Mapping[RiskClass, Requirement] = {
    RiskClass.R0: Requirement(approvers=0),
    RiskClass.R1: Requirement(approvers=1),
    RiskClass.R2: Requirement(approvers=1, from_owner=1),
    RiskClass.R3: Requirement(approvers=2, from_critical=1),
    RiskClass.R4: Requirement(approvers=2, signed=True, max_age=86400),
}
"""What counts where `governance.requirements` says nothing (design/change-control.md §2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeWindow:
    """A half-open period `[start, end)` in which steps that begin a change are not taken."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Governance:
    """The rules of change control; `requirements` holds only what differs from the defaults.

    `ledger_signers` are SSH public keys of machines. Where there are any, every commit of the
    ledger must be signed by one of them or by a person of the portfolio. `heartbeat`: seconds after
    which a run that has nothing to record says that it was there; None: it says nothing.
    """

    critical_group: str | None = None
    separation_of_duties: bool = True
    requirements: Mapping[RiskClass, Requirement] = field(default_factory=dict)
    freeze: tuple[FreezeWindow, ...] = ()
    ledger_signers: tuple[str, ...] = ()
    heartbeat: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observers:
    """From where the world is observed. `address_families` of `ipv4`, `ipv6`."""

    address_families: frozenset[str] = frozenset({"ipv4"})
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trust_anchors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerHome:
    """Where the ledger is: a branch, in the git remote of this name or else in this repository.

    `witness` names another remote, which is given the ledger after each run and never forgets.
    """

    branch: str = "reconcile/log"
    remote: str | None = None
    witness: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """Everything `zones/` says. `digest` identifies its governance part: people, owners, rules."""

    signers: Mapping[str, SystemSpec]
    parents: Mapping[str, SystemSpec]
    policies: Mapping[str, DnssecPolicy]
    people: Mapping[str, Person]
    owners: Mapping[str, Owner]
    governance: Governance
    observers: Observers
    zones: Mapping[str, DesiredZone]
    sources: Mapping[str, str]
    """For each zone the file that desires it, relative to the portfolio's root."""
    governance_digest: str
    ledger: LedgerHome = field(default_factory=LedgerHome)
