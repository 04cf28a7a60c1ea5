"""Every plan begins with what was observed: the proof reads the observation on its own."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from reconciler.planning import plan_zone
from reconciler.proof.start import start_flaws
from tests.strangers import test_moves_against_proof as by_itself
from tests.strangers import test_plans_against_proof as one
from tests.strangers import test_signers_against_proof as several

PATIENT = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)


def begins_as_observed(world: one.World | several.World | by_itself.World) -> bool:
    plan = plan_zone(world.desired, world.observed)
    if plan.timeline is None:
        return True
    assert list(start_flaws(world.observed, plan.steps, plan.timeline)) == []
    return True


@PATIENT
@given(one.worlds())
def test_plans_for_one_signer_begin_as_observed(world: one.World) -> None:
    assert begins_as_observed(world)


@PATIENT
@given(one.broken_worlds())
def test_repairs_begin_as_observed(world: one.World) -> None:
    assert begins_as_observed(world)


@settings(PATIENT, max_examples=20)
@given(several.worlds())
def test_plans_for_two_signers_begin_as_observed(world: several.World) -> None:
    assert begins_as_observed(world)


@settings(PATIENT, max_examples=20)
@given(several.worlds())
def test_plans_from_the_middle_of_another_begin_as_observed(world: several.World) -> None:
    plan = several.planned(world)
    for taken in range(1, len(plan.steps)):
        observed = several.after(world.observed, plan, taken)
        assert begins_as_observed(several.World(desired=world.desired, observed=observed))


@PATIENT
@given(by_itself.worlds())
def test_plans_beside_pollers_and_signers_with_policies_begin_as_observed(
    world: by_itself.World,
) -> None:
    assert begins_as_observed(world)
