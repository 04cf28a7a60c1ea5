"""Runners that meet, and a runner that sleeps past its deadline: each step has one effect."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.demo.stage import build
from reconciler.diagnostics import ExitCode
from reconciler.model.entries import Event
from tests.e2e.runs import Ended, Runs, runs_in
from tests.execute.acts import desired

PATIENCE = 60
STEPS = 3


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    root = tmp_path / "portfolio"
    build(root)
    with runs_in(root) as found:
        found.play.want(desired(ksk=2))
        yield found


def both_at(runs: Runs, checkpoint: str, gate: Path, **more: object) -> list[Ended]:
    """Let two runs come to a checkpoint before either goes on; return how they ended."""
    for _ in range(2):
        runs.begin((checkpoint, 1), f"meet:{gate}", **more)
    until(lambda: len(list(gate.parent.glob(f"{gate.name}.*"))) + runs.ended.qsize() == 2)
    gate.touch()
    return [runs.end(), runs.end()]


def until(true: object) -> None:
    """Wait for something that another process does."""
    assert callable(true)
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        os.sched_yield()


def codes(ended: list[Ended]) -> list[int]:
    return sorted(found.code for found in ended)


def test_of_two_runners_one_makes_each_step_and_the_other_says_so(
    runs: Runs, tmp_path: Path
) -> None:
    lost = 0
    for number in range(60):
        pair = both_at(runs, "before-intent", tmp_path / f"gate-{number}")
        lost += codes(pair).count(ExitCode.LOST_RACE)
        going = [ended for ended in pair if ended.code != ExitCode.LOST_RACE]
        if going and going[0].code == ExitCode.OK:
            break
        runs.answer(going[0])
    assert lost >= STEPS
    intents = [entry.draft.step for entry in runs.play.entries(Event.INTENT)]
    assert intents == ["s1", "s2", "s3"]
    runs.check(rollovers=1)


def test_a_lost_race_is_no_failure_of_a_schedule(runs: Runs, tmp_path: Path) -> None:
    runs.answer(runs.run())
    pair = both_at(runs, "before-intent", tmp_path / "gate", options=[])
    assert codes(pair) == [ExitCode.OK, ExitCode.OK]
    assert {ended.zone["status"] for ended in pair} == {"lost-race", "waiting-for-time"}
    (lost,) = (ended for ended in pair if ended.zone["status"] == "lost-race")
    assert "run the command again" in lost.zone["diagnostics"][0]["hint"]


def test_a_run_that_meets_another_ones_open_step_waits_for_its_deadline(runs: Runs) -> None:
    runs.answer(runs.run())
    runs.run(("after-intent", 1))
    (intent,) = runs.play.entries(Event.INTENT)
    ended = runs.run()
    assert ended.code == ExitCode.WAITING_TIME
    assert intent.draft.deadline is not None
    assert ended.zone["until"] == f"{intent.draft.deadline:%FT%TZ}"
    assert "may still be at work" in ended.zone["reason"]
    assert runs.play.calls() == []


@pytest.mark.parametrize("checkpoint", ["after-intent", "before-call"])
def test_a_runner_that_slept_past_its_deadline_calls_nobody(runs: Runs, checkpoint: str) -> None:
    runs.answer(runs.run())
    sleeper = runs.begin((checkpoint, 1), "stop")
    until(lambda: state(sleeper) == "T")
    runs.answer(runs.run())
    other = runs.run()
    assert other.code == ExitCode.WAITING_TIME
    assert runs.play.calls() == ["dnskey.add"]
    os.kill(sleeper, signal.SIGCONT)
    slept = runs.end()
    assert slept.code == ExitCode.WAITING_TIME
    assert "held up past its own deadline" in slept.zone["reason"]
    assert runs.play.calls() == ["dnskey.add"]
    assert [e.draft.step for e in runs.play.entries(Event.INTENT)] == ["s1", "s1"]
    finish(runs)


def test_a_runner_that_slept_after_its_call_adds_what_happened_to_the_record(runs: Runs) -> None:
    runs.answer(runs.run())
    sleeper = runs.begin(("after-call", 1), "stop")
    until(lambda: state(sleeper) == "T")
    runs.answer(runs.run())
    runs.run()
    os.kill(sleeper, signal.SIGCONT)
    runs.end()
    assert runs.play.calls() == ["dnskey.add"]
    finish(runs)


def finish(runs: Runs) -> None:
    for _ in range(60):
        ended = runs.run()
        if ended.code == ExitCode.OK:
            return runs.check(rollovers=1)
        runs.answer(ended)
    raise AssertionError(ended)


def state(pid: int) -> str:
    """Return the state of a process as Linux tells it: `T` is stopped."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
