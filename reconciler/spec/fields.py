"""Scalars as people write them: durations, algorithms, digest types, names.

Each type refuses with a code of its own and says in `hint` what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

MAX_SECONDS = 2**31 - 1
"""Longest duration taken: the longest TTL there is (RFC 2181 §8)."""

ALGORITHMS: Mapping[str, int] = {
    "RSASHA1": 5,
    "RSASHA1-NSEC3-SHA1": 7,
    "RSASHA256": 8,
    "RSASHA512": 10,
    "ECDSAP256SHA256": 13,
    "ECDSAP384SHA384": 14,
    "ED25519": 15,
    "ED448": 16,
}
"""DNSSEC algorithms by mnemonic (IANA "DNS Security Algorithm Numbers")."""

DIGEST_TYPES: Mapping[str, int] = {"SHA1": 1, "SHA256": 2, "SHA384": 4}
"""DS digest types by mnemonic (IANA "DS RR Type Digest Algorithms")."""

_UNITS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_SHORT = "".join(rf"(?:([0-9]{{1,10}}){unit})?" for unit in _UNITS)
_ISO = (
    r"P(?:([0-9]{1,10})W)?(?:([0-9]{1,10})D)?"
    r"(?:T(?:([0-9]{1,10})H)?(?:([0-9]{1,10})M)?(?:([0-9]{1,10})S)?)?"
)
_DURATION = "duration"
_DURATION_HINT = "write it like `90d`, `1h30m`, `300s` or `P1DT12H`"


class Strict(BaseModel):
    """A mapping whose fields are all known, with values of exactly the declared types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def mnemonic(table: Mapping[str, int], number: int) -> str:
    """Return the mnemonic of an algorithm or a digest type, or the number as text."""
    return next((name for name, known in table.items() if known == number), str(number))


def seconds(text: object) -> int:
    """Return a duration such as `90d`, `1h30m` or `P1DT12H` in seconds."""
    if not isinstance(text, str):
        raise refusal(_DURATION, "a duration needs a unit and is text", _DURATION_HINT)
    found = re.fullmatch(_SHORT, text) or re.fullmatch(_ISO, text)
    if found is None or not any(found.groups()):
        why = f"`{text[:40]}` is not a duration"
        raise refusal(_DURATION, why, _duration_hint(text))
    counts = (int(count or 0) for count in found.groups())
    total = sum(count * unit for count, unit in zip(counts, _UNITS.values(), strict=True))
    if total > MAX_SECONDS:
        raise refusal(
            _DURATION, f"`{text}` is longer than any TTL can be", f"at most {MAX_SECONDS}s"
        )
    return total


def _duration_hint(text: str) -> str:
    if re.search(r"[0-9]\s*(y|Y|mo|M)", text):
        return f"months and years have no fixed length; count days: {_DURATION_HINT}"
    return _DURATION_HINT


def positive_seconds(text: object) -> int:
    """Return a duration in seconds that is not zero."""
    total = seconds(text)
    if total == 0:
        raise refusal(_DURATION, "the duration is zero", _DURATION_HINT)
    return total


def algorithm(value: object) -> int:
    """Return the number of a DNSSEC algorithm, given its mnemonic or its number."""
    return _registered(value, ALGORITHMS, "algorithm", "a DNSSEC algorithm")


def digest_type(value: object) -> int:
    """Return the number of a DS digest type, given its mnemonic or its number."""
    named = value.replace("-", "") if isinstance(value, str) else value
    return _registered(named, DIGEST_TYPES, "digest-type", "a DS digest type")


def _registered(value: object, table: Mapping[str, int], code: str, what: str) -> int:
    if isinstance(value, str) and value.upper() in table:
        return table[value.upper()]
    if type(value) is int and value in table.values():
        return value
    known = ", ".join(f"{name} ({number})" for name, number in table.items())
    shown = f"`{value[:40]}`" if isinstance(value, str) else "this"
    raise refusal(code, f"{shown} is not {what} that can be planned with", f"one of {known}")


def refusal(code: str, why: str, hint: str) -> PydanticCustomError:
    """Return the error of a validator: what is wrong, and what to write instead."""
    # the template is fixed, so that braces in what people wrote cannot reach the formatter
    return PydanticCustomError(code, "{why}", {"why": why, "hint": hint})


def _registry_schema(table: Mapping[str, int]) -> dict[str, Any]:
    return {"enum": [*table, *table.values()]}


_DURATION_SCHEMA = {
    "type": "string",
    "pattern": "^([0-9]+[wdhms])+$|^P([0-9]+W)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+S)?)?$",
    "examples": ["90d", "1h30m", "P1DT12H"],
}

Seconds = Annotated[int, BeforeValidator(seconds), WithJsonSchema(_DURATION_SCHEMA)]
"""A duration, zero allowed."""
PositiveSeconds = Annotated[
    int, BeforeValidator(positive_seconds), WithJsonSchema(_DURATION_SCHEMA)
]
"""A duration that is not zero."""
Algorithm = Annotated[int, BeforeValidator(algorithm), WithJsonSchema(_registry_schema(ALGORITHMS))]
"""A DNSSEC algorithm by mnemonic or number."""
DigestType = Annotated[
    int, BeforeValidator(digest_type), WithJsonSchema(_registry_schema(DIGEST_TYPES))
]
"""A DS digest type by mnemonic or number."""
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
"""A name of a policy, signer, parent, person or owner; safe in file names and in `signer:NAME`."""
