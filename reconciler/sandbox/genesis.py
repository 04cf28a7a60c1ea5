"""The first state of a world: who signs with which keys, and what the parents publish."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.keys import SEP_FLAG, KeyRole, symbol
from reconciler.sandbox import hosted
from reconciler.sandbox.history import ALWAYS, PARENT, DelegationState, HeldKey, SignerState
from reconciler.sandbox.keymaker import ds_text
from reconciler.sandbox.keyring import Keyring
from reconciler.sandbox.layout import WorldLayout, ZoneLayout

REGISTRY_KEYS = (symbol(KeyRole.KSK, 13, 1), symbol(KeyRole.ZSK, 13, 1))
"""The keys of the root and of each TLD; they never change."""


def begin(keyring: Keyring, layout: WorldLayout, start: int) -> None:
    """Write down the first version of everything; within a transaction."""
    store = keyring.store
    for registry in layout.registries:
        keys = _make(keyring, registry.zone, registry.zone, REGISTRY_KEYS)
        store.add_version(registry.zone, registry.zone, ALWAYS, signing_state(keys))
    for tld in layout.tlds:
        keys = store.view()[1].zone_keys(tld.zone, tld.zone)
        store.add_version(PARENT, tld.zone, ALWAYS, _delegation(keys))
    for zone in layout.zones:
        _begin_zone(keyring, layout, zone, start)


def _begin_zone(keyring: Keyring, layout: WorldLayout, zone: ZoneLayout, start: int) -> None:
    keys = _make(keyring, zone.zone, zone.signers[0], zone.keys)
    kind = next(signer.kind for signer in layout.signers if signer.name == zone.signers[0])
    since = start if kind in hosted.ROLLING and keys else None
    for index, place in enumerate(zone.signers):
        state = SignerState() if index else signing_state(keys, signed_at=since)
        named = zone.first_ns if place in zone.first_ns else frozenset({place})
        keyring.store.add_version(place, zone.zone, ALWAYS, replace(state, ns=named))
    delegation = replace(_delegation(keys), ns=zone.first_ns)
    keyring.store.add_version(PARENT, zone.zone, ALWAYS, delegation)


def _make(keyring: Keyring, zone: str, place: str, labels: tuple[str, ...]) -> tuple[HeldKey, ...]:
    return tuple(keyring.key_for(zone, place, label) for label in labels)


def signing_state(keys: tuple[HeldKey, ...], *, signed_at: int | None = None) -> SignerState:
    """Return the state in which a zone is signed with `keys`, each in its role.

    Of each algorithm the keys with the SEP flag sign the DNSKEY RRset and the others the data;
    where an algorithm has only one sort, those keys do both (RFC 4035 §2.2).
    """
    krrsig: set[int] = set()
    zrrsig: set[int] = set()
    for algorithm in {key.algorithm for key in keys}:
        group = [key for key in keys if key.algorithm == algorithm]
        seps = {key.id for key in group if key.flags & SEP_FLAG}
        others = {key.id for key in group} - seps
        krrsig |= seps or others
        zrrsig |= others or seps
    return SignerState(
        dnskeys=frozenset(key.id for key in keys),
        krrsig=frozenset(krrsig),
        zrrsig=frozenset(zrrsig),
        signed_at=signed_at,
    )


def _delegation(keys: tuple[HeldKey, ...]) -> DelegationState:
    return DelegationState(
        ds=frozenset(
            ds_text(key.zone, flags=key.flags, algorithm=key.algorithm, public_key=key.public)
            for key in keys
            if key.flags & SEP_FLAG
        )
    )
