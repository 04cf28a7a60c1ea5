"""What a zone holds at one instant: its records from layout and history, before any signature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import dns.name
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
from dns.name import Name
from dns.rdataset import Rdataset
from dns.rdatatype import RdataType

from reconciler.model.desired import Denial, DenialKind
from reconciler.sandbox.history import HeldKey, History, SignerState
from reconciler.sandbox.keymaker import dnskey
from reconciler.sandbox.layout import (
    SKEW,
    RegistryLayout,
    ServerLayout,
    SigningLayout,
    WorldLayout,
    ZoneLayout,
)
from reconciler.sandbox.records import parse_records
from reconciler.sandbox.ttls import served

Nodes = Mapping[Name, Mapping[RdataType, Rdataset]]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """One version of a zone, as one server holds it.

    `nodes` has every owner name with its RRsets, glue included. `krrsig` signs the DNSKEY RRset,
    `zrrsig` everything else (empty: unsigned). `window` is when signatures begin and end.
    """

    origin: Name
    nodes: Nodes
    denial: Denial
    negative_ttl: int
    krrsig: tuple[HeldKey, ...]
    zrrsig: tuple[HeldKey, ...]
    window: tuple[int, int]

    @property
    def soa(self) -> Rdataset:
        """The SOA RRset."""
        return self.nodes[self.origin][dns.rdatatype.SOA]

    @cached_property
    def cuts(self) -> frozenset[Name]:
        """Names at which authority passes to a child."""
        return frozenset(
            name for name, node in self.nodes.items() if name != self.origin and _NS in node
        )

    @cached_property
    def names(self) -> frozenset[Name]:
        """Every name that exists in the zone, empty non-terminals and cuts, but not glue."""
        owners = (name for name in self.nodes if self.cut_above(name) in {None, name})
        return frozenset(
            parent for owner in owners for parent in ancestors(owner, until=self.origin)
        )

    def cut_above(self, name: Name) -> Name | None:
        """Return the cut at or above a name of this zone; None where the zone itself answers."""
        chain = [parent for parent in ancestors(name, until=self.origin) if parent in self.cuts]
        return chain[-1] if chain else None


_NS = dns.rdatatype.NS


def ancestors(name: Name, *, until: Name) -> list[Name]:
    """Return `name` and its ancestors, up to and with `until`, deepest first."""
    found = [name]
    while found[-1] != until:
        found.append(found[-1].parent())
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A world at one instant: what it is made of, what happened, and when and how it began."""

    layout: WorldLayout
    history: History
    start: int
    at: int
    seed: int = 0

    def turn(self, signing: SigningLayout) -> int:
        """Return how often everything was signed anew since the start."""
        return max(0, (self.at - self.start) // signing.period)


def zone_contents(moment: Moment, zone: ZoneLayout, place: str) -> Contents:
    """Return what signer `place` holds for `zone`."""
    layout, history, at = moment.layout, moment.history, moment.at
    turn = moment.turn(zone.signing)
    state = history.signer_at(place, zone.zone, at).state
    ttls = served(zone, state.ttls)
    builder = _Builder(zone.zone)
    for owner, rdataset in parse_records(zone.zone, zone.records_at(place)):
        builder.add(owner, _lowered(rdataset, ttls.lowered(rdataset.ttl)))
    builder.add_apex(
        layout.servers_of(state.ns),
        ns_ttl=ttls.ns,
        soa_ttl=ttls.soa,
        negative_ttl=ttls.negative,
        serial=1 + history.signer_count(place, zone.zone, at) + turn,
    )
    builder.add_addresses(layout.servers, ttls.ns)
    builder.add_requests(state, ttls.dnskey)
    return builder.sealed(
        history,
        state,
        zone.signing,
        dnskey_ttl=ttls.dnskey,
        begin=moment.start + turn * zone.signing.period,
    )


def registry_contents(moment: Moment, registry: RegistryLayout) -> Contents:
    """Return what the root or a TLD holds: delegations, DS and addresses."""
    layout, history, at = moment.layout, moment.history, moment.at
    turn = moment.turn(registry.signing)
    children = _children(moment, registry)
    counts = (history.delegation_count(child, at) for child, _ in children)
    builder = _Builder(registry.zone)
    builder.add_apex(
        registry.servers,
        ns_ttl=registry.ns_ttl,
        soa_ttl=registry.soa_ttl,
        negative_ttl=registry.negative_ttl,
        serial=1 + sum(counts) + turn,
    )
    for child, servers in children:
        owner = dns.name.from_text(child)
        builder.add_ns(owner, servers, registry.ns_ttl)
        ds = history.delegation_at(child, at).state.ds
        builder.add_texts(owner, dns.rdatatype.DS, registry.ds_ttl, ds)
    builder.add_addresses(_named(layout, registry, children), registry.ns_ttl)
    state = history.signer_at(registry.zone, registry.zone, at).state
    return builder.sealed(
        history,
        state,
        registry.signing,
        dnskey_ttl=registry.dnskey_ttl,
        begin=moment.start + turn * registry.signing.period,
    )


def _children(
    moment: Moment, registry: RegistryLayout
) -> list[tuple[str, tuple[ServerLayout, ...]]]:
    layout, history = moment.layout, moment.history
    if registry is layout.root:
        return [(tld.zone, tld.servers) for tld in layout.tlds]
    return [
        (zone.zone, layout.servers_of(history.delegation_at(zone.zone, moment.at).state.ns))
        for zone in layout.zones
        if dns.name.from_text(zone.zone).parent() == dns.name.from_text(registry.zone)
    ]


def _named(
    layout: WorldLayout,
    registry: RegistryLayout,
    children: list[tuple[str, tuple[ServerLayout, ...]]],
) -> Iterable[ServerLayout]:
    if registry is layout.root:
        return (*registry.servers, *(server for _, servers in children for server in servers))
    return layout.servers


def _lowered(rdataset: Rdataset, ttl: int) -> Rdataset:
    if ttl == rdataset.ttl:
        return rdataset
    return dns.rdataset.from_rdata_list(ttl, list(rdataset))


class _Builder:
    def __init__(self, zone: str) -> None:
        self._origin = dns.name.from_text(zone)
        self._nodes: dict[Name, dict[RdataType, Rdataset]] = {}
        self._negative_ttl = 0

    def add(self, owner: Name, rdataset: Rdataset) -> None:
        self._nodes.setdefault(owner, {})[rdataset.rdtype] = rdataset

    def add_texts(self, owner: Name, rdtype: RdataType, ttl: int, texts: Iterable[str]) -> None:
        ordered = sorted(texts)
        if ordered:
            self.add(owner, dns.rdataset.from_text_list(dns.rdataclass.IN, rdtype, ttl, ordered))

    def add_ns(self, owner: Name, servers: Iterable[ServerLayout], ttl: int) -> None:
        names = {server.name for server in servers if not server.hidden}
        self.add_texts(owner, dns.rdatatype.NS, ttl, names)

    def add_apex(
        self,
        servers: Iterable[ServerLayout],
        *,
        ns_ttl: int,
        soa_ttl: int,
        negative_ttl: int,
        serial: int,
    ) -> None:
        listed = [server for server in servers if not server.hidden]
        self.add_ns(self._origin, listed, ns_ttl)
        mailbox = dns.name.from_text("hostmaster", self._origin)
        soa = f"{listed[0].name} {mailbox} {serial} 7200 3600 1209600 {negative_ttl}"
        self.add_texts(self._origin, dns.rdatatype.SOA, soa_ttl, [soa])
        self._negative_ttl = min(soa_ttl, negative_ttl)

    def add_addresses(self, servers: Iterable[ServerLayout], ttl: int) -> None:
        for server in servers:
            owner = dns.name.from_text(server.name)
            if not server.hidden and owner.is_subdomain(self._origin):
                self.add_texts(owner, dns.rdatatype.A, ttl, [server.address])

    def add_requests(self, state: SignerState, ttl: int) -> None:
        """Add what the zone asks of its parent (RFC 7344)."""
        self.add_texts(self._origin, dns.rdatatype.CDS, ttl, state.cds)
        self.add_texts(self._origin, dns.rdatatype.CDNSKEY, ttl, state.cdnskeys)

    def sealed(
        self,
        history: History,
        state: SignerState,
        signing: SigningLayout,
        *,
        dnskey_ttl: int,
        begin: int,
    ) -> Contents:
        keys = [dnskey(history.keys[number]).to_text() for number in state.dnskeys]
        self.add_texts(self._origin, dns.rdatatype.DNSKEY, dnskey_ttl, keys)
        denial = state.denial or signing.denial
        if state.zrrsig and denial.kind is DenialKind.NSEC3:
            parameters = f"1 0 {denial.iterations} {denial.salt.hex() or '-'}"
            ttl = self._negative_ttl
            self.add_texts(self._origin, dns.rdatatype.NSEC3PARAM, ttl, [parameters])
        return Contents(
            origin=self._origin,
            nodes=self._nodes,
            denial=denial,
            negative_ttl=self._negative_ttl,
            krrsig=_held(history, state.krrsig),
            zrrsig=_held(history, state.zrrsig),
            window=_window(signing, begin),
        )


def _held(history: History, numbers: Iterable[int]) -> tuple[HeldKey, ...]:
    return tuple(history.keys[number] for number in sorted(numbers))


def _window(signing: SigningLayout, begin: int) -> tuple[int, int]:
    return begin - SKEW, begin - SKEW + signing.validity
