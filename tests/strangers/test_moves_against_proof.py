"""Planner and proof meet on worlds of more than keys: CDS, denial, TTLs, systems that act alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from reconciler.model.capabilities import DsWrite, ParentCapabilities, SignerCapabilities, Signing
from reconciler.model.desired import (
    Denial,
    DenialKind,
    DesiredZone,
    DnssecPolicy,
    KeyScheme,
    KskRollover,
)
from reconciler.model.keys import DsRef, Key, KeyRole
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import Need, Proved, Refuted, Rollback, Status, Step, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

AT = datetime(2026, 11, 22, tzinfo=UTC)
SECONDS = st.sampled_from([1, 60, 300, 3600, 7200, 86400])
DELAYS = st.sampled_from([0, 1, 60, 300, 3600])
LATE = st.sampled_from([0, 60, 3600, 86400, 604800])
DENIALS = st.sampled_from([Denial(), Denial(kind=DenialKind.NSEC3)])
PATIENT = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@dataclass(frozen=True)
class World:
    """A start and what is desired of it."""

    desired: DesiredZone
    observed: ObservedZone


def key(role: KeyRole, algorithm: int) -> Key:
    return Key(
        label=f"{role}-{algorithm}",
        algorithm=algorithm,
        flags=role.flags,
        public_key=f"{role} {algorithm}".encode(),
        home="a",
        generation=1,
    )


@st.composite
def parents(draw: st.DrawFn, ds: frozenset[DsRef]) -> ParentFacts:
    polls = draw(st.booleans())
    write = st.sampled_from([DsWrite.NONE, DsWrite.REPLACE, DsWrite.ONE_AT_A_TIME])
    return ParentFacts(
        ds=ds,
        ds_ttl=draw(SECONDS),
        ds_negative_ttl=draw(SECONDS),
        ns=frozenset({"a"}),
        ns_ttl=draw(SECONDS),
        propagation_delay=draw(DELAYS),
        capabilities=ParentCapabilities(
            polls_cds=polls,
            bootstraps=polls and draw(st.booleans()),
            write=draw(write) if polls else DsWrite.REPLACE,
            processing_max=draw(LATE),
        ),
    )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    scheme = draw(st.sampled_from(list(KeyScheme)))
    algorithm = draw(st.sampled_from([5, 8, 13]))
    signed = draw(st.integers(0, 3)) > 0
    keys = [key(role, algorithm) for role in scheme.roles] if signed else []
    sep = frozenset(k.label for k in keys if k.is_sep)
    live = frozenset(DsRef(label, 2) for label in sep) if draw(st.booleans()) else frozenset()
    signer = SignerFacts(
        dnskeys=frozenset(k.label for k in keys),
        krrsig=sep,
        zrrsig=frozenset(k.label for k in keys if not k.is_sep) or sep,
        cds=draw(st.sampled_from([None, live])) if live else None,
        ns=frozenset({"a"}),
        denial=draw(DENIALS) if algorithm != 5 else Denial(),
        dnskey_ttl=draw(SECONDS),
        max_zone_ttl=draw(SECONDS),
        negative_ttl=draw(SECONDS),
        ns_ttl=draw(SECONDS),
        propagation_delay=draw(DELAYS),
        signing_delay=draw(DELAYS),
        signatures=SignatureFacts(),
        capabilities=SignerCapabilities(
            signing=draw(st.sampled_from([Signing.KEYS, Signing.KEYS, Signing.POLICY])),
            algorithms=frozenset({5, 8, 13}),
            sets_cds=draw(st.booleans()),
            sets_dnskeys=draw(st.booleans()),
            sets_ttl=draw(st.booleans()),
            denials=frozenset({DenialKind.NSEC, DenialKind.NSEC3}),
        ),
    )
    observed = ObservedZone(
        zone="z.example.",
        at=AT,
        keys={k.label: k for k in keys},
        parent=draw(parents(live)),
        signers={"a": signer},
        # the proof blames a plan for what a standing CDS set does beside an unknown start
        settled=signer.cds is not None or draw(st.booleans()),
    )
    return World(desired=draw(desires()), observed=observed)


@st.composite
def desires(draw: st.DrawFn) -> DesiredZone:
    scheme = draw(st.sampled_from(list(KeyScheme)))
    roles = draw(st.sets(st.sampled_from(scheme.roles)))
    algorithm = draw(st.sampled_from([5, 8, 13]))
    return DesiredZone(
        zone="z.example.",
        owner="o",
        policy=DnssecPolicy(
            name="p",
            algorithm=algorithm,
            keys=scheme,
            publish_cds=draw(st.booleans()),
            lower_ttls=draw(st.booleans()),
            ksk_rollover=draw(st.sampled_from(list(KskRollover))),
            denial=draw(DENIALS) if algorithm != 5 else Denial(),
            digest_types=draw(st.sampled_from([frozenset({2}), frozenset({2, 4})])),
        ),
        signed=draw(st.integers(0, 3)) > 0,
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
@given(worlds())
def test_every_plan_with_its_ways_back_is_proved(world: World) -> None:
    plan = planned(world)
    ways: list[ZonePlan | Rollback] = [plan, *plan.rollback]
    for way in ways:
        assert way.timeline is not None
        verdict = prove(way.steps, way.timeline)
        assert isinstance(verdict, Proved), f"{getattr(way, 'after', '')}: {explain(verdict)}"


@PATIENT
@given(worlds())
def test_waits_with_reason_proof_are_tight(world: World) -> None:
    plan = planned(world)
    assert plan.timeline is not None
    assert isinstance(prove(plan.steps, plan.timeline), Proved)
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
