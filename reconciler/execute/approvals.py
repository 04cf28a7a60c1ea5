"""Which digest must be approved for a step, and is it, by what the ledger holds."""

from __future__ import annotations

from datetime import datetime

from reconciler.execute.turn import Turn
from reconciler.governance.approvals import ApprovalVerdict, Case, judge_approvals, rules_of
from reconciler.governance.risk import risk_of_plan, risk_of_step
from reconciler.ledger.evidence_of_approval import examined
from reconciler.ledger.history import Refined, TurnedBack
from reconciler.model.desired import RiskClass
from reconciler.model.plan import Step, ZonePlan


def verdict_for(turn: Turn, step: Step) -> tuple[str, ApprovalVerdict]:
    """Return the digest that `step` needs approved, and the verdict on it.

    The whole plan's digest, by the class of its riskiest step; once keys were created, steps of
    class R3 and above need the refined digest instead (design/change-control.md §1).
    """
    plan, logged = turn.plan, turn.log.plan
    if plan is not None and turn.log.turned is not None:
        return covered(turn, plan, turn.log.turned, step)
    assert plan is not None, "a step belongs to a plan"  # noqa: S101  (invariant)
    assert logged is not None, "a running plan is on record"  # noqa: S101  (invariant)
    risk = risk_of_step(step, plan.timeline)
    refined = latest_refinement(turn)
    if refined is not None and risk >= RiskClass.R3:
        digest, first = refined.digest, _first_effect_since(turn, refined)
    else:
        digest, first, risk = logged.change, turn.log.begun_at, risk_of_plan(plan)
    case = Case(
        digest=digest,
        risk=risk,
        owner=turn.desired.owner,
        authors=logged.authors,
        now=turn.now,
        first_effect_at=first,
    )
    return digest, _judged(turn, case)


def covered(
    turn: Turn, plan: ZonePlan, turned: TurnedBack, step: Step
) -> tuple[str, ApprovalVerdict]:
    """Return the digest that covers `step` of the rollback `plan`, and the verdict on it.

    A rollback is approved with its plan, for as long as that plan's approvals hold, and asks for
    what that plan asked for.
    """
    risky = risk_of_step(step, plan.timeline) >= RiskClass.R3
    digest = turned.refined if turned.refined and risky else turned.change
    logged = turn.log.plan
    case = Case(
        digest=digest,
        risk=RiskClass(turned.risk),
        owner=turn.desired.owner,
        authors=logged.authors if logged else frozenset(),
        now=turn.now,
        first_effect_at=turned.begun_at,
    )
    return digest, _judged(turn, case)


def _judged(turn: Turn, case: Case) -> ApprovalVerdict:
    approvals = examined(
        turn.log.approvals.get(case.digest, ()),
        zone=turn.zone,
        ledger_id=turn.history.ledger_id or "",
        people=turn.outside.portfolio.people,
    )
    return judge_approvals(case, rules_of(turn.outside.portfolio), approvals)


def still_needed(turn: Turn, step: Step) -> str:
    """Return what people can do about `step` while time passes, so that nobody learns too late."""
    digest, verdict = verdict_for(turn, step)
    if verdict.satisfied:
        return ""
    return f"; meanwhile {step.id} needs {' and '.join(verdict.missing)}: approve {digest}"


def latest_refinement(turn: Turn) -> Refined | None:
    """Return the refinement that tells of all keys created so far."""
    return max(turn.log.refined.values(), key=lambda r: r.seq, default=None)


def _first_effect_since(turn: Turn, refined: Refined) -> datetime | None:
    """Return when the first step of class R3 or above was made after `refined`."""
    plan = turn.plan
    risky = {
        s.id
        for s in (plan.steps if plan else ())
        if risk_of_step(s, plan.timeline if plan else None) >= RiskClass.R3
    }
    made = [
        outcome.at
        for step, outcome in turn.log.outcomes.items()
        if outcome.ok and outcome.seq > refined.seq and step in risky
    ]
    return min(made, default=None)
