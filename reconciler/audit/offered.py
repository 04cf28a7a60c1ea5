"""Whether the systems that were observed can do what a plan asks of them, and by whom it is done.

The proof takes moves as they are named. A parent that is asked for what it does not offer does it
in another way, such as one DS after the other; a signer has the keys that it holds, and no others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.capabilities import (
    DsWrite,
    ParentCapabilities,
    RollsByItself,
    SignerCapabilities,
    Signing,
)
from reconciler.model.keys import Key, KeyEntry
from reconciler.model.moves import (
    ApexNsSet,
    CdsSet,
    DataSign,
    DnskeyAdd,
    DnskeySet,
    DnskeySign,
    DsAdd,
    DsRemove,
    DsReplace,
    Move,
    NsSet,
    SignerMove,
    TtlSet,
    op,
    system,
)
from reconciler.model.observed import ObservedZone, SignerFacts
from reconciler.model.plan import Step

ITSELF = "signer-itself:"
PARENT = "parent"
PERSON = "person"


def offer_flaws(
    steps: Sequence[Step], observed: ObservedZone, keys: Mapping[str, KeyEntry]
) -> Iterator[str]:
    """Yield, as clauses, which moves no system offers, and which keys a signer does not hold."""
    for step in steps:
        for move in step.moves:
            if isinstance(move, DsReplace | DsAdd | DsRemove | NsSet):
                if not _parent_offers(move, observed.parent.capabilities):
                    yield f"{step.id} asks the parent for {op(move)}, which it does not offer"
                continue
            facts = observed.signers.get(move.signer)
            if facts is None:
                continue
            by_itself = f"{ITSELF}{move.signer}" in _actors(step)
            if not by_itself and not _signer_offers(move, facts.capabilities, keys):
                yield f"{step.id} asks {move.signer} for {op(move)}, which it does not offer"
            for label in sorted(_elsewhere(move, facts, keys)):
                yield f"{step.id} has {move.signer} sign with {label}, a key that it does not hold"


def _parent_offers(move: Move, parent: ParentCapabilities) -> bool:
    match move:
        case NsSet():
            return parent.sets_ns
        case DsReplace():
            return parent.write in (DsWrite.REPLACE, DsWrite.ATOMIC_ADD_REMOVE)
        case _:
            return parent.write is not DsWrite.NONE


def _signer_offers(
    move: SignerMove, able: SignerCapabilities, keys: Mapping[str, KeyEntry]
) -> bool:
    match move:
        case ApexNsSet():
            return able.sets_apex_ns
        case TtlSet():
            return able.sets_ttl
        case CdsSet():
            return able.sets_cds
        case DnskeySet():
            return able.sets_dnskeys
        case DataSign() | DnskeySign():
            return able.signing in (Signing.KEYS, Signing.KSK_SLOTS)
        case DnskeyAdd(key=label, signer=signer):
            return _may_add(keys.get(label), signer, able)
        case _:
            return True


def _may_add(entry: KeyEntry | None, signer: str, able: SignerCapabilities) -> bool:
    if not isinstance(entry, Key):
        return False
    if entry.home not in (None, signer):
        return able.foreign_ksk if entry.is_sep else able.foreign_zsk
    return able.signing is Signing.KEYS or (able.signing is Signing.KSK_SLOTS and entry.is_sep)


def _elsewhere(
    move: SignerMove, facts: SignerFacts, keys: Mapping[str, KeyEntry]
) -> frozenset[str]:
    """Return the keys a move signs with that another signer holds, and this one never used."""
    match move:
        case DnskeySet():
            used = move.signed_by
        case DataSign() | DnskeySign():
            used = move.keys
        case DnskeyAdd(key=label, sign=True):
            used = frozenset({label})
        case _:
            return frozenset()
    if facts.capabilities.presigned:
        return frozenset()
    homes = {label: entry.home for label in used if isinstance(entry := keys.get(label), Key)}
    away = {label for label, home in homes.items() if home not in (None, move.signer)}
    return frozenset(away - facts.krrsig - facts.zrrsig)


def actor_flaws(steps: Sequence[Step], observed: ObservedZone) -> Iterator[str]:
    """Yield, as clauses, where a step names others than those who make its moves."""
    for step in steps:
        actors = set(_actors(step))
        for name, facts in observed.signers.items():
            if f"{ITSELF}{name}" in actors and not _acts_by_itself(facts.capabilities):
                yield f"{step.id} is left to {name} itself, which does nothing by itself"
        makers = {_maker(system(move), actors, observed) for move in step.moves}
        for maker in sorted(makers - actors):
            yield f"{step.id} has a move of {maker}, and names {step.actor} as who acts"
        if makers:
            for idle in sorted(actors - makers):
                yield f"{step.id} names {idle} as who acts, which makes no move of it"


def _acts_by_itself(able: SignerCapabilities) -> bool:
    return able.signing is Signing.POLICY or able.rolls_by_itself is not RollsByItself.NO


def _maker(asked: str, actors: set[str], observed: ObservedZone) -> str:
    """Return who makes a move of this system; a manual parent is a person."""
    if asked == PARENT:
        return PERSON if observed.parent.capabilities.manual else PARENT
    itself = f"{ITSELF}{asked.partition(':')[2]}"
    return itself if itself in actors else asked


def _actors(step: Step) -> list[str]:
    return [actor.strip() for actor in step.actor.split(",")]


def content_flaws(steps: Sequence[Step], observed: ObservedZone) -> Iterator[str]:
    """Yield, as clauses, where a delegation comes to name signers that serve something else."""
    alike = _alike(observed)
    for step in steps:
        for move in step.moves:
            if isinstance(move, NsSet):
                for name in sorted(move.signers - alike):
                    yield f"{step.id} delegates to {name}, which was not seen to serve the same"


def _alike(observed: ObservedZone) -> frozenset[str]:
    """Return the signers delegated to, and all that serve the same content as one of them."""
    pairs = {(a, b) for a, others in observed.content_equal.items() for b in others}
    found = set(observed.parent.ns)
    for _ in observed.signers:
        found |= {b for a, b in pairs if a in found} | {a for a, b in pairs if b in found}
    return frozenset(found)
