"""One query, one answer, whatever the other side sends."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import pytest
from dns.rdatatype import RdataType

from reconciler.observe.transport import ATTEMPTS, DnsExchange, SystemRoutes
from reconciler.observe.wire import build_query
from reconciler.ports import Answer

if TYPE_CHECKING:
    from tests.observe.conftest import LoopbackRoutes, Reply, Script, ScriptedServer, ServerMaker

    Asking = Callable[..., tuple[Answer, ScriptedServer]]
    Forge = Callable[[bytes], bytes]

ZONE = dns.name.from_text("shop.example.")
QUERY = build_query(ZONE, RdataType.SOA)
SOA = "shop.example. 3600 SOA ns1.shop.example. admin.shop.example. 7 10800 3600 604800 900"


@pytest.fixture
def ask(serve: ServerMaker, routes: LoopbackRoutes) -> Asking:
    def start(
        udp: Script | None = None,
        tcp: Script | None = None,
        *,
        timeout: float = 0.2,
        attempts: int = 2,
    ) -> tuple[Answer, ScriptedServer]:
        server = serve(udp, tcp)
        routes.endpoints["192.0.2.1"] = server.endpoint
        exchange = DnsExchange(routes, timeout=timeout, attempts=attempts)
        return exchange.exchange("ns1.example.", "192.0.2.1", QUERY), server

    return start


def test_a_good_udp_answer_comes_back_with_the_querys_own_id(ask: Asking, reply: Reply) -> None:
    answer, server = ask(lambda q: [reply(q, SOA).to_wire()])
    assert answer.error is None
    assert answer.transport == "udp"
    assert answer.wire is not None
    assert answer.wire[:2] == QUERY[:2]
    message = dns.message.from_wire(answer.wire)
    assert message.answer[0][0].serial == 7
    assert [transport for transport, _ in server.asked] == ["udp"]


def test_every_query_has_its_own_random_id_and_asks_for_dnssec_without_recursion(
    serve: ServerMaker, routes: LoopbackRoutes, reply: Reply
) -> None:
    server = serve(lambda q: [reply(q, SOA).to_wire()])
    routes.endpoints["192.0.2.1"] = server.endpoint
    exchange = DnsExchange(routes, timeout=0.5)
    for _ in range(20):
        exchange.exchange("ns1.example.", "192.0.2.1", QUERY)
    asked = [dns.message.from_wire(wire) for _, wire in server.asked]
    assert len({message.id for message in asked}) > 15
    assert all(message.ednsflags & dns.flags.DO for message in asked)
    assert all(message.payload == 1232 for message in asked)
    assert not any(message.flags & dns.flags.RD for message in asked)


def test_a_truncated_answer_is_asked_for_again_over_tcp(ask: Asking, reply: Reply) -> None:
    answer, server = ask(
        lambda q: [reply(q, flags="AA TC").to_wire()], lambda q: [reply(q, SOA).to_wire()]
    )
    assert answer.error is None
    assert answer.transport == "tcp"
    assert [transport for transport, _ in server.asked] == ["udp", "tcp"]


def test_silence_over_udp_is_followed_by_tcp(ask: Asking, reply: Reply) -> None:
    answer, server = ask(None, lambda q: [reply(q, SOA).to_wire()])
    assert answer.transport == "tcp"
    assert answer.error is None
    assert [transport for transport, _ in server.asked] == ["udp", "udp", "tcp"]


def test_silence_everywhere_is_an_error_within_the_promised_time(ask: Asking) -> None:
    begun = time.monotonic()
    answer, _ = ask(None, lambda _: [], timeout=0.2)
    assert answer.wire is None
    assert "no answer within 0.2 s" in (answer.error or "")
    assert time.monotonic() - begun < 0.2 * (ATTEMPTS + 1) + 1


def test_a_dead_address_is_asked_once_and_others_are_asked_on(
    serve: ServerMaker, routes: LoopbackRoutes, reply: Reply
) -> None:
    dead, alive = serve(None, lambda _: []), serve(lambda q: [reply(q, SOA).to_wire()])
    routes.endpoints |= {"192.0.2.1": dead.endpoint, "192.0.2.2": alive.endpoint}
    exchange = DnsExchange(routes, timeout=0.2)
    assert "no answer" in (exchange.exchange("ns1.", "192.0.2.1", QUERY).error or "")
    tries = len(dead.asked)
    assert "silent before" in (exchange.exchange("ns1.", "192.0.2.1", QUERY).error or "")
    assert len(dead.asked) == tries
    assert exchange.exchange("ns2.", "192.0.2.2", QUERY).error is None


def test_a_port_where_nobody_listens_is_said_at_once(routes: LoopbackRoutes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        routes.endpoints["192.0.2.1"] = free.getsockname()
    begun = time.monotonic()
    answer = DnsExchange(routes, timeout=5).exchange("ns1.example.", "192.0.2.1", QUERY)
    assert answer.wire is None
    assert "nobody listens there" in (answer.error or "")
    assert time.monotonic() - begun < 2


def test_an_address_without_a_route_is_an_error_value(routes: LoopbackRoutes) -> None:
    answer = DnsExchange(routes).exchange("ns1.example.", "192.0.2.9", QUERY)
    assert "no route to this address" in (answer.error or "")


def _with_id(wire: bytes, change: int) -> bytes:
    return bytes([wire[0] ^ change]) + wire[1:]


def test_answers_with_another_id_are_passed_over_until_the_right_one(
    ask: Asking, reply: Reply
) -> None:
    answer, _ = ask(
        lambda q: [_with_id(reply(q).to_wire(), 1), b"", b"\0", reply(q, SOA).to_wire()]
    )
    assert answer.error is None
    assert answer.transport == "udp"
    assert dns.message.from_wire(answer.wire or b"").answer


@pytest.mark.parametrize(
    "forge",
    [
        pytest.param(lambda wire: _with_id(wire, 0x40), id="another id"),
        pytest.param(lambda wire: wire.replace(b"\x04shop", b"\x04spam"), id="another name"),
        pytest.param(lambda wire: wire[:2] + b"\x04" + wire[3:], id="a query, not a response"),
        pytest.param(lambda wire: wire[:2] + b"\xa4" + wire[3:], id="another opcode"),
        pytest.param(lambda wire: wire[:11], id="shorter than a header"),
        pytest.param(lambda wire: wire[:4] + b"\0\0" + wire[6:], id="NOERROR without a question"),
    ],
)
def test_answers_to_something_else_never_count(forge: Forge, ask: Asking, reply: Reply) -> None:
    def forged(query: bytes) -> list[bytes]:
        return [forge(reply(query, SOA).to_wire())]

    answer, _ = ask(forged, forged)
    assert answer.wire is None
    assert answer.error


def test_a_question_in_other_letter_case_is_the_same_question(ask: Asking, reply: Reply) -> None:
    answer, _ = ask(lambda q: [reply(q, SOA).to_wire().replace(b"\x04shop", b"\x04sHOP", 1)])
    assert answer.error is None


def test_a_malformed_answer_is_tried_again_and_over_tcp(ask: Asking, reply: Reply) -> None:
    answer, server = ask(
        lambda q: [reply(q, SOA).to_wire()[:-25]], lambda q: [reply(q, SOA).to_wire()]
    )
    assert answer.error is None
    assert [transport for transport, _ in server.asked] == ["udp", "udp", "tcp"]


def test_malformed_everywhere_is_an_error_that_says_so(ask: Asking, reply: Reply) -> None:
    def cut(query: bytes) -> list[bytes]:
        return [reply(query, SOA).to_wire()[:-25]]

    answer, _ = ask(cut, cut)
    assert answer.wire is None
    assert answer.error == "udp: malformed answer; tcp: malformed answer"


def test_truncation_over_tcp_is_an_error(ask: Asking, reply: Reply) -> None:
    def short(query: bytes) -> list[bytes]:
        return [reply(query, flags="AA TC").to_wire()]

    answer, _ = ask(short, short)
    assert answer.error == "tcp: truncated over TCP"


def test_a_tcp_connection_that_closes_early_is_an_error(ask: Asking) -> None:
    answer, _ = ask(None, None)
    assert "connection closed before the answer was complete" in (answer.error or "")


def test_a_flood_of_wrong_answers_ends_the_try(ask: Asking, reply: Reply) -> None:
    def flood(query: bytes) -> list[bytes]:
        return [_with_id(reply(query).to_wire(), 1 + n % 200) for n in range(200)]

    answer, _ = ask(flood, flood, timeout=5, attempts=1)
    assert answer.wire is None
    assert "only answers with another id or question" in (answer.error or "")


def test_the_systems_network_is_asked_at_port_53() -> None:
    assert SystemRoutes().endpoint("192.0.2.1") == ("192.0.2.1", 53)


def test_an_error_without_question_still_answers_the_query(ask: Asking) -> None:
    def confused(query: bytes) -> list[bytes]:
        return [query[:2] + b"\x80\x01" + b"\0" * 8]

    answer, _ = ask(confused)
    assert answer.error is None
    assert answer.transport == "udp"
