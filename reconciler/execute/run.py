"""A run of `apply`: for each zone, turn after turn, every step that is due and allowed now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from reconciler.diagnostics import Diagnostic, LostRaceError, ReconcileError
from reconciler.execute.abandon import given_up
from reconciler.execute.act import make
from reconciler.execute.alarm import alarm, too_late
from reconciler.execute.approvals import still_needed
from reconciler.execute.begin import begin, superseded
from reconciler.execute.block import still_blocked
from reconciler.execute.evidence import look_for
from reconciler.execute.gates import refusal
from reconciler.execute.outside import Outside, unbuilt
from reconciler.execute.position import Position
from reconciler.execute.resolve import resolve
from reconciler.execute.rollback import rollback_from, turn_back
from reconciler.execute.stopping import Interrupted
from reconciler.execute.turn import Turn, gather
from reconciler.execute.words import not_built, waiting_for
from reconciler.model.desired import DesiredZone
from reconciler.model.results import (
    Failed,
    Frozen,
    Raced,
    Result,
    WaitingForTime,
)

TURNS_MAX = 200
"""More turns than any plan has steps times entries per step: a run that needs more goes in circles.
No official reference."""

Told = Callable[[Result], None]


def apply_zones(
    outside: Outside, zones: Iterable[DesiredZone], told: Told = lambda _: None
) -> tuple[Result, ...]:
    """Return what the run came to for each zone; `told` hears each as soon as it is known.

    A run that is asked to stop ends with the zone that it is at.
    """
    results = []
    for desired in zones:
        results.append(apply_zone(outside, desired))
        told(results[-1])
        if outside.stop.asked:
            break
    return tuple(results)


def apply_zone(outside: Outside, desired: DesiredZone) -> Result:
    """Do every step of one zone that is due and allowed now, and say when to come back."""
    if kinds := unbuilt(outside.portfolio, desired):
        return Failed(zone=desired.zone, diagnostics=(not_built(desired.zone, kinds),))
    done: list[str] = []
    try:
        for _ in range(TURNS_MAX):
            outside.stop.heed()
            turn = gather(outside, desired)
            result = _turn(turn, done)
            if result is not None:
                return replace(result, done=tuple(done), rollback=_turned(turn))
    except Interrupted:
        return _interrupted(desired.zone, done)
    except LostRaceError as race:
        return Raced(zone=desired.zone, diagnostics=race.diagnostics, done=tuple(done))
    except ReconcileError as error:
        return Failed(
            zone=desired.zone,
            diagnostics=error.diagnostics,
            exit_code=error.exit_code,
            done=tuple(done),
        )
    message = f"{desired.zone} did not come to rest in {TURNS_MAX} turns"
    raise AssertionError(message)


def _interrupted(zone: str, done: Sequence[str]) -> Failed:
    finding = Diagnostic(
        code="interrupted",
        summary=f"the run was asked to stop at {zone}, and begins nothing new",
        hint="what was begun is on record; the next run goes on from there",
        where=zone,
    )
    return Failed(zone=zone, diagnostics=(finding,), done=tuple(done))


def _turned(turn: Turn) -> str:
    """Return why the plan is being turned back, an empty text where it is not."""
    turned = turn.log.turned
    return turned.why if turned and not turn.log.complete else ""


def _turn(turn: Turn, done: list[str]) -> Result | None:
    """Take one turn: one entry or one step forward; None where there may be more to do."""
    suspension = turn.log.suspended_at(turn.now)
    if suspension is not None:
        _read_back(turn, done)
        return Frozen(zone=turn.zone, until=suspension.until, reason=suspension.reason)
    if turn.log.blocked is not None:
        return still_blocked(turn, turn.log.blocked)
    if turn.log.open_intent is not None:
        return resolve(turn, turn.log.open_intent)
    if turn.observation.zone is None:
        return Failed(zone=turn.zone, diagnostics=turn.observation.diagnostics)
    position = turn.position
    if position is None or not position.left:
        return begin(turn)
    seen = alarm(turn, position)
    if seen is not None:
        return turn_back(turn, position, seen)
    if why := superseded(turn, position):
        _give_up(turn, why)
        return None
    return _finish(turn, position, done) if position.called else _go_on(turn, position)


def _read_back(turn: Turn, done: list[str]) -> None:
    """Put on record what was made and is seen by now: a suspension stops steps, not looking."""
    position = turn.position
    if position is not None and position.called and not turn.log.open_intents:
        _look(turn, position, done)


def _give_up(turn: Turn, why: str) -> None:
    """Stop the plan where it stands; the next turn or run plans from there, approved anew."""
    turn.record(given_up(turn, reason=why))


def _finish(turn: Turn, position: Position, done: list[str]) -> Result | None:
    """Look for the evidence of a step that was made; what never came about ends the plan."""
    result = _look(turn, position, done)
    if isinstance(result, Failed):
        _give_up(turn, result.diagnostics[0].summary)
    return result


def _look(turn: Turn, position: Position, done: list[str]) -> Result | None:
    step = next(s for s in position.plan.steps if s.id in position.called)
    result = look_for(turn, position.plan, step)
    if result is None:
        done.append(step.id)
    return result


def _go_on(turn: Turn, position: Position) -> Result | None:
    """Make the first step whose needs hold, or say until when to wait."""
    steps = position.next_steps()
    due = min(steps, key=lambda s: (position.due(s), position.plan.steps.index(s)))
    if position.due(due) > turn.now:
        return WaitingForTime(
            zone=turn.zone,
            until=position.due(due),
            step=due.id,
            reason=waiting_for(position, due) + still_needed(turn, due),
        )
    late = too_late(turn, position, due)
    if late is not None and rollback_from(turn, position):
        return turn_back(turn, position, late)
    refused = refusal(turn, position, due)
    if isinstance(refused, Failed):
        _give_up(turn, refused.diagnostics[0].summary)
    return refused or make(turn, position.plan, due)
