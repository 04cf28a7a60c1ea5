"""The signers of an embedded world that are switched on and off and manage their own keys."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from reconciler.model.keys import KeyRole, parse_symbol, symbol
from reconciler.model.moves import (
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.sandbox import hosted
from reconciler.sandbox.calls import Change, Request, refusal
from reconciler.sandbox.genesis import signing_state
from reconciler.sandbox.history import HeldKey, SignerState, unsigned
from reconciler.sandbox.signer_base import KeyMove, SignerBase


class SandboxHostedSigner(SignerBase):
    """A signer that can be switched on and off; it makes a KSK and a ZSK.

    `sandbox-hosted` rolls its ZSK itself; `sandbox-multi` keeps it, and publishes the ZSKs of
    others beside it (RFC 8901 §2.1.2). It does not guard anybody: it turns signing off under a DS
    when it is told to.
    """

    def _change_keys(self, request: Request, move: KeyMove) -> Change:
        zone = request.zone
        state = self._state(zone)
        match move:
            case ZoneSign(keys=labels):
                return self._sign(request, labels, state)
            case ZoneUnsign():
                silent = replace(state, krrsig=frozenset(), zrrsig=frozenset())
                return self._change(zone, [silent, unsigned(state)], ())
            case DnskeyAdd(key=label, sign=False) if self.capabilities.foreign_zsk:
                wanted = state.dnskeys | {self._foreign(request, label).id}
                return self._change(zone, [replace(state, dnskeys=wanted)], ())
            case DnskeyRemove(key=label) if self.capabilities.foreign_zsk:
                wanted = state.dnskeys - {self._foreign(request, label).id}
                return self._change(zone, [replace(state, dnskeys=wanted)], ())
            case DnskeyAdd() | DnskeyRemove() | DnskeySign() | DnskeySet() | DataSign():
                hint = "turn signing on or off as a whole"
                raise refusal(self.name, zone, f"{self.name} manages its keys itself", hint)
            case _:
                assert_never(move)

    def _sign(self, request: Request, labels: frozenset[str], state: SignerState) -> Change:
        zone = request.zone
        keys = tuple(
            self._world.keyring.key_for(zone, self.name, label)
            for label in self._labels(zone, labels)
        )
        if state.krrsig:
            return self._unchanged(zone, state, keys)
        new = signing_state(keys)
        published = replace(state, dnskeys=state.dnskeys | new.dnskeys)
        since = self._world.store.clock()[0]
        signed = replace(published, krrsig=new.krrsig, zrrsig=new.zrrsig, signed_at=since)
        return self._change(zone, [published, signed], keys)

    def _foreign(self, request: Request, label: str) -> HeldKey:
        """Return the ZSK of another signer that is named."""
        key = request.keys.get(label)
        summary = f"{self.name} manages its keys itself"
        if key is None or key.public_key is None:
            hint = "give the public key of another signer's ZSK"
            raise refusal(self.name, request.zone, summary, hint)
        held = self._known(request.zone, key, key.public_key)
        if held.private is not None or (key.is_sep and not self.capabilities.foreign_ksk):
            raise refusal(self.name, request.zone, summary, "it takes ZSKs of other signers")
        return held

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
