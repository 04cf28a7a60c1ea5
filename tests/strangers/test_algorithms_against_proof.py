"""Planner and proof meet where an algorithm comes and another goes, its keys all in one change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.capabilities import DsWrite, ParentCapabilities, SignerCapabilities
from reconciler.model.desired import Denial, DesiredZone, DnssecPolicy, KeyScheme
from reconciler.model.keys import DsRef, Key, KeyRole
from reconciler.model.moves import DnskeySet
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import Proved, Refuted, Status, Step, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

SECONDS = st.sampled_from([1, 60, 300, 3600, 86400])
DELAYS = st.sampled_from([0, 1, 300, 3600])
OLD, NEW = 8, 13
PATIENT = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
CAPABLE = SignerCapabilities(
    algorithms=frozenset({OLD, NEW}), foreign_zsk=True, foreign_ksk=True, sets_dnskeys=True
)


def key(role: KeyRole, home: str) -> Key:
    return Key(
        label=f"{role}-{home}",
        algorithm=OLD,
        flags=role.flags,
        public_key=f"{role} {home}".encode(),
        home=home,
        generation=1,
    )


@st.composite
def zones(draw: st.DrawFn, names: str) -> ObservedZone:
    """A secure zone of one algorithm, at these signers, each with keys of its own."""
    scheme = draw(st.sampled_from(list(KeyScheme)))
    keys = {name: [key(role, name) for role in scheme.roles] for name in names}
    sep = {name: frozenset(k.label for k in keys[name] if k.is_sep) for name in names}
    data = {name: frozenset(k.label for k in keys[name][-1:]) for name in names}
    everyone = frozenset(names)
    return ObservedZone(
        zone="z.example.",
        at=datetime(2026, 11, 22, tzinfo=UTC),
        keys={k.label: k for of in keys.values() for k in of},
        parent=ParentFacts(
            ds=frozenset(DsRef(label, 2) for of in sep.values() for label in of),
            ds_ttl=draw(SECONDS),
            ds_negative_ttl=draw(SECONDS),
            ns=everyone,
            ns_ttl=draw(SECONDS),
            propagation_delay=draw(DELAYS),
            capabilities=ParentCapabilities(
                write=draw(st.sampled_from([DsWrite.REPLACE, DsWrite.ATOMIC_ADD_REMOVE]))
            ),
        ),
        signers={
            name: SignerFacts(
                dnskeys=frozenset(k.label for k in keys[name]).union(*data.values()),
                krrsig=sep[name],
                zrrsig=data[name],
                cds=None,
                ns=everyone,
                denial=Denial(),
                dnskey_ttl=draw(SECONDS),
                max_zone_ttl=draw(SECONDS),
                negative_ttl=draw(SECONDS),
                ns_ttl=draw(SECONDS),
                propagation_delay=draw(DELAYS),
                signing_delay=draw(DELAYS),
                signatures=SignatureFacts(),
                capabilities=CAPABLE,
            )
            for name in names
        },
        content_equal={"a": frozenset("b")},
        settled=draw(st.booleans()),
    )


def rolled(observed: ObservedZone, scheme: KeyScheme) -> ZonePlan:
    policy = DnssecPolicy(name="p", algorithm=NEW, keys=scheme)
    desired = DesiredZone(
        zone="z.example.",
        owner="o",
        policy=policy,
        signed=True,
        signers=tuple(sorted(observed.signers)),
        parent="p",
    )
    return plan_zone(desired, observed)


def without(plan: ZonePlan) -> tuple[Step, ...]:
    """The steps whose sets were taken out."""
    return tuple(
        replace(s, moves=tuple(m for m in s.moves if not isinstance(m, DnskeySet)))
        for s in plan.steps
    )


@PATIENT
@given(observed=zones("a"), scheme=st.sampled_from(list(KeyScheme)))
def test_an_algorithm_is_replaced_for_every_profile_and_back(
    observed: ObservedZone, scheme: KeyScheme
) -> None:
    plan = rolled(observed, scheme)
    assert plan.status is Status.PLANNED
    assert plan.timeline is not None
    assert "rfc4035" in plan.timeline.profiles
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
    for back in plan.rollback:
        verdict = prove(back.steps, back.timeline)
        assert isinstance(verdict, Proved), f"after {back.after}: {explain(verdict)}"


@PATIENT
@given(observed=zones("a"), scheme=st.sampled_from(list(KeyScheme)))
def test_its_proof_waits_are_tight(observed: ObservedZone, scheme: KeyScheme) -> None:
    plan = rolled(observed, scheme)
    assert plan.timeline is not None
    for at, step in enumerate(plan.steps):
        for need in step.needs:
            if need.reason != "proof":
                continue
            less = replace(need, wait_min=need.wait_min - 1)
            shorter = replace(step, needs=tuple(less if n == need else n for n in step.needs))
            steps = (*plan.steps[:at], shorter, *plan.steps[at + 1 :])
            verdict = prove(steps, plan.timeline)
            assert isinstance(verdict, Refuted), f"{step.id} may wait less for {need.step}"


@PATIENT
@given(observed=zones("ab"))
def test_signers_that_share_a_zone_replace_it_together(observed: ObservedZone) -> None:
    split = any(not key.is_sep for key in observed.keys.values() if isinstance(key, Key))
    plan = rolled(observed, KeyScheme.SPLIT if split else KeyScheme.CSK)
    assert plan.status is Status.PLANNED
    assert plan.timeline is not None
    assert "rfc4035" in plan.timeline.profiles
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)


@PATIENT
@given(observed=zones("ab"))
def test_a_set_that_no_move_makes_is_not_proved(observed: ObservedZone) -> None:
    plan = rolled(observed, KeyScheme.SPLIT)
    assert plan.timeline is not None
    assert any(isinstance(m, DnskeySet) for s in plan.steps for m in s.moves)
    assert not isinstance(prove(without(plan), plan.timeline), Proved)
