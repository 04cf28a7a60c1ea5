"""What happens by itself while time passes: hosted signers roll ZSKs, parents poll CDS."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.keys import SEP_FLAG
from reconciler.sandbox import hosted, polling
from reconciler.sandbox.contents import Moment
from reconciler.sandbox.history import PARENT, History, SignerState
from reconciler.sandbox.hosted import RollEvent
from reconciler.sandbox.keyring import Keyring
from reconciler.sandbox.layout import ParentLayout, SignerLayout, WorldLayout, ZoneLayout


def pass_time(keyring: Keyring, layout: WorldLayout, until: int) -> None:
    """Write down every event until the instant `until`; within a transaction."""
    for signer in layout.signers:
        if signer.kind in hosted.ROLLING:
            for zone in layout.zones:
                if signer.name in zone.signers:
                    _roll(keyring, signer, zone, until)
    since = keyring.store.clock()[0]
    for zone in layout.zones:
        parent = polling.poller(layout, zone)
        if parent is not None and polling.asks(keyring.store.view()[1], zone):
            for at in polling.polls(parent, keyring.seed, since, until):
                _poll(keyring, layout, parent, zone, at)


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
