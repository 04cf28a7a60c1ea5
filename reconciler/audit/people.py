"""What people decide: adopting, stopping, resolving and giving up, each where it makes sense."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.audit.scene import Problem, Scene
from reconciler.ledger.history import ZoneLog
from reconciler.spec.canonical import digest


def adopt_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with an adoption."""
    if scene.data.text("observed") != digest([*scene.data.items("seen")]):
        yield Problem("audit-adoption", "its digest is not that of what was seen")
    log = scene.log
    if log.plan is not None and not log.complete:
        yield Problem("audit-order", f"the plan of entry {log.plan.seq} was still under way")


def blocked_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with a block."""
    yield from _about_a_zone(scene)
    yield from _about_the_plan(scene)
    if not scene.data.text("why"):
        yield Problem("audit-blocked", "it does not say why")


def suspend_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with a suspension."""
    yield from _by_somebody(scene)
    if scene.data.instant("until") <= scene.entry.at:
        yield Problem("audit-suspended", "it ended before it began")


def resume_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with the early end of a suspension."""
    yield from _by_somebody(scene)
    if scene.log.suspended is None:
        yield Problem("audit-suspended", "the zone was not suspended")


def resolve_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with a decision: there must be something to decide."""
    yield from _by_somebody(scene)
    done = scene.data.truth("done")
    if scene.entry.draft.idem is not None:
        yield from _settles(scene, done=done)
    elif not _waits_for_a_person(scene.log, scene.entry.draft.step):
        yield Problem("audit-blocked", "there was nothing to resolve at this step")


def _settles(scene: Scene, *, done: bool) -> Iterator[Problem]:
    """Compare a word about an intent with the intent, and with the outcome that it stands for."""
    idem, step = scene.data.member("idem"), scene.data.member("step")
    asked = [attempt for attempt in scene.attempts if attempt.step == step]
    if not asked:
        yield Problem("audit-no-intent", f"no intent `{idem}` of this step stands before it")
        return
    if scene.entry.draft.plan not in {None, asked[-1].plan}:
        yield Problem("audit-no-plan", "it names another plan than the intent that it settles")
    if scene.entry.draft.change not in {None, asked[-1].change}:
        yield Problem("audit-change-digest", "its change digest is not that of its intent")
    open_ones = [intent for intent in scene.log.open_intents if intent.idem == idem]
    if any(i.deadline is not None and scene.entry.at < i.deadline for i in open_ones):
        yield Problem("audit-deadline", "it settles an intent whose writer still had time")
    made = scene.log.outcomes.get(step)
    if made is not None and made.idem == idem and not open_ones and made.ok != done:
        yield Problem("audit-outcome", f"the outcome of entry {made.seq} says something else")


def _waits_for_a_person(log: ZoneLog, step: str | None) -> bool:
    """True if the zone is blocked at `step`, or at none in particular, or was rolled back there."""
    if log.blocked is not None and log.blocked.step in {None, step}:
        return True
    return log.turned is not None and log.complete and log.turned.after == step


def abandon_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with giving a plan up, which the tool may do by itself."""
    yield from _with_reason(scene)
    yield from _left_open(scene)
    logged = scene.log.plan
    if logged is None:
        yield Problem("audit-no-plan", "no plan was on record")
    else:
        yield from _about_the_plan(scene)


def _left_open(scene: Scene) -> Iterator[Problem]:
    """Yield which intents were open and are not said to be under way until after their deadline,
    and which steps are said to be under way that nobody began.
    """
    data = scene.data
    under_way = data.texts("under_way") if data.optional_text("until") is not None else ()
    begun = {*scene.log.attempts, *(intent.step for intent in scene.log.open_intents)}
    for step in sorted(set(under_way) - begun):
        yield Problem("audit-order", f"step {step} is said to be under way, and was never begun")
    for intent in scene.log.open_intents:
        if intent.step not in under_way:
            told = f"the intent of entry {intent.seq} was open, and may still have had its effect"
            yield Problem("audit-order", told)
        elif intent.deadline is not None and data.instant("until") < intent.deadline:
            yield Problem("audit-deadline", f"the writer of entry {intent.seq} still had time")


def annotate_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with a known difference."""
    yield from _by_somebody(scene)
    if scene.data.instant("until") <= scene.entry.at:
        yield Problem("audit-annotation", "it ended before it began")


def _by_somebody(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with whose word it is: somebody's."""
    yield from _with_reason(scene)
    if scene.data.optional_text("person") is None:
        yield Problem("audit-person", "it does not say whose word it is")


def _with_reason(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with why, and with who says so, where somebody does."""
    yield from _about_a_zone(scene)
    if not scene.data.text("reason"):
        yield Problem("audit-reason", "it gives no reason")
    person = scene.data.optional_text("person")
    if person is not None and scene.rules is not None and person not in scene.rules.people:
        yield Problem("audit-person", f"the policy knows nobody called {person}")


def _about_the_plan(scene: Scene) -> Iterator[Problem]:
    """Compare the plan, change and step that an entry names, where it does, with what runs."""
    logged, about = scene.log.plan, scene.entry.draft
    if about.plan not in {None, logged and logged.plan}:
        yield Problem("audit-no-plan", "it names another plan than the one on record")
    if about.change not in {None, logged and logged.change}:
        yield Problem("audit-change-digest", "its change digest is not that of the plan on record")
    steps = {*(logged.steps if logged else ()), *(i.step for i in scene.log.open_intents)}
    if about.step is not None and about.step not in steps:
        yield Problem("audit-no-plan", "the plan on record has no such step")


def _about_a_zone(scene: Scene) -> Iterator[Problem]:
    if not scene.zone.endswith("."):
        yield Problem("audit-zone", f"`{scene.zone}` is no absolute name of a zone")
