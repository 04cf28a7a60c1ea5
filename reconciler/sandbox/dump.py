"""A world as plain JSON values, for people who want to look inside."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from reconciler.model.entries import Json
from reconciler.sandbox.history import ALWAYS, DelegationVersion, HeldKey, History, SignerVersion
from reconciler.sandbox.keymaker import tag
from reconciler.sandbox.layout import WorldLayout
from reconciler.sandbox.layout_file import dump_layout
from reconciler.sandbox.store import Store


def dump(store: Store, layout: WorldLayout) -> dict[str, Json]:
    """Return layout, virtual time, every version, key (no private part), call and fault."""
    now, history = store.view()
    return {
        "format": store.meta("format"),
        "now": _text(now),
        "seed": int(store.meta("seed")),
        "layout": json.loads(dump_layout(layout)),
        "keys": [_key(key) for key in history.keys.values()],
        "signers": [
            {"signer": place, "zone": zone, "versions": [_signer(history, v) for v in versions]}
            for (place, zone), versions in sorted(history.signers.items())
        ],
        "delegations": [
            {"zone": zone, "versions": [_delegation(version, now) for version in versions]}
            for zone, versions in sorted(history.delegations.items())
        ],
        "calls": [
            {
                "system": system,
                "zone": zone,
                "idem": idem,
                "at": _text(at),
                "move": json.loads(move),
            }
            for system, zone, idem, at, move in store.calls()
        ],
        "faults": [
            {
                "kind": fault.kind.value,
                "target": fault.target,
                "seconds": fault.seconds,
                "remaining": fault.remaining,
                "since": _text(fault.since),
                "until": None if fault.until is None else _text(fault.until),
            }
            for fault in history.faults
        ],
    }


def _key(key: HeldKey) -> Json:
    return {
        "zone": key.zone,
        "signer": key.place,
        "label": key.label,
        "algorithm": key.algorithm,
        "flags": key.flags,
        "tag": tag(key),
        "held": key.private is not None,
    }


def _signer(history: History, version: SignerVersion) -> Json:
    state = version.state
    return {
        "at": _since(version.at),
        "dnskeys": _labels(history, state.dnskeys),
        "krrsig": _labels(history, state.krrsig),
        "zrrsig": _labels(history, state.zrrsig),
        "ns": [*sorted(state.ns)],
        "cds": [*sorted(state.cds)],
    }


def _labels(history: History, numbers: frozenset[int]) -> Json:
    return [history.keys[number].label for number in sorted(numbers)]


def _delegation(version: DelegationVersion, now: int) -> Json:
    ds: list[Json] = [*sorted(version.state.ds)]
    ns: list[Json] = [*sorted(version.state.ns)]
    return {"at": _since(version.at), "ds": ds, "ns": ns, "pending": version.at > now}


def _since(second: int) -> Json:
    return None if second == ALWAYS else _text(second)


def _text(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%FT%TZ}"
