"""Worlds for tests, and a validator of their answers that shares no code with the sandbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdatatype
import dns.rrset
from dns.message import Message
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rrset import RRset

from reconciler.model.keys import DsRef
from reconciler.model.moves import DsReplace, ZoneSign
from reconciler.sandbox.layout import WorldLayout, example_layout
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.wire import Transport
from reconciler.sandbox.world import World

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

ROOT, TLD, SHOP = "203.0.113.1", "203.0.113.11", "192.0.2.1"
"""Primaries of the example layout: of the root, of `example.`, of signer `a`."""
HOSTED = "198.51.100.1"


class Client:
    """Asks a world's servers, in process, and validates what they say."""

    def __init__(self, world: World) -> None:
        self.world = world

    def ask(self, address: str, name: str, rdtype: str, *, dnssec: bool = True) -> Message:
        query = dns.message.make_query(name, rdtype, want_dnssec=dnssec)
        wire = self.world.respond(address, query.to_wire(), Transport.TCP)
        assert wire is not None
        answer = dns.message.from_wire(wire)
        assert query.is_response(answer)
        return answer

    def serial(self, address: str, zone: str) -> int:
        rdata = self.ask(address, zone, "SOA").answer[0][0]
        return int(rdata.to_text().split()[2])

    def secure(self, address: str, zone: str, name: str, rdtype: str) -> Message:
        """Ask `address`, and check every signature of the answer up to the trust anchor."""
        keys = self.keys(address, zone)
        answer = self.ask(address, name, rdtype)
        self.check(answer.answer, keys)
        self.check(answer.authority, keys)
        assert answer.answer or answer.authority
        return answer

    def keys(self, address: str, zone: str) -> tuple[Name, RRset]:
        """Return the validated DNSKEY RRset of a zone."""
        origin = dns.name.from_text(zone)
        answer = self.ask(address, zone, "DNSKEY").answer
        found, made = (self._one(answer, t, origin) for t in ("DNSKEY", "RRSIG"))
        trusted = [key for key in found if self._ds(zone, key) & self._delegated(zone)]
        assert trusted, f"no DNSKEY of {zone} matches a DS"
        anchor = dns.rrset.from_rdata_list(origin, found.ttl, trusted)
        dns.dnssec.validate(found, made, {origin: anchor}, now=self.world.now().timestamp())
        return origin, found

    def check(self, section: list[RRset], keys: tuple[Name, RRset]) -> None:
        for rrset in section:
            if rrset.rdtype == dns.rdatatype.RRSIG:
                continue
            made = [s for s in section if (s.name, s.covers) == (rrset.name, rrset.rdtype)]
            assert made, f"no signature over {rrset}"
            now = self.world.now().timestamp()
            dns.dnssec.validate(rrset, made[0], {keys[0]: keys[1]}, now=now)

    def _delegated(self, zone: str) -> set[str]:
        if zone == ".":
            return {anchor.partition(" DS ")[2] for anchor in self.world.trust_anchors}
        above = zone.partition(".")[2] or "."
        address = ROOT if above == "." else TLD
        answer = self.ask(address, zone, "DS")
        assert answer.flags & dns.flags.AA
        self.check(answer.answer, self.keys(address, above))
        return {ds.to_text() for ds in answer.answer[0]} if answer.answer else set()

    @staticmethod
    def _ds(zone: str, key: dns.rdata.Rdata) -> set[str]:
        digests = ("SHA1", "SHA256", "SHA384")
        policy = dns.dnssec.allow_all_policy
        return {dns.dnssec.make_ds(zone, key, d, policy=policy).to_text() for d in digests}

    @staticmethod
    def _one(section: list[RRset], rdtype: str, owner: Name) -> RRset:
        wanted = RdataType.make(rdtype)
        return next(r for r in section if (r.name, r.rdtype) == (owner, wanted))


def sign(world: World, zone: str, *labels: str) -> None:
    """Sign a zone at its first signer, publish its DS, and wait until everybody knows."""
    layout = world.zone(zone)
    system = signer(world, layout.signers[0])
    receipt = system.apply(
        zone, ZoneSign(signer=system.name, keys=frozenset(labels)), {}, f"sign {zone}"
    )
    ds = frozenset(DsRef(label, 2) for label in labels if not label.startswith("zsk"))
    parent(world, layout.parent).apply(zone, DsReplace(ds=ds), receipt.created, f"ds {zone}")
    world.act(zone)
    world.leap_to(world.now() + DAY)


def zone_layout(**changes: object) -> WorldLayout:
    """Return the example layout with `shop.example.` changed."""
    layout = example_layout()
    first, *others = layout.zones
    return replace(layout, zones=(replace(first, **changes), *others))  # type: ignore[arg-type]
