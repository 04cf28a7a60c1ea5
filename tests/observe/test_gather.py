"""A zone gathered from a whole signed world: facts, history, findings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rrset
import pytest
from dns.rdatatype import RdataType

from reconciler.diagnostics import Severity
from reconciler.model.desired import Bounds, Denial, DenialKind
from reconciler.model.keys import DsRef, Key, UnmatchedDs
from reconciler.model.moves import DataSign, DnskeyAdd, DsReplace, ZoneSign
from reconciler.model.sightings import Observation
from reconciler.model.timeline import DataVersion, DnskeyVersion, DsVersion
from reconciler.observe.gather import gather
from reconciler.observe.transport import DnsExchange
from reconciler.sandbox.layout import example_layout

if TYPE_CHECKING:
    from tests.observe.conftest import Lab, LabMaker, Meddle
from tests.observe.meddling import fixed_signer, refused

SIGNED = "legacy.example."
UNSIGNED = "shop.example."
NS1, NS2 = "192.0.2.1", "192.0.2.2"
TLD1, TLD2 = "203.0.113.11", "203.0.113.12"
DECLARED = Bounds(max_zone_ttl=86400, propagation=300, parent_propagation=3600, signing_delay=0)


def codes(observation: Observation) -> list[str]:
    return [diagnostic.code for diagnostic in observation.diagnostics]


def test_a_signed_zone_is_gathered_with_its_keys_ds_and_signatures(lab: Lab) -> None:
    seen = lab.gather(SIGNED)
    assert seen.zone is not None
    assert seen.diagnostics == ()
    assert seen.complete
    assert set(seen.zone.keys) == {"ksk@8/1", "zsk@8/1"}
    assert seen.zone.keys["ksk@8/1"] == replace(
        lab.signer("a").observe(SIGNED).keys[0], home="a", generation=1
    )
    assert seen.zone.parent.ds == {DsRef("ksk@8/1", 2)}
    facts = seen.zone.signers["a"]
    assert facts.dnskeys == {"ksk@8/1", "zsk@8/1"}
    assert facts.krrsig == {"ksk@8/1"}
    assert facts.zrrsig == {"zsk@8/1"}
    assert facts.ns == seen.zone.parent.ns == {"a"}
    assert facts.denial == Denial(kind=DenialKind.NSEC)
    assert (facts.dnskey_ttl, facts.negative_ttl, facts.ns_ttl) == (3600, 900, 86400)
    assert facts.signatures.validity == 1209600
    assert facts.signatures.expires is None
    assert seen.zone.history == ()
    assert not seen.zone.settled
    assert seen.key_text["zsk@8/1"].startswith("256 3 8 ")


def test_an_unsigned_zone_is_gathered_with_proof_that_it_has_no_ds(lab: Lab) -> None:
    seen = lab.gather(UNSIGNED)
    assert seen.zone is not None
    assert seen.diagnostics == ()
    assert seen.zone.keys == {}
    assert seen.zone.parent.ds == frozenset()
    assert seen.zone.parent.ds_negative_ttl == 900
    facts = seen.zone.signers["a"]
    assert facts.dnskeys == facts.krrsig == facts.zrrsig == frozenset()
    assert facts.denial == Denial(kind=DenialKind.NONE)


def test_the_same_facts_come_over_real_sockets(lab: Lab) -> None:
    in_memory = lab.gather(SIGNED)
    with lab.world.serve() as routes:
        over_the_wire = gather(
            lab.desired(SIGNED),
            {"a": lab.signer("a")},
            lab.parent(SIGNED),
            DnsExchange(routes),
            lab.observers,
            lab.world.now(),
        )
    assert over_the_wire == in_memory


def test_figures_come_from_what_is_declared_and_never_below_what_is_seen(lab: Lab) -> None:
    seen = lab.gather(SIGNED, bounds=DECLARED)
    assert seen.zone is not None
    assert seen.zone.assumed == ()
    facts, parent = seen.zone.signers["a"], seen.zone.parent
    assert (facts.propagation_delay, facts.signing_delay, facts.max_zone_ttl) == (300, 0, 86400)
    assert (parent.propagation_delay, parent.ds_ttl, parent.ns_ttl) == (3600, 3600, 86400)
    tight = lab.gather(SIGNED, bounds=Bounds(max_zone_ttl=60, propagation=1, parent_propagation=1))
    assert tight.zone is not None
    assert tight.zone.signers["a"].max_zone_ttl == 86400
    assert tight.zone.signers["a"].propagation_delay == 300


def test_every_figure_that_nobody_knows_is_said_in_a_sentence(lab: Lab) -> None:
    seen = lab.gather(UNSIGNED)
    assert seen.zone is not None
    text = "\n".join(seen.zone.assumed)
    assert "TTL of a DS: 172800 s" in text
    assert "DNSKEY TTL at a: 86400 s" in text
    assert seen.zone.parent.ds_ttl == 172800
    assert seen.zone.signers["a"].dnskey_ttl == 86400


def test_a_lagging_server_leaves_its_version_in_the_history(lab: Lab) -> None:
    lab.signer("a").apply(SIGNED, DnskeyAdd(signer="a", key="zsk@8/2", sign=False), {}, idem="one")
    seen = lab.gather(SIGNED)
    assert seen.zone is not None
    assert seen.zone.signers["a"].dnskeys == {"ksk@8/1", "zsk@8/1", "zsk@8/2"}
    assert seen.zone.history == (
        DnskeyVersion(
            signer="a",
            ttl=3600,
            propagation=300,
            keys=frozenset({"ksk@8/1", "zsk@8/1"}),
            signed_by=frozenset({"ksk@8/1"}),
        ),
    )
    assert codes(seen) == []
    assert {s.address: "zsk@8/2" in s.dnskeys for s in seen.children} == {NS1: True, NS2: False}
    lab.after(60)
    settled = lab.gather(SIGNED)
    assert settled.zone is not None
    assert settled.zone.history == ()


def test_of_several_lagging_versions_the_oldest_stands_for_ever(new_lab: LabMaker) -> None:
    layout = example_layout()
    signer = layout.signers[0]
    slow = replace(signer.servers[1], name="ns4.a.example.", address="192.0.2.4", lag=120)
    lab = new_lab(
        replace(
            layout, signers=(replace(signer, servers=(*signer.servers, slow)), layout.signers[1])
        )
    )
    a = lab.signer("a")
    a.apply(SIGNED, DnskeyAdd(signer="a", key="zsk@8/2", sign=False), {}, idem="one")
    lab.after(70)
    keys = {key.label: key for key in a.observe(SIGNED).keys}
    a.apply(SIGNED, DataSign(signer="a", keys=frozenset({"zsk@8/2"})), keys, idem="two")
    a.apply(SIGNED, DnskeyAdd(signer="a", key="zsk@8/3", sign=False), {}, idem="three")
    seen = lab.gather(SIGNED)
    assert seen.zone is not None
    versions = [v for v in seen.zone.history if isinstance(v, DnskeyVersion)]
    assert [(v.at, len(v.keys)) for v in versions] == [(None, 2), (-1, 3)]
    data = [v for v in seen.zone.history if isinstance(v, DataVersion)]
    assert [(v.at, set(v.signed_by)) for v in data] == [(None, {"zsk@8/1"})]
    assert seen.zone.signers["a"].zrrsig == {"zsk@8/2"}


def test_a_parent_server_that_lags_leaves_its_ds_in_the_history(lab: Lab) -> None:
    keys = {key.label: key for key in lab.signer("a").observe(SIGNED).keys}
    ds = frozenset({DsRef("ksk@8/1", 2), DsRef("ksk@8/1", 4)})
    lab.parent(SIGNED).apply(SIGNED, DsReplace(ds=ds), keys, idem="one")
    lab.after(700)
    seen = lab.gather(SIGNED)
    assert seen.zone is not None
    assert seen.zone.parent.ds == ds
    assert seen.zone.history == (
        DsVersion(ttl=3600, propagation=3600, ds=frozenset({DsRef("ksk@8/1", 2)})),
    )


def test_keys_that_are_held_but_not_published_are_known(lab: Lab) -> None:
    lab.signer("a").apply(SIGNED, DnskeyAdd(signer="a", key="ksk@13/2", sign=False), {}, idem="one")
    lab.after(60)
    seen = lab.gather(SIGNED)
    assert seen.zone is not None
    key = seen.zone.keys["ksk@13/2"]
    assert isinstance(key, Key)
    assert (key.home, key.generation, key.algorithm) == ("a", 2, 13)


def test_a_hosted_signer_switched_on_is_seen_whole(lab: Lab) -> None:
    move = ZoneSign(signer="hosted", keys=frozenset({"ksk@13/1", "zsk@13/1"}))
    lab.signer("hosted").apply("blog.example.", move, {}, idem="one")
    lab.after(120)
    seen = lab.gather("blog.example.")
    assert seen.zone is not None
    facts = seen.zone.signers["hosted"]
    assert facts.krrsig == {"ksk@13/1"}
    assert facts.zrrsig == {"zsk@13/1"}


def test_nsec3_parameters_are_seen(new_lab: LabMaker) -> None:
    layout = example_layout()
    denial = Denial(kind=DenialKind.NSEC3, iterations=0, salt=b"")
    zones = tuple(
        replace(zone, signing=replace(zone.signing, denial=denial)) for zone in layout.zones
    )
    tlds = tuple(replace(tld, signing=replace(tld.signing, denial=denial)) for tld in layout.tlds)
    lab = new_lab(replace(layout, zones=zones, tlds=tlds))
    signed, unsigned = lab.gather(SIGNED), lab.gather(UNSIGNED)
    assert signed.zone is not None
    assert signed.zone.signers["a"].denial == denial
    assert signed.children[0].denial == "nsec3"
    assert unsigned.zone is not None
    assert unsigned.zone.parent.ds == frozenset()


def test_one_chain_serves_many_zones_and_asks_their_common_ancestors_once(lab: Lab) -> None:
    chain = lab.chain()
    for zone in (SIGNED, UNSIGNED):
        gather(
            lab.desired(zone),
            {"a": lab.signer("a")},
            lab.parent(zone),
            lab.exchange,
            lab.observers,
            lab.world.now(),
            chain=chain,
        )
    asked = [question for _, question in lab.exchange.asked]
    assert asked.count(". DNSKEY") == 1
    assert asked.count("example. DNSKEY") == 1
    assert asked.count("example. DS") == 1


# --- what goes wrong -----------------------------------------------------------------------------


def silence(_query: bytes, _wire: bytes) -> None:
    return None


def not_authoritative(_query: bytes, wire: bytes) -> bytes:
    message = dns.message.from_wire(wire)
    message.flags &= ~dns.flags.AA
    return message.to_wire()


def upward(query: bytes, _wire: bytes) -> bytes:
    response = dns.message.make_response(dns.message.from_wire(query))
    response.authority.append(dns.rrset.from_text(".", 518400, "IN", "NS", "a.root."))
    return response.to_wire()


def garbage(_query: bytes, wire: bytes) -> bytes:
    return wire[:12] + b"\xff" * 40


def without_signatures(_query: bytes, wire: bytes) -> bytes:
    message = dns.message.from_wire(wire)
    for section in (message.answer, message.authority):
        section[:] = [rrset for rrset in section if rrset.rdtype != RdataType.RRSIG]
    return message.to_wire()


@pytest.mark.parametrize(
    ("meddle", "why"),
    [
        (silence, "no answer within"),
        (refused, "answered REFUSED"),
        (not_authoritative, "lame: it does not answer with authority for legacy.example."),
        (upward, "lame: it refers upward to ."),
        (garbage, "not a DNS message"),
    ],
)
def test_one_bad_child_server_is_a_warning_and_evidence_stays_incomplete(
    lab: Lab, meddle: Meddle, why: str
) -> None:
    lab.exchange.meddlers[NS2] = meddle
    seen = lab.gather(SIGNED)
    assert seen.zone is not None
    assert not seen.complete
    (warning,) = seen.diagnostics
    assert (warning.severity, warning.code) == (Severity.WARNING, "server-not-observed")
    assert "ns2.a.example. (192.0.2.2)" in warning.summary
    assert why in warning.summary
    assert warning.hint
    (bad,) = [sight for sight in seen.children if sight.error]
    assert bad.address == NS2
    assert bad.dnskeys == frozenset()


@pytest.mark.parametrize("meddle", [silence, refused, not_authoritative, upward, garbage])
def test_no_usable_child_server_leaves_no_zone(lab: Lab, meddle: Meddle) -> None:
    lab.exchange.meddlers |= {NS1: meddle, NS2: meddle}
    seen = lab.gather(SIGNED)
    assert seen.zone is None
    assert codes(seen) == ["nothing-observed"]
    assert "signer a" in seen.diagnostics[0].summary
    assert NS1 in seen.diagnostics[0].detail


def test_one_bad_parent_server_is_a_warning(lab: Lab) -> None:
    lab.exchange.meddlers[TLD2] = refused
    seen = lab.gather(SIGNED)
    assert seen.zone is not None
    assert not seen.complete
    assert codes(seen) == ["server-not-observed"]


def test_no_usable_parent_server_leaves_no_zone(lab: Lab) -> None:
    lab.exchange.meddlers |= {TLD1: silence, TLD2: silence}
    seen = lab.gather(SIGNED)
    assert seen.zone is None
    assert codes(seen) == ["no-usable-server"]


def test_an_unsigned_ds_answer_never_counts(lab: Lab) -> None:
    lab.exchange.meddlers |= {TLD2: without_signatures}
    seen = lab.gather(SIGNED)
    (bad,) = [sight for sight in seen.parent if sight.error]
    assert "no signature over the DS RRset verifies" in (bad.error or "")
    assert not seen.complete


def test_a_forged_absence_of_ds_never_counts(lab: Lab) -> None:
    def forged(_query: bytes, wire: bytes) -> bytes:
        message = dns.message.from_wire(wire)
        if message.question[0].rdtype == RdataType.DS:
            message.answer.clear()
        return message.to_wire()

    lab.exchange.meddlers |= {TLD1: forged, TLD2: forged}
    seen = lab.gather(SIGNED)
    assert seen.zone is None
    assert codes(seen) == ["parent-not-validated"]


def test_a_child_server_without_signatures_is_seen_to_have_none(lab: Lab) -> None:
    lab.exchange.meddlers[NS2] = without_signatures
    seen = lab.gather(SIGNED)
    by_address = {sight.address: sight for sight in seen.children}
    assert by_address[NS2].krrsig == by_address[NS2].zrrsig == frozenset()
    assert by_address[NS1].zrrsig == {"zsk@8/1"}
    assert "servers-disagree" in codes(seen)
    assert seen.zone is not None
    assert seen.zone.signers["a"].zrrsig == {"zsk@8/1"}
    assert {type(version) for version in seen.zone.history} == {DnskeyVersion, DataVersion}


def test_a_clock_that_is_wrong_is_named_as_the_cause(lab: Lab) -> None:
    for days in (-400, 400):
        now = lab.world.now().replace(year=lab.world.now().year + days // 365)
        seen = gather(
            lab.desired(SIGNED),
            {"a": lab.signer("a")},
            lab.parent(SIGNED),
            lab.exchange,
            lab.observers,
            now,
        )
        assert seen.zone is None
        assert codes(seen) == ["clock"]
        assert "date -u" in seen.diagnostics[0].hint


def test_a_server_stuck_in_the_past_serves_expired_signatures_which_do_not_count(lab: Lab) -> None:
    kept: dict[bytes, bytes] = {}

    def keep(query: bytes, wire: bytes) -> bytes:
        return kept.setdefault(query, wire)

    lab.exchange.meddlers[NS2] = keep
    lab.gather(SIGNED)
    lab.after(20 * 86400)
    seen = lab.gather(SIGNED)
    by_address = {sight.address: sight for sight in seen.children}
    assert by_address[NS2].krrsig == by_address[NS2].zrrsig == frozenset()
    assert by_address[NS1].zrrsig == {"zsk@8/1"}
    (warning,) = [d for d in seen.diagnostics if d.code == "signature-out-of-period"]
    assert "DNSKEY" in warning.summary
    assert "ns2.a.example. (192.0.2.2)" in warning.summary
    assert seen.zone is not None
    assert seen.zone.signers["a"].krrsig == {"ksk@8/1"}
    assert [type(v) for v in seen.zone.history] == [DnskeyVersion, DataVersion]


def test_signatures_that_nobody_refreshes_have_an_end(lab: Lab) -> None:
    lab.after(13 * 86400 + 18 * 3600)
    claim = lab.signer("a").observe(SIGNED)

    seen = gather(
        lab.desired(SIGNED),
        {"a": fixed_signer(lab, replace(claim, signing=False))},
        lab.parent(SIGNED),
        lab.exchange,
        lab.observers,
        lab.world.now(),
    )
    assert seen.zone is not None
    expires = seen.zone.signers["a"].signatures.expires
    earliest = min(s.signatures_end for s in seen.children if s.signatures_end)
    assert expires == (earliest - lab.world.now()).total_seconds()


def test_a_ds_that_fits_no_key_stands_by_its_own_name(lab: Lab) -> None:
    stray = Key(label="x", algorithm=13, flags=257, public_key=bytes(range(64)))
    keys = {key.label: key for key in lab.signer("a").observe(SIGNED).keys} | {"x": stray}
    ds = frozenset({DsRef("ksk@8/1", 2), DsRef("x", 2)})
    lab.parent(SIGNED).apply(SIGNED, DsReplace(ds=ds), keys, idem="one")
    lab.after(3600)
    seen = lab.gather(SIGNED)
    assert seen.zone is not None
    (unmatched,) = [e for e in seen.zone.keys.values() if isinstance(e, UnmatchedDs)]
    assert unmatched.label.startswith(f"ds-{stray.tag}-13-2-")
    assert unmatched.rdata is not None
    assert DsRef(unmatched.label, 2) in seen.zone.parent.ds
    assert codes(seen) == ["ds-without-key"]
