"""A plan that comes from a zone in the same situation is the plan that the zone has alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.execute.memo import Situations
from reconciler.execute.propose import propose
from reconciler.model.capabilities import DsWrite, ParentCapabilities, SignerCapabilities
from reconciler.model.desired import (
    Denial,
    DesiredZone,
    DnssecPolicy,
    Governance,
    KeyScheme,
    KeyState,
    Observers,
    Portfolio,
)
from reconciler.model.keys import DsRef, Key, KeyEntry, KeyRole, UnmatchedDs, symbol
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import Status, ZonePlan
from reconciler.proof import prove

PORTFOLIO = Portfolio(
    signers={},
    parents={},
    policies={},
    people={},
    owners={},
    governance=Governance(),
    observers=Observers(),
    zones={},
    sources={},
    governance_digest="",
)
AT = datetime(2026, 11, 21, 23, tzinfo=UTC)


def key(role: KeyRole, algorithm: int, material: bytes) -> Key:
    return Key(
        label=symbol(role, algorithm, 1),
        algorithm=algorithm,
        flags=role.flags,
        public_key=material,
        home="a",
        generation=1,
    )


def desire(zone: str, *, signed: bool = True, roll: KeyRole | None = None) -> DesiredZone:
    return DesiredZone(
        zone=zone,
        owner=f"owner of {zone}",
        policy=DnssecPolicy(name="standard"),
        signed=signed,
        signers=("a",),
        parent="registrar",
        generations={roll: 2} if roll else {},
        tags={"of": zone},
    )


def observe(zone: str, *keys: Key, ttl: int = 3600, settled: bool = True) -> ObservedZone:
    """A secure zone with these keys, or an unsigned one; KSKs come first."""
    anchors = frozenset(k.label for k in keys if k.is_sep)
    signing = frozenset(k.label for k in keys if not k.is_sep) or anchors
    return ObservedZone(
        zone=zone,
        at=AT,
        keys={k.label: k for k in keys},
        parent=ParentFacts(
            ds=frozenset(DsRef(label, 2) for label in anchors),
            ds_ttl=ttl,
            ds_negative_ttl=900,
            ns=frozenset({"a"}),
            ns_ttl=86400,
            propagation_delay=60,
            capabilities=ParentCapabilities(write=DsWrite.ONE_AT_A_TIME),
        ),
        signers={
            "a": SignerFacts(
                dnskeys=anchors | signing,
                krrsig=anchors,
                zrrsig=signing,
                cds=None,
                ns=frozenset({"a"}),
                denial=Denial(),
                dnskey_ttl=ttl,
                max_zone_ttl=ttl,
                negative_ttl=900,
                ns_ttl=86400,
                propagation_delay=60,
                signing_delay=0,
                signatures=SignatureFacts(),
                capabilities=SignerCapabilities(algorithms=frozenset({8, 13})),
            )
        },
        settled=settled,
    )


def alone(desired: DesiredZone, observed: ObservedZone) -> ZonePlan:
    return propose(PORTFOLIO, desired, observed, prove)


class Counted:
    """A proof that counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self, steps: Any, timeline: Any) -> Any:  # noqa: ANN401 (handed on as it is)
        self.times += 1
        return prove(steps, timeline)


MATERIAL = st.binary(min_size=64, max_size=64)


@st.composite
def zones(draw: st.DrawFn) -> tuple[DesiredZone, ObservedZone]:
    """One of few situations, with keys of its own."""
    zone = f"{draw(st.text('abc', min_size=1, max_size=5))}.example."
    algorithm = draw(st.sampled_from([13, 13, 8]))
    roles = draw(st.sampled_from([(), *(s.roles for s in KeyScheme)]))
    keys = [key(role, algorithm, draw(MATERIAL)) for role in draw(st.permutations(roles))]
    observed = observe(
        zone, *keys, ttl=draw(st.sampled_from([300, 3600])), settled=draw(st.booleans())
    )
    roll = draw(st.sampled_from([None, *KeyRole]))
    desired = desire(zone, signed=draw(st.integers(0, 3)) > 0, roll=roll)
    scheme = draw(st.sampled_from(KeyScheme))
    return replace(desired, policy=replace(desired.policy, keys=scheme)), observed


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds=st.lists(zones(), min_size=2, max_size=8))
def test_every_zone_gets_the_plan_and_the_digests_that_it_has_alone(
    worlds: list[tuple[DesiredZone, ObservedZone]],
) -> None:
    situations = Situations(PORTFOLIO, prove)
    for desired, observed in worlds:
        assert situations.propose(desired, observed) == alone(desired, observed)


def test_zones_that_differ_in_names_and_keys_alone_are_proved_once() -> None:
    counted = Counted()
    situations = Situations(PORTFOLIO, counted)
    plans = []
    for i in range(5):
        zone = f"zone-{i}.example."
        keys = [key(role, 13, bytes([i, 7 * role.flags % 256]) * 32) for role in KeyRole][:2]
        observed = replace(observe(zone, *keys), at=AT.replace(minute=i))
        plans.append(situations.propose(desire(zone, roll=KeyRole.ZSK), observed))
    assert counted.times == 1 + len(plans[0].rollback)
    assert len({plan.change_digest for plan in plans}) == 5
    assert {plan.status for plan in plans} == {Status.PLANNED}


@pytest.mark.parametrize("ttl", [300, 7200])
def test_other_ttls_are_another_situation(ttl: int) -> None:
    counted = Counted()
    situations = Situations(PORTFOLIO, counted)
    ksk, zsk = key(KeyRole.KSK, 13, b"k" * 64), key(KeyRole.ZSK, 13, b"z" * 64)
    desired = desire("a.example.", roll=KeyRole.ZSK)
    proofs = 0
    for observed in (observe("a.example.", ksk, zsk), observe("a.example.", ksk, zsk, ttl=ttl)):
        plan = situations.propose(desired, observed)
        assert plan == alone(desired, observed)
        proofs += 1 + len(plan.rollback)
    assert counted.times == proofs


def test_zones_whose_keys_are_called_by_name_are_planned_on_their_own() -> None:
    situations = Situations(PORTFOLIO, prove)
    for material in (b"k", b"l"):
        ksk, zsk = key(KeyRole.KSK, 13, material * 64), key(KeyRole.ZSK, 13, b"z" * 64)
        named = {f"13/{ksk.tag}": KeyState.COMPROMISED}
        desired = replace(desire("a.example."), named_keys=named)
        observed = observe("a.example.", ksk, zsk)
        assert situations.propose(desired, observed) == alone(desired, observed)


def test_a_signer_that_ends_at_another_instant_is_another_situation() -> None:
    situations = Situations(PORTFOLIO, prove)
    ksk, zsk = key(KeyRole.KSK, 13, b"k" * 64), key(KeyRole.ZSK, 13, b"z" * 64)
    for days in (1, 400):
        desired = replace(
            desire("a.example.", roll=KeyRole.ZSK), ends={"a": AT + timedelta(days=days)}
        )
        observed = observe("a.example.", ksk, zsk)
        assert situations.propose(desired, observed) == alone(desired, observed)


def test_keys_with_colliding_tags_are_named_by_their_own_tag() -> None:
    situations = Situations(PORTFOLIO, prove)
    desired = desire("a.example.", roll=KeyRole.ZSK)
    for first in (3, 5):
        ksk = key(KeyRole.KSK, 13, bytes([0, first, *[9] * 62]))
        zsk = key(KeyRole.ZSK, 13, bytes([0, first + 1, *[9] * 62]))
        assert ksk.tag == zsk.tag
        observed = observe("a.example.", ksk, zsk)
        plan = situations.propose(desired, observed)
        assert plan == alone(desired, observed)
        assert str(ksk.tag) in plan.refusals[0].summary + plan.refusals[0].detail


def test_a_ds_without_its_key_is_told_by_its_own_text() -> None:
    situations = Situations(PORTFOLIO, prove)
    desired = desire("a.example.", signed=False)
    for digest in ("00", "11"):
        dead: KeyEntry = UnmatchedDs(label="dead", algorithm=13, rdata=f"7 13 2 {digest}")
        observed = observe("a.example.")
        parent = replace(observed.parent, ds=frozenset({DsRef("dead", 2)}))
        observed = replace(observed, keys={"dead": dead}, parent=parent)
        assert situations.propose(desired, observed) == alone(desired, observed)


def test_keys_in_another_order_have_another_digest_and_still_the_right_one() -> None:
    situations = Situations(PORTFOLIO, prove)
    desired = desire("a.example.", roll=KeyRole.ZSK)
    low, high = b"\x00" + b"a" * 63, b"\xff" + b"b" * 63
    for ksk, zsk in ((low, high), (high, low)):
        observed = observe("a.example.", key(KeyRole.KSK, 13, ksk), key(KeyRole.ZSK, 13, zsk))
        assert situations.propose(desired, observed) == alone(desired, observed)
