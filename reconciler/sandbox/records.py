"""The records of a zone's own: as lines of a zone file, and compared between signers."""

from __future__ import annotations

import hashlib
from functools import cache

import dns.rdata
import dns.rdatatype
import dns.zone
from dns.name import Name
from dns.rdataset import Rdataset

from reconciler.sandbox.layout import ZoneLayout


@cache
def parse_records(zone: str, lines: tuple[str, ...]) -> tuple[tuple[Name, Rdataset], ...]:
    """Return the RRsets of zone file lines; dnspython's own errors where they make no sense."""
    parsed = dns.zone.from_text("\n".join(lines), origin=zone, relativize=False, check_origin=False)
    return tuple(parsed.iterate_rdatasets())


def content_digest(zone: ZoneLayout, signer: str) -> str:
    """Return a digest of the records that a signer serves: all but SOA, apex NS and DNSSEC."""
    lines = sorted(
        f"{owner} {rdataset.ttl} {dns.rdatatype.to_text(rdataset.rdtype)} {rdata}"
        for owner, rdataset in parse_records(zone.zone, zone.records_at(signer))
        for rdata in rdataset
    )
    return "sha256:" + hashlib.sha256("\n".join(lines).encode()).hexdigest()
