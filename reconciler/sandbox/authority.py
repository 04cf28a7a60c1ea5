"""Which server answers what: each serves its zones as they were some time ago, faults included."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Generic, TypeVar

import dns.name
import dns.rcode
import dns.rdatatype
from dns.name import Name

from reconciler.sandbox.contents import Contents, Moment, registry_contents, zone_contents
from reconciler.sandbox.faults import FaultKind
from reconciler.sandbox.history import ActiveFault
from reconciler.sandbox.lagging import seen_by
from reconciler.sandbox.layout import RegistryLayout, ServerLayout, WorldLayout, ZoneLayout
from reconciler.sandbox.lookup import Reply, Zone
from reconciler.sandbox.serving import RESOLVER
from reconciler.sandbox.wire import Question, Transport, respond

_ZONES = 4096
"""Zone versions kept in memory: a few kB each."""
_ANSWERS = 32768
"""Answers kept in memory: about 1 kB each. Judges ask the same again at every instant."""

K = TypeVar("K")
V = TypeVar("V")


class Memory(Generic[K, V]):
    """A dictionary of limited size that forgets what came first; safe between threads."""

    def __init__(self, size: int) -> None:
        """Hold at most `size` values."""
        self._size = size
        self._values: dict[K, V] = {}
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """Return what is remembered for a key."""
        return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Remember a value."""
        with self._lock:
            if len(self._values) >= self._size:
                del self._values[next(iter(self._values))]
            self._values[key] = value


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A zone as one registry or signer (`place`) serves it."""

    place: str
    layout: RegistryLayout | ZoneLayout


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A server and the zones it serves."""

    server: ServerLayout
    zones: Mapping[Name, Place]


class Authority:
    """Answers queries to any address of a world."""

    def __init__(self, layout: WorldLayout) -> None:
        """Know every server of the layout, and one more that serves everything."""
        self.hosts = {host.server.address: host for host in _hosts(layout)}
        self._zones: Memory[object, Zone] = Memory(_ZONES)
        self._places: Memory[object, Place] = Memory(_ANSWERS)
        self._answers: Memory[object, bytes] = Memory(_ANSWERS)

    def respond(
        self,
        host: Host,
        query: bytes,
        transport: Transport,
        moment: Moment,
        strike: Callable[[ActiveFault], None],
    ) -> bytes | None:
        """Return what `host` answers at `moment`; None: nothing. `strike` counts its faults."""
        faults = {
            fault.kind: fault
            for fault in moment.history.faults
            if fault.target == host.server.name and fault.active(moment.at)
        }
        for kind in _ANSWER_FAULTS & faults.keys():
            strike(faults[kind])
        if FaultKind.SERVER_DOWN in faults:
            return None
        if FaultKind.LAME in faults:
            return respond(query, transport, lambda _: _refused())
        answer = self._answer(host, query, transport, seen_by(host.server, moment))
        return _spoilt(answer, faults.keys())

    def _answer(
        self, host: Host, query: bytes, transport: Transport, moment: Moment
    ) -> bytes | None:
        """Answer from memory where the same question was asked of the same version before."""
        asked = (host.server.address, transport, query[2:])
        place = self._places.get(asked)
        if place is not None:
            known = self._answers.get((_identity(place, moment), asked))
            if known is not None:
                return query[:2] + known

        def lookup(question: Question) -> Reply:
            nonlocal place
            place = _closest(host.zones, question)
            return _refused() if place is None else self._lookup(place, question, moment)

        answer = respond(query, transport, lookup)
        if place is not None and answer is not None:
            self._places.put(asked, place)
            self._answers.put((_identity(place, moment), asked), answer[2:])
        return answer

    def _lookup(self, place: Place, question: Question, moment: Moment) -> Reply:
        zone = self._zone(place, moment)
        return zone.lookup(question.name, question.rdtype, dnssec=question.dnssec)

    def _zone(self, place: Place, moment: Moment) -> Zone:
        identity = _identity(place, moment)
        zone = self._zones.get(identity)
        if zone is None:
            zone = Zone(_contents(place, moment))
            self._zones.put(identity, zone)
        return zone


_ANSWER_FAULTS = {
    FaultKind.SERVER_DOWN,
    FaultKind.LAME,
    FaultKind.TRUNCATE_GARBAGE,
    FaultKind.MALFORMED,
}


def _hosts(layout: WorldLayout) -> list[Host]:
    everything: dict[Name, Place] = {}
    hosts = []
    for registry in layout.registries:
        zones = {dns.name.from_text(registry.zone): Place(place=registry.zone, layout=registry)}
        everything |= zones
        hosts += [Host(server=server, zones=zones) for server in registry.servers]
    for signer in layout.signers:
        zones = {
            dns.name.from_text(zone.zone): Place(place=signer.name, layout=zone)
            for zone in layout.zones
            if signer.name in zone.signers
        }
        everything = zones | everything
        hosts += [Host(server=server, zones=zones) for server in signer.servers]
    whole = ServerLayout(name=RESOLVER, address=RESOLVER)
    return [*hosts, Host(server=whole, zones=everything)]


def _closest(zones: Mapping[Name, Place], question: Question) -> Place | None:
    """Return the deepest zone for a name; DS are asked of the parent's side (RFC 4035 §3.1.4.1)."""
    above = [
        zones[origin] for origin in sorted(zones, key=len) if question.name.is_subdomain(origin)
    ]
    own = [origin for origin in zones if origin == question.name]
    if question.rdtype == dns.rdatatype.DS and own and len(above) > 1:
        return above[-2]
    return above[-1] if above else None


def _identity(place: Place, moment: Moment) -> object:
    """Return what a version of a zone depends on."""
    layout, history, at = place.layout, moment.history, moment.at
    own = history.signer_at(place.place, layout.zone, at).id
    turn = moment.turn(layout.signing)
    if isinstance(layout, ZoneLayout):
        return place.place, layout.zone, own, turn
    delegations = (history.delegation_at(zone.zone, at).id for zone in moment.layout.zones)
    return place.place, layout.zone, own, turn, tuple(delegations)


def _contents(place: Place, moment: Moment) -> Contents:
    if isinstance(place.layout, ZoneLayout):
        return zone_contents(moment, place.layout, place.place)
    return registry_contents(moment, place.layout)


def _refused() -> Reply:
    return Reply(rcode=dns.rcode.REFUSED, authoritative=False)


def _spoilt(answer: bytes | None, faults: AbstractSet[FaultKind]) -> bytes | None:
    if answer is None:
        return None
    if FaultKind.TRUNCATE_GARBAGE in faults:
        half = len(answer) // 2
        return answer[:half] + b"\xff" * (len(answer) - half)
    if FaultKind.MALFORMED in faults:
        return answer[:6] + b"\xff\xff" + answer[8:]
    return answer
