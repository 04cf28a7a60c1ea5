"""One server's answers judged: which keys sign everything, and what never needs a signature."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from reconciler.observe.child_view import PROBE, ChildView, see_child
from reconciler.observe.wire import Response, Server, question

NOW = datetime(2027, 1, 1, tzinfo=UTC)
ZONE = dns.name.from_text("shop.example.")
SERVER = Server(name="ns1.example.", address="192.0.2.1")
SOA = "ns1.example. admin.example. 7 10800 3600 604800 900"


class Zone:
    """Answers for one zone, signed by some of its keys."""

    def __init__(self) -> None:
        self.private = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
        self.keys = [self._key(n) for n in range(2)]
        self.sections: dict[tuple[dns.name.Name, RdataType], list[dns.rrset.RRset]] = {}
        self.put(ZONE, RdataType.SOA, self.signed(ZONE, "SOA", SOA))
        self.put(ZONE, RdataType.NS, self.signed(ZONE, "NS", "ns1.example."))

    def _key(self, number: int) -> DNSKEY:
        key = dns.dnssec.make_dnskey(self.private[number].public_key(), 13, 256)
        assert isinstance(key, DNSKEY)
        return key

    def signed(
        self, owner: dns.name.Name, kind: str, *texts: str, by: tuple[int, ...] = (0,)
    ) -> list[dns.rrset.RRset]:
        rrset = dns.rrset.from_text(owner, 3600, "IN", kind, *texts)
        hour = timedelta(hours=1)
        made = [
            dns.dnssec.sign(
                rrset, self.private[n], ZONE, self.keys[n], inception=NOW - hour, lifetime=7200
            )
            for n in by
        ]
        return [rrset, *([dns.rrset.from_rdata_list(owner, 3600, made)] if made else [])]

    def put(self, name: dns.name.Name, kind: RdataType, rrsets: list[dns.rrset.RRset]) -> None:
        self.sections[name, kind] = rrsets

    def see(self) -> ChildView:
        asked = [RdataType.SOA, RdataType.DNSKEY, RdataType.NS, RdataType.CDS, RdataType.CDNSKEY]
        pairs = [*((ZONE, kind) for kind in asked), (PROBE + ZONE, RdataType.TXT)]
        responses = [self._response(name, kind) for name, kind in pairs]
        return see_child(SERVER, "a", responses, frozenset(self.keys), NOW)

    def _response(self, name: dns.name.Name, kind: RdataType) -> Response:
        message = dns.message.make_response(dns.message.make_query(name, kind))
        message.flags |= dns.flags.AA
        message.answer = self.sections.get((name, kind), [])
        return Response(question=question(SERVER, name, kind), message=message)


@pytest.fixture
def zone() -> Zone:
    return Zone()


def test_a_key_counts_only_if_it_signs_every_rrset(zone: Zone) -> None:
    assert zone.see().zrrsig == {zone.keys[0]}
    zone.put(ZONE, RdataType.NS, zone.signed(ZONE, "NS", "ns1.example.", by=(0, 1)))
    assert zone.see().zrrsig == {zone.keys[0]}
    zone.put(ZONE, RdataType.SOA, zone.signed(ZONE, "SOA", SOA, by=(1,)))
    assert zone.see().zrrsig == {zone.keys[1]}
    zone.put(ZONE, RdataType.NS, zone.signed(ZONE, "NS", "ns1.example.", by=(0,)))
    assert zone.see().zrrsig == frozenset()


def test_a_cname_synthesized_from_a_signed_dname_needs_no_signature(zone: Zone) -> None:
    name = PROBE + ZONE
    cname = dns.rrset.from_text(name, 3600, "IN", "CNAME", "reconcile-no-such-name.other.")
    zone.put(name, RdataType.TXT, [*zone.signed(ZONE, "DNAME", "other."), cname])
    assert zone.see().zrrsig == {zone.keys[0]}
    zone.put(name, RdataType.TXT, [cname])
    assert zone.see().zrrsig == frozenset()


def test_records_outside_the_zone_say_nothing_about_it(zone: Zone) -> None:
    elsewhere = dns.rrset.from_text("target.other.", 999999, "IN", "TXT", "x")
    zone.put(PROBE + ZONE, RdataType.TXT, [elsewhere])
    assert zone.see().zrrsig == {zone.keys[0]}
    assert zone.see().data_ttl == 3600


def test_a_cds_signed_by_a_ksk_alone_does_not_make_the_data_unsigned(zone: Zone) -> None:
    cds = zone.signed(ZONE, "CDS", "7 13 2 " + "ab" * 32, by=(1,))
    zone.put(ZONE, RdataType.CDS, cds)
    view = zone.see()
    assert view.zrrsig == {zone.keys[0]}
    assert view.cds == frozenset(cds[0])


def test_the_original_ttl_counts_where_it_is_larger_than_the_served_one(zone: Zone) -> None:
    lowered = zone.signed(ZONE, "NS", "ns1.example.")
    for rrset in lowered:
        rrset.ttl = 60
    zone.put(ZONE, RdataType.NS, lowered)
    assert zone.see().ns_ttl == 3600


def test_a_signature_by_a_key_that_is_not_published_counts_if_the_key_is_known(zone: Zone) -> None:
    view = zone.see()
    assert view.dnskeys == frozenset()
    assert view.zrrsig == {zone.keys[0]}


@pytest.mark.parametrize("kind", [RdataType.SOA, RdataType.NS])
def test_a_zone_without_soa_or_ns_is_no_zone(zone: Zone, kind: RdataType) -> None:
    zone.put(ZONE, kind, [])
    assert zone.see().error == f"it has no {kind.name} record at shop.example."


def test_the_end_and_span_of_signatures_are_those_served(zone: Zone) -> None:
    view = zone.see()
    assert view.ends == NOW + timedelta(hours=1)
    assert view.span == 7200
    assert view.stale == frozenset()
