"""Keys, versions and timelines in files (design: one form for plans and observations alike)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Annotated, Literal, assert_never

from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError

from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.model.entries import Json
from reconciler.model.keys import DsRef, Key, KeyEntry, UnmatchedDs
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Timeline,
    Version,
    slot,
)
from reconciler.spec.json_document import Wire
from reconciler.spec.wire_types import (
    DsRefFile,
    DsText,
    Flags,
    Generation,
    Octet,
    Offset,
    PublicKey,
    Seconds,
    ds_json,
    names_json,
)

_SHA256 = frozenset({2})
"""Digest type of a DS where a file written by hand leaves it out: the mandatory one (RFC 8624)."""


class KeyFile(Wire):
    """A DNSKEY. `tag` is written for people and never read; a key to come has no `public_key`."""

    algorithm: Octet
    flags: Flags
    tag: Flags | None = None
    public_key: PublicKey | None = None
    home: str | None = None
    generation: Generation | None = None

    def value(self, label: str) -> Key:
        """Return the key as a value."""
        return Key(
            label=label,
            algorithm=self.algorithm,
            flags=self.flags,
            public_key=self.public_key,
            home=self.home,
            generation=self.generation,
        )


class UnmatchedDsFile(Wire):
    """A DS that matches no known key."""

    algorithm: Octet
    unmatched: Literal[True]
    rdata: DsText | None = None

    def value(self, label: str) -> UnmatchedDs:
        """Return the DS as a value."""
        return UnmatchedDs(label=label, algorithm=self.algorithm, rdata=self.rdata)


def _kind_of_key(value: object) -> str:
    unmatched = value.get("unmatched") if isinstance(value, dict) else None
    return "ds" if unmatched is True or isinstance(value, UnmatchedDsFile) else "key"


KeyEntryFile = Annotated[
    Annotated[KeyFile, Tag("key")] | Annotated[UnmatchedDsFile, Tag("ds")],
    Discriminator(_kind_of_key),
]


class _VersionFile(Wire):
    step: str | None = None
    at: Offset | None = None
    ttl: Seconds
    propagation: Seconds
    unknown: bool = False


class DsVersionFile(_VersionFile):
    """A version of the DS RRset; a key without `digest_types` has a SHA-256 DS."""

    rrset: Literal["DS"]
    keys: frozenset[str] = frozenset()
    digest_types: dict[str, Annotated[frozenset[Octet], Field(min_length=1)]] = Field(
        default_factory=dict
    )

    def value(self) -> DsVersion:
        """Return the version as a value."""
        pairs = ((key, self.digest_types.get(key, _SHA256)) for key in self.keys)
        return DsVersion(
            step=self.step,
            at=self.at,
            ttl=self.ttl,
            propagation=self.propagation,
            unknown=self.unknown,
            ds=frozenset(DsRef(key, digest_type) for key, types in pairs for digest_type in types),
        )


class NsVersionFile(_VersionFile):
    """A version of an NS RRset; without `signer` the parent's."""

    rrset: Literal["NS"]
    signer: str | None = None
    signers: frozenset[str] = frozenset()

    def value(self) -> NsVersion:
        """Return the version as a value."""
        return NsVersion(
            step=self.step,
            at=self.at,
            ttl=self.ttl,
            propagation=self.propagation,
            unknown=self.unknown,
            signer=self.signer,
            signers=self.signers,
        )


class DnskeyVersionFile(_VersionFile):
    """A version of a signer's DNSKEY RRset."""

    rrset: Literal["DNSKEY"]
    signer: str
    keys: frozenset[str] = frozenset()
    signed_by: frozenset[str] = frozenset()
    expires: Offset | None = None

    def value(self) -> DnskeyVersion:
        """Return the version as a value."""
        return DnskeyVersion(
            step=self.step,
            at=self.at,
            ttl=self.ttl,
            propagation=self.propagation,
            unknown=self.unknown,
            signer=self.signer,
            keys=self.keys,
            signed_by=self.signed_by,
            expires=self.expires,
        )


class DataVersionFile(_VersionFile):
    """A version of a signer's data: each key of `signed_by` signs every RRset."""

    rrset: Literal["data"]
    signer: str
    signed_by: frozenset[str] = frozenset()
    expires: Offset | None = None

    def value(self) -> DataVersion:
        """Return the version as a value."""
        return DataVersion(
            step=self.step,
            at=self.at,
            ttl=self.ttl,
            propagation=self.propagation,
            unknown=self.unknown,
            signer=self.signer,
            signed_by=self.signed_by,
            expires=self.expires,
        )


class CdsVersionFile(_VersionFile):
    """A version of a signer's CDS set."""

    rrset: Literal["CDS"]
    signer: str
    cds: tuple[DsRefFile, ...] | Literal["delete"] | None = None
    polled: bool
    processing_max: Seconds

    def value(self) -> CdsVersion:
        """Return the version as a value."""
        return CdsVersion(
            step=self.step,
            at=self.at,
            ttl=self.ttl,
            propagation=self.propagation,
            unknown=self.unknown,
            signer=self.signer,
            cds=cds_value(self.cds),
            polled=self.polled,
            processing_max=self.processing_max,
        )


VersionFile = Annotated[
    DsVersionFile | NsVersionFile | DnskeyVersionFile | DataVersionFile | CdsVersionFile,
    Field(discriminator="rrset"),
]


_VERSION: TypeAdapter[VersionFile] = TypeAdapter(VersionFile)


def version_value(data: Json) -> Version:
    """Return a version that `version_json` wrote; anything else raises SpecError."""
    try:
        return _VERSION.validate_json(json.dumps(data)).value()
    except ValidationError as error:
        raise SpecError(
            Diagnostic(
                code="not-a-version",
                summary=f"a record holds a version that cannot be read: {error.errors()[0]['msg']}",
                hint="it was not written by this tool, or by a newer release of it",
            )
        ) from None


class TimelineFile(Wire):
    """What the world publishes over time."""

    profiles: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    insecure_allowed: bool = False
    keys: dict[str, KeyEntryFile]
    versions: tuple[VersionFile, ...]

    def value(self) -> Timeline:
        """Return the timeline as a value."""
        return Timeline(
            profiles=self.profiles,
            assumptions=self.assumptions,
            insecure_allowed=self.insecure_allowed,
            keys={label: entry.value(label) for label, entry in self.keys.items()},
            versions=tuple(version.value() for version in self.versions),
        )


def cds_value(
    cds: tuple[DsRefFile, ...] | Literal["delete"] | None,
) -> frozenset[DsRef] | Literal["delete"] | None:
    """Return a CDS set as a value."""
    return frozenset(ds.value() for ds in cds) if isinstance(cds, tuple) else cds


def cds_json(cds: frozenset[DsRef] | Literal["delete"] | None) -> Json:
    """Return a CDS set as it stands in files."""
    return [ds_json(ds) for ds in sorted(cds)] if isinstance(cds, frozenset) else cds


def keys_json(keys: Mapping[str, KeyEntry]) -> dict[str, Json]:
    """Return a table of keys as it stands in files; members that say nothing are left out."""
    return {label: _key_json(keys[label]) for label in sorted(keys)}


def _key_json(entry: KeyEntry) -> Json:
    members: dict[str, Json]
    match entry:
        case UnmatchedDs():
            members = {"algorithm": entry.algorithm, "unmatched": True, "rdata": entry.rdata}
        case Key():
            public = entry.public_key
            members = {
                "algorithm": entry.algorithm,
                "flags": entry.flags,
                "tag": entry.tag,
                "public_key": None if public is None else base64.b64encode(public).decode(),
                "home": entry.home,
                "generation": entry.generation,
            }
        case _:
            assert_never(entry)
    return {name: value for name, value in members.items() if value is not None}


def version_json(version: Version) -> dict[str, Json]:
    """Return a version as it stands in files."""
    rrset, signer = slot(version)
    return {
        "rrset": rrset.value,
        **({} if signer is None else {"signer": signer}),
        "step": version.step,
        "at": version.at,
        "ttl": version.ttl,
        "propagation": version.propagation,
        **({"unknown": True} if version.unknown else {}),
        **_content_json(version),
    }


def _content_json(version: Version) -> dict[str, Json]:
    match version:
        case DsVersion():
            return _ds_set_json(version.ds)
        case NsVersion():
            return {"signers": names_json(version.signers)}
        case DnskeyVersion():
            return {
                "keys": names_json(version.keys),
                "signed_by": names_json(version.signed_by),
                "expires": version.expires,
            }
        case DataVersion():
            return {
                "signed_by": names_json(version.signed_by),
                "expires": version.expires,
            }
        case CdsVersion():
            return {
                "cds": cds_json(version.cds),
                "polled": version.polled,
                "processing_max": version.processing_max,
            }
        case _:
            assert_never(version)


def _ds_set_json(ds: frozenset[DsRef]) -> dict[str, Json]:
    labels = sorted({ref.key for ref in ds})
    types: dict[str, Json] = {
        label: list[Json](sorted(ref.digest_type for ref in ds if ref.key == label))
        for label in labels
    }
    return {"keys": list[Json](labels), "digest_types": types}


def timeline_json(timeline: Timeline) -> dict[str, Json]:
    """Return a timeline as it stands in files."""
    return {
        "profiles": list[Json](timeline.profiles),
        "assumptions": list[Json](timeline.assumptions),
        "insecure_allowed": timeline.insecure_allowed,
        "keys": keys_json(timeline.keys),
        "versions": [version_json(version) for version in timeline.versions],
    }
