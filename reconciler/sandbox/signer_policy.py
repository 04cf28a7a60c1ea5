"""The signer of an embedded world that rolls its keys by its own policy, when it is asked to."""

from __future__ import annotations

from typing import assert_never

from reconciler.model.moves import (
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsConfirm,
    RollStart,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.sandbox import policy
from reconciler.sandbox.calls import Change, Request, refusal
from reconciler.sandbox.history import HeldKey, SignerState
from reconciler.sandbox.signer_base import KeyMove
from reconciler.sandbox.signer_full import SandboxSigner


class SandboxPolicySigner(SandboxSigner):
    """A signer that is told which key to replace and what stands at the parent; the rest it does
    by itself, in its own time. It publishes the ZSKs of others, and manages its own keys alone.
    """

    def _change_keys(self, request: Request, move: KeyMove) -> Change:
        match move:
            case ZoneSign() | ZoneUnsign():
                return super()._change_keys(request, move)
            case DnskeyAdd(sign=False) | DnskeyRemove() if self._is_foreign(request, move.key):
                return super()._change_keys(request, move)
            case DnskeyAdd() | DnskeyRemove() | DnskeySign() | DnskeySet() | DataSign():
                hint = "ask it to roll a key, and wait for what it does"
                summary = f"{self.name} manages its keys by its own policy"
                raise refusal(self.name, request.zone, summary, hint)
            case _:
                assert_never(move)

    def _roll(self, request: Request, move: RollStart | DsConfirm) -> Change:
        state = self._state(request.zone)
        match move:
            case RollStart():
                return self._start(request, move, state)
            case DsConfirm():
                return self._hear(request, move, state)
            case _:
                assert_never(move)

    def _start(self, request: Request, move: RollStart, state: SignerState) -> Change:
        zone = request.zone
        old = self._resolve(request, move.old, create=False)
        new = self._resolve(request, move.new)
        self._require_private(zone, [old, new])
        if new.id in state.dnskeys:
            return self._change(zone, [state], [new])
        if old.id not in state.dnskeys or old.flags != new.flags or _rolling(state, old):
            summary = f"{move.new} cannot take the place of {move.old} now"
            hint = "name a key in use that is not being replaced, and a successor in its role"
            raise refusal(self.name, zone, summary, hint)
        now = self._world.store.clock()[0]
        return self._change(zone, [policy.started(state, old.id, new.id, now)], [new])

    def _hear(self, request: Request, move: DsConfirm, state: SignerState) -> Change:
        key = self._resolve(request, move.key, create=False)
        now = self._world.store.clock()[0]
        after = policy.told(state, key.id, now, present=move.present)
        return self._change(request.zone, [after], ())

    def _is_foreign(self, request: Request, label: str) -> bool:
        key = request.keys.get(label)
        if key is None or key.public_key is None or key.is_sep:
            return False
        return self._resolve(request, label).private is None


def _rolling(state: SignerState, key: HeldKey) -> bool:
    return any(key.id in {roll.old, roll.new} for roll in state.rolls)
