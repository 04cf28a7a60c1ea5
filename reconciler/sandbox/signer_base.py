"""What every signer of an embedded world has in common.

All answer for what they did by symbol: a key for a symbol is made once, and a call that names it
again is told of the same key. Faults strike changes only; what they say about a zone stays true.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from reconciler.diagnostics import AdapterError
from reconciler.model.capabilities import SIGNER_KINDS, SignerCapabilities
from reconciler.model.keys import Key, parse_symbol
from reconciler.model.moves import (
    ApexNsSet,
    CdsSet,
    DataSign,
    DenialSet,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsAdd,
    DsConfirm,
    DsRemove,
    DsReplace,
    NsSet,
    RollStart,
    SignerMove,
    TtlSet,
    ZoneSign,
    ZoneUnsign,
    op,
)
from reconciler.ports import Idempotency, Receipt, SignerClaim
from reconciler.sandbox import apex
from reconciler.sandbox.calls import Change, Request, make, refusal, require_reachable
from reconciler.sandbox.history import HeldKey, SignerState, State
from reconciler.sandbox.layout import Forgets, SignerLayout
from reconciler.sandbox.records import content_digest
from reconciler.sandbox.ttls import max_zone_ttl
from reconciler.sandbox.world import World

KeyMove = DnskeyAdd | DnskeyRemove | DnskeySign | DnskeySet | DataSign | ZoneSign | ZoneUnsign
"""The moves that change keys and signatures."""

_NEW_KEY: dict[Forgets, Idempotency] = {
    "nothing": Idempotency.MARKER,
    "symbols": Idempotency.CALLER_KEY,
    "calls": Idempotency.OPAQUE,
}
"""How a signer is kept from making a key twice, by what its API forgets."""


class SignerBase(ABC):
    """What all kinds have in common: what they say, and that they do a thing once."""

    def __init__(self, world: World, name: str) -> None:
        """Work on the zones that signer `name` of the world's layout serves."""
        self.name = name
        self._world = world
        self._layout = signer_layout(world, name)
        self.capabilities: SignerCapabilities = SIGNER_KINDS[self._layout.kind].capabilities

    def idempotency(self, move: SignerMove) -> Idempotency:
        """Return how repeating is safe: keys are made by symbol, or once for each call where the
        signer forgets symbols; everything else is declared.
        """
        match move:
            case DnskeyAdd():
                return _NEW_KEY[self._layout.forgets]
            case DnskeySet() | ZoneSign():
                return Idempotency.MARKER
            case RollStart():
                return Idempotency.MARKER
            case (
                DnskeyRemove()
                | DnskeySign()
                | DataSign()
                | ZoneUnsign()
                | ApexNsSet()
                | CdsSet()
                | DenialSet()
                | TtlSet()
                | DsConfirm()
            ):
                return Idempotency.DECLARATIVE
            case _:
                assert_never(move)

    def observe(self, zone: str) -> SignerClaim:
        """Return what this signer says about `zone`; a zone it does not serve: AdapterError."""
        self._require_zone(zone)
        require_reachable(self._world, self.name, zone)
        state = self._state(zone)
        layout = self._world.zone(zone)
        return SignerClaim(
            keys=tuple(self._key(key) for key in self._held(zone) if key.private is not None),
            nameservers=frozenset(s.name for s in self._layout.servers if not s.hidden),
            signing=bool(state.zrrsig or state.dnskeys),
            max_zone_ttl=max_zone_ttl(layout, self.name, state.ttls),
            propagation_delay=self._layout.propagation_delay,
            signing_delay=0,
            content_digest=content_digest(layout, self.name),
        )

    def apply(self, zone: str, move: SignerMove, keys: Mapping[str, Key], idem: str) -> Receipt:
        """Make one move; see `ports.Signer`."""
        self._require_zone(zone)
        request = Request(
            system=self.name,
            zone=zone,
            move=move,
            keys=keys,
            idem=idem,
            forgetful=self._layout.forgets == "calls",
        )
        return make(self._world, request, self._prepare)

    def _prepare(self, request: Request) -> Change:
        """Work out what a request comes to, or refuse it."""
        move, can = request.move, self.capabilities
        match move:
            case (
                DnskeyAdd()
                | DnskeyRemove()
                | DnskeySign()
                | DnskeySet()
                | DataSign()
                | ZoneSign()
                | ZoneUnsign()
            ):
                return self._change_keys(request, move)
            case RollStart() | DsConfirm():
                return self._roll(request, move)
            case ApexNsSet() if can.sets_apex_ns:
                return self._reach(request, apex.with_ns(self._world.layout, request, move))
            case CdsSet() if can.sets_cds:
                return self._reach(request, apex.with_cds(request, move))
            case DenialSet() if can.denials:
                return self._reach(request, apex.with_denial(request, move, can.denials))
            case TtlSet() if can.sets_ttl:
                return self._reach(request, apex.with_ttl(request, move))
            case ApexNsSet() | CdsSet() | DenialSet() | TtlSet():
                raise self._not_offered(request.zone, op(move))
            case DsReplace() | DsAdd() | DsRemove() | NsSet():
                raise self._not_mine(request.zone)
            case _:
                assert_never(move)

    @abstractmethod
    def _change_keys(self, request: Request, move: KeyMove) -> Change:
        """Work out what a change of keys and signatures comes to, or refuse it."""

    def _roll(self, request: Request, move: RollStart | DsConfirm) -> Change:
        raise self._not_offered(request.zone, op(move))

    def _reach(self, request: Request, change: apex.StateChange) -> Change:
        return self._change(request.zone, [change(self._state(request.zone))], ())

    def _change(self, zone: str, states: list[SignerState], made: Iterable[HeldKey]) -> Change:
        current = self._state(zone)
        return Change(
            states=[] if states[-1] == current else [s for s in states if s != current],
            write=lambda state: self._write(zone, state),
            garbled=replace(states[-1], zrrsig=frozenset()) if states[-1].zrrsig else None,
            receipt=Receipt(created={key.label: self._key(key) for key in made}),
        )

    def _write(self, zone: str, state: State) -> None:
        self._world.store.add_version(self.name, zone, self._world.store.clock()[0], state)

    def _state(self, zone: str) -> SignerState:
        return self._world.store.view()[1].signers[self.name, zone][-1].state

    def _held(self, zone: str) -> tuple[HeldKey, ...]:
        return self._world.store.view()[1].zone_keys(self.name, zone)

    def _key(self, key: HeldKey) -> Key:
        parsed = parse_symbol(key.label)
        return Key(
            label=key.label,
            algorithm=key.algorithm,
            flags=key.flags,
            public_key=key.public,
            home=self.name,
            generation=None if parsed is None else parsed[2],
        )

    def _not_mine(self, zone: str) -> AdapterError:
        hint = "send changes of the delegation to the parent"
        return refusal(self.name, zone, f"{self.name} does not publish DS for {zone}", hint)

    def _not_offered(self, zone: str, name: str) -> AdapterError:
        hint = "plan with what this signer offers"
        return refusal(self.name, zone, f"{self.name} does not offer {name}", hint)

    def _require_zone(self, zone: str) -> None:
        served = {z.zone for z in self._world.layout.zones if self.name in z.signers}
        if zone not in served:
            hint = f"it serves {', '.join(sorted(served)) or 'no zone'}"
            raise refusal(self.name, zone, f"{self.name} does not serve {zone}", hint)

    def _asked(self, request: Request, keys: Iterable[HeldKey]) -> tuple[HeldKey, ...]:
        """Return the keys that were asked for by symbol."""
        known = {name for name, key in request.keys.items() if key.public_key is not None}
        return tuple(key for key in keys if key.label not in known and key.private is not None)

    def _known(self, zone: str, key: Key, public: bytes) -> HeldKey:
        """Return a key given with its public part, taken in as a foreign one if it is new here."""
        wanted = (key.flags, key.algorithm, public)
        for held in self._held(zone):
            if (held.flags, held.algorithm, held.public) == wanted:
                return held
        return self._world.keyring.take_in(zone, self.name, key)


def signer_layout(world: World, name: str) -> SignerLayout:
    """Return the layout of a signer; an unknown name raises AdapterError."""
    found = {layout.name: layout for layout in world.layout.signers}
    if name not in found:
        hint = f"it has {', '.join(sorted(found))}"
        raise refusal(name, "any zone", f"the sandbox has no signer {name}", hint)
    return found[name]
