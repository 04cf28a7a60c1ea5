"""Does a denial of existence prove what it says? NSEC (RFC 4035 §5.4) and NSEC3 (RFC 5155 §8).

Here only the meaning of the records is judged; whether they are signed is judged with the keys.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import dns.dnssec
import dns.name
import dns.rdatatype
from dns.dnssectypes import NSEC3Hash
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3
from dns.rdtypes.util import Bitmap

OPT_OUT = 0x01
"""The Opt-Out flag (RFC 5155 §3.1.2.1)."""
WILDCARD = dns.name.Name([b"*"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """One NSEC or NSEC3 record, as answers to two questions about a name.

    `matches`: the record is the name's own. `covers`: the name would stand in the record's gap.
    """

    matches: Callable[[dns.name.Name], bool]
    covers: Callable[[dns.name.Name], bool]
    types: frozenset[int]
    opt_out: bool
    hashed: bool
    next_name: dns.name.Name | None = None
    owner: dns.name.Name


def nsec(owner: dns.name.Name, record: NSEC) -> Denied:
    """Return what this NSEC says."""
    types = _types(record.windows)
    delegation = dns.rdatatype.NS in types and dns.rdatatype.SOA not in types
    cut = delegation or dns.rdatatype.DNAME in types

    def covers(name: dns.name.Name) -> bool:
        if cut and name != owner and name.is_subdomain(owner):
            return False  # RFC 6840 §4.1: a parent's NSEC says nothing of what is below the cut
        return _in_gap(
            after_owner=name > owner, before_next=name < record.next, wraps=record.next <= owner
        )

    return Denied(
        matches=lambda name: name == owner,
        covers=covers,
        types=types,
        opt_out=False,
        hashed=False,
        next_name=record.next,
        owner=owner,
    )


def nsec3(owner: dns.name.Name, record: NSEC3) -> Denied:
    """Return what this NSEC3 says; one that cannot be read matches and covers nothing."""
    apex = owner.parent()
    try:
        own = base64.b32hexdecode(owner.labels[0].upper())
    except binascii.Error:
        own = b""

    def hashed(name: dns.name.Name) -> bytes:
        text = dns.dnssec.nsec3_hash(name, record.salt, record.iterations, record.algorithm)
        return base64.b32hexdecode(text)

    def covers(name: dns.name.Name) -> bool:
        place = hashed(name)
        return _in_gap(
            after_owner=place > own, before_next=place < record.next, wraps=record.next <= own
        )

    readable = bool(own) and record.algorithm == NSEC3Hash.SHA1
    return Denied(
        matches=lambda name: readable and name.is_subdomain(apex) and hashed(name) == own,
        covers=lambda name: readable and covers(name),
        types=_types(record.windows),
        opt_out=bool(record.flags & OPT_OUT),
        hashed=True,
        owner=owner,
    )


def proves_no_data(qname: dns.name.Name, rdtype: int, records: Sequence[Denied]) -> bool:
    """True if the records prove that the name has no RRset of this type."""
    own = [r for r in records if r.matches(qname)]
    if own:
        return all(_lacks(r, rdtype) for r in own)
    if any(_empty_non_terminal(r, qname) for r in records):
        return True
    encloser = _closest_encloser(qname, records)
    if encloser is None:
        return False
    gap = _covering(_next_closer(qname, encloser), qname, records)
    if rdtype == dns.rdatatype.DS and any(r.opt_out for r in gap):
        return True  # RFC 5155 §8.6
    wildcard = WILDCARD.concatenate(encloser)
    return bool(gap) and any(r.matches(wildcard) and _lacks(r, rdtype) for r in records)


def proves_no_name(qname: dns.name.Name, records: Sequence[Denied]) -> bool:
    """True if the records prove that neither the name nor a wildcard for it exists."""
    encloser = _closest_encloser(qname, records)
    if encloser is None or not _covering(_next_closer(qname, encloser), qname, records):
        return False
    return any(r.covers(WILDCARD.concatenate(encloser)) for r in records)


def proves_wildcard(qname: dns.name.Name, labels: int, records: Sequence[Denied]) -> bool:
    """True if the records prove that nothing closer than the wildcard answers (RFC 4035 §5.3.4).

    `labels` is the number of labels in the RRSIG: those of the wildcard's parent.
    """
    encloser = qname.split(labels + 1)[1]
    return bool(_covering(_next_closer(qname, encloser), qname, records))


def _covering(
    closer: dns.name.Name, qname: dns.name.Name, records: Iterable[Denied]
) -> list[Denied]:
    return [r for r in records if r.covers(closer if r.hashed else qname)]


def _lacks(record: Denied, rdtype: int) -> bool:
    types = record.types
    if rdtype in types or dns.rdatatype.CNAME in types:
        return False
    if rdtype == dns.rdatatype.DS:
        return dns.rdatatype.SOA not in types  # the parent's side of the cut
    return not (dns.rdatatype.NS in types and dns.rdatatype.SOA not in types)


def _empty_non_terminal(record: Denied, qname: dns.name.Name) -> bool:
    following = record.next_name
    return following is not None and following.is_subdomain(qname) and record.covers(qname)


def _closest_encloser(qname: dns.name.Name, records: Iterable[Denied]) -> dns.name.Name | None:
    found = [
        name
        for r in records
        for name in ([_shared(qname, r)] if not r.hashed else _matched_ancestors(qname, r))
        if name is not None
    ]
    return max(found, key=len, default=None)


def _shared(qname: dns.name.Name, record: Denied) -> dns.name.Name | None:
    if record.next_name is None or not record.covers(qname):
        return None
    common = (qname.fullcompare(n)[2] for n in (record.owner, record.next_name))
    return qname.split(max(common))[1]


def _matched_ancestors(qname: dns.name.Name, record: Denied) -> list[dns.name.Name]:
    return [
        ancestor
        for depth in range(1, len(qname))
        if record.matches(ancestor := qname.split(depth)[1])
    ]


def _next_closer(qname: dns.name.Name, encloser: dns.name.Name) -> dns.name.Name:
    return qname.split(min(len(encloser) + 1, len(qname)))[1]


def _in_gap(*, after_owner: bool, before_next: bool, wraps: bool) -> bool:
    return (after_owner or before_next) if wraps else (after_owner and before_next)


def _types(windows: Iterable[tuple[int, bytes]]) -> frozenset[int]:
    bits = Bitmap(windows).windows
    return frozenset(
        window * 256 + i * 8 + j
        for window, octets in bits
        for i, byte in enumerate(octets)
        for j in range(8)
        if byte & (0x80 >> j)
    )
