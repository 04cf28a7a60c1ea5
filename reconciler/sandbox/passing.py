"""What happens by itself while time passes: signers roll keys, parents poll CDS."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.keys import SEP_FLAG
from reconciler.sandbox import hosted, policy, polling
from reconciler.sandbox.contents import Moment
from reconciler.sandbox.history import PARENT, History, SignerState
from reconciler.sandbox.hosted import RollEvent
from reconciler.sandbox.keyring import Keyring
from reconciler.sandbox.layout import ParentLayout, SignerLayout, WorldLayout, ZoneLayout


def pass_time(keyring: Keyring, layout: WorldLayout, until: int) -> None:
    """Write down every event until the instant `until`; within a transaction."""
    for zone in layout.zones:
        for signer in layout.signers:
            if signer.name in zone.signers:
                _let_sign(keyring, signer, zone, until)
    for zone in layout.zones:
        _let_poll(keyring, layout, zone, until)


def _let_sign(keyring: Keyring, signer: SignerLayout, zone: ZoneLayout, until: int) -> None:
    if signer.kind in hosted.ROLLING:
        _roll(keyring, signer, zone, until)
    if signer.kind == policy.KIND:
        _follow_policy(keyring, signer, zone, until)


def _let_poll(keyring: Keyring, layout: WorldLayout, zone: ZoneLayout, until: int) -> None:
    parent = polling.poller(layout, zone)
    if parent is not None and polling.asks(keyring.store.view()[1], zone):
        for at in polling.polls(parent, keyring.seed, keyring.store.clock()[0], until):
            _poll(keyring, layout, parent, zone, at)


def _follow_policy(keyring: Keyring, signer: SignerLayout, zone: ZoneLayout, until: int) -> None:
    """Let a signer do what its own policy asks for, one thing after the other."""
    store = keyring.store
    while True:
        state = store.view()[1].signers[signer.name, zone.zone][-1].state
        due = policy.next_event(signer, zone, state)
        if due is None or due.at > until:
            return
        store.add_version(signer.name, zone.zone, due.at, due.state)


def _poll(
    keyring: Keyring, layout: WorldLayout, parent: ParentLayout, zone: ZoneLayout, at: int
) -> None:
    store = keyring.store
    history = store.view()[1]
    wanted = polling.requested(Moment(layout=layout, history=history, start=0, at=at), zone)
    last = history.delegations[zone.zone][-1]
    if wanted is None or wanted == last.state.ds:
        return
    publish = at + polling.delay(parent, keyring.seed, zone.zone, at)
    store.add_version(PARENT, zone.zone, max(last.at, publish), replace(last.state, ds=wanted))


def _roll(keyring: Keyring, signer: SignerLayout, zone: ZoneLayout, until: int) -> None:
    store = keyring.store
    while True:
        state = store.view()[1].signers[signer.name, zone.zone][-1].state
        due = hosted.next_event(signer, zone, state)
        if due is None or due.at > until:
            return
        if due.event is RollEvent.PUBLISH:
            label = hosted.successor(store.view()[1].zone_keys(signer.name, zone.zone))
            successor = keyring.key_for(zone.zone, signer.name, label).id
        else:
            successor = _newest_zsk(state, store.view()[1])
        following = hosted.after_event(state, due.event, successor)
        store.add_version(signer.name, zone.zone, due.at, following)


def _newest_zsk(state: SignerState, history: History) -> int:
    return max(number for number in state.dnskeys if not history.keys[number].flags & SEP_FLAG)
