"""Why a step is taken, why not sooner, and what would happen otherwise: for `show --explain`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from reconciler.model.counterfactual import Counterfactual
from reconciler.model.durations import duration_words
from reconciler.model.entries import Json
from reconciler.model.plan import (
    FreezeClass,
    Malformed,
    Need,
    Proved,
    Refuted,
    Step,
    WaitFrom,
    ZonePlan,
)
from reconciler.model.timeline import Version, slot
from reconciler.report.console import visible
from reconciler.report.times import clock_words, earliest
from reconciler.report.version_words import place_words, version_words
from reconciler.report.words import deadline_words, orders, who_acts

_RULES = {
    "proof": "the proof asks for it, to the second",
    "policy": "the zone's policy asks for it",
    "rule:order": "steps are taken one after the other: each is seen before the next",
    "rule:unknown": "nobody knows what stood before, so it is waited out",
    "rule:I1": "I1 asks for it: no view may be bogus, also while moves land one by one",
    "rule:I2": "I2 asks for it: a secure zone stays secure on the way",
    "rule:I4": "I4 asks for it: no cache may outlive a signature that nobody refreshes",
    "rule:I6": "I6 asks for it: a DS is submitted only for a key in every cached DNSKEY RRset",
    "rule:I7": "I7 asks for it: each signer's DNSKEY RRset holds every other signer's ZSK",
    "rule:I10": "I10 asks for it: a parent may act on a CDS set long after it was seen",
    "rule:I11": "I11 asks for it: only what every server was seen to serve is told to anybody",
    "rule:I16": "I16 asks for it: NSEC3 is not served beside keys that do not know it",
    "rule:distrust": "it keeps validators from being led to a compromised key again",
    "rule:I8": "I8 asks for it: on leaving, NS go before DS, and DS before ZSK",
}
"""Who asks for a wait, by its reason; the identifiers are those of docs and plans."""
_FREEZE = {
    FreezeClass.START: "it begins a change, so a freeze window stops it",
    FreezeClass.CONTINUE: "it continues a change, so a freeze window does not stop it",
    FreezeClass.RESCUE: "it keeps or mends the chain of trust, so nothing freezes it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One question about a step, answered in lines; deeper lines begin with spaces."""

    title: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStory:
    """Everything there is to say about one step."""

    zone: str
    step: str
    sections: tuple[Section, ...]


def step_story(plan: ZonePlan, step: Step, without: Sequence[Counterfactual]) -> StepStory:
    """Return the story of a step; `without` has what the proof says with less of each need.

    Times count from the observation, margins left out unless they are named.
    """
    sections = (
        Section(title="what it does", lines=tuple(_does(plan, step))),
        Section(title="why", lines=tuple(_why(plan, step))),
        Section(title="when", lines=tuple(_when(plan, step))),
        Section(title="what it waits for", lines=tuple(_waits(step))),
        Section(title="what would happen otherwise", lines=tuple(_otherwise(without))),
        Section(title="the way back", lines=tuple(_back(plan, step))),
        Section(title="how much can go wrong", lines=tuple(_risk(step))),
    )
    return StepStory(
        zone=visible(plan.zone),
        step=visible(step.id),
        sections=tuple(section for section in sections if section.lines),
    )


def story_text(story: StepStory) -> str:
    """Return the story for a terminal."""
    lines = [f"{story.zone} {story.step}"]
    for section in story.sections:
        lines += ["", section.title, *(f"  {line}" for line in section.lines)]
    return "\n".join(lines)


def story_json(story: StepStory) -> Json:
    """Return the story for programs."""
    sections: dict[str, Json] = {
        s.title: [line.strip() for line in s.lines] for s in story.sections
    }
    return {"zone": story.zone, "step": story.step, "explained": sections}


def _does(plan: ZonePlan, step: Step) -> Iterator[str]:
    keys = plan.timeline.keys if plan.timeline else {}
    yield f"{who_acts(step)}: {'; and '.join(orders(step, keys))}"
    for before, after in _changes(plan, step):
        yield f"at {place_words(slot(after))}: {version_words(before)} -> {_becomes(before, after)}"
        yield f"  {_lingers(before, after)}"


def _changes(plan: ZonePlan, step: Step) -> Iterator[tuple[Version, Version]]:
    """Yield each version that the step begins, after the one that it replaces."""
    versions = plan.timeline.versions if plan.timeline else ()
    standing: dict[object, Version] = {}
    for version in versions:
        if version.step == step.id and slot(version) in standing:
            yield standing[slot(version)], version
        standing[slot(version)] = version


def _becomes(before: Version, after: Version) -> str:
    """Return what a version holds, or its TTL where that is all that changes."""
    same = version_words(before) == version_words(after)
    lives = f", from now on with a TTL of {duration_words(after.ttl)}"
    return f"the same{lives}" if same and before.ttl != after.ttl else version_words(after)


def _lingers(before: Version, after: Version) -> str:
    whole = duration_words(after.propagation + before.ttl)
    return (
        f"some cache may hold the version before for {whole} more: every server follows within "
        f"{duration_words(after.propagation)}, and its TTL is {duration_words(before.ttl)}"
    )


def _why(plan: ZonePlan, step: Step) -> Iterator[str]:
    if step.why:
        yield visible(step.why)
    later = [s.id for s in plan.steps if any(need.step == step.id for need in s.needs)]
    if later:
        yield f"{', '.join(visible(name) for name in later)} cannot be taken before it is seen"
    else:
        yield "no other step waits for it"


def _when(plan: ZonePlan, step: Step) -> Iterator[str]:
    seconds = earliest(plan.steps).get(step.id, 0)
    at = clock_words(plan.at + timedelta(seconds=seconds))
    after = f"{duration_words(seconds)} after the observation" if seconds else "at once"
    yield f"at the earliest {after}, margins counted in: {at}"
    for limit in step.not_after:
        yield f"at the latest {deadline_words(limit)}"
    if not step.not_after:
        yield "being late is safe: it has no deadline"


def _waits(step: Step) -> Iterator[str]:
    if not step.needs:
        yield "nothing: it may be taken as soon as it is approved"
    for need in step.needs:
        yield f"{duration_words(need.wait_min)} {_since(need)}; {_rule(need)}"
        if need.margin:
            yield f"  and {duration_words(need.margin)} margin, which the proof does not count"
        if need.why:
            yield f"  {visible(need.why)}"


def _since(need: Need) -> str:
    if need.step is None:
        return "from the observation"
    name = visible(need.step)
    match need.wait_from:
        case WaitFrom.EVIDENCE:
            return f"from the evidence that every server shows {name}"
        case WaitFrom.EFFECT:
            return f"from the effect of {name}"
        case _:
            assert_never(need.wait_from)


def _rule(need: Need) -> str:
    return _RULES.get(need.reason, f"asked for by {visible(need.reason)}")


def _otherwise(without: Sequence[Counterfactual]) -> Iterator[str]:
    for case in without:
        yield f"{_cut(case)}:"
        yield from (f"  {line}" for line in _verdict(case))


def _cut(case: Counterfactual) -> str:
    after = "the observation" if case.need.step is None else visible(case.need.step)
    if case.left is None:
        return f"without the wait after {after}"
    return f"with {duration_words(case.left)} after {after}, one second less"


def _verdict(case: Counterfactual) -> Iterator[str]:
    match case.verdict:
        case Proved():
            yield "the proof still holds: no view would be bogus, or insecure unasked for"
            yield f"  {_still(case)}"
            yield from (f"  {visible(clause)}" for clause in case.ahead)
        case Refuted():
            yield from _refuted(case.verdict)
        case Malformed():
            yield f"there would be no proof: {visible(case.verdict.why)}"
        case _:
            assert_never(case.verdict)


def _still(case: Counterfactual) -> str:
    if case.need.reason == "proof":
        return "other waits of the plan keep it safe"
    return f"yet {_rule(case.need)}"


def _refuted(verdict: Refuted) -> Iterator[str]:
    for step, at in sorted(verdict.schedule.items(), key=lambda item: item[1]):
        if at <= verdict.begins:
            yield f"+{duration_words(at)}  {visible(step)} takes effect"
    ends = "for ever" if verdict.ends is None else f"until +{duration_words(verdict.ends)}"
    untrue = verdict.verdict == "untrue"
    seen = "there may be" if untrue else "some cache may hold"
    together = " together" if len(verdict.versions) > 1 else ""
    yield f"+{duration_words(verdict.begins)}  from here {ends} {seen}{together}"
    for version in verdict.versions:
        yield f"  - {visible(version)}"
    profile = visible(verdict.profile)
    to_whom = f"against {profile}" if untrue else f"to validators of profile {profile}"
    yield f"which is {verdict.verdict} {to_whom}:"
    yield f"  {visible(verdict.why)}"


def _back(plan: ZonePlan, step: Step) -> Iterator[str]:
    found = next((back for back in plan.rollback if back.after == step.id), None)
    if found is None:
        yield "none: once it has taken effect, no safe way leads back to the start"
        return
    count = "1 step" if len(found.steps) == 1 else f"{len(found.steps)} steps"
    yield f"{count} back to the start once it has taken effect, approved with this plan:"
    for back in found.steps:
        moves = orders(back, found.timeline.keys)
        waits = [f"{duration_words(n.wait_min)} {_since(n)}" for n in back.needs if n.wait_min]
        after = f" ({' and '.join(waits)})" if waits else ""
        yield f"  {visible(back.id)} {who_acts(back)}: {'; and '.join(moves)}{after}"


def _risk(step: Step) -> Iterator[str]:
    yield f"risk {step.risk}; {_FREEZE[step.freeze_class]}"
