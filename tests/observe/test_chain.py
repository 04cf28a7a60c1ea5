"""The chain of trust: what validates, what is proven absent, and what is neither."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import dns.dnssec
import dns.message
import dns.name
import dns.rdata
import dns.rrset
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from reconciler.diagnostics import ObservationError
from reconciler.model.desired import DenialKind, Observers
from reconciler.observe.chain import (
    Broken,
    Cause,
    Chain,
    Insecure,
    Trusted,
    broken_chain,
    digest,
    judge_ds,
    parse_anchors,
)
from reconciler.observe.denial import denial_of
from reconciler.observe.roots import ROOT_ANCHORS
from reconciler.observe.signatures import MAX_SIGNATURES, Signature, verified
from reconciler.observe.wire import Question, Response

if TYPE_CHECKING:
    from tests.observe.conftest import Lab

NOW = datetime(2027, 1, 1, tzinfo=UTC)
PARENT = dns.name.from_text("example.")
CHILD = dns.name.from_text("shop.example.")


class Signing:
    """A zone that signs what it is given."""

    def __init__(self, zone: dns.name.Name = PARENT, flags: int = 257) -> None:
        self.zone = zone
        self.private = ec.generate_private_key(ec.SECP256R1())
        key = dns.dnssec.make_dnskey(self.private.public_key(), 13, flags)
        assert isinstance(key, DNSKEY)
        self.key = key

    def sign(
        self, rrset: dns.rrset.RRset, *, begins: int = -3600, ends: int = 86400
    ) -> dns.rrset.RRset:
        rrsig = dns.dnssec.sign(
            rrset,
            self.private,
            self.zone,
            self.key,
            inception=NOW + timedelta(seconds=begins),
            expiration=NOW + timedelta(seconds=ends),
        )
        return dns.rrset.from_rdata(rrset.name, rrset.ttl, rrsig)

    @property
    def trusted(self) -> Trusted:
        return Trusted(zone=self.zone, keys=frozenset({self.key}))


@pytest.fixture
def parent() -> Signing:
    return Signing()


def records(name: str, kind: str, *texts: str, ttl: int = 3600) -> dns.rrset.RRset:
    return dns.rrset.from_text(name, ttl, "IN", kind, *texts)


def response(
    *, answer: tuple[dns.rrset.RRset, ...] = (), authority: tuple[dns.rrset.RRset, ...] = ()
) -> Response:
    """Return an authoritative response about the DS of `shop.example.`."""
    message = dns.message.make_response(dns.message.make_query(CHILD, RdataType.DS))
    message.flags |= dns.flags.AA
    message.answer, message.authority = list(answer), list(authority)
    question = Question(server="ns.example.", address="192.0.2.1", name=CHILD, rdtype=RdataType.DS)
    return Response(question=question, message=message)


DS = records("shop.example.", "DS", "7 13 2 " + "ab" * 32)


def test_a_validly_signed_ds_counts(parent: Signing) -> None:
    said = response(answer=(DS, parent.sign(DS)))
    assert judge_ds(said, parent.trusted, NOW) == DS


@pytest.mark.parametrize(
    ("begins", "ends", "why"),
    [(-86400, -1, "has expired"), (1, 86400, "is not valid yet")],
)
def test_a_ds_signed_for_another_time_is_a_matter_of_the_clock(
    parent: Signing, begins: int, ends: int, why: str
) -> None:
    verdict = judge_ds(
        response(answer=(DS, parent.sign(DS, begins=begins, ends=ends))), parent.trusted, NOW
    )
    assert isinstance(verdict, Broken)
    assert verdict.cause is Cause.CLOCK
    assert why in verdict.why
    assert broken_chain(verdict).code == "clock"


@pytest.mark.parametrize(("begins", "ends"), [(0, 86400), (-3600, 0)])
def test_both_ends_of_the_validity_period_belong_to_it(
    parent: Signing, begins: int, ends: int
) -> None:
    said = response(answer=(DS, parent.sign(DS, begins=begins, ends=ends)))
    assert judge_ds(said, parent.trusted, NOW) == DS


def test_a_ds_signed_by_anybody_else_does_not_count(parent: Signing) -> None:
    verdict = judge_ds(response(answer=(DS, Signing().sign(DS))), parent.trusted, NOW)
    assert isinstance(verdict, Broken)
    assert verdict.cause is Cause.UNPROVEN
    assert broken_chain(verdict).code == "parent-not-validated"


def test_a_ds_of_which_one_octet_changed_does_not_count(parent: Signing) -> None:
    forged = records("shop.example.", "DS", "7 13 2 " + "ac" + "ab" * 31)
    said = response(answer=(forged, parent.sign(DS)))
    assert isinstance(judge_ds(said, parent.trusted, NOW), Broken)


def test_a_ds_signed_with_the_childs_own_name_does_not_count(parent: Signing) -> None:
    child = Signing(CHILD)
    both = Trusted(zone=PARENT, keys=parent.trusted.keys | {child.key})
    assert isinstance(judge_ds(response(answer=(DS, child.sign(DS))), both, NOW), Broken)


def nsec(parent: Signing, owner: str, following: str, types: str) -> tuple[dns.rrset.RRset, ...]:
    rrset = records(owner, "NSEC", f"{following} {types}")
    return rrset, parent.sign(rrset)


def test_an_nsec_at_the_delegation_without_ds_proves_its_absence(parent: Signing) -> None:
    said = response(authority=nsec(parent, "shop.example.", "z.example.", "NS RRSIG NSEC"))
    assert judge_ds(said, parent.trusted, NOW) is None


@pytest.mark.parametrize(
    ("owner", "types"),
    [
        pytest.param("shop.example.", "NS DS RRSIG NSEC", id="it has a DS"),
        pytest.param("shop.example.", "NS SOA RRSIG NSEC", id="the child's own apex"),
        pytest.param("shop.example.", "A RRSIG NSEC", id="no delegation"),
        pytest.param("other.example.", "NS RRSIG NSEC", id="another name"),
    ],
)
def test_an_nsec_that_says_something_else_proves_nothing(
    parent: Signing, owner: str, types: str
) -> None:
    said = response(authority=nsec(parent, owner, "z.example.", types))
    assert isinstance(judge_ds(said, parent.trusted, NOW), Broken)


def test_an_unsigned_or_expired_nsec_proves_nothing(parent: Signing) -> None:
    rrset, _ = nsec(parent, "shop.example.", "z.example.", "NS RRSIG NSEC")
    late = parent.sign(rrset, begins=-7200, ends=-60)
    for authority in ((rrset,), (rrset, late)):
        assert isinstance(judge_ds(response(authority=authority), parent.trusted, NOW), Broken)


def nsec3(
    parent: Signing, name: str, types: str, *, shift: int = 0, flags: int = 0, iterations: int = 0
) -> tuple[dns.rrset.RRset, ...]:
    """Return a signed NSEC3 that matches `name`, or with `shift` one that covers it."""
    hashed = dns.dnssec.nsec3_hash(name, b"", iterations, 1)
    number = int(hashed, 32)
    before, after = (base32hex(number + by) for by in (-shift, max(shift, 1)))
    rrset = records(f"{before}.example.", "NSEC3", f"1 {flags} {iterations} - {after} {types}")
    return rrset, parent.sign(rrset)


def base32hex(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuv"
    return "".join(digits[(number >> (5 * place)) & 31] for place in reversed(range(32)))


def test_an_nsec3_at_the_delegation_proves_the_absence_of_a_ds(parent: Signing) -> None:
    said = response(authority=nsec3(parent, "shop.example.", "NS"))
    assert judge_ds(said, parent.trusted, NOW) is None


def test_an_nsec3_that_lists_a_ds_proves_nothing(parent: Signing) -> None:
    said = response(authority=nsec3(parent, "shop.example.", "NS DS RRSIG"))
    assert isinstance(judge_ds(said, parent.trusted, NOW), Broken)


def test_an_opt_out_span_over_the_name_proves_an_unsigned_delegation(parent: Signing) -> None:
    authority = (
        *nsec3(parent, "example.", "NS SOA RRSIG DNSKEY NSEC3PARAM"),
        *nsec3(parent, "shop.example.", "A", shift=5, flags=1),
    )
    assert judge_ds(response(authority=authority), parent.trusted, NOW) is None


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"flags": 0}, id="no opt-out"),
        pytest.param({"flags": 1, "name": "else.example."}, id="another span"),
    ],
)
def test_a_span_that_does_not_opt_out_over_the_name_proves_nothing(
    parent: Signing, change: dict[str, object]
) -> None:
    name, flags = str(change.get("name", "shop.example.")), int(str(change["flags"]))
    authority = (
        *nsec3(parent, "example.", "NS SOA RRSIG DNSKEY NSEC3PARAM"),
        *nsec3(parent, name, "A", shift=5, flags=flags),
    )
    assert isinstance(judge_ds(response(authority=authority), parent.trusted, NOW), Broken)


def test_a_span_without_its_closest_encloser_proves_nothing(parent: Signing) -> None:
    authority = nsec3(parent, "shop.example.", "A", shift=5, flags=1)
    assert isinstance(judge_ds(response(authority=authority), parent.trusted, NOW), Broken)


def test_more_nsec3_iterations_than_are_computed_prove_nothing(parent: Signing) -> None:
    said = response(authority=nsec3(parent, "shop.example.", "NS", iterations=151))
    assert isinstance(judge_ds(said, parent.trusted, NOW), Broken)


def test_a_compact_denial_is_told_from_an_ordinary_nsec(parent: Signing) -> None:
    compact = nsec(parent, "shop.example.", r"\000.shop.example.", "RRSIG NSEC")
    ordinary = nsec(parent, "shop.example.", "z.example.", "NS RRSIG NSEC")
    assert denial_of([response(authority=compact)]).kind is DenialKind.COMPACT
    assert denial_of([response(authority=ordinary)]).kind is DenialKind.NSEC
    assert denial_of([response()]).kind is DenialKind.NONE


def test_each_key_that_signs_is_found_and_not_the_first_alone() -> None:
    one, other, stranger = Signing(), Signing(), Signing()
    rrset = records("www.example.", "A", "192.0.2.1", "192.0.2.2")
    both = one.sign(rrset)
    both.add(other.sign(rrset)[0])
    found = verified(rrset, both, PARENT, [one.key, other.key, stranger.key])
    assert {signature.key for signature in found} == {one.key, other.key}


def test_an_answer_expanded_from_a_wildcard_counts_only_where_allowed() -> None:
    zone = Signing()
    wildcard = records("*.example.", "A", "192.0.2.1")
    rrsig = zone.sign(wildcard)
    expanded = dns.rrset.from_rdata_list("x.example.", 3600, list(wildcard))
    moved = dns.rrset.from_rdata_list("x.example.", 3600, list(rrsig))
    assert verified(expanded, moved, PARENT, [zone.key], expanded=True)
    assert not verified(expanded, moved, PARENT, [zone.key])
    assert verified(wildcard, rrsig, PARENT, [zone.key])


def test_a_key_that_is_too_long_for_its_algorithm_verifies_nothing() -> None:
    zone = Signing()
    rrset = records("www.example.", "A", "192.0.2.1")
    longer = cast("DNSKEY", zone.key.replace(key=zone.key.key + b"\0"))
    assert not verified(rrset, zone.sign(rrset), PARENT, [longer])


def test_only_so_many_signatures_are_looked_at() -> None:
    zone = Signing()
    rrset = records("www.example.", "A", "192.0.2.1")
    good = zone.sign(rrset)
    junk = [good[0].replace(signature=bytes([n]) * 64) for n in range(MAX_SIGNATURES)]
    crowd = dns.rrset.from_rdata_list("www.example.", 3600, [*junk, good[0]])
    assert not verified(rrset, crowd, PARENT, [zone.key])


def test_the_validity_of_signatures_is_compared_around_2106() -> None:
    signature = Signature(
        key=Signing().key, inception=2**32 - 3600, expiration=3600, original_ttl=60
    )
    wrap = datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC)
    assert signature.valid_at(wrap)
    assert signature.ends(wrap) == wrap + timedelta(hours=1)
    assert signature.span == 7200
    assert signature.early_at(wrap - timedelta(hours=2))
    assert not signature.valid_at(wrap + timedelta(hours=2))


def test_trust_anchors_are_read_with_and_without_owner_and_ttl() -> None:
    texts = [
        ROOT_ANCHORS[0],
        f". DS {ROOT_ANCHORS[0]}",
        f". 172800 IN DS {ROOT_ANCHORS[0].upper()}",
    ]
    assert len(set(parse_anchors(texts))) == 1
    assert [anchor.key_tag for anchor in parse_anchors(ROOT_ANCHORS)] == [20326, 38696]


@pytest.mark.parametrize(
    "text",
    ["", "rubbish", "20326 8 2 zz", "20326 8 2 abcd", "example. DS " + ROOT_ANCHORS[0], ". DS"],
)
def test_a_trust_anchor_that_is_none_is_an_error_that_shows_it(text: str) -> None:
    with pytest.raises(ObservationError) as caught:
        parse_anchors([text])
    assert caught.value.diagnostics[0].code == "trust-anchor-invalid"
    assert caught.value.diagnostics[0].detail == text


def test_digests_of_unknown_types_are_not_computed() -> None:
    zone = Signing()
    assert digest(zone.key, PARENT, 3) is None
    assert [len(digest(zone.key, PARENT, kind) or b"") for kind in (1, 2, 4)] == [20, 32, 48]


def trust(lab: Lab, zone: str, observers: Observers | None = None) -> object:
    chain = Chain(lab.exchange, observers or lab.observers, lab.world.now())
    return chain.trust(chain.hierarchy.ancestors(dns.name.from_text(zone)))


def test_the_chain_leads_to_the_parents_keys(lab: Lab) -> None:
    found = trust(lab, "legacy.example.")
    assert isinstance(found, Trusted)
    assert found.zone == PARENT


def test_another_trust_anchor_breaks_the_chain_at_the_root(lab: Lab) -> None:
    observers = replace(lab.observers, trust_anchors=ROOT_ANCHORS)
    found = trust(lab, "legacy.example.", observers)
    assert isinstance(found, Broken)
    assert found.zone == dns.name.root


def test_below_an_unsigned_zone_nothing_can_be_trusted(lab: Lab) -> None:
    found = trust(lab, "x.shop.example.")
    assert found == Insecure(zone=CHILD)
