"""What servers answer: real signatures, and denial that proves what it says."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from dns.message import Message
from dns.name import Name
from dns.rdtypes.ANY.NSEC3 import NSEC3

from reconciler.model.desired import Denial, DenialKind
from reconciler.sandbox.layout import SigningLayout
from reconciler.sandbox.world import World
from tests.sandbox.worlds import ROOT, SHOP, START, TLD, Client, sign, zone_layout

ZONE = "shop.example."
PLAIN = Denial()
HASHED = Denial(kind=DenialKind.NSEC3)
SALTED = Denial(kind=DenialKind.NSEC3, iterations=3, salt=b"\xab\xcd")


@pytest.fixture(
    params=[
        ("ksk@13/1", "zsk@13/1", PLAIN),
        ("ksk@8/1", "zsk@8/1", HASHED),
        ("ksk@15/1", "zsk@15/1", SALTED),
        ("csk@13/1", HASHED),
    ],
    ids=lambda p: "-".join([*p[:-1], p[-1].kind]),
    scope="module",
)
def signed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Client]:
    *labels, denial = request.param
    layout = zone_layout(signing=SigningLayout(denial=denial))
    path = tmp_path_factory.mktemp("world")
    with World.create(path, start=START, layout=layout, seed=1) as world:
        sign(world, ZONE, *labels)
        yield Client(world)


@pytest.mark.parametrize(
    ("name", "rdtype"),
    [
        (ZONE, "SOA"),
        (ZONE, "NS"),
        (ZONE, "A"),
        (ZONE, "TXT"),
        ("www.shop.example.", "A"),
        ("WWW.Shop.Example.", "A"),
    ],
)
def test_data_validates_from_the_trust_anchor(signed: Client, name: str, rdtype: str) -> None:
    answer = signed.secure(SHOP, ZONE, name, rdtype)
    assert answer.rcode() == dns.rcode.NOERROR
    assert answer.flags & dns.flags.AA
    assert answer.answer[0].rdtype == dns.rdatatype.from_text(rdtype)


def test_a_cname_is_followed_within_the_zone(signed: Client) -> None:
    answer = signed.secure(SHOP, ZONE, "web.shop.example.", "A")
    assert [r.rdtype.name for r in answer.answer] == ["CNAME", "RRSIG", "A", "RRSIG"]


def test_a_wildcard_answers_with_proof_that_the_name_itself_does_not_exist(signed: Client) -> None:
    answer = signed.secure(SHOP, ZONE, "x.y.apps.shop.example.", "A")
    assert answer.answer[0].name == dns.name.from_text("x.y.apps.shop.example.")
    next_closer = dns.name.from_text("y.apps.shop.example.")
    assert covered(answer, dns.name.from_text("x.y.apps.shop.example."), next_closer)


def test_a_wildcard_without_the_type_is_denied_by_its_own_proof(signed: Client) -> None:
    answer = signed.secure(SHOP, ZONE, "x.apps.shop.example.", "MX")
    name = dns.name.from_text("x.apps.shop.example.")
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.answer
    assert covered(answer, name, name)
    assert "A" in types_at(answer, dns.name.from_text("*.apps.shop.example."))
    assert "MX" not in types_at(answer, dns.name.from_text("*.apps.shop.example."))


@pytest.mark.parametrize("name", ["nope.shop.example.", "a.b.c.shop.example.", "~.shop.example."])
def test_a_name_that_does_not_exist_is_denied_with_its_wildcard(signed: Client, name: str) -> None:
    answer = signed.secure(SHOP, ZONE, name, "A")
    assert answer.rcode() == dns.rcode.NXDOMAIN
    labels = dns.name.from_text(name)
    next_closer = Name(labels.labels[-4:])
    assert covered(answer, labels, next_closer)
    assert covered(answer, *[dns.name.from_text("*.shop.example.")] * 2)


def test_a_missing_type_is_denied_at_the_name(signed: Client) -> None:
    answer = signed.secure(SHOP, ZONE, "www.shop.example.", "AAAA")
    assert answer.rcode() == dns.rcode.NOERROR
    assert types_at(answer, dns.name.from_text("www.shop.example."))[:1] == ["A"]


def test_an_empty_non_terminal_exists_and_has_no_data(signed: Client) -> None:
    answer = signed.secure(SHOP, ZONE, "apps.shop.example.", "A")
    assert answer.rcode() == dns.rcode.NOERROR
    assert not answer.answer


def test_a_delegation_is_referred_to_with_glue_and_proof_of_no_ds(signed: Client) -> None:
    answer = signed.ask(SHOP, "host.lab.shop.example.", "A")
    assert not answer.flags & dns.flags.AA
    assert answer.authority[0].rdtype == dns.rdatatype.NS
    assert answer.additional[0].name == dns.name.from_text("ns.lab.shop.example.")
    keys = signed.keys(SHOP, ZONE)
    signed.check(answer.authority[1:], keys)
    found = types_at(answer, dns.name.from_text("lab.shop.example."))
    assert "NS" in found
    assert "DS" not in found


def test_ds_is_answered_by_the_parent_and_denied_by_the_child(signed: Client) -> None:
    above = signed.secure(TLD, "example.", ZONE, "DS")
    assert above.answer[0].rdtype == dns.rdatatype.DS
    below = signed.secure(SHOP, ZONE, ZONE, "DS")
    assert not below.answer
    assert below.authority[0].name == dns.name.from_text(ZONE)


def test_the_absence_of_ds_is_proved_by_the_parent(client: Client) -> None:
    answer = client.secure(TLD, "example.", ZONE, "DS")
    assert not answer.answer
    assert types_at(answer, dns.name.from_text(ZONE)) == ["NS", "RRSIG", "NSEC"]


def test_the_root_and_the_tld_validate(client: Client) -> None:
    client.secure(ROOT, ".", ".", "NS")
    client.secure(ROOT, ".", "nope.", "A")
    client.secure(TLD, "example.", "example.", "NS")
    client.secure(TLD, "example.", "nope.example.", "A")
    client.secure(TLD, "example.", "ns1.a.example.", "A")
    referral = client.ask(ROOT, ZONE, "A")
    assert [str(r.name) for r in referral.additional] == ["a.nic.example.", "b.nic.example."]


def test_signatures_come_only_when_asked_for(signed: Client) -> None:
    for name in (ZONE, "nope.shop.example.", "x.apps.shop.example.", "host.lab.shop.example."):
        answer = signed.ask(SHOP, name, "A", dnssec=False)
        kinds = {r.rdtype for r in (*answer.answer, *answer.authority)}
        assert not kinds & {dns.rdatatype.RRSIG, dns.rdatatype.NSEC, dns.rdatatype.NSEC3}


def test_an_unsigned_zone_has_no_trace_of_dnssec(client: Client) -> None:
    for name, rdtype in ((ZONE, "A"), (ZONE, "DNSKEY"), ("nope.shop.example.", "A")):
        answer = client.ask(SHOP, name, rdtype)
        kinds = {r.rdtype.name for r in (*answer.answer, *answer.authority)}
        assert kinds <= {"A", "SOA"}


def test_a_zone_that_is_not_served_is_refused(client: Client) -> None:
    for address, name in ((SHOP, "blog.example."), (SHOP, "."), (TLD, "org."), (TLD, ".")):
        answer = client.ask(address, name, "A")
        assert answer.rcode() == dns.rcode.REFUSED
        assert not answer.flags & dns.flags.AA


def test_negative_answers_carry_the_negative_ttl(signed: Client) -> None:
    answer = signed.ask(SHOP, "nope.shop.example.", "A")
    assert {rrset.ttl for rrset in answer.authority} == {900}


def test_meta_types_and_transfers_get_an_honest_answer(signed: Client) -> None:
    assert len(signed.ask(SHOP, ZONE, "ANY").answer) > 4
    assert {r.rdtype.name for r in signed.ask(SHOP, ZONE, "RRSIG").answer} == {"RRSIG"}
    assert signed.ask(SHOP, ZONE, "AXFR").rcode() == dns.rcode.REFUSED


def covered(answer: Message, name: Name, next_closer: Name) -> bool:
    """True if some NSEC covers `name`, or some NSEC3 covers its next closer name."""
    for rrset in answer.authority:
        if rrset.rdtype == dns.rdatatype.NSEC:
            following = rrset[0].next
            if rrset.name < name and (name < following or following == dns.name.from_text(ZONE)):
                return True
        if rrset.rdtype == dns.rdatatype.NSEC3:
            digest = hashed(next_closer, rrset[0])
            low, high = owner_hash(rrset.name), rrset[0].next
            inside = low < digest < high if low < high else digest > low or digest < high
            if inside:
                return True
    return False


def types_at(answer: Message, name: Name) -> list[str]:
    """Return the types that NSEC or NSEC3 says exist at `name`."""
    for rrset in answer.authority:
        exact = rrset.rdtype == dns.rdatatype.NSEC and rrset.name == name
        if rrset.rdtype == dns.rdatatype.NSEC3:
            exact = owner_hash(rrset.name) == hashed(name, rrset[0])
        if exact:
            return [
                dns.rdatatype.to_text(number * 256 + byte * 8 + bit)
                for number, bitmap in rrset[0].windows
                for byte, bits in enumerate(bitmap)
                for bit in range(8)
                if bits & (0x80 >> bit)
            ]
    raise AssertionError(name)


def hashed(name: Name, rdata: NSEC3) -> bytes:
    text = dns.dnssec.nsec3_hash(name, rdata.salt, rdata.iterations, rdata.algorithm)
    return base64.b32hexdecode(text)


def owner_hash(owner: Name) -> bytes:
    return base64.b32hexdecode(owner.labels[0].upper())
