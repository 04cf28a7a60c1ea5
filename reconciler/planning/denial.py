"""How a signer denies existence, and how that changes (RFC 5155, lifecycle.md I16 and P23).

An answer carries its own denial, so that no mix of old and new is bogus. But validators that know
only the algorithms 3 and 5 do not know NSEC3: it never meets a key of those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.desired import Denial, DenialKind, DesiredZone
from reconciler.model.durations import duration_words
from reconciler.model.moves import DenialSet
from reconciler.model.observed import ObservedZone, SignerFacts
from reconciler.model.plan import Refusal
from reconciler.planning.edge import Edge
from reconciler.planning.offer import Offer, Write
from reconciler.planning.publication import Node, Side, World, data_slot, dnskey_slot
from reconciler.planning.rule import Rule
from reconciler.planning.windows import Window

WITHOUT_NSEC3 = frozenset({3, 5})
"""DSA and RSASHA1: whoever signs with these says by the number that NSEC is used (RFC 5155 §2)."""


def wished(desired: DesiredZone, observed: ObservedZone, signer: str) -> Denial:
    """Return how this signer shall deny existence: as it does, where it cannot be asked."""
    facts = observed.signers[signer]
    wish = _asked(desired, facts) if signer in desired.signers and desired.signed else facts.denial
    return wish if wish.kind in facts.capabilities.denials else facts.denial


def _asked(desired: DesiredZone, facts: SignerFacts) -> Denial:
    """What the policy asks of a signer that signs already; one that does not has nothing to deny.

    Parameters belong to NSEC3 only. A policy that says nothing keeps what there is.
    """
    wish = desired.policy.denial or facts.denial
    unlike = wish.kind is not facts.denial.kind or wish.kind is DenialKind.NSEC3
    return wish if facts.zrrsig and unlike else facts.denial


def denial_gate(desired: DesiredZone, observed: ObservedZone) -> Refusal | None:
    """Return why existence cannot be denied as the policy asks, or as it is, None where it can."""
    if not desired.signed:
        return None
    wishes = {name: _asked(desired, observed.signers[name]) for name in desired.signers}
    kinds = {wish.kind for wish in (desired.policy.denial, *wishes.values()) if wish}
    if DenialKind.NSEC3 in kinds and desired.policy.algorithm in WITHOUT_NSEC3:
        return Refusal(
            rule="I16",
            summary=f"NSEC3 does not go with algorithm {desired.policy.algorithm}",
            detail="validators that know this algorithm need not know NSEC3 (RFC 5155 §2)",
            opens="a policy with another algorithm, or with `denial: nsec`",
        )
    unable = next((n for n, wish in wishes.items() if _is_unable(wish, observed.signers[n])), None)
    return None if unable is None else _cannot_change(unable, observed, wishes[unable])


def _is_unable(wish: Denial, facts: SignerFacts) -> bool:
    return wish != facts.denial and wish.kind not in facts.capabilities.denials


def _cannot_change(signer: str, observed: ObservedZone, wish: Denial) -> Refusal:
    now = observed.signers[signer].denial.kind
    return Refusal(
        rule="capability:denials",
        summary=f"signer {signer} cannot change from {now} to {wish.kind} while it signs",
        detail="its capability `denials` does not hold what the policy asks for",
        opens=f"a policy with {now}, or with no `denial`; or the zone desired unsigned first and"
        " signed again later",
    )


def offers(world: World, node: Node, goal: Node, index: int) -> Iterator[Offer]:
    """Yield the change of denial of one signer, open while it signs."""
    slot = world.slots_of(Side.DENIAL).get(index)
    if slot is None or node[slot] == goal[slot] or not node[data_slot(index)]:
        return
    move = DenialSet(signer=world.signers[index], denial=world.denials[goal[slot]])
    yield Offer(move, (Write(slot, 0, goal[slot]),), reads=(data_slot(index),))


def is_sound(world: World, edge: Edge) -> bool:
    """True if no mix of these states brings NSEC3 and a key that does not go with it together."""
    return not any(
        _is_nsec3(world, denial) and _has_old_key(world, dnskey)
        for index, slot in world.slots_of(Side.DENIAL).items()
        for denial in edge.states[slot]
        for dnskey in edge.states[dnskey_slot(index)]
        if (denial, dnskey) != (edge.before[slot], edge.before[dnskey_slot(index)])
    )


def rules(
    world: World, windows: Sequence[Sequence[Window]], path: Sequence[Edge]
) -> Iterator[Rule]:
    """Yield what must have left the caches before NSEC3 begins, or before an old algorithm does."""
    for index, slot in world.slots_of(Side.DENIAL).items():
        keys = dnskey_slot(index)
        for step, edge in enumerate(path, start=1):
            if edge.after[slot] != edge.before[slot] and _is_nsec3(world, edge.after[slot]):
                gone = (w for w in windows[keys] if w.value and _has_old_key(world, w.value))
                yield from _rules(gone, step, "a DNSKEY RRset of an algorithm without NSEC3")
            if _has_old_key(world, edge.after[keys] & ~edge.before[keys]):
                gone = (
                    w for w in windows[slot] if w.value is not None and _is_nsec3(world, w.value)
                )
                yield from _rules(gone, step, "an answer with NSEC3")


def _rules(gone: Iterator[Window], step: int, name: str) -> Iterator[Rule]:
    for each in gone:
        if each.ends is not None and each.ends < step:
            since = f"s{each.ends}" if each.ends else "the observation"
            why = (
                f"{name} may be cached for {duration_words(each.lasts)} after"
                f" {since}, and does not go with this"
            )
            yield Rule((each.ends, step), each.lasts, "rule:I16", f"{why} (I16)")


def _is_nsec3(world: World, denial: int) -> bool:
    return world.denials[denial].kind is DenialKind.NSEC3


def _has_old_key(world: World, dnskey: int) -> bool:
    keys, _ = world.dnskey_parts(dnskey)
    return any(world.keys[label].algorithm in WITHOUT_NSEC3 for label in world.names(keys))
