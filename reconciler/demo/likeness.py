"""A world like the one that a plan was made for: same TTLs, bounds, roles and start, other keys.

Private keys of real zones are nobody's to copy, so each key of the plan has a stand-in of the same
role and algorithm. What the sandbox cannot be made to do is said, not smoothed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from reconciler.demo.plan_facts import PlanFacts, keys_of
from reconciler.demo.unlike import LONGEST, ROLES, reasons
from reconciler.model.capabilities import DsWrite
from reconciler.model.desired import Denial, DenialKind
from reconciler.model.keys import Key, KeyRole, parse_symbol, symbol
from reconciler.model.moves import RollStart
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Step
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    RRsetKind,
    Timeline,
)
from reconciler.sandbox.layout import (
    ParentLayout,
    RegistryLayout,
    ServerLayout,
    SignerLayout,
    SigningLayout,
    WorldLayout,
    ZoneLayout,
)

PARENT = "parent"
"""The name of the parent in the likeness."""
_NEGATIVE_TTL = 900
_NS_TTL = 86400
"""TTLs where the timeline names none, so that no wait of the plan rests on them (RFC 2308 §5: some
minutes to hours; RFC 1912 §2.8: a day for NS)."""
_DECADE = SigningLayout(validity=2 * LONGEST, refresh=LONGEST)
"""Signatures that outlive every rehearsal: the plan takes them as refreshed in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What a world must be made of, and by which symbol it knows each key of the plan.

    `homes`: the signer that holds a key's private part. `notes`: where the likeness falls short in
    a way that makes the rehearsal milder or other than the plan, never silently.
    """

    layout: WorldLayout
    symbols: Mapping[str, str]
    homes: Mapping[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlike:
    """Why no world of the sandbox is like the one that the plan was made for."""

    why: tuple[str, ...]


def likeness(
    zone: str,
    steps: Sequence[Step],
    timeline: Timeline,
    observed: ObservedZone | None = None,
    *,
    parent_delay: int = 0,
) -> Likeness | Unlike:
    """Return the world to rehearse in, in the worst case: all that can be seen follows at once, and
    one instance of each operator that nobody can see lags for exactly the declared bound.

    `observed` tells of denial, which no timeline holds. A registrar publishes what it was given
    `parent_delay` seconds later.
    """
    facts = PlanFacts(zone=zone, steps=steps, timeline=timeline)
    why = tuple(dict.fromkeys(reasons(facts, observed)))
    if why:
        return Unlike(why=why)
    return Likeness(
        layout=_layout(facts, _denial(observed), parent_delay),
        symbols=_symbols(timeline),
        homes={label: _home(facts, label, key) for label, key in keys_of(timeline)},
        notes=tuple(_notes(facts, observed)),
    )


def _denial(observed: ObservedZone | None) -> Denial:
    """Return the denial of a signed zone: as observed, else NSEC."""
    found = [facts.denial for facts in observed.signers.values()] if observed else []
    return next((d for d in found if d.kind in {DenialKind.NSEC, DenialKind.NSEC3}), Denial())


def _notes(facts: PlanFacts, observed: ObservedZone | None) -> Iterator[str]:
    if any(version.unknown for version in facts.timeline.versions):
        yield (
            "what stood before the observation is not known, so nothing of it is played: a wait for"
            " it is kept and not put to the test"
        )
    if any(isinstance(v, CdsVersion) and v.polled for v in facts.timeline.versions):
        yield (
            "the parent publishes what CDS asks for when the plan expects it; that it may do so at"
            " another time is left to the proof"
        )
    if any(isinstance(m, RollStart) for step in facts.steps for m in step.moves):
        yield "a signer that rolls by itself does each thing as soon as the plan says that it may"
    if observed is None:
        yield "a plan file does not tell the kind of denial; the rehearsal uses NSEC"


def _layout(facts: PlanFacts, denial: Denial, parent_delay: int) -> WorldLayout:
    parent = facts.zone.partition(".")[2]
    signers = [_signer(facts, n, name) for n, name in enumerate(facts.signers, start=1)]
    return WorldLayout(
        root=RegistryLayout(
            zone=".",
            servers=(ServerLayout(name="a.root.", address="203.0.113.1"),),
            propagation_delay=0,
            signing=_DECADE,
        ),
        tlds=(_registry(facts, parent),),
        signers=tuple(signers),
        parents=(
            ParentLayout(
                name=PARENT,
                kind="sandbox-manual",
                acts_after=parent_delay,
                write=DsWrite.ATOMIC_ADD_REMOVE,
            ),
        ),
        zones=(_zone(facts, denial),),
    )


def _registry(facts: PlanFacts, parent: str) -> RegistryLayout:
    negative = _one(facts.ttls(RRsetKind.DS, None, empty=True), _NEGATIVE_TTL)
    delay = _one(facts.delays(RRsetKind.DS, None), 0)
    return RegistryLayout(
        zone=parent,
        servers=_servers(f"registry-servers.{parent}", "203.0.113", 11, delay),
        propagation_delay=delay,
        ds_ttl=_one(facts.ttls(RRsetKind.DS, None), _NEGATIVE_TTL),
        ns_ttl=_one(facts.ttls(RRsetKind.NS, None), _NS_TTL),
        negative_ttl=negative,
        soa_ttl=negative,
        signing=_DECADE,
    )


def _signer(facts: PlanFacts, number: int, name: str) -> SignerLayout:
    delay = _one(facts.delays(RRsetKind.DNSKEY, name), 0)
    parent = facts.zone.partition(".")[2]
    servers = _servers(f"signer{number}-servers.{parent}", "192.0.2", 2 * number, delay)
    return SignerLayout(name=name, kind="sandbox", servers=servers, propagation_delay=delay)


def _servers(domain: str, network: str, host: int, delay: int) -> tuple[ServerLayout, ...]:
    """Return a server that follows at once, and one that nobody can see, as late as may be."""
    seen = ServerLayout(name=f"ns1.{domain}", address=f"{network}.{host}")
    late = ServerLayout(
        name=f"ns2.{domain}", address=f"{network}.{host + 1}", lag=delay, hidden=True
    )
    return (seen, late) if delay else (seen,)


def _zone(facts: PlanFacts, denial: Denial) -> ZoneLayout:
    def ttl(kind: RRsetKind, default: int, *, empty: bool = False) -> int:
        found = (facts.ttls(kind, name, empty=empty) for name in facts.signers)
        return max((seconds for ttls in found for seconds in ttls), default=default)

    data = ttl(RRsetKind.DATA, _NS_TTL)
    negative = min(ttl(RRsetKind.DNSKEY, _NEGATIVE_TTL, empty=True), data)
    return ZoneLayout(
        zone=facts.zone,
        signers=facts.signers,
        parent=PARENT,
        records=(
            f"@ {data} TXT rehearsal",
            f"www {data} A 192.0.2.80",
            f"*.apps {min(data, negative)} A 192.0.2.81",
        ),
        ns_ttl=ttl(RRsetKind.NS, min(_NS_TTL, data)),
        soa_ttl=negative,
        negative_ttl=negative,
        dnskey_ttl=ttl(RRsetKind.DNSKEY, data),
        signing=SigningLayout(validity=_DECADE.validity, refresh=_DECADE.refresh, denial=denial),
    )


def _one(values: Iterable[int], default: int) -> int:
    return max(values, default=default)


def _symbols(timeline: Timeline) -> dict[str, str]:
    """Return a symbol of the sandbox for each key: its own label where that is one."""
    symbols: dict[str, str] = {}
    taken = {label for label, _ in keys_of(timeline)}
    for label, key in keys_of(timeline):
        role = ROLES[key.flags]
        parsed = parse_symbol(label)
        own = parsed and (parsed[0].flags, parsed[1]) == (key.flags, key.algorithm)
        symbols[label] = label if own else _fresh(role, key.algorithm, taken)
        taken.add(symbols[label])
    return symbols


def _fresh(role: KeyRole, algorithm: int, taken: set[str]) -> str:
    names = (symbol(role, algorithm, number) for number in count(1))
    return next(name for name in names if name not in taken)


def _home(facts: PlanFacts, label: str, key: Key) -> str:
    """Return who signs with a key: the signer that says so, else whoever does so in the plan."""
    if key.home in facts.signers:
        return key.home
    signing = [v for v in facts.timeline.versions if isinstance(v, DnskeyVersion | DataVersion)]
    users = (v.signer for v in signing if label in v.signed_by)
    return next(users, facts.signers[0])
