"""The chain of trust from the anchors to a zone's parent, with real cryptography (RFC 4035 §5).

What a parent says about a DS counts only if it validates (invariant I11). Of two kinds of silence
only one is an answer: a proven absence. Everything else is a `Broken` with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

import dns.dnssec
import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
from dns.dnssectypes import DSDigest
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.dsbase import DSBase
from dns.rrset import RRset

from reconciler.diagnostics import Diagnostic, ObservationError
from reconciler.model.desired import Observers
from reconciler.observe.ask import ask
from reconciler.observe.denial import proves_no_ds
from reconciler.observe.iterate import Cut, Hierarchy, fault
from reconciler.observe.roots import ROOT_ANCHORS
from reconciler.observe.signatures import Signature, verified
from reconciler.observe.wire import Response, question
from reconciler.ports import Exchange

DIGEST_TYPES = frozenset({1, 2, 4})
"""DS digest types that are computed here: SHA-1, SHA-256, SHA-384 (RFC 9157)."""
ALGORITHMS = frozenset({5, 7, 8, 10, 13, 14, 15, 16})
"""Algorithms whose signatures can be checked here; DS of others are passed over (RFC 4035 §5.2)."""
MAX_TRIES = 8
"""Addresses of one ancestor's servers asked until one answer validates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """The validated DNSKEYs of a zone."""

    zone: Name
    keys: frozenset[DNSKEY]


@dataclass(frozen=True, slots=True, kw_only=True)
class Insecure:
    """A proven end of the chain: `zone` is delegated without a DS that could be used."""

    zone: Name


class Cause(StrEnum):
    """What kind of fault breaks a chain, and so who can mend it."""

    UNHEARD = "unheard"
    """No server gives a usable answer."""
    CLOCK = "clock"
    """Only the time of the signatures is wrong."""
    UNPROVEN = "unproven"
    """There are answers, and they do not validate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The chain does not hold at `zone`."""

    zone: Name
    why: str
    cause: Cause = Cause.UNPROVEN


Trust = Trusted | Insecure | Broken


def judge_ds(response: Response, parent: Trusted, now: datetime) -> RRset | Broken | None:
    """Return the DS RRset if it is validly signed by `parent`, None if its absence is proven."""
    if response.error is not None or not response.authoritative:
        return _unheard(parent.zone, fault(response, parent.zone))
    rrset = response.answer(RdataType.DS)
    if rrset is None:
        proven = proves_no_ds(response, parent.zone, parent.keys, now)
        why = f"no proof that {response.question.name} has no DS"
        return None if proven else Broken(zone=parent.zone, why=why)
    found = verified(rrset, response.signatures(rrset), parent.zone, parent.keys)
    return _unsigned(found, parent.zone, "DS", now) or rrset


def judge_keys(response: Response, zone: Name, ds: Iterable[DS], now: datetime) -> Trusted | Broken:
    """Return the DNSKEYs of a zone if a key that a DS names validly signs them."""
    rrset = response.answer(RdataType.DNSKEY)
    if response.error is not None or not response.authoritative:
        return _unheard(zone, fault(response, zone))
    if rrset is None:
        return Broken(zone=zone, why="it has a DS or trust anchor, and no DNSKEY")
    entry = [key for key in rrset if any(matches(key, record, zone) for record in ds)]
    if not entry:
        return Broken(zone=zone, why="no DS or trust anchor fits any of its DNSKEYs")
    found = verified(rrset, response.signatures(rrset), zone, entry)
    return _unsigned(found, zone, "DNSKEY", now) or Trusted(zone=zone, keys=frozenset(rrset))


def matches(key: DNSKEY, ds: DSBase, zone: Name) -> bool:
    """True if `ds` is the digest of `key` at `zone` (RFC 4034 §5.1.4)."""
    if ds.algorithm != key.algorithm or ds.key_tag != dns.dnssec.key_id(key):
        return False
    return digest(key, zone, ds.digest_type) == ds.digest


def digest(key: DNSKEY, zone: Name, digest_type: int) -> bytes | None:
    """Return the digest of a DNSKEY for a DS, None for digest types that are unknown here."""
    if digest_type not in DIGEST_TYPES:
        return None
    made = dns.dnssec.make_ds(
        zone, key, DSDigest(digest_type), policy=dns.dnssec.allow_all_policy, validating=True
    )
    return made.digest


def _unsigned(found: Sequence[Signature], zone: Name, what: str, now: datetime) -> Broken | None:
    """Return why none of the signatures counts, None if one does."""
    if any(signature.valid_at(now) for signature in found):
        return None
    if not found:
        return Broken(zone=zone, why=f"no signature over the {what} RRset verifies")
    early = all(signature.early_at(now) for signature in found)
    why = "is not valid yet" if early else "has expired"
    return Broken(zone=zone, why=f"the signature over the {what} RRset {why}", cause=Cause.CLOCK)


def _unheard(zone: Name, why: str) -> Broken:
    return Broken(zone=zone, why=why, cause=Cause.UNHEARD)


def parse_anchors(texts: Iterable[str]) -> tuple[DS, ...]:
    """Return trust anchors given as DS records, with or without owner, TTL and class before.

    Raises ObservationError for what is not a DS of the root.
    """
    return tuple(_anchor(text) for text in texts)


def _anchor(text: str) -> DS:
    owner, _, rdata = text.rpartition(" DS ")
    try:
        record = dns.rdata.from_text(dns.rdataclass.IN, RdataType.DS, rdata.strip())
    except dns.exception.DNSException as error:
        raise ObservationError(_bad_anchor(text)) from error
    if not isinstance(record, DS) or (owner.split() or ["."])[0] != ".":
        raise ObservationError(_bad_anchor(text))
    return record


class Chain:
    """Validates each ancestor once; what it learned holds for its `now` only."""

    def __init__(self, exchange: Exchange, observers: Observers, now: datetime) -> None:
        """Begin at the observers' trust anchors, or IANA's where they name none."""
        self.hierarchy = Hierarchy(exchange, observers)
        self.now = now
        self._exchange = exchange
        self._anchors = parse_anchors(observers.trust_anchors or ROOT_ANCHORS)
        self._trust: dict[Name, Trust] = {}

    def trust(self, cuts: Sequence[Cut]) -> Trust:
        """Return what the last of `cuts` (root first) can be trusted for."""
        zone = cuts[-1].zone
        if zone not in self._trust:
            self._trust[zone] = self._judge(cuts)
        return self._trust[zone]

    def _judge(self, cuts: Sequence[Cut]) -> Trust:
        if len(cuts) == 1:
            return self._keys(cuts[0], self._anchors)
        above = self.trust(cuts[:-1])
        if not isinstance(above, Trusted):
            return above
        ds = self._ds(cuts[-1].zone, cuts[-2], above)
        if isinstance(ds, Broken):
            return ds
        usable = [
            r for r in ds or () if r.algorithm in ALGORITHMS and r.digest_type in DIGEST_TYPES
        ]
        return self._keys(cuts[-1], usable) if usable else Insecure(zone=cuts[-1].zone)

    def _ds(self, zone: Name, parent: Cut, trusted: Trusted) -> RRset | Broken | None:
        broken = _unheard(parent.zone, "none of its servers has a known address")
        for response in self._responses(parent, zone, RdataType.DS):
            verdict = judge_ds(response, trusted, self.now)
            if not isinstance(verdict, Broken):
                return verdict
            broken = verdict
        return broken

    def _keys(self, cut: Cut, ds: Sequence[DS]) -> Trust:
        broken = _unheard(cut.zone, "none of its servers has a known address")
        for response in self._responses(cut, cut.zone, RdataType.DNSKEY):
            verdict = judge_keys(response, cut.zone, ds, self.now)
            if isinstance(verdict, Trusted):
                return verdict
            broken = verdict
        return broken

    def _responses(self, cut: Cut, name: Name, rdtype: RdataType) -> Iterator[Response]:
        for server in self.hierarchy.servers(cut).found[:MAX_TRIES]:
            yield ask(self._exchange, question(server, name, rdtype))


def _bad_anchor(text: str) -> Diagnostic:
    return Diagnostic(
        code="trust-anchor-invalid",
        summary="a trust anchor is not a DS record of the root",
        detail=text,
        hint="write it as `. DS 20326 8 2 e06d…`, from IANA's root-anchors.xml",
        where="observers.trust_anchors",
    )


def broken_chain(broken: Broken) -> Diagnostic:
    """Return what to tell a person about a chain that does not hold."""
    zone = broken.zone
    match broken.cause:
        case Cause.UNHEARD:
            return Diagnostic(
                code="no-usable-server",
                summary=f"no server of {zone} gives a usable answer: {broken.why}",
                hint="check that this machine can reach them on port 53 by UDP and TCP",
                where=str(zone),
            )
        case Cause.CLOCK:
            return Diagnostic(
                code="clock",
                summary=f"{broken.why}, as this machine's clock has it",
                detail=f"zone {zone}",
                hint="compare `date -u` with another clock; if it is right, the operator of"
                f" {zone} must renew its signatures",
                where=str(zone),
            )
        case Cause.UNPROVEN:
            return Diagnostic(
                code="parent-not-validated",
                summary=f"the chain of trust does not hold at {zone}: {broken.why}",
                hint=f"look at it with `delv` or `dig +dnssec`; until {zone} validates, nothing its"
                " servers say about the delegation counts",
                where=str(zone),
            )
        case _:
            assert_never(broken.cause)
