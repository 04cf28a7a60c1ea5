"""Canonical JSON (RFC 8785) and digests over it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator

import rfc8785

from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.model.entries import Json


def canonical(value: Json) -> bytes:
    """Return the one canonical form of `value` (RFC 8785).

    What it cannot hold (integers beyond 2**53 - 1, NaN, half a surrogate pair) raises SpecError.
    """
    try:
        return _plain(value) or rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise SpecError(
            Diagnostic(
                code="not-canonical",
                summary=f"a value has no canonical JSON form: {error}",
                hint="use text in Unicode and whole numbers below 2**53",
            )
        ) from None


_PLAIN = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
_NOT_PLAIN = re.compile(r"[:\[,](?:(?<=\":)|(?<=[\[,]))-?(?:[NI]|[0-9]+[.eE]|[0-9]{16})")
"""A member that is no small integer, NaN or infinity; text inside of strings may look like it. It
begins with one set of characters, which is what `re` looks for fast."""
_FIRST_OUT_OF_ORDER = "\ue000"
"""From here on, the order of UTF-16 code units (RFC 8785 §3.2.3) is not that of characters."""


def _plain(value: Json) -> bytes:
    """Return the canonical form as the fast encoder of the standard library gives it.

    Empty where the value holds anything in which the two may differ; a test compares them.
    """
    if isinstance(value, int | float):
        return b""
    text = _PLAIN.encode(value)
    if not text.isascii() and max(text) >= _FIRST_OUT_OF_ORDER:
        return b""
    return b"" if _NOT_PLAIN.search(text) else text.encode()


def canonical_object(names: Iterable[str], member: Callable[[str], Json]) -> Iterator[bytes]:
    """Yield the canonical form of an object member by member, for objects whose text is large."""
    between = b"{"
    for name in sorted(names, key=lambda name: name.encode("utf-16-be")):
        yield b"%b%b:%b" % (between, canonical(name), canonical(member(name)))
        between = b","
    yield b"{}" if between == b"{" else b"}"


def digest(value: Json) -> str:
    """Return `sha256:` and the hexadecimal digest of the canonical form of `value`."""
    return bytes_digest(canonical(value))


def bytes_digest(data: bytes) -> str:
    """Return `sha256:` and the hexadecimal digest of `data`."""
    return pieces_digest((data,))


def pieces_digest(pieces: Iterable[bytes]) -> str:
    """Return `sha256:` and the hexadecimal digest of all pieces, one after the other."""
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return f"sha256:{found.hexdigest()}"
