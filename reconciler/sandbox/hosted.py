"""How a hosted signer rolls its ZSK by itself: pre-publication (RFC 7583 §3.2.1), on a period.

The ZSK is replaced each `zsk_period` seconds after signing began. Each replacement is three events:
the successor is published, it takes over signing, and the predecessor is withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from reconciler.model.keys import KeyRole, parse_symbol, symbol
from reconciler.sandbox.history import HeldKey, SignerState, Ttls
from reconciler.sandbox.layout import SignerLayout, ZoneLayout
from reconciler.sandbox.ttls import max_zone_ttl

ALGORITHM = 13
"""What the hosted signer signs with (RFC 8624 §3.1: the recommended algorithm)."""

ROLLING = frozenset({"sandbox-hosted"})
"""The kinds of signer that roll their ZSK like this."""

_SAFETY = 3600
"""Seconds added to both waits (BIND: publish-safety, retire-safety, both 1 h by default)."""


class RollEvent(IntEnum):
    """What happens to the ZSK, in this order."""

    PUBLISH = 0
    ACTIVATE = 1
    WITHDRAW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The next event and its instant."""

    at: int
    event: RollEvent


def next_event(signer: SignerLayout, zone: ZoneLayout, state: SignerState) -> Due | None:
    """Return the next event of a zone's ZSK, None while the signer does not sign it."""
    if state.signed_at is None:
        return None
    roll, phase = divmod(state.events, len(RollEvent))
    activation = state.signed_at + (roll + 1) * signer.zsk_period
    event = RollEvent(phase)
    return Due(at=activation + _offset(signer, zone, event), event=event)


def _offset(signer: SignerLayout, zone: ZoneLayout, event: RollEvent) -> int:
    """Seconds from activation: Ipub before, Iret after (RFC 7583 §3.2.1)."""
    match event:
        case RollEvent.PUBLISH:
            return -(zone.dnskey_ttl + signer.propagation_delay + _SAFETY)
        case RollEvent.ACTIVATE:
            return 0
        case RollEvent.WITHDRAW:
            return max_zone_ttl(zone, signer.name, Ttls()) + signer.propagation_delay + _SAFETY


def successor(keys: tuple[HeldKey, ...]) -> str:
    """Return the symbol of the next ZSK."""
    parsed = [parse_symbol(key.label) for key in keys]
    used = [found[2] for found in parsed if found is not None and found[0] is KeyRole.ZSK]
    return symbol(KeyRole.ZSK, ALGORITHM, max(used, default=0) + 1)


def after_event(state: SignerState, event: RollEvent, zsk: int) -> SignerState:
    """Return the state after an event; `zsk` is the id of the successor."""
    events = state.events + 1
    match event:
        case RollEvent.PUBLISH:
            return replace(state, dnskeys=state.dnskeys | {zsk}, events=events)
        case RollEvent.ACTIVATE:
            return replace(state, zrrsig=frozenset({zsk}), events=events)
        case RollEvent.WITHDRAW:
            kept = state.krrsig | state.zrrsig
            return replace(state, dnskeys=kept, events=events)
