"""What a signer or a parent does with a zone, as text in the world's file and back."""

from __future__ import annotations

import json
from dataclasses import asdict

from reconciler.model.desired import Denial, DenialKind
from reconciler.sandbox.history import (
    DelegationState,
    Roll,
    RollPhase,
    SignerState,
    State,
    Ttls,
)

_SETS = ("dnskeys", "krrsig", "zrrsig", "ns", "cds", "cdnskeys")


def dump_state(state: State) -> str:
    """Return a state as JSON that reads back to an equal value."""
    return json.dumps(asdict(state), default=_plain, sort_keys=True)


def load_delegation(text: str) -> DelegationState:
    """Return the delegation that `dump_state` wrote."""
    data = json.loads(text)
    return DelegationState(ds=frozenset(data["ds"]), ns=frozenset(data["ns"]))


def load_signer(text: str) -> SignerState:
    """Return the signer's state that `dump_state` wrote."""
    data = json.loads(text)
    data |= {name: frozenset(data[name]) for name in _SETS}
    data["denial"] = _denial(data["denial"])
    data["ttls"] = Ttls(**data["ttls"])
    data["rolls"] = tuple(Roll(**{**r, "phase": RollPhase(r["phase"])}) for r in data["rolls"])
    return SignerState(**data)


def _denial(data: dict[str, object] | None) -> Denial | None:
    if data is None:
        return None
    return Denial(
        kind=DenialKind(str(data["kind"])),
        iterations=int(str(data["iterations"])),
        salt=bytes.fromhex(str(data["salt"])),
        opt_out=bool(data["opt_out"]),
    )


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)
