"""Which moves stand open, from capabilities alone: a missing capability is a missing move.

Every offer leads towards the goal: only keys of the goal are added, only others are removed. The
one exception are keys that a signer publishes for another one for a while (RFC 8901 model 2). So
the graph stays small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.model.capabilities import (
    DsWrite,
    ParentCapabilities,
    Signing,
)
from reconciler.model.moves import (
    ApexNsSet,
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySign,
    DsAdd,
    DsRemove,
    DsReplace,
    NsSet,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.model.timeline import RRsetKind
from reconciler.planning import cds, denial, itself, together
from reconciler.planning.early import Early
from reconciler.planning.offer import KEEP_ALL, Offer, Stand, Write
from reconciler.planning.publication import (
    DS_SLOT,
    NS_SLOT,
    Node,
    Side,
    World,
    apex_slot,
    data_slot,
    dnskey_slot,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What the systems of one zone can do, and where they shall go.

    `mending`: a DS RRset that repairs a bogus start before anything else, 0 if there is none.
    `insecure`: going through an unsigned delegation is offered too, which no safe plan does.
    `lost`: keys that sign nothing new; changing an RRset they signed takes their signature away.
    `early`: keys whose DS comes first.
    """

    world: World
    parent: ParentCapabilities
    signers: tuple[Stand, ...]
    goal: Node
    mending: int = 0
    insecure: bool = False
    lost: int = 0
    early: Early | None = None

    @property
    def free(self) -> frozenset[int]:
        """The slots of signers of whom nothing is asked."""
        return frozenset(
            slot
            for i, stand in enumerate(self.signers)
            if stand.free
            for slot in (dnskey_slot(i), data_slot(i), apex_slot(i), *self._extras_of(i))
        ).union(self.world.slots_of(Side.ASKED).values())

    def _extras_of(self, index: int) -> Iterator[int]:
        name, first = self.world.signers[index], self.world.first_extra
        return (first + i for i, (_, signer) in enumerate(self.world.extras) if signer == name)

    @property
    def _cds_slots(self) -> tuple[int, ...]:
        """What a change of the DS hangs on: a parent that looks at CDS may undo it."""
        return (
            () if self.world.polling is None else tuple(self.world.slots_of(RRsetKind.CDS).values())
        )

    def offers(self, node: Node) -> tuple[Offer, ...]:
        """Return every move open at `node`, in a fixed order."""
        offers = [*self._parent_offers(node), *self._ns_offers(node)]
        offers += cds.offers(self.world, self.parent, self.signers, node, self.goal)
        for index, stand in enumerate(self.signers):
            if not stand.free:
                offers += self._own_offers(node, index)
            offers += self._foreign_offers(node, index)
            offers += denial.offers(self.world, node, self.goal, index)
        return tuple(offer for offer in offers if not self.lost or self._can_sign(offer, node))

    def _can_sign(self, offer: Offer, node: Node) -> bool:
        """True if what a move leaves bears no signature that only a lost key could make."""
        for index in range(len(self.signers)):
            for slot, keep, put in offer.writes:
                value = node[slot] & keep | put
                signed_by = self.world.dnskey_parts(value)[1] if slot == dnskey_slot(index) else 0
                signed_by |= value if slot == data_slot(index) else 0
                if signed_by & self.lost:
                    return False
        return True

    def _own_offers(self, node: Node, index: int) -> list[Offer]:
        stand = self.signers[index]
        match stand.capabilities.signing:
            case Signing.KEYS:
                return [
                    *self._key_offers(node, index, stand.own),
                    *together.offers(self.world, node, self.goal, index, stand),
                    *self._passing_offers(node, index),
                    *self._data_offers(node, index),
                ]
            case Signing.KSK_SLOTS:
                offers = list(self._switch_offers(node, index))
                if node[data_slot(index)] and self.goal[data_slot(index)]:
                    slots = self.world.sep_keys() & stand.own
                    offers += self._key_offers(node, index, slots)
                return offers
            case Signing.SWITCH:
                return list(self._switch_offers(node, index))
            case Signing.POLICY:
                alone = itself.offers(self.world, node, self.goal, index, stand)
                return [*self._switch_offers(node, index), *alone]

    def fits(self, node: Node) -> bool:
        """True if no signer holds more KSKs than it can."""
        return all(
            stand.capabilities.max_ksk is None
            or (node[dnskey_slot(i)] & self.world.sep_keys()).bit_count()
            <= stand.capabilities.max_ksk
            for i, stand in enumerate(self.signers)
        )

    def _ns_offers(self, node: Node) -> Iterator[Offer]:
        """The delegation and the apexes; no apex needs to name less than it shall in the end."""
        now, goal, world = node[NS_SLOT], self.goal[NS_SLOT], self.world
        if self.parent.sets_ns and now != goal:
            for target in dict.fromkeys((goal, now | goal)):
                if target != now:
                    move = NsSet(signers=world.signer_names(target))
                    yield Offer(move, (Write(NS_SLOT, 0, target),))
        for index, stand in enumerate(self.signers):
            slot = apex_slot(index)
            if stand.capabilities.sets_apex_ns and node[slot] != self.goal[slot]:
                named = world.signer_names(self.goal[slot])
                own = ApexNsSet(signer=world.signers[index], signers=named)
                yield Offer(own, (Write(slot, 0, self.goal[slot]),))

    def _foreign_offers(self, node: Node, index: int) -> Iterator[Offer]:
        """Keys whose home is another signer, published as they stand.

        They sign here only where the RRset comes signed from there (RFC 8901 model 1).
        """
        stand, slot, name = self.signers[index], dnskey_slot(index), self.world.signers[index]
        now, goal = node[slot], self.goal[slot]
        if stand.free and not now & stand.own:
            return
        krrsig = self.world.dnskey_parts(goal)[1]
        wished = stand.lent & (goal if self.insecure else goal | self._needed(node, index))
        for i, label in enumerate(self.world.labels):
            bit = 1 << i
            if bit & stand.own:
                continue
            if bit & wished and not now & bit:
                sign = bool(krrsig & bit)
                add = DnskeyAdd(signer=name, key=label, sign=sign)
                put = self.world.dnskey(bit, bit if sign else 0)
                yield Offer(add, (Write(slot, KEEP_ALL, put),))
            if now & bit and not goal & bit and not stand.free:
                gone = ~self.world.dnskey(bit, bit)
                yield Offer(DnskeyRemove(signer=name, key=label), (Write(slot, gone, 0),))

    def _needed(self, node: Node, index: int) -> int:
        """The keys of others with which these sign or shall, and KSKs that a parent asks for."""
        needed = self.world.sep_keys()
        for other in range(len(self.signers)):
            slot = data_slot(other)
            needed |= node[slot] | self.goal[slot] if other != index else 0
        return needed

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
                yield Offer(move, (Write(DS_SLOT, 0, target),), reads=self._cds_slots)

    def _single_ds_offers(self, now: int, goal: int) -> Iterator[Offer]:
        for i, ref in enumerate(self.world.refs):
            bit = 1 << i
            if goal & bit and not now & bit:
                yield Offer(DsAdd(ds=ref), (Write(DS_SLOT, KEEP_ALL, bit),), reads=self._cds_slots)
            if now & bit and (not goal & bit or self.insecure):
                yield Offer(DsRemove(ds=ref), (Write(DS_SLOT, ~bit, 0),), reads=self._cds_slots)

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
        signs = {target & ~self.lost for target in signs}
        for target in sorted(signs - {krrsig}):
            sign_move = DnskeySign(signer=name, keys=world.names(target))
            yield Offer(sign_move, (Write(slot, world.all_keys, world.dnskey(0, target)),))

    def _passing_offers(self, node: Node, index: int) -> Iterator[Offer]:
        """Keys that are published only until their DS stands."""
        slot, waiting = dnskey_slot(index), self.signers[index].passing
        for i, ref in enumerate(self.world.refs):
            bit = self.world.mask([ref.key])
            if bit & waiting and not bit & node[slot] and not node[DS_SLOT] >> i & 1:
                move = DnskeyAdd(signer=self.world.signers[index], key=ref.key, sign=False)
                yield Offer(move, (Write(slot, KEEP_ALL, bit),))

    def _data_offers(self, node: Node, index: int) -> Iterator[Offer]:
        slot = data_slot(index)
        now, goal = node[slot], self.goal[slot]
        for target in dict.fromkeys((goal, now | goal)):
            if target != now:
                move = DataSign(signer=self.world.signers[index], keys=self.world.names(target))
                yield Offer(move, (Write(slot, 0, target),))

    def _switch_offers(self, node: Node, index: int) -> Iterator[Offer]:
        dnskey, data, name = dnskey_slot(index), data_slot(index), self.world.signers[index]
        world, own = self.world, self.signers[index].own
        now = world.dnskey_parts(node[dnskey])[0] & own
        goal, krrsig = world.dnskey_parts(self.goal[dnskey])
        goal &= own
        if not now and goal:
            move = ZoneSign(signer=name, keys=world.names(goal))
            put = world.dnskey(goal, krrsig & own)
            yield Offer(move, (Write(dnskey, KEEP_ALL, put), Write(data, 0, self.goal[data])))
        if node[dnskey] and (not goal or (self.insecure and goal != now)):
            yield Offer(ZoneUnsign(signer=name), (Write(dnskey, 0, 0), Write(data, 0, 0)))
