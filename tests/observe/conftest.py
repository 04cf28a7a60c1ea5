"""Little servers that say what a test wants them to say, and in-memory worlds without sockets."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest
from dns.rdatatype import RdataType

from reconciler.model.desired import DesiredZone, DnssecPolicy, Observers
from reconciler.model.sightings import Observation
from reconciler.observe.chain import Chain
from reconciler.observe.gather import gather
from reconciler.ports import Answer
from reconciler.sandbox.layout import WorldLayout, example_layout
from reconciler.sandbox.parents import SandboxRegistrar
from reconciler.sandbox.signer_full import SandboxSigner
from reconciler.sandbox.signer_hosted import SandboxHostedSigner
from reconciler.sandbox.world import World

Script = Callable[[bytes], Sequence[bytes]]
"""From a query to the messages that are sent back, in order; none: silence."""


def reply_to(query: bytes, *records: str, rcode: int = 0, flags: str = "AA") -> dns.message.Message:
    """Return a response with `records` in its answer section."""
    response = dns.message.make_response(dns.message.from_wire(query))
    response.flags |= dns.flags.from_text(flags)
    response.set_rcode(dns.rcode.Rcode(rcode))
    for record in records:
        name, ttl, kind, rdata = record.split(maxsplit=3)
        response.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, rdata))
    return response


class ScriptedServer:
    """UDP and TCP on one port of 127.0.0.1, answering by script; counts what it was asked."""

    def __init__(self, udp: Script | None, tcp: Script | None) -> None:
        self._udp, self._tcp = udp, tcp
        self._stop = threading.Event()
        self.asked: list[tuple[str, bytes]] = []
        self._sockets = _pair()
        self.endpoint: tuple[str, int] = self._sockets[0].getsockname()
        self._threads = [
            threading.Thread(target=self._serve_udp, args=(self._sockets[0],)),
            threading.Thread(target=self._serve_tcp, args=(self._sockets[1],)),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for sock in self._sockets:
            sock.close()

    def _serve_udp(self, sock: socket.socket) -> None:
        while not self._stop.is_set():
            try:
                query, peer = sock.recvfrom(65535)
            except OSError:
                continue
            self.asked.append(("udp", query))
            for message in self._udp(query) if self._udp else ():
                sock.sendto(message, peer)

    def _serve_tcp(self, sock: socket.socket) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = sock.accept()
            except OSError:
                continue
            with connection:
                self._converse(connection)

    def _converse(self, connection: socket.socket) -> None:
        connection.settimeout(2)
        try:
            (length,) = struct.unpack("!H", connection.recv(2))
            query = connection.recv(length)
            self.asked.append(("tcp", query))
            if self._tcp is None:
                return
            for message in self._tcp(query):
                connection.sendall(struct.pack("!H", len(message)) + message)
        except (OSError, struct.error):
            return


def _pair() -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a listening TCP socket on one free port."""
    while True:
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.05)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.settimeout(0.05)
        try:
            tcp.bind(udp.getsockname())
        except OSError:
            udp.close()
            tcp.close()
            continue
        tcp.listen()
        return udp, tcp


@dataclass
class LoopbackRoutes:
    """Published addresses that lead to loopback ports."""

    endpoints: dict[str, tuple[str, int]] = field(default_factory=dict)

    def endpoint(self, address: str) -> tuple[str, int]:
        return self.endpoints[address]


ServerMaker = Callable[..., ScriptedServer]
Reply = Callable[..., dns.message.Message]


@pytest.fixture
def serve() -> Iterator[ServerMaker]:
    """Start scripted servers; all are closed at the end."""
    with ExitStack() as stack:

        def start(udp: Script | None = None, tcp: Script | None = None) -> ScriptedServer:
            server = ScriptedServer(udp, tcp)
            stack.callback(server.close)
            return server

        yield start


@pytest.fixture
def reply() -> Reply:
    return reply_to


@pytest.fixture
def routes() -> LoopbackRoutes:
    return LoopbackRoutes()


START = datetime(2027, 1, 1, tzinfo=UTC)
Meddle = Callable[[bytes, bytes], bytes | None]
"""From a query and the honest answer to what is sent instead; None: silence."""


class MeddledExchange:
    """Asks a world in memory; `meddlers` spoil the answers of single addresses."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self.meddlers: dict[str, Meddle] = {}
        self.asked: list[tuple[str, str]] = []

    def exchange(self, server: str, address: str, query: bytes) -> Answer:
        with self._lock:
            asked = dns.message.from_wire(query).question[0]
            self.asked.append((address, f"{asked.name} {RdataType(asked.rdtype).name}"))
            wire = self._world.respond(address, query)
        if wire is not None and address in self.meddlers:
            wire = self.meddlers[address](query, wire)
        error = None if wire else "udp: no answer within 3 s"
        return Answer(server=server, address=address, transport="udp", wire=wire, error=error)


@dataclass
class Lab:
    """A world with everything that is needed to observe it and to change it."""

    world: World
    exchange: MeddledExchange

    @property
    def observers(self) -> Observers:
        return Observers(hints=self.world.hints, trust_anchors=self.world.trust_anchors)

    def desired(self, zone: str, **policy: Any) -> DesiredZone:  # noqa: ANN401 - any field of a policy
        return DesiredZone(
            zone=zone,
            owner="ops",
            policy=DnssecPolicy(name="standard", **policy),
            signed=True,
            signers=self.world.zone(zone).signers,
            parent=self.world.zone(zone).parent,
        )

    def signer(self, name: str) -> SandboxSigner | SandboxHostedSigner:
        kinds = {signer.name: signer.kind for signer in self.world.layout.signers}
        made = SandboxSigner if kinds[name] == "sandbox" else SandboxHostedSigner
        return made(self.world, name)

    def parent(self, zone: str) -> SandboxRegistrar:
        return SandboxRegistrar(self.world, self.world.zone(zone).parent)

    def gather(self, zone: str, **policy: Any) -> Observation:  # noqa: ANN401 - as above
        desired = self.desired(zone, **policy)
        return gather(
            desired,
            {name: self.signer(name) for name in desired.signers},
            self.parent(zone),
            self.exchange,
            self.observers,
            self.world.now(),
        )

    def addresses(self) -> tuple[str, ...]:
        return tuple(server.address for server in self.world.layout.servers)

    def chain(self) -> Chain:
        return Chain(self.exchange, self.observers, self.world.now())

    def after(self, seconds: int) -> None:
        self.world.leap_to(self.world.now() + timedelta(seconds=seconds))


LabMaker = Callable[[WorldLayout], Lab]


@pytest.fixture
def new_lab(tmp_path: Path) -> Iterator[LabMaker]:
    """Make labs over worlds of any layout, each in a directory of its own."""
    with ExitStack() as stack:

        def make(layout: WorldLayout) -> Lab:
            path = tmp_path / str(len(list(tmp_path.iterdir())))
            world = stack.enter_context(World.create(path, start=START, layout=layout, seed=7))
            return Lab(world=world, exchange=MeddledExchange(world))

        yield make


@pytest.fixture
def lab(new_lab: LabMaker) -> Lab:
    """A lab over the sandbox's example world: `legacy.example.` is signed, the others are not."""
    return new_lab(example_layout())


@dataclass(frozen=True)
class LabOf:
    """Makes a lab over a world that a test module opened for itself."""

    start: datetime = START

    def make(self, world: World) -> Lab:
        return Lab(world=world, exchange=MeddledExchange(world))


@pytest.fixture(scope="module")
def lab_over() -> LabOf:
    return LabOf()
