"""Approvals on record: each is what its statement says, and each step had those that it needed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from reconciler.audit.owners import possible_owners
from reconciler.audit.scene import Problem, Scene
from reconciler.governance.approvals import Case, judge_approvals
from reconciler.governance.risk import risk_of_plan, risk_of_step
from reconciler.governance.statement import read_statement
from reconciler.ledger.evidence_of_approval import examined
from reconciler.ledger.history import LoggedApproval, LoggedPlan, Refined
from reconciler.ledger.records import Channel
from reconciler.model.desired import RiskClass
from reconciler.model.plan import Step, ZonePlan


def approval_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with an approval: who gave it, for what, and with which signature."""
    data = scene.data
    given = LoggedApproval(
        seq=scene.entry.seq,
        actor=scene.entry.actor.id,
        at=scene.entry.at,
        digest=data.text("digest"),
        person=data.text("person"),
        channel=data.choice("channel", Channel),
        statement=data.text("statement"),
        signature=data.optional_text("signature"),
    )
    if given.digest != scene.data.member("change"):
        yield Problem("audit-approval", "it names two different changes")
    people = scene.rules.people if scene.rules else {}
    if given.person not in people:
        yield Problem("audit-approval", f"the policy knows nobody called {given.person}")
    if given.channel is Channel.LOCAL:
        yield from _said(scene, given)
    known = {"zone": scene.zone, "ledger_id": scene.ledger_id}
    for approval in examined([given], people=people, **known):
        if approval.flaw is not None:
            yield Problem("audit-approval", approval.flaw)


def _said(scene: Scene, given: LoggedApproval) -> Iterator[Problem]:
    """Compare an unsigned approval with its statement."""
    said = read_statement(given.statement)
    if said is None:
        yield Problem("audit-approval", "what was approved is not an approval statement")
        return
    named = (said.ledger, said.zone, said.digest, said.person)
    if named != (scene.ledger_id, scene.zone, given.digest, given.person):
        yield Problem("audit-approval", "its statement is about something else")
    if said.at > scene.entry.at:
        yield Problem("audit-approval", "its statement is dated after it")


def revoke_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with taking an approval back."""
    if scene.data.text("digest") != scene.data.member("change"):
        yield Problem("audit-approval", "it names two different changes")
    person = scene.data.text("person")
    if scene.rules is not None and person not in scene.rules.people:
        yield Problem("audit-approval", f"the policy knows nobody called {person}")
    given = scene.log.approvals.get(scene.data.text("digest"), ())
    if not any(a.person == person and a.revoked is None for a in given):
        yield Problem("audit-approval", f"{person} had no approval of it in force")


def unapproved(scene: Scene, plan: ZonePlan, logged: LoggedPlan, step: Step) -> str | None:
    """Return why `step` was not approved at this entry, by the record before it; None: it was.

    Where the record does not tell who owns the zone, some owner's group must have agreed.
    """
    if scene.rules is None:
        return "the rules in force cannot be read"
    why = "nobody owns the zone"
    for owner in possible_owners(scene, plan):
        verdict = judge_approvals(
            _case(scene, plan, logged, step, owner),
            scene.rules,
            examined(
                scene.log.approvals.get(_digest(scene, plan, logged, step), ()),
                zone=scene.zone,
                ledger_id=scene.ledger_id,
                people=scene.rules.people,
            ),
        )
        if verdict.satisfied:
            return None
        ignored = (f"{who.person} does not count ({because})" for who, because in verdict.ignored)
        why = "; ".join([*verdict.missing, *ignored])
    return why


def _digest(scene: Scene, plan: ZonePlan, logged: LoggedPlan, step: Step) -> str:
    turned = logged.turned
    if turned is not None:
        risky = risk_of_step(step, plan.timeline) >= RiskClass.R3
        return turned.refined if turned.refined and risky else turned.change
    refinement = _refinement(scene, plan, step)
    return logged.change if refinement is None else refinement.digest


def _refinement(scene: Scene, plan: ZonePlan, step: Step) -> Refined | None:
    """Return the refinement whose digest a step of class R3 or above needs approved, if any."""
    if not scene.log.refined or risk_of_step(step, plan.timeline) < RiskClass.R3:
        return None
    return max(scene.log.refined.values(), key=lambda r: r.seq, default=None)


def _case(scene: Scene, plan: ZonePlan, logged: LoggedPlan, step: Step, owner: str) -> Case:
    refinement = _refinement(scene, plan, step)
    first = scene.log.begun_at if refinement is None else _since(scene, plan, refinement)
    risk = risk_of_plan(plan) if refinement is None else risk_of_step(step, plan.timeline)
    if logged.turned is not None:
        first, risk = logged.turned.begun_at, RiskClass(logged.turned.risk)
    return Case(
        digest=_digest(scene, plan, logged, step),
        risk=risk,
        owner=owner,
        authors=logged.authors,
        now=scene.entry.at,
        first_effect_at=first,
    )


def _since(scene: Scene, plan: ZonePlan, refinement: Refined) -> datetime | None:
    """Return when the first step of class R3 or above was made after a refinement."""
    risky = {s.id for s in plan.steps if risk_of_step(s, plan.timeline) >= RiskClass.R3}
    made = [
        outcome.at
        for step, outcome in scene.log.outcomes.items()
        if outcome.ok and outcome.seq > refinement.seq and step in risky
    ]
    return min(made, default=None)
