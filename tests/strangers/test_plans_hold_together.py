"""What is proposed holds together for whoever has the file alone, on worlds of every sort."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.audit.contradictions import contradictions, left_out
from reconciler.execute.propose import propose
from reconciler.model.capabilities import DsCheck
from reconciler.model.desired import (
    DesiredZone,
    Governance,
    KeyScheme,
    KskRollover,
    Observers,
    Portfolio,
    StandbyKsk,
)
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Status
from reconciler.proof import prove, unready_ds
from tests.strangers import test_moves_against_proof as by_itself
from tests.strangers import test_plans_against_proof as one
from tests.strangers import test_signers_against_proof as several
from tests.strangers import test_starts_against_proof as starts

PATIENT = settings(one.PATIENT, max_examples=40)
SHORT = settings(several.PATIENT, max_examples=15)
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


def against(desired: DesiredZone, observed: ObservedZone) -> list[str]:
    """Return what is wrong with the plan of a zone, and with its alternatives by the rule I6."""
    plan = propose(PORTFOLIO, desired, observed, prove)
    found = []
    if plan.status is Status.PLANNED and plan.timeline is not None:
        verdict = prove(plan.steps, plan.timeline)
        found += [*left_out(plan), *contradictions(plan, verdict)]
    if not _ahead(desired):
        delegated = observed.parent.capabilities.checks_ds is DsCheck.DELEGATED
        for way in plan.alternatives:
            found += unready_ds(way.steps, way.timeline, delegated=delegated)
    return found


def _ahead(desired: DesiredZone) -> bool:
    policy = desired.policy
    return policy.ksk_rollover is not KskRollover.DOUBLE_KSK or policy.standby_ksk is StandbyKsk.DS


@PATIENT
@given(st.one_of(one.worlds(), one.changed_worlds()))
def test_plans_for_one_signer_hold_together(world: one.World) -> None:
    assert against(world.desired, world.observed) == []


@PATIENT
@given(one.broken_worlds())
def test_repairs_hold_together(world: one.World) -> None:
    assert against(world.desired, world.observed) == []


@PATIENT
@given(by_itself.worlds())
def test_plans_beside_pollers_and_signers_with_policies_hold_together(
    world: by_itself.World,
) -> None:
    assert against(world.desired, world.observed) == []


@PATIENT
@given(by_itself.worlds())
def test_plans_for_a_parent_that_checks_what_it_is_given_hold_together(
    world: by_itself.World,
) -> None:
    parent = world.observed.parent
    can = replace(parent.capabilities, checks_ds=DsCheck.DELEGATED)
    observed = replace(world.observed, parent=replace(parent, capabilities=can))
    assert against(world.desired, observed) == []


@PATIENT
@given(st.data())
def test_plans_from_any_start_hold_together(data: st.DataObject) -> None:
    scheme = data.draw(st.sampled_from(list(KeyScheme)))
    observed, desired = data.draw(starts.starts(scheme)), data.draw(starts.desires(scheme))
    assert against(desired, observed) == []


@SHORT
@given(st.one_of(several.worlds(), several.acting_worlds()))
def test_plans_for_two_signers_hold_together(world: several.World) -> None:
    assert against(world.desired, world.observed) == []


@SHORT
@given(several.worlds())
def test_plans_that_drop_or_keep_weak_algorithms_hold_together(world: several.World) -> None:
    policy = replace(world.desired.policy, weak_algorithms=frozenset({8}), drop_strict=True)
    assert against(replace(world.desired, policy=policy), world.observed) == []
