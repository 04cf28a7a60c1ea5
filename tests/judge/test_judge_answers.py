"""How answers are read: what counts, what is kept for how long, what a validator must verify."""

from __future__ import annotations

from collections.abc import Iterable

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from reconciler.sandbox.judge.answers import Question, Reading, read
from tests.judge.conftest import LIFE, key, sign

ZONE = "example.test."
SOA = f"{ZONE} 900 IN SOA ns1.a. hostmaster.a. 1 7200 3600 1209600 300"
RRSIG = "13 {labels} 3600 20301231000000 20300101000000 1 example.test. " + "A" * 86 + "=="


def answered(
    question: Question,
    *,
    answer: Iterable[str] = (),
    authority: Iterable[str] = (),
    flags: int = dns.flags.AA,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
) -> Reading | None:
    message = dns.message.make_response(dns.message.make_query(*question, want_dnssec=True))
    message.flags |= flags
    message.set_rcode(rcode)
    for section, lines in ((message.answer, answer), (message.authority, authority)):
        for line in lines:
            owner, ttl, rdclass, rdtype, rdata = line.split(maxsplit=4)
            section.append(dns.rrset.from_text(owner, int(ttl), rdclass, rdtype, rdata))
    return read(message.to_wire(), question)


def taken(
    question: Question,
    *,
    answer: Iterable[str] = (),
    authority: Iterable[str] = (),
    flags: int = dns.flags.AA,
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR,
) -> Reading:
    reading = answered(question, answer=answer, authority=authority, flags=flags, rcode=rcode)
    assert reading is not None
    return reading


def test_an_answer_is_kept_for_its_own_ttl() -> None:
    reading = taken((ZONE, "A"), answer=[f"{ZONE} 300 IN A 192.0.2.1"])
    content, ttl = reading
    assert (ttl, content.positive, content.text()) == (300, True, f"{ZONE} A: 192.0.2.1")


@pytest.mark.parametrize(
    ("authority", "ttl"),
    [
        ([SOA], 300),
        ([SOA.replace(" 900 ", " 60 ")], 60),
        ([SOA, f"{ZONE} 3600 IN NSEC {ZONE} SOA"], 3600),
        ([f"{ZONE} 3600 IN NSEC {ZONE} SOA"], 0),
        ([], 0),
    ],
)
def test_a_denial_is_kept_as_its_soa_says(authority: list[str], ttl: int) -> None:
    reading = taken((ZONE, "A"), authority=authority)
    assert (reading[1], reading[0].positive, reading[0].asked()) == (ttl, False, ())
    assert reading[0].text() == f"{ZONE} A: NOERROR, none"


@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTAUTH])
def test_a_refusal_is_no_answer(rcode: dns.rcode.Rcode) -> None:
    assert answered((ZONE, "A"), authority=[SOA], rcode=rcode) is None


def test_only_authoritative_answers_count_but_for_a_referral() -> None:
    name_server = f"{ZONE} 60 IN NS NS1.A."
    assert answered((ZONE, "A"), answer=[f"{ZONE} 300 IN A 192.0.2.1"], flags=0) is None
    assert answered((ZONE, "A"), authority=[name_server], flags=0) is None
    reading = taken((ZONE, "NS"), authority=[name_server], flags=0)
    assert (reading[0].names(), reading[1]) == (frozenset({"ns1.a."}), 60)
    assert answered((f"x.{ZONE}", "NS"), authority=[name_server], flags=0) is None


def test_what_is_no_dns_message_is_no_answer() -> None:
    assert read(b"", (ZONE, "A")) is None
    assert read(b"\x00" * 12, (ZONE, "A")) is None
    assert read(b"\xff" * 40, (ZONE, "A")) is None


def test_an_alias_is_judged_by_itself_even_if_its_target_does_not_exist() -> None:
    question = (f"web.{ZONE}", "A")
    alias = f"web.{ZONE} 300 IN CNAME www.{ZONE}"
    for rcode in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        reading = taken(question, answer=[alias], authority=[SOA], rcode=rcode)
        assert [s.rdtype.name for s in reading[0].sets] == ["CNAME"]


def test_an_answer_from_a_wildcard_needs_its_proof() -> None:
    question = (f"x.apps.{ZONE}", "A")
    answer = [f"x.apps.{ZONE} 60 IN A 192.0.2.1", f"x.apps.{ZONE} 60 IN RRSIG A {RRSIG}"]
    expanded = [line.format(labels=3) for line in answer]
    bare = taken(question, answer=expanded)
    gap = f"*.apps.{ZONE} 60 IN NSEC z.{ZONE} A"
    proven = taken(question, answer=expanded, authority=[gap])
    exact = taken(question, answer=[line.format(labels=4) for line in answer])
    assert "wildcard" in bare[0].problem
    assert (proven[0].problem, [s.rdtype.name for s in proven[0].sets]) == ("", ["A", "NSEC"])
    assert (exact[0].problem, len(exact[0].sets)) == ("", 1)


def test_content_is_the_same_under_another_ttl_and_in_another_order() -> None:
    lines = [f"{ZONE} 300 IN A 192.0.2.1", f"{ZONE} 300 IN A 192.0.2.2"]
    one = taken((ZONE, "A"), answer=lines)
    two = taken((ZONE, "A"), answer=[line.replace("300", "60") for line in reversed(lines)])
    other = taken((ZONE, "A"), answer=lines[:1])
    assert one[0].key == two[0].key != other[0].key
    assert (one[1], two[1]) == (300, 60)


def test_signatures_belong_to_the_content_but_not_to_what_makes_it_distinct() -> None:
    def signed(*names: str) -> Reading:
        message = dns.message.make_response(dns.message.make_query(ZONE, "A"))
        message.flags |= dns.flags.AA
        pairs = tuple(key(name) for name in names)
        message.answer.extend(sign(ZONE, "A", ("192.0.2.1",), pairs, LIFE))
        reading = read(message.to_wire(), (ZONE, "A"))
        assert reading is not None
        return reading

    one, two, bare = signed("z1")[0], signed("z1", "z2")[0], signed()[0]
    assert len({one.key, two.key, bare.key}) == 3
    assert one.plain == two.plain == bare.plain
    assert [len(c.sets[0].signatures) for c in (one, two, bare)] == [1, 2, 0]
