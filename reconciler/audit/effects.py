"""What came of intents: outcomes that answer one, evidence after them, and what keys became."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.audit.digests import digest_of
from reconciler.audit.plans import refined
from reconciler.audit.scene import Problem, Scene
from reconciler.audit.shown import not_shown
from reconciler.model.entries import Event
from reconciler.model.keys import Key
from reconciler.model.plan import ZonePlan
from reconciler.model.timeline import DsVersion


def accepted_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with an acceptance: a system works on what the intent asked for."""
    yield from _answer_problems(scene)
    if not scene.data.text("operation"):
        yield Problem("audit-operation", "it names no operation that could be asked after")


def _answer_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with an outcome or an acceptance: it must answer one open question."""
    idem, step = scene.data.member("idem"), scene.data.member("step")
    asked = [attempt for attempt in scene.attempts if attempt.step == step]
    if not asked:
        yield Problem("audit-no-intent", f"no intent `{idem}` of this step stands before it")
        return
    if (scene.data.member("plan"), scene.data.member("change")) != (asked[0].plan, asked[0].change):
        yield Problem("audit-no-plan", "it names another plan than the intent that it answers")
    if is_resolved(scene):
        is_open = any(intent.idem == idem for intent in scene.log.open_intents)
        if not is_open:
            yield Problem("audit-no-intent", "no intent was open that it could settle")
        elif asked[-1].deadline is not None and scene.entry.at < asked[-1].deadline:
            yield Problem("audit-deadline", "it settles an intent whose writer still had time")
    elif not any(a.run == scene.entry.actor.run and not a.answered for a in asked):
        yield Problem("audit-no-intent", "this run had no intent of this step left to answer")


def is_resolved(scene: Scene) -> bool:
    """True if an outcome was told from observation by a later run."""
    told = scene.entry.draft.data.get("resolved") is True
    return told and scene.entry.event is Event.OUTCOME


def outcome_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with an outcome; its plan may have been given up since its intent."""
    yield from _answer_problems(scene)
    scene.data.truth("ok")
    created = scene.data.text_mapping("created", default={})
    known = {symbol for attempt in scene.attempts for symbol in attempt.symbols}
    for symbol in sorted(set(created) - known):
        yield Problem("audit-keys", f"the plan of its intent creates no key `{symbol}`")
    operation = scene.data.optional_text("operation")
    accepted = {name for attempt in scene.attempts for name in attempt.operations}
    if operation is not None and operation not in accepted:
        yield Problem("audit-operation", "no system had accepted the operation that it names")


def evidence_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with evidence: it comes after its outcome, once, and shows the effect."""
    step, seen_at = scene.data.member("step"), scene.data.instant("seen_at")
    yield from _unlike_plan(scene)
    made = scene.log.outcomes.get(step)
    if made is None or not made.ok:
        yield Problem("audit-evidence", f"step {step} had not been made")
    elif seen_at < made.at:
        yield Problem("audit-evidence", f"it was seen before it was made, by entry {made.seq}")
    if seen_at > scene.entry.at:
        yield Problem("audit-evidence", "it was seen after it was put on record")
    if step in scene.log.evidence:
        yield Problem("audit-evidence", f"there was evidence of step {step} already")
    if not scene.data.texts("servers"):
        yield Problem("audit-evidence", "it names no server")
    created = made.created if made else {}
    for what in not_shown(scene.plan, step, scene.data.items("rrsets"), created):
        yield Problem("audit-evidence", f"what was seen is not what step {step} publishes: {what}")


def refine_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with a refinement: its digest is that of the plan with these keys."""
    step = scene.data.member("step")
    keys = scene.data.text_mapping("keys")
    yield from _unlike_plan(scene)
    if step not in scene.log.evidence:
        yield Problem("audit-order", f"there is no evidence of step {step} that made its keys")
    for symbol in sorted(set(keys) - symbols(scene.plan)):
        yield Problem("audit-keys", f"the plan on record creates no key `{symbol}`")
    made = scene.log.outcomes.get(step)
    created: Mapping[str, str] = made.created if made else {}
    for symbol, text in keys.items():
        if created.get(symbol, text) != text:
            yield Problem("audit-keys", f"`{symbol}` is another key than the signer said it made")
    if scene.plan is not None and scene.rules is not None:
        yield from _unlike_refined(scene, scene.plan, keys)


def _unlike_refined(scene: Scene, plan: ZonePlan, keys: Mapping[str, str]) -> Iterator[Problem]:
    try:
        real = refined(plan, keys)
    except ValueError:
        yield Problem("audit-keys", "a text among its keys is no DNSKEY")
        return
    if scene.rules is not None and digest_of(real, scene.rules) != scene.data.text("digest"):
        yield Problem("audit-change-digest", "plan, keys and policy give another refined digest")
    if scene.data.texts("ds") != tuple(_submitted(real)):
        yield Problem("audit-keys", "its DS are not those that the plan submits")


def _submitted(plan: ZonePlan) -> Sequence[str]:
    timeline = plan.timeline
    versions = timeline.versions if timeline else ()
    refs = {d for v in versions if isinstance(v, DsVersion) and v.step is not None for d in v.ds}
    keys = timeline.keys if timeline else {}
    known = [(keys.get(ref.key), ref.digest_type) for ref in refs]
    return sorted(f"{k.text()} / {kind}" for k, kind in known if isinstance(k, Key))


def symbols(plan: ZonePlan | None) -> frozenset[str]:
    """Return the labels of keys that were still to come when the plan was made or refined."""
    keys = plan.timeline.keys if plan and plan.timeline else {}
    return frozenset(label for label, key in keys.items() if isinstance(key, Key))


def _unlike_plan(scene: Scene) -> Iterator[Problem]:
    """Yield how an entry about a step disagrees with the plan on record."""
    logged = scene.log.plan
    if logged is None:
        yield Problem("audit-no-plan", "no plan was on record")
    elif (scene.data.member("plan"), scene.data.member("change")) != (logged.plan, logged.change):
        yield Problem("audit-no-plan", f"the plan on record was that of entry {logged.seq}")
    elif scene.data.member("step") not in logged.steps:
        yield Problem("audit-no-plan", "the plan on record has no such step")
