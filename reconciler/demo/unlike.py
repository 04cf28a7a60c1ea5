"""What the sandbox cannot be made to do, said plainly."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.demo.plan_facts import PlanFacts
from reconciler.model.desired import DenialKind
from reconciler.model.durations import duration_words
from reconciler.model.keys import Key, KeyRole, UnmatchedDs
from reconciler.model.moves import op
from reconciler.model.observed import ObservedZone
from reconciler.model.timeline import (
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Timeline,
    Version,
)
from reconciler.sandbox.judge.profiles import profile_named
from reconciler.sandbox.keymaker import ALGORITHMS, DIGEST_TYPES

ROLES = {256: KeyRole.ZSK, 257: KeyRole.KSK}
"""The flags that keys of the sandbox can have, and the role that a symbol asks for by them."""
LONGEST = 157680000
"""Seconds that a rehearsal may take: five years, within which nothing is signed anew."""
_OPS = frozenset(
    {
        "dnskey.add",
        "dnskey.remove",
        "dnskey.sign",
        "dnskey.set",
        "data.sign",
        "zone.sign",
        "zone.unsign",
        "ds.replace",
        "ds.add",
        "ds.remove",
        "ns.set",
        "apex_ns.set",
        "cds.set",
        "denial.set",
        "ttl.set",
        "roll.start",
        "ds.confirm",
    }
)
"""What the sandbox's signer and registrar can be asked for, and what a signer is only told."""


def reasons(facts: PlanFacts, observed: ObservedZone | None) -> Iterator[str]:
    """Yield in sentences what of a plan the sandbox cannot play."""
    yield from _zone(facts)
    yield from _notkeys_of(facts.timeline)
    yield from _moves(facts)
    yield from _length(facts)
    yield from _times(facts)
    yield from _delegation(facts)
    for version in facts.timeline.versions:
        yield from _of_version(version)
    yield from _denial(observed)


def _zone(facts: PlanFacts) -> Iterator[str]:
    if not facts.zone.strip(".").count("."):
        yield "the sandbox has no zones directly below the root"
    if not facts.signers:
        yield "the timeline names no signer"
    for name in facts.timeline.profiles:
        try:
            profile_named(name)
        except ValueError as error:
            yield str(error)


def _notkeys_of(timeline: Timeline) -> Iterator[str]:
    for label, key in timeline.keys.items():
        if key.algorithm not in ALGORITHMS and isinstance(key, Key):
            known = ", ".join(str(number) for number in sorted(ALGORITHMS))
            yield f"{label} has algorithm {key.algorithm}; the sandbox makes keys of {known}"
        if isinstance(key, Key) and key.flags not in ROLES:
            yield f"{label} has flags {key.flags}; the sandbox makes keys with 256 and 257"
        if isinstance(key, UnmatchedDs) and key.rdata is None:
            yield f"nobody knows what stands in {label}, a DS that fits no key"


def _moves(facts: PlanFacts) -> Iterator[str]:
    for step in facts.steps:
        for asked in sorted({op(move) for move in step.moves} - _OPS):
            yield f"{step.id}: nothing in the sandbox can be asked for {asked}"


def _length(facts: PlanFacts) -> Iterator[str]:
    """Virtual time is not free: the world signs anew and every change is looked at."""
    waits = sum(max((need.wait_min for need in step.needs), default=0) for step in facts.steps)
    if waits > LONGEST:
        yield f"the plan takes {duration_words(waits)}, longer than signatures of the sandbox live"


def _times(facts: PlanFacts) -> Iterator[str]:
    """One TTL and one bound for each RRset is all that the sandbox knows, unless a step sets it."""
    told = facts.told_ttls
    for kind, signer in facts.slots:
        where = f"{kind} at {signer or 'the parent'}"
        for empty in (False, True):
            if len(facts.ttls(kind, signer, empty=empty)) > 1 and (kind, signer) not in told:
                yield f"the TTL of {where} changes; in the sandbox it stands still"
        if len(facts.delays(kind, signer)) > 1:
            yield f"{where} has more than one propagation bound; in the sandbox it has one"
    for name in facts.signers:
        data, keys = (facts.delays(k, name) for k in (RRsetKind.DATA, RRsetKind.DNSKEY))
        if data and keys and data != keys:
            yield f"{name} takes time to sign everything anew; signers of the sandbox take none"


def _delegation(facts: PlanFacts) -> Iterator[str]:
    sets = [v.signers for v in facts.timeline.versions if isinstance(v, NsVersion)]
    for name in sorted(frozenset[str]().union(*sets) - set(facts.signers)):
        yield f"an NS RRset names {name}, and the timeline tells nothing of {name}"


def _of_version(version: Version) -> Iterator[str]:
    if isinstance(version, DnskeyVersion | DataVersion) and version.expires is not None:
        yield f"signatures at {version.signer} run out; those of the sandbox are refreshed"
    if isinstance(version, DsVersion) and any(
        r.digest_type not in DIGEST_TYPES for r in version.ds
    ):
        yield f"the sandbox knows digest types {', '.join(map(str, sorted(DIGEST_TYPES)))} only"


def _denial(observed: ObservedZone | None) -> Iterator[str]:
    for name, facts in observed.signers.items() if observed else ():
        if facts.denial.kind is DenialKind.COMPACT:
            yield f"{name} answers with compact denial; the sandbox has NSEC and NSEC3"
        if facts.denial.opt_out:
            yield f"{name} uses opt-out; the sandbox does not"
