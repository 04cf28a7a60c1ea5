"""How existence is denied changes by capability alone, and NSEC3 never meets algorithms 3 and 5."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import SignerCapabilities, Signing
from reconciler.model.desired import Denial, DenialKind
from reconciler.model.moves import DenialSet, op
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Proved, Status, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

NSEC, NSEC3 = Denial(), Denial(kind=DenialKind.NSEC3)
SALTED = Denial(kind=DenialKind.NSEC3, iterations=10, salt=b"\xaa")
COMPACT = Denial(kind=DenialKind.COMPACT)
BOTH = SignerCapabilities(
    algorithms=frozenset({5, 8, 13}), denials=frozenset({DenialKind.NSEC, DenialKind.NSEC3})
)
NO_CHOICE = replace(BOTH, denials=frozenset())


def denying(start: ObservedZone, denial: Denial) -> ObservedZone:
    return replace(start, signers={"a": replace(start.signers["a"], denial=denial)})


def table(plan: ZonePlan) -> list[tuple[list[str], dict[str | None, tuple[int, str]]]]:
    assert plan.timeline, plan.refusals
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
    return [
        (sorted(op(m) for m in s.moves), {n.step: (n.wait_min, n.reason) for n in s.needs})
        for s in plan.steps
    ]


@pytest.mark.parametrize(
    ("now", "wish"), [(NSEC, NSEC3), (NSEC3, NSEC), (SALTED, NSEC3), (NSEC3, SALTED)]
)
def test_denial_changes_in_one_step_without_a_wait(b: Builders, now: Denial, wish: Denial) -> None:
    """P23, scenario 55."""
    plan = plan_zone(b.desire(denial=wish), denying(b.signed(signer=BOTH), now))
    assert table(plan) == [(["denial.set"], {})]
    assert plan.steps[0].moves == (DenialSet(signer="a", denial=wish),)
    assert [way.after for way in plan.rollback] == ["s1"]


def test_nsec3_waits_until_no_cache_holds_a_key_of_algorithm_5(b: Builders) -> None:
    """Scenario 53: P10 first, then the DNSKEY TTL and the propagation."""
    start = b.observe(ds=["k1@5"], keys=["k1@5", "z1@5"], data=["z1@5"], signer=BOTH)
    rows = table(plan_zone(b.desire(algorithm=13, denial=NSEC3), start))
    assert rows[-1] == (["denial.set"], {"s3": (3900, "rule:I16")})
    assert rows[-2][0] == ["data.sign", "dnskey.remove", "dnskey.remove"]


def test_nsec_comes_before_a_key_of_algorithm_5_and_its_answers_leave_the_caches(
    b: Builders,
) -> None:
    """Scenario 54."""
    start = denying(b.signed(signer=BOTH), NSEC3)
    rows = table(plan_zone(b.desire(algorithm=5, denial=NSEC), start))
    assert rows[0] == (["denial.set"], {})
    first = next(needs for operations, needs in rows if "dnskey.add" in operations)
    assert first["s1"] == (86700, "rule:I16")


def test_nsec3_with_algorithm_5_is_refused(b: Builders) -> None:
    plan = plan_zone(b.desire(algorithm=5, denial=NSEC3), b.signed(signer=BOTH))
    assert [r.rule for r in plan.refusals] == ["I16"]


@pytest.mark.parametrize("able", [BOTH, NO_CHOICE])
@pytest.mark.parametrize("now", [NSEC, NSEC3, SALTED, COMPACT])
def test_a_policy_that_says_nothing_of_denial_keeps_what_there_is(
    b: Builders, able: SignerCapabilities, now: Denial
) -> None:
    start = denying(b.signed(signer=able), now)
    assert plan_zone(b.desire(), start).status is Status.NO_CHANGE
    plan = plan_zone(b.desire(zsk=2), start)
    assert "denial.set" not in [op(m) for step in plan.steps for m in step.moves]


def test_nsec3_that_is_kept_does_not_go_with_algorithm_5_either(b: Builders) -> None:
    (refusal,) = plan_zone(b.desire(algorithm=5), denying(b.signed(signer=BOTH), NSEC3)).refusals
    assert (refusal.rule, "denial: nsec" in refusal.opens) == ("I16", True)


def test_a_zone_signed_for_the_first_time_is_said_to_begin_with_nsec(b: Builders) -> None:
    said = "the policy says nothing of `denial`, so that a begins with NSEC"
    bare = b.observe(signer=BOTH)
    assert said in plan_zone(b.desire(), bare).hints
    assert said not in plan_zone(b.desire(denial=NSEC), bare).hints


@pytest.mark.parametrize("signing", [Signing.KEYS, Signing.SWITCH])
def test_a_signer_that_cannot_change_its_denial_is_refused_with_what_opens_it(
    b: Builders, signing: Signing
) -> None:
    start = b.signed(signer=replace(NO_CHOICE, signing=signing))
    (refusal,) = plan_zone(b.desire(denial=NSEC3), start).refusals
    assert refusal.rule == "capability:denials"
    assert "unsigned first" in refusal.opens


def test_an_unsigned_zone_is_not_asked_how_it_denies(b: Builders) -> None:
    start = denying(b.observe(signer=BOTH), Denial(kind=DenialKind.NONE))
    plan = plan_zone(b.desire(denial=NSEC3), start)
    assert "denial.set" not in [op(m) for step in plan.steps for m in step.moves]
