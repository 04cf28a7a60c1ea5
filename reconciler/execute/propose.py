"""From desired and observed state to a plan with its proof and its digest: read-only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from reconciler.governance.requirements import requirement_for
from reconciler.governance.risk import risk_of_plan, risk_of_step
from reconciler.model.desired import DesiredZone, Portfolio, RiskClass
from reconciler.model.entries import Json
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Plan, Proved, Refusal, Status, Step, Verdict, ZonePlan
from reconciler.model.timeline import Timeline
from reconciler.planning import plan_zone
from reconciler.spec.canonical import digest as json_digest
from reconciler.spec.digests import change_digest, desired_json, plan_digest

Prove = Callable[[Sequence[Step], Timeline], Verdict]


def propose(
    portfolio: Portfolio, desired: DesiredZone, observed: ObservedZone, prove: Prove
) -> ZonePlan:
    """Return the plan of one zone, proved and with its digests; refusals are values in it."""
    plan = judged(plan_zone(desired, observed), prove)
    return sealed(replace(plan, observed=observed), portfolio, desired)


def judged(plan: ZonePlan, prove: Prove) -> ZonePlan:
    """Return `plan` with the verdict of the proof, and its risk as change control sees it; what
    does not prove is blocked.
    """
    plan = _with_risks(plan)
    others = (replace(way, verdict=prove(way.steps, way.timeline)) for way in plan.alternatives)
    plan = replace(plan, alternatives=tuple(others))
    if plan.timeline is None or not plan.steps:
        return plan
    verdict = prove(plan.steps, plan.timeline)
    if isinstance(verdict, Proved):
        proved = replace(plan, verdict=verdict, steps=_honest(plan.steps, verdict))
        return _with_safe_ways_back(replace(proved, risk=risk_of_plan(proved)), prove)
    refusal = Refusal(
        rule="proof",
        summary="the proof does not accept the plan that was found, so it is not applyable",
        detail=verdict.why,
        opens="please report this with the output of `reconcile plan --save-observed FILE`",
    )
    blocked = (*plan.refusals, refusal)
    return replace(plan, verdict=verdict, status=Status.BLOCKED, refusals=blocked)


def _with_risks(plan: ZonePlan) -> ZonePlan:
    """Return `plan` with the class of each step raised to that of its effect."""
    return replace(
        plan,
        steps=_risky(plan.steps, plan.timeline),
        rollback=tuple(replace(b, steps=_risky(b.steps, b.timeline)) for b in plan.rollback),
        alternatives=tuple(
            replace(a, steps=_risky(a.steps, a.timeline)) for a in plan.alternatives
        ),
    )


def _risky(steps: Sequence[Step], timeline: Timeline | None) -> tuple[Step, ...]:
    return tuple(replace(step, risk=risk_of_step(step, timeline)) for step in steps)


def _with_safe_ways_back(plan: ZonePlan, prove: Prove) -> ZonePlan:
    """Return `plan` with those ways back that are proved; where one is not, a hint says so (I14).

    A start whose signatures end, or that is broken already, is nothing to return to.
    """
    unsafe = [b for b in plan.rollback if not isinstance(prove(b.steps, b.timeline), Proved)]
    if not unsafe:
        return plan
    after = ", ".join(back.after for back in unsafe)
    hint = f"after {after} there is no safe way back to the start: go on, or plan anew (I14)"
    kept = tuple(back for back in plan.rollback if back not in unsafe)
    return replace(plan, rollback=kept, hints=(*plan.hints, hint))


def _honest(steps: Sequence[Step], verdict: Proved) -> tuple[Step, ...]:
    """Return `steps` in which only those waits have the reason `proof` that the proof finds tight.

    The planner is the stricter of the two where a start is insecure already (I2).
    """
    loose = {(slack.step, slack.need) for slack in verdict.slack if slack.seconds}
    return tuple(
        replace(
            step,
            needs=tuple(
                replace(need, reason="rule:I2")
                if need.reason == "proof" and (step.id, need.step) in loose
                else need
                for need in step.needs
            ),
        )
        for step in steps
    )


def sealed(plan: ZonePlan, portfolio: Portfolio, desired: DesiredZone) -> ZonePlan:
    """Return `plan` with the rules it falls under, and the digests of desired state and change."""
    shall, asked = desired_json(desired), rules(portfolio, plan.risk)
    wanted = json_digest(shall)
    plan = replace(plan, desired=shall, desired_digest=wanted, rules=asked)
    return replace(plan, change_digest=change_digest(plan, wanted, asked))


def rules(portfolio: Portfolio, risk: RiskClass) -> Json:
    """Return the rules of change control that hold for `risk`, as the change digest covers them."""
    need = requirement_for(risk, portfolio.governance)
    return {
        "risk": risk.value,
        "approvers": need.approvers,
        "from_owner": need.from_owner,
        "from_critical": need.from_critical,
        "signed": need.signed,
        "max_age": need.max_age,
        "separation_of_duties": portfolio.governance.separation_of_duties,
    }


def bundled(zones: Mapping[str, ZonePlan]) -> Plan:
    """Return the plans of several zones as one, with its digest."""
    plan = Plan(zones=zones)
    return replace(plan, plan_digest=plan_digest(plan))
