"""Calls to a signer's or a parent's API: repeated safely, and struck by faults on purpose."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from reconciler.diagnostics import AdapterError, Diagnostic
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import Move, op
from reconciler.ports import Receipt
from reconciler.sandbox.faults import SYSTEM_FAULTS, FaultKind
from reconciler.sandbox.history import ActiveFault, State
from reconciler.sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call to the API of `system`. `forgetful`: it knows no repeated call."""

    system: str
    zone: str
    move: Move
    keys: Mapping[str, Key]
    idem: str
    forgetful: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a call comes to: the states it goes through, the last of which was asked for.

    `states` is empty where everything is so already; `write` publishes one of them. `garbled` is
    what is published in place of the last where the system gets it wrong.
    """

    states: Sequence[State]
    write: Callable[[State], None]
    garbled: State | None = None
    receipt: Receipt = field(default_factory=Receipt)


Prepare = Callable[[Request], Change]


@dataclass(frozen=True, slots=True)
class _Done:
    receipt: Receipt
    changed: bool = False
    error: AdapterError | None = None


def make(world: World, request: Request, prepare: Prepare) -> Receipt:
    """Make a call once: it happens wholly or not at all, unless a fault says otherwise.

    `prepare` works out the change within the transaction, or refuses by AdapterError. A call whose
    `idem` had its effect already answers as it did then.
    """
    with world.store.transaction():
        done = _earlier(world, request) or _perform(world, request, prepare)
    if done.changed:
        world.changed()
    if done.error is not None:
        raise done.error
    return done.receipt


def require_reachable(world: World, system: str, zone: str) -> None:
    """Raise AdapterError while the API of a system cannot be reached."""
    fault = _fault(world, system)
    if fault is not None and fault.kind is FaultKind.UNREACHABLE:
        with world.store.transaction():
            world.store.strike(fault)
        raise _failure(system, zone, fault)


def refusal(system: str, zone: str, summary: str, hint: str) -> AdapterError:
    """Return the error with which a system refuses what makes no sense to it."""
    return AdapterError(
        Diagnostic(code="refused", summary=summary, hint=hint, where=f"{system}, {zone}")
    )


def _perform(world: World, request: Request, prepare: Prepare) -> _Done:
    fault = _fault(world, request.system)
    if fault is not None:
        world.store.strike(fault)
        if fault.kind in _BEFORE:
            return _Done(Receipt(), error=_failure(request.system, request.zone, fault))
        if fault.kind is FaultKind.SILENT_NOOP:
            return _Done(Receipt())
    change = prepare(request)
    if fault is not None and fault.kind is FaultKind.PARTIAL:
        half = change.states[: len(change.states) // 2]
        _write(change, half)
        return _Done(
            Receipt(), changed=bool(half), error=_failure(request.system, request.zone, fault)
        )
    _write(change, _published(change, fault))
    receipt = json.dumps(asdict(change.receipt), default=_plain, sort_keys=True)
    idem = _number(world, request) if request.forgetful else request.idem
    world.store.add_call(request.system, request.zone, idem, _text(request), receipt)
    untold = fault if fault is not None and fault.kind is not FaultKind.GARBLE else None
    error = None if untold is None else _failure(request.system, request.zone, untold)
    return _Done(change.receipt, changed=bool(change.states), error=error)


_BEFORE = {FaultKind.REFUSE, FaultKind.THROTTLE, FaultKind.UNREACHABLE}
"""Faults that strike before anything happens."""


def _published(change: Change, fault: ActiveFault | None) -> Sequence[State]:
    """Return the states of a whole change, the last garbled where a fault says so."""
    garbled = None if fault is None or fault.kind is not FaultKind.GARBLE else change.garbled
    if garbled is None or not change.states:
        return change.states
    return [*change.states[:-1], garbled]


def _write(change: Change, states: Sequence[State]) -> None:
    if states:
        change.write(states[-1])


def _number(world: World, request: Request) -> str:
    """Return the name of a call in the record of one who tells no call from another."""
    return f"{request.idem}/{len(world.store.calls()) + 1}"


def _earlier(world: World, request: Request) -> _Done | None:
    found = world.store.call(request.system, request.zone, request.idem)
    if found is None or request.forgetful:
        return None
    if found[0] != _text(request):
        raise refusal(
            request.system,
            request.zone,
            f"the idempotency key {request.idem} was used for another request",
            "use a key of its own for each request",
        )
    return _Done(_receipt(found[1]))


def _fault(world: World, system: str) -> ActiveFault | None:
    now, history = world.store.view()
    for fault in history.faults:
        if fault.target == system and fault.kind in SYSTEM_FAULTS and fault.active(now):
            return fault
    return None


def _failure(system: str, zone: str, fault: ActiveFault) -> AdapterError:
    code, summary, hint = {
        FaultKind.REFUSE: ("refused", "HTTP 403: not now", "try again later"),
        FaultKind.THROTTLE: (
            "throttled",
            "HTTP 429: too many requests",
            f"try again in {fault.seconds} seconds",
        ),
        FaultKind.UNREACHABLE: (
            "unreachable",
            "connection refused",
            "see whether the provider has an outage, then try again",
        ),
        FaultKind.PARTIAL: (
            "interrupted",
            "HTTP 500: the change was interrupted half way",
            "look at what is published, then try again",
        ),
        FaultKind.AMBIGUOUS: (
            "timeout",
            "no answer within the time limit",
            "look at what is published: the change may have happened",
        ),
    }[fault.kind]
    where = f"{system}, {zone}"
    return AdapterError(
        Diagnostic(code=code, summary=summary, hint=hint, where=where),
        unsettled=fault.kind is FaultKind.AMBIGUOUS,
    )


def _text(request: Request) -> str:
    fields = asdict(request.move)
    return json.dumps({"op": op(request.move), **fields}, default=_plain, sort_keys=True)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, frozenset):
        return sorted(value, key=repr)
    if isinstance(value, DsRef):
        return asdict(value)
    raise TypeError(type(value).__name__)


def _receipt(text: str) -> Receipt:
    data = json.loads(text)
    created = {
        label: Key(**{**key, "public_key": base64.b64decode(key["public_key"])})
        for label, key in data["created"].items()
    }
    return Receipt(created=created, operation=data["operation"], instructions=data["instructions"])
