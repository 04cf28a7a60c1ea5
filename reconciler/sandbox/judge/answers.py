"""What a server answered, as content that can be kept, compared and validated.

Content is what was said without how long it may be kept: the same records with another TTL are the
same content. RRSIGs belong to it, since a cache keeps them with the RRset they cover.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.NS import NS
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3
from dns.rdtypes.ANY.RRSIG import RRSIG
from dns.rdtypes.ANY.SOA import SOA

from reconciler.sandbox.judge import denial

Question = tuple[str, str]
"""A name, absolute and lower case, and an RR type: `("a.test.", "DNSKEY")`."""
_DENIAL = (RdataType.NSEC, RdataType.NSEC3)


@dataclass(frozen=True, slots=True, eq=False)
class SignedSet:
    """One RRset with the RRSIGs that came with it.

    `key` identifies the whole of it, `plain` the records without their signatures.
    """

    owner: dns.name.Name
    rdtype: RdataType
    rdatas: tuple[dns.rdata.Rdata, ...]
    signatures: tuple[RRSIG, ...]
    key: bytes
    plain: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """One answer without its TTLs.

    `sets` are the RRsets that a validator must verify: the one asked for and, where the answer
    denies or comes from a wildcard, the records that prove it. `problem` says why those records
    prove nothing, whatever the keys. `key` and `plain` are as in `SignedSet`.
    """

    question: Question
    rcode: int
    sets: tuple[SignedSet, ...]
    positive: bool
    problem: str
    key: bytes
    plain: bytes

    def asked(self) -> tuple[dns.rdata.Rdata, ...]:
        """Return the records asked for; none where the answer denies them."""
        return self.sets[0].rdatas if self.positive else ()

    def text(self) -> str:
        """Return the records in a line for people."""
        name, rdtype = self.question
        if not self.positive:
            return f"{name} {rdtype}: {dns.rcode.to_text(dns.rcode.Rcode(self.rcode))}, none"
        return f"{name} {rdtype}: " + ", ".join(r.to_text() for r in self.asked())

    def names(self) -> frozenset[str]:
        """Return the server names of an NS answer, absolute and lower case."""
        return frozenset(
            rdata.target.canonicalize().to_text() for rdata in self.asked() if isinstance(rdata, NS)
        )


Reading = tuple[Content, int]
"""What was answered, and for how many seconds a cache may keep it."""


def read(wire: bytes, question: Question) -> Reading | None:
    """Return what an authoritative server answered, None where no resolver would take it.

    Only authoritative answers count, and referrals where the delegation itself was asked for.
    """
    try:
        message = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return None
    if message.rcode() not in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
        return None
    name = dns.name.from_text(question[0])
    rdtype = RdataType.make(question[1])
    asked = _asked(message, name, rdtype)
    if asked is not None:
        return _positive(message, question, asked)
    return _negative(message, question, name, rdtype) if message.flags & dns.flags.AA else None


def _asked(
    message: dns.message.Message, name: dns.name.Name, rdtype: RdataType
) -> dns.rrset.RRset | None:
    if not message.flags & dns.flags.AA:
        referral = _sets(message.authority, (RdataType.NS,)) if rdtype == RdataType.NS else []
        return next((rrset for rrset in referral if rrset.name == name), None)
    wanted = (rdtype, RdataType.CNAME)
    return next((r for r in _sets(message.answer, wanted) if r.name == name), None)


def _positive(message: dns.message.Message, question: Question, asked: dns.rrset.RRset) -> Reading:
    main = _signed(asked, message.answer)
    labels = min((s.labels for s in main.signatures), default=len(asked.name) - 1)
    expanded = labels < len(asked.name) - 1 - asked.name.is_wild()
    if not expanded:
        return _content(question, dns.rcode.NOERROR, (main,), ""), asked.ttl
    proof = [_signed(r, message.authority) for r in _sets(message.authority, _DENIAL)]
    proven = denial.proves_wildcard(asked.name, labels, _records(proof))
    problem = "" if proven else "a wildcard answers, and nothing proves that no closer name exists"
    return _content(question, dns.rcode.NOERROR, (main, *proof), problem), asked.ttl


def _negative(
    message: dns.message.Message, question: Question, name: dns.name.Name, rdtype: RdataType
) -> Reading:
    shown = _sets(message.authority, (RdataType.SOA, *_DENIAL))
    sets = tuple(_signed(r, message.authority) for r in shown)
    records = _records(sets)
    if message.rcode() == dns.rcode.NXDOMAIN:
        proven = denial.proves_no_name(name, records)
    else:
        proven = denial.proves_no_data(name, rdtype, records)
    problem = "" if proven else "nothing proves that the records asked for do not exist"
    content = _content(question, message.rcode(), sets, problem, positive=False)
    return content, _negative_ttl(shown)


def _negative_ttl(shown: Iterable[dns.rrset.RRset]) -> int:
    """RFC 2308 §5; a cache may use the denial records for their own TTL (RFC 8198 §5.4)."""
    ttls = [
        min(r.ttl, *(s.minimum for s in r if isinstance(s, SOA)))
        if r.rdtype == RdataType.SOA
        else r.ttl
        for r in shown
    ]
    return max(ttls, default=0) if any(r.rdtype == RdataType.SOA for r in shown) else 0


def _records(sets: Iterable[SignedSet]) -> Sequence[denial.Denied]:
    return [
        denial.nsec(s.owner, rdata) if isinstance(rdata, NSEC) else denial.nsec3(s.owner, rdata)
        for s in sets
        for rdata in s.rdatas
        if isinstance(rdata, NSEC | NSEC3)
    ]


def _sets(section: Iterable[dns.rrset.RRset], rdtypes: Sequence[int]) -> list[dns.rrset.RRset]:
    return [r for r in section if r.rdtype in rdtypes]


def _signed(rrset: dns.rrset.RRset, section: Iterable[dns.rrset.RRset]) -> SignedSet:
    signatures = tuple(
        s
        for r in section
        if r.rdtype == RdataType.RRSIG and r.name == rrset.name
        for s in r
        if isinstance(s, RRSIG) and s.type_covered == rrset.rdtype
    )
    rdatas = tuple(sorted(rrset, key=lambda rdata: rdata.to_digestable()))
    wires = sorted(s.to_digestable() for s in signatures)
    plain = _digest(rrset.name.to_digestable(), *(r.to_digestable() for r in rdatas))
    return SignedSet(rrset.name, rrset.rdtype, rdatas, signatures, _digest(plain, *wires), plain)


def _content(
    question: Question,
    rcode: int,
    sets: tuple[SignedSet, ...],
    problem: str,
    *,
    positive: bool = True,
) -> Content:
    head = (question[0].encode(), question[1].encode(), bytes([rcode, positive]))
    key = _digest(*head, *(s.key for s in sets))
    plain = _digest(*head, *(s.plain for s in sets))
    return Content(question, rcode, sets, positive, problem, key, plain)


def _digest(*parts: bytes) -> bytes:
    whole = hashlib.blake2b(digest_size=16)
    for part in parts:
        whole.update(len(part).to_bytes(4, "big") + part)
    return whole.digest()
