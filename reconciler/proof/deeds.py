"""Whether each version is what the moves of its step leave, so that no effect can be altered.

A plan of which no step names a move tells only what is to be published, as examples written by hand
do (docs/adr/): the proof then has nothing to hold its versions against, and does not ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reconciler.model.desired import DenialKind
from reconciler.model.moves import DenialSet, Move, TtlSet
from reconciler.model.plan import Step
from reconciler.model.timeline import (
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Slot,
    Timeline,
    Version,
    slot,
)
from reconciler.proof import effects
from reconciler.proof.installs import may_install
from reconciler.proof.schedule import Closure
from reconciler.proof.wellformed import BySlot, by_slot
from reconciler.proof.words import place
from reconciler.proof.world import World

NSEC_ONLY = frozenset({1, 3, 5})
"""RSA/MD5, DSA and RSA/SHA-1: their numbers say that a zone has no NSEC3 (RFC 5155 §2)."""


@dataclass(frozen=True, slots=True)
class _Case:
    """What the moves of the steps are held against."""

    world: World
    closure: Closure
    timeline: Timeline
    versions: BySlot


def deed_flaws(
    steps: Sequence[Step], timeline: Timeline, world: World, closure: Closure
) -> Iterator[str]:
    """Yield where versions and the moves of their steps do not fit together, each a clause."""
    case = _Case(world, closure, timeline, by_slot(timeline))
    for step in steps:
        yield from _denial_flaws(step, case)
        for where, stays in case.versions.items():
            moves = [move for move in step.moves if where in effects.touched(move)]
            if any(version.step == step.id for version in stays):
                yield from _effect_flaws(step, where, moves, case)
            elif moves:
                yield from _lost_effect_flaws(step, where, moves, case)
        yield from _idle_flaws(step, case)


def _denial_flaws(step: Step, case: _Case) -> Iterator[str]:
    """NSEC3 comes only when no key that rules it out is served any more (I16)."""
    for move in step.moves:
        if isinstance(move, DenialSet) and move.denial.kind is DenialKind.NSEC3:
            for version in _may_stand(step.id, (RRsetKind.DNSKEY, move.signer), case):
                served = version.keys if isinstance(version, DnskeyVersion) else frozenset[str]()
                if any(case.timeline.keys[label].algorithm in NSEC_ONLY for label in served):
                    yield f"{step.id} turns to NSEC3 at {move.signer} beside a key without NSEC3"
                    return


def _idle_flaws(step: Step, case: _Case) -> Iterator[str]:
    """A step that is left to signers is there for what it brings about at one of them."""
    kinds = {actor.partition(":")[0] for actor in _actors(step)}
    signers = {actor.partition(":")[2] for actor in _actors(step)}
    changed = {
        where for (_, where), lane in case.versions.items() for v in lane if v.step == step.id
    }
    if kinds == {SIGNER_ITSELF} and not signers & changed:
        yield f"{step.id} is left to a signer itself, but the timeline has no version for it"


SIGNER_ITSELF = "signer-itself"


def _actors(step: Step) -> list[str]:
    return [actor.strip() for actor in step.actor.split(",")]


def _effect_flaws(step: Step, where: Slot, moves: Sequence[Move], case: _Case) -> Iterator[str]:
    stays = case.versions[where]
    before, after = next(pair for pair in pairwise(stays) if pair[1].step == step.id)
    yield from _ttl_flaws(step, where, (before, after), moves)
    if not moves:
        if not _without_move(step, before, after, case):
            yield f"{place(where)} changes at {step.id}, but no move of that step changes it"
        return
    final = effects.outcome(before, moves, after, case.timeline.keys).final
    if len(final) > 1:
        yield f"what {step.id} leaves in {place(where)} depends on the order of its moves"
    elif effects.content(final[0]) != effects.content(after):
        yield f"the moves of {step.id} do not leave in {place(where)} what its version says"


def _ttl_flaws(
    step: Step, where: Slot, change: tuple[Version, Version], moves: Sequence[Move]
) -> Iterator[str]:
    """A signer keeps a TTL until told otherwise; a parent chooses one with each new content."""
    before, after = change
    told = [move.ttl for move in moves if isinstance(move, TtlSet)]
    if told and after.ttl not in told:
        yield f"the moves of {step.id} set another TTL in {place(where)} than its version says"
    elif not told and after.ttl != before.ttl and not _may_choose_ttl(before, after):
        yield f"the TTL of {place(where)} changes at {step.id}, but no move of that step says so"


def _may_choose_ttl(before: Version, after: Version) -> bool:
    """True if whoever publishes a version may do so with another TTL by itself."""
    if slot(after)[1] is None:
        return effects.content(before) != effects.content(after)
    return effects.is_empty(before) is not effects.is_empty(after)


def _without_move(step: Step, before: Version, after: Version, case: _Case) -> bool:
    """True if a version may begin though no move of ours makes it.

    A signer may change its own zone where the step says so; what stands at the parent may be seen
    to stand still, and a parent may install what a polled CDS set lets it at that time.
    """
    if isinstance(after, DsVersion) or (isinstance(after, NsVersion) and after.signer is None):
        same = effects.content(before) == effects.content(after)
        installed = isinstance(after, DsVersion) and may_install(
            case.world, case.closure, step.id, after.ds
        )
        return "parent" in _actors(step) and (same or installed)
    return f"{SIGNER_ITSELF}:{after.signer}" in _actors(step)


def _may_stand(step: str, where: Slot, case: _Case) -> list[Version]:
    """Return the versions that may stand in a slot just before or after a step is taken."""
    stays = case.versions.get(where, ())
    standing = [version for version in stays if version.step is None][-1:]
    lane = standing + [version for version in stays if version.step is not None]
    nodes, closure = case.world.nodes, case.closure
    node = nodes[step]
    return [
        version
        for version, after in zip(lane, [*lane[1:], None], strict=True)
        if (version.step is None or closure[node][nodes[version.step]] <= 0)
        and (after is None or after.step is None or closure[nodes[after.step]][node] <= 0)
    ]


def _lost_effect_flaws(
    step: Step, where: Slot, moves: Sequence[Move], case: _Case
) -> Iterator[str]:
    for version in _may_stand(step.id, where, case):
        left = effects.outcome(version, moves, version, case.timeline.keys).final
        found = {(effects.content(after), after.ttl) for after in left}
        if found != {(effects.content(version), version.ttl)}:
            yield f"{step.id} changes {place(where)}, but the timeline has no version for it"
            return
