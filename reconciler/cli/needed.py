"""What approvals a zone's change needs, has and lacks: read-only, by the rules of `apply`."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.execute.approvals import verdict_for
from reconciler.execute.begin import superseded
from reconciler.execute.outside import Outside
from reconciler.execute.position import Position
from reconciler.execute.turn import Turn, gather
from reconciler.governance.approvals import ApprovalVerdict, Case, judge_approvals, rules_of
from reconciler.governance.risk import risk_of_plan, risk_of_step
from reconciler.ledger.evidence_of_approval import examined
from reconciler.model.desired import DesiredZone, RiskClass
from reconciler.model.plan import Status, Step, ZonePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """The digest that must be approved before `steps` (ids) are made, and the verdict on it.

    `risk` is the class whose requirement counts.
    """

    digest: str
    risk: RiskClass
    steps: tuple[str, ...]
    verdict: ApprovalVerdict


def needed_approvals(outside: Outside, desired: DesiredZone) -> tuple[Needed, ...]:
    """Return what is left to approve for a zone, in the order of its steps; empty for no change."""
    turn = gather(outside, desired)
    position = turn.position
    if position is not None and position.left and not superseded(turn, position):
        return _grouped(turn, position)
    if turn.observed is None:
        return ()
    plan = outside.propose(desired, turn.observed)
    return (_of_new(turn, plan),) if plan.status is Status.PLANNED else ()


def _grouped(turn: Turn, position: Position) -> tuple[Needed, ...]:
    """Return the steps not made yet, by the digest that each needs approved."""
    found: dict[tuple[str, RiskClass], Needed] = {}
    for step in position.left:
        if step.id in position.called:
            continue
        digest, verdict = verdict_for(turn, step)
        risk = _risk(turn, position.plan, step, digest)
        before = found.get((digest, risk))
        steps = (*(before.steps if before else ()), step.id)
        found[digest, risk] = Needed(digest=digest, risk=risk, steps=steps, verdict=verdict)
    return tuple(found.values())


def _risk(turn: Turn, plan: ZonePlan, step: Step, digest: str) -> RiskClass:
    """Return the class that counts: the plan's for its own digest, the step's for a refined one."""
    whole = turn.log.plan is not None and digest == turn.log.plan.change
    return risk_of_plan(plan) if whole else risk_of_step(step, plan.timeline)


def _of_new(turn: Turn, plan: ZonePlan) -> Needed:
    """Return what a plan needs that is not on record yet."""
    completed = turn.log.completed
    risk = risk_of_plan(plan)
    case = Case(
        digest=plan.change_digest,
        risk=risk,
        owner=turn.desired.owner,
        authors=turn.outside.authors(turn.zone, completed.commit if completed else None),
        now=turn.now,
    )
    approvals = examined(
        turn.log.approvals.get(plan.change_digest, ()),
        zone=turn.zone,
        ledger_id=turn.history.ledger_id or "",
        people=turn.outside.portfolio.people,
    )
    verdict = judge_approvals(case, rules_of(turn.outside.portfolio), approvals)
    steps = tuple(step.id for step in plan.steps)
    return Needed(digest=plan.change_digest, risk=risk, steps=steps, verdict=verdict)
