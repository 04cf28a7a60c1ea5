"""Planner and proof meet again, on zones whose signers join, leave, move and roll."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.model.capabilities import (
    DsWrite,
    ParentCapabilities,
    SignerCapabilities,
    Signing,
)
from reconciler.model.desired import Denial, DesiredZone, DnssecPolicy, KeyScheme
from reconciler.model.keys import DsRef, Key, KeyRole
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import Proved, Refuted, Rollback, Status, ZonePlan
from reconciler.model.timeline import (
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Slot,
    Version,
    slot,
)
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

AT = datetime(2026, 11, 22, tzinfo=UTC)
SECONDS = st.sampled_from([1, 60, 300, 3600, 86400, 172800])
DELAYS = st.sampled_from([0, 1, 300, 3600])
NAMES = ("a", "b")
SETS = st.sampled_from([frozenset("a"), frozenset("b"), frozenset("ab")])
PATIENT = settings(
    max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


@dataclass(frozen=True)
class World:
    """A start and what is desired of it."""

    desired: DesiredZone
    observed: ObservedZone


def key(role: KeyRole, algorithm: int, home: str) -> Key:
    label = f"{role}-{home}"
    return Key(
        label=label,
        algorithm=algorithm,
        flags=role.flags,
        public_key=label.encode(),
        home=home,
        generation=1,
    )


@st.composite
def signers(
    draw: st.DrawFn, keys: Mapping[str, tuple[Key, ...]], together: frozenset[str], *, clean: bool
) -> dict[str, SignerFacts]:
    """Each signer as it should be among those in `together`, or by itself; `clean`: apexes too."""
    zone = {name: _signing(keys[name]) for name in NAMES}
    found = {}
    for name in NAMES:
        others = together - {name} if name in together else frozenset[str]()
        foreign = frozenset[str]().union(*(zone[other] for other in others))
        named = together if name in together else frozenset(name)
        found[name] = SignerFacts(
            dnskeys=frozenset(k.label for k in keys[name]) | (foreign if keys[name] else set()),
            krrsig=frozenset(k.label for k in keys[name] if k.is_sep),
            zrrsig=zone[name],
            cds=None,
            ns=named if clean else draw(SETS),
            denial=Denial(),
            dnskey_ttl=draw(SECONDS),
            max_zone_ttl=draw(SECONDS),
            negative_ttl=draw(SECONDS),
            ns_ttl=draw(SECONDS),
            propagation_delay=draw(DELAYS),
            signing_delay=draw(DELAYS),
            signatures=SignatureFacts(),
            capabilities=SignerCapabilities(
                algorithms=frozenset({8, 13}),
                foreign_zsk=draw(st.sampled_from([True, True, False])),
                foreign_ksk=draw(st.booleans()),
                sets_apex_ns=draw(st.sampled_from([True, True, False])),
                sets_dnskeys=draw(st.booleans()),
            ),
        )
    return found


def _signing(keys: Iterable[Key]) -> frozenset[str]:
    keys = tuple(keys)
    return frozenset(k.label for k in keys if not k.is_sep or len(keys) == 1)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    scheme = draw(st.sampled_from(list(KeyScheme)))
    algorithm = draw(st.sampled_from([8, 13]))
    signed = {name: draw(st.sampled_from([True, True, False])) for name in NAMES}
    keys = {
        name: tuple(key(role, algorithm, name) for role in scheme.roles) if signed[name] else ()
        for name in NAMES
    }
    delegated = draw(SETS)
    secure = all(signed[name] for name in delegated) and draw(st.booleans())
    observed = ObservedZone(
        zone="z.example.",
        at=AT,
        keys={k.label: k for of in keys.values() for k in of},
        parent=ParentFacts(
            ds=frozenset(
                DsRef(k.label, 2) for n in delegated for k in keys[n] if secure and k.is_sep
            ),
            ds_ttl=draw(SECONDS),
            ds_negative_ttl=draw(SECONDS),
            ns=delegated,
            ns_ttl=draw(SECONDS),
            propagation_delay=draw(DELAYS),
            capabilities=ParentCapabilities(sets_ns=True),
        ),
        signers=draw(signers(keys, delegated, clean=draw(st.booleans()))),
        content_equal={"a": frozenset("b")},
        settled=draw(st.sampled_from([True, True, False])),
    )
    return World(desired=draw(desires(scheme)), observed=observed)


@st.composite
def desires(draw: st.DrawFn, scheme: KeyScheme) -> DesiredZone:
    roles = draw(st.sets(st.sampled_from(scheme.roles)))
    return DesiredZone(
        zone="z.example.",
        owner="o",
        policy=DnssecPolicy(
            name="p",
            algorithm=draw(st.sampled_from([8, 13, 13])),
            keys=scheme,
            drop_strict=draw(st.booleans()),
        ),
        signed=draw(st.sampled_from([True, True, True, False])),
        signers=tuple(sorted(draw(SETS))),
        parent="p",
        generations={role: draw(st.integers(1, 2)) for role in sorted(roles)},
    )


@st.composite
def acting_worlds(draw: st.DrawFn) -> World:
    """Worlds in which the parent looks at CDS, or a signer rolls by itself, and TTLs may be set."""
    world = draw(worlds())
    observed, parent = world.observed, world.observed.parent
    polls = draw(st.booleans())
    can = replace(
        parent.capabilities,
        polls_cds=polls,
        bootstraps=True,
        write=draw(st.sampled_from([DsWrite.NONE, DsWrite.REPLACE])) if polls else DsWrite.REPLACE,
        processing_max=draw(st.sampled_from([0, 3600, 604800])),
    )
    listed = parent.ds if polls and draw(st.booleans()) else None
    facts = {}
    for name, signer in observed.signers.items():
        able = replace(
            signer.capabilities,
            sets_cds=draw(st.sampled_from([True, True, False])),
            sets_ttl=draw(st.booleans()),
            signing=draw(st.sampled_from([Signing.KEYS, Signing.KEYS, Signing.POLICY])),
        )
        facts[name] = replace(signer, capabilities=able, cds=listed or None)
    return replace(
        world,
        desired=replace(
            world.desired,
            policy=replace(
                world.desired.policy,
                publish_cds=draw(st.booleans()),
                lower_ttls=draw(st.booleans()),
            ),
        ),
        observed=replace(
            observed,
            signers=facts,
            settled=observed.settled or bool(listed),
            parent=replace(parent, capabilities=can),
        ),
    )


def planned(world: World) -> ZonePlan:
    plan = plan_zone(world.desired, world.observed)
    assume(plan.status is Status.PLANNED)
    assert plan.timeline is not None
    return plan


@PATIENT
@given(worlds())
def test_every_plan_of_two_signers_is_proved(world: World) -> None:
    plan = planned(world)
    assert plan.timeline is not None
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)


@PATIENT
@given(acting_worlds())
def test_every_plan_where_systems_act_by_themselves_is_proved(world: World) -> None:
    plan = planned(world)
    ways: list[ZonePlan | Rollback] = [plan, *plan.rollback]
    for way in ways:
        assert way.timeline is not None
        verdict = prove(way.steps, way.timeline)
        assert isinstance(verdict, Proved), explain(verdict)


@PATIENT
@given(worlds())
def test_every_way_back_between_two_signers_is_proved(world: World) -> None:
    for back in planned(world).rollback:
        verdict = prove(back.steps, back.timeline)
        assert isinstance(verdict, Proved), f"after {back.after}: {explain(verdict)}"


@PATIENT
@given(worlds())
def test_proof_waits_of_two_signers_are_tight(world: World) -> None:
    plan = planned(world)
    assert plan.timeline is not None
    for number, step in enumerate(plan.steps):
        for need in step.needs:
            if need.reason != "proof" or not need.wait_min:
                continue
            less = replace(need, wait_min=need.wait_min - 1)
            needs = tuple(less if n == need else n for n in step.needs)
            steps = [*plan.steps]
            steps[number] = replace(step, needs=needs)
            verdict = prove(steps, plan.timeline)
            assert isinstance(verdict, Refuted), f"{step.id} may wait less for {need.step}"


@PATIENT
@given(world=worlds(), data=st.data())
def test_a_plan_cut_off_between_two_signers_is_continued(world: World, data: st.DataObject) -> None:
    plan = planned(world)
    taken = data.draw(st.integers(1, len(plan.steps)))
    rest = plan_zone(world.desired, after(world.observed, plan, taken))
    if taken == len(plan.steps):
        assert rest.status is Status.NO_CHANGE
        return
    assert rest.status is Status.PLANNED, rest.refusals
    assert rest.timeline is not None
    verdict = prove(rest.steps, rest.timeline)
    assert isinstance(verdict, Proved), explain(verdict)


def after(start: ObservedZone, plan: ZonePlan, taken: int) -> ObservedZone:
    """What is observed just after the first `taken` steps, at their earliest times."""
    assert plan.timeline is not None
    times: dict[str | None, int] = {None: 0}
    for step in plan.steps:
        times[step.id] = max([0, *(times[n.step] + n.wait_min for n in step.needs)])
    origin = times[plan.steps[taken - 1].id]
    done = {step.id for step in plan.steps[:taken]}
    now: dict[Slot, Version] = {}
    history = []
    for version in plan.timeline.versions:
        if version.step is None or version.step in done:
            at = version.at if version.step is None else times[version.step]
            shown = replace(version, step=None, at=None if at is None else at - origin)
            now[slot(version)] = shown
            history.append(shown)
    parent = start.parent
    facts = dict(start.signers)
    for version in now.values():
        match version:
            case DsVersion(ds=ds):
                parent = replace(parent, ds=ds)
            case NsVersion(signer=None, signers=named):
                parent = replace(parent, ns=named)
            case _:
                facts = shown_by(facts, version)
    return replace(
        start,
        keys={**start.keys, **plan.timeline.keys},
        parent=parent,
        signers=facts,
        settled=False,
        history=tuple(history),
    )


def shown_by(facts: Mapping[str, SignerFacts], version: Version) -> dict[str, SignerFacts]:
    """The facts once a signer shows this version."""
    match version:
        case NsVersion(signer=str() as name, signers=named):
            return {**facts, name: replace(facts[name], ns=named)}
        case DnskeyVersion(signer=name, keys=keys, signed_by=by):
            return {**facts, name: replace(facts[name], dnskeys=keys, krrsig=by)}
        case DataVersion(signer=name, signed_by=by):
            return {**facts, name: replace(facts[name], zrrsig=by)}
        case _:
            return dict(facts)
