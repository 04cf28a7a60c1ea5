"""On small worlds the proof agrees with brute force, in both directions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise, product
from typing import TypeVar

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from reconciler.model.keys import DsRef
from reconciler.model.moves import (
    ApexNsSet,
    CdsSet,
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsAdd,
    DsConfirm,
    DsRemove,
    DsReplace,
    Move,
    NsSet,
    TtlSet,
)
from reconciler.model.plan import Malformed, Proved, Refuted, Step
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Timeline,
    Version,
    slot,
)
from reconciler.proof import prove
from tests.proof.simulator import PAST, Simulation
from tests.proof.worlds import keys, step

LATEST = 18
"""Steps are tried up to this second: later than any sum of the small figures drawn here."""

TTLS = st.integers(0, 3)
DELAYS = st.integers(0, 2)
WAITS = st.integers(0, 7)
PROFILES = ("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035", "without-alg(8)")


def allowed(steps: Sequence[Step], times: dict[str, int]) -> bool:
    """True if a schedule is within the needs."""
    return all(
        all(times[s.id] >= times.get(n.step or "", 0) + n.wait_min for n in s.needs)
        and all(times[s.id] <= times.get(d.step or "", 0) + d.wait_max for d in s.not_after)
        for s in steps
    )


def schedules(steps: Sequence[Step]) -> Iterator[dict[str, int]]:
    for instants in product(range(LATEST + 1), repeat=len(steps)):
        times = {s.id: instant for s, instant in zip(steps, instants, strict=True)}
        if allowed(steps, times):
            yield times


def agree(steps: Sequence[Step], timeline: Timeline) -> None:
    verdict = prove(steps, timeline)
    assume(not isinstance(verdict, Malformed))
    event(type(verdict).__name__)
    if isinstance(verdict, Refuted):
        assert allowed(steps, dict(verdict.schedule))
        bad = Simulation(timeline, steps, verdict.schedule).bad()
        matching = [b for b in bad if (b.profile, b.verdict) == (verdict.profile, verdict.verdict)]
        last = verdict.begins if verdict.ends is None else verdict.ends - 1
        for instant in (verdict.begins, last):
            assert any(b.when >> PAST + instant & 1 for b in matching)
        return
    tried = list(schedules(steps))
    for times in tried:
        assert not Simulation(timeline, steps, times).bad(), times
    soonest = {s.id: min(times[s.id] for times in tried) for s in steps}
    assert isinstance(verdict, Proved)
    assert verdict.exposure_until == Simulation(timeline, steps, soonest).exposure()


V = TypeVar("V", bound=Version)
REFS = tuple(DsRef(label, kind) for label, kind in (("k1", 2), ("k2", 2), ("k1", 1), ("k2", 4)))
LABELS = st.frozensets(st.sampled_from(["k1", "k2"]))
SOME = st.frozensets(st.sampled_from(["k1", "k2"]), min_size=1)
EXPIRES = st.one_of(st.none(), st.none(), st.none(), st.integers(-2, 12))


def with_figures(draw: st.DrawFn, version: V) -> V:
    return replace(version, ttl=draw(TTLS), propagation=draw(DELAYS))


def begun(draw: st.DrawFn, before: Version, version: V) -> V:
    """The version with a TTL that a step may give it: most often the one there was."""
    free = isinstance(version, DsVersion) and version.ds != getattr(before, "ds", None)
    told = isinstance(version, DnskeyVersion | DataVersion) or getattr(version, "signer", None)
    if free or (told and draw(st.integers(0, 3)) == 0):
        return with_figures(draw, version)
    return replace(version, ttl=before.ttl, propagation=draw(DELAYS))


@st.composite
def lane(draw: st.DrawFn, names: Sequence[str], start: Version) -> list[Version]:
    """A start version, perhaps some history, and versions of some of the steps."""
    found = [with_figures(draw, start)]
    if draw(st.integers(0, 5)) == 0:
        found[0] = replace(changed(draw, found[0]), unknown=draw(st.booleans()))
        found.append(with_figures(draw, replace(start, at=draw(st.integers(-4, 0)))))
    for name in names:
        if draw(st.booleans()):
            after = changed(draw, replace(found[-1], step=name, at=0))
            found.append(begun(draw, found[-1], after))
    return found


def changed(draw: st.DrawFn, version: Version) -> Version:
    """The same version with some other content."""
    match version:
        case DsVersion():
            return replace(version, ds=draw(st.frozensets(st.sampled_from(REFS), max_size=2)))
        case DnskeyVersion():
            expires = draw(EXPIRES)
            return replace(version, keys=draw(SOME), signed_by=draw(SOME), expires=expires)
        case DataVersion():
            return replace(version, signed_by=draw(SOME), expires=draw(EXPIRES))
        case CdsVersion():
            if draw(st.booleans()):
                return replace(version, cds="delete")
            return replace(version, cds=draw(st.frozensets(st.sampled_from(REFS))))
        case NsVersion():
            return replace(version, signers=draw(st.frozensets(st.sampled_from(["a", "b"]))))


def moves_between(draw: st.DrawFn, before: Version, after: Version) -> Iterator[Move]:
    """Moves that make `after` of `before`; a signer may also do it by itself."""
    told = before.ttl != after.ttl
    match before, after:
        case DsVersion(), DsVersion():
            if draw(st.booleans()):
                yield DsReplace(ds=after.ds)
            else:
                yield from (DsAdd(ds=ref) for ref in sorted(after.ds - before.ds))
                yield from (DsRemove(ds=ref) for ref in sorted(before.ds - after.ds))
        case DnskeyVersion(), DnskeyVersion() if draw(st.integers(0, 3)) == 3:
            yield DnskeySet(signer=after.signer, keys=after.keys, signed_by=after.signed_by)
        case DnskeyVersion(), DnskeyVersion() if told or draw(st.booleans()):
            yield from (
                DnskeyAdd(signer=after.signer, key=key, sign=False)
                for key in sorted(after.keys - before.keys)
            )
            gone = sorted(before.keys - after.keys)
            yield from (DnskeyRemove(signer=after.signer, key=key) for key in gone)
            yield DnskeySign(signer=after.signer, keys=after.signed_by)
        case DataVersion(), DataVersion() if told or draw(st.booleans()):
            yield DataSign(signer=after.signer, keys=after.signed_by)
        case _, NsVersion(signer=None):
            yield NsSet(signers=after.signers)
        case _, NsVersion(signer=str() as signer):
            yield ApexNsSet(signer=signer, signers=after.signers)
        case _, CdsVersion() if draw(st.booleans()):
            yield CdsSet(signer=after.signer, cds=after.cds)
        case _:
            pass
    kind, place = slot(after)
    if told and place is not None:
        yield TtlSet(signer=place, rrset=kind, ttl=after.ttl)


def told(draw: st.DrawFn, steps: Sequence[Step]) -> tuple[Step, ...]:
    """Sometimes the signer is told of a DS."""
    if draw(st.integers(0, 3)):
        return tuple(steps)
    move = DsConfirm(
        signer="a", key=draw(st.sampled_from(["k1", "k2"])), present=draw(st.booleans())
    )
    at = draw(st.sampled_from([s.id for s in steps]))
    return tuple(replace(s, moves=(*s.moves, move)) if s.id == at else s for s in steps)


def with_moves(
    draw: st.DrawFn, steps: Sequence[Step], lanes: Sequence[Sequence[Version]]
) -> tuple[Step, ...]:
    return tuple(
        replace(
            s,
            moves=tuple(
                move
                for lane in lanes
                for before, after in pairwise(lane)
                if after.step == s.id
                for move in moves_between(draw, before, after)
            ),
        )
        for s in steps
    )


@st.composite
def needs(draw: st.DrawFn) -> tuple[Step, ...]:
    """Two steps, the second after the first; sometimes a late start, sometimes a deadline."""
    first: dict[str | None, int] = {None: draw(WAITS)} if draw(st.booleans()) else {}
    wait = draw(WAITS)
    by: dict[str | None, int] = {"s1": wait + draw(DELAYS)} if draw(st.integers(0, 3)) == 0 else {}
    return step("s1", first), step("s2", {"s1": wait}, by=by)


NS = (
    NsVersion(ttl=3, propagation=1, signers=frozenset({"a"})),
    NsVersion(ttl=3, propagation=1, signer="a", signers=frozenset({"a"})),
)
CDS = CdsVersion(ttl=1, propagation=0, signer="a", cds=None, polled=True, processing_max=2)


def world(versions: Sequence[Version], profile: str, *, insecure_allowed: bool) -> Timeline:
    return Timeline(
        profiles=(profile,),
        assumptions=(),
        insecure_allowed=insecure_allowed,
        keys=keys("k1 k2:8"),
        versions=tuple(versions),
    )


@st.composite
def anything(draw: st.DrawFn) -> tuple[tuple[Step, ...], Timeline]:
    """One signer, any content at all."""
    steps = draw(needs())
    names = [s.id for s in steps]
    starts: list[Version] = [
        DsVersion(ttl=0, propagation=0, ds=frozenset(REFS[:1])),
        DnskeyVersion(
            ttl=0, propagation=0, signer="a", keys=draw(SOME), signed_by=frozenset({"k1"})
        ),
        DataVersion(ttl=0, propagation=0, signer="a", signed_by=frozenset({"k1"})),
    ]
    if draw(st.integers(0, 3)) == 0:
        starts.append(changed(draw, CDS))
    lanes = [draw(lane(names, start)) for start in starts]
    delegation: list[Version] = list(NS)
    if draw(st.integers(0, 3)) == 0:
        before = with_figures(draw, replace(NS[0], unknown=True, signers=frozenset()))
        delegation = [before, replace(NS[0], at=draw(st.integers(-3, 0))), NS[1]]
    versions = [*delegation, *(version for found in lanes for version in found)]
    profile = draw(st.sampled_from(PROFILES))
    timeline = world(versions, profile, insecure_allowed=draw(st.booleans()))
    return told(draw, with_moves(draw, steps, lanes)), timeline


def rolled(draw: st.DrawFn, kind: str) -> list[list[Version]]:
    """A rollover from k1 to k2 that is safe if its waits are long enough."""
    both, old, new = frozenset({"k1", "k2"}), frozenset({"k1"}), frozenset({"k2"})
    dnskey = DnskeyVersion(ttl=0, propagation=0, signer="a", keys=both, signed_by=both)
    data = DataVersion(ttl=0, propagation=0, signer="a", signed_by=both)
    ds = DsVersion(ttl=0, propagation=0, ds=frozenset(REFS[:1]))
    ds_new = frozenset(REFS[1:2])
    shapes: dict[str, list[list[Version]]] = {
        "double-signature": [
            [ds, replace(ds, step="s2", ds=ds_new)],
            [replace(dnskey, keys=old, signed_by=old), replace(dnskey, step="s1")],
            [data],
        ],
        "retire": [
            [ds, replace(ds, step="s1", ds=ds_new)],
            [dnskey, replace(dnskey, step="s2", keys=new, signed_by=new)],
            [data, replace(data, step="s1", signed_by=new)],
        ],
        "double-ds": [
            [ds, replace(ds, step="s1", ds=ds.ds | ds_new)],
            [
                replace(dnskey, signed_by=old, keys=old),
                replace(dnskey, step="s2", keys=new, signed_by=new),
            ],
            [data],
        ],
        "pre-publication": [
            [replace(ds, ds=ds.ds | ds_new)],
            [replace(dnskey, keys=old), replace(dnskey, step="s1")],
            [replace(data, signed_by=old), replace(data, step="s2", signed_by=new)],
        ],
    }
    return [figured(draw, lane) for lane in shapes[kind]]


def figured(draw: st.DrawFn, versions: Sequence[Version]) -> list[Version]:
    """The lane with figures drawn for each version."""
    found = [with_figures(draw, versions[0])]
    for version in versions[1:]:
        found.append(begun(draw, found[-1], version))
    return found


@st.composite
def rollovers(draw: st.DrawFn) -> tuple[tuple[Step, ...], Timeline]:
    """One signer, waits about as long as they must be."""
    steps = draw(needs())
    kinds = ("double-signature", "retire", "double-ds", "pre-publication")
    lanes = rolled(draw, draw(st.sampled_from(kinds)))
    timeline = world(
        [*NS, *(version for found in lanes for version in found)],
        draw(st.sampled_from(PROFILES)),
        insecure_allowed=False,
    )
    return with_moves(draw, steps, lanes), timeline


@st.composite
def polled(draw: st.DrawFn) -> tuple[tuple[Step, ...], Timeline]:
    """The parent moves the DS from k1 to k2 by itself; CDS asks for that since lately, or at s1."""
    both, old, new = frozenset({"k1", "k2"}), frozenset(REFS[:1]), frozenset(REFS[1:2])
    lately = draw(st.booleans())
    limit = draw(st.integers(0, 3))
    dnskey = DnskeyVersion(ttl=0, propagation=0, signer="a", keys=both, signed_by=both)
    ds = DsVersion(ttl=0, propagation=0, ds=old)
    before = replace(CDS, cds=draw(st.sampled_from([None, old])), processing_max=limit)
    asked = replace(before, cds=new, step=None if lately else "s1", at=-1 if lately else 0)
    gone = replace(before, step="s1" if lately else "s2", at=0, cds=None)
    lanes: list[list[Version]] = [
        [ds, replace(ds, step="s1" if lately else "s2", ds=new)],
        [dnskey],
        [DataVersion(ttl=1, propagation=0, signer="a", signed_by=frozenset({"k2"}))],
        [before, asked, *([gone] if draw(st.booleans()) else [])],
    ]
    if lately and draw(st.booleans()):
        lanes[1].append(replace(dnskey, step="s2", keys=frozenset({"k2"})))
    drawn = [figured(draw, found) for found in lanes]
    steps = with_moves(draw, draw(needs()), drawn[1:])
    versions = [*NS, *(version for found in drawn for version in found)]
    timeline = world(versions, draw(st.sampled_from(["loose", "ds-alg"])), insecure_allowed=False)
    return told(draw, steps), replace(timeline, keys=keys("k1 k2"))


@st.composite
def migrations(draw: st.DrawFn) -> tuple[tuple[Step, ...], Timeline]:
    """Two signers: the delegation moves at s1, what served the old one goes at s2."""
    old, new, both = frozenset({"k1"}), frozenset({"k2"}), frozenset({"k1", "k2"})
    to_b = frozenset({"b"})
    sets = st.sampled_from([frozenset({"a"}), to_b, frozenset({"a", "b"})])
    ns = NsVersion(ttl=0, propagation=0, signers=frozenset({"a"}))
    dnskey_b = DnskeyVersion(ttl=0, propagation=0, signer="b", keys=both, signed_by=new)
    lanes: list[list[Version]] = [
        [ns, replace(ns, step="s1", signers=to_b)],
        [replace(ns, signer="a", signers=draw(sets))],
        [replace(ns, signer="b", signers=draw(sets))],
        [DsVersion(ttl=0, propagation=0, ds=frozenset(REFS[:2]))],
        [replace(dnskey_b, signer="a", signed_by=old, expires=draw(EXPIRES))],
        [dnskey_b],
        [DataVersion(ttl=0, propagation=0, signer="a", signed_by=old, expires=draw(EXPIRES))],
        [DataVersion(ttl=0, propagation=0, signer="b", signed_by=new)],
    ]
    if draw(st.booleans()):
        when = draw(st.sampled_from(["s1", "s2"]))
        lanes[1].append(replace(ns, step=when, signer="a", signers=draw(sets)))
    if draw(st.booleans()):
        lanes[3].append(DsVersion(ttl=0, propagation=0, step="s2", ds=frozenset(REFS[1:2])))
    if draw(st.booleans()):
        lanes[5].append(replace(dnskey_b, step="s2", keys=new))
    if draw(st.integers(0, 3)) == 0:
        lanes.append([changed(draw, replace(CDS, signer=draw(st.sampled_from(["a", "b"]))))])
    drawn = [figured(draw, found) for found in lanes]
    for found in drawn[:3]:
        if draw(st.integers(0, 5)) == 0:
            found[0] = replace(found[0], at=draw(st.integers(-3, 0)))
            found.insert(0, with_figures(draw, replace(ns, signer=slot(found[0])[1], unknown=True)))
    versions = [version for found in drawn for version in found]
    timeline = world(versions, draw(st.sampled_from(["loose", "ds-alg"])), insecure_allowed=False)
    timeline = replace(timeline, keys=keys("k1 k2"))
    return with_moves(draw, draw(needs()), drawn), timeline


@st.composite
def lingering(draw: st.DrawFn) -> tuple[tuple[Step, ...], Timeline]:
    """Three signers: a serves, and drops at s2 the key of c, to which NS sets may still lead."""
    both, old, new = frozenset({"k1", "k2"}), frozenset({"k1"}), frozenset({"k2"})
    sets = st.sampled_from([frozenset(names) for names in ("a", "ab", "b", "bc", "c", "abc")])
    ns = NsVersion(ttl=0, propagation=0, signers=frozenset({"a"}))
    dnskey = DnskeyVersion(ttl=0, propagation=0, signer="a", keys=both, signed_by=both)
    data = DataVersion(ttl=0, propagation=0, signer="a", signed_by=new)
    lanes: list[list[Version]] = [
        [DsVersion(ttl=0, propagation=0, ds=frozenset(REFS[:2]))],
        [dnskey, replace(dnskey, step="s2", keys=new, signed_by=new)],
        [replace(dnskey, signer="b")],
        [replace(dnskey, signer="c")],
        [data],
        [replace(data, signer="b")],
        [replace(data, signer="c", signed_by=old)],
    ]
    for place in (None, "a", "b", "c"):
        standing = replace(ns, signer=place, signers=ns.signers if place is None else draw(sets))
        found: list[Version] = [standing]
        if draw(st.booleans()):
            found = [replace(standing, signers=draw(sets)), replace(standing, at=-draw(DELAYS))]
        if draw(st.booleans()):
            found.append(replace(standing, step="s1", signers=draw(sets) if place else ns.signers))
        lanes.append(found)
    drawn = [figured(draw, found) for found in lanes]
    versions = [version for found in drawn for version in found]
    timeline = world(versions, "loose", insecure_allowed=False)
    timeline = replace(timeline, keys=keys("k1 k2"))
    return with_moves(draw, draw(needs()), drawn), timeline


SMALL = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@SMALL
@given(anything())
def test_any_small_world_is_judged_as_by_brute_force(
    drawn: tuple[tuple[Step, ...], Timeline],
) -> None:
    agree(*drawn)


@SMALL
@given(rollovers())
def test_a_rollover_with_any_waits_is_judged_as_by_brute_force(
    drawn: tuple[tuple[Step, ...], Timeline],
) -> None:
    agree(*drawn)


@SMALL
@given(polled())
def test_a_parent_that_polls_is_judged_as_by_brute_force(
    drawn: tuple[tuple[Step, ...], Timeline],
) -> None:
    agree(*drawn)


@SMALL
@given(migrations())
def test_a_migration_with_any_waits_is_judged_as_by_brute_force(
    drawn: tuple[tuple[Step, ...], Timeline],
) -> None:
    agree(*drawn)


@settings(SMALL, max_examples=20)
@given(lingering())
def test_three_signers_that_name_each_other_are_judged_as_by_brute_force(
    drawn: tuple[tuple[Step, ...], Timeline],
) -> None:
    agree(*drawn)
