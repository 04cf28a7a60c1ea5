"""How long caches remember: the intervals of RFC 7583, in terms of one displaced version.

Every interval of RFC 7583 (Ipub, Iret and their kin) is one sum: the propagation of the version
that displaces, plus the TTL of the version displaced. Seconds throughout.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.model.capabilities import RollsByItself
from reconciler.model.desired import DesiredZone
from reconciler.model.observed import ObservedZone
from reconciler.model.timeline import RRsetKind
from reconciler.planning.publication import NS_SLOT, Side, World


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotTiming:
    """Times of one RRset: TTL where it has content, TTL where it has none, propagation bound.

    `ends`: when the signatures of all its versions end at the latest, seconds after the origin;
    None where its signer goes on.
    """

    ttl: int
    negative_ttl: int
    propagation: int
    ends: int | None = None

    def ttl_of(self, value: int) -> int:
        """Return the TTL of a version; a missing RRset lives for the negative TTL (RFC 2308 §5)."""
        return self.ttl if value else self.negative_ttl

    def remembered(self, displaced: int) -> int:
        """Return how long after its displacement some cache may hold this version.

        For the DNSKEY RRset this is Ipub less the margin, for data Iret (RFC 7583 §3.2.1), for the
        DS RRset IretP (§3.3.1).
        """
        return self.propagation + self.ttl_of(displaced)

    @property
    def longest_ttl(self) -> int:
        """The longest life of a version about which nothing is known."""
        return max(self.ttl, self.negative_ttl)


def ds_timing(observed: ObservedZone) -> SlotTiming:
    """Return the times of the DS RRset: DprpP, TTLds, and the TTL of its absence."""
    parent = observed.parent
    return SlotTiming(
        ttl=parent.ds_ttl,
        negative_ttl=parent.ds_negative_ttl,
        propagation=parent.propagation_delay,
    )


def dnskey_timing(observed: ObservedZone, signer: str) -> SlotTiming:
    """Return the times of a DNSKEY RRset: DprpC, TTLkey, and the TTL of its absence."""
    facts = observed.signers[signer]
    return SlotTiming(
        ttl=facts.dnskey_ttl,
        negative_ttl=facts.negative_ttl,
        propagation=facts.propagation_delay,
    )


def data_timing(observed: ObservedZone, signer: str) -> SlotTiming:
    """Return the times of a zone's data: Dsgn + DprpC, and TTLsig, signed or not.

    A signer takes `signing_delay` to replace every signature; until then the old ones are served.
    Negative answers are data too, so the negative TTL is a lower bound of the largest TTL.
    """
    facts = observed.signers[signer]
    ttl = max(facts.max_zone_ttl, facts.negative_ttl)
    return SlotTiming(
        ttl=ttl, negative_ttl=ttl, propagation=facts.propagation_delay + facts.signing_delay
    )


def delegation_timing(observed: ObservedZone) -> SlotTiming:
    """Return the times of the parent's NS RRset."""
    parent = observed.parent
    return SlotTiming(
        ttl=parent.ns_ttl, negative_ttl=parent.ns_ttl, propagation=parent.propagation_delay
    )


def apex_timing(observed: ObservedZone, signer: str) -> SlotTiming:
    """Return the times of the NS RRset at a signer's apex."""
    facts = observed.signers[signer]
    return SlotTiming(
        ttl=facts.ns_ttl, negative_ttl=facts.ns_ttl, propagation=facts.propagation_delay
    )


def _no_timing(_observed: ObservedZone, _signer: str) -> SlotTiming:
    return SlotTiming(ttl=0, negative_ttl=0, propagation=0)


def timings(world: World, observed: ObservedZone) -> tuple[SlotTiming, ...]:
    """Return the times of each slot of a node, in order."""
    by_kind = {
        RRsetKind.DNSKEY: dnskey_timing,
        RRsetKind.DATA: data_timing,
        RRsetKind.NS: apex_timing,
        RRsetKind.CDS: dnskey_timing,
        Side.DENIAL: data_timing,
        Side.ASKED: _no_timing,
        Side.TOLD: _no_timing,
    }
    return (
        ds_timing(observed),
        delegation_timing(observed),
        *(by_kind[kind](observed, name) for kind, name in world.slots[NS_SLOT + 1 :] if name),
    )


def unknown_ttls(
    world: World, observed: ObservedZone, bounds: Mapping[str, int]
) -> tuple[int, ...]:
    """Return for each slot how long something unknown may live: served TTL or declared bound.

    `bounds` holds the policy's bounds by RRset kind, where it declares any.
    """
    return tuple(
        max(timing.longest_ttl, bounds.get(kind, 0))
        for (kind, _), timing in zip(world.slots, timings(world, observed), strict=True)
    )


def stop_of(desired: DesiredZone, observed: ObservedZone, signer: str) -> int | None:
    """Return when a signer ceases to serve and sign, seconds from now; None where it goes on."""
    end = desired.ends.get(signer)
    return None if end is None else int((end - observed.at).total_seconds())


def roll_of(observed: ObservedZone, signer: str) -> int | None:
    """Return when a signer next replaces a key by itself, seconds from now; None where unknown."""
    facts = observed.signers[signer]
    rolls = facts.capabilities.rolls_by_itself is not RollsByItself.NO
    return facts.next_roll if rolls and facts.zrrsig else None


def with_ends(
    times: Iterable[SlotTiming], desired: DesiredZone, observed: ObservedZone, world: World
) -> tuple[SlotTiming, ...]:
    """Return these times, with the end of all signatures of signers that stop.

    The last signature made may be due for its refresh just then (planning.md §2).
    """
    ended = []
    for (kind, signer), timing in zip(world.slots, times, strict=True):
        stop = stop_of(desired, observed, signer) if signer else None
        signs = kind in (RRsetKind.DNSKEY, RRsetKind.DATA)
        if signer and signs and stop is not None:
            left = stop + observed.signers[signer].signatures.refresh
            ended.append(replace(timing, ends=left))
        else:
            ended.append(timing)
    return tuple(ended)
