"""Versions of RRsets in plain words, and in as few characters as a picture has room for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from reconciler.model.keys import DsRef
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Slot,
    Version,
)
from reconciler.report.console import visible

SIGNS = "*"
"""Stands behind a key that signs the DNSKEY RRset."""
SHORT = 16
"""Characters of a name in a picture; `ksk@13/2` and `zsk-13-65535` fit."""
_DIGESTS = {1: "SHA-1", 2: "SHA-256", 3: "GOST", 4: "SHA-384"}
_USUAL_DIGEST = 2
"""SHA-256 goes without saying in a picture (RFC 8624 §3.3: the mandatory one)."""


def place_words(slot: Slot) -> str:
    """Return where a slot is: `the parent`, or the signer's name."""
    return "the parent" if slot[1] is None else visible(slot[1])


def version_words(version: Version) -> str:
    """Return what a version holds: `DS of k1 (SHA-256)`, `DNSKEY k1*, z1`, `unsigned data`.

    In a DNSKEY RRset `*` marks the keys that sign it.
    """
    if version.unknown:
        return "something that nobody knows"
    match version:
        case DsVersion():
            return f"DS of {_ds(version.ds)}" if version.ds else "no DS"
        case NsVersion():
            return f"NS of {_names(version.signers)}"
        case DnskeyVersion():
            return f"DNSKEY {_dnskeys(version)}" if version.keys else "no DNSKEY"
        case DataVersion():
            signed = bool(version.signed_by)
            return f"data signed by {_names(version.signed_by)}" if signed else "unsigned data"
        case CdsVersion():
            return _cds(version)
        case _:
            assert_never(version)


def version_label(version: Version) -> str:
    """Return what a version holds, in few characters: `k1`, `k1* z1`, `none`, `unsigned`."""
    if version.unknown:
        return "unknown"
    match version:
        case DsVersion():
            return " ".join(_ref_label(ref) for ref in sorted(version.ds)) or "none"
        case NsVersion():
            return _labels(version.signers)
        case DnskeyVersion():
            return _labels(version.keys, version.signed_by)
        case DataVersion():
            return _labels(version.signed_by) if version.signed_by else "unsigned"
        case CdsVersion():
            return _cds_label(version)
        case _:
            assert_never(version)


def short(name: str) -> str:
    """Return a name cut to the length that a picture has room for, its ends kept."""
    seen = visible(name)
    half = SHORT // 2
    return seen if len(seen) <= SHORT else f"{seen[: half - 1]}…{seen[-half:]}"


def _names(labels: Iterable[str]) -> str:
    return ", ".join(visible(label) for label in sorted(labels)) or "nobody"


def _ds(refs: Iterable[DsRef]) -> str:
    return ", ".join(
        f"{visible(r.key)} ({_DIGESTS.get(r.digest_type, r.digest_type)})" for r in sorted(refs)
    )


def _dnskeys(version: DnskeyVersion) -> str:
    signing = version.signed_by
    return ", ".join(
        visible(key) + (SIGNS if key in signing else "") for key in sorted(version.keys)
    )


def _cds(version: CdsVersion) -> str:
    if version.cds is None:
        return "no CDS"
    return "CDS that asks for no DS" if version.cds == "delete" else f"CDS of {_ds(version.cds)}"


def _cds_label(version: CdsVersion) -> str:
    if version.cds is None or version.cds == "delete":
        return version.cds or "none"
    return " ".join(_ref_label(ref) for ref in sorted(version.cds)) or "empty"


def _ref_label(ref: DsRef) -> str:
    digest = _DIGESTS.get(ref.digest_type, str(ref.digest_type))
    return short(ref.key) + ("" if ref.digest_type == _USUAL_DIGEST else f"({digest})")


def _labels(names: Iterable[str], marked: Iterable[str] = ()) -> str:
    signing = frozenset(marked)
    return (
        " ".join(short(name) + (SIGNS if name in signing else "") for name in sorted(names))
        or "none"
    )
