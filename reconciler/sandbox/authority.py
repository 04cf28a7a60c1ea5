"""Which server answers what: each serves its zones as they were some time ago, faults included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import dns.name
import dns.rcode
import dns.rdatatype
from dns.name import Name

from reconciler.sandbox.changes import seen_by
from reconciler.sandbox.contents import Contents, Moment, registry_contents, zone_contents
from reconciler.sandbox.faults import FaultKind
from reconciler.sandbox.history import ActiveFault
from reconciler.sandbox.layout import RegistryLayout, ServerLayout, WorldLayout, ZoneLayout
from reconciler.sandbox.lookup import Reply, Zone
from reconciler.sandbox.serving import RESOLVER
from reconciler.sandbox.wire import Question, Transport, respond

_REMEMBERED = 4096
"""Zone versions kept in memory, oldest dropped first: a few kB each."""


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
        self._zones: dict[object, Zone] = {}

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
        seen = seen_by(host.server, moment)
        answer = respond(query, transport, lambda question: self._lookup(host, question, seen))
        return _spoilt(answer, faults.keys())

    def _lookup(self, host: Host, question: Question, moment: Moment) -> Reply:
        place = _closest(host.zones, question)
        if place is None:
            return _refused()
        return self._zone(place, moment).lookup(
            question.name, question.rdtype, dnssec=question.dnssec
        )

    def _zone(self, place: Place, moment: Moment) -> Zone:
        identity = _identity(place, moment)
        if identity not in self._zones:
            if len(self._zones) >= _REMEMBERED:
                del self._zones[next(iter(self._zones))]
            self._zones[identity] = Zone(_contents(place, moment))
        return self._zones[identity]


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
