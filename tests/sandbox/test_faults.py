"""What goes wrong on purpose: in calls and in answers, for a while or for a number of times."""

from __future__ import annotations

from datetime import timedelta

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest

from reconciler.diagnostics import AdapterError, SpecError
from reconciler.model.keys import DsRef
from reconciler.model.moves import DnskeyAdd, DsReplace, ZoneSign, ZoneUnsign
from reconciler.sandbox.faults import Fault, FaultKind
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.sandbox.worlds import DAY, SHOP, START, TLD, Client

ZONE = "shop.example."
SIGN = ZoneSign(signer="a", keys=frozenset({"ksk@13/1", "zsk@13/1"}))
QUERY = dns.message.make_query(ZONE, "SOA").to_wire()


def call(world: World, idem: str = "1") -> None:
    signer(world, "a").apply(ZONE, SIGN, {}, idem)


def signing(world: World) -> bool:
    return signer(world, "a").observe(ZONE).signing


def fail(world: World, kind: FaultKind, target: str = "a", **more: int) -> None:
    world.inject(Fault(kind=kind, target=target, **more))  # type: ignore[arg-type]


def test_a_refusal_changes_nothing_and_ends_after_its_count(world: World) -> None:
    fail(world, FaultKind.REFUSE, count=2)
    for _ in range(2):
        with pytest.raises(AdapterError) as caught:
            call(world)
        assert not caught.value.unsettled
        assert not signing(world)
    call(world)
    assert signing(world)


def test_throttling_says_when_to_come_back(world: World) -> None:
    fail(world, FaultKind.THROTTLE, count=1, seconds=42)
    with pytest.raises(AdapterError) as caught:
        call(world)
    assert caught.value.diagnostics[0].code == "throttled"
    assert "42 seconds" in caught.value.diagnostics[0].hint


def test_a_silent_no_op_says_yes_and_the_next_call_works(world: World) -> None:
    fail(world, FaultKind.SILENT_NOOP, count=1)
    call(world)
    assert not signing(world)
    call(world)
    assert signing(world)


def test_an_ambiguous_call_has_its_effect_once(world: World) -> None:
    fail(world, FaultKind.AMBIGUOUS, count=1)
    with pytest.raises(AdapterError) as caught:
        call(world)
    assert caught.value.unsettled
    assert signing(world)
    keys = signer(world, "a").observe(ZONE).keys
    call(world)
    assert signer(world, "a").observe(ZONE).keys == keys


def test_half_a_change_can_be_finished_by_repeating_it(world: World, client: Client) -> None:
    fail(world, FaultKind.PARTIAL, count=1)
    with pytest.raises(AdapterError) as caught:
        call(world)
    assert not caught.value.unsettled
    answer = client.ask(SHOP, ZONE, "DNSKEY").answer
    assert [rrset.rdtype.name for rrset in answer] == ["DNSKEY"]
    call(world)
    assert len(client.ask(SHOP, ZONE, "DNSKEY").answer) == 2


def test_half_an_unsigning_leaves_keys_without_signatures(world: World, client: Client) -> None:
    call(world)
    fail(world, FaultKind.PARTIAL, count=1)
    with pytest.raises(AdapterError):
        signer(world, "a").apply(ZONE, ZoneUnsign(signer="a"), {}, "2")
    assert [r.rdtype.name for r in client.ask(SHOP, ZONE, "DNSKEY").answer] == ["DNSKEY"]


def test_half_a_ds_change_leaves_old_and_new(world: World, client: Client) -> None:
    call(world)
    created = signer(world, "a").apply(
        ZONE, DnskeyAdd(signer="a", key="ksk@13/2", sign=True), {}, "2"
    )
    keys = {key.label: key for key in signer(world, "a").observe(ZONE).keys}
    assert created.created["ksk@13/2"] == keys["ksk@13/2"]
    registrar = parent(world, "registrar")
    registrar.apply(ZONE, DsReplace(ds=frozenset({DsRef("ksk@13/1", 2)})), keys, "3")
    fail(world, FaultKind.PARTIAL, "registrar", count=1)
    with pytest.raises(AdapterError):
        registrar.apply(ZONE, DsReplace(ds=frozenset({DsRef("ksk@13/2", 2)})), keys, "4")
    world.act(ZONE)
    assert len(client.ask(TLD, ZONE, "DS").answer[0]) == 2


def test_a_server_that_falls_behind_stands_still_and_never_goes_back(
    world: World, client: Client
) -> None:
    world.leap_to(START + DAY)
    call(world)
    fail(world, FaultKind.LAG, "ns1.a.example.", seconds=7200)
    signer(world, "a").apply(ZONE, DnskeyAdd(signer="a", key="zsk@13/2", sign=False), {}, "2")

    def count() -> int:
        return len(client.ask(SHOP, ZONE, "DNSKEY").answer[0])

    assert count() == 2
    assert world.next_change(world.now() + timedelta(seconds=301)) == world.now() + timedelta(
        seconds=7200
    )
    world.leap_to(world.now() + timedelta(seconds=7199))
    assert count() == 2
    world.leap_to(world.now() + timedelta(seconds=1))
    assert count() == 3
    world.clear_faults()
    assert count() == 3


def test_a_fault_of_a_server_ends_when_it_was_said_to(world: World) -> None:
    until = START + timedelta(hours=1)
    world.inject(Fault(kind=FaultKind.SERVER_DOWN, target="ns1.a.example.", until=until))
    assert world.respond(SHOP, QUERY) is None
    assert world.respond("192.0.2.2", QUERY) is not None
    assert world.next_change(START + timedelta(minutes=30)) == until
    world.leap_to(until)
    assert world.respond(SHOP, QUERY) is not None


def test_a_counted_fault_of_a_server_strikes_that_often(world: World) -> None:
    fail(world, FaultKind.SERVER_DOWN, "ns1.a.example.", count=2)
    assert [world.respond(SHOP, QUERY) is None for _ in range(4)] == [True, True, False, False]


def test_a_lame_server_refuses_without_authority(world: World) -> None:
    fail(world, FaultKind.LAME, "ns1.a.example.")
    answer = dns.message.from_wire(world.respond(SHOP, QUERY) or b"")
    assert answer.rcode() == dns.rcode.REFUSED
    assert not answer.flags & dns.flags.AA


@pytest.mark.parametrize("kind", [FaultKind.TRUNCATE_GARBAGE, FaultKind.MALFORMED])
def test_spoilt_answers_cannot_be_read(world: World, kind: FaultKind) -> None:
    fail(world, kind, "ns1.a.example.")
    wire = world.respond(SHOP, QUERY)
    assert wire is not None
    assert wire[:2] == QUERY[:2]
    with pytest.raises(dns.exception.DNSException):
        dns.message.from_wire(wire)


def test_an_unknown_target_is_an_error(world: World) -> None:
    for kind, target in (
        (FaultKind.REFUSE, "nobody"),
        (FaultKind.REFUSE, "ns1.a.example."),
        (FaultKind.LAG, "a"),
    ):
        with pytest.raises(SpecError, match=target):
            fail(world, kind, target)


def test_an_api_that_cannot_be_reached_can_neither_be_asked_nor_told(world: World) -> None:
    fail(world, FaultKind.UNREACHABLE, count=2)
    with pytest.raises(AdapterError, match="connection refused"):
        signer(world, "a").observe(ZONE)
    with pytest.raises(AdapterError, match="connection refused"):
        call(world)
    assert not signing(world)
    fail(world, FaultKind.UNREACHABLE, "by-hand")
    with pytest.raises(AdapterError, match="connection refused"):
        parent(world, "by-hand").observe("bank.example.")


def test_faults_are_seen_in_the_dump(world: World) -> None:
    fail(world, FaultKind.REFUSE, count=3)
    assert world.dump()["faults"] == [
        {
            "kind": "refuse",
            "target": "a",
            "seconds": 30,
            "remaining": 3,
            "since": "2026-01-01T00:00:00Z",
            "until": None,
        }
    ]
