"""What an embedded DNS world is made of: frozen values that a world is created from once.

Names are absolute and lower case, durations are seconds, addresses are IPv4 literals that stand in
answers and are mapped to loopback ports where the world is served (`Serving.endpoint`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from reconciler.model.capabilities import DsWrite
from reconciler.model.desired import Denial

SignerKindName = Literal["sandbox", "sandbox-hosted", "sandbox-multi", "sandbox-policy"]
Forgets = Literal["nothing", "symbols", "calls"]
ParentKindName = Literal["sandbox-registrar", "sandbox-manual", "sandbox-cds"]

SKEW = 3600
"""Signatures begin this many seconds before they are made, for clocks that are late (RFC 6781
§4.4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLayout:
    """One server: it serves its zones as they were `lag` seconds ago.

    A hidden server stands in no NS or address record: it is one more instance behind the address of
    a visible one, which nobody can ask for by name (anycast). Only judges know its own address.
    """

    name: str
    address: str
    lag: int = 0
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningLayout:
    """Signature lifetimes in seconds (BIND: signatures-validity, -refresh) and denial."""

    validity: int = 1209600
    refresh: int = 432000
    denial: Denial = field(default_factory=Denial)

    @property
    def period(self) -> int:
        """Seconds from one signing to the next: each ends `refresh` before the signatures do."""
        return self.validity - self.refresh - SKEW


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLayout:
    """The root or a TLD: its servers, and the TTLs it gives to delegations.

    `propagation_delay` is what it declares; the lags of its servers are within it.
    """

    zone: str
    servers: tuple[ServerLayout, ...]
    propagation_delay: int
    ds_ttl: int = 3600
    ns_ttl: int = 86400
    negative_ttl: int = 900
    soa_ttl: int = 3600
    dnskey_ttl: int = 3600
    signing: SigningLayout = field(default_factory=SigningLayout)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerLayout:
    """A signer with its servers. `zsk_period`: a hosted signer rolls its ZSK that often.

    `forgets`: where it forgets `symbols`, its API makes another key each time it is asked, unless
    the caller repeats a call under its idempotency key; where it forgets `calls`, even then.
    """

    name: str
    kind: SignerKindName
    servers: tuple[ServerLayout, ...]
    propagation_delay: int
    zsk_period: int = 7776000
    forgets: Forgets = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentLayout:
    """A way to change delegations.

    A registrar's change is published `registration_delay` seconds after it was accepted; at a
    manual parent a person acts `acts_after` seconds after the instructions were given, or when
    `World.act` is called. One that polls CDS looks once in each `poll_period`, and publishes what
    it saw at most `acts_after` seconds later. `write` None: what the kind can do.
    """

    name: str
    kind: ParentKindName
    registration_delay: int = 600
    acts_after: int = 172800
    poll_period: int = 21600
    write: DsWrite | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerRecords:
    """The records of a zone at one signer, where they are not those that the others serve."""

    signer: str
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneLayout:
    """One zone: served by each of `signers`, changed through `parent`.

    At the start it is delegated to the signers in `delegated` (empty: to all), which name each
    other; any other signer's apex names itself. `records` are lines of a zone file, relative to
    the zone, without SOA, apex NS and DNSSEC; `differing` replaces them at some signers.
    `keys` are symbols of keys (`ksk@13/1`) that the first signer signs with from the start, with a
    DS at the parent for each that has the SEP flag; empty: the zone starts unsigned.
    """

    zone: str
    signers: tuple[str, ...]
    parent: str
    delegated: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    differing: tuple[SignerRecords, ...] = ()
    ns_ttl: int = 86400
    soa_ttl: int = 3600
    negative_ttl: int = 900
    dnskey_ttl: int = 3600
    signing: SigningLayout = field(default_factory=SigningLayout)
    keys: tuple[str, ...] = ()

    @property
    def first_ns(self) -> frozenset[str]:
        """The signers that it is delegated to at the start."""
        return frozenset(self.delegated or self.signers)

    def records_at(self, signer: str) -> tuple[str, ...]:
        """Return the records that one signer serves."""
        own = (given.records for given in self.differing if given.signer == signer)
        return next(own, self.records)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldLayout:
    """A whole world: the root, the TLDs, and the zones directly below them."""

    root: RegistryLayout
    tlds: tuple[RegistryLayout, ...]
    signers: tuple[SignerLayout, ...]
    parents: tuple[ParentLayout, ...]
    zones: tuple[ZoneLayout, ...]

    @property
    def registries(self) -> tuple[RegistryLayout, ...]:
        """The root and the TLDs."""
        return (self.root, *self.tlds)

    @property
    def servers(self) -> tuple[ServerLayout, ...]:
        """Every server of the world, hidden ones included."""
        groups = [place.servers for place in self.registries]
        groups += [place.servers for place in self.signers]
        return tuple(server for group in groups for server in group)

    def servers_of(self, signers: frozenset[str]) -> tuple[ServerLayout, ...]:
        """Return the servers of some signers, hidden ones included, in the layout's order."""
        return tuple(s for signer in self.signers if signer.name in signers for s in signer.servers)


def example_layout() -> WorldLayout:
    """Return a small world: the TLD `example.`, two signers, two parents, four zones.

    Signer `a` gives full control and has two visible servers and a hidden instance that lags for
    exactly the declared bound; `hosted` can be switched on and off.
    """
    return WorldLayout(
        root=RegistryLayout(
            zone=".",
            servers=(ServerLayout(name="a.root.", address="203.0.113.1"),),
            propagation_delay=0,
            ds_ttl=86400,
        ),
        tlds=(
            RegistryLayout(
                zone="example.",
                servers=(
                    ServerLayout(name="a.nic.example.", address="203.0.113.11"),
                    ServerLayout(name="b.nic.example.", address="203.0.113.12", lag=600),
                    ServerLayout(
                        name="b2.nic.example.", address="203.0.113.13", lag=3600, hidden=True
                    ),
                ),
                propagation_delay=3600,
            ),
        ),
        signers=(
            SignerLayout(
                name="a",
                kind="sandbox",
                servers=(
                    ServerLayout(name="ns1.a.example.", address="192.0.2.1"),
                    ServerLayout(name="ns2.a.example.", address="192.0.2.2", lag=60),
                    ServerLayout(name="ns3.a.example.", address="192.0.2.3", lag=300, hidden=True),
                ),
                propagation_delay=300,
            ),
            SignerLayout(
                name="hosted",
                kind="sandbox-hosted",
                servers=(
                    ServerLayout(name="ns1.hosted.example.", address="198.51.100.1"),
                    ServerLayout(name="ns2.hosted.example.", address="198.51.100.2", lag=120),
                ),
                propagation_delay=300,
            ),
        ),
        parents=(
            ParentLayout(name="registrar", kind="sandbox-registrar"),
            ParentLayout(name="by-hand", kind="sandbox-manual"),
        ),
        zones=(
            ZoneLayout(
                zone="shop.example.",
                signers=("a",),
                parent="registrar",
                records=_records("192.0.2.80"),
            ),
            ZoneLayout(
                zone="bank.example.",
                signers=("a",),
                parent="by-hand",
                records=_records("192.0.2.81"),
            ),
            ZoneLayout(
                zone="legacy.example.",
                signers=("a",),
                parent="registrar",
                records=_records("192.0.2.82"),
                keys=("ksk@8/1", "zsk@8/1"),
            ),
            ZoneLayout(
                zone="blog.example.",
                signers=("hosted",),
                parent="registrar",
                records=_records("192.0.2.83"),
            ),
        ),
    )


def _records(address: str) -> tuple[str, ...]:
    return (
        f"@ 3600 A {address}",
        f"www 3600 A {address}",
        "web 300 CNAME www",
        '@ 86400 TXT "v=spf1 -all"',
        f"*.apps 300 A {address}",
        "lab 3600 NS ns.lab",
        f"ns.lab 3600 A {address}",
    )
