"""RRSIGs checked with real cryptography, each by each key that could have made it (RFC 4035 §5.3).

Whether a signature is in its validity period is asked apart from whether it verifies: a signature
that has expired was right once, and the difference tells a late signer from a wrong key. The work
per RRset is bounded, whatever a server sends (CVE-2023-50387).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import cryptography.exceptions
import dns.dnssec
import dns.exception
import dns.node
import dns.rdata
import dns.rdataset
import dns.rrset
from dns.name import Name
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rrset import RRset

MAX_SIGNATURES = 16
"""RRSIGs looked at per RRset: two algorithms, each with two keys in a rollover, need four."""
MAX_CANDIDATES = 4
"""Keys tried per RRSIG: those that share its algorithm and tag, which are one key but by chance."""
MAX_KEY_OCTETS = 1024
"""A DNSKEY's public key: RSA of 4096 bits, the largest allowed (RFC 3110 §2), needs 515 octets."""

_KEY_OCTETS = {13: 64, 14: 96, 15: 32, 16: 57}
"""Lengths of keys of fixed length (RFC 6605 §4, RFC 8080 §3); dnspython accepts longer ones."""
_NOT_VERIFIED = (
    dns.exception.DNSException,
    cryptography.exceptions.InvalidSignature,
    cryptography.exceptions.UnsupportedAlgorithm,
    ValueError,
    TypeError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One RRSIG that verifies with `key`. Times are seconds since 1970, modulo 2**32."""

    key: DNSKEY
    inception: int
    expiration: int
    original_ttl: int

    def valid_at(self, now: datetime) -> bool:
        """True within the validity period, compared by serial arithmetic (RFC 4034 §3.1.5)."""
        return not self.early_at(now) and _until(self.expiration, now) >= 0

    def early_at(self, now: datetime) -> bool:
        """True if the signature is not valid yet."""
        return _until(self.inception, now) > 0

    def ends(self, now: datetime) -> datetime:
        """Return the end of the validity period, as the instant nearest to `now`."""
        seconds = int(now.timestamp()) + _until(self.expiration, now)
        return datetime.fromtimestamp(seconds, UTC)

    @property
    def span(self) -> int:
        """Length of the validity period in seconds."""
        return (self.expiration - self.inception) % 2**32


def _until(instant: int, now: datetime) -> int:
    """Return seconds from `now` to a 32-bit instant, the nearer way round (RFC 1982)."""
    return (instant - int(now.timestamp()) + 2**31) % 2**32 - 2**31


def verified(
    rrset: RRset,
    rrsigs: RRset | None,
    zone: Name,
    keys: Iterable[DNSKEY],
    *,
    expanded: bool = False,
) -> tuple[Signature, ...]:
    """Return each RRSIG of `zone` over `rrset` that verifies, with the key that made it.

    Signatures outside their period are among them: ask `valid_at`. Answers expanded from a
    wildcard (RFC 4035 §5.3.2) count only where `expanded` allows them.
    """
    usable = [key for key in keys if _usable(key)]
    found: list[Signature] = []
    for rrsig in list(rrsigs or ())[:MAX_SIGNATURES]:
        if rrsig.signer != zone or not _labels_fit(rrset.name, rrsig, expanded=expanded):
            continue
        found += [_signature(rrsig, key) for key in _makers(rrset, rrsig, usable)]
    return tuple(found)


def _signature(rrsig: RRSIG, key: DNSKEY) -> Signature:
    return Signature(
        key=key,
        inception=rrsig.inception,
        expiration=rrsig.expiration,
        original_ttl=rrsig.original_ttl,
    )


def _usable(key: DNSKEY) -> bool:
    size = len(key.key)
    return 0 < size <= MAX_KEY_OCTETS and _KEY_OCTETS.get(key.algorithm, size) == size


def _labels_fit(owner: Name, rrsig: RRSIG, *, expanded: bool) -> bool:
    labels = len(owner) - 1 - owner.is_wild()
    return rrsig.labels == labels or (expanded and rrsig.labels < labels)


def _makers(rrset: RRset, rrsig: RRSIG, keys: Iterable[DNSKEY]) -> list[DNSKEY]:
    """Return the keys that `rrsig` verifies with."""
    fitting = [
        key
        for key in keys
        if key.algorithm == rrsig.algorithm and dns.dnssec.key_id(key) == rrsig.key_tag
    ]
    records = tuple(sorted(rrset))
    return [key for key in fitting[:MAX_CANDIDATES] if _verifies(rrset.name, records, rrsig, key)]


@lru_cache(maxsize=8192)  # servers of one zone send equal signatures; so does the next run
def _verifies(owner: Name, records: tuple[dns.rdata.Rdata, ...], rrsig: RRSIG, key: DNSKEY) -> bool:
    """True if the signature is right, whatever the time: it is asked about its own beginning."""
    rrset = dns.rrset.from_rdata_list(owner, rrsig.original_ttl, records)
    keys: dict[Name, dns.node.Node | dns.rdataset.Rdataset] = {
        rrsig.signer: dns.rdataset.from_rdata(rrsig.original_ttl, key)
    }
    try:
        dns.dnssec.validate_rrsig(rrset, rrsig, keys, now=rrsig.inception)
    except _NOT_VERIFIED:
        return False
    return True
