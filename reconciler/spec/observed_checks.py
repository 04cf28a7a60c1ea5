"""What an observation must agree on with itself, beyond its form."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.diagnostics import Severity
from reconciler.model.keys import Key, dnskey_rdata, key_tag
from reconciler.spec.json_document import Path
from reconciler.spec.observed_wire import ObservedZoneFile
from reconciler.spec.timeline_file import (
    CdsVersionFile,
    DataVersionFile,
    DnskeyVersionFile,
    DsVersionFile,
    KeyFile,
    NsVersionFile,
    VersionFile,
)
from reconciler.spec.wire_types import unmatched_label

_KEY_OCTETS = {12: 64, 13: 64, 14: 96, 15: 32, 16: 57}
"""Length of a public key (RFC 5933, RFC 6605, RFC 8080)."""
_RSA = frozenset({1, 5, 7, 8, 10})
_RSA_OCTETS = range(64, 513)
"""Length of an RSA modulus, 512 to 4096 bits (RFC 5702 §2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A finding about one zone; `path` starts inside of it."""

    path: Path
    code: str
    summary: str
    hint: str = ""
    severity: Severity = Severity.ERROR


def zone_problems(zone: ObservedZoneFile) -> Iterator[Problem]:
    """Yield everything in which one zone of an observation contradicts itself."""
    yield from _label_problems(zone)
    yield from _signer_problems(zone)
    yield from _key_problems(zone)
    yield from _ttl_problems(zone)
    yield from _history_problems(zone.history)


def _ttl_problems(zone: ObservedZoneFile) -> Iterator[Problem]:
    for name, signer in zone.signers.items():
        if signer.max_zone_ttl < signer.ns_ttl:
            yield Problem(
                path=("signers", name, "max_zone_ttl"),
                code="ttl-too-small",
                summary=f"the largest TTL of the zone is below that of its NS RRset, "
                f"{signer.ns_ttl} s",
                hint="the apex NS RRset is signed data too: `max_zone_ttl` counts it",
                severity=Severity.WARNING,
            )


def _label_problems(zone: ObservedZoneFile) -> Iterator[Problem]:
    bare = {unmatched_label(ds.rdata) for ds in zone.parent.ds if ds.key is None and ds.rdata}
    for path, labels in _labels_used(zone):
        for label in sorted(labels - zone.keys.keys() - bare):
            yield Problem(
                path=path,
                code="unknown-key",
                summary=f"no key has the label {label!r}",
                hint="describe it under `keys`; a DS without a key stands with `key: null`",
            )
    for path, labels in _digest_labels(zone.history):
        for label in sorted(labels):
            yield Problem(
                path=path,
                code="unknown-key",
                summary=f"digest types for {label!r}, which `keys` does not name",
            )


def _labels_used(zone: ObservedZoneFile) -> Iterator[tuple[Path, frozenset[str]]]:
    ds = frozenset(ds.key for ds in zone.parent.ds if ds.key is not None)
    yield ("parent", "ds"), ds
    for name, signer in zone.signers.items():
        yield ("signers", name, "dnskeys"), signer.dnskeys
        yield ("signers", name, "krrsig"), signer.krrsig
        yield ("signers", name, "zrrsig"), signer.zrrsig
        if isinstance(signer.cds, tuple):
            yield ("signers", name, "cds"), frozenset(ds.key for ds in signer.cds)
    for index, version in enumerate(zone.history):
        yield ("history", index), _labels_of(version)


def _labels_of(version: VersionFile) -> frozenset[str]:
    match version:
        case DsVersionFile():
            return version.keys
        case DnskeyVersionFile():
            return version.keys | version.signed_by
        case DataVersionFile():
            return version.signed_by
        case CdsVersionFile(cds=tuple() as cds):
            return frozenset(ds.key for ds in cds)
        case _:
            return frozenset()


def _digest_labels(history: Iterable[VersionFile]) -> Iterator[tuple[Path, frozenset[str]]]:
    for index, version in enumerate(history):
        if isinstance(version, DsVersionFile):
            extra = frozenset(version.digest_types) - version.keys
            yield ("history", index, "digest_types"), extra


def _signer_problems(zone: ObservedZoneFile) -> Iterator[Problem]:
    for path, names in _signers_used(zone):
        for name in sorted(names - zone.signers.keys()):
            yield Problem(
                path=path,
                code="unknown-signer",
                summary=f"{name!r} is not described under `signers`",
                hint="name servers by the signer that serves the zone, and describe each signer",
            )


def _signers_used(zone: ObservedZoneFile) -> Iterator[tuple[Path, frozenset[str]]]:
    yield ("parent", "ns"), zone.parent.ns
    for name, signer in zone.signers.items():
        yield ("signers", name, "ns"), signer.ns
    for name, equals in zone.content_equal.items():
        yield ("content_equal", name), equals | {name}
    for index, version in enumerate(zone.history):
        if isinstance(version, NsVersionFile):
            yield ("history", index), version.signers
        if not isinstance(version, DsVersionFile) and version.signer is not None:
            yield ("history", index), frozenset({version.signer})


def _key_problems(zone: ObservedZoneFile) -> Iterator[Problem]:
    same: defaultdict[tuple[int, int, bytes], list[str]] = defaultdict(list)
    tags: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for label, key in zone.keys.items():
        if not isinstance(key, KeyFile) or key.public_key is None:
            continue
        same[key.flags, key.algorithm, key.public_key].append(label)
        tag = key_tag(dnskey_rdata(key.flags, key.algorithm, key.public_key))
        tags[key.algorithm, tag].append(label)
        if not _plausible(key.value(label)):
            yield Problem(
                path=("keys", label, "public_key"),
                code="implausible-key",
                summary=f"no validator can use {len(key.public_key)} octets as a key of "
                f"algorithm {key.algorithm}",
                severity=Severity.WARNING,
            )
    yield from _one_label_each(same.values())
    yield from _one_tag_each(tags)


def _one_label_each(groups: Iterable[list[str]]) -> Iterator[Problem]:
    for first, *others in groups:
        for label in others:
            yield Problem(
                path=("keys", label),
                code="duplicate-key",
                summary=f"this is the same DNSKEY as {first!r}",
                hint="give each DNSKEY one label",
            )


def _one_tag_each(groups: dict[tuple[int, int], list[str]]) -> Iterator[Problem]:
    for (algorithm, tag), (first, *others) in groups.items():
        for label in others:
            yield Problem(
                path=("keys", label),
                code="colliding-tags",
                summary=f"algorithm {algorithm} and tag {tag} are also those of {first!r}",
                hint="replace one of the two: validators may give up on colliding tags",
                severity=Severity.WARNING,
            )


def _plausible(key: Key) -> bool:
    public = key.public_key or b""
    if key.algorithm in _RSA:
        return _modulus_octets(public) in _RSA_OCTETS
    return len(public) == _KEY_OCTETS.get(key.algorithm, len(public))


def _modulus_octets(public: bytes) -> int:
    """Return the length of the modulus of an RSA key (RFC 3110 §2), 0 where there is none."""
    if not public:
        return 0
    long = public[0] == 0
    exponent = int.from_bytes(public[1:3]) if long else public[0]
    return max(0, len(public) - (3 if long else 1) - exponent)


def _history_problems(history: Iterable[VersionFile]) -> Iterator[Problem]:
    for index, version in enumerate(history):
        if version.step is not None:
            yield Problem(
                path=("history", index, "step"),
                code="invalid-history",
                summary="history comes before every step",
                hint="leave `step` out and say with a negative `at` when the version began",
            )
        if version.at is not None and version.at > 0:
            yield Problem(
                path=("history", index, "at"),
                code="invalid-history",
                summary="history began before the observation: `at` is negative or 0",
            )
    starts = Counter(
        (version.rrset, getattr(version, "signer", None))
        for version in history
        if version.at is None
    )
    for (rrset, signer), count in starts.items():
        if count > 1:
            yield Problem(
                path=("history",),
                code="invalid-history",
                summary=f"{count} versions of {rrset} at {signer or 'the parent'} without `at`",
                hint="only the oldest version of an RRset may stand since for ever",
            )
