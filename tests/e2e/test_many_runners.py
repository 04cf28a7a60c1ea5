"""Runners in clones of their own on one remote: each effect once, all on record, clean losers."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.diagnostics import ExitCode
from reconciler.model.entries import Event
from tests.e2e.places import Reconcile
from tests.e2e.shared import GOING_ON, Shared, leader

PATIENCE = 60
ROUNDS = 60
STOPS_BEFORE_CALL = ["observed", "before-intent", "after-intent", "before-call"]
STOPS_AFTER_CALL = ["after-call", "before-outcome"]


@pytest.mark.parametrize("count", [2, 6])
def test_runners_that_race_freely_make_each_step_once(
    shared: Shared, count: int, reconcile: Reconcile
) -> None:
    clones = [shared.clone(f"runner-{number}") for number in range(count)]
    for _ in range(ROUNDS):
        for clone in clones:
            shared.runs.begin(root=str(clone))
        ended = [shared.runs.end() for _ in clones]
        assert {found.code for found in ended} <= GOING_ON, ended
        if all(found.code == ExitCode.OK for found in ended):
            break
        ahead = leader(ended)
        if ahead is not None and ahead.code != ExitCode.OK:
            shared.runs.answer(ahead)
    shared.check()
    assert audited(clones[0], reconcile)


def test_six_runners_held_at_the_same_intent_make_it_once(shared: Shared, tmp_path: Path) -> None:
    """All have seen the same record and decided the same; one may write it."""
    clones = [shared.clone(f"runner-{number}") for number in range(6)]
    lost = 0
    for number in range(ROUNDS):
        gate = tmp_path / f"gate-{number}"
        for clone in clones:
            shared.runs.begin(("before-intent", 1), f"meet:{gate}", root=str(clone))
        until(lambda: met(gate) + shared.runs.ended.qsize() == len(clones))  # noqa: B023 (at once)
        gate.touch()
        ended = [shared.runs.end() for _ in clones]
        lost += sum(found.code == ExitCode.LOST_RACE for found in ended)
        assert {found.code for found in ended} <= GOING_ON, ended
        if all(found.code == ExitCode.OK for found in ended):
            break
        ahead = leader(ended)
        if ahead is not None and ahead.code != ExitCode.OK:
            shared.runs.answer(ahead)
    assert lost >= 3 * (len(clones) - 1), "five lose each of three steps"
    assert [e.draft.step for e in shared.entries(Event.INTENT)] == ["s1", "s2", "s3"]
    shared.check()


@pytest.mark.parametrize("checkpoint", STOPS_BEFORE_CALL)
def test_a_runner_that_slept_before_its_call_calls_nobody_when_it_wakes(
    shared: Shared, checkpoint: str, reconcile: Reconcile
) -> None:
    """It sleeps past its deadline, and another makes the step meanwhile."""
    sleeper, other = shared.approved()
    pid = asleep(shared, sleeper, checkpoint)
    shared.until_called(other)
    os.kill(pid, signal.SIGCONT)
    assert shared.runs.end().code in GOING_ON
    assert shared.runs.play.calls() == ["dnskey.add"]
    assert audited(sleeper, reconcile)


@pytest.mark.parametrize("checkpoint", STOPS_BEFORE_CALL)
def test_a_runner_that_slept_past_its_deadline_alone_calls_nobody(
    shared: Shared, checkpoint: str, reconcile: Reconcile
) -> None:
    """Nobody else came; what it saw before it slept counts for nothing any more."""
    sleeper, other = shared.approved()
    pid = asleep(shared, sleeper, checkpoint)
    shared.runs.play.leap(hours=2)
    os.kill(pid, signal.SIGCONT)
    assert shared.runs.end().code == ExitCode.WAITING_TIME
    assert shared.runs.play.calls() == []
    shared.until_called(other)
    assert audited(other, reconcile)


@pytest.mark.parametrize("checkpoint", STOPS_AFTER_CALL)
def test_a_runner_that_slept_after_its_call_finds_it_on_record(
    shared: Shared, checkpoint: str
) -> None:
    sleeper, other = shared.approved()
    pid = asleep(shared, sleeper, checkpoint)
    shared.finish(other)
    os.kill(pid, signal.SIGCONT)
    assert shared.runs.end().code in GOING_ON
    shared.finish(sleeper)
    shared.check()


def audited(clone: Path, reconcile: Reconcile) -> bool:
    return reconcile("audit", "verify", "-C", clone).code == ExitCode.OK


def asleep(shared: Shared, clone: Path, checkpoint: str) -> int:
    """Return the process of a run that stopped at `checkpoint`."""
    pid = shared.runs.begin((checkpoint, 1), "stop", root=str(clone))
    until(lambda: state(pid) == "T")
    return pid


def met(gate: Path) -> int:
    return len(list(gate.parent.glob(f"{gate.name}.*")))


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        os.sched_yield()


def state(pid: int) -> str:
    """Return the state of a process as Linux tells it: `T` is stopped."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
