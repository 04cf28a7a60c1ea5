"""A signer's zone as each address of each of its servers serves it, one server at a time.

Views speak of records; labels come later, when the keys of all servers are known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import dns.name
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CDNSKEY import CDNSKEY
from dns.rdtypes.ANY.CDS import CDS
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.SOA import SOA
from dns.rrset import RRset

from reconciler.model.desired import Denial, DenialKind
from reconciler.observe.ask import ask_all
from reconciler.observe.denial import denial_of
from reconciler.observe.iterate import fault, hosts
from reconciler.observe.signatures import Signature, verified
from reconciler.observe.ttl import negative_ttl, served_ttl
from reconciler.observe.wire import Response, Server, question
from reconciler.ports import Exchange

PROBE = dns.name.from_text("reconcile-no-such-name", origin=None)
"""A name that no zone has, asked for to see how the zone denies; a wildcard may answer it."""
ROUNDS = 3
"""How often a server is asked anew whose zone changed between two of its answers."""

_CHILD_TYPES = (
    RdataType.SOA,
    RdataType.DNSKEY,
    RdataType.NS,
    RdataType.CDS,
    RdataType.CDNSKEY,
)
_NOT_DATA = frozenset({RdataType.DNSKEY, RdataType.CDS, RdataType.CDNSKEY, RdataType.RRSIG})
"""Left out of `zrrsig`: CDS and CDNSKEY may be signed by KSKs alone (RFC 7344 §4.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildView:
    """A zone as one server serves it; `krrsig` and `zrrsig` count valid signatures only.

    `zrrsig`: keys that sign every RRset asked for. `ends`: the earliest end of those that count.
    `stale`: types of RRsets with a signature that verifies but is out of its period.
    """

    server: Server
    signer: str
    error: str | None = None
    serial: int = 0
    lag: int = 0
    dnskeys: frozenset[DNSKEY] = frozenset()
    krrsig: frozenset[DNSKEY] = frozenset()
    zrrsig: frozenset[DNSKEY] = frozenset()
    cds: frozenset[CDS] | Literal["delete"] | None = None
    cdnskeys: frozenset[CDNSKEY] = frozenset()
    ns: frozenset[str] = frozenset()
    denial: Denial = field(default_factory=lambda: Denial(kind=DenialKind.NONE))
    dnskey_ttl: int | None = None
    data_ttl: int = 0
    negative_ttl: int = 0
    ns_ttl: int = 0
    ends: datetime | None = None
    newest: int = 0
    span: int | None = None
    stale: frozenset[str] = frozenset()


def ask_children(
    exchange: Exchange, servers: Sequence[Server], zone: Name
) -> tuple[tuple[Response, ...], ...]:
    """Ask every server everything about `zone`; one tuple of responses per server, in order.

    Where a zone changes between two answers of a server, that server is asked again.
    """
    asked: dict[Server, tuple[Response, ...]] = {}
    for _ in range(ROUNDS):
        rest = [server for server in servers if not _steady(asked.get(server, ()))]
        asked |= _ask_once(exchange, rest, zone)
    return tuple(asked[server] for server in servers)


def _ask_once(
    exchange: Exchange, servers: Sequence[Server], zone: Name
) -> dict[Server, tuple[Response, ...]]:
    wanted = (*((zone, rdtype) for rdtype in _CHILD_TYPES), (PROBE + zone, RdataType.TXT))
    questions = [question(server, name, rdtype) for server in servers for name, rdtype in wanted]
    responses = ask_all(exchange, questions)
    size = len(wanted)
    return {s: tuple(responses[i * size : (i + 1) * size]) for i, s in enumerate(servers)}


def _steady(responses: Sequence[Response]) -> bool:
    return bool(responses) and len(_serials(responses)) <= 1


def _serials(responses: Iterable[Response]) -> set[int]:
    """Return the serials of all SOAs seen, in answers and beside denials."""
    seen = (rrset for response in responses for rrset in response.rrsets())
    return {rrset[0].serial for rrset in seen if rrset.rdtype == RdataType.SOA}


def published_keys(responses: Iterable[Response]) -> frozenset[DNSKEY]:
    """Return the DNSKEYs that some servers' answers hold."""
    rrsets = [r.answer() for r in responses if r.question.rdtype == RdataType.DNSKEY]
    return frozenset(key for rrset in rrsets for key in rrset or ())


def see_child(
    server: Server,
    signer: str,
    responses: Sequence[Response],
    keys: frozenset[DNSKEY],
    now: datetime,
) -> ChildView:
    """Judge one server's answers. `keys`: every key known for the zone, wherever it was seen."""
    zone = responses[0].question.name
    error = next((why for r in responses if (why := _useless(r, zone)) is not None), None)
    soa, ns = responses[0].answer(), responses[2].answer()
    view = ChildView(server=server, signer=signer)
    if error is not None:
        return replace(view, error=error)
    if soa is None or ns is None:
        return replace(view, error=f"it has no {'NS' if soa else 'SOA'} record at {zone}")
    if not _steady(responses):
        return replace(view, error="its zone kept changing while it was asked")
    return _judge(view, responses, soa[0], ns, _Verdicts(responses, zone, keys, now))


def _useless(response: Response, zone: Name) -> str | None:
    if response.error is not None or not response.authoritative:
        return fault(response, zone)
    if response.nxdomain and response.question.name == zone:
        return f"it says that {zone} does not exist"
    return None


def _never_signed(rrset: RRset, response: Response) -> bool:
    """True for signatures themselves and a CNAME synthesized from a DNAME (RFC 6672 §5.3.1)."""
    made = rrset.rdtype == RdataType.CNAME and any(
        other.rdtype == RdataType.DNAME and rrset.name.is_subdomain(other.name)
        for other in response.rrsets()
    )
    return made or rrset.rdtype == RdataType.RRSIG


class _Verdicts:
    """The signatures of every RRset in one server's answers, checked once."""

    def __init__(
        self, responses: Sequence[Response], zone: Name, keys: frozenset[DNSKEY], now: datetime
    ) -> None:
        self.now = now
        self.signed: list[tuple[RRset, tuple[Signature, ...]]] = [
            (rrset, verified(rrset, r.signatures(rrset), zone, keys, expanded=True))
            for r in responses
            for rrset in r.rrsets()
            if rrset.name.is_subdomain(zone) and not _never_signed(rrset, r)
        ]

    @property
    def valid(self) -> list[Signature]:
        """Every signature that verifies and is in its period."""
        return [s for _, signatures in self.signed for s in signatures if s.valid_at(self.now)]

    def stale(self) -> frozenset[str]:
        """Types that have a right signature out of its period, and none in it, by that key."""
        return frozenset(
            RdataType(rrset.rdtype).name
            for rrset, signatures in self.signed
            if {s.key for s in signatures} - self._makers(signatures)
        )

    def signers_of_keys(self) -> frozenset[DNSKEY]:
        """Return the keys that validly sign the DNSKEY RRset."""
        found = [self._makers(s) for r, s in self.signed if r.rdtype == RdataType.DNSKEY]
        return frozenset[DNSKEY]().union(*found)

    def signers_of_data(self) -> frozenset[DNSKEY]:
        """Return the keys that each validly sign every RRset of the data."""
        found = [self._makers(s) for r, s in self.signed if r.rdtype not in _NOT_DATA]
        return frozenset[DNSKEY]().union(*found).intersection(*found)

    def largest_ttl(self, *, keys: bool) -> int:
        """Return the largest TTL of the DNSKEY RRset, or of everything else."""
        return max(
            (
                max([rrset.ttl, *(s.original_ttl for s in signatures)])
                for rrset, signatures in self.signed
                if (rrset.rdtype == RdataType.DNSKEY) is keys
            ),
            default=0,
        )

    def _makers(self, signatures: Iterable[Signature]) -> frozenset[DNSKEY]:
        return frozenset(s.key for s in signatures if s.valid_at(self.now))


def _judge(
    view: ChildView, responses: Sequence[Response], soa: SOA, ns: RRset, verdicts: _Verdicts
) -> ChildView:
    of_soa, of_keys, of_ns, of_cds, of_cdnskey, of_probe = responses
    dnskeys = frozenset(of_keys.answer() or ())
    valid = verdicts.valid
    negatives = (of_keys, of_cds, of_cdnskey, of_probe)
    return replace(
        view,
        serial=soa.serial,
        lag=soa.refresh + soa.retry,
        dnskeys=dnskeys,
        krrsig=verdicts.signers_of_keys(),
        zrrsig=verdicts.signers_of_data(),
        cds=_cds(of_cds, of_cdnskey),
        cdnskeys=frozenset(k for k in of_cdnskey.answer() or () if k.algorithm),
        ns=frozenset(hosts(ns)),
        denial=denial_of(negatives),
        dnskey_ttl=verdicts.largest_ttl(keys=True) if dnskeys else None,
        data_ttl=verdicts.largest_ttl(keys=False),
        negative_ttl=negative_ttl(of_soa, *negatives),
        ns_ttl=served_ttl(of_ns, ns, verdicts.signers_of_data(), of_ns.question.name),
        ends=min((s.ends(verdicts.now) for s in valid), default=None),
        newest=max((s.inception for s in valid), default=0),
        span=max((s.span for s in valid), default=None),
        stale=verdicts.stale(),
    )


def _cds(of_cds: Response, of_cdnskey: Response) -> frozenset[CDS] | Literal["delete"] | None:
    """Return the CDS set; `delete` for the form of RFC 8078 §4 in either type; None for neither."""
    records = [*(of_cds.answer() or ()), *(of_cdnskey.answer() or ())]
    if not records:
        return None
    if any(record.algorithm == 0 for record in records):
        return "delete"
    return frozenset(of_cds.answer() or ())
