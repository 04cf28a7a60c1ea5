"""The parents of an embedded world: a registrar's API, a person who follows instructions, a poller.

Accepting is not publishing: the registry's servers follow later, each with its own lag.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from reconciler.diagnostics import AdapterError
from reconciler.model.capabilities import PARENT_KINDS, DsWrite, ParentCapabilities
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import DsAdd, DsRemove, DsReplace, NsSet, ParentMove
from reconciler.ports import Idempotency, ParentClaim, Receipt
from reconciler.sandbox.apex import require_serving
from reconciler.sandbox.calls import Change, Request, make, refusal, require_reachable
from reconciler.sandbox.history import PARENT, DelegationState, State
from reconciler.sandbox.keymaker import DIGEST_TYPES, ds_text
from reconciler.sandbox.layout import ParentLayout
from reconciler.sandbox.world import World

_MOVES: dict[DsWrite, tuple[type[ParentMove], ...]] = {
    DsWrite.REPLACE: (DsReplace,),
    DsWrite.ATOMIC_ADD_REMOVE: (DsReplace, DsAdd, DsRemove),
    DsWrite.ONE_AT_A_TIME: (DsAdd, DsRemove),
    DsWrite.NONE: (),
}
"""What each way of writing can be asked for; an EPP update can add and remove at once."""


class _Parent:
    """What all kinds have in common: what they take they let be published later."""

    def __init__(self, world: World, name: str) -> None:
        """Change delegations of the zones whose parent is `name` in the world's layout."""
        self.name = name
        self._world = world
        self._layout = _layout(world, name)
        known = PARENT_KINDS[self._layout.kind].capabilities
        self.capabilities: ParentCapabilities = (
            known if self._layout.write is None else replace(known, write=self._layout.write)
        )

    def idempotency(self, move: ParentMove) -> Idempotency:
        """Return how repeating is safe: each move names its effect."""
        match move:
            case DsReplace() | DsAdd() | DsRemove() | NsSet():
                return Idempotency.DECLARATIVE
            case _:
                assert_never(move)

    def apply(self, zone: str, move: ParentMove, keys: Mapping[str, Key], idem: str) -> Receipt:
        """Submit one change; see `ports.Parent`."""
        self._require_zone(zone)
        request = Request(system=self.name, zone=zone, move=move, keys=keys, idem=idem)
        return make(self._world, request, self._prepare)

    def _prepare(self, request: Request) -> Change:
        zone, move = request.zone, request.move
        current = self._world.store.view()[1].delegations[zone][-1].state
        if isinstance(move, NsSet):
            return self._delegate(request, move, current)
        if not isinstance(move, _MOVES[self.capabilities.write]):
            summary = f"{self.name} cannot change DS like that"
            raise self._refusal(zone, summary, f"it can {self.capabilities.write}")
        wanted = self._wanted(request, move, current.ds)
        added = current.ds | wanted
        states = [replace(current, ds=ds) for ds in (added, wanted) if ds != current.ds]
        records = [f"{zone} IN DS {text}" for text in wanted]
        exactly = f"Make the DS records of {zone} exactly these"
        none = f"Remove all DS records of {zone}"
        return Change(
            states=[] if wanted == current.ds else states,
            write=lambda state: self._write(zone, state),
            garbled=replace(current, ds=frozenset(map(_garbled, wanted))),
            receipt=self._receipt(request, records, exactly if records else none),
        )

    def _delegate(self, request: Request, move: NsSet, current: DelegationState) -> Change:
        zone, layout = request.zone, self._world.layout
        if not self.capabilities.sets_ns:
            hint = "change the delegation where it is kept"
            raise self._refusal(zone, f"{self.name} cannot change the NS RRset of {zone}", hint)
        require_serving(layout, request, move.signers)
        wanted = replace(current, ns=move.signers)
        names = [s.name for s in layout.servers_of(move.signers) if not s.hidden]
        task = f"Make the NS records of {zone} at its parent exactly these"
        return Change(
            states=[] if wanted == current else [wanted],
            write=lambda state: self._write(zone, state),
            receipt=self._receipt(request, [f"{zone} IN NS {name}" for name in names], task),
        )

    def _wanted(
        self, request: Request, move: DsReplace | DsAdd | DsRemove, current: frozenset[str]
    ) -> frozenset[str]:
        match move:
            case DsReplace(ds=refs):
                return self._texts(request, refs)
            case DsAdd(ds=ref):
                return current | self._texts(request, [ref])
            case DsRemove(ds=ref):
                return current - self._texts(request, [ref])

    def _texts(self, request: Request, refs: Iterable[DsRef]) -> frozenset[str]:
        return frozenset(self._text(request, ref) for ref in refs)

    def _text(self, request: Request, ref: DsRef) -> str:
        key = request.keys.get(ref.key)
        if key is None or key.public_key is None:
            summary = f"there is no DNSKEY for the DS of {ref.key}"
            raise self._refusal(request.zone, summary, "submit the DS of a key that exists")
        if ref.digest_type not in DIGEST_TYPES:
            known = ", ".join(str(number) for number in sorted(DIGEST_TYPES))
            summary = f"{self.name} does not take digest type {ref.digest_type}"
            raise self._refusal(request.zone, summary, f"use one of {known}")
        if not key.is_zone_key:
            summary = f"{ref.key} is not a zone key, or it is revoked"
            raise self._refusal(request.zone, summary, "submit the DS of a key in use")
        return ds_text(
            request.zone,
            flags=key.flags,
            algorithm=key.algorithm,
            public_key=key.public_key,
            digest_type=ref.digest_type,
        )

    def _delay(self) -> int:
        if self._layout.kind == "sandbox-manual":
            return self._layout.acts_after
        return self._layout.registration_delay

    def _receipt(self, request: Request, records: Iterable[str], task: str) -> Receipt:
        """Tell a person what to do, where a person does it; an API tells by which id to ask."""
        if not self.capabilities.manual:
            return Receipt(operation=f"{self.name}-{request.idem}")
        listed = "\n".join(sorted(records))
        return Receipt(instructions=f"{task}:\n{listed}" if listed else task)

    def _write(self, zone: str, state: State) -> None:
        now, history = self._world.store.view()
        last = history.delegations[zone][-1].at
        self._world.store.add_version(PARENT, zone, max(last, now + self._delay()), state)

    def _propagation_delay(self, zone: str) -> int:
        tld = zone.partition(".")[2]
        return next(t.propagation_delay for t in self._world.layout.tlds if t.zone == tld)

    def _refusal(self, zone: str, summary: str, hint: str) -> AdapterError:
        return refusal(self.name, zone, summary, hint)

    def _require_zone(self, zone: str) -> None:
        served = {z.zone for z in self._world.layout.zones if z.parent == self.name}
        if zone not in served:
            hint = f"it has {', '.join(sorted(served)) or 'no zone'}"
            raise self._refusal(zone, f"{zone} is not registered with {self.name}", hint)


def _garbled(text: str) -> str:
    """Return a DS whose digest is that of no key: its first half and its second change places."""
    rest, _, digest = text.rpartition(" ")
    half = len(digest) // 2
    return f"{rest} {digest[half:]}{digest[:half]}"


class SandboxRegistrar(_Parent):
    """A registrar's API: it knows what is published, and what it has passed on to the registry."""

    def idempotency(self, move: ParentMove) -> Idempotency:
        """Return how repeating is safe: each change has an id, and can be asked after."""
        declared = super().idempotency(move)
        return Idempotency.OPERATION_ID if declared is Idempotency.DECLARATIVE else declared

    def observe(self, zone: str) -> ParentClaim:
        """Return what the registry publishes, and whether a change is on its way."""
        self._require_zone(zone)
        require_reachable(self._world, self.name, zone)
        now, history = self._world.store.view()
        return ParentClaim(
            ds=history.delegation_at(zone, now).state.ds,
            pending=history.delegations[zone][-1].at > now,
            propagation_delay=self._propagation_delay(zone),
        )


class SandboxManualParent(_Parent):
    """A person at a registrar without an API: told what to do, and unable to be asked."""

    def observe(self, zone: str) -> ParentClaim:
        """Return only how fast the registry's servers follow."""
        self._require_zone(zone)
        require_reachable(self._world, self.name, zone)
        return ParentClaim(propagation_delay=self._propagation_delay(zone))


class SandboxCdsParent(_Parent):
    """A parent that takes no orders: it polls CDS, and cannot be asked what it will do."""

    def observe(self, zone: str) -> ParentClaim:
        """Return only how fast the registry's servers follow."""
        self._require_zone(zone)
        require_reachable(self._world, self.name, zone)
        return ParentClaim(propagation_delay=self._propagation_delay(zone))


SandboxParents = SandboxRegistrar | SandboxManualParent | SandboxCdsParent


def parent(world: World, name: str) -> SandboxParents:
    """Return the parent `name` of a world's layout; an unknown one raises AdapterError."""
    match _layout(world, name).kind:
        case "sandbox-registrar":
            return SandboxRegistrar(world, name)
        case "sandbox-manual":
            return SandboxManualParent(world, name)
        case "sandbox-cds":
            return SandboxCdsParent(world, name)


def _layout(world: World, name: str) -> ParentLayout:
    found = {layout.name: layout for layout in world.layout.parents}
    if name not in found:
        hint = f"it has {', '.join(sorted(found))}"
        raise refusal(name, "any zone", f"the sandbox has no parent {name}", hint)
    return found[name]
