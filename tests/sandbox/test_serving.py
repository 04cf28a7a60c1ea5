"""Real sockets: UDP and TCP, sizes, truncation, and packets that make no sense."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import ObservationError
from reconciler.sandbox.serving import RESOLVER, Serving
from reconciler.sandbox.wire import EDNS_SIZE
from reconciler.sandbox.world import World
from tests.sandbox.worlds import SHOP, START, TLD, sign, zone_layout

ZONE = "legacy.example."
TIMEOUT = 5.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Serving]]:
    big = tuple(f'big TXT "{number} {"x" * 200}"' for number in range(12))
    layout = zone_layout(records=("www 60 A 192.0.2.80", *big))
    with World.create(tmp_path_factory.mktemp("w"), start=START, layout=layout, seed=1) as world:
        sign(world, "shop.example.", "ksk@13/1", "zsk@13/1")
        with world.serve() as serving:
            yield world, serving


def udp(serving: Serving, query: bytes, address: str = SHOP) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(TIMEOUT)
        sock.sendto(query, serving.endpoint(address))
        return sock.recv(65535)


def tcp(serving: Serving, query: bytes, address: str = SHOP) -> bytes:
    with socket.create_connection(serving.endpoint(address), TIMEOUT) as sock:
        sock.sendall(struct.pack("!H", len(query)) + query)
        return receive(sock)


def receive(sock: socket.socket) -> bytes:
    return exactly(sock, int.from_bytes(exactly(sock, 2)))


def exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        assert more, "the server closed too early"
        data += more
    return data


def question(
    name: str = ZONE, rdtype: str = "DNSKEY", payload: int | None = None
) -> dns.message.Message:
    return dns.message.make_query(name, rdtype, want_dnssec=True, payload=payload)


def test_the_same_answer_comes_by_udp_tcp_and_in_process(served: tuple[World, Serving]) -> None:
    world, serving = served
    query = question(rdtype="A")
    expected = world.respond(SHOP, query.to_wire())
    assert udp(serving, query.to_wire()) == expected
    assert tcp(serving, query.to_wire()) == expected


def test_what_does_not_fit_is_truncated_and_complete_over_tcp(
    served: tuple[World, Serving],
) -> None:
    query = question("big.shop.example.", "TXT", payload=4096)
    short = dns.message.from_wire(udp(served[1], query.to_wire()))
    assert short.flags & dns.flags.TC
    assert not short.answer
    assert short.payload == EDNS_SIZE
    whole = dns.message.from_wire(tcp(served[1], query.to_wire()))
    assert len(whole.answer[0]) == 12


@pytest.mark.parametrize(("payload", "flag"), [(512, "TC"), (1232, ""), (100, "TC")])
def test_the_size_that_the_client_offers_counts(
    served: tuple[World, Serving], payload: int, flag: str
) -> None:
    answer = udp(served[1], question(payload=payload).to_wire())
    assert bool(dns.message.from_wire(answer).flags & dns.flags.TC) is bool(flag)
    assert len(answer) <= max(payload, 512)


def test_without_edns_512_octets_are_the_limit_and_none_is_returned(
    served: tuple[World, Serving],
) -> None:
    answer = dns.message.from_wire(udp(served[1], dns.message.make_query(ZONE, "TXT").to_wire()))
    assert answer.edns == -1
    big = dns.message.make_query("big.shop.example.", "TXT").to_wire()
    assert dns.message.from_wire(udp(served[1], big)).flags & dns.flags.TC


def test_many_queries_on_one_connection_are_answered_in_order(
    served: tuple[World, Serving],
) -> None:
    queries = [question(rdtype=rdtype) for rdtype in ("A", "SOA", "NS", "DNSKEY")]
    sent = b"".join(struct.pack("!H", len(q.to_wire())) + q.to_wire() for q in queries)
    with socket.create_connection(served[1].endpoint(SHOP), TIMEOUT) as sock:
        for byte in (sent[:1], sent[1:7], sent[7:]):
            sock.sendall(byte)
        for query in queries:
            assert query.is_response(dns.message.from_wire(receive(sock)))


def test_the_resolver_endpoint_answers_for_every_zone(served: tuple[World, Serving]) -> None:
    for name, rdtype in ((".", "DNSKEY"), ("example.", "DS"), (ZONE, "DS"), (ZONE, "A")):
        answer = dns.message.from_wire(udp(served[1], question(name, rdtype).to_wire(), RESOLVER))
        assert answer.rcode() == dns.rcode.NOERROR
        assert answer.flags & dns.flags.AA
        assert answer.answer


def test_an_address_that_nobody_has_is_an_error_with_a_hint(
    served: tuple[World, Serving],
) -> None:
    with pytest.raises(ObservationError) as caught:
        served[1].endpoint("192.0.2.250")
    assert caught.value.diagnostics[0].hint


def test_errors_of_the_protocol_are_answered_as_the_rfcs_say(
    served: tuple[World, Serving],
) -> None:
    notify = question()
    notify.set_opcode(dns.opcode.NOTIFY)
    versioned = question()
    versioned.use_edns(1)
    chaos = dns.message.make_query("version.bind.", "TXT", dns.rdataclass.CH)
    two = question()
    two.question.append(question(rdtype="A").question[0])
    cases = {
        dns.rcode.NOTIMP: notify,
        dns.rcode.BADVERS: versioned,
        dns.rcode.REFUSED: chaos,
        dns.rcode.FORMERR: two,
    }
    for rcode, query in cases.items():
        answer = dns.message.from_wire(udp(served[1], query.to_wire()))
        assert answer.rcode() == rcode
        assert answer.id == query.id


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_no_packet_stops_the_server(served: tuple[World, Serving], data: st.DataObject) -> None:
    world = served[0]
    wire = bytearray(question().to_wire())
    for _ in range(data.draw(st.integers(1, 6))):
        wire[data.draw(st.integers(2, len(wire) - 1))] = data.draw(st.integers(0, 255))
    noise = data.draw(st.one_of(st.just(bytes(wire)), st.binary(max_size=80)))
    answer = world.respond(SHOP, noise)
    assert answer is None or answer[:2] == noise[:2]


def test_rubbish_by_udp_and_tcp_leaves_the_server_alive(served: tuple[World, Serving]) -> None:
    serving = served[1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for junk in (b"", b"x", b"\0" * 11, b"\xff" * 600, question().to_wire()[:20]):
            sock.sendto(junk, serving.endpoint(SHOP))
    for junk in (b"\0", b"\0\0", b"\xff\xff", b"\0\x05abcde", b"GET / HTTP/1.0\r\n\r\n"):
        with socket.create_connection(serving.endpoint(SHOP), TIMEOUT) as sock:
            sock.sendall(junk)
    assert dns.message.from_wire(udp(serving, question().to_wire())).answer


def test_a_response_is_never_answered(served: tuple[World, Serving]) -> None:
    reply = question()
    reply.flags |= dns.flags.QR
    assert served[0].respond(SHOP, reply.to_wire()) is None


def test_closing_leaves_no_thread_and_no_port(world: World) -> None:
    before = threading.active_count()
    with world.serve() as serving:
        endpoint = serving.endpoint(TLD)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(endpoint, TIMEOUT)


def test_two_worlds_can_be_served_at_once(world: World) -> None:
    with world.serve() as one, world.serve() as two:
        assert one.endpoint(SHOP) != two.endpoint(SHOP)
        for serving in (one, two):
            assert dns.message.from_wire(udp(serving, question().to_wire())).answer
