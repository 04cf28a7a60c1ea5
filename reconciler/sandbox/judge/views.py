"""Every mix of DS, DNSKEY and data that caches could hold together, with its verdict over time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

import dns.dnssec
import dns.name
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS

from reconciler.sandbox.judge.answers import Content, SignedSet
from reconciler.sandbox.judge.history import Kept
from reconciler.sandbox.judge.profiles import DsFact, Facts
from reconciler.sandbox.judge.signatures import Good, Verifier, ds_of, keys_of, matches
from reconciler.sandbox.judge.spans import Span, intersect

Signers = frozenset[DNSKEY]
"""The keys whose signature over one RRset is good at an instant."""


@dataclass(frozen=True, slots=True)
class Mix:
    """A DS answer, a DNSKEY answer and a data answer that one validator may put together."""

    ds: Kept
    dnskey: Kept
    data: Kept

    @property
    def parts(self) -> tuple[Kept, Kept, Kept]:
        """The three answers."""
        return self.ds, self.dnskey, self.data


Identity = tuple[bytes, bytes, bytes, str, Signers, tuple[Signers, ...]]
"""What makes two mixes the same: their records and who signs validly, not RRSIG octets or TTLs."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One mix at one instant: its identity, and the facts that any profile judges."""

    identity: Identity
    facts: Facts


@dataclass(slots=True)
class Validator:
    """Finds the facts of a mix at an instant. Everything but the time is worked out once.

    `parent` is the parent zone and the keys it was proven to have; None takes DS on trust.
    """

    zone: dns.name.Name
    verifier: Verifier
    parent: tuple[dns.name.Name, frozenset[DNSKEY]] | None
    _good: dict[tuple[bytes, bytes], tuple[Good, ...]] = field(default_factory=dict)
    _glances: dict[tuple[object, ...], Glance] = field(default_factory=dict)

    def bounds(self, mix: Mix) -> Iterator[datetime]:
        """Yield the instants at which some good signature in the mix begins or ends."""
        for good in (*self._proofs_of_ds(mix), self._self_signed(mix), *self._proofs_of_data(mix)):
            for signature in good:
                yield from signature.valid

    def glance(self, mix: Mix, at: datetime) -> Glance:
        """Return the mix as a validator finds it at an instant."""
        ds_problem = self._ds_problem(mix, at)
        keys_signers = _signers(self._self_signed(mix), at)
        data_signers = tuple(_signers(good, at) for good in self._proofs_of_data(mix))
        place = (*(part.content.key for part in mix.parts), ds_problem, keys_signers, data_signers)
        if place not in self._glances:
            ds, keys, data = (part.content.plain for part in mix.parts)
            identity = (ds, keys, data, ds_problem, keys_signers, data_signers)
            facts = self._facts(mix, ds_problem, keys_signers, data_signers)
            self._glances[place] = Glance(identity, facts)
        return self._glances[place]

    def _facts(
        self, mix: Mix, ds_problem: str, signers: Signers, data: tuple[Signers, ...]
    ) -> Facts:
        return Facts(
            ds=tuple(
                DsFact(
                    algorithm=d.algorithm,
                    digest_type=d.digest_type,
                    chained=any(matches(d, key, self.zone) for key in signers),
                )
                for d in ds_of(mix.ds.content)
            ),
            key_algorithms=frozenset(int(k.algorithm) for k in keys_of(mix.dnskey.content)),
            signs_keys=frozenset(int(k.algorithm) for k in signers),
            signs_data=tuple(frozenset(int(k.algorithm) for k in s) for s in data),
            ds_problem=ds_problem,
            data_problem=mix.data.content.problem,
        )

    def _ds_problem(self, mix: Mix, at: datetime) -> str:
        if self.parent is None:
            return ""
        if mix.ds.content.problem:
            return f"the parent's answer for DS: {mix.ds.content.problem}"
        signed = all(_signers(good, at) for good in self._proofs_of_ds(mix))
        return "" if signed else "no key of the parent signs its answer for DS"

    def _proofs_of_ds(self, mix: Mix) -> list[tuple[Good, ...]]:
        if self.parent is None:
            return []
        zone, keys = self.parent
        sets = mix.ds.content.sets
        return [self._signatures(s, mix.ds, b"parent", zone, keys) for s in sets] or [()]

    def _self_signed(self, mix: Mix) -> tuple[Good, ...]:
        content = mix.dnskey.content
        if not content.positive:
            return ()
        keys = keys_of(content)
        return self._signatures(content.sets[0], mix.dnskey, content.plain, self.zone, keys)

    def _proofs_of_data(self, mix: Mix) -> list[tuple[Good, ...]]:
        content = mix.dnskey.content
        keys = keys_of(content)
        sets = mix.data.content.sets
        return [self._signatures(s, mix.data, content.plain, self.zone, keys) for s in sets]

    def _signatures(
        self,
        signed: SignedSet,
        part: Kept,
        keys_id: bytes,
        zone: dns.name.Name,
        keys: Iterable[DNSKEY],
    ) -> tuple[Good, ...]:
        place = (signed.key, keys_id)
        if place not in self._good:
            self._good[place] = self.verifier.good(signed, keys, zone, part.since)
        return self._good[place]


def _signers(good: Iterable[Good], at: datetime) -> Signers:
    return frozenset(g.key for g in good if g.valid[0] <= at < g.valid[1])


def mixes(
    ds: Sequence[Kept], dnskey: Sequence[Kept], data: Sequence[Kept]
) -> Iterator[tuple[Mix, Span]]:
    """Yield every mix with each stretch of time in which caches could hold all of it."""
    for one in ds:
        for two in dnskey:
            together = intersect(one.spans, two.spans)
            if not together:
                continue
            for three in data:
                mix = Mix(one, two, three)
                for span in intersect(together, three.spans):
                    yield mix, span


def segments(span: Span, bounds: Iterable[datetime], until: datetime) -> Iterator[Span]:
    """Cut a span at the bounds inside it; what lies after `until` was not seen and is not cut."""
    begins, ends = span
    return pairwise(
        sorted({begins, ends, *(b for b in bounds if begins < b < ends and b <= until)})
    )


def describe_ds(content: Content) -> str:
    """Return the DS RRset in a line: `13/2 tag 12345`, or `none`."""
    return ", ".join(map(_describe_one_ds, ds_of(content))) or "none"


def _describe_one_ds(ds: DS) -> str:
    return f"{ds.algorithm}/{ds.digest_type} tag {ds.key_tag}"


def describe_keys(content: Content, signers: Signers) -> str:
    """Return the DNSKEY RRset in a line, `*` after the keys whose signature over it is good."""
    keys = (k for k in content.asked() if isinstance(k, DNSKEY))
    texts = (
        f"{k.flags}/{k.algorithm} tag {dns.dnssec.key_id(k)}{'*' if k in signers else ''}"
        for k in keys
    )
    return ", ".join(texts) or "none"


def describe_data(content: Content, signers: Sequence[Signers]) -> str:
    """Return the data in a line with the tags of the keys that sign all of it."""
    common = frozenset.intersection(*signers) if signers else frozenset()
    tags = ", ".join(str(t) for t in sorted(dns.dnssec.key_id(k) for k in common))
    return f"{content.text()} signed by {tags or 'no key of this DNSKEY RRset'}"
