"""A plan in words, ready to be drawn as text, Markdown or HTML.

Everything in here is `visible`: on one line and without hidden characters. What draws it escapes
for its own format.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from reconciler.model.durations import duration_words
from reconciler.model.plan import (
    FreezeClass,
    Malformed,
    Plan,
    Proved,
    Refusal,
    Refuted,
    Status,
    Step,
    Verdict,
    ZonePlan,
)
from reconciler.model.timeline import Timeline
from reconciler.report.console import visible
from reconciler.report.times import clock_words, earliest
from reconciler.report.words import (
    deadline_words,
    exposure_words,
    need_words,
    orders,
    who_acts,
)

_STATUS = {
    Status.NO_CHANGE: "as desired",
    Status.PLANNED: "change planned",
    Status.NO_SAFE_PATH: "no safe path",
    Status.BLOCKED: "blocked",
}
_FREEZE = {
    FreezeClass.START: "begins a change",
    FreezeClass.CONTINUE: "continues a change",
    FreezeClass.RESCUE: "keeps the chain of trust, never frozen",
}


_NOTHING = "none"
WAYS = ("way", "last change after", "key distrusted after", "insecure for", "bogus for")
"""Titles of a table of ways to choose from; the third column may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step. `after` and `at` are its earliest time, margins counted in."""

    id: str
    who: str
    moves: tuple[str, ...]
    waits: tuple[str, ...]
    why: str
    after: str
    at: str
    risk: str
    freeze: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalView:
    """Why there is no safe path, and what would open one."""

    rule: str
    summary: str
    more: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WayView:
    """One way to the goal beside others: what it costs, in words; the plan itself has no steps."""

    name: str
    summary: str
    last: str
    distrusted: str
    insecure: str
    bogus: str
    proof: str
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneView:
    """The plan of one zone. `proof` is None where there is nothing to prove."""

    zone: str
    status: Status
    headline: str
    observed: str
    totals: str
    steps: tuple[StepView, ...]
    refusals: tuple[RefusalView, ...]
    proof: str | None
    proved: bool
    assumptions: tuple[str, ...]
    rollback: tuple[str, ...]
    ways: tuple[WayView, ...]
    hints: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """A plan: zones with something to say, and the names of those that are as desired."""

    zones: tuple[ZoneView, ...]
    unchanged: tuple[str, ...]
    digest: str


def plan_view(plan: Plan) -> PlanView:
    """Return the plan in words, zones in the order of their names."""
    named = [plan.zones[name] for name in sorted(plan.zones)]
    return PlanView(
        zones=tuple(zone_view(zone) for zone in named if zone.status is not Status.NO_CHANGE),
        unchanged=tuple(visible(z.zone) for z in named if z.status is Status.NO_CHANGE),
        digest=visible(plan.plan_digest),
    )


def unchanged_words(names: Sequence[str]) -> str:
    """Return how many zones are as desired."""
    return "1 zone is as desired" if len(names) == 1 else f"{len(names)} zones are as desired"


def headline(plan: ZonePlan) -> str:
    """Return in a few words what was decided about a zone."""
    steps = "1 step" if len(plan.steps) == 1 else f"{len(plan.steps)} steps"
    planned = f", {steps}, risk {plan.risk}" if plan.steps else ""
    return f"{_STATUS[plan.status]}{planned}"


def zone_view(plan: ZonePlan) -> ZoneView:
    """Return the plan of one zone in words."""
    timeline = plan.timeline
    return ZoneView(
        zone=visible(plan.zone),
        status=plan.status,
        headline=headline(plan),
        observed=clock_words(plan.at),
        totals=_totals(plan),
        steps=tuple(_steps(plan.steps, plan.timeline, plan.at)),
        refusals=tuple(_refusal(refusal) for refusal in plan.refusals),
        proof=_proof(plan.verdict) if plan.steps else None,
        proved=isinstance(plan.verdict, Proved),
        assumptions=tuple(visible(text) for text in (timeline.assumptions if timeline else ())),
        rollback=tuple(_rollback(plan)),
        ways=tuple(_ways(plan)),
        hints=tuple(visible(hint) for hint in plan.hints),
        digest=visible(plan.change_digest) if plan.steps else "",
    )


def _totals(plan: ZonePlan) -> str:
    if not plan.steps:
        return ""
    return (
        f"without margins, the last change is possible {duration_words(plan.duration_min)} after "
        f"the first, and no cache holds anything older after {duration_words(plan.clean_min)}"
    )


def _ways(plan: ZonePlan) -> Iterator[WayView]:
    """Yield the plan and the ways beside it; nothing where there is nothing to choose."""
    if not plan.alternatives:
        return
    if plan.steps:
        yield WayView(
            name="this plan",
            summary="",
            last=duration_words(plan.duration_min),
            distrusted=_distrusted(plan.distrusted_min),
            insecure=_NOTHING,
            bogus=_NOTHING,
            proof="",
            steps=(),
        )
    for way in plan.alternatives:
        yield WayView(
            name=visible(way.name),
            summary=visible(way.summary),
            last=duration_words(way.duration_min),
            distrusted=_distrusted(way.distrusted_min),
            insecure=duration_words(way.exposure_insecure) if way.exposure_insecure else _NOTHING,
            bogus=duration_words(way.exposure_bogus) if way.exposure_bogus else _NOTHING,
            proof=_proof(way.verdict),
            steps=tuple(_steps(way.steps, way.timeline, plan.at)),
        )


def _distrusted(seconds: int | None) -> str:
    return "" if seconds is None else duration_words(seconds)


def _steps(steps: Sequence[Step], timeline: Timeline | None, begun: datetime) -> Iterator[StepView]:
    times = earliest(steps)
    keys = timeline.keys if timeline else {}
    for step in steps:
        seconds = times[step.id]
        yield StepView(
            id=visible(step.id),
            who=who_acts(step),
            moves=orders(step, keys),
            waits=(
                *(need_words(need) for need in step.needs),
                *(deadline_words(deadline) for deadline in step.not_after),
            ),
            why=visible(step.why),
            after=f"+{duration_words(seconds)}" if seconds else "at once",
            at=clock_words(begun + timedelta(seconds=seconds)),
            risk=step.risk.value,
            freeze=_FREEZE[step.freeze_class],
        )


def _refusal(refusal: Refusal) -> RefusalView:
    opens = (f"what would open a path: {visible(refusal.opens)}",) if refusal.opens else ()
    detail = (visible(refusal.detail),) if refusal.detail else ()
    exposure = exposure_words(refusal.exposure_bogus, refusal.exposure_insecure)
    return RefusalView(
        rule=visible(refusal.rule),
        summary=visible(refusal.summary),
        more=(*detail, *opens, *exposure),
    )


def _proof(verdict: Verdict | None) -> str:
    match verdict:
        case None:
            return "not proved"
        case Proved():
            return _proved(verdict)
        case Refuted():
            ends = "for ever" if verdict.ends is None else f"until +{duration_words(verdict.ends)}"
            return (
                f"REFUTED ({visible(verdict.profile)}): {visible(verdict.verdict)} from "
                f"+{duration_words(max(0, verdict.begins))} {ends}: {visible(verdict.why)}"
            )
        case Malformed():
            return f"cannot be proved: {visible(verdict.why)}"
        case _:
            assert_never(verdict)


def _proved(verdict: Proved) -> str:
    profiles = ", ".join(visible(profile) for profile in verdict.profiles)
    tight = sum(slack.seconds == 0 for slack in verdict.slack)
    waits = f"; {tight} of {len(verdict.slack)} waits are tight" if verdict.slack else ""
    return f"proved for every delay that the waits allow, under {profiles}{waits}{_dead(verdict)}"


def _dead(verdict: Proved) -> str:
    """Say what of a broken start may be seen on the way, and after it."""
    until = verdict.exposure_until
    told = until and f"; what is already bogus may be seen for {duration_words(until)} at least"
    return f"{told or ''}{'; it does not mend all that is bogus' if verdict.unmended else ''}"


def _rollback(plan: ZonePlan) -> Iterator[str]:
    for back in plan.rollback:
        count = "1 step" if len(back.steps) == 1 else f"{len(back.steps)} steps"
        yield f"after {visible(back.after)}: {count} back to the start"
