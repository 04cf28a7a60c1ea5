"""Reading back: does every authoritative server show what a step was to publish?

API success is never proof. A server that could not be asked is missing evidence, never agreement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from reconciler.execute.snapshot import rename, same_keys
from reconciler.model.capabilities import RollsByItself
from reconciler.model.keys import DsRef, Key, KeyEntry
from reconciler.model.observed import ObservedZone
from reconciler.model.sightings import ChildSighting, Observation, ParentSighting
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Version,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Laggard:
    """One server that does not show a version: `shows` is a text for a person.

    `silent`: it gave no usable answer, so that what it serves is not known.
    """

    server: str
    address: str
    shows: str
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Compares an observation with versions given in a plan's labels.

    `names` maps the observation's labels to the plan's. `ignored` holds keys of either side that a
    signer adds and removes by itself and that no plan speaks of.
    """

    observation: Observation
    names: Mapping[str, str]
    ignored: frozenset[str]

    def laggards(self, versions: Iterable[Version]) -> tuple[Laggard, ...]:
        """Return each server that does not show each of `versions` now."""
        return tuple(lag for version in versions for lag in self._of(version))

    def somewhere(self, version: Version) -> bool:
        """True if at least one server shows `version` now."""
        asked = sum(1 for _ in self._asked(version))
        return len(tuple(self._of(version))) < asked

    def _asked(self, version: Version) -> Iterable[object]:
        match version:
            case DsVersion():
                return self.observation.parent
            case DnskeyVersion() | DataVersion() | CdsVersion():
                return (s for s in self.observation.children if s.signer == version.signer)
            case NsVersion(signer=None):
                return self.observation.parent
            case NsVersion():
                return (s for s in self.observation.children if s.signer == version.signer)
            case _:
                assert_never(version)

    def _of(self, version: Version) -> Iterable[Laggard]:
        match version:
            case DsVersion():
                yield from self._parent(version)
            case NsVersion():
                yield from self._delegation(version)
            case DnskeyVersion() | DataVersion() | CdsVersion():
                yield from self._children(version)
            case _:
                assert_never(version)

    def _parent(self, version: DsVersion) -> Iterable[Laggard]:
        for sight in self.observation.parent:
            shown = rename(replace(version, ds=sight.ds), self.names)
            if sight.error or shown != version:
                yield _laggard(sight, sight.error or describe(shown))

    def _delegation(self, version: NsVersion) -> Iterable[Laggard]:
        """Yield each server whose NS RRset names servers of other signers, or of fewer."""
        signer_of = {s.server: s.signer for s in self.observation.children}
        sights: Iterable[ParentSighting | ChildSighting] = (
            self.observation.parent
            if version.signer is None
            else (s for s in self.observation.children if s.signer == version.signer)
        )
        for sight in sights:
            if sight.error or {signer_of.get(name) for name in sight.ns} != version.signers:
                yield _laggard(sight, sight.error or _listed("NS", sight.ns))

    def _children(self, version: DnskeyVersion | DataVersion | CdsVersion) -> Iterable[Laggard]:
        for sight in self.observation.children:
            if sight.signer != version.signer:
                continue
            shown = rename(_as_version(version, sight), self.names)
            if sight.error or self._strip(shown) != self._strip(version):
                yield _laggard(sight, sight.error or describe(shown))

    def _strip(self, version: Version) -> Version:
        match version:
            case DnskeyVersion():
                return replace(version, keys=version.keys - self.ignored)
            case DataVersion():
                kept = version.signed_by - self.ignored
                own = frozenset({"(the signer's own ZSK)"}) if version.signed_by - kept else kept
                return replace(version, signed_by=kept | own)
            case DsVersion() | NsVersion() | CdsVersion():
                return version
            case _:
                assert_never(version)


def reader(observation: Observation, keys: Mapping[str, KeyEntry]) -> Reader:
    """Return a reader of `observation` for versions in the labels of `keys`."""
    zone = observation.zone
    if zone is None:
        return Reader(observation=observation, names={}, ignored=frozenset())
    names = same_keys(zone.keys, keys) | _symbols(zone.keys, keys)
    ignored = _own_keys(zone, zone.keys) | _own_keys(zone, keys)
    renamed = frozenset(names.get(label, label) for label in ignored)
    return Reader(observation=observation, names=names, ignored=renamed)


def _symbols(seen: Mapping[str, KeyEntry], planned: Mapping[str, KeyEntry]) -> dict[str, str]:
    """Map keys that were created for a symbol of the plan: signers give them that label."""
    to_come = {k for k, v in planned.items() if isinstance(v, Key) and v.public_key is None}
    return {label: label for label in seen if label in to_come}


def _own_keys(zone: ObservedZone, keys: Mapping[str, KeyEntry]) -> frozenset[str]:
    """Return the ZSKs of signers that roll them by themselves."""
    rolling = {
        name
        for name, facts in zone.signers.items()
        if facts.capabilities.rolls_by_itself is not RollsByItself.NO
    }
    return frozenset(
        label
        for label, key in keys.items()
        if isinstance(key, Key) and key.home in rolling and not key.is_sep
    )


def _as_version(
    version: DnskeyVersion | DataVersion | CdsVersion, sight: ChildSighting
) -> DnskeyVersion | DataVersion | CdsVersion:
    """Return what one server shows, in the form of the version it is compared with."""
    match version:
        case DnskeyVersion():
            return replace(version, keys=sight.dnskeys, signed_by=sight.krrsig)
        case DataVersion():
            return replace(version, signed_by=sight.zrrsig)
        case CdsVersion():
            return replace(version, cds=sight.cds)
        case _:
            assert_never(version)


def describe(version: Version) -> str:
    """Return what a version publishes, in a few words."""
    match version:
        case DsVersion():
            return _listed("DS", _ds_words(version.ds))
        case NsVersion():
            return _listed("NS", version.signers)
        case DnskeyVersion():
            signed = _listed("signed by", version.signed_by) if version.signed_by else "unsigned"
            return f"{_listed('DNSKEY', version.keys)}{f' {signed}' if version.keys else ''}"
        case DataVersion():
            return (
                _listed("data signed by", version.signed_by)
                if version.signed_by
                else "unsigned data"
            )
        case CdsVersion(cds=frozenset() as cds):
            return _listed("CDS", _ds_words(cds))
        case CdsVersion(cds=None):
            return "no CDS"
        case CdsVersion():
            return "the CDS that asks for removal of every DS"
        case _:
            assert_never(version)


def _listed(what: str, labels: Iterable[str]) -> str:
    return f"{what} {', '.join(found)}" if (found := sorted(labels)) else f"no {what}"


def _ds_words(refs: Iterable[DsRef]) -> Iterable[str]:
    return (f"{ref.key} ({_DIGESTS.get(ref.digest_type, ref.digest_type)})" for ref in refs)


_DIGESTS = {1: "SHA-1", 2: "SHA-256", 4: "SHA-384"}
"""Names of DS digest types (IANA, DS RR Type Digest Algorithms)."""


def _laggard(sight: ParentSighting | ChildSighting, shows: str) -> Laggard:
    return Laggard(
        server=sight.server,
        address=sight.address,
        shows=shows,
        silent=sight.error is not None,
    )
