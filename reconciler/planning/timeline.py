"""The timeline of a solution: its versions in the language that proof and report read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.model.keys import KeyEntry
from reconciler.model.observed import ObservedZone
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Timeline,
    Version,
)
from reconciler.planning.edge import Edge, retimed
from reconciler.planning.past import Past
from reconciler.planning.publication import Side, World
from reconciler.planning.timing import SlotTiming
from reconciler.planning.windows import Window


def step_id(number: int) -> str:
    """Return the id of the n-th step, counted from 1."""
    return f"s{number}"


def versions_of(
    world: World,
    pasts: Sequence[Past],
    timings: Sequence[SlotTiming],
    path: Sequence[Edge],
    times: Sequence[int],
) -> tuple[Version, ...]:
    """Return the versions of every slot of a node, in order within each slot."""
    versions: list[Version] = []
    for slot, (past, timing) in enumerate(zip(pasts, timings, strict=True)):
        if isinstance(world.slots[slot][0], Side):
            continue
        versions += [
            version_of(
                world,
                slot,
                old.value,
                at=old.at,
                ttl=old.ttl,
                delay=old.propagation,
                expires=old.expires,
            )
            for old in past
        ]
        for number, edge in enumerate(path, start=1):
            value = edge.after[slot]
            timing, same = retimed(timing, edge, slot), timing  # noqa: PLW2901 - as it is from then on
            if value != edge.before[slot] or timing is not same:
                versions.append(
                    version_of(
                        world,
                        slot,
                        value,
                        step=step_id(number),
                        at=times[number],
                        ttl=timing.ttl_of(value),
                        delay=timing.propagation,
                        expires=timing.ends,
                    )
                )
    return tuple(versions)


def version_of(  # noqa: PLR0913 - the fields of a version
    world: World,
    slot: int,
    value: int | None,
    *,
    ttl: int,
    delay: int,
    at: int | None = None,
    step: str | None = None,
    expires: int | None = None,
) -> Version:
    """Return one version of one slot; `value` None is something unknown."""
    kind, signer = world.slots[slot]
    unknown, held = value is None, value or 0
    if kind is RRsetKind.NS:
        return NsVersion(
            step=step,
            at=at,
            ttl=ttl,
            propagation=delay,
            unknown=unknown,
            signer=signer,
            signers=world.signer_names(held),
        )
    if kind is RRsetKind.DS or signer is None:
        refs = world.ds_names(held)
        return DsVersion(step=step, at=at, ttl=ttl, propagation=delay, unknown=unknown, ds=refs)
    if kind is RRsetKind.CDS:
        return CdsVersion(
            step=step,
            at=at,
            ttl=ttl,
            propagation=delay,
            unknown=unknown,
            signer=signer,
            cds=world.cds_of(held),
            polled=world.polling is not None,
            processing_max=world.polling or 0,
        )
    if kind is RRsetKind.DNSKEY:
        keys, krrsig = world.dnskey_parts(held)
        return DnskeyVersion(
            step=step,
            at=at,
            ttl=ttl,
            propagation=delay,
            unknown=unknown,
            signer=signer,
            keys=world.names(keys),
            signed_by=world.names(krrsig),
            expires=expires,
        )
    return DataVersion(
        step=step,
        at=at,
        ttl=ttl,
        propagation=delay,
        unknown=unknown,
        signer=signer,
        signed_by=world.names(held),
        expires=expires,
    )


def cds_versions(observed: ObservedZone, signers: Iterable[str]) -> tuple[CdsVersion, ...]:
    """Return the version of each CDS set that these signers publish and the plan leaves alone."""
    parent = observed.parent.capabilities
    return tuple(
        CdsVersion(
            ttl=facts.dnskey_ttl,
            propagation=facts.propagation_delay,
            signer=name,
            cds=facts.cds,
            polled=parent.polls_cds,
            processing_max=parent.processing_max,
        )
        for name in signers
        if (facts := observed.signers[name]).cds is not None
    )


def timeline_of(  # noqa: PLR0913 - the fields of a timeline
    world: World,
    versions: Sequence[Version],
    cds: Sequence[CdsVersion],
    *,
    profiles: tuple[str, ...],
    assumptions: tuple[str, ...],
    insecure_allowed: bool,
) -> Timeline:
    """Join the versions of all slots: DS, NS, DNSKEY and data, CDS."""
    keys: dict[str, KeyEntry] = dict(world.keys)
    ds = [v for v in versions if isinstance(v, DsVersion)]
    ns = [v for v in versions if isinstance(v, NsVersion)]
    rest = [v for v in versions if not isinstance(v, DsVersion | NsVersion)]
    return Timeline(
        profiles=profiles,
        assumptions=assumptions,
        insecure_allowed=insecure_allowed,
        keys=keys,
        versions=(*ds, *ns, *rest, *cds),
    )


def ends_clean(world: World, windows: Sequence[Sequence[Window]], times: Sequence[int]) -> int:
    """Return the instant from which no cache holds anything older than the last versions.

    NS RRsets count only where the plan changes them.
    """
    end = 0
    for each in (window for of_slot in windows for window in of_slot):
        if world.slots[each.slot][0] is RRsetKind.NS and not each.ends:
            continue
        fetched = all(
            times[low.step] + low.seconds < times[high.step] + high.seconds
            for low, high in each.alive
        )
        if each.highs and not each.passing and fetched:
            end = max(end, min(times[high.step] + high.seconds for high in each.highs))
    return end
