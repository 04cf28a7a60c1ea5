"""DS that come before their DNSKEY: Double-DS and Double-RRset (RFC 7583 §3.3.2, §3.3.3).

They break the cardinal rule (I6) and exist only where the policy asks for them, where the parent
looks at no DNSKEY, and for keys of an algorithm that the zone is secure with already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.model.capabilities import DsCheck, DsWrite
from reconciler.model.desired import DesiredZone, KskRollover
from reconciler.model.moves import DnskeyAdd, DnskeySet
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Refusal
from reconciler.planning.edge import Edge
from reconciler.planning.goal import Goal
from reconciler.planning.publication import DS_SLOT, World
from reconciler.planning.rule import Rule
from reconciler.planning.windows import Window

POLICY = "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Early:
    """The keys (a mask) whose DS comes first, or with them, and how."""

    keys: int
    rollover: KskRollover


def coming(desired: DesiredZone, observed: ObservedZone, goal: Goal) -> frozenset[str]:
    """Return the keys to which the policy's `ksk_rollover` applies."""
    if desired.policy.ksk_rollover is KskRollover.DOUBLE_KSK:
        return frozenset()
    served = frozenset[str]().union(*(facts.dnskeys for facts in observed.signers.values()))
    known = {goal.keys[ref.key].algorithm for ref in observed.parent.ds if ref.key in served}
    return frozenset(
        ref.key
        for ref in goal.publication.ds
        if ref.key not in served and goal.keys[ref.key].algorithm in known
    )


def early_gate(desired: DesiredZone, observed: ObservedZone, goal: Goal) -> Refusal | None:
    """Return why a DS cannot come before its key, None where it can or need not."""
    parent = observed.parent.capabilities
    if not coming(desired, observed, goal):
        return None
    if parent.checks_ds is DsCheck.NONE and parent.write is not DsWrite.NONE:
        return None
    return Refusal(
        rule="capability:checks_ds",
        summary=f"the policy asks for {desired.policy.ksk_rollover}, and the parent takes no DS"
        " whose DNSKEY is not published",
        detail="it compares the DS with what the servers of the zone publish",
        opens="`ksk_rollover: double-ksk`, or a parent that checks nothing",
    )


def is_sound(world: World, early: Early | None, edge: Edge) -> bool:
    """True if every such key is published when its policy says: after its DS, or with it."""
    if early is None:
        return True
    for key in _published(world, early, edge):
        before, after = (_named(world, node[DS_SLOT], key) for node in (edge.before, edge.after))
        together = after and early.rollover is KskRollover.DOUBLE_RRSET
        if not (before and after) and not together:
            return False
    return True


def _published(world: World, early: Early, edge: Edge) -> Iterator[str]:
    """Yield those of the keys whose DS comes first that an edge publishes."""
    for offer in edge.offers:
        if isinstance(offer.move, DnskeyAdd | DnskeySet):
            slot, _, put = offer.writes[0]
            yield from sorted(world.names(put & early.keys & ~edge.before[slot]))


def rules(
    world: World, early: Early | None, windows: Sequence[Sequence[Window]], path: Sequence[Edge]
) -> Iterator[Rule]:
    """Yield how long a key stays unpublished in Double-DS: until every cache has its DS."""
    if early is None or early.rollover is not KskRollover.DOUBLE_DS:
        return
    for step, edge in enumerate(path, start=1):
        for key in _published(world, early, edge):
            for each in windows[DS_SLOT]:
                lacks = each.value is None or not _named(world, each.value, key)
                if lacks and each.ends is not None and each.ends < step:
                    yield Rule((each.ends, step), max(each.lasts, 0), POLICY, _why(key, each))


def _why(key: str, each: Window) -> str:
    since = f"s{each.ends}" if each.ends else "the observation"
    return (
        f"some cache may lack the DS of {key} until {each.lasts} s after {since}; by Double-DS the"
        " key is published only then (RFC 7583 §3.3.2)"
    )


def _named(world: World, ds: int, key: str) -> bool:
    return any(ref.key == key for ref in world.ds_names(ds))
