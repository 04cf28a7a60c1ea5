"""What would happen if a step were taken sooner: the proof, asked again with less of each need."""

from __future__ import annotations

from dataclasses import replace

from reconciler.execute.propose import Prove
from reconciler.model.capabilities import DsCheck
from reconciler.model.counterfactual import Counterfactual
from reconciler.model.plan import Need, Step, ZonePlan
from reconciler.proof import unready_ds

PROOF = "proof"
SHORTER = 1
"""Seconds taken off a wait of the proof: the least there is, for such waits are tight."""


def counterfactuals(plan: ZonePlan, step: Step, prove: Prove) -> tuple[Counterfactual, ...]:
    """Return, for each need of `step`, what the proof says of the plan with less of that need.

    A wait with reason `proof` loses one second; any other need is left out as a whole. `plan` has a
    timeline, and `step` is one of its steps.
    """
    return tuple(_without(plan, step, number, prove) for number in range(len(step.needs)))


def _without(plan: ZonePlan, step: Step, number: int, prove: Prove) -> Counterfactual:
    timeline = plan.timeline
    assert timeline is not None, "a plan with steps has a timeline"  # noqa: S101  (invariant)
    need = step.needs[number]
    less = _less(need)
    needs = (*step.needs[:number], *((less,) if less else ()), *step.needs[number + 1 :])
    changed = replace(step, needs=needs)
    steps = tuple(changed if other is step else other for other in plan.steps)
    left = less.wait_min if less else None
    known = _ahead(plan, plan.steps)
    ahead = tuple(clause for clause in _ahead(plan, steps) if clause not in known)
    return Counterfactual(need=need, left=left, verdict=prove(steps, timeline), ahead=ahead)


def _ahead(plan: ZonePlan, steps: tuple[Step, ...]) -> tuple[str, ...]:
    """Return which DS the plan would submit ahead of their keys, with these steps."""
    assert plan.timeline is not None, "a plan with steps has a timeline"  # noqa: S101  (invariant)
    checks = plan.observed.parent.capabilities.checks_ds if plan.observed else DsCheck.NONE
    return tuple(unready_ds(steps, plan.timeline, delegated=checks is DsCheck.DELEGATED))


def _less(need: Need) -> Need | None:
    """Return what is put in place of a need; None: nothing."""
    if need.reason != PROOF or need.wait_min < SHORTER:
        return None
    return replace(need, wait_min=need.wait_min - SHORTER)
