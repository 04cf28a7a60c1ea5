"""Is some mix of what the servers serve now bogus? What a resolver without a cache would find.

Judged as the most lenient validators do (`loose`, RFC 6840 §5.11): whatever they refuse, everybody
refuses. A proved plan rules such a mix out, so that seeing one means that the world does not follow
the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import product

from reconciler.model.keys import DsRef, Key, KeyEntry
from reconciler.model.observed import ObservedZone
from reconciler.model.sightings import ChildSighting, Observation
from reconciler.model.timeline import DataVersion, DnskeyVersion, DsVersion, NsVersion, Version

_DIGESTS = frozenset({1, 2, 4})
"""DS digest types that validators know (IANA: SHA-1, SHA-256, SHA-384)."""


def bogus_views(observation: Observation) -> Iterator[str]:
    """Yield each bogus mix of what answering servers serve: who gives the DS, DNSKEY and data."""
    zone = observation.zone
    if zone is None:
        return
    parents = [sight for sight in observation.parent if not sight.error]
    children = list(_reachable(zone, observation.children))
    for parent, keys, data in product(parents, children, children):
        if not _chained(parent.ds, zone.keys, keys.dnskeys, keys.krrsig):
            yield f"the DS of {parent.server} fit no signing key of {keys.server}"
        elif _usable(parent.ds) and not _signed(data.zrrsig, zone.keys, keys.dnskeys):
            yield f"no key of {keys.server} signs the data of {data.server}"


def ends_bogus(versions: Iterable[Version], keys: Mapping[str, KeyEntry]) -> bool:
    """True if what stands once every version has taken effect is bogus at a signer delegated to."""
    ds: frozenset[DsRef] = frozenset()
    delegated: frozenset[str] = frozenset()
    dnskeys: dict[str, DnskeyVersion] = {}
    data: dict[str, frozenset[str]] = {}
    for version in versions:
        match version:
            case DsVersion():
                ds = version.ds
            case NsVersion(signer=None):
                delegated = version.signers
            case DnskeyVersion():
                dnskeys[version.signer] = version
            case DataVersion():
                data[version.signer] = version.signed_by
            case _:
                pass
    return any(
        not _chained(ds, keys, dnskeys[signer].keys, dnskeys[signer].signed_by)
        or (_usable(ds) and not _signed(data[signer], keys, dnskeys[signer].keys))
        for signer in delegated & dnskeys.keys() & data.keys()
    )


def _reachable(zone: ObservedZone, sights: Iterable[ChildSighting]) -> Iterator[ChildSighting]:
    """Yield what answering servers serve of signers that the parent, or one of these, names."""
    reached, found = frozenset[str](), zone.parent.ns
    while found - reached:
        reached |= found
        found = frozenset(n for s in reached & zone.signers.keys() for n in zone.signers[s].ns)
    return (sight for sight in sights if sight.signer in reached and not sight.error)


def _usable(ds: Iterable[DsRef]) -> frozenset[DsRef]:
    return frozenset(ref for ref in ds if ref.digest_type in _DIGESTS)


def _chained(
    ds: frozenset[DsRef],
    keys: Mapping[str, KeyEntry],
    dnskeys: frozenset[str],
    signed_by: frozenset[str],
) -> bool:
    """True if some DS leads to a key that signs the DNSKEY RRset, or none asks for one."""
    usable = _usable(ds)
    return not usable or any(_trusted(r.key, keys) and r.key in dnskeys & signed_by for r in usable)


def _signed(
    signed_by: frozenset[str], keys: Mapping[str, KeyEntry], dnskeys: frozenset[str]
) -> bool:
    return any(_trusted(label, keys) for label in signed_by & dnskeys)


def _trusted(label: str, keys: Mapping[str, KeyEntry]) -> bool:
    entry = keys.get(label)
    return isinstance(entry, Key) and entry.is_zone_key
