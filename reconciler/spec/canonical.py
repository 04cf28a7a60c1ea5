"""Canonical JSON (RFC 8785) and digests over it."""

from __future__ import annotations

import hashlib

import rfc8785

from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.model.entries import Json


def canonical(value: Json) -> bytes:
    """Return the one canonical form of `value` (RFC 8785).

    What it cannot hold (integers beyond 2**53 - 1, NaN, half a surrogate pair) raises SpecError.
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise SpecError(
            Diagnostic(
                code="not-canonical",
                summary=f"a value has no canonical JSON form: {error}",
                hint="use text in Unicode and whole numbers below 2**53",
            )
        ) from None


def digest(value: Json) -> str:
    """Return `sha256:` and the hexadecimal digest of the canonical form of `value`."""
    return bytes_digest(canonical(value))


def bytes_digest(data: bytes) -> str:
    """Return `sha256:` and the hexadecimal digest of `data`."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
