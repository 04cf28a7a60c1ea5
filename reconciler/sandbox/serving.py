"""Real UDP and TCP servers on loopback ports, in one thread, for every server of a world.

Whatever comes in, the thread lives: a packet that makes no sense is answered or dropped by `wire`.
"""

from __future__ import annotations

import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from reconciler.diagnostics import Diagnostic, ObservationError, ReconcileError
from reconciler.sandbox.wire import Transport

LOOPBACK = "127.0.0.1"
RESOLVER = "resolver"
"""The address of the extra endpoint that answers for every zone of the world."""

Respond = Callable[[str, bytes, Transport], bytes | None]

_IDLE_SECONDS = 10.0
"""A TCP connection without a whole query for so long is closed (RFC 7766 §6.2.3: seconds)."""
_MAX_CONNECTIONS = 200
_MAX_PACKET = 65535
_BIND_ATTEMPTS = 50
_BACKLOG = 64


@dataclass(slots=True)
class _Connection:
    """One TCP connection: what came in, what is to go out, and until when it may idle."""

    address: str
    deadline: float
    received: bytearray = field(default_factory=bytearray)
    pending: bytearray = field(default_factory=bytearray)
    ended: bool = False


class Serving:
    """A world being served; maps published addresses to loopback endpoints (`ports.Routes`)."""

    def __init__(self, addresses: Iterable[str], respond: Respond) -> None:
        """Bind one UDP and one TCP port for each address, and one for `RESOLVER`."""
        self._respond = respond
        self._selector = selectors.DefaultSelector()
        self._endpoints: dict[str, tuple[str, int]] = {}
        self._connections: dict[socket.socket, _Connection] = {}
        self._wake, self._woken = socket.socketpair()
        self._selector.register(self._woken, selectors.EVENT_READ)
        for address in (*addresses, RESOLVER):
            self._bind(address)
        self._thread = threading.Thread(target=self._run, name="sandbox-dns", daemon=True)

    @property
    def resolver_endpoint(self) -> tuple[str, int]:
        """The endpoint that answers authoritatively for all zones, for validators (`delv`)."""
        return self._endpoints[RESOLVER]

    def endpoint(self, address: str) -> tuple[str, int]:
        """Return where the server with this published address listens."""
        if address not in self._endpoints:
            raise ObservationError(
                Diagnostic(
                    code="no-such-server",
                    summary=f"no server of the sandbox has the address {address}",
                    where=address,
                    hint="ask only addresses that the sandbox's own DNS names",
                )
            )
        return self._endpoints[address]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._wake.send(b"x")
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            self._close(key.fileobj)
        self._wake.close()
        self._selector.close()

    def _bind(self, address: str) -> None:
        for _ in range(_BIND_ATTEMPTS):
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                udp.bind((LOOPBACK, 0))
                tcp.bind(udp.getsockname())
            except OSError:
                udp.close()
                tcp.close()
                continue
            tcp.listen(_BACKLOG)
            for sock, receive in ((udp, self._datagram), (tcp, self._accept)):
                sock.settimeout(0)
                self._selector.register(sock, selectors.EVENT_READ, (receive, address))
            self._endpoints[address] = udp.getsockname()
            return
        raise ObservationError(
            Diagnostic(
                code="no-port",
                summary="no loopback port is free for both UDP and TCP",
                hint="end other programs that listen on 127.0.0.1, then try again",
            )
        )

    def _run(self) -> None:
        while True:
            for key, mask in self._selector.select(self._patience()):
                if key.fileobj is self._woken:
                    return
                handle, address = key.data
                with suppress(OSError):
                    handle(key.fileobj, address, mask)
            self._drop_idle()

    def _datagram(self, sock: socket.socket, address: str, _: int) -> None:
        query, peer = sock.recvfrom(_MAX_PACKET)
        answer = self._answer(address, query, Transport.UDP)
        if answer is not None:
            sock.sendto(answer, peer)

    def _accept(self, sock: socket.socket, address: str, _: int) -> None:
        connection, _peer = sock.accept()
        if len(self._connections) >= _MAX_CONNECTIONS:
            connection.close()
            return
        connection.settimeout(0)
        self._connections[connection] = _Connection(address, time.monotonic() + _IDLE_SECONDS)
        self._selector.register(connection, selectors.EVENT_READ, (self._stream, address))

    def _stream(self, sock: socket.socket, _address: str, mask: int) -> None:
        connection = self._connections[sock]
        try:
            if mask & selectors.EVENT_READ:
                self._receive(sock, connection)
            if connection.pending:
                del connection.pending[: sock.send(connection.pending)]
        except BlockingIOError:
            return
        except OSError:
            self._close(sock)
            return
        self._await_next(sock, connection)

    def _receive(self, sock: socket.socket, connection: _Connection) -> None:
        data = sock.recv(_MAX_PACKET)
        connection.ended = not data
        connection.received += data
        while (query := _whole(connection.received)) is not None:
            del connection.received[: len(query) + 2]
            connection.deadline = time.monotonic() + _IDLE_SECONDS
            answer = self._answer(connection.address, query, Transport.TCP)
            if answer is None:
                connection.ended = True
            else:
                connection.pending += struct.pack("!H", len(answer)) + answer

    def _answer(self, address: str, query: bytes, transport: Transport) -> bytes | None:
        """Answer, or be silent while the world's state cannot be read."""
        try:
            return self._respond(address, query, transport)
        except ReconcileError:
            return None

    def _await_next(self, sock: socket.socket, connection: _Connection) -> None:
        if connection.ended and not connection.pending:
            self._close(sock)
            return
        events = 0 if connection.ended else selectors.EVENT_READ
        if connection.pending:
            events |= selectors.EVENT_WRITE
        self._selector.modify(sock, events, (self._stream, connection.address))

    def _patience(self) -> float | None:
        deadlines = [connection.deadline for connection in self._connections.values()]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _drop_idle(self) -> None:
        now = time.monotonic()
        for sock, connection in list(self._connections.items()):
            if connection.deadline <= now:
                self._close(sock)

    def _close(self, sock: object) -> None:
        if isinstance(sock, socket.socket):
            self._connections.pop(sock, None)
            self._selector.unregister(sock)
            sock.close()


def _whole(received: bytearray) -> bytes | None:
    """Return the first whole query of a stream, None while it is not there."""
    if len(received) < 2:  # noqa: PLR2004  the length's own length (RFC 1035 §4.2.2)
        return None
    length = int.from_bytes(received[:2])
    return bytes(received[2 : 2 + length]) if len(received) >= 2 + length else None
