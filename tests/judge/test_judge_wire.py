"""The judge's own DNS client, against real sockets that misbehave."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rrset

from reconciler.sandbox.judge import WireClient

Reply = Callable[[bytes], list[bytes]]


def answer(query: bytes, flags: int = dns.flags.AA) -> bytes:
    message = dns.message.make_response(dns.message.from_wire(query))
    message.flags |= flags
    rrset = dns.rrset.from_text("example.", 60, "IN", "TXT", '"' + "x" * 200 + '"')
    if not flags & dns.flags.TC:
        message.answer.append(rrset)
    return message.to_wire()


@contextmanager
def server(udp_reply: Reply, tcp_reply: Reply | None = None) -> Iterator[WireClient]:
    """Serve UDP, and TCP where there is a reply for it, on one loopback port."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
    ):
        udp.bind(("127.0.0.1", 0))
        target = udp.getsockname()
        threads = [threading.Thread(target=serve_udp, args=(udp, udp_reply))]
        if tcp_reply:
            tcp.bind(target)
            tcp.listen()
            threads.append(threading.Thread(target=serve_tcp, args=(tcp, tcp_reply)))
        for thread in threads:
            thread.start()
        yield WireClient(lambda _: target, timeout=0.1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stop:
            stop.sendto(b"", target)
        for thread in threads:
            thread.join()


def serve_udp(udp: socket.socket, reply: Reply) -> None:
    while True:
        query, peer = udp.recvfrom(4096)
        if not query:
            return
        for wire in reply(query):
            udp.sendto(wire, peer)


def serve_tcp(tcp: socket.socket, reply: Reply) -> None:
    connection, _ = tcp.accept()
    with connection:
        query = connection.recv(4096)[2:]
        for wire in reply(query):
            connection.sendall(struct.pack("!H", len(wire)) + wire)


def test_an_answer_comes_back_whole_and_was_asked_for_with_do() -> None:
    seen: list[bytes] = []

    def reply(query: bytes) -> list[bytes]:
        seen.append(query)
        return [answer(query)]

    with server(reply) as ask:
        wire = ask("anywhere", "example.", "TXT")
    assert wire is not None
    assert len(dns.message.from_wire(wire).answer) == 1
    question = dns.message.from_wire(seen[0])
    assert question.ednsflags & dns.flags.DO
    assert not question.flags & dns.flags.RD


def test_a_truncated_answer_is_asked_for_again_by_tcp() -> None:
    with server(lambda q: [answer(q, dns.flags.TC)], lambda q: [answer(q)]) as ask:
        wire = ask("anywhere", "example.", "TXT")
    assert wire is not None
    assert len(dns.message.from_wire(wire).answer) == 1


def test_answers_to_other_questions_are_passed_over() -> None:
    def reply(query: bytes) -> list[bytes]:
        forged = bytes([query[0] ^ 1]) + answer(query)[1:]
        return [b"short", query, forged, answer(query)]

    with server(reply) as ask:
        assert ask("anywhere", "example.", "TXT") is not None


def test_a_lost_packet_is_asked_for_again() -> None:
    lost: list[bytes] = []

    def reply(query: bytes) -> list[bytes]:
        lost.append(query)
        return [answer(query)] if len(lost) > 1 else []

    with server(reply) as ask:
        assert ask("anywhere", "example.", "TXT") is not None


def test_silence_and_a_closed_port_are_no_answer() -> None:
    with server(lambda _: []) as ask:
        assert ask("anywhere", "example.", "TXT") is None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()
    assert WireClient(lambda _: closed, timeout=0.1)("anywhere", "example.", "TXT") is None


def test_a_tcp_server_that_says_nothing_is_no_answer() -> None:
    with server(lambda q: [answer(q, dns.flags.TC)], lambda _: []) as ask:
        assert ask("anywhere", "example.", "TXT") is None
    with server(lambda q: [answer(q, dns.flags.TC)]) as ask:
        assert ask("anywhere", "example.", "TXT") is None
