"""What a zone publishes, in words (`Publication`) and as the integers that the search works on.

A node is a tuple with one integer per slot: the DS RRset and the delegation first, then for each
signer its DNSKEY RRset, its data and the NS RRset at its apex. A set of keys is a bit mask over
`World.labels`; a DNSKEY RRset holds its keys in the low bits and the keys that sign it in the high
ones. An NS RRset is a bit mask over `World.signers`.

Behind these stand the slots of `World.extras`, where a problem has any: the CDS set of a signer,
how it denies existence, which rollovers it was asked for, and of which DS it was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from reconciler.model.desired import Denial
from reconciler.model.keys import DsRef, Key, KeyEntry
from reconciler.model.observed import Cds
from reconciler.model.timeline import RRsetKind

Node = tuple[int, ...]

DS_SLOT = 0
"""Where the DS RRset stands in a node."""
NS_SLOT = 1
"""Where the delegation, the parent's NS RRset, stands in a node."""


class Side(StrEnum):
    """What matters of a signer and is no RRset that a view is made of."""

    DENIAL = "denial"
    """How it denies existence: an index into `World.denials`."""
    ASKED = "asked"
    """The new keys of rollovers that it was asked for."""
    TOLD = "told"
    """The keys of which it was told that their DS is at the parent."""


Kind = RRsetKind | Side

Place = tuple[Kind, str | None]
"""What a slot of a node holds, and of which signer (None: the parent)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerPart:
    """What one signer publishes: labels of the keys served, signing the DNSKEY RRset, the data.

    `ns`: the signers that the NS RRset at its apex names. `told`: the keys of which the signer was
    told that their DS is at the parent.
    """

    dnskeys: frozenset[str] = frozenset()
    krrsig: frozenset[str] = frozenset()
    zrrsig: frozenset[str] = frozenset()
    ns: frozenset[str] = frozenset()
    cds: Cds = None
    denial: Denial = field(default_factory=Denial)
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Everything about one zone that a validator can see and that moves can change."""

    ds: frozenset[DsRef]
    signers: Mapping[str, SignerPart]
    ns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The keys, DS and signers that one planning problem speaks of, in a fixed order.

    `polling`: for how many seconds after it last saw a CDS set the parent may install it, None
    where the parent does not look at CDS.
    """

    labels: tuple[str, ...]
    refs: tuple[DsRef, ...]
    signers: tuple[str, ...]
    keys: Mapping[str, KeyEntry]
    extras: tuple[tuple[Kind, str], ...] = ()
    denials: tuple[Denial, ...] = ()
    polling: int | None = None

    @property
    def slots(self) -> tuple[Place, ...]:
        """The slots of a node, in order."""
        return _slots(self.signers, self.extras)

    @property
    def first_extra(self) -> int:
        """The slot from which on a node holds `extras`."""
        return 2 + 3 * len(self.signers)

    def slots_of(self, kind: Kind) -> Mapping[int, int]:
        """Return the slot of this kind by the index of its signer, where there is one."""
        return _slots_of(self.signers, self.extras, kind)

    @property
    def delete_form(self) -> int:
        """The value of a CDS set in the form that asks for the removal of every DS (RFC 8078)."""
        return 1 << len(self.refs)

    def cds(self, cds: Cds) -> int:
        """Return a CDS set as an integer: the mask of its DS, 0 where there is none."""
        return self.delete_form if cds == "delete" else self.ds_mask(cds or ())

    def cds_of(self, value: int) -> Cds:
        """Return the CDS set of such an integer."""
        return "delete" if value == self.delete_form else self.ds_names(value) or None

    def mask(self, labels: Iterable[str]) -> int:
        """Return the bit mask of a set of keys."""
        return sum(1 << self.labels.index(label) for label in labels)

    def names(self, mask: int) -> frozenset[str]:
        """Return the keys of a bit mask."""
        return frozenset(label for i, label in enumerate(self.labels) if mask >> i & 1)

    def ds_mask(self, refs: Iterable[DsRef]) -> int:
        """Return the bit mask of a DS RRset."""
        return sum(1 << self.refs.index(ref) for ref in refs)

    def ds_names(self, mask: int) -> frozenset[DsRef]:
        """Return the DS of a bit mask."""
        return frozenset(ref for i, ref in enumerate(self.refs) if mask >> i & 1)

    def anchors(self, mask: int) -> int:
        """Return the mask of the keys that a DS RRset names."""
        return self.mask({ref.key for i, ref in enumerate(self.refs) if mask >> i & 1})

    def signer_mask(self, names: Iterable[str]) -> int:
        """Return the bit mask of those of these signers that the world knows."""
        return sum(1 << i for i, name in enumerate(self.signers) if name in set(names))

    def signer_names(self, mask: int) -> frozenset[str]:
        """Return the signers of a bit mask."""
        return frozenset(name for i, name in enumerate(self.signers) if mask >> i & 1)

    def dnskey(self, keys: int, krrsig: int) -> int:
        """Return a DNSKEY RRset as one integer, from the masks of its keys and of its signers."""
        return keys | krrsig << len(self.labels)

    def dnskey_parts(self, value: int) -> tuple[int, int]:
        """Return the masks of the keys of a DNSKEY RRset and of those that sign it."""
        return value & self.all_keys, value >> len(self.labels)

    @property
    def all_keys(self) -> int:
        """The mask of every key."""
        return (1 << len(self.labels)) - 1

    def encode(self, publication: Publication) -> Node:
        """Return a publication as a node."""
        node = [self.ds_mask(publication.ds), self.signer_mask(publication.ns)]
        for name in self.signers:
            part = publication.signers[name]
            node.append(self.dnskey(self.mask(part.dnskeys), self.mask(part.krrsig)))
            node.append(self.mask(part.zrrsig))
            node.append(self.signer_mask(part.ns))
        return (*node, *(self._extra(kind, publication.signers[n]) for kind, n in self.extras))

    def _extra(self, kind: Kind, part: SignerPart) -> int:
        match kind:
            case RRsetKind.CDS:
                return self.cds(part.cds)
            case Side.DENIAL:
                return self.denials.index(part.denial)
            case Side.TOLD:
                return self.mask(part.told)
            case _:
                return 0

    def sep_keys(self) -> int:
        """Return the mask of the keys with the SEP flag."""
        return self.mask(
            label
            for label in self.labels
            if isinstance(entry := self.keys[label], Key) and entry.is_sep
        )


@lru_cache(maxsize=1024)
def _slots(signers: tuple[str, ...], extras: tuple[tuple[Kind, str], ...]) -> tuple[Place, ...]:
    kinds = (RRsetKind.DNSKEY, RRsetKind.DATA, RRsetKind.NS)
    of_signers = tuple((kind, name) for name in signers for kind in kinds)
    return ((RRsetKind.DS, None), (RRsetKind.NS, None), *of_signers, *extras)


@lru_cache(maxsize=1024)
def _slots_of(
    signers: tuple[str, ...], extras: tuple[tuple[Kind, str], ...], kind: Kind
) -> Mapping[int, int]:
    first = 2 + 3 * len(signers)
    return {signers.index(name): first + i for i, (each, name) in enumerate(extras) if each is kind}


def dnskey_slot(signer: int) -> int:
    """Return where the DNSKEY RRset of the n-th signer stands in a node."""
    return 2 + 3 * signer


def data_slot(signer: int) -> int:
    """Return where the data of the n-th signer stands in a node."""
    return 3 + 3 * signer


def apex_slot(signer: int) -> int:
    """Return where the NS RRset at the apex of the n-th signer stands in a node."""
    return 4 + 3 * signer


def in_reach(states: Sequence[Iterable[int]], signers: int) -> int:
    """Return the mask of the signers that resolvers may ask, given what each slot may show.

    Those that the delegation names, and those that the apex of one in reach names (planning.md §2).
    A signer that only its own apex still names is out of reach once caches return to the parent.
    """
    everybody = (1 << signers) - 1
    found = 0
    for value in states[NS_SLOT]:
        found |= value
    fresh = found
    while fresh and found != everybody:
        named = 0
        for index in range(signers):
            if fresh >> index & 1:
                for value in states[apex_slot(index)]:
                    named |= value
        fresh = named & ~found
        found |= fresh
    return found


def reached_at(node: Node, signers: int) -> int:
    """Return the mask of the signers in reach at a settled publication."""
    return in_reach([(value,) for value in node], signers)


def world_of(
    keys: Mapping[str, KeyEntry],
    publications: Iterable[Publication],
    *,
    extras: Iterable[tuple[Kind, str]] = (),
    polling: int | None = None,
) -> World:
    """Return the world that these publications live in."""
    publications, extras = tuple(publications), tuple(extras)
    parts = [(name, part) for p in publications for name, part in p.signers.items()]
    refs = {ref for p in publications for ref in p.ds}
    for name, part in parts:
        if (RRsetKind.CDS, name) in extras and isinstance(part.cds, frozenset):
            refs |= part.cds
    labels = {ref.key for ref in refs}
    for _, part in parts:
        labels |= part.dnskeys | part.krrsig | part.zrrsig
    return World(
        labels=tuple(sorted(labels)),
        refs=tuple(sorted(refs)),
        signers=tuple(sorted(publications[0].signers)),
        keys={label: keys[label] for label in sorted(labels)},
        extras=extras,
        denials=tuple(dict.fromkeys(part.denial for _, part in parts)),
        polling=polling,
    )
