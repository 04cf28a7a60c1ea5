"""Authenticated denial of existence: NSEC (RFC 4034 §4, 4035 §3.1.3) and NSEC3 (RFC 5155 §7)."""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections.abc import Iterable
from functools import lru_cache

import dns.dnssec
import dns.name
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
from dns.name import Name
from dns.rdataset import Rdataset
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.NSEC import NSEC
from dns.rdtypes.ANY.NSEC import Bitmap as NsecBitmap
from dns.rdtypes.ANY.NSEC3 import NSEC3
from dns.rdtypes.ANY.NSEC3 import Bitmap as Nsec3Bitmap

from reconciler.model.desired import DenialKind
from reconciler.sandbox.contents import Contents, ancestors

Proof = tuple[tuple[Name, Rdataset], ...]

_SHA1 = 1
_CUT_TYPES = {dns.rdatatype.NS, dns.rdatatype.DS}


class NsecChain:
    """The NSEC records of one version of a zone."""

    def __init__(self, contents: Contents) -> None:
        """Order the names that own something, cuts included, glue left out."""
        self._contents = contents
        self._owners = sorted(name for name in contents.names if name in contents.nodes)

    def no_data(self, name: Name) -> Proof:
        """Prove that `name` exists without a type (an empty non-terminal is covered)."""
        return self._at(name)

    def no_name(self, name: Name, encloser: Name) -> Proof:
        """Prove that neither `name` nor a wildcard at its closest encloser exists."""
        return _distinct(self._at(name) + self._at(wildcard(encloser)))

    def expanded(self, name: Name, encloser: Name) -> Proof:
        """Prove that `name` does not exist where a wildcard answered for it."""
        del encloser
        return self._at(name)

    def wildcard_no_data(self, name: Name, encloser: Name) -> Proof:
        """Prove that the wildcard that matches `name` has no such type."""
        return _distinct(self._at(name) + self._at(wildcard(encloser)))

    def no_ds(self, cut: Name) -> Proof:
        """Prove that a delegation has no DS."""
        return self._at(cut)

    def record(self, name: Name) -> Rdataset | None:
        """Return the NSEC RRset that `name` owns."""
        return self._at(name)[0][1] if name in self._owners else None

    def _at(self, name: Name) -> Proof:
        index = bisect_right(self._owners, name) - 1
        owner = self._owners[index]
        types = [*types_at(self._contents, owner), dns.rdatatype.RRSIG, dns.rdatatype.NSEC]
        rdata = NSEC(  # type: ignore[no-untyped-call]  # dnspython leaves it untyped
            dns.rdataclass.IN,
            dns.rdatatype.NSEC,
            self._owners[(index + 1) % len(self._owners)],
            NsecBitmap.from_rdtypes(types).windows,
        )
        return ((owner, dns.rdataset.from_rdata(self._contents.negative_ttl, rdata)),)


class Nsec3Chain:
    """The NSEC3 records of one version of a zone."""

    def __init__(self, contents: Contents) -> None:
        """Hash every name of the zone, empty non-terminals included."""
        self._contents = contents
        hashed = {self._hash(name): name for name in contents.names}
        self._hashes = sorted(hashed)
        self._names = hashed

    def no_data(self, name: Name) -> Proof:
        """Prove that `name` exists without a type."""
        return self._at(name)

    def no_name(self, name: Name, encloser: Name) -> Proof:
        """Prove the closest encloser, and that no name and no wildcard below it matches."""
        return _distinct(
            self._at(encloser)
            + self._at(next_closer(name, encloser))
            + self._at(wildcard(encloser))
        )

    def expanded(self, name: Name, encloser: Name) -> Proof:
        """Prove that the next closer name of `name` does not exist where a wildcard answered."""
        return self._at(next_closer(name, encloser))

    def wildcard_no_data(self, name: Name, encloser: Name) -> Proof:
        """Prove that the wildcard that matches `name` has no such type."""
        return self.no_name(name, encloser)

    def no_ds(self, cut: Name) -> Proof:
        """Prove that a delegation has no DS."""
        return self._at(cut)

    def record(self, name: Name) -> Rdataset | None:
        """Return None: no name of the zone's own data owns an NSEC3 RRset."""
        del name
        return None

    def _hash(self, name: Name) -> bytes:
        denial = self._contents.denial
        return _nsec3_hash(name.canonicalize(), denial.salt, denial.iterations)

    def _at(self, name: Name) -> Proof:
        index = bisect_right(self._hashes, self._hash(name)) - 1
        own, following = self._hashes[index], self._hashes[(index + 1) % len(self._hashes)]
        denial = self._contents.denial
        types = types_at(self._contents, self._names[own])
        if set(types) - {dns.rdatatype.NS}:
            types = [*types, dns.rdatatype.RRSIG]
        rdata = NSEC3(  # type: ignore[no-untyped-call]  # dnspython leaves it untyped
            dns.rdataclass.IN,
            dns.rdatatype.NSEC3,
            _SHA1,
            0,
            denial.iterations,
            denial.salt,
            following,
            Nsec3Bitmap.from_rdtypes(types).windows,
        )
        owner = dns.name.from_text(base64.b32hexencode(own).decode().lower(), self._contents.origin)
        return ((owner, dns.rdataset.from_rdata(self._contents.negative_ttl, rdata)),)


Chain = NsecChain | Nsec3Chain


def chain(contents: Contents) -> Chain:
    """Return the denial chain of a signed zone."""
    if contents.denial.kind is DenialKind.NSEC3:
        return Nsec3Chain(contents)
    return NsecChain(contents)


def types_at(contents: Contents, name: Name) -> list[RdataType]:
    """Return the types that the zone is authoritative for at `name` (at a cut: NS, DS)."""
    types = contents.nodes.get(name, {}).keys()
    if name in contents.cuts:
        return [rdtype for rdtype in types if rdtype in _CUT_TYPES]
    return list(types)


def wildcard(encloser: Name) -> Name:
    """Return the wildcard at a closest encloser (RFC 4592 §3.3)."""
    return dns.name.from_text("*", encloser)


def next_closer(name: Name, encloser: Name) -> Name:
    """Return the name one label longer than the closest encloser of `name` (RFC 5155 §1.3)."""
    return ancestors(name, until=encloser)[-2]


def _distinct(proof: Iterable[tuple[Name, Rdataset]]) -> Proof:
    return tuple({owner: (owner, rdataset) for owner, rdataset in proof}.values())


@lru_cache(maxsize=65536)
def _nsec3_hash(name: Name, salt: bytes, iterations: int) -> bytes:
    text = dns.dnssec.nsec3_hash(name, salt.hex(), iterations, _SHA1)
    return base64.b32hexdecode(text)
