"""Queries and answers as bytes, and the one place where hostile bytes become messages."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rrset import RRset

from reconciler.ports import Answer

UDP_PAYLOAD = 1232
"""EDNS buffer size that avoids fragmentation (RFC 9715 §3, DNS flag day 2020)."""
HEADER = 12
"""Octets of a DNS header (RFC 1035 §4.1.1)."""

# What dnspython raises for bytes that are not a message, besides its own exceptions.
_NOT_A_MESSAGE = (dns.exception.DNSException, ValueError, LookupError, TypeError, struct.error)


def build_query(name: Name, rdtype: RdataType) -> bytes:
    """Return a query with DO set and no recursion desired, id 0 (the transport gives each try its
    own random id). RFC 1035 §4, RFC 6891, RFC 3225.
    """
    message = dns.message.make_query(
        name,
        rdtype,
        use_edns=0,
        want_dnssec=True,
        payload=UDP_PAYLOAD,
        id=0,
        flags=dns.flags.Flag(0),
    )
    return message.to_wire()


def parse(wire: bytes) -> dns.message.Message | None:
    """Return the message in `wire`, or None where it is not one. Treat the message as read-only:
    equal bytes share one (answers of many servers, and of many runs, are mostly equal).
    """
    return _parse(wire[2:]) if len(wire) >= HEADER else None


@lru_cache(maxsize=2048)  # about 50 answers per zone: a few tens of zones, under 20 MiB
def _parse(tail: bytes) -> dns.message.Message | None:
    try:
        return dns.message.from_wire(b"\0\0" + tail)
    except _NOT_A_MESSAGE:
        return None


def question_of(query: bytes) -> tuple[bytes, bytes] | None:
    """Return name (lower case) and type with class of a message's first question, as wire.

    None where there is none. Names in the first question cannot be compressed (RFC 1035 §4.1.4).
    """
    if len(query) < HEADER or query[4:6] != b"\0\1":
        return None
    end = HEADER
    while end < len(query) and 0 < query[end] < 64:  # noqa: PLR2004 - RFC 1035 §3.1: labels <= 63
        end += query[end] + 1
    if end + 5 > len(query) or query[end]:
        return None
    return query[HEADER:end].lower(), query[end + 1 : end + 5]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One address of one name server; the name is absolute and lower case."""

    name: str
    address: str

    @property
    def where(self) -> str:
        """The server as diagnostics name it: `ns1.example. (192.0.2.1)`."""
        return f"{self.name} ({self.address or 'address unknown'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question to one address of one server."""

    server: str
    address: str
    name: Name
    rdtype: RdataType


def question(server: Server, name: Name, rdtype: RdataType) -> Question:
    """Return the question for `name` and type to one address of one server."""
    return Question(server=server.name, address=server.address, name=name, rdtype=rdtype)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back for a question: a message, or in `error` why there is none that counts."""

    question: Question
    message: dns.message.Message | None = None
    error: str | None = None

    @property
    def authoritative(self) -> bool:
        """True if the server answers from its own zone (AA)."""
        return self.message is not None and bool(self.message.flags & dns.flags.AA)

    @property
    def nxdomain(self) -> bool:
        """True if the server says that the name does not exist."""
        return self.message is not None and self.message.rcode() == dns.rcode.NXDOMAIN

    def answer(self, rdtype: RdataType | None = None, name: Name | None = None) -> RRset | None:
        """Return the answer section's RRset of a type and name, by default those asked for."""
        wanted = self.question.rdtype if rdtype is None else rdtype
        return _find(self._sections()[0], name or self.question.name, wanted)

    def authority(self, name: Name, rdtype: RdataType) -> RRset | None:
        """Return the authority section's RRset of a name and type."""
        return _find(self._sections()[1], name, rdtype)

    def rrsets(self) -> tuple[RRset, ...]:
        """Return the RRsets of answer and authority sections, in the server's order."""
        answer, authority = self._sections()
        return (*answer, *authority)

    def signatures(self, rrset: RRset) -> RRset | None:
        """Return the RRSIGs that came beside `rrset`, whatever section holds both."""
        for candidate in self.rrsets():
            covers = candidate.rdtype == RdataType.RRSIG and candidate.covers == rrset.rdtype
            if covers and candidate.name == rrset.name:
                return candidate
        return None

    def glue(self) -> dict[Name, set[str]]:
        """Return the addresses of the additional section by name; nobody vouches for them."""
        found: dict[Name, set[str]] = {}
        for rrset in _internet(self.message.additional) if self.message else ():
            if rrset.rdtype in (RdataType.A, RdataType.AAAA):
                found.setdefault(rrset.name, set()).update(rdata.address for rdata in rrset)
        return found

    def _sections(self) -> tuple[list[RRset], list[RRset]]:
        message = self.message
        return (_internet(message.answer), _internet(message.authority)) if message else ([], [])


def _internet(section: list[RRset]) -> list[RRset]:
    """Return the RRsets of class IN: in other classes the same types hold other records."""
    return [rrset for rrset in section if rrset.rdclass == dns.rdataclass.IN]


def _find(section: list[RRset], name: Name, rdtype: RdataType) -> RRset | None:
    for rrset in section:
        if rrset.rdtype == rdtype and rrset.name == name:
            return rrset
    return None


def read(question: Question, answer: Answer) -> Response:
    """Return what an exchange says: NOERROR and NXDOMAIN count, everything else is an error."""
    message = parse(answer.wire) if answer.wire is not None else None
    if message is None:
        error = answer.error or "the answer is not a DNS message"
        return Response(question=question, error=error)
    rcode = message.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Response(question=question, error=f"answered {dns.rcode.to_text(rcode)}")
    return Response(question=question, message=message)
