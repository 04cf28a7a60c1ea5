"""Which served key's signature over which RRset is good, and when: real cryptography, done once.

`dns.dnssec.validate` stops at the first good RRSIG and takes over-long ECDSA keys; judges look at
every RRSIG with every key that fits, and at times apart from the mathematics.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dns.dnssec
import dns.exception
import dns.name
import dns.node
import dns.rdata
import dns.rdataset
import dns.rrset
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG

from reconciler.model.keys import REVOKE_FLAG, ZONE_FLAG
from reconciler.sandbox.judge.answers import Content, SignedSet
from reconciler.sandbox.judge.spans import Span

PROTOCOL = 3
"""The only protocol of a DNSKEY that may be used (RFC 4034 §2.1.2)."""
KEY_OCTETS = {13: 64, 14: 96, 15: 32, 16: 57}
"""Length of a public key by algorithm (RFC 6605 §4, RFC 8080 §3)."""
CANDIDATES = 4
"""Keys tried for one RRSIG; validators that face more give up (CVE-2023-50387, KeyTrap)."""
_DIGESTS = {1: hashlib.sha1, 2: hashlib.sha256, 4: hashlib.sha384}


@dataclass(frozen=True, slots=True)
class Good:
    """A signature that verifies: by which key, and between which instants it may be used."""

    key: DNSKEY
    valid: Span


@dataclass(slots=True)
class Verifier:
    """Verifies signatures and remembers every result; `verified` counts those done for real."""

    verified: int = 0
    _results: dict[tuple[bytes, bytes, bytes], bool] = field(default_factory=dict)

    def good(
        self, signed: SignedSet, keys: Iterable[DNSKEY], zone: dns.name.Name, seen: datetime
    ) -> tuple[Good, ...]:
        """Return the good signatures of these keys of `zone` over the set, whatever the time.

        `seen` is an instant near the time of the answer: RRSIG times are serial numbers
        (RFC 4034 §3.1.5) and mean the instant nearest to it.
        """
        own = [s for s in signed.signatures if s.signer == zone and signed.owner.is_subdomain(zone)]
        usable = [k for k in keys if is_usable(k)]
        return tuple(
            Good(key, validity(signature, seen))
            for signature in own
            for key in _candidates(signature, usable)
            if self._verifies(signed, signature, key)
        )

    def _verifies(self, signed: SignedSet, signature: RRSIG, key: DNSKEY) -> bool:
        pair = (signed.key, signature.to_digestable(), key.to_digestable())
        if pair not in self._results:
            self.verified += 1
            self._results[pair] = _verify(signed, signature, key)
        return self._results[pair]


def is_usable(key: DNSKEY) -> bool:
    """True if a validator may use this key: ZONE set, not revoked, well formed."""
    flags_fit = key.flags & ZONE_FLAG and not key.flags & REVOKE_FLAG
    octets = KEY_OCTETS.get(key.algorithm, len(key.key))
    return bool(flags_fit) and key.protocol == PROTOCOL and len(key.key) == octets


def keys_of(content: Content) -> tuple[DNSKEY, ...]:
    """Return the keys of a DNSKEY answer that a validator may use."""
    return tuple(r for r in content.asked() if isinstance(r, DNSKEY) and is_usable(r))


def ds_of(content: Content) -> tuple[DS, ...]:
    """Return the DS of a DS answer."""
    return tuple(r for r in content.asked() if isinstance(r, DS))


def matches(ds: DS, key: DNSKEY, zone: dns.name.Name) -> bool:
    """True if the DS is the digest of this key (RFC 4034 §5.1.4)."""
    digest = _DIGESTS.get(ds.digest_type)
    if digest is None or ds.algorithm != key.algorithm or ds.key_tag != dns.dnssec.key_id(key):
        return False
    return digest(zone.to_digestable() + key.to_digestable()).digest() == ds.digest


def validity(signature: RRSIG, seen: datetime) -> Span:
    """Return from when until just before when the signature may be used.

    A signature counts as ended at its expiration itself: clocks of validators differ.
    """
    return _instant(signature.inception, seen), _instant(signature.expiration, seen)


def _instant(serial: int, seen: datetime) -> datetime:
    now = int(seen.timestamp())
    ahead = (serial - now + 0x80000000) % 0x100000000 - 0x80000000
    return seen.replace(microsecond=0) + timedelta(seconds=ahead)


def _candidates(signature: RRSIG, keys: Iterable[DNSKEY]) -> list[DNSKEY]:
    fitting = [
        k
        for k in keys
        if k.algorithm == signature.algorithm and dns.dnssec.key_id(k) == signature.key_tag
    ]
    return fitting[:CANDIDATES]


def _verify(signed: SignedSet, signature: RRSIG, key: DNSKEY) -> bool:
    rrset = dns.rrset.from_rdata_list(signed.owner, signature.original_ttl, signed.rdatas)
    keyring: dict[dns.name.Name, dns.node.Node | dns.rdataset.Rdataset] = {
        signature.signer: dns.rdataset.from_rdata_list(0, [key])
    }
    try:
        dns.dnssec.validate_rrsig(rrset, signature, keyring, now=signature.inception)
    except (dns.exception.DNSException, ValueError):
        return False
    return True
