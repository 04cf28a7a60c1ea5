"""Does the world show what the running plan ruled out? Then the approved way back is due.

Source: design/planning.md §6, last point: bogus at a judge or resolver, a DS that is not the one
submitted, a signer that cannot go on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.execute.evidence import patience
from reconciler.execute.gates import missed
from reconciler.execute.position import Position
from reconciler.execute.readback import describe, reader
from reconciler.execute.snapshot import rename
from reconciler.execute.turn import Turn
from reconciler.execute.validity import bogus_views
from reconciler.model.durations import duration_words
from reconciler.model.plan import Proved, Step
from reconciler.model.timeline import DsVersion

OUTAGE = timedelta(days=1)
"""How long a system may refuse at least before a plan that needs it is turned back: longer than an
outage that its operator mends within a day. No official reference."""


class Cause(StrEnum):
    """What was seen that the plan ruled out."""

    BOGUS = "bogus"
    OTHER_DS = "other-ds"
    REFUSED = "refused"
    TOO_LATE = "too-late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Why a plan cannot go on; `why` is a clause for people."""

    cause: Cause
    why: str


def begun(turn: Turn, position: Position) -> tuple[Step, ...]:
    """Return the steps that were tried at least once, in order: each may have had an effect."""
    return tuple(step for step in position.plan.steps if step.id in turn.log.attempts)


def alarm(turn: Turn, position: Position) -> Alarm | None:
    """Return what the plan ruled out and is seen now, None where all is as it may be.

    A plan of which nothing was begun has nothing to turn back from.
    """
    if not begun(turn, position) or not turn.observation.complete:
        return None
    return _other_ds(turn, position) or _bogus(turn, position) or _refused(turn, position)


def _bogus(turn: Turn, position: Position) -> Alarm | None:
    """Some mix of what is served now is bogus, and was not when the plan began."""
    verdict = position.plan.verdict
    if not isinstance(verdict, Proved) or verdict.broken:
        return None
    found = next(bogus_views(turn.observation), None)
    return None if found is None else Alarm(cause=Cause.BOGUS, why=f"the zone is bogus: {found}")


def _other_ds(turn: Turn, position: Position) -> Alarm | None:
    """A server of the parent shows a DS that was neither there before nor submitted."""
    timeline = position.plan.timeline
    tried = begun(turn, position)
    under_way = {step.id for step in tried if step.id not in position.done}
    versions = [v for v in (timeline.versions if timeline else ()) if isinstance(v, DsVersion)]
    if timeline is None or not any(version.step in under_way for version in versions):
        return None
    known = {None, *(step.id for step in tried)}
    allowed = {ref for version in versions if version.step in known for ref in version.ds}
    names = reader(turn.observation, timeline.keys).names
    for sight in turn.observation.parent:
        shown = rename(replace(versions[0], ds=sight.ds), names)
        if isinstance(shown, DsVersion) and not shown.ds <= allowed:
            why = f"{sight.server} shows {describe(shown)}, which nobody submitted"
            return Alarm(cause=Cause.OTHER_DS, why=why)
    return None


def _refused(turn: Turn, position: Position) -> Alarm | None:
    """A step of a plan that was begun was refused again after as long as it may be refused."""
    for step in begun(turn, position):
        limit, outcome = refused_until(turn, position, step), turn.log.outcomes.get(step.id)
        if limit is None or outcome is None or outcome.refused_since is None or outcome.at < limit:
            continue
        lasted = duration_words(int((outcome.at - outcome.refused_since).total_seconds()))
        why = f"step {step.id} is refused for {lasted}: {outcome.message}"
        return Alarm(cause=Cause.REFUSED, why=why)
    return None


def refused_until(turn: Turn, position: Position, step: Step) -> datetime | None:
    """Return the instant from which one more refusal of `step` turns the plan back.

    None where it is not refused, or where nothing was made that could be turned back.
    """
    outcome = turn.log.outcomes.get(step.id)
    if outcome is None or outcome.refused_since is None:
        return None
    made = position.done.keys() | position.called
    return outcome.refused_since + max(patience(turn), OUTAGE) if made else None


def too_late(turn: Turn, position: Position, step: Step) -> Alarm | None:
    """Return that `step` can no longer be made in time, in a plan that was begun."""
    deadline = missed(turn, position, step) if begun(turn, position) else None
    if deadline is None:
        return None
    limits = "; ".join(limit.reason for limit in step.not_after)
    why = f"step {step.id} had to be made by {deadline:%FT%TZ} ({limits})"
    return Alarm(cause=Cause.TOO_LATE, why=why)
