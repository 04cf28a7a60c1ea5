"""From a query's wire form to an answer's: EDNS, sizes, truncation, and queries that make no sense.

RFC 6891 (EDNS), RFC 1035 §4.2 (UDP and TCP), RFC 9619 (one question).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
from dns.message import Message
from dns.name import Name
from dns.rdatatype import RdataType

from reconciler.sandbox.lookup import Reply

EDNS_SIZE = 1232
"""Largest UDP answer: fits the smallest IPv6 MTU (DNS flag day 2020)."""

_PLAIN_SIZE = 512
"""Largest UDP answer without EDNS (RFC 1035 §4.2.1)."""

_HEADER = 12
_TCP_SIZE = 65535
_ZONE_TRANSFERS = {dns.rdatatype.AXFR, dns.rdatatype.IXFR}


class Transport(StrEnum):
    """How a query came."""

    UDP = "udp"
    TCP = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and whether DNSSEC records are wanted (DO)."""

    name: Name
    rdtype: RdataType
    dnssec: bool


Lookup = Callable[[Question], Reply]


def respond(query: bytes, transport: Transport, lookup: Lookup) -> bytes | None:
    """Return the answer to `query`, None where silence is the only right one."""
    if len(query) < _HEADER or query[2] & 0x80:
        return None
    try:
        asked = dns.message.from_wire(query)
    except (dns.exception.DNSException, ValueError, struct.error):
        return _bare(query, dns.rcode.FORMERR)
    if asked.opcode() != dns.opcode.QUERY:
        return _bare(query, dns.rcode.NOTIMP)
    if len(asked.question) != 1:
        return _bare(query, dns.rcode.FORMERR)
    return _render(asked, transport, _reply(asked, lookup))


def _reply(asked: Message, lookup: Lookup) -> Reply:
    question = asked.question[0]
    if asked.edns > 0:
        return Reply(rcode=dns.rcode.BADVERS, authoritative=False)
    if question.rdclass != dns.rdataclass.IN or question.rdtype in _ZONE_TRANSFERS:
        return Reply(rcode=dns.rcode.REFUSED, authoritative=False)
    wants = bool(asked.ednsflags & dns.flags.DO)
    return lookup(Question(name=question.name, rdtype=question.rdtype, dnssec=wants))


def _render(asked: Message, transport: Transport, reply: Reply) -> bytes:
    response = dns.message.make_response(asked, our_payload=EDNS_SIZE)
    if asked.edns >= 0:
        response.use_edns(0, asked.ednsflags & dns.flags.DO, EDNS_SIZE)
    response.set_rcode(reply.rcode)
    if reply.authoritative:
        response.flags |= dns.flags.AA
    response.answer = reply.answer
    response.authority = reply.authority
    response.additional = reply.additional
    try:
        return response.to_wire(max_size=_limit(asked, transport), want_shuffle=False)
    except dns.exception.TooBig:
        response.answer, response.authority, response.additional = [], [], []
        response.flags |= dns.flags.TC
        return response.to_wire()


def _limit(asked: Message, transport: Transport) -> int:
    if transport is Transport.TCP:
        return _TCP_SIZE
    if asked.edns < 0:
        return _PLAIN_SIZE
    return min(max(asked.payload, _PLAIN_SIZE), EDNS_SIZE)


def _bare(query: bytes, rcode: dns.rcode.Rcode) -> bytes:
    """Return a header alone: the query's id, opcode and RD bit, and an error."""
    return struct.pack("!2sBB8x", query[:2], 0x80 | (query[2] & 0x79), int(rcode))
