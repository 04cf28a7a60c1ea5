"""Every touch with the outside world, on one page. Adapters implement these; wiring joins them.

An adapter lets only `ReconcileError`s escape. It never decides whether a change is safe.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.entries import Draft, Entry
from reconciler.model.keys import Key
from reconciler.model.moves import ParentMove, SignerMove


class Idempotency(StrEnum):
    """How an operation of an adapter is made safe to repeat (design/change-control.md §4)."""

    DECLARATIVE = "declarative"
    CALLER_KEY = "caller-key"
    MARKER = "marker"
    OPERATION_ID = "operation-id"
    OPAQUE = "opaque"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a system answered to a move. It is a claim, never proof.

    `created`: keys made by this call, by the symbol that was asked for. `operation`: an id to poll
    where the system works on. `instructions`: what a person must do now, for manual parents.
    """

    created: Mapping[str, Key] = field(default_factory=dict)
    operation: str | None = None
    instructions: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerClaim:
    """What a signer's own API says about a zone; DNS decides what is true.

    `keys`: keys that the signer holds, published or not. A key made for a symbol bears it as label.
    `nameservers`: names of the servers it serves the zone from, absolute and lower case.
    `max_zone_ttl`: the largest TTL in the zone if the API can list records, else None.
    `propagation_delay`: declared bound in seconds within which all its servers follow, if known.
    """

    keys: tuple[Key, ...]
    nameservers: frozenset[str]
    signing: bool
    max_zone_ttl: int | None = None
    propagation_delay: int | None = None
    signing_delay: int | None = None
    content_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentClaim:
    """What a parent's API says about a delegation; None where it cannot say.

    `ds`: presentation forms, lower case. `pending`: a change was accepted and is not published yet.
    """

    ds: frozenset[str] | None = None
    pending: bool = False
    propagation_delay: int | None = None


class Signer(Protocol):
    """A system that signs and serves zones."""

    name: str
    capabilities: SignerCapabilities

    def idempotency(self, move: SignerMove) -> Idempotency:
        """Return how repeating this move is made safe."""
        ...

    def observe(self, zone: str) -> SignerClaim:
        """Return what the API says about `zone`; read-only. Unknown zones raise AdapterError."""
        ...

    def apply(self, zone: str, move: SignerMove, keys: Mapping[str, Key], idem: str) -> Receipt:
        """Make one move. `keys` resolves the labels in it; a label that is a symbol without public
        key is created. Repeating a call with the same `idem` has no second effect.
        """
        ...


class Parent(Protocol):
    """A way to change a delegation (RFC 7344: parental agent)."""

    name: str
    capabilities: ParentCapabilities

    def idempotency(self, move: ParentMove) -> Idempotency:
        """Return how repeating this move is made safe."""
        ...

    def observe(self, zone: str) -> ParentClaim:
        """Return what the API says about the delegation of `zone`; read-only."""
        ...

    def apply(self, zone: str, move: ParentMove, keys: Mapping[str, Key], idem: str) -> Receipt:
        """Submit one change. Accepting is not publishing: read back by DNS."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One exchange with one server. `wire` None: no usable answer, and `error` says why."""

    server: str
    address: str
    transport: str
    wire: bytes | None
    error: str | None = None


class Exchange(Protocol):
    """Sends one DNS query to one address; the only thing that knows sockets."""

    def exchange(self, server: str, address: str, query: bytes) -> Answer:
        """Send `query` by UDP, by TCP where the answer is truncated; failures are values."""
        ...


class Routes(Protocol):
    """Where an address really is: the system's network, or a sandbox's loopback ports."""

    def endpoint(self, address: str) -> tuple[str, int]:
        """Return the IP address and port to send to for a server's published address."""
        ...


class Ledger(Protocol):
    """The append-only record (design/change-control.md §3)."""

    def entries(self, since: int = 0) -> Iterator[Entry]:
        """Yield the entries with `seq` >= `since`, in order, as of one tip."""
        ...

    def append(
        self, drafts: Sequence[Draft], now: datetime, blobs: Mapping[str, bytes] | None = None
    ) -> tuple[Entry, ...]:
        """Append all drafts as one commit, or raise LostRaceError and append none.

        `blobs` are content-addressed files (`plans/<sha256>.json`, ...) that go into the same
        commit, by path. `now` is never before the last entry's `at`: that raises LedgerError.
        """
        ...

    def blob(self, path: str) -> bytes:
        """Return a content-addressed file of the ledger; a missing one raises LedgerError."""
        ...
