"""Keys that come or go together: the DNSKEY RRset replaced in one change.

Read strictly, RFC 4035 §2.2 asks that a key of each algorithm in the DNSKEY RRset signs that RRset,
and that one in it signs the data. Where no key does both, as of a KSK and a ZSK, an algorithm can
come and go only with all its keys at once. Nothing else is offered, so that the graph stays small.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.keys import Key
from reconciler.model.moves import DnskeySet
from reconciler.planning.offer import Offer, Stand, Write
from reconciler.planning.publication import DS_SLOT, Node, World, data_slot, dnskey_slot


def offers(world: World, node: Node, goal: Node, index: int, stand: Stand) -> Iterator[Offer]:
    """Yield the sets that bring, or take away, an algorithm in parts that signs the data."""
    if not stand.capabilities.sets_dnskeys or not node[DS_SLOT]:
        return
    slot = dnskey_slot(index)
    now, signed_by = world.dnskey_parts(node[slot])
    last, signed_last = world.dnskey_parts(goal[slot])
    for of_algorithm in _by_algorithm(world, node[data_slot(index)]):
        standing, coming = now & of_algorithm, last & of_algorithm & (stand.own | stand.lent)
        if coming and not standing and not _whole(world, goal, coming & signed_last):
            yield _offer(world, index, now | coming, signed_by | signed_last & coming)
        left = now & ~of_algorithm
        leaves = standing and left and not last & of_algorithm
        if leaves and not _whole(world, node, standing & signed_by):
            yield _offer(world, index, left, signed_by & ~of_algorithm)


def _by_algorithm(world: World, signing: int) -> Iterator[int]:
    """Yield, of each algorithm that signs the data, the mask of its keys."""
    entries = [world.keys[label] for label in world.labels]
    for algorithm in sorted({e.algorithm for e in entries if isinstance(e, Key)}):
        same = (isinstance(e, Key) and e.algorithm == algorithm for e in entries)
        mask = sum(1 << i for i, fits in enumerate(same) if fits)
        if mask & signing:
            yield mask


def _whole(world: World, node: Node, keys: int) -> int:
    """Return those of the keys with which the data of every signer is signed there."""
    for index in range(len(world.signers)):
        keys &= node[data_slot(index)]
    return keys


def _offer(world: World, index: int, keys: int, signed_by: int) -> Offer:
    move = DnskeySet(
        signer=world.signers[index], keys=world.names(keys), signed_by=world.names(signed_by)
    )
    return Offer(move, (Write(dnskey_slot(index), 0, world.dnskey(keys, signed_by)),))
