"""RRSIGs, made when they are first asked for and remembered (RFC 4034 §3)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import dns.dnssec
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
from dns.name import Name
from dns.rdataset import Rdataset
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.RRSIG import RRSIG

from reconciler.sandbox.contents import Contents
from reconciler.sandbox.history import HeldKey
from reconciler.sandbox.keymaker import PrivateKey, dnskey, load_private

_REMEMBERED = 65536
"""Signatures kept in memory: about 20 MB, far more than a demo or a test world needs at once."""


def signatures(contents: Contents, owner: Name, rdataset: Rdataset) -> Rdataset | None:
    """Return the RRSIGs over an RRset of a zone, with its TTL; None where nobody signs it."""
    keys = _signing(contents, rdataset.rdtype)
    if not keys:
        return None
    covered = _Covered(owner, rdataset.rdtype, rdataset.ttl, _texts(rdataset))
    made = [_sign(covered, contents.origin, contents.window, key) for key in keys]
    return dns.rdataset.from_rdata_list(rdataset.ttl, made)


def _signing(contents: Contents, rdtype: RdataType) -> tuple[HeldKey, ...]:
    """Return who signs; a parent believes CDS only by keys it has a DS of (RFC 7344 §4.1)."""
    if rdtype == dns.rdatatype.DNSKEY:
        return contents.krrsig
    if rdtype in _REQUESTS:
        return tuple(dict.fromkeys((*contents.krrsig, *contents.zrrsig)))
    return contents.zrrsig


_REQUESTS = {dns.rdatatype.CDS, dns.rdatatype.CDNSKEY}


class _Covered(NamedTuple):
    """An RRset as a value that can be looked up."""

    owner: Name
    rdtype: RdataType
    ttl: int
    texts: tuple[str, ...]


def _texts(rdataset: Rdataset) -> tuple[str, ...]:
    return tuple(sorted(rdata.to_text() for rdata in rdataset))


@lru_cache(maxsize=_REMEMBERED)
def _sign(covered: _Covered, origin: Name, window: tuple[int, int], key: HeldKey) -> RRSIG:
    rdataset = dns.rdataset.from_text_list(
        dns.rdataclass.IN, covered.rdtype, covered.ttl, covered.texts
    )
    return dns.dnssec.sign(
        (covered.owner, rdataset),
        _private(key),
        origin,
        dnskey(key),
        inception=window[0],
        expiration=window[1],
        policy=dns.dnssec.allow_all_policy,
    )


@lru_cache(maxsize=1024)
def _private(key: HeldKey) -> PrivateKey:
    return load_private(key)
