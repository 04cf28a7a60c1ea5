"""The TTLs that a signer serves a zone with: those of the layout, unless it was told others."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.sandbox.history import Ttls
from reconciler.sandbox.layout import ZoneLayout
from reconciler.sandbox.records import parse_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """TTLs in seconds as they are served. `ceiling` None: records keep their own."""

    ns: int
    soa: int
    negative: int
    dnskey: int
    ceiling: int | None

    def lowered(self, ttl: int) -> int:
        """Return the TTL that a record of the zone is served with."""
        return ttl if self.ceiling is None else min(ttl, self.ceiling)


def served(zone: ZoneLayout, told: Ttls) -> Served:
    """Return what a signer serves that was told `told`."""
    own = (
        zone.ns_ttl if told.ns is None else told.ns,
        zone.soa_ttl,
        zone.negative_ttl if told.negative is None else told.negative,
    )
    ns, soa, negative = (t if told.data is None else min(t, told.data) for t in own)
    dnskey = zone.dnskey_ttl if told.dnskey is None else told.dnskey
    return Served(ns=ns, soa=soa, negative=negative, dnskey=dnskey, ceiling=told.data)


def max_zone_ttl(zone: ZoneLayout, signer: str, told: Ttls) -> int:
    """Return the largest TTL of the RRsets that a signer serves, apex ones included."""
    now = served(zone, told)
    records = (now.lowered(r.ttl) for _, r in parse_records(zone.zone, zone.records_at(signer)))
    return max(now.ns, now.soa, now.negative, now.dnskey, *records)
