"""One adapter with a zone to try it on, and the DNS in which its effects show."""

from __future__ import annotations

from dataclasses import dataclass

import dns.message
import dns.rdatatype
import dns.rrset

from reconciler.model.keys import Key, KeyRole, symbol
from reconciler.model.moves import SignerMove, ZoneSign, ZoneUnsign
from reconciler.ports import Parent, Signer
from reconciler.sandbox.world import World

TLD = "203.0.113.11"
KSK, ZSK = symbol(KeyRole.KSK, 13, 1), symbol(KeyRole.ZSK, 13, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerBench:
    signer: Signer
    zone: str
    address: str
    world: World

    @property
    def sign(self) -> ZoneSign:
        return ZoneSign(signer=self.signer.name, keys=frozenset({KSK, ZSK}))

    @property
    def unsign(self) -> ZoneUnsign:
        return ZoneUnsign(signer=self.signer.name)

    def apply(self, move: SignerMove, idem: str, **keys: Key) -> dict[str, Key]:
        return dict(self.signer.apply(self.zone, move, keys, idem).created)

    def dnskeys(self) -> set[str]:
        return rdata(self.world, self.address, self.zone, "DNSKEY")

    def serial(self) -> set[str]:
        return rdata(self.world, self.address, self.zone, "SOA")

    def signed(self) -> bool:
        answer = ask(self.world, self.address, self.zone, "SOA")
        return any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentBench:
    parent: Parent
    zone: str
    world: World

    def ds(self) -> set[str]:
        """Return the DS that are published once everybody has acted."""
        self.world.act(self.zone)
        return rdata(self.world, TLD, self.zone, "DS")


def ask(world: World, address: str, name: str, rdtype: str) -> list[dns.rrset.RRset]:
    query = dns.message.make_query(name, rdtype, want_dnssec=True)
    wire = world.respond(address, query.to_wire())
    assert wire is not None
    return dns.message.from_wire(wire).answer


def rdata(world: World, address: str, name: str, rdtype: str) -> set[str]:
    wanted = dns.rdatatype.from_text(rdtype)
    found = [rrset for rrset in ask(world, address, name, rdtype) if rrset.rdtype == wanted]
    return {item.to_text() for rrset in found for item in rrset}
