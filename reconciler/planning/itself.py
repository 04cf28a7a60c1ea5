"""Signers that roll by their own policy: asked, waited for, told of the DS, never fought.

We ask for a rollover (`RollStart`) and tell which DS is at the parent (`DsConfirm`); adding keys,
swapping signatures and withdrawing keys the signer does by itself, at the intervals of RFC 7583,
which is an assumption of every such plan (planning.md §6).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.model.capabilities import Signing
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import DataSign, DnskeyAdd, DnskeyRemove, DsConfirm, RollStart
from reconciler.model.observed import ObservedZone
from reconciler.planning.choice import own_keys
from reconciler.planning.edge import Edge
from reconciler.planning.offer import KEEP_ALL, Offer, Stand, Write
from reconciler.planning.publication import (
    DS_SLOT,
    Node,
    Side,
    SignerPart,
    World,
    data_slot,
    dnskey_slot,
)
from reconciler.planning.rule import Rule
from reconciler.planning.windows import Window


def told_at(
    observed: ObservedZone, signer: str, goal: SignerPart, ds: frozenset[DsRef]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return of which DS this signer knows that they are there, and of which it shall in the end.

    A key that the signer still keeps and that is to go: it was not told yet that its DS is gone,
    nor that another one is there. To be told again does no harm.
    """
    if observed.signers[signer].capabilities.signing is not Signing.POLICY:
        return frozenset(), frozenset()
    mine = own_keys(observed, signer) | goal.dnskeys
    shall = frozenset(ref.key for ref in ds) & mine
    there = frozenset(ref.key for ref in observed.parent.ds) & mine
    anchors = observed.signers[signer].krrsig & own_keys(observed, signer)
    waiting = anchors - goal.dnskeys
    return ((there | waiting) - shall if waiting else there), shall


def offers(world: World, node: Node, goal: Node, index: int, stand: Stand) -> Iterator[Offer]:
    """Yield what a signer that signs already can be asked and told, and what it does by itself."""
    asked, told = (world.slots_of(kind).get(index) for kind in (Side.ASKED, Side.TOLD))
    keys = world.dnskey_parts(node[dnskey_slot(index)])[0] & stand.own
    shall = world.dnskey_parts(goal[dnskey_slot(index)])[0] & stand.own
    if asked is None or told is None or not keys:
        return
    yield from _telling(world, node, goal, index)
    if shall:
        yield from _asking(world, node, index, keys, shall)
        for offer, waits in _alone(world, node, goal, index, keys, shall):
            if not waits or node[told] == goal[told]:
                reads = (asked, told) if waits else (asked,)
                yield offer._replace(reads=reads, by=_by(world, index))


def _by(world: World, index: int) -> str:
    return f"signer-itself:{world.signers[index]}"


def _asking(world: World, node: Node, index: int, keys: int, shall: int) -> Iterator[Offer]:
    """A rollover for each key to come that has a key to replace, of the same flags."""
    slot = world.slots_of(Side.ASKED)[index]
    for label in sorted(world.names(shall & ~keys & ~node[slot])):
        old = _like(world, label, world.names(keys & ~shall))
        if old is not None:
            move = RollStart(signer=world.signers[index], old=old, new=label)
            yield Offer(move, (Write(slot, KEEP_ALL, world.mask([label])),))


def _like(world: World, label: str, among: Iterable[str]) -> str | None:
    flags = {k: entry.flags for k, entry in world.keys.items() if isinstance(entry, Key)}
    return next((k for k in sorted(among) if flags.get(k) == flags[label]), None)


def _telling(world: World, node: Node, goal: Node, index: int) -> Iterator[Offer]:
    slot = world.slots_of(Side.TOLD)[index]
    there = world.mask({ref.key for ref in world.ds_names(node[DS_SLOT])})
    for label in sorted(world.names((node[slot] ^ there) & (node[slot] ^ goal[slot]))):
        bit = world.mask([label])
        present = bool(there & bit)
        move = DsConfirm(signer=world.signers[index], key=label, present=present)
        yield Offer(move, (Write(slot, ~bit, bit if present else 0),), reads=(DS_SLOT,))


def _alone(  # noqa: PLR0913, PLR0917 - where it stands and where it goes
    world: World, node: Node, goal: Node, index: int, keys: int, shall: int
) -> Iterator[tuple[Offer, bool]]:
    """What the signer does next, and whether it waits to be told of the DS first."""
    slot, name = dnskey_slot(index), world.signers[index]
    started = node[world.slots_of(Side.ASKED)[index]]
    for label in sorted(world.names(shall & ~keys & started)):
        bit, sign = world.mask([label]), _is_sep(world, label)
        put = (Write(slot, KEEP_ALL, world.dnskey(bit, bit if sign else 0)),)
        yield Offer(DnskeyAdd(signer=name, key=label, sign=sign), put), False
    for label in sorted(world.names(keys & ~shall)):
        bit = world.mask([label])
        gone = (Write(slot, ~world.dnskey(bit, bit), 0),)
        yield Offer(DnskeyRemove(signer=name, key=label), gone), True
    now, last = node[data_slot(index)], goal[data_slot(index)]
    for target in dict.fromkeys((last, now | last)):
        if target != now and not target & ~(keys | started):
            move = DataSign(signer=name, keys=world.names(target))
            change = Offer(move, (Write(data_slot(index), 0, target),))
            yield change, _drops_algorithm(world, now, target)


def _is_sep(world: World, label: str) -> bool:
    entry = world.keys[label]
    return isinstance(entry, Key) and entry.is_sep


def _drops_algorithm(world: World, now: int, target: int) -> bool:
    """True if no signature of some algorithm would be left; that waits for the DS."""
    before, after = (
        {world.keys[label].algorithm for label in world.names(mask)} for mask in (now, target)
    )
    return not before <= after


def rules(
    world: World, windows: Sequence[Sequence[Window]], path: Sequence[Edge]
) -> Iterator[Rule]:
    """Yield how long telling a signer waits: until every cache agrees with it (I11)."""
    for step, edge in enumerate(path, start=1):
        for offer in edge.offers:
            if isinstance(offer.move, DsConfirm):
                for each in windows[DS_SLOT]:
                    if _contradicts(world, each, offer.move) and each.ends is not None:
                        yield from _rule(each, step, each.ends, offer.move)


def _contradicts(world: World, each: Window, move: DsConfirm) -> bool:
    if each.value is None or each.authorised:
        return each.value is None
    named = move.key in {ref.key for ref in world.ds_names(each.value)}
    return named is not move.present


def _rule(each: Window, step: int, ends: int, move: DsConfirm) -> Iterator[Rule]:
    if ends < step:
        since = f"s{ends}" if ends else "the observation"
        why = (
            f"some cache may disagree until {each.lasts} s after {since}; {move.signer} is told of"
            " the DS when no cache does any more, and may then act at once (I11)"
        )
        yield Rule((ends, step), max(each.lasts, 0), "rule:I11", why)


def notes_on_itself(world: World, path: Sequence[Edge]) -> tuple[str, ...]:
    """Return what a plan takes for granted of signers that move by themselves."""
    names = {
        world.signers[index]
        for index in range(len(world.signers))
        if any(offer.by == _by(world, index) for edge in path for offer in edge.offers)
    }
    return tuple(
        f"signer {name} keeps the intervals of RFC 7583 where it swaps and withdraws keys by itself"
        for name in sorted(names)
    )
