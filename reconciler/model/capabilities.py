"""What a signer or a parent can do, as data: a missing capability is a missing move.

The tables at the end give each adapter kind's own capabilities. `built` says whether this release
can observe and apply with it; all planned kinds can be planned for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.desired import DenialKind


class Signing(StrEnum):
    """How much of signing is ours (design/planning.md §9)."""

    KEYS = "keys"
    KSK_SLOTS = "ksk-slots"
    SWITCH = "switch"
    POLICY = "policy"


class RollsByItself(StrEnum):
    """Which of its keys a signer replaces without being asked."""

    NO = "no"
    ZSK = "zsk"
    ALL = "all"


class DsWrite(StrEnum):
    """What one call to the parent can do to the DS RRset."""

    REPLACE = "replace"
    ATOMIC_ADD_REMOVE = "atomic_add_remove"
    ONE_AT_A_TIME = "one_at_a_time"
    NONE = "none"


class DsInput(StrEnum):
    """What the parent wants to be given: a DS, or a DNSKEY from which it computes the DS."""

    DS = "ds"
    KEY = "key"


class DsCheck(StrEnum):
    """Against which servers the parent checks a submitted DS before taking it."""

    NONE = "none"
    DELEGATED = "delegated"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerCapabilities:
    """What a signer can do. `max_ksk` None: no limit. `algorithms`: numbers it can sign with.

    `denials`: kinds of denial of existence it can be asked to change to while it signs.
    `sets_dnskeys`: replaces its whole DNSKEY RRset in one change, so that several keys come or go
    together. `presigned`: takes a DNSKEY RRset signed elsewhere (RFC 8901 model 1).
    """

    signing: Signing = Signing.KEYS
    foreign_zsk: bool = False
    foreign_ksk: bool = False
    sets_apex_ns: bool = False
    sets_ttl: bool = False
    sets_cds: bool = False
    sets_dnskeys: bool = False
    denials: frozenset[DenialKind] = frozenset()
    presigned: bool = False
    algorithms: frozenset[int] = frozenset({13})
    max_ksk: int | None = None
    rolls_by_itself: RollsByItself = RollsByItself.NO


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentCapabilities:
    """What a parent can do. `processing_max`: longest seconds from accepting (or, where it polls
    CDS, from last seeing) a change to publishing it. `weight`: cost of one change beside others;
    a person at a registrar costs days, an API call little. `bootstraps`: a parent that polls CDS
    takes the first DS from it too (RFC 9615, RFC 8078 §3).
    """

    write: DsWrite = DsWrite.REPLACE
    takes: DsInput = DsInput.DS
    polls_cds: bool = False
    bootstraps: bool = False
    checks_ds: DsCheck = DsCheck.NONE
    sets_ns: bool = False
    processing_max: int = 604800
    weight: int = 1
    manual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerKind:
    """One signer adapter: its capabilities, and whether this release can observe and apply."""

    capabilities: SignerCapabilities
    built: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentKind:
    """One parent adapter: its capabilities, and whether this release can observe and apply."""

    capabilities: ParentCapabilities
    built: bool = False


_SELF_RUN = frozenset({8, 10, 13, 14, 15, 16})
_NSECS = frozenset({DenialKind.NSEC, DenialKind.NSEC3})

SIGNER_KINDS: dict[str, SignerKind] = {
    "sandbox": SignerKind(
        capabilities=SignerCapabilities(
            signing=Signing.KEYS,
            foreign_zsk=True,
            foreign_ksk=True,
            sets_apex_ns=True,
            sets_ttl=True,
            sets_cds=True,
            sets_dnskeys=True,
            denials=_NSECS,
            algorithms=frozenset({8, 13, 15}),
        ),
        built=True,
    ),
    "sandbox-hosted": SignerKind(
        capabilities=SignerCapabilities(signing=Signing.SWITCH, rolls_by_itself=RollsByItself.ZSK),
        built=True,
    ),
    "sandbox-multi": SignerKind(
        capabilities=SignerCapabilities(
            signing=Signing.SWITCH, foreign_zsk=True, sets_apex_ns=True, sets_cds=True
        ),
        built=True,
    ),
    "sandbox-policy": SignerKind(
        capabilities=SignerCapabilities(
            signing=Signing.POLICY,
            foreign_zsk=True,
            sets_apex_ns=True,
            sets_ttl=True,
            sets_cds=True,
            denials=_NSECS,
            algorithms=frozenset({8, 13, 15}),
            rolls_by_itself=RollsByItself.ALL,
        ),
        built=True,
    ),
    "bind": SignerKind(
        capabilities=SignerCapabilities(
            signing=Signing.POLICY,
            foreign_zsk=True,
            sets_apex_ns=True,
            sets_ttl=True,
            sets_cds=True,
            denials=_NSECS,
            algorithms=_SELF_RUN,
            rolls_by_itself=RollsByItself.ALL,
        )
    ),
    "knot": SignerKind(
        capabilities=SignerCapabilities(
            signing=Signing.POLICY,
            foreign_zsk=True,
            sets_apex_ns=True,
            sets_ttl=True,
            sets_cds=True,
            denials=_NSECS,
            algorithms=_SELF_RUN,
            rolls_by_itself=RollsByItself.ALL,
        )
    ),
    "powerdns": SignerKind(
        capabilities=SignerCapabilities(
            signing=Signing.KEYS,
            foreign_zsk=True,
            foreign_ksk=True,
            sets_apex_ns=True,
            sets_ttl=True,
            sets_cds=True,
            denials=_NSECS,
            algorithms=_SELF_RUN,
        )
    ),
    "cloudflare": SignerKind(
        capabilities=SignerCapabilities(
            signing=Signing.SWITCH, foreign_zsk=True, rolls_by_itself=RollsByItself.ZSK
        )
    ),
    "route53": SignerKind(
        capabilities=SignerCapabilities(
            signing=Signing.KSK_SLOTS,
            sets_apex_ns=True,
            max_ksk=2,
            rolls_by_itself=RollsByItself.ZSK,
        )
    ),
    "clouddns": SignerKind(
        capabilities=SignerCapabilities(
            signing=Signing.SWITCH,
            algorithms=frozenset({8, 10, 13, 14}),
            rolls_by_itself=RollsByItself.ZSK,
        )
    ),
    "desec": SignerKind(capabilities=SignerCapabilities(signing=Signing.SWITCH)),
}

PARENT_KINDS: dict[str, ParentKind] = {
    "sandbox-registrar": ParentKind(
        capabilities=ParentCapabilities(sets_ns=True, processing_max=86400), built=True
    ),
    "sandbox-manual": ParentKind(
        capabilities=ParentCapabilities(
            sets_ns=True, processing_max=864000, weight=20, manual=True
        ),
        built=True,
    ),
    "sandbox-cds": ParentKind(
        capabilities=ParentCapabilities(write=DsWrite.NONE, polls_cds=True), built=True
    ),
    "manual": ParentKind(
        capabilities=ParentCapabilities(sets_ns=True, processing_max=864000, weight=20, manual=True)
    ),
    "observe": ParentKind(capabilities=ParentCapabilities(write=DsWrite.NONE)),
    "zone": ParentKind(capabilities=ParentCapabilities(sets_ns=True, processing_max=3600)),
    "rfc2136": ParentKind(
        capabilities=ParentCapabilities(
            write=DsWrite.ATOMIC_ADD_REMOVE, sets_ns=True, processing_max=3600
        )
    ),
    "cds": ParentKind(capabilities=ParentCapabilities(write=DsWrite.NONE, polls_cds=True)),
    "route53domains": ParentKind(
        capabilities=ParentCapabilities(
            write=DsWrite.ONE_AT_A_TIME, takes=DsInput.KEY, sets_ns=True, processing_max=86400
        )
    ),
    "epp": ParentKind(
        capabilities=ParentCapabilities(
            write=DsWrite.ATOMIC_ADD_REMOVE, sets_ns=True, processing_max=86400
        )
    ),
    "cloudflare-registrar": ParentKind(
        capabilities=ParentCapabilities(write=DsWrite.NONE, polls_cds=True)
    ),
    "clouddomains": ParentKind(
        capabilities=ParentCapabilities(write=DsWrite.REPLACE, sets_ns=True, processing_max=86400)
    ),
}
