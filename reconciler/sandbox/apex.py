"""What a signer publishes at a zone's apex beside its keys: NS, CDS, TTLs and the denial chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from reconciler.diagnostics import AdapterError
from reconciler.model.desired import DenialKind
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import ApexNsSet, CdsSet, DenialSet, TtlSet
from reconciler.model.timeline import RRsetKind
from reconciler.sandbox.calls import Request, refusal
from reconciler.sandbox.history import SignerState
from reconciler.sandbox.keymaker import DELETE_CDNSKEY, DELETE_CDS, DIGEST_TYPES, ds_text
from reconciler.sandbox.layout import WorldLayout

StateChange = Callable[[SignerState], SignerState]


def require_serving(layout: WorldLayout, request: Request, signers: frozenset[str]) -> None:
    """Refuse an NS RRset that is empty, or names a signer that does not serve the zone."""
    serving = next(z.signers for z in layout.zones if z.zone == request.zone)
    if not signers or not signers <= set(serving):
        hint = f"name some of {', '.join(serving)}"
        summary = f"{', '.join(sorted(signers)) or 'nobody'} would serve {request.zone}"
        raise refusal(request.system, request.zone, summary, hint)


def with_ns(layout: WorldLayout, request: Request, move: ApexNsSet) -> StateChange:
    """Name exactly the servers of these signers at the apex."""
    require_serving(layout, request, move.signers)
    return lambda state: replace(state, ns=move.signers)


def with_cds(request: Request, move: CdsSet) -> StateChange:
    """Ask the parent for exactly these DS, for none, or for nothing."""
    match move.cds:
        case None:
            cds, cdnskeys = frozenset[str](), frozenset[str]()
        case "delete":
            cds, cdnskeys = DELETE_CDS, DELETE_CDNSKEY
        case refs:
            cds, cdnskeys = _requested(request, refs)
    return lambda state: replace(state, cds=cds, cdnskeys=cdnskeys)


def with_denial(request: Request, move: DenialSet, known: frozenset[DenialKind]) -> StateChange:
    """Deny existence in another way."""
    if move.denial.kind not in known or move.denial.opt_out:
        hint = f"use one of {', '.join(sorted(known))}, without opt-out"
        summary = f"{request.system} does not offer {move.denial.kind} like that"
        raise refusal(request.system, request.zone, summary, hint)
    return lambda state: replace(state, denial=move.denial)


def with_ttl(request: Request, move: TtlSet) -> StateChange:
    """Publish with another TTL."""
    match move.rrset:
        case RRsetKind.DNSKEY:
            return lambda state: replace(state, ttls=replace(state.ttls, dnskey=move.ttl))
        case RRsetKind.NS:
            return lambda state: replace(state, ttls=replace(state.ttls, ns=move.ttl))
        case RRsetKind.DATA:
            return lambda state: replace(state, ttls=replace(state.ttls, data=move.ttl))
        case RRsetKind.DS | RRsetKind.CDS:
            summary = f"{request.system} does not choose the TTL of {move.rrset}"
            hint = "it sets those of DNSKEY, NS and data"
            raise refusal(request.system, request.zone, summary, hint)


def _requested(request: Request, refs: Iterable[DsRef]) -> tuple[frozenset[str], frozenset[str]]:
    pairs = [(ref, _key(request, ref)) for ref in sorted(refs)]
    cds = frozenset(_cds(request.zone, key, ref.digest_type) for ref, key in pairs)
    return cds, frozenset(key.text() for _, key in pairs)


def _key(request: Request, ref: DsRef) -> Key:
    key = request.keys.get(ref.key)
    if key is None or key.public_key is None or not key.is_zone_key:
        raise _refused(request, f"there is no zone key for the CDS of {ref.key}")
    if ref.digest_type not in DIGEST_TYPES:
        raise _refused(request, f"{request.system} does not make digest type {ref.digest_type}")
    return key


def _refused(request: Request, summary: str) -> AdapterError:
    return refusal(request.system, request.zone, summary, "ask for the DS of keys that exist")


def _cds(zone: str, key: Key, digest_type: int) -> str:
    return ds_text(
        zone,
        flags=key.flags,
        algorithm=key.algorithm,
        public_key=key.public_key or b"",
        digest_type=digest_type,
    )
