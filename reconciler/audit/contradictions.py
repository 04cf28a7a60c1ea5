"""Whether a plan holds together: what it says twice must agree, from its file alone.

A reader of a plan file trusts neither who made it nor who sent it. The proof says that the steps
are safe from the start that the file tells; here the file is held against itself, so that a change
of one part is found in another: in what was observed, in the digest that people approve, in the
times, in the proof that it states. Source: design/planning.md §7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.audit.asked import unasked
from reconciler.audit.offered import actor_flaws, content_flaws, offer_flaws
from reconciler.audit.roles import role_flaws
from reconciler.audit.taken import taken_flaws
from reconciler.governance.risk import risk_of_plan
from reconciler.model.durations import duration_words
from reconciler.model.moves import DenialSet
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Alternative, Proved, Rollback, Step, Verdict, WaitSlack, ZonePlan
from reconciler.model.timeline import CdsVersion, Timeline, slot
from reconciler.proof import explain, prove
from reconciler.proof.start import start_flaws
from reconciler.spec.digests import change_digest


def contradictions(plan: ZonePlan, found: Verdict | None) -> Iterator[str]:
    """Yield what in a plan contradicts something else in it, each a clause; `found`: its proof."""
    yield from _digest(plan)
    yield from _risk(plan, found)
    if plan.timeline is not None:
        yield from _times(plan.steps, plan.timeline, "")
        yield from _duration(plan)
        if plan.observed is not None:
            yield from start_flaws(plan.observed, plan.steps, plan.timeline)
            yield from _moves(plan, plan.timeline, plan.observed)
            yield from offer_flaws(plan.steps, plan.observed, plan.timeline.keys)
            yield from actor_flaws(plan.steps, plan.observed)
            yield from content_flaws(plan.steps, plan.observed)
            yield from taken_flaws(plan.timeline)
            yield from role_flaws(plan.steps, plan.timeline, found)
        if plan.desired is not None:
            yield from unasked(plan, plan.timeline)
    yield from _proof(plan.verdict, found)
    if isinstance(found, Proved):
        yield from _tightness(plan.steps, found.slack)
    for back in plan.rollback:
        yield from _rollback(plan, back)
    for other in plan.alternatives:
        yield from _alternative(other)


def left_out(plan: ZonePlan) -> Iterator[str]:
    """Yield what a plan does not say of what it was made from, each a clause.

    Steps and a timeline alone are an example that a person wrote; whatever claims to be a plan is
    judged by all of them, or not accepted.
    """
    held = {
        "observed": plan.observed,
        "desired": plan.desired,
        "rules": plan.rules,
        "desired_digest": plan.desired_digest,
        "change_digest": plan.change_digest,
    }
    for name, value in held.items():
        if plan.steps and not value:
            yield f"claims to be a plan, and leaves out `{name}`, by which it is judged"


def _digest(plan: ZonePlan) -> Iterator[str]:
    if plan.rules is None or not plan.change_digest:
        return
    if not isinstance(plan.rules, dict) or plan.rules.get("risk") != plan.risk.value:
        yield f"the rules it names are not those for its risk class, {plan.risk}"
    elif change_digest(plan, plan.desired_digest, plan.rules) != plan.change_digest:
        yield "its change digest, which people approve, is not that of its content"


def _risk(plan: ZonePlan, found: Verdict | None) -> Iterator[str]:
    """What may go wrong follows from the effects; a plan may only take it for more."""
    if plan.rules is not None and isinstance(found, Proved):
        risk = risk_of_plan(replace(plan, verdict=found))
        if risk != plan.risk:
            yield f"its risk class is {plan.risk}, and that of what it does is {risk}"


def _times(steps: tuple[Step, ...], timeline: Timeline, where: str) -> Iterator[str]:
    times = earliest(steps)
    for version in timeline.versions:
        at = times.get(version.step or "")
        if version.at is not None and at is not None and version.at != at:
            yield (
                f"{where}a version of {version.step} begins at"
                f" {duration_words(version.at)}, its step at {duration_words(at)}"
            )


def earliest(steps: tuple[Step, ...]) -> dict[str, int]:
    """Return when each step may be taken at the earliest, in seconds from the origin, by its needs.

    Steps that need each other in a circle, or steps that do not exist, are left out.
    """
    times: dict[str, int] = {}
    for _ in steps:
        for step in steps:
            if all(need.step is None or need.step in times for need in step.needs):
                times[step.id] = max(
                    [0, *(times.get(need.step or "", 0) + need.wait_min for need in step.needs)]
                )
    return times


def _duration(plan: ZonePlan) -> Iterator[str]:
    times = earliest(plan.steps).values()
    if times and plan.duration_min and plan.duration_min != max(times) - min(times):
        told = f"it says that it takes {duration_words(plan.duration_min)}"
        yield f"{told}, and its steps take {duration_words(max(times) - min(times))}"


def _moves(plan: ZonePlan, timeline: Timeline, observed: ObservedZone) -> Iterator[str]:
    """Yield which effects nobody is asked for: the proof takes a plan without any move as drawn."""
    changed = {step.id: _changed(step, timeline) for step in plan.steps}
    if not any(changed.values()) and not any(step.moves for step in plan.steps):
        yield "its steps change nothing"
    polled = any(isinstance(v, CdsVersion) and v.polled for v in timeline.versions)
    for step in plan.steps:
        actors = {actor.strip() for actor in step.actor.split(",")}
        for signer in changed[step.id] if not step.moves else ():
            by_itself = polled if signer is None else f"signer-itself:{signer}" in actors
            if not by_itself:
                yield f"{step.id} changes something at {signer or 'the parent'} without a move"
    yield from _idle_denials(plan.steps, observed)


def _changed(step: Step, timeline: Timeline) -> frozenset[str | None]:
    """Return where a step begins a version: signers, and None for the parent."""
    return frozenset(slot(v)[1] for v in timeline.versions if v.step == step.id)


def _idle_denials(steps: tuple[Step, ...], observed: ObservedZone) -> Iterator[str]:
    denials = {name: signer.denial for name, signer in observed.signers.items()}
    for step in steps:
        for move in step.moves:
            if isinstance(move, DenialSet):
                if denials.get(move.signer) == move.denial:
                    yield f"{step.id} asks {move.signer} for the denial that it has already"
                denials[move.signer] = move.denial


def _proof(told: Verdict | None, found: Verdict | None) -> Iterator[str]:
    if told is None or found is None:
        return
    if type(told) is not type(found):
        yield f"it says that it is {_word(told)}, and the proof finds it {_word(found)}"
    elif isinstance(told, Proved) and isinstance(found, Proved):
        if told.profiles != found.profiles:
            yield "the profiles of the proof it states are not those it claims"
        for step, need in sorted(_slack(told.slack) ^ _slack(found.slack)):
            yield f"the proof it states has another slack for the wait of {step} after {need}"
        if _exposure(told) != _exposure(found):
            yield "the proof it states has another exposure"


def _exposure(verdict: Proved) -> tuple[int | None, bool]:
    return verdict.exposure_until, verdict.unmended


def _word(verdict: Verdict) -> str:
    return type(verdict).__name__.lower()


def _slack(slack: tuple[WaitSlack, ...]) -> frozenset[tuple[str, str]]:
    return frozenset(
        (each.step, f"{each.need or 'the start'} ({duration_words(each.seconds)})")
        for each in slack
    )


def _tightness(steps: tuple[Step, ...], slack: tuple[WaitSlack, ...]) -> Iterator[str]:
    """Yield which waits claim to be what the proof asks, and are longer: a margin is no proof."""
    loose = {(each.step, each.need): each.seconds for each in slack if each.seconds}
    for step in steps:
        for need in step.needs:
            seconds = loose.get((step.id, need.step))
            if need.reason == "proof" and seconds:
                after = need.step or "the start"
                yield (
                    f"{step.id} waits {duration_words(need.wait_min)}"
                    f" after {after} in the name of the proof, "
                    f"which asks for {duration_words(need.wait_min - seconds)}"
                )


def _rollback(plan: ZonePlan, back: Rollback) -> Iterator[str]:
    where = f"the way back after {back.after}: "
    if back.after not in {step.id for step in plan.steps}:
        yield f"{where}the plan has no such step"
    found = prove(back.steps, back.timeline)
    if not isinstance(found, Proved):
        yield f"{where}{explain(found)}"
    yield from _times(back.steps, back.timeline, where)


def _alternative(other: Alternative) -> Iterator[str]:
    where = f"the alternative {other.name}: "
    for clause in _proof(other.verdict, prove(other.steps, other.timeline)):
        yield f"{where}{clause}"
