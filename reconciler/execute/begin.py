"""Beginning: adopt a zone, plan it, put the plan on record, or find that all is as desired."""

from __future__ import annotations

from reconciler.diagnostics import Diagnostic
from reconciler.execute.approvals import latest_refinement
from reconciler.execute.evidence import PENDING, adopted, agreed, refined_digest
from reconciler.execute.keep import Origin, keep
from reconciler.execute.outside import LOOK_AGAIN
from reconciler.execute.position import Position, expected
from reconciler.execute.readback import Laggard, reader
from reconciler.execute.snapshot import take
from reconciler.execute.snapshot_json import snapshot_json, snapshots
from reconciler.execute.turn import Turn
from reconciler.execute.words import differing, refused, unseen
from reconciler.ledger.history import UnderWay
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Status, ZonePlan
from reconciler.model.results import Blocked, Converged, Failed, Result, WaitingForTime
from reconciler.model.timeline import Slot, Version, slot
from reconciler.spec.digests import desired_digest


def superseded(turn: Turn, position: Position) -> str:
    """Return why desired state or the world has left the running plan behind, or an empty text.

    A step that was called and is not seen everywhere yet must be seen first: nobody can plan from
    a change that is still under way.
    """
    if position.called or not position.left:
        return ""
    if position.plan.desired_digest != desired_digest(turn.desired):
        return "the desired state was changed"
    if _approvable(turn) != refined_digest(turn, position.plan):
        return "the rules of change control were changed"
    if not turn.observation.complete:
        return ""
    found = differing(drift(turn, position))
    return f"somebody else changed the zone: {found}" if found else ""


def _approvable(turn: Turn) -> str:
    """Return the digest that stands for the running plan, keys created so far included."""
    refined = latest_refinement(turn)
    if refined is not None:
        return refined.digest
    return turn.log.plan.change if turn.log.plan else ""


def drift(turn: Turn, position: Position) -> tuple[Laggard, ...]:
    """Return what differs between the world and where the running plan stands."""
    timeline = position.plan.timeline
    if timeline is None:
        return ()
    seen = reader(turn.observation, timeline.keys)
    lagging = [
        lag
        for where, version in expected(position).items()
        for lag in seen.laggards([version])
        if not any(lag not in seen.laggards([v]) for v in _still_about(turn, position, where))
    ]
    return tuple(lag for lag in lagging if not lag.silent)


def _still_about(turn: Turn, position: Position, where: Slot) -> tuple[Version, ...]:
    """Return what some servers still showed of an RRset when a way back began in mid-change, as
    long as no step of it has changed that RRset.
    """
    timeline = position.plan.timeline
    versions = timeline.versions if timeline and turn.log.turned else ()
    mine = [version for version in versions if slot(version) == where and not version.unknown]
    changed = any(version.step in position.done for version in mine)
    return () if changed else tuple(version for version in mine if version.step is None)


def begin(turn: Turn) -> Result | None:
    """Plan from here; None where something was put on record and the run may go on."""
    if why := held_back(turn):
        return _held_back(turn, why)
    under_way = turn.log.under_way_at(turn.now)
    if under_way is not None:
        return _under_way(turn, under_way)
    observed = turn.observed
    if observed is None or not turn.observation.complete:
        return Failed(zone=turn.zone, diagnostics=unseen(turn.observation, turn.zone))
    if not agreed(turn):
        return _not_one_start(turn, observed)
    if turn.log.adopted is None:
        turn.record(*adopted(turn))
        return None
    outside = turn.outside
    plan = outside.propose(turn.desired, observed)
    outside.checkpoint("planned")
    match plan.status:
        case Status.NO_CHANGE:
            return _rest(turn)
        case Status.NO_SAFE_PATH | Status.BLOCKED:
            return Blocked(zone=turn.zone, diagnostics=refused(plan))
        case Status.PLANNED:
            _log(turn, plan)
            return None


def held_back(turn: Turn) -> str:
    """Return why the desired state is not planned again: its plan was turned back; an empty text
    where it is another by now, or a person has decided to try it once more.
    """
    turned, plan = turn.log.turned, turn.plan
    if turned is None or plan is None or not turn.log.complete:
        return ""
    return turned.why if plan.desired_digest == desired_digest(turn.desired) else ""


def _held_back(turn: Turn, why: str) -> Result:
    turned = turn.log.turned
    finding = Diagnostic(
        code="rolled-back",
        summary=f"the plan of {turn.zone} was rolled back, and nothing is tried again: {why}",
        hint="take the change back in git, or say that it may be planned again: "
        + try_again(turn.zone, turned.after if turned else ""),
        where=turn.zone,
    )
    return Blocked(zone=turn.zone, diagnostics=(finding,))


def try_again(zone: str, step: str) -> str:
    """Return the command with which a person lets a change be planned again."""
    return f"`reconcile resolve {zone} --step {step} --not-done --reason TEXT`"


def _under_way(turn: Turn, left: UnderWay) -> Result:
    """Nobody can plan from a change that may still come."""
    return WaitingForTime(
        zone=turn.zone,
        until=left.until,
        step="plan",
        reason=f"what an abandoned plan may still bring about: {', '.join(left.steps)} was begun "
        "and not seen everywhere",
    )


def _not_one_start(turn: Turn, observed: ObservedZone) -> Result:
    """Say which servers do not show the same yet: nobody can tell later what such a start was."""
    read = reader(turn.observation, observed.keys)
    behind = differing(read.laggards(take(observed).versions))
    if turn.observation.pending:
        behind += PENDING if behind else PENDING.removeprefix("; ")
    return WaitingForTime(
        zone=turn.zone,
        until=turn.now + LOOK_AGAIN,
        step="plan",
        reason=f"all servers to show the same: {behind or 'they differ'}",
    )


def _rest(turn: Turn) -> Result | None:
    """All is as desired; what somebody else changed meanwhile is put on record once."""
    zone = turn.observation.zone
    known = snapshots(turn.log)
    if zone is not None and turn.observation.complete and known:
        last = known[-1]
        if snapshot_json(take(zone)) != snapshot_json(last):
            turn.record(*adopted(turn))
    return Converged(zone=turn.zone)


def _log(turn: Turn, plan: ZonePlan) -> None:
    authors = turn.outside.authors(turn.zone, _last_commit(turn))
    keep(turn, plan, Origin(authors=authors, commit=turn.outside.commit))


def _last_commit(turn: Turn) -> str | None:
    """Return the commit of the last plan that was carried out to its end."""
    completed = turn.log.completed
    return completed.commit if completed else None
