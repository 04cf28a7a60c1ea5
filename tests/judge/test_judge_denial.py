"""Denials of existence that prove what they say, and those that do not."""

from __future__ import annotations

import dns.dnssec
import dns.name
import dns.rdata
import dns.rdatatype
import pytest
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC3 import NSEC3

from reconciler.sandbox.judge.denial import (
    Denied,
    nsec,
    nsec3,
    proves_no_data,
    proves_no_name,
    proves_wildcard,
)

APEX = "example."


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def plain(owner: str, following: str, types: str) -> Denied:
    record = dns.rdata.from_text("IN", "NSEC", f"{following} {types} RRSIG NSEC")
    assert isinstance(record, NSEC)
    return nsec(name(owner), record)


def digest(text: str) -> str:
    return dns.dnssec.nsec3_hash(text, b"\xaa", 2, 1).lower()


def shifted(hashed: str, by: int) -> str:
    alphabet = "0123456789abcdefghijklmnopqrstuv"
    value = sum(alphabet.index(c) * 32**i for i, c in enumerate(reversed(hashed)))
    value = (value + by) % 32**32
    return "".join(alphabet[(value >> 5 * i) & 31] for i in range(31, -1, -1))


def matching(text: str, types: str = "A", flags: int = 0) -> Denied:
    return hashed_record(digest(text), shifted(digest(text), 1), types, flags)


def covering(text: str, flags: int = 0) -> Denied:
    return hashed_record(shifted(digest(text), -1), shifted(digest(text), 1), "A", flags)


def hashed_record(owner: str, following: str, types: str, flags: int) -> Denied:
    record = dns.rdata.from_text("IN", "NSEC3", f"1 {flags} 2 aa {following} {types}")
    assert isinstance(record, NSEC3)
    return nsec3(name(f"{owner}.{APEX}"), record)


@pytest.mark.parametrize(
    ("qname", "rdtype", "records", "proven"),
    [
        pytest.param(APEX, "MX", [plain(APEX, "a.example.", "SOA NS")], True, id="no such type"),
        pytest.param(APEX, "NS", [plain(APEX, "a.example.", "SOA NS")], False, id="type is there"),
        pytest.param("a.example.", "A", [plain("a.example.", APEX, "CNAME")], False, id="alias"),
        pytest.param("b.example.", "A", [plain("a.example.", APEX, "A")], False, id="other name"),
        pytest.param("d.example.", "DS", [plain("d.example.", APEX, "NS")], True, id="no DS"),
        pytest.param("d.example.", "DS", [plain("d.example.", APEX, "NS DS")], False, id="DS"),
        pytest.param(
            "d.example.",
            "DS",
            [plain("d.example.", "z.d.example.", "NS SOA")],
            False,
            id="DS denied by the child itself",
        ),
        pytest.param("d.example.", "A", [plain("d.example.", APEX, "NS")], False, id="below a cut"),
        pytest.param("e.example.", "A", [plain(APEX, "x.e.example.", "SOA NS")], True, id="empty"),
        pytest.param(
            "x.apps.example.",
            "MX",
            [plain("*.apps.example.", "z.example.", "A")],
            True,
            id="wildcard without the type",
        ),
        pytest.param(
            "x.apps.example.",
            "A",
            [plain("*.apps.example.", "z.example.", "A")],
            False,
            id="wildcard with the type",
        ),
        pytest.param(
            "n.example.",
            "A",
            [plain("n.example.", "\\000.n.example.", "TYPE128")],
            True,
            id="compact denial (RFC 9824)",
        ),
        pytest.param("a.example.", "MX", [matching("a.example.")], True, id="NSEC3 no such type"),
        pytest.param("a.example.", "A", [matching("a.example.")], False, id="NSEC3 type is there"),
        pytest.param("d.example.", "DS", [matching("d.example.", "NS")], True, id="NSEC3 no DS"),
        pytest.param(
            "d.example.", "DS", [matching(APEX), covering("d.example.", 1)], True, id="opt-out"
        ),
        pytest.param(
            "d.example.", "DS", [matching(APEX), covering("d.example.")], False, id="no opt-out"
        ),
        pytest.param(
            "x.example.",
            "MX",
            [matching(APEX), covering("x.example."), matching("*.example.")],
            True,
            id="NSEC3 wildcard without the type",
        ),
        pytest.param("a.example.", "MX", [], False, id="nothing"),
    ],
)
def test_no_data(qname: str, rdtype: str, records: list[Denied], proven: bool) -> None:  # noqa: FBT001 (a table row)
    assert proves_no_data(name(qname), dns.rdatatype.from_text(rdtype), records) is proven


@pytest.mark.parametrize(
    ("qname", "records", "proven"),
    [
        pytest.param("b.example.", [plain(APEX, "c.example.", "SOA NS")], True, id="one NSEC"),
        pytest.param(
            "b.example.",
            [plain("a.example.", "c.example.", "A"), plain(APEX, "a.example.", "SOA")],
            True,
            id="two NSEC",
        ),
        pytest.param(
            "b.example.", [plain("a.example.", "c.example.", "A")], False, id="wildcard not denied"
        ),
        pytest.param(
            "z.example.",
            [plain("a.example.", APEX, "A"), plain(APEX, "a.example.", "SOA")],
            True,
            id="last NSEC",
        ),
        pytest.param("b.example.", [plain("c.example.", "d.example.", "A")], False, id="elsewhere"),
        pytest.param("b.example.", [plain(APEX, APEX, "SOA NS")], True, id="only the apex"),
        pytest.param(
            "x.d.example.",
            [plain("d.example.", "e.example.", "NS"), plain(APEX, "d.example.", "SOA")],
            False,
            id="NSEC from above the cut",
        ),
        pytest.param(
            "b.example.",
            [matching(APEX), covering("b.example."), covering("*.example.")],
            True,
            id="NSEC3",
        ),
        pytest.param(
            "y.b.example.",
            [matching(APEX), covering("b.example."), covering("*.example.")],
            True,
            id="NSEC3 two labels down",
        ),
        pytest.param(
            "b.example.",
            [matching(APEX), covering("b.example.")],
            False,
            id="NSEC3 wildcard not denied",
        ),
        pytest.param(
            "b.example.",
            [covering("b.example."), covering("*.example.")],
            False,
            id="NSEC3 without closest encloser",
        ),
    ],
)
def test_no_name(qname: str, records: list[Denied], proven: bool) -> None:  # noqa: FBT001 (a table row)
    assert proves_no_name(name(qname), records) is proven


def test_a_wildcard_answer_needs_proof_that_no_closer_name_exists() -> None:
    qname = name("x.apps.example.")
    assert proves_wildcard(qname, 2, [plain("*.apps.example.", "z.example.", "A")])
    assert proves_wildcard(qname, 2, [covering("x.apps.example.")])
    assert not proves_wildcard(qname, 2, [plain("b.example.", "c.example.", "A")])
    assert not proves_wildcard(qname, 2, [covering("y.apps.example.")])
    assert not proves_wildcard(qname, 2, [])


def test_an_nsec3_that_cannot_be_read_proves_nothing() -> None:
    record = dns.rdata.from_text("IN", "NSEC3", f"9 0 0 - {digest('b.example.')} A")
    assert isinstance(record, NSEC3)
    unknown = nsec3(name(f"{digest(APEX)}.{APEX}"), record)
    misnamed = nsec3(name("not-base32-hex.example."), record)
    for denied in (unknown, misnamed):
        assert not denied.matches(name(APEX))
        assert not denied.covers(name("b.example."))
