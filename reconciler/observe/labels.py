"""Names for keys and DS within one observation: a key is its material, a label only names it.

A key that a signer made for a symbol (`ksk@13/2`) keeps that symbol; any other is named by role,
algorithm and tag (`zsk-13-2371`). A DS or CDS is named by the key whose digest it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import dns.rdata
import dns.rdataclass
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.CDNSKEY import CDNSKEY
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.dsbase import DSBase

from reconciler.model.keys import DsRef, Key, KeyEntry, UnmatchedDs, dnskey_rdata, parse_symbol
from reconciler.observe.chain import matches
from reconciler.ports import SignerClaim

Identity = tuple[int, int, bytes]
"""Flags, algorithm and public key: what makes two DNSKEYs one."""


def identity(key: DNSKEY | CDNSKEY) -> Identity:
    """Return what makes this key itself."""
    return int(key.flags), int(key.algorithm), key.key


def as_dnskey(key: Key) -> DNSKEY | None:
    """Return a key as a DNSKEY record, None for a key to come."""
    if key.public_key is None:
        return None
    wire = dnskey_rdata(key.flags, key.algorithm, key.public_key)
    record = dns.rdata.from_wire(dns.rdataclass.IN, RdataType.DNSKEY, wire, 0, len(wire))
    return record if isinstance(record, DNSKEY) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Every key and DS of one observation by label, and the way from a record to its label."""

    entries: Mapping[str, KeyEntry]
    names: Mapping[Identity, str]
    refs: Mapping[tuple[int, int, int, bytes], DsRef] = field(default_factory=dict)

    def of_keys(self, keys: Iterable[DNSKEY]) -> frozenset[str]:
        """Return the labels of DNSKEYs."""
        return frozenset(self.names[identity(key)] for key in keys)

    def of_ds(self, records: Iterable[DSBase]) -> frozenset[DsRef]:
        """Return DS or CDS records by the labels of their keys."""
        return frozenset(self.refs[_quad(record)] for record in records)

    def of_cdnskeys(
        self, keys: Iterable[CDNSKEY], digest_types: frozenset[int]
    ) -> frozenset[DsRef]:
        """Return the DS that a parent may make of CDNSKEYs; keys nobody knows give none."""
        known = [self.names[identity(key)] for key in keys if identity(key) in self.names]
        return frozenset(DsRef(label, kind) for label in known for kind in digest_types)


def label_all(
    zone: Name,
    seen: Iterable[DNSKEY],
    claims: Mapping[str, SignerClaim],
    records: Iterable[DSBase],
) -> Labels:
    """Name every key seen or claimed, and every DS and CDS. The order of arguments' items does not
    matter: the same world gives the same labels.
    """
    entries: dict[str, KeyEntry] = {}
    names: dict[Identity, str] = {}
    for key in [*_claimed(claims), *_unclaimed(seen)]:
        own = (key.flags, key.algorithm, key.public_key or b"")
        if own not in names:
            names[own] = _free(key.label, entries)
            entries[names[own]] = replace(key, label=names[own])
    refs: dict[tuple[int, int, int, bytes], DsRef] = {}
    for record in sorted(records, key=_quad):
        refs[_quad(record)] = _reference(record, zone, entries)
    return Labels(entries=entries, names=names, refs=refs)


def _claimed(claims: Mapping[str, SignerClaim]) -> list[Key]:
    """Return the keys that signers hold, those made for a symbol first."""
    held = [
        replace(
            key,
            label=key.label if parse_symbol(key.label) else _label(key),
            home=key.home or signer,
            generation=_generation(key),
        )
        for signer, claim in sorted(claims.items())
        for key in sorted(claim.keys, key=lambda k: (k.label, k.public_key or b""))
        if key.public_key is not None
    ]
    return sorted(held, key=lambda key: parse_symbol(key.label) is None)


def _unclaimed(seen: Iterable[DNSKEY]) -> list[Key]:
    keys = [
        Key(label="", algorithm=algorithm, flags=flags, public_key=material)
        for flags, algorithm, material in sorted({identity(key) for key in seen})
    ]
    return [replace(key, label=_label(key)) for key in keys]


def _label(key: Key) -> str:
    return f"{'ksk' if key.is_sep else 'zsk'}-{key.algorithm}-{key.tag}"


def _generation(key: Key) -> int | None:
    parsed = parse_symbol(key.label)
    return parsed[2] if parsed else key.generation


def _free(label: str, taken: Mapping[str, KeyEntry]) -> str:
    """Return `label`, with -2, -3, … where another key has it: tags collide, signers too."""
    count = 1
    free = label
    while free in taken:
        count += 1
        free = f"{label}-{count}"
    return free


def _quad(record: DSBase) -> tuple[int, int, int, bytes]:
    return record.key_tag, int(record.algorithm), int(record.digest_type), record.digest


def _reference(record: DSBase, zone: Name, entries: dict[str, KeyEntry]) -> DsRef:
    """Return the DS by its key's label; where no key fits, add an entry for the DS itself."""
    for label, key in entries.items():
        material = as_dnskey(key) if isinstance(key, Key) else None
        if material is not None and matches(material, record, zone):
            return DsRef(label, int(record.digest_type))
    tag, algorithm, digest_type, digest = _quad(record)
    rdata = f"{tag} {algorithm} {digest_type} {digest.hex()}"
    label = f"ds-{tag}-{algorithm}-{digest_type}-{digest.hex()[:8]}"
    known = UnmatchedDs(label=label, algorithm=algorithm, rdata=rdata)
    if entries.get(label) != known:
        label = _free(label, entries)
        entries[label] = replace(known, label=label)
    return DsRef(label, digest_type)
