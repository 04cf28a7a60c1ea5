"""What people decide: adopting, stopping, resolving and giving up, each where it makes sense."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.audit.scene import Problem, Scene
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
    scene.data.truth("done")
    idem = scene.entry.draft.idem
    if idem is not None and not scene.attempts:
        yield Problem("audit-no-intent", f"no intent `{idem}` stands before it")
    rolled_back = scene.log.turned is not None and scene.log.complete
    if idem is None and scene.log.blocked is None and not rolled_back:
        yield Problem("audit-blocked", "there was nothing to resolve")


def abandon_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with giving a plan up, which the tool may do by itself."""
    yield from _with_reason(scene)
    yield from _left_open(scene)
    logged = scene.log.plan
    if logged is None:
        yield Problem("audit-no-plan", "no plan was on record")
    elif scene.entry.draft.plan not in {None, logged.plan}:
        yield Problem("audit-no-plan", f"the plan on record was that of entry {logged.seq}")


def _left_open(scene: Scene) -> Iterator[Problem]:
    """Yield which intents were open and are not said to be under way until after their deadline."""
    data = scene.data
    under_way = data.texts("under_way") if data.optional_text("until") is not None else ()
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


def _about_a_zone(scene: Scene) -> Iterator[Problem]:
    if not scene.zone.endswith("."):
        yield Problem("audit-zone", f"`{scene.zone}` is no absolute name of a zone")
