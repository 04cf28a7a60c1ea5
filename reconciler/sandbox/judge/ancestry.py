"""The chain of trust above a zone, from the world's trust anchor down to the parent's keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import dns.name
import dns.rdata
import dns.zonefile
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS

from reconciler.sandbox.judge.answers import Content, Question
from reconciler.sandbox.judge.instances import Trust
from reconciler.sandbox.judge.signatures import Verifier, ds_of, keys_of, matches

Fetch = Callable[[str, Question], Content | None]
"""Asks an address a question; None where it gave no usable answer."""


@dataclass(slots=True)
class Ancestry:
    """Walks from the trust anchor to the parent zone and keeps the parent's proven keys.

    `keys` holds every key that the parent zone was ever proven to have: what was signed by a key
    that has left may still be cached, and is judged with it.
    """

    trust: Trust
    verifier: Verifier
    keys: set[DNSKEY] = field(default_factory=set)

    @property
    def parent(self) -> dns.name.Name:
        """The parent zone: the last ancestor."""
        return dns.name.from_text(list(self.trust.servers)[-1])

    def look(self, now: datetime, fetch: Fetch) -> str:
        """Walk the chain as served at `now`; return what is wrong with it, or nothing."""
        zones = list(self.trust.servers)
        keys = self._keys(now, fetch, zones[0], _anchored(self.trust.anchors))
        for above, zone in pairwise(zones):
            ds = self._ds(now, fetch, above, zone, keys)
            keys = self._keys(now, fetch, zone, _entered_by(ds, zone))
            if not keys:
                return f"no chain of trust from {above} to {zone}"
        self.keys |= keys
        return "" if keys else "no chain of trust from the anchor to the root"

    def _keys(
        self, now: datetime, fetch: Fetch, zone: str, enters: Callable[[DNSKEY], bool]
    ) -> set[DNSKEY]:
        """Return the zone's keys where every answer is signed by one that `enters`, else none."""
        found: set[DNSKEY] = set()
        for content in self._answers(fetch, zone, (zone, "DNSKEY")):
            keys = keys_of(content)
            if not self._signed(now, content, zone, [k for k in keys if enters(k)]):
                return set()
            found.update(keys)
        return found

    def _ds(
        self, now: datetime, fetch: Fetch, above: str, zone: str, keys: Iterable[DNSKEY]
    ) -> set[DS]:
        """Return the DS of `zone` where every answer of `above` is signed, else none."""
        contents = self._answers(fetch, above, (zone, "DS"))
        if not all(self._signed(now, content, above, keys) for content in contents):
            return set()
        return {ds for content in contents for ds in ds_of(content)}

    def _answers(self, fetch: Fetch, zone: str, question: Question) -> list[Content]:
        answers = (fetch(address, question) for address in self.trust.servers[zone])
        return [content for content in answers if content is not None]

    def _signed(self, now: datetime, content: Content, zone: str, keys: Iterable[DNSKEY]) -> bool:
        signed = content.sets[0] if content.positive else None
        if signed is None:
            return False
        good = self.verifier.good(signed, keys, dns.name.from_text(zone), now)
        return any(begins <= now < ends for begins, ends in (g.valid for g in good))


def _anchored(anchors: Iterable[str]) -> Callable[[DNSKEY], bool]:
    records = set(anchor_records(anchors))
    entered = _entered_by({r for r in records if isinstance(r, DS)}, ".")
    return lambda key: key in records or entered(key)


def anchor_records(anchors: Iterable[str]) -> list[dns.rdata.Rdata]:
    """Return the records of trust anchors that are written as in a zone file."""
    read = (dns.zonefile.read_rrsets(line, rdclass=None, default_ttl=0) for line in anchors)
    return [rdata for rrsets in read for rrset in rrsets for rdata in rrset]


def _entered_by(ds: set[DS], zone: str) -> Callable[[DNSKEY], bool]:
    name = dns.name.from_text(zone)
    return lambda key: any(matches(d, key, name) for d in ds)
