"""Plans that are turned back: only by the rollback that was approved with the plan that ran.

The steps may come later than approved and never sooner, and each makes the moves that were approved
for it. That the rollback is safe from where it began is proved like any plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.audit.plans import plan_on_record, refined
from reconciler.audit.scene import Problem, Scene
from reconciler.ledger.history import LoggedPlan
from reconciler.model.plan import Need, Rollback, Status, Step, ZonePlan
from reconciler.model.timeline import Timeline, Version
from reconciler.spec.move_wire import move_json

_CAUSES = frozenset({"bogus", "other-ds", "refused", "too-late"})
"""Why a plan is turned back (docs/ledger.md)."""
_ORDER = "rule:order"
"""The reason of a wait that only tells a plan's start from its first step."""


def rollback_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with turning the plan that runs back, where a plan entry says so."""
    told = scene.data.text_mapping("rollback", default={})
    plan = plan_on_record(scene) if told else None
    if plan is None:
        return
    running = scene.log.plan
    if running is None or scene.plan is None or scene.log.complete:
        yield Problem("audit-rollback", "no plan ran that could be turned back")
        return
    if running.turned is not None:
        yield Problem("audit-rollback", "what it turns back was a way back already")
    if told.get("of") != running.plan:
        yield Problem("audit-rollback", f"the plan that ran was that of entry {running.seq}")
    if not told.get("why"):
        yield Problem("audit-reason", "it gives no reason")
    if told.get("cause") not in _CAUSES:
        yield Problem("audit-reason", "its cause is none for which a plan is turned back")
    after = told.get("after", "")
    begun = [step for step in running.steps if step in scene.log.attempts]
    if begun[-1:] != [after]:
        yield Problem("audit-rollback", f"the last step begun before it was not `{after}`")
    back = next((b for b in scene.plan.rollback if b.after == after), None)
    if back is None:
        yield Problem("audit-rollback", f"the plan that ran has no rollback after `{after}`")
        return
    yield from _unlike(plan, _with_created(scene, back))
    yield from _inherited(scene, running)
    if plan.desired_digest != scene.plan.desired_digest:
        yield Problem("audit-rollback", "it serves another desired state than the plan that ran")


def _with_created(scene: Scene, back: Rollback) -> Rollback:
    """Return an approved rollback with the keys that were created since."""
    whole = ZonePlan(
        zone=scene.zone, status=Status.PLANNED, at=scene.entry.at, timeline=back.timeline
    )
    try:
        timeline = refined(whole, scene.log.created).timeline
    except ValueError:
        timeline = None
    return back if timeline is None else replace(back, timeline=timeline)


def _inherited(scene: Scene, running: LoggedPlan) -> Iterator[Problem]:
    """Compare who is said to have written it with who wrote the plan that it turns back."""
    if frozenset(scene.data.texts("authors")) != running.authors:
        yield Problem("audit-rollback", "its authors are not those of the plan that ran")


def _unlike(plan: ZonePlan, back: Rollback) -> Iterator[Problem]:
    """Compare a rollback, step by step, with the one that was approved."""
    keys = plan.timeline.keys if plan.timeline else {}
    if any(keys.get(label) != key for label, key in back.timeline.keys.items()):
        yield Problem("audit-rollback", "its keys are not those that were approved and made")
    if plan.timeline is None or _claims(plan.timeline) != _claims(back.timeline):
        yield Problem("audit-rollback", "it claims safety for other validators than was approved")
    if len(plan.steps) != len(back.steps):
        yield Problem("audit-rollback", "it has other steps than were approved")
        return
    names = {old.id: new.id for old, new in zip(back.steps, plan.steps, strict=True)}
    for old, new in zip(back.steps, plan.steps, strict=True):
        if not _same_step(old, new, names):
            yield Problem("audit-rollback", f"its step {new.id} is not the one approved")
        if not _waits_enough(old.needs, new.needs, names):
            yield Problem("audit-rollback", f"its step {new.id} waits less than was approved")
        if _published(plan, new) != _published(back, old):
            yield Problem("audit-rollback", f"its step {new.id} publishes something else")


def _claims(timeline: Timeline) -> tuple[object, ...]:
    """Return what a proof is worth: for whom the steps are safe, and what is taken for granted."""
    return timeline.profiles, timeline.assumptions, timeline.insecure_allowed


def _same_step(old: Step, new: Step, names: Mapping[str, str]) -> bool:
    limits = tuple(
        (limit.step and names.get(limit.step), limit.wait_max) for limit in old.not_after
    )
    return (
        [move_json(move) for move in old.moves] == [move_json(move) for move in new.moves]
        and (old.actor, old.freeze_class) == (new.actor, new.freeze_class)
        and limits == tuple((limit.step, limit.wait_max) for limit in new.not_after)
        and new.risk >= old.risk
    )


def _waits_enough(old: tuple[Need, ...], new: tuple[Need, ...], names: Mapping[str, str]) -> bool:
    """True if every approved need has its counterpart that waits as long or longer."""
    return all(
        any(
            need.step == (known.step and names.get(known.step))
            and need.wait_min >= known.wait_min
            and need.margin >= known.margin
            and need.wait_from is known.wait_from
            for need in new
        )
        for known in old
        if known.reason != _ORDER
    )


def _published(plan: ZonePlan | Rollback, step: Step) -> list[Version]:
    """Return what a step publishes."""
    timeline = plan.timeline
    if timeline is None:
        return []
    return [replace(v, step=None, at=None) for v in timeline.versions if v.step == step.id]
