"""Builders of desired state and observations, in the words of the tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from types import MappingProxyType
from typing import Any

import pytest

from reconciler.model.capabilities import DsWrite, ParentCapabilities, SignerCapabilities
from reconciler.model.desired import Denial, DesiredZone, DnssecPolicy, KeyScheme
from reconciler.model.keys import DsRef, Key, KeyEntry, KeyRole, UnmatchedDs
from reconciler.model.moves import (
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsAdd,
    DsRemove,
    DsReplace,
    Move,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.model.observed import Cds, ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import Need, Rollback, ZonePlan
from reconciler.model.timeline import (
    DataVersion,
    DnskeyVersion,
    DsVersion,
    RRsetKind,
    Slot,
    Timeline,
    Version,
    slot,
)

Clock = Mapping[str, int]
"""When each step is taken, seconds from the observation."""

HOUR = 3600
DAY = 86400
AT = datetime(2026, 11, 21, 23, tzinfo=UTC)
ROLES = {"k": KeyRole.KSK, "z": KeyRole.ZSK, "c": KeyRole.CSK, "x": KeyRole.ZSK}


@dataclass(frozen=True)
class Times:
    """Every TTL and delay of a world, seconds."""

    ds: int = HOUR
    ds_negative: int = 900
    ns: int = DAY
    parent: int = HOUR
    dnskey: int = HOUR
    data: int = DAY
    negative: int = HOUR
    child: int = 300
    signing: int = 0


USUAL = Times()
REPLACING = ParentCapabilities()


def key_of(label: str) -> KeyEntry:
    """`k1`: KSK, generation 1, algorithm 13; `k2@8`: algorithm 8; `dead`: a DS without key."""
    name, _, algorithm = label.partition("@")
    number = int(algorithm) if algorithm else 13
    if name.startswith("dead"):
        return UnmatchedDs(label=label, algorithm=number, rdata=f"7 {number} 2 00")
    return Key(
        label=label,
        algorithm=number,
        flags=ROLES[name[0]].flags,
        public_key=label.encode(),
        home="a",
        generation=int(name[1:] or 1),
    )


def name(label: str) -> str:
    """How the desired state names a key: by algorithm and tag."""
    key = key_of(label)
    assert isinstance(key, Key)
    return f"{key.algorithm}/{key.tag}"


def observe(
    *,
    ds: Iterable[str] = (),
    keys: Iterable[str] = (),
    signed_by: Iterable[str] | None = None,
    data: Iterable[str] = (),
    held: Iterable[str] = (),
    digests: Iterable[int] = (2,),
    times: Times = USUAL,
    settled: bool = True,
    history: tuple[Version, ...] = (),
    parent: ParentCapabilities = REPLACING,
    signer: SignerCapabilities | None = None,
    cds: Cds = None,
    entries: Iterable[KeyEntry] = (),
) -> ObservedZone:
    """One zone at signer `a`; `signed_by` defaults to the KSKs and CSKs among `keys`."""
    keys, ds, data = tuple(keys), tuple(ds), tuple(data)
    given = {entry.label: entry for entry in entries}
    labels = {*ds, *keys, *data, *held, *(signed_by or ())} - given.keys()
    known = {label: key_of(label) for label in sorted(labels)} | given
    if signed_by is None:
        signed_by = [label for label in keys if label[0] in "kc"]
    capabilities = signer or SignerCapabilities(
        algorithms=frozenset({8, 13, 15}), foreign_zsk=True, foreign_ksk=True
    )
    return ObservedZone(
        zone="example.com.",
        at=AT,
        keys=known,
        parent=ParentFacts(
            ds=frozenset(DsRef(label, digest) for label in ds for digest in digests),
            ds_ttl=times.ds,
            ds_negative_ttl=times.ds_negative,
            ns=frozenset({"a"}),
            ns_ttl=times.ns,
            propagation_delay=times.parent,
            capabilities=parent,
        ),
        signers={
            "a": SignerFacts(
                dnskeys=frozenset(keys),
                krrsig=frozenset(signed_by),
                zrrsig=frozenset(data),
                cds=cds,
                ns=frozenset({"a"}),
                denial=Denial(),
                dnskey_ttl=times.dnskey,
                max_zone_ttl=times.data,
                negative_ttl=times.negative,
                ns_ttl=times.ns,
                propagation_delay=times.child,
                signing_delay=times.signing,
                signatures=SignatureFacts(),
                capabilities=capabilities,
            )
        },
        settled=settled,
        history=history,
    )


def desire(
    *,
    signed: bool = True,
    scheme: KeyScheme = KeyScheme.SPLIT,
    algorithm: int = 13,
    signers: tuple[str, ...] = ("a",),
    ksk: int | None = None,
    zsk: int | None = None,
    csk: int | None = None,
    **policy: object,
) -> DesiredZone:
    """Desired state; generations left out mean: keep."""
    asked = {KeyRole.KSK: ksk, KeyRole.ZSK: zsk, KeyRole.CSK: csk}
    base = DnssecPolicy(name="p", algorithm=algorithm, keys=scheme)
    return DesiredZone(
        zone="example.com.",
        owner="o",
        policy=replace(base, **policy),  # type: ignore[arg-type]
        signed=signed,
        signers=signers,
        parent="p",
        generations={role: n for role, n in asked.items() if n is not None},
    )


NEVER = float("inf")

State = Any
"""What an RRset holds, by its kind: DS, (keys, signers), or signers."""


@dataclass(frozen=True)
class Seen:
    """A version and the half-open interval in which some cache may hold it, seconds."""

    version: Version
    start: float
    end: float
    new: bool


def earliest(plan: ZonePlan | Rollback, delays: Mapping[str, int] = MappingProxyType({})) -> Clock:
    """When each step is taken if nobody loses a second, but for the `delays` given."""
    times: dict[str, int] = {}
    for step in plan.steps:
        ready = [times[n.step] + n.wait_min if n.step else n.wait_min for n in step.needs]
        times[step.id] = max([0, *ready]) + delays.get(step.id, 0)
    return times


def shorten(plan: ZonePlan, step: str, need: Need) -> ZonePlan:
    """The same plan with one second taken off one wait."""
    less = replace(need, wait_min=need.wait_min - 1)
    return replace(
        plan,
        steps=tuple(
            replace(s, needs=tuple(less if n == need else n for n in s.needs))
            if s.id == step
            else s
            for s in plan.steps
        ),
    )


def seen(
    timeline: Timeline, times: Clock, partial: Iterable[Version] = ()
) -> dict[RRsetKind, list[Seen]]:
    """When some cache may hold each version (planning.md section 2), by kind of RRset."""
    by_slot: dict[Slot, list[Version]] = {}
    for version in timeline.versions:
        by_slot.setdefault(slot(version), []).append(version)
    found: dict[RRsetKind, list[Seen]] = {}
    for which, versions in by_slot.items():
        begins = [times[v.step] if v.step else (-NEVER if v.at is None else v.at) for v in versions]
        assert begins == sorted(set(begins)), "versions are in order, no two at one instant"
        for i, version in enumerate(versions):
            end = NEVER
            if i + 1 < len(versions):
                end = begins[i + 1] + versions[i + 1].propagation + version.ttl
            entry = Seen(version, begins[i], end, new=version.step is not None)
            found.setdefault(which[0], []).append(entry)
    for version in partial:
        assert version.step
        begin = times[version.step]
        end = begin + version.propagation + version.ttl
        found[slot(version)[0]].append(Seen(version, begin, end, new=True))
    return found


def usable(profile: str, timeline: Timeline, ds: frozenset[DsRef]) -> frozenset[DsRef]:
    """The DS that count in a profile (planning.md section 3)."""
    digests = {ref.digest_type for ref in ds}
    if profile == "sha1-ignored" and digests - {1}:
        return frozenset(r for r in ds if r.digest_type != 1)
    if profile == "top-digest":
        return frozenset(r for r in ds if r.digest_type == max(digests & {1, 2, 4}))
    if profile.startswith("without-alg"):
        number = int(profile[12:-1])
        return frozenset(r for r in ds if timeline.keys[r.key].algorithm != number)
    return ds


def verdict(
    profile: str, timeline: Timeline, ds: DsVersion, dnskey: DnskeyVersion, data: DataVersion
) -> str:
    """What a validator says about one view, written anew from planning.md section 3."""
    counts = usable(profile, timeline, ds.ds) if ds.ds else ds.ds
    if not counts and not ds.unknown:
        return "insecure"
    if ds.unknown or dnskey.unknown or data.unknown:
        return "bogus"
    keys = {k: timeline.keys[k] for k in dnskey.keys}
    good = {k for k, e in keys.items() if isinstance(e, Key) and e.is_zone_key}
    anchors = {r.key for r in counts}
    strict = profile in ("ds-alg", "top-digest", "rfc4035")
    asked = {timeline.keys[r.key].algorithm for r in counts} if strict else {None}
    chains = [(algorithm, anchors) for algorithm in asked]
    if profile == "rfc4035":
        chains += [(entry.algorithm, set(keys)) for entry in keys.values()]
    for algorithm, entries in chains:
        fits = {k for k in good if algorithm in (None, keys[k].algorithm)}
        if not fits & entries & dnskey.signed_by or not fits & data.signed_by:
            return "bogus"
    return "secure"


def bad_views(
    timeline: Timeline, times: Clock, partial: Iterable[Version] = ()
) -> list[tuple[str, str, tuple[Version, ...]]]:
    """Every view of some cache that a step made bogus, or insecure unasked."""
    caches = seen(timeline, times, partial)
    bad = []
    for views in product(caches[RRsetKind.DS], caches[RRsetKind.DNSKEY], caches[RRsetKind.DATA]):
        if max(s.start for s in views) >= min(s.end for s in views):
            continue
        if not any(s.new for s in views):
            continue
        for profile in timeline.profiles:
            said = verdict(profile, timeline, *(s.version for s in views))  # type: ignore[arg-type]
            if said == "bogus" or (said == "insecure" and not timeline.insecure_allowed):
                bad.append((profile, said, tuple(s.version for s in views)))
    return bad


def partial_versions(plan: ZonePlan | Rollback) -> list[Version]:
    """What each RRset shows while only some of a step's moves have landed."""
    assert plan.timeline is not None
    now: dict[Slot, Version] = {}
    found: list[Version] = []
    for version in plan.timeline.versions:
        if version.step is None:
            now[slot(version)] = version
    for step in plan.steps:
        after = {slot(v): v for v in plan.timeline.versions if v.step == step.id}
        for name, version in after.items():
            states = {content(now[name])}
            for move in step.moves:
                states |= {landed(move, name, state) for state in states}
            assert content(version) in states, "the version is what its moves make"
            for state in states - {content(now[name]), content(version)}:
                held = [v for v in (now[name], version) if any(content(v)) == any(state)]
                life = max(v.ttl for v in held or (now[name], version))
                found.append(with_content(replace(version, ttl=life), state))
        now |= after
    return found


def content(version: Version) -> State:
    """What is in a version, as sets."""
    match version:
        case DsVersion(ds=ds):
            return ds
        case DnskeyVersion(keys=keys, signed_by=signed_by):
            return keys, signed_by
        case DataVersion(signed_by=signed_by):
            return signed_by
        case _:
            return None


def with_content(version: Version, state: State) -> Version:
    """The same version with other content."""
    match version:
        case DsVersion():
            return replace(version, ds=state)
        case DnskeyVersion():
            return replace(version, keys=state[0], signed_by=state[1])
        case DataVersion():
            return replace(version, signed_by=state)
        case _:
            return version


def landed(move: Move, name: Slot, state: State) -> State:  # noqa: C901, PLR0911, PLR0912 - one line per move
    """What an RRset holds once one move has landed."""
    match name[0], move:
        case "DS", DsReplace(ds=ds):
            return ds
        case "DS", DsAdd(ds=ref):
            return state | {ref}
        case "DS", DsRemove(ds=ref):
            return state - {ref}
        case "DNSKEY", DnskeyAdd(key=key, sign=sign):
            return state[0] | {key}, state[1] | ({key} if sign else set())
        case "DNSKEY", DnskeyRemove(key=key):
            return state[0] - {key}, state[1] - {key}
        case "DNSKEY", DnskeySign(keys=keys):
            return state[0], keys
        case "DNSKEY", DnskeySet(keys=keys, signed_by=signed_by):
            return keys, signed_by
        case "DNSKEY", ZoneSign(keys=keys):
            return keys, frozenset(k for k in keys if k[0] in "kc")
        case "DNSKEY", ZoneUnsign():
            return frozenset(), frozenset()
        case "data", DataSign(keys=keys):
            return keys
        case "data", ZoneSign(keys=keys):
            return frozenset(k for k in keys if k[0] in "zc")
        case "data", ZoneUnsign():
            return frozenset()
        case _:
            return state


def after(start: ObservedZone, plan: ZonePlan, taken: int) -> ObservedZone:
    """What is observed just after the first `taken` steps, at their earliest times."""
    assert plan.timeline
    if not taken:
        return start
    times = earliest(plan)
    origin = times[plan.steps[taken - 1].id]
    done = {step.id for step in plan.steps[:taken]}
    history: list[Version] = []
    current: dict[Slot, Version] = {}
    for version in plan.timeline.versions:
        if version.step is None or version.step in done:
            at = version.at if version.step is None else times[version.step]
            shown = replace(version, step=None, at=None if at is None else at - origin)
            current[slot(version)] = shown
            history.append(shown)
    part = start.signers["a"]
    ds = current[RRsetKind.DS, None]
    dnskey = current[RRsetKind.DNSKEY, "a"]
    data = current[RRsetKind.DATA, "a"]
    assert isinstance(ds, DsVersion)
    assert isinstance(dnskey, DnskeyVersion)
    assert isinstance(data, DataVersion)
    signer = replace(part, dnskeys=dnskey.keys, krrsig=dnskey.signed_by, zrrsig=data.signed_by)
    return replace(
        start,
        keys=dict(start.keys) | dict(plan.timeline.keys),
        parent=replace(start.parent, ds=ds.ds),
        signers={"a": signer},
        settled=False,
        history=tuple(history),
    )


class Builders:
    """What tests build their worlds from, handed to them as the fixture `b`."""

    HOUR = HOUR
    DAY = DAY
    CSK = KeyScheme.CSK
    AT_ONCE = SignerCapabilities(algorithms=frozenset({8, 13, 15}), sets_dnskeys=True)
    ONE_AT_A_TIME = ParentCapabilities(write=DsWrite.ONE_AT_A_TIME)
    Times = Times
    observe = staticmethod(observe)
    desire = staticmethod(desire)
    after = staticmethod(after)
    earliest = staticmethod(earliest)
    shorten = staticmethod(shorten)
    bad_views = staticmethod(bad_views)
    partial_versions = staticmethod(partial_versions)
    key_of = staticmethod(key_of)
    name = staticmethod(name)

    @staticmethod
    def signed(**more: object) -> ObservedZone:
        """A zone with KSK k1 and ZSK z1, secure."""
        return observe(**{"ds": ["k1"], "keys": ["k1", "z1"], "data": ["z1"]} | more)  # type: ignore[arg-type]

    @staticmethod
    def signed_csk(**more: object) -> ObservedZone:
        """A zone with CSK c1, secure."""
        return observe(**{"ds": ["c1"], "keys": ["c1"], "data": ["c1"]} | more)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def b() -> Builders:
    """Builders of worlds."""
    return Builders()
