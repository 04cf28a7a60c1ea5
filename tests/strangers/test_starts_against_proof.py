"""Planner and proof meet on emergencies, lost keys, standby keys and signatures that end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from reconciler.model.capabilities import DsWrite, ParentCapabilities, SignerCapabilities
from reconciler.model.desired import (
    Denial,
    DesiredZone,
    DnssecPolicy,
    KeyScheme,
    KeyState,
    StandbyKsk,
)
from reconciler.model.keys import DsRef, Key, KeyRole
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import Proved, Status
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

AT = datetime(2026, 11, 22, tzinfo=UTC)
SECONDS = st.sampled_from([1, 60, 300, 3600, 86400, 172800])
DELAYS = st.sampled_from([0, 1, 300, 3600])
ENDS = st.sampled_from([None, None, 600, 5000, 90_000, 200_000, 1_000_000])
PATIENT = settings(
    max_examples=120, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def key(role: KeyRole, generation: int) -> Key:
    label = f"{role}-{generation}"
    return Key(
        label=label,
        algorithm=13,
        flags=role.flags,
        public_key=label.encode(),
        home="a",
        generation=generation,
    )


@st.composite
def starts(draw: st.DrawFn, scheme: KeyScheme) -> ObservedZone:
    """A secure zone with up to two keys of each role, the second one anywhere or nowhere."""
    keys = [key(role, number) for role in scheme.roles for number in (1, 2)]
    first = [k for k in keys if k.generation == 1]
    spare = [k for k in keys if k.generation == 2 and draw(st.booleans())]
    anchors = [k.label for k in spare if k.is_sep]
    ds = {k.label for k in first if k.is_sep} | (set(anchors) if draw(st.booleans()) else set())
    signing = {k.label for k in first if k.is_sep} | (
        set(anchors) if draw(st.booleans()) else set()
    )
    data = [k for k in first if not k.is_sep] or first
    return ObservedZone(
        zone="z.example.",
        at=AT,
        keys={k.label: k for k in keys},
        parent=ParentFacts(
            ds=frozenset(DsRef(label, 2) for label in ds),
            ds_ttl=draw(SECONDS),
            ds_negative_ttl=draw(SECONDS),
            ns=frozenset({"a"}),
            ns_ttl=draw(SECONDS),
            propagation_delay=draw(DELAYS),
            capabilities=ParentCapabilities(
                write=draw(st.sampled_from([DsWrite.REPLACE, DsWrite.ONE_AT_A_TIME]))
            ),
        ),
        signers={
            "a": SignerFacts(
                dnskeys=frozenset(k.label for k in [*first, *spare]),
                krrsig=frozenset(signing),
                zrrsig=frozenset(k.label for k in data),
                cds=None,
                ns=frozenset({"a"}),
                denial=Denial(),
                dnskey_ttl=draw(SECONDS),
                max_zone_ttl=draw(SECONDS),
                negative_ttl=draw(SECONDS),
                ns_ttl=draw(SECONDS),
                propagation_delay=draw(DELAYS),
                signing_delay=draw(DELAYS),
                signatures=SignatureFacts(expires=draw(ENDS)),
                capabilities=SignerCapabilities(algorithms=frozenset({8, 13})),
            )
        },
        settled=draw(st.sampled_from([True, True, False])),
    )


@st.composite
def desires(draw: st.DrawFn, scheme: KeyScheme) -> DesiredZone:
    states = st.sampled_from([KeyState.COMPROMISED, KeyState.LOST, KeyState.REMOVE])
    named = draw(st.dictionaries(st.sampled_from(scheme.roles), states, max_size=1))
    return DesiredZone(
        zone="z.example.",
        owner="o",
        policy=DnssecPolicy(
            name="p",
            algorithm=draw(st.sampled_from([13, 13, 8])),
            keys=scheme,
            publish_safety=0,
            retire_safety=0,
            standby_ksk=draw(st.sampled_from(list(StandbyKsk))),
            standby_zsk=draw(st.booleans()),
        ),
        signed=draw(st.sampled_from([True, True, True, False])),
        signers=("a",),
        parent="p",
        named_keys={key(role, 1).text(): state for role, state in named.items()},
    )


@PATIENT
@given(st.data())
def test_every_way_is_proved_and_the_variant_asked_for_is_the_one_planned(
    data: st.DataObject,
) -> None:
    scheme = data.draw(st.sampled_from(list(KeyScheme)))
    observed, desired = data.draw(starts(scheme)), data.draw(desires(scheme))
    plan = plan_zone(desired, observed)
    event(plan.status)
    if plan.status is Status.PLANNED:
        assert plan.timeline
        verdict = prove(plan.steps, plan.timeline)
        assert isinstance(verdict, Proved), explain(verdict)
    for way in plan.alternatives:
        verdict = prove(way.steps, way.timeline)
        assert isinstance(verdict, Proved), f"{way.name}: {explain(verdict)}"
        chosen = plan_zone(replace(desired, variant=way.name), observed)
        event(way.name)
        assert chosen.steps == way.steps or chosen.refusals[0].rule == "I4"


@PATIENT
@given(st.data())
def test_every_refusal_says_what_opens_it(data: st.DataObject) -> None:
    scheme = data.draw(st.sampled_from(list(KeyScheme)))
    observed, desired = data.draw(starts(scheme)), data.draw(desires(scheme))
    plan = plan_zone(desired, observed)
    if plan.status in {Status.NO_SAFE_PATH, Status.BLOCKED}:
        assert plan.refusals
        assert all(r.rule and r.summary and r.opens for r in plan.refusals)
