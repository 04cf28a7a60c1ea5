"""How long caches may keep what a server serves."""

from __future__ import annotations

from collections.abc import Iterable

from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rrset import RRset

from reconciler.observe.signatures import verified
from reconciler.observe.wire import Response

_PROOFS = frozenset({RdataType.NSEC, RdataType.NSEC3})


def served_ttl(response: Response, rrset: RRset, keys: Iterable[DNSKEY], zone: Name) -> int:
    """Return the largest TTL a cache may give `rrset`: served, or original where that is larger."""
    signatures = verified(rrset, response.signatures(rrset), zone, keys, expanded=True)
    return max([rrset.ttl, *(s.original_ttl for s in signatures)])


def negative_ttl(*responses: Response) -> int:
    """Return how long "no such record" may be kept, by the SOA of any answer (RFC 2308 §5), and by
    the largest TTL of a denial record, from which caches may synthesize (RFC 8198).
    """
    rrsets = [rrset for response in responses for rrset in response.rrsets()]
    soas = [min(r.ttl, r[0].minimum) for r in rrsets if r.rdtype == RdataType.SOA]
    proofs = [rrset.ttl for rrset in rrsets if rrset.rdtype in _PROOFS]
    return max([*soas, *proofs], default=0)
