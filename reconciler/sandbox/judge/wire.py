"""A tiny DNS client: one question, one address, DO set, TCP where the answer is truncated."""

from __future__ import annotations

import secrets
import socket
import struct
import time
from collections.abc import Callable
from functools import cache

import dns.flags
import dns.message

PAYLOAD = 1232
"""Advertised UDP payload size: https://www.dnsflagday.net/2020/."""
ATTEMPTS = 3
"""UDP may lose a packet even on the loopback when its buffers are full."""
HEADER = 12
"""Octets of a DNS header (RFC 1035 §4.1.1)."""
TC = 0x0200
"""The truncation bit in the header's flags (RFC 1035 §4.1.1)."""
_LENGTH = struct.Struct("!H")
"""The length before each message on TCP (RFC 1035 §4.2.2)."""


class WireClient:
    """Asks servers over real sockets; an `Ask`.

    `endpoint` says on which IP address and port a published address is served. `timeout` is in
    real seconds for each attempt; nobody answering within it counts as no answer.
    """

    def __init__(self, endpoint: Callable[[str], tuple[str, int]], *, timeout: float = 1.0) -> None:
        """Ask the servers that `endpoint` names."""
        self._endpoint = endpoint
        self._timeout = timeout

    def __call__(self, address: str, qname: str, rdtype: str) -> bytes | None:
        """Return the answer's wire form, or None where nothing usable came back."""
        question = secrets.token_bytes(2) + _question(qname, rdtype)
        try:
            return self._exchange(self._endpoint(address), question)
        except OSError:
            return None

    def _exchange(self, target: tuple[str, int], question: bytes) -> bytes | None:
        for _ in range(ATTEMPTS):
            answer = self._udp(target, question)
            if answer is not None:
                truncated = struct.unpack("!H", answer[2:4])[0] & TC
                return self._tcp(target, question) if truncated else answer
        return None

    def _udp(self, target: tuple[str, int], question: bytes) -> bytes | None:
        deadline = time.monotonic() + self._timeout
        with socket.socket(_family(target), socket.SOCK_DGRAM) as udp:
            udp.connect(target)
            udp.send(question)
            while (left := deadline - time.monotonic()) > 0:
                udp.settimeout(left)
                try:
                    answer = udp.recv(65535)
                except TimeoutError:
                    return None
                if _answers(answer, question):
                    return answer
        return None

    def _tcp(self, target: tuple[str, int], question: bytes) -> bytes | None:
        with socket.create_connection(target, timeout=self._timeout) as tcp:
            tcp.sendall(_LENGTH.pack(len(question)) + question)
            with tcp.makefile("rb") as stream:
                prefix = stream.read(_LENGTH.size)
                answer = (
                    stream.read(*_LENGTH.unpack(prefix)) if len(prefix) == _LENGTH.size else b""
                )
        return answer if _answers(answer, question) else None


@cache
def _question(qname: str, rdtype: str) -> bytes:
    """Return the query but for its ID."""
    query = dns.message.make_query(qname, rdtype, want_dnssec=True, payload=PAYLOAD)
    query.flags &= ~dns.flags.RD
    return query.to_wire()[2:]


def _family(target: tuple[str, int]) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in target[0] else socket.AF_INET


def _answers(answer: bytes, question: bytes) -> bool:
    return len(answer) >= HEADER and answer[:2] == question[:2] and bool(answer[2] & 0x80)
