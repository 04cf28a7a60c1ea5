"""What CDS sets let a parent do by itself (RFC 7344, RFC 8078; planning.md §4, I10).

While some server may show a CDS set, and for the parent's `processing_max` after, a parent that
looks at CDS may install what it says: at any time, or never. So every DS RRset that is authorised
counts as one that may be cached, and the DS changes, by us or by the parent, only while nothing
else is authorised than what it changes to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.capabilities import DsWrite, ParentCapabilities
from reconciler.model.desired import DesiredZone
from reconciler.model.keys import DsRef
from reconciler.model.moves import CdsSet
from reconciler.model.observed import Cds, ObservedZone, SignerFacts
from reconciler.model.timeline import RRsetKind
from reconciler.planning.edge import Edge
from reconciler.planning.offer import Offer, ParentInstalls, Stand, Write
from reconciler.planning.publication import (
    DS_SLOT,
    Node,
    World,
    reached_at,
)
from reconciler.planning.rule import Rule
from reconciler.planning.windows import Mark, Window

DISCIPLINE = "rule:I10"


def wished(desired: DesiredZone, observed: ObservedZone, signer: str, ds: frozenset[DsRef]) -> Cds:
    """Return the CDS set that this signer shall publish in the end, where the DS shall be `ds`.

    The policy decides. One that says nothing keeps what there is; where some signer lists DS, the
    lists follow the DS that changes. A zone that shall be unsigned has none.
    """
    facts = observed.signers[signer]
    if not facts.capabilities.sets_cds or signer not in desired.signers:
        return facts.cds
    if not desired.signed or desired.policy.publish_cds is False:
        return None
    if desired.policy.publish_cds or _must_follow(desired, observed, facts, ds):
        return ds or None
    return None if facts.cds == "delete" and observed.parent.capabilities.polls_cds else facts.cds


def _must_follow(
    desired: DesiredZone, observed: ObservedZone, facts: SignerFacts, ds: frozenset[DsRef]
) -> bool:
    """True if a list that stands would be another one than the DS in the end.

    Of several signers all must say the same, or no parent acts on it (RFC 7344 §6.1).
    """
    lists = any(
        isinstance(observed.signers[name].cds or None, frozenset) for name in desired.signers
    )
    stray = isinstance(facts.cds, frozenset) and facts.cds not in (frozenset(), ds)
    contradicts = observed.parent.capabilities.polls_cds and stray
    return lists and (ds != observed.parent.ds or contradicts)


def standing(observed: ObservedZone, signer: str) -> Cds:
    """Return the CDS set that a signer publishes now, None for an empty one."""
    return observed.signers[signer].cds or None


def authorised(world: World, value: int | None) -> int | None:
    """Return the DS RRset that a CDS set stands for, None where it stands for no change."""
    return None if not value else value & ~world.delete_form


def may_install(world: World, states: Sequence[Sequence[int]], reached: int) -> frozenset[int]:
    """Return every DS RRset that the parent may install by itself, given what each slot may show.

    `reached`: the mask of the signers that the parent may ask.
    """
    if world.polling is None:
        return frozenset()
    return frozenset(
        ds
        for index, slot in world.slots_of(RRsetKind.CDS).items()
        if reached >> index & 1
        for value in states[slot]
        if (ds := authorised(world, value)) is not None
    )


def is_sound(world: World, edge: Edge, reached: int) -> bool:
    """True if CDS sets and the DS RRset change only where it is known what the parent will do.

    The DS changes to nothing but what every CDS set stands for, where there is any. A set that
    stands for another DS than the one installed is not displaced: the parent could act on it late,
    and nothing would make it go back.
    """
    if world.polling is None:
        return True
    after = edge.after[DS_SLOT]
    if edge.before[DS_SLOT] != after:
        return may_install(world, edge.states, reached) <= {after}
    return all(
        edge.before[slot] == edge.after[slot]
        or not reached >> index & 1
        or authorised(world, edge.before[slot]) in (None, after)
        for index, slot in world.slots_of(RRsetKind.CDS).items()
    )


def listed(world: World, node: Node) -> int:
    """Return the mask of the DS that some CDS set lists."""
    mask = 0
    for slot in world.slots_of(RRsetKind.CDS).values():
        mask |= node[slot] & ~world.delete_form
    return mask


def offers(
    world: World, parent: ParentCapabilities, stands: Sequence[Stand], node: Node, goal: Node
) -> Iterator[Offer]:
    """Yield the CDS sets that may be published next, and what the parent does on seeing them."""
    slots = world.slots_of(RRsetKind.CDS)
    if not slots:
        return
    transit = frozenset(_on_the_way(world, parent, node, goal))
    for index, slot in slots.items():
        if not stands[index].capabilities.sets_cds:
            continue
        for value in sorted(transit | {goal[slot]}):
            if value != node[slot]:
                move = CdsSet(signer=world.signers[index], cds=world.cds_of(value))
                yield Offer(move, (Write(slot, 0, value),))
    yield from _parents_own(world, parent, slots, node)


def _on_the_way(world: World, parent: ParentCapabilities, node: Node, goal: Node) -> Iterator[int]:
    """CDS sets that stand for a DS RRset nearer to the goal; a parent that is told needs none."""
    now, last = node[DS_SLOT], goal[DS_SLOT]
    if world.polling is None or parent.write is not DsWrite.NONE or now == last:
        return
    yield last or world.delete_form
    if last:
        yield now | last


def _parents_own(
    world: World, parent: ParentCapabilities, slots: Mapping[int, int], node: Node
) -> Iterator[Offer]:
    """What the parent does once every signer that it may ask says the same.

    A first DS it takes only where it bootstraps (RFC 9615).
    """
    if world.polling is None:
        return
    reached = reached_at(node, len(world.signers)) if len(world.signers) > 1 else 1
    asked = {index: node[slots[index]] if index in slots else 0 for index in _bits(reached)}
    values = set(asked.values())
    ds = authorised(world, values.pop()) if len(values) == 1 else None
    if ds is None or ds == node[DS_SLOT] or not (node[DS_SLOT] or parent.bootstraps):
        return
    reads = tuple(slots[index] for index in asked)
    move = ParentInstalls(world.ds_names(ds))
    yield Offer(move, (Write(DS_SLOT, 0, ds),), reads=reads, by="parent")


def _bits(mask: int) -> Iterator[int]:
    return (i for i in range(mask.bit_length()) if mask >> i & 1)


def rules(
    world: World, windows: Sequence[Sequence[Window]], path: Sequence[Edge]
) -> Iterator[Rule]:
    """Yield how long a change of the DS waits for CDS sets that stand for another one.

    Only then is the DS that is seen the one that stays.
    """
    if world.polling is None:
        return
    for step, edge in enumerate(path, start=1):
        after = edge.after[DS_SLOT]
        if after == edge.before[DS_SLOT]:
            continue
        for slot in world.slots_of(RRsetKind.CDS).values():
            for each in windows[slot]:
                known = each.value is not None
                if known and authorised(world, each.value) in (None, after):
                    continue
                if (last := _last_seen(each, step)) is not None:
                    yield _outlived(each, last, step, world.polling)


def _last_seen(each: Window, step: int) -> Mark | None:
    """Return from when on no parent sees this CDS set, if a step before this one brings that."""
    ended = (high for high in each.highs if high.step < step)
    return min(ended, key=lambda high: (high.seconds, high.step), default=None)


def _outlived(each: Window, last: Mark, step: int, polling: int) -> Rule:
    since = f"s{last.step}" if last.step else "the observation"
    which = "an unknown CDS set" if each.value is None else "the CDS set before"
    why = (
        f"{which} may be seen until {last.seconds} s after {since}, and the parent may act on it"
        f" for another {polling} s (I10)"
    )
    return Rule((last.step, step), max(last.seconds + polling, 0), DISCIPLINE, why)


def installed(
    world: World, windows: Sequence[Sequence[Window]], path: Sequence[Edge], propagation: int
) -> Iterator[Window]:
    """Yield when some cache may hold a DS RRset that the parent installs by itself."""
    if world.polling is None:
        return
    changes = [
        step for step, e in enumerate(path, start=1) if e.before[DS_SLOT] != e.after[DS_SLOT]
    ]
    ttl = max(window.ttl for window in windows[DS_SLOT])
    for slot in world.slots_of(RRsetKind.CDS).values():
        for each in windows[slot]:
            value = authorised(world, each.value)
            if value is not None:
                over = next((s for s in changes if _last_seen(each, s) is not None), None)
                yield _installed(each, value, over, propagation, ttl)


def _installed(each: Window, value: int, over: int | None, propagation: int, ttl: int) -> Window:
    """From when the CDS set is seen until the DS change `over` has been learnt, None for ever.

    That change waits until this set can do nothing any more (`rules`). With which TTL the parent
    publishes what it installs is not known beforehand: `ttl` is the largest there is.
    """
    gone = propagation + ttl
    return each._replace(
        slot=DS_SLOT,
        value=value,
        ends=over,
        lasts=0 if over is None else gone,
        propagation=propagation,
        ttl=ttl,
        highs=() if over is None else (Mark(over, gone),),
        authorised=True,
    )
