"""The problem of one zone, made from desired state, observation and goal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.model.capabilities import DsCheck, ParentCapabilities
from reconciler.model.desired import Bounds, DesiredZone, KeyState
from reconciler.model.keys import DsRef, Key
from reconciler.model.observed import ObservedZone
from reconciler.model.timeline import CdsVersion, DataVersion, DnskeyVersion, DsVersion, RRsetKind
from reconciler.planning.choice import ds_for, is_foreign
from reconciler.planning.early import Early, coming
from reconciler.planning.goal import Goal, involved, start_of
from reconciler.planning.named import labelled
from reconciler.planning.offer import Stand
from reconciler.planning.past import Past, expiring, pasts_of, unknown_until
from reconciler.planning.publication import (
    DS_SLOT,
    Node,
    Publication,
    SignerPart,
    World,
    world_of,
)
from reconciler.planning.safety import Profile, profiles_for
from reconciler.planning.sides import ends_of
from reconciler.planning.timing import (
    SlotTiming,
    roll_of,
    stop_of,
    timings,
    unknown_ttls,
    with_ends,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Where from, where to, and under which circumstances."""

    world: World
    start: Node
    goal: Node
    parent: ParentCapabilities
    signers: tuple[Stand, ...]
    timings: tuple[SlotTiming, ...]
    pasts: tuple[Past, ...]
    profiles: tuple[Profile, ...]
    mending: int
    drop_strict: bool
    insecure_allowed: bool
    insecure: bool = False
    """Going through an insecure delegation is open, which no safe way does (I2 lifted)."""
    early: Early | None = None
    """The keys whose DS comes first, where the policy asks for that."""
    bad: int = 0
    """The mask of the keys that were named as compromised."""
    lost: int = 0
    """The mask of the keys that sign nothing new, for their private part is gone."""
    hurry: bool = False
    """Seconds count before changes at the parent."""
    ns_unknown_until: int = 0
    asked: int = -1
    """The mask of the profiles to try for."""

    @property
    def runs_out(self) -> bool:
        """True if some signature ends, or some signer stops or rolls, at a known instant."""
        return any(past[-1].expires is not None for past in self.pasts) or any(
            (stand.stops, stand.rolls) != (None, None) for stand in self.signers
        )


def task_of(desired: DesiredZone, observed: ObservedZone, goal: Goal) -> Task:
    """Return what is to be solved."""
    signers = involved(desired, observed)
    ends = ends_of(desired, observed, start_of(observed, signers), goal.publication)
    start = ends.start
    compromised = labelled(desired, observed, KeyState.COMPROMISED)
    mending = _mending_ds(desired, observed)
    mended = Publication(ds=mending, signers=start.signers)
    publications = [start, ends.goal, mended, *_remembered(observed, signers)]
    world = world_of(goal.keys, publications, extras=ends.extras, polling=ends.polling)
    lost = world.mask(labelled(desired, observed, KeyState.LOST) & set(world.labels))
    times = with_ends(timings(world, observed), desired, observed, world)
    unknown = unknown_ttls(world, observed, _bounds(desired.policy.bounds, desired.policy.ds_ttl))
    node = world.encode(start)
    before = pasts_of(world, observed, times, unknown, node)
    pasts = expiring(world, observed, before, times, lost)
    named = (
        past for (kind, _), past in zip(world.slots, pasts, strict=True) if kind is RRsetKind.NS
    )
    return Task(
        world=world,
        start=node,
        goal=world.encode(ends.goal),
        parent=observed.parent.capabilities,
        signers=_stands(desired, observed, world, publications, goal.publication),
        timings=times,
        pasts=pasts,
        profiles=profiles_for(desired.policy.weak_algorithms),
        mending=world.ds_mask(mending),
        drop_strict=desired.policy.drop_strict,
        early=_early(desired, observed, goal, world),
        bad=world.mask(compromised & set(world.labels)),
        lost=lost,
        insecure_allowed=not node[DS_SLOT] or not goal.publication.ds,
        ns_unknown_until=max(unknown_until(past) for past in named),
    )


def _early(desired: DesiredZone, observed: ObservedZone, goal: Goal, world: World) -> Early | None:
    keys = coming(desired, observed, goal)
    rollover = desired.policy.ksk_rollover
    return Early(keys=world.mask(keys), rollover=rollover) if keys else None


def _stands(
    desired: DesiredZone,
    observed: ObservedZone,
    world: World,
    publications: Iterable[Publication],
    goal: Publication,
) -> tuple[Stand, ...]:
    """Return where each signer stands: its own keys, and those it can publish for others."""
    hidden = _hidden(goal, observed)
    if len(world.signers) == 1:
        capabilities = observed.signers[world.signers[0]].capabilities
        return (Stand(capabilities=capabilities, passing=world.mask(hidden)),)
    signing = {
        name: frozenset[str]().union(
            *(p.signers[name].zrrsig for p in publications if name in p.signers)
        )
        for name in world.signers
    }
    checked = observed.parent.capabilities.checks_ds is DsCheck.DELEGATED
    to_come = frozenset(ref.key for ref in goal.ds - observed.parent.ds) if checked else frozenset()
    stands = []
    for name in world.signers:
        foreign = {k for k in world.labels if _elsewhere(k, world, observed, name)}
        useful = frozenset[str]().union(*(keys for p, keys in signing.items() if p != name))
        useful |= to_come if name in observed.parent.ns else frozenset()
        capabilities = observed.signers[name].capabilities
        if capabilities.presigned:
            useful |= goal.signers[name].krrsig
        lent = {
            k
            for k in useful & foreign
            if capabilities.presigned
            or (capabilities.foreign_ksk if _is_sep(k, world) else capabilities.foreign_zsk)
        }
        stands.append(
            Stand(
                capabilities=capabilities,
                own=world.mask(k for k in world.labels if k not in foreign),
                lent=world.mask(lent),
                passing=world.mask(hidden - foreign),
                stops=stop_of(desired, observed, name),
                rolls=roll_of(observed, name),
                free=name not in desired.signers,
            )
        )
    return tuple(stands)


def _hidden(goal: Publication, observed: ObservedZone) -> frozenset[str]:
    """Return the keys that are to have a DS they have not yet, and no DNSKEY in the end."""
    served = frozenset[str]().union(*(part.dnskeys for part in goal.signers.values()))
    return frozenset(ref.key for ref in goal.ds - observed.parent.ds) - served


def _elsewhere(label: str, world: World, observed: ObservedZone, signer: str) -> bool:
    if label in observed.keys:
        return is_foreign(label, observed, signer)
    entry = world.keys[label]
    return isinstance(entry, Key) and entry.home not in (None, signer)


def _is_sep(label: str, world: World) -> bool:
    entry = world.keys[label]
    return isinstance(entry, Key) and entry.is_sep


def _mending_ds(desired: DesiredZone, observed: ObservedZone) -> frozenset[DsRef]:
    """Return the DS RRset that fits what is served, where the one at the parent does not."""
    standing = observed.parent.ds
    asked = observed.parent.ns & observed.signers.keys() or frozenset(desired.signers)
    anchors = sorted(
        label
        for name in asked
        for label in observed.signers[name].krrsig & observed.signers[name].dnskeys
        if isinstance(key := observed.keys[label], Key) and key.is_sep
    )
    if not desired.signed or not standing or {ref.key for ref in standing} & set(anchors):
        return frozenset()
    return ds_for(anchors, desired, observed)


def _bounds(bounds: Bounds, ds_ttl: int | None) -> Mapping[str, int]:
    return {RRsetKind.DS: ds_ttl or 0, RRsetKind.DATA: bounds.max_zone_ttl or 0}


def _remembered(observed: ObservedZone, signers: Iterable[str]) -> list[Publication]:
    """What history tells of, as publications, so that the world knows its keys and DS."""
    if observed.settled:
        return []
    known = frozenset(signers)
    found = []
    for version in observed.history:
        match version:
            case DsVersion(ds=ds):
                found.append(Publication(ds=ds, signers={}))
            case DnskeyVersion(signer=name, keys=keys, signed_by=signed_by) if name in known:
                seen = SignerPart(dnskeys=keys, krrsig=signed_by)
                found.append(Publication(ds=frozenset(), signers={name: seen}))
            case CdsVersion(signer=name, cds=cds) if name in known:
                found.append(Publication(ds=frozenset(), signers={name: SignerPart(cds=cds)}))
            case DataVersion(signer=name, signed_by=signed_by) if name in known:
                seen = SignerPart(zrrsig=signed_by)
                found.append(Publication(ds=frozenset(), signers={name: seen}))
            case _:
                pass
    return found
