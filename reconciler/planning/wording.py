"""What each move does and what for, in a few words."""

from __future__ import annotations

from reconciler.model.durations import duration_words
from reconciler.model.keys import DsRef
from reconciler.model.moves import (
    ApexNsSet,
    CdsSet,
    DataSign,
    DenialSet,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsAdd,
    DsConfirm,
    DsRemove,
    DsReplace,
    Move,
    NsSet,
    ParentMove,
    RollStart,
    TtlSet,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.model.timeline import RRsetKind
from reconciler.planning.offer import ParentInstalls
from reconciler.planning.publication import World
from reconciler.planning.windows import Window


def what(move: Move | ParentInstalls) -> str:
    """Say in a few words what a move does and what for."""
    match move:
        case DnskeyAdd() | DnskeyRemove() | DnskeySign() | DnskeySet() | DataSign():
            return _with_keys(move)
        case ZoneSign(signer=signer):
            return f"let {signer} publish keys and sign the zone"
        case ZoneUnsign(signer=signer):
            return f"let {signer} stop signing, which no cached DS asks for any more"
        case ApexNsSet(signer=signer, signers=named):
            return f"let the NS RRset at the apex of {signer} name {_list(named)}"
        case CdsSet() | DenialSet() | TtlSet() | RollStart() | DsConfirm():
            return _asked(move)
        case DsReplace() | DsAdd() | DsRemove() | NsSet():
            return _at_parent(move)
        case ParentInstalls(ds=ds):
            return f"the parent sees the CDS sets and {_installs(ds)}"


def _with_keys(move: DnskeyAdd | DnskeyRemove | DnskeySign | DnskeySet | DataSign) -> str:
    match move:
        case DnskeyAdd(key=key, sign=sign):
            sign_too = " and let it sign the DNSKEY RRset" if sign else ""
            return (
                f"publish {key}{sign_too}, so that every cache learns of it before it is relied on"
            )
        case DnskeyRemove(key=key):
            return f"withdraw {key}, which no cached DS or signature needs any more"
        case DnskeySign(keys=keys):
            return f"let the DNSKEY RRset be signed by {_list(keys)}"
        case DnskeySet(keys=keys, signed_by=signed_by):
            return (
                f"make the DNSKEY RRset {_list(keys)}, signed by {_list(signed_by)}, in one change:"
                " keys of one algorithm come or go together"
            )
        case DataSign(keys=keys):
            return f"sign the data with {_list(keys)}" if keys else "stop signing the data"


def _asked(move: CdsSet | DenialSet | TtlSet | RollStart | DsConfirm) -> str:
    match move:
        case CdsSet(signer=signer):
            return f"let {signer} publish the CDS that says what the DS RRset shall be"
        case DenialSet(signer=signer, denial=denial):
            return f"let {signer} deny existence with {denial.kind.upper()}"
        case TtlSet(signer=signer, rrset=rrset, ttl=ttl):
            return f"let {signer} publish {rrset} with a TTL of {duration_words(ttl)}"
        case RollStart(signer=signer, old=old, new=new):
            return f"ask {signer} to replace {old} by {new}, at its own pace"
        case DsConfirm(signer=signer, key=key, present=present):
            return f"tell {signer} that the DS of {key} is {'there' if present else 'gone'}"


def _installs(ds: frozenset[DsRef]) -> str:
    named = _list({ref.key for ref in ds})
    return f"makes the DS RRset name {named}" if ds else "removes every DS"


def _at_parent(move: ParentMove) -> str:
    match move:
        case NsSet(signers=signers):
            return f"make the delegation name {_list(signers)}"
        case DsReplace(ds=ds):
            named = _list({ref.key for ref in ds})
            return f"make the DS RRset name {named}" if ds else "remove every DS"
        case DsAdd(ds=ref):
            return f"add the DS for {ref.key}"
        case DsRemove(ds=ref):
            return f"remove the DS for {ref.key}"


def _list(labels: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(labels))


def version_name(world: World, window: Window) -> str:
    """Name a version: the RRset and what is in it."""
    kind, signer = world.slots[window.slot]
    at = f" at {signer}" if signer and len(world.signers) > 1 else ""
    if window.value is None:
        return f"an unknown {kind} version{at}"
    match kind:
        case RRsetKind.DS:
            held = sorted({ref.key for ref in world.ds_names(window.value)})
            name = f"the DS RRset for {', '.join(held)}" if held else "the absence of a DS"
            return (
                f"{name}, which a CDS set lets the parent install," if window.authorised else name
            )
        case RRsetKind.DNSKEY:
            keys, _ = world.dnskey_parts(window.value)
            names = ", ".join(sorted(world.names(keys)))
            rrset = f"the DNSKEY RRset{at} with {names}"
            return rrset if names else f"the absence of a DNSKEY RRset{at}"
        case _:
            names = ", ".join(sorted(world.names(window.value)))
            return f"data{at} signed by {names}" if names else f"unsigned data{at}"
