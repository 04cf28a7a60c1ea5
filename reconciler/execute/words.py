"""Sentences for people: what is waited for, and why something is not done."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.execute.position import Position
from reconciler.execute.readback import Laggard
from reconciler.model.durations import duration_words
from reconciler.model.plan import Need, Refusal, Step, ZonePlan
from reconciler.model.sightings import Observation


def waiting_for(position: Position, step: Step) -> str:
    """Return which of the needs of `step` is the last to hold, and why it is there."""
    due = position.due(step)
    for need in step.needs:
        since = position.plan.at if need.step is None else position.done[need.step]
        if (due - since).total_seconds() == need.wait_min + need.margin:
            return _need_words(need)
    return "the plan begins then"


def _need_words(need: Need) -> str:
    start = "the plan was made" if need.step is None else f"{need.step} was seen everywhere"
    margin = f" and {duration_words(need.margin)} of margin" if need.margin else ""
    why = f": {need.why}" if need.why else ""
    return f"{duration_words(need.wait_min)} ({need.reason}){margin} after {start}{why}"


def differing(lagging: Sequence[Laggard]) -> str:
    """Return what each server shows, such as `ns2 192.0.2.2 shows no DNSKEY and unsigned data`."""
    shown: dict[str, list[str]] = {}
    for lag in lagging:
        shown.setdefault(f"{lag.server} {lag.address}".strip(), []).append(lag.shows)
    return "; ".join(
        f"{server} shows {' and '.join(dict.fromkeys(shows))}" for server, shows in shown.items()
    )


def not_built(zone: str, kinds: Sequence[str]) -> Diagnostic:
    """Return that this release can plan with some adapters, but not apply."""
    return Diagnostic(
        code="adapter-not-built",
        summary=f"{zone} needs {' and '.join(kinds)}, which this release cannot apply with",
        hint="`reconcile plan --observed FILE` works with every planned kind",
        where=zone,
    )


def unseen(observation: Observation, zone: str) -> tuple[Diagnostic, ...]:
    """Return why an observation is not complete."""
    first = Diagnostic(
        code="not-seen-everywhere",
        summary=f"not every server of {zone} and its parent gave a usable answer",
        detail="; ".join(silent(observation)),
        hint="evidence needs every server: mend or retire the silent one, then run again",
        where=zone,
    )
    return (first, *observation.diagnostics)


def silent(observation: Observation) -> list[str]:
    """Return each server that told nothing usable, with its reason."""
    return [f"{s.server} {s.address}: {s.error}" for s in observation.sights if s.error]


def refused(plan: ZonePlan) -> tuple[Diagnostic, ...]:
    """Return the refusals of a plan as findings."""
    return tuple(_refusal(plan.zone, refusal) for refusal in plan.refusals)


def _refusal(zone: str, refusal: Refusal) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        code=f"no-safe-path/{refusal.rule}",
        summary=refusal.summary,
        detail=refusal.detail,
        hint=refusal.opens,
        where=zone,
    )
