"""What one view is to a validator, under each profile (design/planning.md §3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.keys import DsRef, Key, KeyEntry
from reconciler.model.timeline import DataVersion, DnskeyVersion

SHA1 = 1
SUPPORTED_DIGESTS = frozenset({1, 2, 4})
"""SHA-1, SHA-256 and SHA-384: what validators implement of the IANA registry (RFC 9904)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One way of validating. `without`: an algorithm that this validator does not know."""

    name: str
    ignores_sha1: bool = False
    top_digest: bool = False
    each_ds_algorithm: bool = False
    each_key_algorithm: bool = False
    without: int | None = None


_NAMED = {
    profile.name: profile
    for profile in (
        Profile(name="loose"),
        Profile(name="sha1-ignored", ignores_sha1=True),
        Profile(name="top-digest", top_digest=True, each_ds_algorithm=True),
        Profile(name="ds-alg", each_ds_algorithm=True),
        Profile(name="rfc4035", each_ds_algorithm=True, each_key_algorithm=True),
    )
}


PROFILES = tuple(_NAMED)
"""The names of what every plan is to be safe for, where it can be (design/planning.md §3)."""


class Status(StrEnum):
    """What a validator says of a view (RFC 4033 §5); untrue is what no server bears out."""

    SECURE = "secure"
    INSECURE = "insecure"
    BOGUS = "bogus"
    UNTRUE = "untrue"


@dataclass(frozen=True, slots=True)
class Finding:
    """A status and, where it is not secure, why: a clause for the middle of a sentence."""

    status: Status
    why: str = ""


def parse_profile(name: str) -> Profile | None:
    """Return the profile of that name, None if there is none."""
    without = re.fullmatch(r"without-alg\((0|[1-9][0-9]{0,2})\)", name)
    return Profile(name=name, without=int(without[1])) if without else _NAMED.get(name)


def usable(
    profile: Profile, ds: frozenset[DsRef], keys: Mapping[str, KeyEntry]
) -> frozenset[DsRef]:
    """Return the DS that this validator regards (RFC 4509 §3, RFC 6840 §5.2)."""
    known = frozenset(
        ref
        for ref in ds
        if ref.digest_type in SUPPORTED_DIGESTS and keys[ref.key].algorithm != profile.without
    )
    stronger = frozenset(ref for ref in known if ref.digest_type != SHA1)
    if profile.ignores_sha1 and stronger:
        return stronger
    if profile.top_digest:
        top = max((ref.digest_type for ref in known), default=0)
        return frozenset(ref for ref in known if ref.digest_type == top)
    return known


def zone_keys(
    profile: Profile, labels: Iterable[str], keys: Mapping[str, KeyEntry]
) -> frozenset[str]:
    """Return the DNSKEYs a validator may use: ZONE set, not revoked, algorithm known."""
    return frozenset(label for label in labels if _usable_key(profile, keys[label]))


def _usable_key(profile: Profile, entry: KeyEntry) -> bool:
    return isinstance(entry, Key) and entry.is_zone_key and entry.algorithm != profile.without


def judge(
    profile: Profile,
    keys: Mapping[str, KeyEntry],
    ds: frozenset[DsRef],
    dnskey: DnskeyVersion,
    data: DataVersion,
) -> Finding:
    """Return what one view is to one profile."""
    regarded = usable(profile, ds, keys)
    if not regarded:
        return Finding(Status.INSECURE, "no DS that this validator can use stands at the parent")
    served = zone_keys(profile, dnskey.keys, keys)
    anchors = frozenset(ref.key for ref in regarded) & served & dnskey.signed_by
    signers = served & data.signed_by
    broken = broken_chain(anchors, signers)
    if not broken and profile.each_ds_algorithm:
        wanted = algorithms(keys, (ref.key for ref in regarded))
        broken = incomplete(keys, wanted, anchors, signers, "DS")
    if not broken and profile.each_key_algorithm:
        wanted = algorithms(keys, served)
        broken = incomplete(keys, wanted, served & dnskey.signed_by, signers, "DNSKEY")
    return Finding(Status.BOGUS, broken) if broken else Finding(Status.SECURE)


def broken_chain(anchors: frozenset[str], signers: frozenset[str]) -> str:
    """Say what breaks every chain from DS to data; empty if one holds (RFC 6840 §5.11)."""
    if not anchors:
        return "no key that the DS names is served and signs the DNSKEY RRset"
    return "" if signers else "no DNSKEY that is served signs the data"


def incomplete(
    keys: Mapping[str, KeyEntry],
    wanted: frozenset[int],
    anchors: frozenset[str],
    signers: frozenset[str],
    wanting: str,
) -> str:
    """Say for which wanted algorithm a part of the chain is missing; empty if for none.

    `wanting` names the RRset whose algorithms are wanted (RFC 4035 §2.2 for both).
    """
    for signs, labels in (("DNSKEY RRset", anchors), ("data", signers)):
        missing = sorted(wanted - algorithms(keys, labels))
        if missing:
            return (
                f"algorithm {missing[0]} is in the {wanting} RRset, "
                f"but no fitting key of it signs the {signs}"
            )
    return ""


def algorithms(keys: Mapping[str, KeyEntry], labels: Iterable[str]) -> frozenset[int]:
    """Return the algorithms of some keys."""
    return frozenset(keys[label].algorithm for label in labels)
