"""How people name one key or DS among others: by algorithm and tag, or by its whole text."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from reconciler.spec.fields import ALGORITHMS, refusal

_TAG = re.compile(r"([A-Za-z0-9-]{1,20})/([0-9]{1,5})")
_DS = re.compile(r"([0-9]{1,5}) ([0-9]{1,3}) ([0-9]{1,3}) ((?:[0-9a-f]{2}){1,64})")
_DNSKEY = re.compile(r"([0-9]{1,5}) 3 ([0-9]{1,3}) ([A-Za-z0-9+/=]{4,2000})")
_LARGEST_TAG = 65535
_LARGEST_OCTET = 255
_KEY_NAME = "key-name"
_INSTANT = "instant"
_REVOCATION = "revocation"
_HINT = (
    "write algorithm and tag (`13/2371`), a DNSKEY (`257 3 13 mdsswUyr...`), "
    "or a DS (`2371 13 2 9f86d081...`), as `dig` prints them"
)


def key_name(value: object) -> str:
    """Return a name of a key in its one spelling: `13/2371`, or a DNSKEY or DS as one line.

    Algorithms by mnemonic become numbers, digests lower case, spaces inside of key and digest go.
    """
    text = " ".join(value.split()) if isinstance(value, str) else ""
    found = _by_tag(text) or _dnskey(text) or _ds(text)
    if found is None:
        raise refusal(_KEY_NAME, f"`{text[:40]}` does not name a key or a DS", _HINT)
    return found


def _by_tag(text: str) -> str | None:
    match = _TAG.fullmatch(text)
    if match is None or int(match[2]) > _LARGEST_TAG:
        return None
    number = ALGORITHMS.get(match[1].upper(), match[1])
    known = str(number).isdecimal() and int(number) <= _LARGEST_OCTET
    return f"{int(number)}/{int(match[2])}" if known else None


def _dnskey(text: str) -> str | None:
    head, rest = text.split(" ")[:3], text.split(" ")[3:]
    match = _DNSKEY.fullmatch(" ".join([*head, "".join(rest)]))
    if match is None or int(match[1]) > _LARGEST_TAG or int(match[2]) > _LARGEST_OCTET:
        return None
    try:
        public = base64.b64decode(match[3], validate=True)
    except (binascii.Error, ValueError):
        return None
    return f"{int(match[1])} 3 {int(match[2])} {base64.b64encode(public).decode()}"


def _ds(text: str) -> str | None:
    head, rest = text.split(" ")[:3], text.split(" ")[3:]
    match = _DS.fullmatch(" ".join([*head, "".join(rest).lower()]))
    if match is None or int(match[1]) > _LARGEST_TAG:
        return None
    numbers = [int(match[n]) for n in (1, 2, 3)]
    if max(numbers[1:]) > _LARGEST_OCTET:
        return None
    return " ".join([*(str(number) for number in numbers), match[4]])


def key_state(value: object) -> object:
    """Return what is said of a key, if it is not that it is, or shall be, revoked."""
    if value in ("revoked", "revoke"):
        hint = "trust that follows the DS needs no revocation; `remove` withdraws the key"
        raise refusal(_REVOCATION, "no plan revokes a key (RFC 5011)", hint)
    return value


def instant(value: object) -> datetime:
    """Return an instant in UTC, given as RFC 3339 with its offset."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        hint = "write it like `2026-12-31T00:00:00Z`, with its offset from UTC"
        raise refusal(_INSTANT, f"`{str(value)[:40]}` is not an instant", hint)
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise refusal(_INSTANT, "this is too close to the end of all dates", "") from None


KeyName = Annotated[
    str,
    BeforeValidator(key_name),
    WithJsonSchema({"type": "string", "examples": ["13/2371"]}),
]
"""A key or a DS, named as people name them."""
Instant = Annotated[
    datetime,
    BeforeValidator(instant),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-12-31T00:00:00Z"]}),
]
"""A point in time, with its offset from UTC."""
