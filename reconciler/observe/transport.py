"""DNS over UDP and TCP: one query, one address, one answer, bounded in time and work.

Failures are values (`Answer.error`), whatever the other side sends. Nothing above this module knows
sockets.
"""

from __future__ import annotations

import secrets
import socket
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler.observe.wire import HEADER, parse, question_of
from reconciler.ports import Answer, Routes

DNS_PORT = 53
TIMEOUT = 3.0
"""Seconds for one try. BIND's resolver gives a server 0.8 to 10 s, dig 5 s; three tries of 3 s
outlast one lost packet and a slow path without holding up a run of many servers."""
ATTEMPTS = 2
"""UDP tries before TCP: of two independent losses of 1 % each, one run in 10,000 suffers."""
STRAY_LIMIT = 64
"""Datagrams that do not match before a try is given up: a flood must not keep a run busy."""

_TC = 0x02
_QR = 0x80
_OPCODE = 0x78


class SystemRoutes:
    """The network of this machine: every server where it says it is, at port 53."""

    def endpoint(self, address: str) -> tuple[str, int]:
        """Return `address` itself and the DNS port."""
        return address, DNS_PORT


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why one try gave no answer; `final` where trying UDP again is of no use, `silent` where
    nothing at all came back.
    """

    why: str
    final: bool = False
    silent: bool = False


class DnsExchange:
    """Asks by UDP from a random port with a random id; by TCP where the answer is truncated or no
    usable one came. Implements `ports.Exchange`.

    One exchange takes at most `timeout * (attempts + 1)` seconds. An address that was silent over
    UDP and gave no answer over TCP is not asked again by this object: a dead server costs one
    exchange, not one for each question. The wire of an answer bears the id of the query as it was
    handed in.
    """

    def __init__(
        self, routes: Routes, *, timeout: float = TIMEOUT, attempts: int = ATTEMPTS
    ) -> None:
        """Send where `routes` say; `timeout` in seconds per try, `attempts` UDP tries."""
        self._routes = routes
        self._timeout = timeout
        self._attempts = attempts
        self._dead: set[str] = set()

    def exchange(self, server: str, address: str, query: bytes) -> Answer:
        """Send `query`; an answer counts if id, question, source and form are right."""
        failures: list[_Failure] = []
        told: list[str] = []
        if address in self._dead:
            told = ["it was silent before, so it was not asked again"]
        for transport, outcome in () if told else self._tries(address, query):
            if isinstance(outcome, bytes):
                wire = query[:2] + outcome[2:]
                return Answer(server=server, address=address, transport=transport, wire=wire)
            failures.append(outcome)
            told.append(f"{transport}: {outcome.why}")
        *by_udp, _by_tcp = failures or [_Failure("")]
        if by_udp and all(failure.silent for failure in by_udp):
            self._dead.add(address)
        error = "; ".join(dict.fromkeys(told))
        return Answer(server=server, address=address, transport="tcp", wire=None, error=error)

    def _tries(self, address: str, query: bytes) -> Iterator[tuple[str, bytes | _Failure]]:
        for _ in range(self._attempts):
            outcome = self._try(_udp, address, query)
            if isinstance(outcome, bytes) and outcome[2] & _TC:
                break
            yield "udp", outcome
            if isinstance(outcome, bytes) or outcome.final:
                break
        yield "tcp", self._try(_tcp, address, query)

    def _try(self, send: _Send, address: str, query: bytes) -> bytes | _Failure:
        deadline = time.monotonic() + self._timeout
        try:
            host, port = self._routes.endpoint(address)
            return send(host, port, secrets.token_bytes(2) + query[2:], deadline)
        except TimeoutError:
            return _Failure(f"no answer within {self._timeout:g} s", silent=True)
        except ConnectionRefusedError:
            return _Failure("nobody listens there", final=True)
        except OSError as error:
            return _Failure(error.strerror or str(error), final=True)
        except LookupError:
            return _Failure("no route to this address", final=True)


_Send = Callable[[str, int, bytes, float], "bytes | _Failure"]


def _udp(host: str, port: int, query: bytes, deadline: float) -> bytes | _Failure:
    """Send one datagram; return the first that matches. Connected: others' datagrams are dropped
    by the system and ICMP errors are heard.
    """
    with socket.socket(_family(host), socket.SOCK_DGRAM) as sock:
        sock.connect((host, port))
        sock.send(query)
        for strays in range(STRAY_LIMIT):
            try:
                sock.settimeout(_left(deadline))
                datagram = sock.recv(65535)
            except TimeoutError:
                if strays:
                    break
                raise
            if _matches(datagram, query):
                return _checked(datagram)
    return _Failure("only answers with another id or question")


def _tcp(host: str, port: int, query: bytes, deadline: float) -> bytes | _Failure:
    """Send one message with its length before it (RFC 7766 §8); return the first that matches."""
    with socket.create_connection((host, port), timeout=_left(deadline)) as sock:
        sock.sendall(struct.pack("!H", len(query)) + query)
        for _ in range(STRAY_LIMIT):
            (length,) = struct.unpack("!H", _exactly(sock, 2, deadline))
            message = _exactly(sock, length, deadline)
            if _matches(message, query):
                cut = message[2] & _TC
                return _Failure("truncated over TCP") if cut else _checked(message)
    return _Failure("only answers with another id or question")


def _exactly(sock: socket.socket, count: int, deadline: float) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        sock.settimeout(_left(deadline))
        part = sock.recv(count - len(parts))
        if not part:
            raise ConnectionResetError(0, "connection closed before the answer was complete")
        parts += part
    return bytes(parts)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _matches(message: bytes, query: bytes) -> bool:
    """True if `message` answers `query`: id, QR, opcode, question (RFC 5452 §9.1).

    A server that cannot even read the query may send its error without the question.
    """
    if len(message) < HEADER or message[:2] != query[:2]:
        return False
    if not message[2] & _QR or message[2] & _OPCODE:
        return False
    if message[4:6] == b"\0\0":
        return bool(message[3] & 0x0F)
    return question_of(message) == question_of(query)


def _checked(message: bytes) -> bytes | _Failure:
    """Return the message if it is well formed, or truncated, which TCP will mend."""
    whole = message[2] & _TC or parse(message) is not None
    return message if whole else _Failure("malformed answer")
