"""The small types that files share: numbers in bounds, instants, key material, DS, denial."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

from reconciler.model.desired import Denial, DenialKind
from reconciler.model.entries import Json
from reconciler.model.keys import DsRef
from reconciler.spec.json_document import Wire

_LARGEST = 2**31 - 1
"""Largest TTL (RFC 2181 §8); 68 years bound every other duration too."""
_DS_TEXT = re.compile(r"(\d{1,5}) (\d{1,3}) (\d{1,3}) ([0-9a-f]+)")
_TAG_END = 2**16
_OCTET_END = 2**8


def _known_text(text: str) -> str:
    """Return a DS in normal form, or raise ValueError."""
    head, _, digest = " ".join(text.lower().split()).rpartition(" ")
    normal = f"{head} {digest}"
    match = _DS_TEXT.fullmatch(normal)
    if (
        match is None
        or int(match[1]) >= _TAG_END
        or max(int(match[2]), int(match[3])) >= _OCTET_END
    ):
        message = "expected a DS, `tag algorithm digest_type digest`"
        raise ValueError(message)
    return normal


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC)


def _from_base64(text: object) -> object:
    if not isinstance(text, str):
        message = "expected base64"
        raise ValueError(message)  # noqa: TRY004 (pydantic reports ValueErrors only)
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        message = "expected base64"
        raise ValueError(message) from None


def _zone_name(name: str) -> str:
    normal = f"{name.rstrip('.').lower()}."
    if name != normal:
        message = f"zone names are absolute and in lower case, write {normal!r}"
        raise ValueError(message)
    return name


Seconds = Annotated[int, Field(ge=0, le=_LARGEST)]
Offset = Annotated[int, Field(ge=-_LARGEST, le=_LARGEST)]
"""Seconds from the origin of a timeline."""
Octet = Annotated[int, Field(ge=0, lt=_OCTET_END)]
Flags = Annotated[int, Field(ge=0, lt=_TAG_END)]
Generation = Annotated[int, Field(ge=0, le=_LARGEST)]
ZoneName = Annotated[str, AfterValidator(_zone_name)]
DsText = Annotated[str, AfterValidator(_known_text)]
Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
PublicKey = Annotated[
    bytes,
    BeforeValidator(_from_base64),
    PlainSerializer(lambda key: base64.b64encode(key).decode()),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]


class DsRefFile(Wire):
    """A DS by the label of its key and its digest type."""

    key: str
    digest_type: Octet

    def value(self) -> DsRef:
        """Return the DS as a value."""
        return DsRef(self.key, self.digest_type)


class DenialFile(Wire):
    """Denial of existence; `salt` in hexadecimal."""

    kind: DenialKind = DenialKind.NSEC
    iterations: Annotated[int, Field(ge=0, lt=2**16)] = 0
    salt: Annotated[str, Field(pattern=r"^([0-9a-fA-F]{2}){0,255}$")] = ""
    opt_out: bool = False

    def value(self) -> Denial:
        """Return the denial as a value."""
        return Denial(
            kind=self.kind,
            iterations=self.iterations,
            salt=bytes.fromhex(self.salt),
            opt_out=self.opt_out,
        )


def ds_json(ds: DsRef) -> dict[str, Json]:
    """Return a DS as it stands in files."""
    return {"key": ds.key, "digest_type": ds.digest_type}


def denial_json(denial: Denial) -> dict[str, Json]:
    """Return denial of existence as it stands in files."""
    return {
        "kind": denial.kind.value,
        "iterations": denial.iterations,
        "salt": denial.salt.hex(),
        "opt_out": denial.opt_out,
    }


def unmatched_label(rdata: str) -> str:
    """Return the label of a DS that matches no known key, from its presentation form."""
    tag, algorithm, digest_type, digest = rdata.split()
    return f"ds-{tag}-{algorithm}-{digest_type}-{digest[:8]}"


def names_json(names: Iterable[str]) -> list[Json]:
    """Return names in the stable order in which files list sets."""
    return list[Json](sorted(names))


def instant_text(instant: datetime) -> str:
    """Return an instant in UTC, such as `2026-11-21T23:00:00Z`; fractions only where there are."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
