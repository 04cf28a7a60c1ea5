"""How a policy signer replaces a key: what it does by itself, and what it must be told first.

A ZSK is pre-published (RFC 7583 §3.2.1) and rolled by the clock alone. A key that has a DS signs
beside its predecessor (RFC 7583 §3.3.1), which goes only after somebody said that the new DS is at
the parent and the old one is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.sandbox.history import Roll, RollPhase, SignerState
from reconciler.sandbox.layout import SignerLayout, ZoneLayout
from reconciler.sandbox.ttls import max_zone_ttl, served

KIND = "sandbox-policy"

SAFETY = 3600
"""Seconds added to each wait (BIND: publish-safety, retire-safety, both 1 h by default)."""
PARENT_DS_TTL = 86400
PARENT_PROPAGATION = 3600
"""What it takes of its parent (BIND: parent-ds-ttl, parent-propagation-delay, their defaults)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a signer does next by itself, and the state that it leads to."""

    at: int
    state: SignerState


def started(state: SignerState, old: int, new: int, now: int) -> SignerState:
    """Return the state in which `new` is published to take the place of `old`."""
    roll = Roll(old=old, new=new, phase=RollPhase.PUBLISHED, since=now)
    double = old in state.krrsig
    added = frozenset({new}) if double else frozenset[int]()
    return replace(
        state,
        dnskeys=state.dnskeys | {new},
        krrsig=state.krrsig | added,
        zrrsig=state.zrrsig | (added if old in state.zrrsig else frozenset()),
        rolls=(*state.rolls, roll),
    )


def told(state: SignerState, key: int, now: int, *, present: bool) -> SignerState:
    """Return the state after word of a DS; what no rollover waits for changes nothing."""
    for roll in state.rolls:
        if roll.phase is RollPhase.PUBLISHED and key == (roll.new if present else roll.old):
            heard = replace(roll, there=True) if present else replace(roll, gone=True)
            if heard.there and heard.gone:
                heard = replace(heard, phase=RollPhase.RETIRING, since=now)
            return _changed(state, roll, heard)
    return state


def next_event(signer: SignerLayout, zone: ZoneLayout, state: SignerState) -> Event | None:
    """Return what a signer does next by itself, None where it waits for word or for nothing."""
    return min(_events(signer, zone, state), key=lambda event: event.at, default=None)


def _events(signer: SignerLayout, zone: ZoneLayout, state: SignerState) -> Iterator[Event]:
    spread = signer.propagation_delay + SAFETY
    for roll in state.rolls:
        double = roll.new in state.krrsig
        match roll.phase:
            case RollPhase.PUBLISHED if not double:
                at = roll.since + served(zone, state.ttls).dnskey + spread
                yield Event(at=at, state=_activated(state, roll, at))
            case RollPhase.RETIRING:
                parent = PARENT_DS_TTL + PARENT_PROPAGATION + SAFETY
                data = max_zone_ttl(zone, signer.name, state.ttls) + spread
                at = roll.since + (max(parent, data) if double else data)
                yield Event(at=at, state=_withdrawn(state, roll))
            case RollPhase.PUBLISHED:
                continue


def _activated(state: SignerState, roll: Roll, at: int) -> SignerState:
    retiring = replace(roll, phase=RollPhase.RETIRING, since=at)
    signing = (state.zrrsig - {roll.old}) | {roll.new}
    return replace(_changed(state, roll, retiring), zrrsig=signing)


def _withdrawn(state: SignerState, roll: Roll) -> SignerState:
    return replace(
        state,
        dnskeys=state.dnskeys - {roll.old},
        krrsig=state.krrsig - {roll.old},
        zrrsig=state.zrrsig - {roll.old},
        rolls=tuple(other for other in state.rolls if other != roll),
    )


def _changed(state: SignerState, roll: Roll, later: Roll) -> SignerState:
    return replace(state, rolls=tuple(later if r == roll else r for r in state.rolls))
