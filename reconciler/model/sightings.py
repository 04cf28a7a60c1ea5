"""What each authoritative server was seen to serve: evidence per server, never averaged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from reconciler.diagnostics import Diagnostic
from reconciler.model.keys import DsRef
from reconciler.model.observed import ObservedZone


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentSighting:
    """The delegation as one address of one of the parent's servers serves it.

    `error` says why this server told nothing usable; its other fields are then empty.
    """

    server: str
    address: str
    at: datetime
    ds: frozenset[DsRef] = frozenset()
    ds_ttl: int | None = None
    negative_ttl: int | None = None
    ns: frozenset[str] = frozenset()
    """Names of the name servers delegated to, absolute and lower case."""
    ns_ttl: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSighting:
    """A signer's zone as one address of one of its servers serves it.

    `krrsig` and `zrrsig` count only signatures that verify cryptographically and are in their
    validity period; `zrrsig` holds the keys that sign every RRset asked for. `signatures_end` is
    the earliest end of a served signature, `signature_span` the longest validity seen, in seconds.
    """

    server: str
    address: str
    signer: str
    at: datetime
    serial: int | None = None
    dnskeys: frozenset[str] = frozenset()
    krrsig: frozenset[str] = frozenset()
    zrrsig: frozenset[str] = frozenset()
    cds: frozenset[DsRef] | Literal["delete"] | None = None
    ns: frozenset[str] = frozenset()
    denial: str = "none"
    dnskey_ttl: int | None = None
    data_ttl: int | None = None
    negative_ttl: int | None = None
    ns_ttl: int | None = None
    signatures_end: datetime | None = None
    signature_span: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One zone observed: the facts for the planner, and the sightings they rest on.

    `zone` is None where too little could be seen; `diagnostics` then say what and what to do.
    `key_text` gives each label's DNSKEY in presentation form. `pending`: the parent says that it
    has accepted a change that it does not publish yet.
    """

    zone: ObservedZone | None
    parent: tuple[ParentSighting, ...]
    children: tuple[ChildSighting, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    key_text: Mapping[str, str] = field(default_factory=dict)
    pending: bool = False

    @property
    def complete(self) -> bool:
        """True if every address of every server gave a usable answer: nothing is taken on trust."""
        return self.zone is not None and all(sight.error is None for sight in self.sights)

    @property
    def sights(self) -> tuple[ParentSighting | ChildSighting, ...]:
        """Every sighting, the parent's first."""
        return *self.parent, *self.children
