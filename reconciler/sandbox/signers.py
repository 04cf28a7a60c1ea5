"""The two signers of an embedded world: full control of keys, and on/off.

Both answer for what they did by symbol: a key for a symbol is made once, and a call that names it
again is told of the same key. Faults strike changes only; what they say about a zone stays true.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from reconciler.diagnostics import AdapterError
from reconciler.model.capabilities import SIGNER_KINDS, SignerCapabilities
from reconciler.model.keys import Key, KeyRole, parse_symbol, symbol
from reconciler.model.moves import (
    ApexNsSet,
    CdsSet,
    DataSign,
    DenialSet,
    DnskeyAdd,
    DnskeyRemove,
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
from reconciler.sandbox import hosted
from reconciler.sandbox.calls import Change, Request, make, refusal, require_reachable
from reconciler.sandbox.contents import content_digest
from reconciler.sandbox.genesis import signing_state
from reconciler.sandbox.history import HeldKey, SignerState, State
from reconciler.sandbox.layout import SignerLayout
from reconciler.sandbox.world import World


class _Signer(ABC):
    """What both kinds have in common: what they say, and that they do a thing once."""

    def __init__(self, world: World, name: str) -> None:
        """Work on the zones that signer `name` of the world's layout serves."""
        self.name = name
        self._world = world
        self._layout = _layout(world, name)
        self.capabilities: SignerCapabilities = SIGNER_KINDS[self._layout.kind].capabilities

    def idempotency(self, move: SignerMove) -> Idempotency:
        """Return how repeating is safe: keys are made by symbol, everything else is declared."""
        match move:
            case DnskeyAdd() | ZoneSign():
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
            max_zone_ttl=hosted.max_zone_ttl(layout),
            propagation_delay=self._layout.propagation_delay,
            signing_delay=0,
            content_digest=content_digest(layout),
        )

    def apply(self, zone: str, move: SignerMove, keys: Mapping[str, Key], idem: str) -> Receipt:
        """Make one move; see `ports.Signer`."""
        self._require_zone(zone)
        request = Request(system=self.name, zone=zone, move=move, keys=keys, idem=idem)
        return make(self._world, request, self._prepare)

    @abstractmethod
    def _prepare(self, request: Request) -> Change:
        """Work out what a request comes to, or refuse it."""

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


class SandboxSigner(_Signer):
    """A signer that leaves every key and every signing role to its caller."""

    def _prepare(self, request: Request) -> Change:
        zone, move = request.zone, request.move
        state = self._state(zone)
        match move:
            case DnskeyAdd():
                key = self._resolve(request, move.key)
                if move.sign:
                    self._require_private(zone, [key])
                published = replace(state, dnskeys=state.dnskeys | {key.id})
                signed = replace(published, krrsig=published.krrsig | {key.id})
                states = [published, signed] if move.sign else [published]
                return self._change(zone, states, self._asked(request, [key]))
            case DnskeyRemove():
                gone = {self._resolve(request, move.key, create=False).id}
                silent = replace(state, krrsig=state.krrsig - gone)
                states = [silent, replace(silent, dnskeys=state.dnskeys - gone)]
                return self._change(zone, states, ())
            case DnskeySign():
                keys = self._signing(request, move.keys)
                wanted = frozenset(key.id for key in keys)
                both = replace(state, krrsig=state.krrsig | wanted)
                states = [both, replace(state, krrsig=wanted)]
                return self._change(zone, states, self._asked(request, keys))
            case DataSign():
                keys = self._signing(request, move.keys)
                wanted = frozenset(key.id for key in keys)
                both = replace(state, zrrsig=state.zrrsig | wanted)
                states = [both, replace(state, zrrsig=wanted)]
                return self._change(zone, states, self._asked(request, keys))
            case ZoneSign():
                return self._sign(request, move, state)
            case ZoneUnsign():
                silent = replace(state, krrsig=frozenset(), zrrsig=frozenset())
                return self._change(zone, [silent, SignerState()], ())
            case ApexNsSet() | CdsSet() | DenialSet() | TtlSet() | RollStart() | DsConfirm():
                raise self._not_offered(zone, op(move))
            case DsReplace() | DsAdd() | DsRemove() | NsSet():
                raise self._not_mine(zone)
            case _:
                assert_never(move)

    def _sign(self, request: Request, move: ZoneSign, state: SignerState) -> Change:
        zone = request.zone
        keys = self._signing(request, move.keys)
        if not keys:
            raise refusal(self.name, zone, "a zone cannot be signed with no key", "name its keys")
        wanted = signing_state(keys)
        held = {key.id for key in self._held(zone) if key.private is not None}
        others = state.dnskeys - wanted.dnskeys
        if others & held:
            hint = "change its keys one by one, or turn signing off first"
            raise refusal(self.name, zone, f"{zone} is signed with other keys", hint)
        wanted = replace(wanted, dnskeys=wanted.dnskeys | others)
        published = replace(state, dnskeys=wanted.dnskeys)
        return self._change(zone, [published, wanted], self._asked(request, keys))

    def _signing(self, request: Request, labels: Iterable[str]) -> tuple[HeldKey, ...]:
        keys = tuple(self._resolve(request, label) for label in sorted(labels))
        self._require_private(request.zone, keys)
        return keys

    def _asked(self, request: Request, keys: Iterable[HeldKey]) -> tuple[HeldKey, ...]:
        """Return the keys that were asked for by symbol."""
        known = {name for name, key in request.keys.items() if key.public_key is not None}
        return tuple(key for key in keys if key.label not in known and key.private is not None)

    def _resolve(self, request: Request, label: str, *, create: bool = True) -> HeldKey:
        key = request.keys.get(label)
        if key is not None and key.public_key is not None:
            return self._known(request.zone, key, key.public_key)
        return self._symbol(request.zone, label, create=create)

    def _known(self, zone: str, key: Key, public: bytes) -> HeldKey:
        """Return a key given with its public part, taken in as a foreign one if it is new here."""
        wanted = (key.flags, key.algorithm, public)
        for held in self._held(zone):
            if (held.flags, held.algorithm, held.public) == wanted:
                return held
        return self._world.keyring.take_in(zone, self.name, key)

    def _symbol(self, zone: str, label: str, *, create: bool) -> HeldKey:
        known = next((key for key in self._held(zone) if key.label == label), None)
        if known is not None:
            return known
        parsed = parse_symbol(label)
        if parsed is None or not create:
            hint = "name a key that it holds, or give the public key of a foreign one"
            raise refusal(self.name, zone, f"{self.name} does not know the key {label}", hint)
        if parsed[1] not in self.capabilities.algorithms:
            known_ones = ", ".join(str(n) for n in sorted(self.capabilities.algorithms))
            summary = f"{self.name} cannot sign with algorithm {parsed[1]}"
            raise refusal(self.name, zone, summary, f"use one of {known_ones}")
        return self._world.keyring.key_for(zone, self.name, label)

    def _require_private(self, zone: str, keys: Iterable[HeldKey]) -> None:
        for key in keys:
            if key.private is None:
                hint = "let the signer that holds its private key sign with it"
                raise refusal(self.name, zone, f"{key.label} cannot sign here", hint)


class SandboxHostedSigner(_Signer):
    """A signer that can be switched on and off; it makes a KSK and a ZSK and rolls its ZSK itself.

    It does not guard anybody: it turns signing off under a DS when it is told to.
    """

    def _prepare(self, request: Request) -> Change:
        zone = request.zone
        state = self._state(zone)
        match request.move:
            case ZoneSign(keys=labels):
                keys = tuple(
                    self._world.keyring.key_for(zone, self.name, label)
                    for label in self._labels(zone, labels)
                )
                if state.signed_at is not None:
                    return self._unchanged(zone, state, keys)
                wanted = signing_state(keys, signed_at=self._world.store.clock()[0])
                published = replace(SignerState(), dnskeys=wanted.dnskeys)
                return self._change(zone, [published, wanted], keys)
            case ZoneUnsign():
                silent = replace(SignerState(), dnskeys=state.dnskeys)
                return self._change(zone, [silent, SignerState()], ())
            case ApexNsSet() | CdsSet() | DenialSet() | TtlSet() | RollStart() | DsConfirm():
                raise self._not_offered(zone, op(request.move))
            case DsReplace() | DsAdd() | DsRemove() | NsSet():
                raise self._not_mine(zone)
            case DnskeyAdd() | DnskeyRemove() | DnskeySign() | DataSign():
                hint = "turn signing on or off as a whole"
                raise refusal(self.name, zone, f"{self.name} manages its keys itself", hint)
            case _:
                assert_never(request.move)

    def _unchanged(self, zone: str, state: SignerState, keys: tuple[HeldKey, ...]) -> Change:
        if not {key.id for key in keys} <= state.dnskeys:
            hint = "turn signing off first; it signs again with the keys that you name then"
            raise refusal(self.name, zone, f"{zone} is signed with other keys", hint)
        return self._change(zone, [state], keys)

    def _labels(self, zone: str, labels: frozenset[str]) -> tuple[str, ...]:
        """Return the symbols of the KSK and the ZSK; where none were named, of those it had."""
        if not labels:
            held = [key.label for key in self._held(zone)]
            fresh = [symbol(role, hosted.ALGORITHM, 1) for role in (KeyRole.KSK, KeyRole.ZSK)]
            return tuple(held[:1] + held[-1:]) if held else tuple(fresh)
        parsed = [parse_symbol(label) for label in labels]
        roles = sorted((p[0], p[1]) for p in parsed if p is not None)
        if roles != [(KeyRole.KSK, hosted.ALGORITHM), (KeyRole.ZSK, hosted.ALGORITHM)]:
            summary = f"{self.name} signs with one KSK and one ZSK of algorithm 13"
            raise refusal(self.name, zone, summary, "ask for those two, by symbol")
        return tuple(sorted(labels))


SandboxSigners = SandboxSigner | SandboxHostedSigner


def signer(world: World, name: str) -> SandboxSigners:
    """Return the signer `name` of a world's layout; an unknown one raises AdapterError."""
    if _layout(world, name).kind == "sandbox-hosted":
        return SandboxHostedSigner(world, name)
    return SandboxSigner(world, name)


def _layout(world: World, name: str) -> SignerLayout:
    found = {layout.name: layout for layout in world.layout.signers}
    if name not in found:
        hint = f"it has {', '.join(sorted(found))}"
        raise refusal(name, "any zone", f"the sandbox has no signer {name}", hint)
    return found[name]
