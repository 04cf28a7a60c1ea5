"""The problem of one zone, made from desired state, observation and goal."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.desired import Bounds, DesiredZone
from reconciler.model.keys import DsRef, Key
from reconciler.model.observed import ObservedZone
from reconciler.model.timeline import DataVersion, DnskeyVersion, DsVersion, RRsetKind
from reconciler.planning.goal import Goal, start_of
from reconciler.planning.past import NsPast, ns_past, pasts_of
from reconciler.planning.publication import DS_SLOT, Publication, SignerPart, world_of
from reconciler.planning.safety import profiles_for
from reconciler.planning.solve import Task
from reconciler.planning.timing import timings, unknown_ttls


def task_of(
    desired: DesiredZone, observed: ObservedZone, goal: Goal, signer: str
) -> tuple[Task, NsPast]:
    """Return what is to be solved, and the past of the NS RRsets around it."""
    start = start_of(observed, signer)
    mending = _mending_ds(desired, observed, signer)
    mended = Publication(ds=mending, signers=start.signers)
    publications = [start, goal.publication, mended, *_remembered(observed, signer)]
    world = world_of(goal.keys, publications)
    times = timings(world, observed)
    unknown = unknown_ttls(world, observed, _bounds(desired.policy.bounds, desired.policy.ds_ttl))
    node = world.encode(start)
    ns = ns_past(observed, signer)
    task = Task(
        world=world,
        start=node,
        goal=world.encode(goal.publication),
        parent=observed.parent.capabilities,
        signers=tuple(observed.signers[name].capabilities for name in world.signers),
        timings=times,
        pasts=pasts_of(world, observed, times, unknown, node),
        profiles=profiles_for(desired.policy.weak_algorithms),
        mending=world.ds_mask(mending),
        drop_strict=desired.policy.drop_strict,
        insecure_allowed=not node[DS_SLOT] or not goal.publication.ds,
        ns_unknown_until=ns.unknown_until,
    )
    return task, ns


def _mending_ds(desired: DesiredZone, observed: ObservedZone, signer: str) -> frozenset[DsRef]:
    """Return the DS RRset that fits what is served, where the one at the parent does not."""
    facts, standing = observed.signers[signer], observed.parent.ds
    anchors = sorted(
        label
        for label in facts.krrsig & facts.dnskeys
        if isinstance(key := observed.keys[label], Key) and key.is_sep
    )
    if not desired.signed or not standing or {ref.key for ref in standing} & set(anchors):
        return frozenset()
    return frozenset(DsRef(k, digest) for k in anchors for digest in desired.policy.digest_types)


def _bounds(bounds: Bounds, ds_ttl: int | None) -> Mapping[str, int]:
    return {RRsetKind.DS: ds_ttl or 0, RRsetKind.DATA: bounds.max_zone_ttl or 0}


def _remembered(observed: ObservedZone, signer: str) -> list[Publication]:
    """What history tells of, as publications, so that the world knows its keys and DS."""
    if observed.settled:
        return []
    part = SignerPart()
    found = []
    for version in observed.history:
        match version:
            case DsVersion(ds=ds):
                found.append(Publication(ds=ds, signers={signer: part}))
            case DnskeyVersion(keys=keys, signed_by=signed_by):
                seen = SignerPart(dnskeys=keys, krrsig=signed_by)
                found.append(Publication(ds=frozenset(), signers={signer: seen}))
            case DataVersion(signed_by=signed_by):
                seen = SignerPart(zrrsig=signed_by)
                found.append(Publication(ds=frozenset(), signers={signer: seen}))
            case _:
                pass
    return found
