"""The signer of an embedded world that leaves every key and every signing role to its caller."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from reconciler.model.keys import parse_symbol, symbol
from reconciler.model.moves import (
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.sandbox.calls import Change, Request, refusal
from reconciler.sandbox.genesis import signing_state
from reconciler.sandbox.history import HeldKey, SignerState, unsigned
from reconciler.sandbox.signer_base import KeyMove, SignerBase


class SandboxSigner(SignerBase):
    """A signer that leaves every key and every signing role to its caller."""

    def _change_keys(self, request: Request, move: KeyMove) -> Change:
        zone = request.zone
        state = self._state(zone)
        match move:
            case DnskeyAdd():
                key = self._resolve(request, self._asked_again(request, move.key))
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
            case DnskeySet():
                return self._set_dnskeys(request, move, state)
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
                return self._change(zone, [silent, unsigned(state)], ())
            case _:
                assert_never(move)

    def _set_dnskeys(self, request: Request, move: DnskeySet, state: SignerState) -> Change:
        keys = tuple(self._resolve(request, label) for label in sorted(move.keys))
        signing = self._signing(request, move.signed_by)
        wanted = replace(
            state,
            dnskeys=frozenset(key.id for key in keys),
            krrsig=frozenset(key.id for key in signing),
        )
        made = {key.id: key for key in (*keys, *signing)}.values()
        return self._change(request.zone, [wanted], self._asked(request, made))

    def _sign(self, request: Request, move: ZoneSign, state: SignerState) -> Change:
        zone = request.zone
        keys = self._signing(request, move.keys)
        if not keys:
            raise refusal(self.name, zone, "a zone cannot be signed with no key", "name its keys")
        wanted = signing_state(keys)
        wanted = replace(state, dnskeys=wanted.dnskeys, krrsig=wanted.krrsig, zrrsig=wanted.zrrsig)
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

    def _asked_again(self, request: Request, label: str) -> str:
        """Return the symbol of the key to publish: the next free one where a signer that forgets
        symbols is asked once more for a key that it has made.
        """
        held = {key.label for key in self._held(request.zone)}
        known = request.keys.get(label)
        parsed = parse_symbol(label)
        if self._layout.forgets == "nothing" or parsed is None or (known and known.public_key):
            return label
        role, algorithm, number = parsed
        while symbol(role, algorithm, number) in held:
            number += 1
        return symbol(role, algorithm, number) if label in held else label

    def _resolve(self, request: Request, label: str, *, create: bool = True) -> HeldKey:
        key = request.keys.get(label)
        if key is not None and key.public_key is not None:
            return self._known(request.zone, key, key.public_key)
        home = self.name if key is None else key.home
        return self._symbol(request.zone, label, home, create=create)

    def _symbol(self, zone: str, label: str, home: str | None, *, create: bool) -> HeldKey:
        known = next((key for key in self._held(zone) if key.label == label), None)
        if known is not None:
            return known
        parsed = parse_symbol(label)
        if parsed is None or not create or home not in {None, self.name}:
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
