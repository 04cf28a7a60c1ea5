"""What approvals a zone's change needs, has and lacks: read-only, by the rules that `apply` uses."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.execute.approvals import verdict_for
from reconciler.execute.outside import Outside
from reconciler.execute.turn import Turn, gather
from reconciler.governance.approvals import ApprovalVerdict, Case, judge_approvals, rules_of
from reconciler.governance.risk import risk_of_plan, risk_of_step
from reconciler.ledger.evidence_of_approval import examined
from reconciler.model.desired import DesiredZone, RiskClass
from reconciler.model.plan import Status, Step, ZonePlan


@dataclass(frozen=True, slots=True, kw_only=True)
class Required:
    """One digest that must be approved before `steps` (ids) are made, and the verdict on it.

    `risk` is the class whose requirement counts.
    """

    digest: str
    risk: RiskClass
    steps: tuple[str, ...]
    verdict: ApprovalVerdict


def required(outside: Outside, desired: DesiredZone) -> tuple[Required, ...]:
    """Return what is left to approve for a zone, in the order of its steps; empty for no change."""
    turn = gather(outside, desired)
    position = turn.position
    if position is not None and position.left:
        steps = [step for step in position.left if step.id not in position.called]
        return _grouped(turn, steps)
    if turn.observed is None:
        return ()
    plan = outside.propose(desired, turn.observed)
    return (_of_new(turn, plan),) if plan.status is Status.PLANNED else ()


def _grouped(turn: Turn, steps: list[Step]) -> tuple[Required, ...]:
    """Return the steps by the digest that each needs approved."""
    plan = turn.plan
    found: dict[str, Required] = {}
    for step in steps:
        digest, verdict = verdict_for(turn, step)
        before = found[digest].steps if digest in found else ()
        whole = plan is not None and turn.log.plan is not None and digest == turn.log.plan.change
        risk = risk_of_plan(plan) if plan and whole else risk_of_step(step, _timeline(plan))
        found[digest] = Required(
            digest=digest, risk=risk, steps=(*before, step.id), verdict=verdict
        )
    return tuple(found.values())


def _of_new(turn: Turn, plan: ZonePlan) -> Required:
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
    return Required(digest=plan.change_digest, risk=risk, steps=steps, verdict=verdict)
