"""What a plan says twice must agree, in its rollbacks and alternatives too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.audit.contradictions import contradictions
from reconciler.execute.propose import propose
from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.desired import (
    Denial,
    DesiredZone,
    DnssecPolicy,
    Governance,
    Observers,
    Portfolio,
    RiskClass,
)
from reconciler.model.keys import DsRef, Key, KeyRole
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import Alternative, Malformed, Proved, ZonePlan
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
KSK = Key(label="k", algorithm=13, flags=257, public_key=b"k" * 64, home="a", generation=1)
ZSK = Key(label="z", algorithm=13, flags=256, public_key=b"z" * 64, home="a", generation=1)


@pytest.fixture(scope="module")
def plan() -> ZonePlan:
    """A KSK rollover as the product proposes it."""
    desired = DesiredZone(
        zone="z.example.",
        owner="o",
        policy=DnssecPolicy(name="p"),
        signed=True,
        signers=("a",),
        parent="p",
        generations={KeyRole.KSK: 2},
    )
    observed = ObservedZone(
        zone="z.example.",
        at=datetime(2026, 11, 22, tzinfo=UTC),
        keys={"k": KSK, "z": ZSK},
        parent=ParentFacts(
            ds=frozenset({DsRef("k", 2)}),
            ds_ttl=3600,
            ds_negative_ttl=900,
            ns=frozenset("a"),
            ns_ttl=86400,
            propagation_delay=60,
            capabilities=ParentCapabilities(),
        ),
        signers={
            "a": SignerFacts(
                dnskeys=frozenset("kz"),
                krrsig=frozenset("k"),
                zrrsig=frozenset("z"),
                cds=None,
                ns=frozenset("a"),
                denial=Denial(),
                dnskey_ttl=7200,
                max_zone_ttl=86400,
                negative_ttl=300,
                ns_ttl=86400,
                propagation_delay=5,
                signing_delay=0,
                signatures=SignatureFacts(),
                capabilities=SignerCapabilities(),
            )
        },
        settled=True,
    )
    return propose(PORTFOLIO, desired, observed, prove)


def against(plan: ZonePlan) -> list[str]:
    assert plan.timeline is not None
    return list(contradictions(plan, prove(plan.steps, plan.timeline)))


def test_what_the_product_proposes_holds_together(plan: ZonePlan) -> None:
    assert len(plan.rollback) == len(plan.steps) == 3
    assert against(plan) == []


def _faster_way_back(plan: ZonePlan) -> ZonePlan:
    first, *rest = plan.rollback[-1].steps
    hasty = (first, *(replace(step, needs=()) for step in rest))
    return replace(plan, rollback=(*plan.rollback[:-1], replace(plan.rollback[-1], steps=hasty)))


def _verdict(plan: ZonePlan, **changes: Any) -> ZonePlan:  # noqa: ANN401 (fields of a proof)
    assert isinstance(plan.verdict, Proved)
    return replace(plan, verdict=replace(plan.verdict, **changes))


def _alternative(plan: ZonePlan) -> ZonePlan:
    assert plan.timeline is not None
    hasty = tuple(replace(step, needs=()) for step in plan.steps)
    other = Alternative(
        name="hasty",
        summary="",
        steps=hasty,
        timeline=plan.timeline,
        verdict=Proved(profiles=plan.timeline.profiles),
        duration_min=0,
    )
    return replace(plan, alternatives=(other,))


Change = Callable[[ZonePlan], ZonePlan]
CHANGES: Mapping[str, tuple[Change, str]] = {
    "its change digest": (lambda p: replace(p, change_digest="sha256:0"), "its change digest"),
    "the rules": (lambda p: replace(p, rules={"risk": "R3", "approvers": 1}), "its change digest"),
    "rules of another class": (lambda p: replace(p, rules={"risk": "R1"}), "the rules it names"),
    "no rules but a word": (lambda p: replace(p, rules="none"), "the rules it names"),
    "the risk": (lambda p: replace(p, risk=RiskClass.R1), "the rules it names"),
    "how long it takes": (lambda p: replace(p, duration_min=1), "it says that it takes 1 s"),
    "what it was proved for": (lambda p: _verdict(p, profiles=("loose",)), "the profiles"),
    "a slack left out": (lambda p: _verdict(p, slack=()), "the proof it states has another slack"),
    "an exposure": (lambda p: _verdict(p, exposure_until=1), "the proof it states has another exp"),
    "another verdict": (
        lambda p: replace(p, verdict=Malformed(why="x")),
        "it says that it is malformed, and the proof finds it proved",
    ),
    "a way back from nowhere": (
        lambda p: replace(p, rollback=(replace(p.rollback[0], after="s9"), *p.rollback[1:])),
        "the way back after s9: the plan has no such step",
    ),
    "no move at all": (
        lambda p: replace(p, steps=tuple(replace(step, moves=()) for step in p.steps)),
        "s1 changes something at a without a move",
    ),
    "a hasty way back": (_faster_way_back, "the way back after s3: Cannot be proved"),
    "a hasty alternative": (_alternative, "the alternative hasty: it says that it is proved"),
}


@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=CHANGES.keys())
def test_each_contradiction_is_told(plan: ZonePlan, change: Change, told: str) -> None:
    found = against(change(plan))
    assert any(clause.startswith(told) for clause in found), found
