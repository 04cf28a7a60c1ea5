"""Which moves stand open, from capabilities alone: a missing capability is a missing move.

Every offer leads towards the goal: only keys of the goal are added, only others are removed. So the
graph has no cycles and stays small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.model.capabilities import (
    DsWrite,
    ParentCapabilities,
    SignerCapabilities,
    Signing,
)
from reconciler.model.moves import (
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySign,
    DsAdd,
    DsRemove,
    DsReplace,
    Move,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.planning.publication import DS_SLOT, Node, World, data_slot, dnskey_slot

KEEP_ALL = -1
"""Keeps every bit of a slot."""


class Write(NamedTuple):
    """What a move does to one slot: keep these bits, then put those."""

    slot: int
    keep: int
    put: int


class Offer(NamedTuple):
    """A move that can be made now, and what it does to the node."""

    move: Move
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What the systems of one zone can do, and where they shall go.

    `mending`: a DS RRset that repairs a bogus start before anything else, 0 if there is none.
    `insecure`: going through an unsigned delegation is offered too, which no safe plan does.
    """

    world: World
    parent: ParentCapabilities
    signers: tuple[SignerCapabilities, ...]
    goal: Node
    mending: int = 0
    insecure: bool = False

    def offers(self, node: Node) -> tuple[Offer, ...]:
        """Return every move open at `node`, in a fixed order."""
        offers = list(self._parent_offers(node))
        for index, capabilities in enumerate(self.signers):
            match capabilities.signing:
                case Signing.KEYS:
                    offers += self._key_offers(node, index, ~0)
                    offers += self._data_offers(node, index)
                case Signing.KSK_SLOTS:
                    offers += self._switch_offers(node, index)
                    if node[data_slot(index)] and self.goal[data_slot(index)]:
                        offers += self._key_offers(node, index, self.world.sep_keys())
                case Signing.SWITCH:
                    offers += self._switch_offers(node, index)
                case Signing.POLICY:
                    pass
        return tuple(offers)

    def fits(self, node: Node) -> bool:
        """True if no signer holds more KSKs than it can."""
        return all(
            capabilities.max_ksk is None
            or (node[dnskey_slot(i)] & self.world.sep_keys()).bit_count() <= capabilities.max_ksk
            for i, capabilities in enumerate(self.signers)
        )

    def _parent_offers(self, node: Node) -> Iterator[Offer]:
        now, goal = node[DS_SLOT], self.goal[DS_SLOT]
        write = self.parent.write
        if write is DsWrite.NONE:
            return
        if write is DsWrite.ONE_AT_A_TIME:
            yield from self._single_ds_offers(now, goal)
            return
        targets = [goal, now | goal]
        if self.mending and not now & (self.mending | goal):
            targets.append(self.mending)
        if now & goal or not goal or self.insecure:
            targets.append(now & goal)
        if self.insecure:
            targets.append(0)
        for target in dict.fromkeys(targets):
            if target != now:
                move = DsReplace(ds=self.world.ds_names(target))
                yield Offer(move, (Write(DS_SLOT, 0, target),))

    def _single_ds_offers(self, now: int, goal: int) -> Iterator[Offer]:
        for i, ref in enumerate(self.world.refs):
            bit = 1 << i
            if goal & bit and not now & bit:
                yield Offer(DsAdd(ds=ref), (Write(DS_SLOT, KEEP_ALL, bit),))
            if now & bit and (not goal & bit or self.insecure):
                yield Offer(DsRemove(ds=ref), (Write(DS_SLOT, ~bit, 0),))

    def _key_offers(self, node: Node, index: int, ours: int) -> Iterator[Offer]:
        world, slot, name = self.world, dnskey_slot(index), self.world.signers[index]
        keys, krrsig = world.dnskey_parts(node[slot])
        goal_keys, goal_krrsig = world.dnskey_parts(self.goal[slot])
        for i, label in enumerate(world.labels):
            bit = 1 << i
            if not bit & ours:
                continue
            if goal_keys & bit and not keys & bit:
                sign = bool(goal_krrsig & bit)
                put = world.dnskey(bit, bit if sign else 0)
                move = DnskeyAdd(signer=name, key=label, sign=sign)
                yield Offer(move, (Write(slot, KEEP_ALL, put),))
            if keys & bit and not goal_keys & bit:
                gone = ~world.dnskey(bit, bit)
                yield Offer(DnskeyRemove(signer=name, key=label), (Write(slot, gone, 0),))
        signs = {krrsig | goal_krrsig & keys, krrsig & (goal_krrsig | keys & ~goal_keys)}
        for target in sorted(signs - {krrsig}):
            sign_move = DnskeySign(signer=name, keys=world.names(target))
            yield Offer(sign_move, (Write(slot, world.all_keys, world.dnskey(0, target)),))

    def _data_offers(self, node: Node, index: int) -> Iterator[Offer]:
        slot = data_slot(index)
        now, goal = node[slot], self.goal[slot]
        for target in dict.fromkeys((goal, now | goal)):
            if target != now:
                move = DataSign(signer=self.world.signers[index], keys=self.world.names(target))
                yield Offer(move, (Write(slot, 0, target),))

    def _switch_offers(self, node: Node, index: int) -> Iterator[Offer]:
        dnskey, data, name = dnskey_slot(index), data_slot(index), self.world.signers[index]
        goal = self.goal[dnskey]
        if not node[dnskey] and goal:
            keys, _ = self.world.dnskey_parts(goal)
            move = ZoneSign(signer=name, keys=self.world.names(keys))
            yield Offer(move, (Write(dnskey, 0, goal), Write(data, 0, self.goal[data])))
        if node[dnskey] and (not goal or (self.insecure and goal != node[dnskey])):
            yield Offer(ZoneUnsign(signer=name), (Write(dnskey, 0, 0), Write(data, 0, 0)))
