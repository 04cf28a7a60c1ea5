"""What the demo plays in: its world, its portfolio and its people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from reconciler.sandbox.layout import (
    ParentLayout,
    RegistryLayout,
    ServerLayout,
    SignerLayout,
    SigningLayout,
    WorldLayout,
    ZoneLayout,
)

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""The demo begins on a Monday morning; nothing in it depends on the date."""

SIGNER_BOUND = 300
PARENT_BOUND = 3600
MAX_ZONE_TTL = 86400
"""Declared bounds in seconds: propagation at signer and parent, the largest TTL in a zone. They are
BIND's defaults (zone-propagation-delay, parent-propagation-delay, max-zone-ttl)."""

_YEAR = SigningLayout(validity=31536000, refresh=2592000)
"""The registry signs for a year, so that the judges look when a zone changes, and not in between
for signatures of others that change nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody of the demo: `public` is the SSH key that the portfolio lists, if any."""

    name: str
    email: str
    public: str = ""


AUTHOR = Person(name="Dana Developer", email="dana@shop.example")
"""Who writes the changes, and therefore approves none of them."""


def layout(*, worst_case: bool) -> WorldLayout:
    """Return the world: the TLD `example.`, a signer under full control and two hosted ones.

    Each operator has one instance that nobody can see (anycast) and that lags for exactly the
    declared bound. In the `worst_case` all visible servers follow at once and parents publish what
    they are given without delay, so that everything happens as early as it can; otherwise
    secondaries lag a little and parents take their time, as they do.
    """
    lag = 0 if worst_case else 60
    return WorldLayout(
        root=RegistryLayout(
            zone=".",
            servers=(ServerLayout(name="a.root.", address="203.0.113.1"),),
            propagation_delay=0,
            signing=_YEAR,
        ),
        tlds=(_tld(lag),),
        signers=(_own(lag), _hosted(lag), _multi(lag)),
        parents=(
            ParentLayout(name="registrar", kind="sandbox-registrar", registration_delay=10 * lag),
            ParentLayout(name="by-hand", kind="sandbox-manual", acts_after=720 * lag),
        ),
        zones=(
            _zone("shop.example.", "own", "registrar", ()),
            _zone("legacy.example.", "own", "registrar", ("ksk@13/1", "zsk@13/1")),
            _zone("blog.example.", "hosted", "by-hand", ()),
            _zone("mail.example.", "own", "registrar", ("ksk@8/1", "zsk@8/1")),
            replace(
                _zone("news.example.", "own", "registrar", ("ksk@13/1", "zsk@13/1")),
                signers=("own", "multi"),
                delegated=("own",),
            ),
        ),
    )


def _tld(lag: int) -> RegistryLayout:
    return RegistryLayout(
        zone="example.",
        servers=(
            ServerLayout(name="a.nic.example.", address="203.0.113.11"),
            ServerLayout(name="b.nic.example.", address="203.0.113.12", lag=lag),
            ServerLayout(
                name="b2.nic.example.", address="203.0.113.13", lag=PARENT_BOUND, hidden=True
            ),
        ),
        propagation_delay=PARENT_BOUND,
        signing=_YEAR,
    )


def _own(lag: int) -> SignerLayout:
    return SignerLayout(
        name="own",
        kind="sandbox",
        servers=(
            ServerLayout(name="ns1.own.example.", address="192.0.2.1"),
            ServerLayout(name="ns2.own.example.", address="192.0.2.2", lag=lag),
            ServerLayout(
                name="ns3.own.example.", address="192.0.2.3", lag=SIGNER_BOUND, hidden=True
            ),
        ),
        propagation_delay=SIGNER_BOUND,
    )


def _hosted(lag: int) -> SignerLayout:
    return SignerLayout(
        name="hosted",
        kind="sandbox-hosted",
        servers=(
            ServerLayout(name="ns1.hosted.example.", address="198.51.100.1"),
            ServerLayout(name="ns2.hosted.example.", address="198.51.100.2", lag=lag),
            ServerLayout(
                name="ns3.hosted.example.", address="198.51.100.3", lag=SIGNER_BOUND, hidden=True
            ),
        ),
        propagation_delay=SIGNER_BOUND,
    )


def _multi(lag: int) -> SignerLayout:
    return SignerLayout(
        name="multi",
        kind="sandbox-multi",
        servers=(
            ServerLayout(name="ns1.multi.example.", address="198.51.100.11"),
            ServerLayout(name="ns2.multi.example.", address="198.51.100.12", lag=lag),
            ServerLayout(
                name="ns3.multi.example.", address="198.51.100.13", lag=SIGNER_BOUND, hidden=True
            ),
        ),
        propagation_delay=SIGNER_BOUND,
    )


def _zone(zone: str, signer: str, parent: str, keys: tuple[str, ...]) -> ZoneLayout:
    records = (
        "@ 3600 A 192.0.2.80",
        "www 3600 A 192.0.2.80",
        "*.apps 300 A 192.0.2.81",
        f'@ {MAX_ZONE_TTL} TXT "v=spf1 -all"',
    )
    return ZoneLayout(zone=zone, signers=(signer,), parent=parent, records=records, keys=keys)


PROBES = (("www", "A"), ("x.apps", "A"), ("", "TXT"))
"""What the judges ask of each zone beside SOA, NS and a name that does not exist: the last has the
largest TTL of the zone, and stays longest in caches."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A world and the portfolio in it: `files` holds the file of each zone."""

    layout: WorldLayout
    files: Mapping[str, str]


def portfolio_yaml(
    world: str, scene: WorldLayout, approvers: tuple[Person, ...], *, margins: bool
) -> str:
    """Return `zones/portfolio.yaml` over a world; without `margins` every wait is the proof's."""
    margin = "1h" if margins else "0s"
    people = "".join(_person_yaml(person) for person in approvers)
    names = ", ".join(person.name for person in approvers)
    return f"""\
# yaml-language-server: $schema=../schemas/portfolio.schema.json
policies:
{_policy_yaml("standard", "ECDSAP256SHA256", "split", margin)}\
{_policy_yaml("rsa", "RSASHA256", "split", margin)}\
signers:
{_systems_yaml(world, scene.signers)}\
parents:
{_systems_yaml(world, scene.parents)}\
people:
{people}owners:
  platform: {{people: [{names}], contacts: {{registrar: "help@registrar.example"}}}}
governance:
  critical_group: platform
  separation_of_duties: true
"""


def _systems_yaml(world: str, systems: Iterable[SignerLayout | ParentLayout]) -> str:
    return "".join(f"  {s.name}: {{kind: {s.kind}, world: {world}}}\n" for s in systems)


def _policy_yaml(name: str, algorithm: str, keys: str, margin: str) -> str:
    return f"""\
  {name}:
    algorithm: {algorithm}
    keys: {keys}
    denial: nsec
    ds: {{digest_types: [SHA256]}}
    bounds: {{max_zone_ttl: 1d, propagation: 5m, parent_propagation: 1h, signing_delay: 0s}}
    signatures: {{validity: 14d, refresh: 5d}}
    margins: {{publish_safety: {margin}, retire_safety: {margin}}}
"""


def _person_yaml(person: Person) -> str:
    return f'  {person.name}: {{emails: [{person.email}], ssh: "{person.public}"}}\n'


def zone_yaml(  # noqa: PLR0913 - what a zone's file says, line by line
    zone: str,
    signer: str,
    parent: str,
    *,
    signed: bool,
    keys: str = "",
    policy: str = "standard",
) -> str:
    """Return the file of one zone; `keys` is the flow mapping of its generations, if any."""
    return (
        f"""\
# yaml-language-server: $schema=../schemas/zone.schema.json
zone: {zone.removesuffix(".")}
owner: platform
policy: {policy}
dnssec: {"signed" if signed else "unsigned"}
signers: [{signer}]
parent: {parent}
{f"keys: {keys}" if keys else ""}""".rstrip()
        + "\n"
    )


def with_public(person: Person, public: str) -> Person:
    """Return `person` with the SSH key that the portfolio lists."""
    return replace(person, public=public)
