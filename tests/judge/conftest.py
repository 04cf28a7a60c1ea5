"""A tiny signed world in memory: a root, a TLD, one zone at one or two signers, and its history."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from dns.dnssectypes import DSDigest
from dns.rdtypes.ANY.DNSKEY import DNSKEY

from reconciler.sandbox.judge import Judge, Report, Trust

START = datetime(2030, 1, 1, tzinfo=UTC)
HOUR = 3600
YEAR = 365 * 24 * HOUR
ZONE = dns.name.from_text("example.test.")
TLD = dns.name.from_text("test.")
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Pair:
    dnskey: DNSKEY
    private: PrivateKey

    @property
    def algorithm(self) -> int:
        return int(self.dnskey.algorithm)


@cache
def key(name: str) -> Pair:
    """The key of a name, always the same."""
    return new_pair(name)


def new_pair(name: str) -> Pair:
    """A fresh key; names in `e` are Ed25519, others P-256; those in `z` and `ez` are ZSKs."""
    private: PrivateKey
    if name.startswith("e"):
        private, algorithm = ed25519.Ed25519PrivateKey.generate(), "ED25519"
    else:
        private, algorithm = ec.generate_private_key(ec.SECP256R1()), "ECDSAP256SHA256"
    flags = 256 if name.lstrip("e").startswith("z") else 257
    dnskey = dns.dnssec.make_dnskey(private.public_key(), algorithm, flags)
    assert isinstance(dnskey, DNSKEY)
    return Pair(dnskey, private)


def reflagged(name: str, flags: int) -> Pair:
    """The same key material under other flags."""
    old = key(name)
    changed = old.dnskey.replace(flags=flags)
    assert isinstance(changed, DNSKEY)
    return Pair(changed, old.private)


@dataclass(frozen=True)
class Child:
    """What one signer serves. Keys are named; TTLs are in seconds.

    `late` signs NS where re-signing is under way. `ends` is when signatures end, in seconds from
    the start.
    """

    keys: tuple[str, ...] = ("k1", "z1")
    krrsig: tuple[str, ...] = ("k1",)
    zrrsig: tuple[str, ...] = ("z1",)
    late: tuple[str, ...] | None = None
    ns: tuple[str, ...] = ("ns1.a.", "ns2.a.")
    key_ttl: int = HOUR
    data_ttl: int = HOUR
    negative_ttl: int = 60
    starts: int = -YEAR
    ends: int = YEAR
    denial: bool = True

    def kept(self, key: float, data: float) -> Child:
        """The same with TTLs of DNSKEY and data in hours."""
        return replace(self, key_ttl=round(key * HOUR), data_ttl=round(data * HOUR))


@dataclass(frozen=True)
class Delegation:
    """What the parent serves: DS by key name and digest type, and name servers."""

    ds: tuple[tuple[str, int], ...] = (("k1", 2),)
    ns: tuple[str, ...] = ("ns1.a.", "ns2.a.")
    ds_ttl: int = HOUR
    negative_ttl: int = 60
    ns_ttl: int = HOUR
    ends: int = YEAR


@dataclass(frozen=True)
class Server:
    role: str
    server: str
    address: str
    lag: int = 0
    hidden: bool = False


@dataclass(frozen=True)
class Event:
    """At `at` seconds the servers of a role begin to serve other values, each after its lag."""

    at: float
    role: str
    changes: Mapping[str, object]


@cache
def sign(  # noqa: PLR0917 (a table row)
    owner: str,
    rdtype: str,
    texts: tuple[str, ...],
    signers: tuple[Pair, ...],
    life: tuple[int, int],
    zone: dns.name.Name = ZONE,
) -> tuple[dns.rrset.RRset, ...]:
    rrset = dns.rrset.from_text_list(owner, 3600, "IN", rdtype, list(texts))
    when = [START + timedelta(seconds=s) for s in life]
    signatures = [
        dns.dnssec.sign(rrset, pair.private, zone, pair.dnskey, when[0], when[1])
        for pair in signers
    ]
    if not signatures:
        return (rrset,)
    return rrset, dns.rrset.from_rdata_list(rrset.name, 3600, signatures)


LIFE = (-YEAR, YEAR)


@dataclass
class World:
    """Serves what `states` say by address; `extra` keys replace those of the same name."""

    servers: Sequence[Server]
    states: dict[str, Child | Delegation] = field(default_factory=dict)
    extra: dict[str, Pair] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    asked: int = 0
    tamper: Callable[[str, str, str, dns.message.Message], None] | None = None

    def pair(self, name: str) -> Pair:
        return self.extra.get(name) or key(name)

    def pairs(self, names: Iterable[str]) -> tuple[Pair, ...]:
        return tuple(self.pair(name) for name in names)

    def __call__(self, address: str, qname: str, rdtype: str) -> bytes | None:
        self.asked += 1
        if address in self.silent:
            return None
        message = dns.message.make_response(
            dns.message.make_query(qname, rdtype, want_dnssec=True), recursion_available=False
        )
        message.flags |= dns.flags.AA
        state = self.states.get(address)
        if isinstance(state, Child):
            self._child(message, state, qname, rdtype)
        else:
            self._above(message, state, qname, rdtype)
        if self.tamper:
            self.tamper(address, qname, rdtype, message)
        return message.to_wire()

    def _above(
        self, message: dns.message.Message, state: Delegation | None, qname: str, rdtype: str
    ) -> None:
        root, tld = (self.pair("root"),), (self.pair("tld"),)
        if (qname, rdtype) == (".", "DNSKEY"):
            put(message.answer, sign(".", "DNSKEY", text(root), root, LIFE, dns.name.root))
        elif (qname, rdtype) == ("test.", "DS"):
            ds = ds_text(tld[0], TLD, 2)
            put(message.answer, sign("test.", "DS", (ds,), root, LIFE, dns.name.root))
        elif (qname, rdtype) == ("test.", "DNSKEY"):
            put(message.answer, sign("test.", "DNSKEY", text(tld), tld, LIFE, TLD))
        elif state is not None and rdtype == "NS":
            message.flags &= ~dns.flags.AA
            put(message.authority, sign("example.test.", "NS", state.ns, (), LIFE), state.ns_ttl)
        elif state is not None and state.ds:
            texts = tuple(self._ds(name, digest) for name, digest in state.ds)
            life = (-YEAR, state.ends)
            put(message.answer, sign("example.test.", "DS", texts, tld, life, TLD), state.ds_ttl)
        elif state is not None:
            soa = soa_text(state.negative_ttl)
            put(message.authority, sign("test.", "SOA", (soa,), tld, LIFE, TLD), 900)
            nsec = ("f.test. NS RRSIG NSEC",)
            signed = sign("example.test.", "NSEC", nsec, tld, LIFE, TLD)
            put(message.authority, signed, state.negative_ttl)

    def _ds(self, name: str, digest: int) -> str:
        return name[4:] if name.startswith("raw:") else ds_text(self.pair(name), ZONE, digest)

    def _child(self, message: dns.message.Message, state: Child, qname: str, rdtype: str) -> None:
        life = (state.starts, state.ends)
        data = self.pairs(state.zrrsig)
        if rdtype == "DNSKEY" and state.keys:
            texts = text(self.pairs(state.keys))
            signed = sign(qname, rdtype, texts, self.pairs(state.krrsig), life)
            put(message.answer, signed, state.key_ttl)
        elif rdtype == "SOA":
            soa = soa_text(state.negative_ttl)
            put(message.answer, sign(qname, rdtype, (soa,), data, life), state.data_ttl)
        elif rdtype == "NS":
            signers = data if state.late is None else self.pairs(state.late)
            put(message.answer, sign(qname, rdtype, state.ns, signers, life), state.data_ttl)
        else:
            self._deny(message, state, qname)

    def _deny(self, message: dns.message.Message, state: Child, qname: str) -> None:
        data, life = self.pairs(state.zrrsig), (state.starts, state.ends)
        apex = ZONE.to_text()
        soa = soa_text(state.negative_ttl)
        put(message.authority, sign(apex, "SOA", (soa,), data, life), state.data_ttl)
        if qname != apex:
            message.set_rcode(dns.rcode.NXDOMAIN)
        if data and state.denial:
            types = "NS SOA RRSIG NSEC" + (" DNSKEY" if state.keys else "")
            nsec = sign(apex, "NSEC", (f"{apex} {types}",), data, life)
            put(message.authority, nsec, state.negative_ttl)


def put(section: list[dns.rrset.RRset], signed: Iterable[dns.rrset.RRset], ttl: int = 3600) -> None:
    for rrset in signed:
        served = dns.rrset.from_rdata_list(rrset.name, ttl, list(rrset))
        section.append(served)


def text(pairs: Iterable[Pair]) -> tuple[str, ...]:
    return tuple(pair.dnskey.to_text() for pair in pairs)


def ds_text(pair: Pair, zone: dns.name.Name, digest: int) -> str:
    ds = dns.dnssec.make_ds(zone, pair.dnskey, DSDigest(digest), policy=dns.dnssec.allow_all_policy)
    return ds.to_text()


def soa_text(minimum: int) -> str:
    return f"ns1.a. hostmaster.a. 1 7200 3600 1209600 {minimum}"


ONE_SIGNER = (
    Server("parent", "p1.", "parent-1"),
    Server("parent", "p2.", "parent-2"),
    Server("a", "ns1.a.", "a-1"),
    Server("a", "ns2.a.", "a-2"),
)


def lagging(parent: float, child: float) -> tuple[Server, ...]:
    """One signer; the second server of each side follows after so many seconds."""
    lags = {"parent-2": int(parent), "a-2": int(child)}
    return tuple(replace(s, lag=lags.get(s.address, 0)) for s in ONE_SIGNER)


@dataclass
class Story:
    """A world that changes over time, watched by a judge."""

    servers: Sequence[Server] = ONE_SIGNER
    starts: Mapping[str, Child | Delegation] = field(
        default_factory=lambda: {"parent": Delegation(), "a": Child()}
    )
    profiles: tuple[str, ...] = ("loose", "ds-alg")
    probes: tuple[tuple[str, str], ...] = ()
    trusted: bool = False
    extra: dict[str, Pair] = field(default_factory=dict)

    def play(self, events: Iterable[Event], until: float) -> Report:
        """Let the events happen, look at every landing, and report at `until` seconds."""
        world = World(self.servers, extra=self.extra)
        judge = self.judge(world)
        for server in self.servers:
            world.states[server.address] = self.starts[server.role]
        judge.look(START - timedelta(days=30))
        landings = sorted(
            (
                (e.at + s.lag, i, e, s)
                for i, e in enumerate(events)
                for s in self.servers
                if s.role == e.role
            ),
            key=lambda landing: landing[:2],
        )
        for at, _, event, server in landings:
            state = world.states[server.address]
            world.states[server.address] = replace(state, **event.changes)  # type: ignore[arg-type]
            judge.look(instant(at))
        judge.look(instant(until))
        return judge.report()

    def judge(self, world: World) -> Judge:
        anchors = tuple(f". 3600 IN DNSKEY {t}" for t in text([world.pair("root")]))
        servers = {".": ("root-1",), "test.": ("parent-1", "parent-2")}
        trust = Trust(anchors=anchors, servers=servers) if self.trusted else None
        return Judge(
            "Example.TEST",
            self.servers,
            world,
            profiles=self.profiles,
            probes=self.probes,
            trust=trust,
        )


def instant(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def early(events: Sequence[Event], which: int, seconds: float = 1) -> list[Event]:
    """The same events, one of them taken too early."""
    return [replace(e, at=e.at - seconds) if i == which else e for i, e in enumerate(events)]
