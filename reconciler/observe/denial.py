"""Proofs that something does not exist: NSEC, NSEC3, compact (RFC 4035, RFC 5155, RFC 9824)."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import datetime

import dns.dnssec
import dns.name
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3
from dns.rrset import RRset

from reconciler.model.desired import Denial, DenialKind
from reconciler.observe.signatures import verified
from reconciler.observe.wire import Response

MAX_ITERATIONS = 150
"""NSEC3 iterations above which nothing is computed (CVE-2023-50868; RFC 9276 §3.2 asks for 0)."""
SHA1 = 1
"""The only NSEC3 hash there is (RFC 5155 §11)."""
OPT_OUT = 1
"""NSEC3 flag: unsigned delegations may stand between two names (RFC 5155 §3.1.2.1)."""


def denial_of(responses: Iterable[Response]) -> Denial:
    """Return how a zone denies, as its negative answers show; kind `none` where they hold no proof.

    A compact proof is an NSEC at the very name asked for, which then is the only name it covers.
    """
    kinds = [_kind(response, rrset) for response in responses for rrset in response.rrsets()]
    found = [kind for kind in kinds if kind is not None]
    compact = [kind for kind in found if kind.kind is DenialKind.COMPACT]
    return next(iter(compact or found), Denial(kind=DenialKind.NONE))


def _kind(response: Response, rrset: RRset) -> Denial | None:
    if rrset.rdtype == RdataType.NSEC3:
        record: NSEC3 = rrset[0]
        return Denial(
            kind=DenialKind.NSEC3,
            iterations=record.iterations,
            salt=record.salt,
            opt_out=bool(record.flags & OPT_OUT),
        )
    if rrset.rdtype != RdataType.NSEC:
        return None
    owner, following = rrset.name, rrset[0].next
    minimal = following.labels == (b"\0", *owner.labels) and owner == response.question.name
    return Denial(kind=DenialKind.COMPACT if minimal else DenialKind.NSEC)


def proves_no_ds(response: Response, parent: Name, keys: Iterable[DNSKEY], now: datetime) -> bool:
    """True if the negative answer proves that the delegation asked about has no DS.

    Either an NSEC or NSEC3 at the name says NS, not DS, not SOA; or the name lies in a span that
    opts out (RFC 5155 §8.6, §8.9; RFC 6840 §4.4). Only validly signed records count.
    """
    zone = response.question.name
    signed = [
        rrset for rrset in response.rrsets() if _is_signed(response, rrset, parent, keys, now)
    ]
    for rrset in signed:
        if rrset.rdtype == RdataType.NSEC and rrset.name == zone:
            return _unsigned_delegation(rrset[0])
    hashed = {rrset.name: rrset[0] for rrset in signed if rrset.rdtype == RdataType.NSEC3}
    return _nsec3_proves(hashed, zone, parent)


def _is_signed(
    response: Response, rrset: RRset, parent: Name, keys: Iterable[DNSKEY], now: datetime
) -> bool:
    if rrset.rdtype not in (RdataType.NSEC, RdataType.NSEC3):
        return False
    found = verified(rrset, response.signatures(rrset), parent, keys)
    return any(signature.valid_at(now) for signature in found)


def _unsigned_delegation(record: NSEC | NSEC3) -> bool:
    types = _types(record)
    return RdataType.NS in types and RdataType.DS not in types and RdataType.SOA not in types


def _types(record: NSEC | NSEC3) -> frozenset[int]:
    """Return the types of a type bitmap (RFC 4034 §4.1.2)."""
    return frozenset(
        window * 256 + octet * 8 + bit
        for window, bitmap in record.windows
        for octet, value in enumerate(bitmap)
        for bit in range(8)
        if value & (0x80 >> bit)
    )


def _nsec3_proves(hashed: dict[Name, NSEC3], zone: Name, parent: Name) -> bool:
    """True if a matching NSEC3 denies the DS, or the closest encloser's next name is opted out."""
    records = {
        name: record
        for name, record in hashed.items()
        if record.algorithm == SHA1 and record.iterations <= MAX_ITERATIONS
    }
    if not records:
        return False
    first = next(iter(records.values()))
    exact = _matching(records, zone, parent, first)
    if exact is not None:
        return _unsigned_delegation(exact)
    for depth in range(len(zone) - 1, len(parent) - 1, -1):
        if _matching(records, zone.split(depth)[1], parent, first) is not None:
            next_closer = _hash(zone.split(depth + 1)[1], first)
            return any(
                record.flags & OPT_OUT and _covers(name, record, next_closer)
                for name, record in records.items()
            )
    return False


def _matching(
    records: dict[Name, NSEC3], name: Name, parent: Name, parameters: NSEC3
) -> NSEC3 | None:
    return records.get(dns.name.Name((_hash(name, parameters),)) + parent)


def _hash(name: Name, parameters: NSEC3) -> bytes:
    """Return the hashed name as an owner label: base32hex, lower case (RFC 5155 §3.3)."""
    salt, iterations = parameters.salt, parameters.iterations
    return dns.dnssec.nsec3_hash(name, salt, iterations, SHA1).lower().encode()


def _covers(owner: Name, record: NSEC3, hashed: bytes) -> bool:
    """True if `hashed` lies between the owner's hash and the next one, around the end too."""
    begin = owner.labels[0].lower()
    end = base64.b32hexencode(record.next).rstrip(b"=").lower()
    return begin < hashed < end if begin < end else hashed > begin or hashed < end
