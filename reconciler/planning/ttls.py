"""TTLs lowered first and restored last, where the whole is then shorter (P24, I12).

A TTL that changes makes a new version: what was published with the old one is waited out from the
change on, whatever is done meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.durations import duration_words
from reconciler.model.moves import TtlSet
from reconciler.model.timeline import RRsetKind
from reconciler.planning.edge import Edge, edge_of
from reconciler.planning.offer import KEEP_ALL, Offer, Write
from reconciler.planning.publication import Node, Side, World
from reconciler.planning.solve import Solution, tightened

LOWERED = 300
"""Seconds: the least that the best practice for DS TTLs around a change names (5 to 15 minutes,
draft-ietf-dnsop-ds-automation)."""

WORTH = 3600
"""Seconds: what saves less is not worth two more steps. No official reference."""

KINDS = (RRsetKind.DNSKEY, RRsetKind.DATA, RRsetKind.NS)


def quickened(solution: Solution, *, least: bool = True) -> Solution | None:
    """Return the same path with TTLs lowered first and restored last, None if that saves too
    little.

    `least`: only those TTLs are lowered without which it would end later.
    """
    slots = _open_to_change(solution)
    best = _with(solution, slots) if slots else None
    if best is None or ends(best) + WORTH > ends(solution) or best.missed:
        return None
    for slot in slots if least else ():
        fewer = tuple(s for s in slots if s != slot)
        tried = _with(solution, fewer) if fewer else None
        if tried is not None and ends(tried) <= ends(best) and not tried.missed:
            slots, best = fewer, tried
    return best


def ends(solution: Solution) -> int:
    """Return the instant of the last change of content, seconds from the origin."""
    times = solution.waits.earliest()
    changes = [n for n, edge in enumerate(solution.path, start=1) if edge.before != edge.after]
    return max((times[n] for n in changes), default=0)


def hint_on(solution: Solution) -> tuple[str, ...]:
    """Say what lowering TTLs first would bring, nothing where it brings nothing."""
    shorter = quickened(solution, least=False)
    if shorter is None:
        return ()
    saved = duration_words(ends(solution) - ends(shorter), 2)
    hint = (
        f"lowering TTLs to {duration_words(LOWERED)} first would end {saved} earlier;"
        " `lower_ttls: true` in the policy lets a plan do so and restore them"
    )
    return (hint,)


def restored(back: Solution, after: Solution) -> Solution:
    """Return a way back from some step of `after` that also restores the TTLs lowered."""
    lowered = {
        slot: timing.ttl
        for slot, timing in enumerate(after.task.timings)
        if any(offer.ttl is not None for edge in after.path for offer in edge.offers)
        and back.task.timings[slot].ttl != timing.ttl
    }
    if not lowered:
        return back
    node = back.path[-1].after if back.path else back.task.start
    last = _edge(back.task.world, node, lowered, everything=True)
    return tightened(back.task, back.views, (*back.path, last), back.kept)


def _open_to_change(solution: Solution) -> tuple[int, ...]:
    """The slots with a TTL above `LOWERED` at signers that set TTLs.

    None where several signers start unsettled: weighing that takes longer than a plan may.
    """
    task = solution.task
    if len(task.signers) > 1 and any(len(past) > 1 for past in task.pasts):
        return ()
    able = {
        name
        for name, stand in zip(task.world.signers, task.signers, strict=True)
        if stand.capabilities.sets_ttl
    }
    moving = len(task.signers) > 1
    return tuple(
        slot
        for slot, (kind, name) in enumerate(task.world.slots)
        if name in able
        and kind in (KINDS if moving else KINDS[:2])
        and task.timings[slot].ttl > LOWERED
        and (moving or task.start[slot])
    )


def _with(solution: Solution, slots: Iterable[int]) -> Solution:
    task, world = solution.task, solution.task.world
    slots = tuple(slots)
    lower = _edge(world, task.start, dict.fromkeys(slots, LOWERED))
    end = solution.path[-1].after
    restore = _edge(world, end, {s: task.timings[s].ttl for s in slots}, everything=True)
    return tightened(task, solution.views, (lower, *solution.path, restore), solution.kept)


def _edge(world: World, node: Node, ttls: dict[int, int], *, everything: bool = False) -> Edge:
    """Return the edge that sets these TTLs; with `everything`, after all that comes before."""
    reads = tuple(range(len(world.slots))) if everything else ()
    return edge_of(node, tuple(_offer(world, slot, ttl, reads) for slot, ttl in ttls.items()))


def _offer(world: World, slot: int, ttl: int, reads: tuple[int, ...]) -> Offer:
    kind, name = world.slots[slot]
    if isinstance(kind, Side) or name is None:
        message = f"slot {slot} has no TTL that a signer sets"
        raise ValueError(message)
    move = TtlSet(signer=name, rrset=kind, ttl=ttl)
    return Offer(move, (Write(slot, KEEP_ALL, 0),), reads=reads, ttl=ttl)
