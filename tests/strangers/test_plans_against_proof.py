"""Planner and proof were written apart. Here they meet, on worlds that neither was written for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.model.capabilities import DsWrite, ParentCapabilities, SignerCapabilities
from reconciler.model.desired import Bounds, Denial, DesiredZone, DnssecPolicy, KeyScheme
from reconciler.model.keys import DsRef, Key, KeyRole, UnmatchedDs
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import Need, Proved, Refuted, Status, Step, ZonePlan
from reconciler.model.timeline import DataVersion, DnskeyVersion, DsVersion, NsVersion, Version
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

AT = datetime(2026, 11, 22, tzinfo=UTC)
SECONDS = st.sampled_from([1, 60, 300, 3600, 7200, 86400, 172800])
DELAYS = st.sampled_from([0, 1, 60, 300, 3600, 7200])
PATIENT = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@dataclass(frozen=True)
class World:
    """A start and what is desired of it."""

    desired: DesiredZone
    observed: ObservedZone


def key(role: KeyRole, algorithm: int, generation: int) -> Key:
    return Key(
        label=f"{role}-{algorithm}-{generation}",
        algorithm=algorithm,
        flags=role.flags,
        public_key=f"{role} {algorithm} {generation}".encode(),
        home="a",
        generation=generation,
    )


@st.composite
def signer_facts(draw: st.DrawFn, keys: list[Key], *, signed: bool) -> SignerFacts:
    sep = frozenset(k.label for k in keys if k.is_sep)
    zone = frozenset(k.label for k in keys if not k.is_sep) or sep
    return SignerFacts(
        dnskeys=frozenset(k.label for k in keys) if signed else frozenset(),
        krrsig=sep if signed else frozenset(),
        zrrsig=zone if signed else frozenset(),
        cds=None,
        ns=frozenset({"a"}),
        denial=Denial(),
        dnskey_ttl=draw(SECONDS),
        max_zone_ttl=draw(SECONDS),
        negative_ttl=draw(SECONDS),
        ns_ttl=draw(SECONDS),
        propagation_delay=draw(DELAYS),
        signing_delay=draw(DELAYS),
        signatures=SignatureFacts(),
        capabilities=SignerCapabilities(
            algorithms=frozenset({8, 13, 15}), sets_dnskeys=draw(st.booleans())
        ),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    algorithm = draw(st.sampled_from([8, 13]))
    scheme = draw(st.sampled_from(list(KeyScheme)))
    signed = draw(st.booleans())
    keys = [key(role, algorithm, 1) for role in scheme.roles] if signed else []
    secure = signed and draw(st.booleans())
    ds = frozenset(DsRef(k.label, 2) for k in keys if k.is_sep) if secure else frozenset[DsRef]()
    parent = ParentFacts(
        ds=ds,
        ds_ttl=draw(SECONDS),
        ds_negative_ttl=draw(SECONDS),
        ns=frozenset({"a"}),
        ns_ttl=draw(SECONDS),
        propagation_delay=draw(DELAYS),
        capabilities=ParentCapabilities(
            write=draw(st.sampled_from([DsWrite.REPLACE, DsWrite.ATOMIC_ADD_REMOVE]))
        ),
    )
    observed = ObservedZone(
        zone="z.example.",
        at=AT,
        keys={k.label: k for k in keys},
        parent=parent,
        signers={"a": draw(signer_facts(keys, signed=signed))},
        settled=draw(st.booleans()),
    )
    return World(desired=draw(desires()), observed=observed)


@st.composite
def broken_worlds(draw: st.DrawFn) -> World:
    """Starts with a DS beside the right ones, or in their place, that fits no key."""
    world = draw(worlds())
    stray = UnmatchedDs(label="stray", algorithm=draw(st.sampled_from([8, 13])), rdata="7 8 2 00")
    ds = world.observed.parent.ds if draw(st.booleans()) else frozenset[DsRef]()
    parent = replace(world.observed.parent, ds=ds | {DsRef("stray", 2)})
    keys = {**world.observed.keys, "stray": stray}
    return replace(world, observed=replace(world.observed, parent=parent, keys=keys))


@st.composite
def changed_worlds(draw: st.DrawFn) -> World:
    """Starts that became what they are by a KSK rollover of which caches still hold the past."""
    world = draw(worlds())
    observed = world.observed
    facts = observed.signers["a"]
    assume(facts.krrsig and not draw(st.booleans()))
    old = key(KeyRole.KSK, 13, 9)
    seen = -draw(st.integers(0, 5000))
    dnskey = DnskeyVersion(
        signer="a",
        ttl=facts.dnskey_ttl,
        propagation=facts.propagation_delay,
        keys=facts.dnskeys | {old.label},
        signed_by=facts.krrsig | {old.label},
    )
    now = replace(dnskey, at=seen, keys=facts.dnskeys, signed_by=facts.krrsig)
    keys = {**observed.keys, old.label: replace(old, home=None)}
    settled = _settled_but_for_dnskey(observed)
    history = (*settled, dnskey, now)
    return replace(world, observed=replace(observed, settled=False, keys=keys, history=history))


def _settled_but_for_dnskey(observed: ObservedZone) -> tuple[Version, ...]:
    """Say of every other slot that it has stood for ever."""
    parent, facts = observed.parent, observed.signers["a"]
    delay, own = parent.propagation_delay, facts.propagation_delay
    ds_ttl = parent.ds_ttl if parent.ds else parent.ds_negative_ttl
    return (
        DsVersion(ttl=ds_ttl, propagation=delay, ds=parent.ds),
        NsVersion(ttl=parent.ns_ttl, propagation=delay, signers=parent.ns),
        NsVersion(signer="a", ttl=facts.ns_ttl, propagation=own, signers=facts.ns),
        DataVersion(
            signer="a",
            ttl=facts.max_zone_ttl,
            propagation=own + facts.signing_delay,
            signed_by=facts.zrrsig,
        ),
    )


ANY = st.one_of(worlds(), broken_worlds(), changed_worlds())


@st.composite
def desires(draw: st.DrawFn) -> DesiredZone:
    scheme = draw(st.sampled_from(list(KeyScheme)))
    roles = draw(st.sets(st.sampled_from(scheme.roles)))
    return DesiredZone(
        zone="z.example.",
        owner="o",
        policy=DnssecPolicy(
            name="p",
            algorithm=draw(st.sampled_from([8, 13, 15])),
            keys=scheme,
            bounds=Bounds(max_zone_ttl=draw(st.none() | SECONDS)),
            publish_safety=draw(DELAYS),
            retire_safety=draw(DELAYS),
        ),
        signed=draw(st.booleans()),
        signers=("a",),
        parent="p",
        generations={role: draw(st.integers(1, 2)) for role in sorted(roles)},
    )


def planned(world: World) -> ZonePlan:
    plan = plan_zone(world.desired, world.observed)
    assume(plan.status is Status.PLANNED)
    assert plan.timeline is not None
    return plan


@PATIENT
@given(ANY)
def test_every_plan_is_proved(world: World) -> None:
    plan = planned(world)
    assert plan.timeline is not None
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
    assert verdict.profiles == plan.timeline.profiles


@PATIENT
@given(ANY)
def test_every_way_back_is_proved(world: World) -> None:
    for back in planned(world).rollback:
        verdict = prove(back.steps, back.timeline)
        assert isinstance(verdict, Proved), f"after {back.after}: {explain(verdict)}"


@PATIENT
@given(st.one_of(worlds(), changed_worlds()))
def test_waits_with_reason_proof_are_tight(world: World) -> None:
    """From starts that are whole: what is broken already, the two strangers excuse differently."""
    plan = planned(world)
    assert plan.timeline is not None
    whole = prove(plan.steps, plan.timeline)
    assume(isinstance(whole, Proved) and whole.exposure_until is None)
    for step in plan.steps:
        for need in step.needs:
            if need.reason == "proof" and need.wait_min:
                steps = tuple(_shortened(s, step, need) for s in plan.steps)
                verdict = prove(steps, plan.timeline)
                assert isinstance(verdict, Refuted), f"{step.id} may wait less for {need.step}"


def _shortened(step: Step, which: Step, need: Need) -> Step:
    if step.id != which.id:
        return step
    less = replace(need, wait_min=need.wait_min - 1)
    return replace(step, needs=tuple(less if n == need else n for n in step.needs))


@pytest.mark.parametrize("later", [1, 3600, 10**7])
@PATIENT
@given(ANY)
def test_a_plan_made_twice_is_the_same_plan(later: int, world: World) -> None:
    assert plan_zone(world.desired, world.observed) == plan_zone(world.desired, world.observed)
    moved = replace(world.observed, at=datetime.fromtimestamp(AT.timestamp() + later, UTC))
    assert plan_zone(world.desired, moved).steps == plan_zone(world.desired, world.observed).steps
