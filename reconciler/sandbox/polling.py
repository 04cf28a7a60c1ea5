"""A parent that polls CDS and CDNSKEY, and does what they ask (RFC 7344, RFC 8078).

It looks once in each period, at a moment drawn from the world's seed, and publishes what it saw at
once, as late as it may, or some time between: what is withdrawn after it looked is published still.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from reconciler.sandbox.contents import Moment
from reconciler.sandbox.faults import FaultKind
from reconciler.sandbox.history import HeldKey, History, SignerState
from reconciler.sandbox.keymaker import DELETE_CDS, DIGEST_TYPES, ds_text
from reconciler.sandbox.lagging import seen_by
from reconciler.sandbox.layout import ParentLayout, ServerLayout, WorldLayout, ZoneLayout

KIND = "sandbox-cds"
_MUTE = {
    FaultKind.SERVER_DOWN,
    FaultKind.LAME,
    FaultKind.TRUNCATE_GARBAGE,
    FaultKind.MALFORMED,
}


def poller(layout: WorldLayout, zone: ZoneLayout) -> ParentLayout | None:
    """Return the parent of a zone if it polls."""
    return next((p for p in layout.parents if p.name == zone.parent and p.kind == KIND), None)


def asks(history: History, zone: ZoneLayout) -> bool:
    """True if some signer of a zone ever asked its parent for something."""
    return any(v.state.cds for signer in zone.signers for v in history.signers[signer, zone.zone])


def polls(parent: ParentLayout, seed: int, since: int, until: int) -> Iterator[int]:
    """Yield the instants after `since`, up to `until`, at which a parent looks at its zones."""
    for turn in range(since // parent.poll_period, until // parent.poll_period + 1):
        drawn = _drawn(seed, parent.name, "poll", turn) % parent.poll_period
        if since < turn * parent.poll_period + drawn <= until:
            yield turn * parent.poll_period + drawn


def next_poll(parent: ParentLayout, seed: int, after: int) -> int:
    """Return the first instant after `after` at which a parent looks at its zones."""
    return next(polls(parent, seed, after, after + 2 * parent.poll_period))


def delay(parent: ParentLayout, seed: int, zone: str, poll: int) -> int:
    """Return how many seconds after a look the parent publishes what it saw."""
    drawn = _drawn(seed, zone, "delay", poll)
    between = drawn // 3 % (parent.acts_after + 1)
    return (0, parent.acts_after, between)[drawn % 3]


def requested(moment: Moment, zone: ZoneLayout) -> frozenset[str] | None:
    """Return the DS that a zone asks for, None where the parent may not do anything.

    Every server that it delegates to must ask for the same, by a key that has a DS now, and the
    DNSKEY RRset must validate with what is asked for (RFC 7344 §4.1, RFC 8078 §4).
    """
    delegation = moment.history.delegation_at(zone.zone, moment.at).state
    shown = [
        _shown(moment, zone, signer.name, server)
        for signer in moment.layout.signers
        if signer.name in delegation.ns
        for server in signer.servers
        if not server.hidden
    ]
    states = [state for state in shown if state is not None]
    if len(states) < len(shown) or len({(s.cds, s.cdnskeys) for s in states}) != 1:
        return None
    wanted = states[0].cds
    after = delegation.ds if wanted == DELETE_CDS else wanted
    keys = moment.history.keys
    proven = all(_chained(keys, s, delegation.ds) and _chained(keys, s, after) for s in states)
    if not wanted or not proven:
        return None
    return frozenset() if wanted == DELETE_CDS else wanted


def _shown(
    moment: Moment, zone: ZoneLayout, signer: str, server: ServerLayout
) -> SignerState | None:
    """Return what a server shows of a zone, None where it gives no usable answer."""
    faults = {f.kind for f in moment.history.faults if f.target == server.name}
    if faults & _MUTE:
        return None
    seen = seen_by(server, moment)
    return seen.history.signer_at(signer, zone.zone, seen.at).state


def _chained(keys: Mapping[int, HeldKey], state: SignerState, ds: frozenset[str]) -> bool:
    """True if some DS matches a key that is published and signs the DNSKEY RRset and the CDS."""
    signing = (keys[number] for number in state.krrsig & state.dnskeys)
    return any(_all_ds(key) & ds for key in signing)


def _all_ds(key: HeldKey) -> set[str]:
    return {
        ds_text(
            key.zone,
            flags=key.flags,
            algorithm=key.algorithm,
            public_key=key.public,
            digest_type=digest_type,
        )
        for digest_type in DIGEST_TYPES
    }


def _drawn(*parts: object) -> int:
    text = "|".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
