"""Risk follows from what a step publishes, whatever the planner said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import pytest

from reconciler.governance.risk import risk_of_plan, risk_of_step
from reconciler.model.desired import RiskClass
from reconciler.model.keys import DsRef, Key, KeyEntry, UnmatchedDs
from reconciler.model.moves import DataSign, DnskeyAdd, DsReplace, Move, ZoneUnsign
from reconciler.model.plan import Malformed, Proved, Refuted, Status, Step, Verdict, ZonePlan
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Timeline,
    Version,
)

KEYS: dict[str, KeyEntry] = {
    "k1": Key(label="k1", algorithm=13, flags=257),
    "k2": Key(label="k2", algorithm=13, flags=257),
    "k8": Key(label="k8", algorithm=8, flags=257),
    "z1": Key(label="z1", algorithm=13, flags=256),
    "z2": Key(label="z2", algorithm=13, flags=256),
    "z8": Key(label="z8", algorithm=8, flags=256),
    "dead": UnmatchedDs(label="dead", algorithm=13),
}
MOVE = DataSign(signer="a", keys=frozenset({"z1"}))
STEP = Step(id="s1", moves=(MOVE,), actor="signer:a", risk=RiskClass.R0)


def ds(*labels: str, step: str | None = None, unknown: bool = False) -> DsVersion:
    refs = frozenset(DsRef(label, 2) for label in labels)
    return DsVersion(step=step, ttl=3600, propagation=0, ds=refs, unknown=unknown)


def dnskey(keys: str, signed_by: str = "k1", step: str | None = None) -> DnskeyVersion:
    return DnskeyVersion(
        step=step, ttl=1, propagation=0, signer="a",
        keys=frozenset(keys.split()), signed_by=frozenset(signed_by.split()),
    )  # fmt: skip


def data(signed_by: str, step: str | None = None) -> DataVersion:
    return DataVersion(
        step=step, ttl=1, propagation=0, signer="a", signed_by=frozenset(signed_by.split())
    )


def cds(kind: Literal["delete"] | None, *, polled: bool) -> CdsVersion:
    return CdsVersion(
        step="s1", ttl=1, propagation=0, signer="a", cds=kind, polled=polled, processing_max=1
    )


def ns(*signers: str, step: str | None = None) -> NsVersion:
    return NsVersion(step=step, ttl=1, propagation=0, signers=frozenset(signers))


def timeline(*versions: Version, insecure: bool = False) -> Timeline:
    return Timeline(
        profiles=("loose",), assumptions=(), insecure_allowed=insecure, keys=KEYS, versions=versions
    )


@pytest.mark.parametrize(
    ("versions", "risk"),
    [
        ([ds("k1"), ds("k1", "k2", step="s1")], "R2"),
        ([ds(), ds("k1", step="s1")], "R3"),
        ([ds("k1"), ds("k2", step="s1")], "R3"),
        ([ds("k1", "k2"), ds("k2", step="s1")], "R3"),
        ([ds("k1"), ds(step="s1")], "R4"),
        ([ds("k1", "dead"), ds("k1", step="s1")], "R3"),
        ([ds(unknown=True), ds("k1", step="s1")], "R3"),
        ([ds("k1", step="s1")], "R3"),
        ([dnskey("k1 z1"), dnskey("k1 z1 z2", step="s1")], "R2"),
        ([dnskey("k1 z1"), dnskey("k1 k2 z1", "k1 k2", step="s1")], "R2"),
        ([dnskey("k1 z1 z2"), dnskey("k1 z1", step="s1")], "R2"),
        ([dnskey("k1 k2 z1"), dnskey("k1 z1", step="s1")], "R3"),
        ([dnskey("k1 z1 dead"), dnskey("k1 z1", step="s1")], "R3"),
        ([dnskey("", ""), dnskey("k1 z1", step="s1")], "R2"),
        ([dnskey("k1 z1"), dnskey("", "", step="s1")], "R4"),
        ([dnskey("k1 z1"), dnskey("k1 k8 z1", step="s1")], "R3"),
        ([dnskey("k1 z1 z8"), dnskey("k1 z1", step="s1")], "R3"),
        ([dnskey("k1 z1", step="s1")], "R3"),
        ([ds("k1"), dnskey("k1 k2", "k1 k2"), dnskey("k1 k2", "k2", step="s1")], "R3"),
        ([ds("k2"), dnskey("k1 k2", "k1 k2"), dnskey("k1 k2", "k2", step="s1")], "R2"),
        ([ds("z1"), dnskey("k1 z1"), dnskey("k1", step="s1")], "R3"),
        ([data("z1"), data("z1 z2", step="s1")], "R2"),
        ([data("z1"), data("z2", step="s1")], "R2"),
        ([data(""), data("z1", step="s1")], "R2"),
        ([data("z1"), data("", step="s1")], "R4"),
        ([data("z1"), data("z1 z8", step="s1")], "R3"),
        ([data("z1", step="s1")], "R3"),
        ([ns("a"), ns("b", step="s1")], "R3"),
        ([cds(None, polled=False)], "R1"),
        ([cds(None, polled=True)], "R3"),
        ([cds("delete", polled=False)], "R4"),
        ([ds("k1")], "R3"),
    ],
)
def test_the_class_of_a_step_by_what_it_publishes(versions: list[Version], risk: str) -> None:
    assert risk_of_step(STEP, timeline(*versions)) == risk


def test_a_step_that_only_waits_has_no_effect() -> None:
    assert risk_of_step(replace(STEP, moves=()), timeline()) is RiskClass.R0


def test_the_planner_may_say_more_and_never_less() -> None:
    harmless = timeline(dnskey("k1"), dnskey("k1 z1", step="s1"))
    assert risk_of_step(replace(STEP, risk=RiskClass.R4), harmless) is RiskClass.R4
    assert risk_of_step(replace(STEP, risk=RiskClass.R1), harmless) is RiskClass.R2


@pytest.mark.parametrize(
    ("move", "risk"),
    [
        (ZoneUnsign(signer="a"), "R4"),
        (DsReplace(ds=frozenset()), "R4"),
        (DnskeyAdd(signer="a", key="k1", sign=False), "R3"),
    ],
)
def test_moves_whose_effect_is_not_shown_are_taken_for_dangerous(move: Move, risk: str) -> None:
    step = replace(STEP, moves=(move,))
    assert risk_of_step(step, timeline()) == risk
    assert risk_of_step(step, None) == risk


def plan(*versions: Version, verdict: Verdict | None, insecure: bool = False) -> ZonePlan:
    return ZonePlan(
        zone="example.com.",
        status=Status.PLANNED,
        at=datetime(2026, 11, 21, tzinfo=UTC),
        steps=(STEP,),
        timeline=timeline(*versions, insecure=insecure),
        verdict=verdict,
    )


PROVED = Proved(profiles=("loose",))
SAFE = (dnskey("k1"), dnskey("k1 z1", step="s1"))


def test_the_class_of_a_plan_is_that_of_its_riskiest_step() -> None:
    assert risk_of_plan(plan(*SAFE, verdict=PROVED)) is RiskClass.R2
    assert risk_of_plan(replace(plan(*SAFE, verdict=PROVED), risk=RiskClass.R3)) is RiskClass.R3


@pytest.mark.parametrize(
    "verdict",
    [
        None,
        Malformed(why="x"),
        Refuted(
            profile="loose", verdict="bogus", schedule={}, begins=0, ends=1, versions=(), why="x"
        ),
    ],
)
def test_a_plan_without_proof_is_r4(verdict: Verdict | None) -> None:
    assert risk_of_plan(plan(*SAFE, verdict=verdict)) is RiskClass.R4


def test_a_plan_that_may_go_insecure_is_r4() -> None:
    assert risk_of_plan(plan(*SAFE, verdict=PROVED, insecure=True)) is RiskClass.R4
    started = plan(ds("k1"), *SAFE, verdict=PROVED, insecure=True)
    assert risk_of_plan(started) is RiskClass.R4
    unknown = plan(ds(unknown=True), *SAFE, verdict=PROVED, insecure=True)
    assert risk_of_plan(unknown) is RiskClass.R4


def test_a_first_signing_has_no_chain_to_lose() -> None:
    first = plan(ds(), ds("k1", step="s1"), verdict=PROVED, insecure=True)
    assert risk_of_plan(first) is RiskClass.R3


def test_a_plan_without_steps_is_r0() -> None:
    empty = replace(plan(verdict=None, insecure=True), steps=())
    assert risk_of_plan(empty) is RiskClass.R0
