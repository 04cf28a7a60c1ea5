"""How the world of a rehearsal begins: as the plan's timeline does, with stand-ins for keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.demo.likeness import Likeness
from reconciler.demo.plan_facts import PlanFacts
from reconciler.model.keys import Key, KeyEntry, UnmatchedDs
from reconciler.model.plan import ZonePlan
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Timeline,
    Version,
    slot,
)
from reconciler.sandbox.history import (
    ALWAYS,
    PARENT,
    DelegationState,
    HeldKey,
    SignerState,
    State,
    Ttls,
)
from reconciler.sandbox.keymaker import DELETE_CDS, ds_text
from reconciler.sandbox.world import World


def begin(
    world: World, plan: ZonePlan, timeline: Timeline, like: Likeness
) -> Mapping[str, KeyEntry]:
    """Make the stand-ins of all keys, and let the world begin as the timeline does."""
    with world.store.transaction():
        held = _stand_ins(world, plan.zone, timeline, like)
        keys = {label: _known(label, key, like.homes[label]) for label, key in held.items()}
        everything = {**timeline.keys, **keys}
        _publish(world, plan, timeline, everything)
    return everything


def _stand_ins(
    world: World, zone: str, timeline: Timeline, like: Likeness
) -> Mapping[str, HeldKey]:
    """Make a key for each of the plan's at its home, and hand it to whoever else signs with it."""
    made = {
        label: world.keyring.key_for(zone, like.homes[label], name)
        for label, name in like.symbols.items()
    }
    signing = {
        (label, version.signer)
        for version in timeline.versions
        if isinstance(version, DnskeyVersion | DataVersion)
        for label in version.signed_by
    }
    for label, place in sorted(signing):
        if place != like.homes[label]:
            world.store.add_key(replace(made[label], id=0, place=place))
    return made


def _known(label: str, held: HeldKey, home: str) -> Key:
    return Key(
        label=label,
        algorithm=held.algorithm,
        flags=held.flags,
        public_key=held.public,
        home=home,
    )


def _publish(
    world: World,
    plan: ZonePlan,
    timeline: Timeline,
    keys: Mapping[str, KeyEntry],
) -> None:
    """Write down what stood before the plan, each version from its instant on."""
    origin = int(plan.at.timestamp())
    first = [v for v in timeline.versions if v.step is None and not v.unknown]
    facts = PlanFacts(zone=plan.zone, steps=plan.steps, timeline=timeline)
    standing: dict[object, Version] = {}
    for version in sorted(first, key=_when):
        instant = ALWAYS if slot(version) not in standing else origin + (version.at or 0)
        standing[slot(version)] = version
        place = None if isinstance(version, DsVersion) else version.signer
        state: State = (
            _delegation(plan.zone, standing, keys)
            if place is None
            else _state(world, facts, place, standing, keys)
        )
        world.store.add_version(place or PARENT, plan.zone, instant, state)


def _delegation(
    zone: str, standing: Mapping[object, Version], keys: Mapping[str, KeyEntry]
) -> DelegationState:
    ds, ns = standing.get((RRsetKind.DS, None)), standing.get((RRsetKind.NS, None))
    refs = ds.ds if isinstance(ds, DsVersion) else ()
    return DelegationState(
        ds=frozenset(_ds(zone, keys[ref.key], ref.digest_type) for ref in refs),
        ns=ns.signers if isinstance(ns, NsVersion) else frozenset(),
    )


def _cds(zone: str, version: Version | None, keys: Mapping[str, KeyEntry]) -> frozenset[str]:
    """Return the CDS set that stands first; nobody but the plan's own steps goes by it."""
    if not isinstance(version, CdsVersion) or version.cds is None:
        return frozenset()
    if version.cds == "delete":
        return DELETE_CDS
    return frozenset(_ds(zone, keys[ref.key], ref.digest_type) for ref in version.cds)


def _when(version: Version) -> float:
    return float("-inf") if version.at is None else version.at


def _ds(zone: str, key: KeyEntry, digest_type: int) -> str:
    if isinstance(key, UnmatchedDs):
        return key.rdata or ""
    return ds_text(
        zone,
        flags=key.flags,
        algorithm=key.algorithm,
        public_key=key.public_key or b"",
        digest_type=digest_type,
    )


def _state(
    world: World,
    facts: PlanFacts,
    signer: str,
    standing: Mapping[object, Version],
    keys: Mapping[str, KeyEntry],
) -> SignerState:
    first = world.store.view()[1].signers[signer, facts.zone][0].state
    dnskey = standing.get((RRsetKind.DNSKEY, signer))
    data = standing.get((RRsetKind.DATA, signer))
    named = standing.get((RRsetKind.NS, signer))

    def ids(labels: frozenset[str]) -> frozenset[int]:
        found = (keys[label] for label in labels)
        return frozenset(_held(world, facts.zone, signer, k) for k in found if isinstance(k, Key))

    published, krrsig, zrrsig = frozenset[int](), frozenset[int](), frozenset[int]()
    if isinstance(dnskey, DnskeyVersion):
        published, krrsig = ids(dnskey.keys), ids(dnskey.signed_by)
    if isinstance(data, DataVersion):
        zrrsig = ids(data.signed_by)
    return SignerState(
        dnskeys=published,
        krrsig=krrsig,
        zrrsig=zrrsig,
        cds=_cds(facts.zone, standing.get((RRsetKind.CDS, signer)), keys),
        ns=named.signers if isinstance(named, NsVersion) else first.ns,
        ttls=Ttls(
            dnskey=facts.first_ttl(RRsetKind.DNSKEY, signer),
            ns=facts.first_ttl(RRsetKind.NS, signer),
            data=facts.first_ttl(RRsetKind.DATA, signer),
            negative=facts.first_ttl(RRsetKind.DNSKEY, signer, empty=True),
        ),
    )


def _held(world: World, zone: str, signer: str, key: Key) -> int:
    """Return the id by which a signer knows a key; a foreign one is taken in."""
    for held in world.store.view()[1].zone_keys(signer, zone):
        if (held.flags, held.algorithm, held.public) == (key.flags, key.algorithm, key.public_key):
            return held.id
    return world.keyring.take_in(zone, signer, key).id
