"""A run of `apply`: for each zone, turn after turn, every step that is due and allowed now.

What is seen of many zones is put on record together, so that a zone that shows its step waits for
the others of its round before it goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.diagnostics import Diagnostic, ExitCode, LostRaceError, ReconcileError
from reconciler.execute.abandon import given_up
from reconciler.execute.act import make
from reconciler.execute.alarm import alarm, too_late
from reconciler.execute.approvals import still_needed
from reconciler.execute.batch import Seen, put_on_record
from reconciler.execute.begin import begin, superseded
from reconciler.execute.block import still_blocked
from reconciler.execute.checkout import older_checkout
from reconciler.execute.evidence import look_for, seen_everywhere
from reconciler.execute.gates import refusal
from reconciler.execute.outside import Outside, unbuilt
from reconciler.execute.position import Position
from reconciler.execute.resolve import resolve
from reconciler.execute.rollback import rollback_from, turn_back
from reconciler.execute.stopping import Interrupted
from reconciler.execute.turn import Turn, gather
from reconciler.execute.words import not_built, waiting_for
from reconciler.model.desired import DesiredZone
from reconciler.model.plan import Step
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

TOGETHER = 100
"""Zones of which one commit holds what was seen: many enough to save commits, few enough that none
waits long for the others. No official reference."""

Told = Callable[[Result], None]


def apply_zones(
    outside: Outside, zones: Iterable[DesiredZone], told: Told = lambda _: None
) -> tuple[Result, ...]:
    """Return what the run came to for each zone; `told` hears each as soon as it is known.

    A run that is asked to stop ends with the zone that it is at.
    """
    wanted = tuple(zones)
    results: list[Result] = []
    for first in range(0, len(wanted), TOGETHER):
        results += _together(outside, wanted[first : first + TOGETHER], told)
        if outside.stop.asked:
            break
    return tuple(results)


def _together(outside: Outside, zones: Sequence[DesiredZone], told: Told) -> Iterable[Result]:
    """Take zones forward in rounds, with what was seen in a round put on record as one commit."""
    runs = {desired.zone: _run(outside, desired) for desired in zones}
    ended: dict[str, Result] = {}
    error: ReconcileError | None = None
    seen = _round(_unless_stopped(outside, runs), error, ended, told)
    while seen:
        try:
            put_on_record(outside, seen)
        except ReconcileError as unrecorded:
            error = unrecorded
        seen = _round([(found.zone, runs[found.zone]) for found in seen], error, ended, told)
    return [ended[desired.zone] for desired in zones if desired.zone in ended]


def _unless_stopped(outside: Outside, runs: Mapping[str, _Run]) -> Iterator[tuple[str, _Run]]:
    """Yield the runs of zones until this run is asked to stop."""
    for zone, run in runs.items():
        yield zone, run
        if outside.stop.asked:
            return


def _round(
    runs: Iterable[tuple[str, _Run]],
    unrecorded: ReconcileError | None,
    ended: dict[str, Result],
    told: Told,
) -> Sequence[Seen]:
    """Take each zone on to its end, or to what is to be put on record before it goes on."""
    seen: list[Seen] = []
    for zone, run in runs:
        try:
            seen.append(next(run) if unrecorded is None else run.throw(unrecorded))
        except StopIteration as end:
            ended[zone] = end.value
            told(ended[zone])
    return seen


_Run = Generator[Seen, None, Result]


def _run(outside: Outside, desired: DesiredZone) -> _Run:
    """Do every step of one zone that is due and allowed now, and say when to come back.

    Goes on after each yield once what it yielded is on record, or with the error why it is not.
    """
    if kinds := unbuilt(outside.portfolio, desired):
        return Failed(zone=desired.zone, diagnostics=(not_built(desired.zone, kinds),))
    done: list[str] = []
    try:
        for _ in range(TURNS_MAX):
            outside.stop.heed()
            turn = gather(outside, desired)
            result = _turn(turn)
            if isinstance(result, Seen):
                yield result
                done.append(result.made.step)
            elif result is not None:
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


def _turn(turn: Turn) -> Result | Seen | None:
    """Take one turn: one entry or one step forward; None where there may be more to do."""
    if turn.log.blocked is not None:
        return still_blocked(turn, turn.log.blocked)
    if newer := older_checkout(turn):
        return Failed(zone=turn.zone, diagnostics=(newer,), exit_code=ExitCode.STALE)
    suspension = turn.log.suspended_at(turn.now)
    if suspension is not None:
        frozen = Frozen(zone=turn.zone, until=suspension.until, reason=suspension.reason)
        return _read_back(turn) or frozen
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
    return _finish(turn, position) if position.called else _go_on(turn, position)


def _read_back(turn: Turn) -> Seen | None:
    """Return what was made and is seen by now: a suspension stops steps, not looking."""
    position = turn.position
    if position is None or not position.called or turn.log.open_intents:
        return None
    return seen_everywhere(turn, position.plan, _called(position))


def _give_up(turn: Turn, why: str) -> None:
    """Stop the plan where it stands; the next turn or run plans from there, approved anew."""
    turn.record(given_up(turn, reason=why))


def _finish(turn: Turn, position: Position) -> Result | Seen:
    """Look for the evidence of a step that was made; what never came about ends the plan."""
    found = look_for(turn, position.plan, _called(position))
    if isinstance(found, Failed):
        _give_up(turn, found.diagnostics[0].summary)
    return found


def _called(position: Position) -> Step:
    """Return the first step that was made and has not been seen everywhere."""
    return next(s for s in position.plan.steps if s.id in position.called)


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
