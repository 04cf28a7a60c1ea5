"""What a zone and its signers say of themselves: CDS, name servers, who serves what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rrset
import pytest
from dns.rdatatype import RdataType

from reconciler.model.desired import Bounds
from reconciler.model.keys import DsRef
from reconciler.model.sightings import Observation
from reconciler.observe.gather import gather
from reconciler.observe.wire import build_query
from reconciler.ports import Parent, ParentClaim

if TYPE_CHECKING:
    from tests.observe.conftest import Lab, Meddle
from tests.observe.meddling import fixed_signer, refused

SIGNED = "legacy.example."
UNSIGNED = "shop.example."
NS1, NS2 = "192.0.2.1", "192.0.2.2"
TLD1, TLD2 = "203.0.113.11", "203.0.113.12"
DECLARED = Bounds(max_zone_ttl=86400, propagation=300, parent_propagation=3600, signing_delay=0)


def codes(observation: Observation) -> list[str]:
    return [diagnostic.code for diagnostic in observation.diagnostics]


def with_records(*records: tuple[str, str]) -> Meddle:
    """Answer queries for these apex types with these records, unsigned."""

    def answer(query: bytes, wire: bytes) -> bytes:
        asked = dns.message.from_wire(query).question[0]
        texts = [text for kind, text in records if RdataType.from_text(kind) == asked.rdtype]
        if not texts or asked.name != dns.name.from_text(SIGNED):
            return wire
        response = dns.message.make_response(dns.message.from_wire(query))
        response.flags |= dns.flags.AA
        response.answer.append(dns.rrset.from_text(asked.name, 60, "IN", asked.rdtype, *texts))
        return response.to_wire()

    return answer


def cds_seen(lab: Lab, *records: tuple[str, str]) -> object:
    lab.exchange.meddlers |= {NS1: with_records(*records), NS2: with_records(*records)}
    seen = lab.gather(SIGNED)
    assert seen.zone is not None
    assert seen.zone.signers["a"].cds == seen.children[0].cds
    return seen.zone.signers["a"].cds


def ksk_ds(lab: Lab) -> str:
    (record,) = lab.gather(SIGNED).parent[:1]
    assert record.ds == {DsRef("ksk@8/1", 2)}
    query = build_query(dns.name.from_text(SIGNED), RdataType.DS)
    wire = lab.world.respond(TLD1, query) or b""
    return str(dns.message.from_wire(wire).answer[0][0])


def test_cds_are_named_by_their_keys(lab: Lab) -> None:
    assert cds_seen(lab, ("CDS", ksk_ds(lab))) == {DsRef("ksk@8/1", 2)}


def test_cdnskeys_ask_for_a_ds_of_each_digest_type_of_the_policy(lab: Lab) -> None:
    text = lab.gather(SIGNED).key_text["ksk@8/1"]
    assert cds_seen(lab, ("CDNSKEY", text)) == {DsRef("ksk@8/1", 2)}


@pytest.mark.parametrize("form", [("CDS", "0 0 0 00"), ("CDNSKEY", "0 3 0 AA==")])
def test_the_delete_form_in_either_type_is_a_request_to_delete(
    lab: Lab, form: tuple[str, str]
) -> None:
    assert cds_seen(lab, form) == "delete"


def test_a_zone_that_changes_while_it_is_asked_is_asked_again(lab: Lab) -> None:
    restless = 3

    def change(_query: bytes, wire: bytes) -> bytes:
        nonlocal restless
        message = dns.message.from_wire(wire)
        if message.question[0].rdtype == RdataType.SOA and restless:
            restless -= 1
            soa = message.answer[0]
            renewed = soa[0].replace(serial=soa[0].serial + restless)
            message.answer[0] = dns.rrset.from_rdata(soa.name, soa.ttl, renewed)
        return message.to_wire()

    lab.exchange.meddlers[NS1] = change
    assert lab.gather(SIGNED).complete
    restless = 100
    never = lab.gather(SIGNED)
    (bad,) = [sight for sight in never.children if sight.error]
    assert bad.error == "its zone kept changing while it was asked"


def test_two_signers_that_serve_the_same_content_are_said_to(lab: Lab) -> None:
    claim = lab.signer("a").observe(SIGNED)
    twins = {
        name: fixed_signer(lab, replace(claim, content_digest=digest, nameservers=names))
        for name, digest, names in (
            ("a", "one", frozenset({"ns1.a.example."})),
            ("b", "one", frozenset({"ns2.a.example."})),
            ("c", None, frozenset({"ns1.hosted.example."})),
        )
    }
    lab.exchange.meddlers["198.51.100.1"] = lambda query, _: lab.world.respond(NS1, query)
    seen = gather(
        lab.desired(SIGNED),
        twins,
        lab.parent(SIGNED),
        lab.exchange,
        lab.observers,
        lab.world.now(),
    )
    assert seen.zone is not None
    assert seen.zone.content_equal == {"a": frozenset({"b"}), "b": frozenset({"a"})}
    assert seen.zone.parent.ns == {"a", "b"}


def test_a_name_server_of_two_signers_is_refused(lab: Lab) -> None:
    claim = lab.signer("a").observe(SIGNED)
    seen = gather(
        lab.desired(SIGNED),
        {"a": fixed_signer(lab, claim), "b": fixed_signer(lab, claim)},
        lab.parent(SIGNED),
        lab.exchange,
        lab.observers,
        lab.world.now(),
    )
    assert seen.zone is None
    assert {d.code for d in seen.diagnostics} == {"ambiguous-name-server"}


def with_server(lab: Lab, name: str) -> Observation:
    claim = lab.signer("a").observe(SIGNED)
    return gather(
        lab.desired(SIGNED, bounds=DECLARED),
        {"a": fixed_signer(lab, replace(claim, nameservers=claim.nameservers | {name}))},
        lab.parent(SIGNED),
        lab.exchange,
        lab.observers,
        lab.world.now(),
    )


def test_a_name_server_without_address_is_an_assumption_that_the_plan_prints(lab: Lab) -> None:
    seen = with_server(lab, "ns.nowhere.")
    assert codes(seen) == ["no-address"]
    assert seen.zone is not None
    (sentence,) = seen.zone.assumed
    assert "ns.nowhere." in sentence


def test_a_name_server_whose_address_cannot_be_found_is_missing_evidence(lab: Lab) -> None:
    def refuse_nowhere(query: bytes, wire: bytes) -> bytes:
        name = dns.message.from_wire(query).question[0].name
        return refused(query, wire) if name == dns.name.from_text("nowhere.") else wire

    lab.exchange.meddlers["203.0.113.1"] = refuse_nowhere
    seen = with_server(lab, "ns.nowhere.")
    assert seen.zone is not None
    assert not seen.complete
    assert codes(seen) == ["server-not-observed"]
    (lost,) = [sight for sight in seen.children if sight.error]
    assert (lost.server, lost.address) == ("ns.nowhere.", "")
    assert "ns.nowhere." in seen.diagnostics[0].summary


def test_a_name_server_that_nobody_claims_is_refused(lab: Lab) -> None:
    def another(_query: bytes, wire: bytes) -> bytes:
        message = dns.message.from_wire(wire)
        for rrset in (*message.answer, *message.authority):
            if rrset.rdtype == RdataType.NS and rrset.name == dns.name.from_text(SIGNED):
                rrset.add(dns.rdata.from_text("IN", "NS", "ns.elsewhere.example."), rrset.ttl)
        return message.to_wire()

    lab.exchange.meddlers[TLD1] = another
    seen = lab.gather(SIGNED)
    assert seen.zone is None
    assert "unknown-name-server" in codes(seen)
    assert "ns.elsewhere.example." in seen.diagnostics[0].summary


def test_a_zone_that_the_parent_does_not_delegate_is_said_to_be_so(lab: Lab) -> None:
    desired = replace(lab.desired(SIGNED), zone="nowhere.example.")

    claim = lab.signer("a").observe(SIGNED)

    class Anybody:
        name = "any"
        capabilities = lab.parent(SIGNED).capabilities

        def observe(self, _zone: str) -> ParentClaim:
            return ParentClaim()

    seen = gather(
        desired,
        {"a": fixed_signer(lab, claim)},
        cast("Parent", Anybody()),
        lab.exchange,
        lab.observers,
        lab.world.now(),
    )
    assert seen.zone is None
    assert "it does not delegate nowhere.example." in seen.diagnostics[0].detail


def test_a_signer_that_does_not_know_the_zone_is_an_error_with_its_own_words(lab: Lab) -> None:
    seen = gather(
        replace(lab.desired(SIGNED), signers=("hosted",)),
        {"hosted": lab.signer("hosted")},
        lab.parent(SIGNED),
        lab.exchange,
        lab.observers,
        lab.world.now(),
    )
    assert seen.zone is None
    assert "hosted does not serve legacy.example." in seen.diagnostics[0].summary


def test_a_signer_that_the_zone_does_not_name_may_decline(lab: Lab) -> None:
    seen = gather(
        lab.desired(SIGNED),
        {"a": lab.signer("a"), "hosted": lab.signer("hosted")},
        lab.parent(SIGNED),
        lab.exchange,
        lab.observers,
        lab.world.now(),
    )
    assert seen.zone is not None
    assert set(seen.zone.signers) == {"a"}
