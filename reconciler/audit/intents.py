"""Intents on record: the right step of the plan on record, in order, in time, and approved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from reconciler.audit.approvals import unapproved
from reconciler.audit.scene import Problem, Scene
from reconciler.governance.freeze import frozen
from reconciler.ledger.history import LoggedPlan, ZoneLog
from reconciler.model.plan import Step, ZonePlan
from reconciler.spec.move_wire import move_json

INTENT_LIFE = timedelta(minutes=20)
"""Longest time that an intent may leave to its writer (docs/ledger.md)."""


def intent_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with an intent."""
    plan, logged = scene.plan, scene.log.plan
    if plan is None or logged is None:
        yield Problem("audit-no-plan", "no plan that can be read was on record")
        return
    yield from _misnamed(scene, logged)
    step = next((s for s in plan.steps if s.id == scene.data.member("step")), None)
    if step is None:
        yield Problem("audit-no-plan", "the plan on record has no such step")
        return
    yield from _unlike(scene, logged, step)
    yield from _out_of_order(scene, step)
    yield from _out_of_time(scene, plan, step)
    yield from _stopped(scene, step)
    why = unapproved(scene, plan, logged, step)
    if why is not None:
        yield Problem("audit-not-approved", f"its step was not approved: {why}")


def _misnamed(scene: Scene, logged: LoggedPlan) -> Iterator[Problem]:
    if scene.data.member("plan") != logged.plan:
        yield Problem("audit-no-plan", f"the plan on record was that of entry {logged.seq}")
    if scene.data.member("change") != logged.change:
        yield Problem("audit-change-digest", "its change digest is not that of the plan on record")


def _unlike(scene: Scene, logged: LoggedPlan, step: Step) -> Iterator[Problem]:
    """Compare what was about to be done with what the plan says."""
    if scene.data.member("idem") != idempotency_id(logged.plan, step.id):
        yield Problem("audit-idempotency", "its idempotency id is not that of plan and step")
    if scene.data.items("moves") != tuple(move_json(move) for move in step.moves):
        yield Problem("audit-moves", "its moves are not those of the step")
    if scene.data.number("attempt") != scene.log.attempts.get(step.id, 0) + 1:
        yield Problem("audit-attempt", "its attempt does not follow the one before")
    deadline, at = scene.entry.draft.deadline, scene.entry.at
    if deadline is None or deadline > at + INTENT_LIFE:
        yield Problem("audit-deadline", "it leaves its writer more than 20 minutes")


def idempotency_id(plan: str, step: str) -> str:
    """Return the idempotency id of a step of the plan with this digest (docs/ledger.md)."""
    return hashlib.sha256(f"{plan}/{step}".encode()).hexdigest()[:32]


def _out_of_order(scene: Scene, step: Step) -> Iterator[Problem]:
    log = scene.log
    if log.open_intent is not None:
        yield Problem("audit-order", f"the intent of entry {log.open_intent.seq} was still open")
    outcome = log.outcomes.get(step.id)
    if step.id in log.evidence or (outcome is not None and outcome.ok):
        yield Problem("audit-order", "its step had been made already")
    called = {s for s, made in log.outcomes.items() if made.ok} - set(log.evidence) - {step.id}
    if called:
        yield Problem("audit-order", f"step {min(called)} was made and not seen everywhere yet")
    yield from _untold_keys(log)
    for need in step.needs:
        if need.step is not None and need.step not in log.evidence:
            yield Problem(
                "audit-order", f"it needs step {need.step}, of which there is no evidence"
            )


def _untold_keys(log: ZoneLog) -> Iterator[Problem]:
    made = {key for s in log.evidence if s in log.outcomes for key in log.outcomes[s].created}
    untold = made - {key for refinement in log.refined.values() for key in refinement.keys}
    if untold:
        yield Problem("audit-keys", f"what became of the key `{min(untold)}` is not on record")


def _out_of_time(scene: Scene, plan: ZonePlan, step: Step) -> Iterator[Problem]:
    for need in step.needs:
        since = _since(scene, plan, need.step)
        wait = timedelta(seconds=need.wait_min + need.margin)
        if since is not None and scene.entry.at < since + wait:
            after = f"step {need.step}" if need.step else "the observation"
            yield Problem(
                "audit-wait", f"it came {since + wait - scene.entry.at} too soon after {after}"
            )
    for limit in step.not_after:
        since = _since(scene, plan, limit.step)
        if since is not None and scene.entry.at > since + timedelta(seconds=limit.wait_max):
            yield Problem("audit-deadline", f"it came too late: {limit.reason}")


def _since(scene: Scene, plan: ZonePlan, step: str | None) -> datetime | None:
    if step is None:
        return plan.at
    seen = scene.log.evidence.get(step)
    return None if seen is None else seen.seen_at


def _stopped(scene: Scene, step: Step) -> Iterator[Problem]:
    """Yield what should have kept the step from being made."""
    at = scene.entry.at
    suspension = scene.log.suspended_at(at)
    if suspension is not None:
        yield Problem("audit-suspended", f"the zone was suspended by entry {suspension.seq}")
    if scene.log.blocked is not None:
        yield Problem("audit-blocked", f"the zone was blocked by entry {scene.log.blocked.seq}")
    windows = scene.rules.governance.freeze if scene.rules else ()
    late = bool(step.not_after)
    window = frozen(step.freeze_class, step.risk, windows, at, has_deadline=late)
    if window is not None:
        yield Problem("audit-frozen", f"changes were frozen until {window.end:%FT%TZ}")
