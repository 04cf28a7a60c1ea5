"""A run that is asked to stop finishes its call, records how it ended, and begins nothing new."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.demo.stage import build
from reconciler.diagnostics import ExitCode
from reconciler.execute.outside import CHECKPOINTS
from reconciler.model.entries import Event
from tests.e2e.runs import Ended, Runs, runs_in
from tests.execute.acts import desired

AT_MOST = 7
"""Seconds that GitHub leaves a run between SIGINT and SIGTERM, less a little."""
NOTHING_BEGUN = {"observed", "planned", "before-intent"}
RUNS_BEFORE = {"planned": 0, "before-evidence": 2, "after-evidence": 2}
"""How many runs come before the one that passes a checkpoint; one, which waits for approval."""
NOTHING_CALLED = {"after-intent", "before-call"}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("prepared") / "portfolio"
    build(root)
    return root


@pytest.fixture
def runs(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    root = tmp_path / "portfolio"
    shutil.copytree(prepared, root)
    with runs_in(root) as found:
        found.play.want(desired(ksk=2))
        yield found


def asked_to_stop(runs: Runs, checkpoint: str, do: str, asked: Path) -> Ended:
    runs.begin((checkpoint, 1), f"{do}:{asked}")
    ended = runs.end()
    over = asked.with_name("over")
    over.touch()
    assert over.stat().st_mtime - asked.stat().st_mtime < AT_MOST
    assert ended.code == ExitCode.ERROR
    assert ended.zone["diagnostics"][0]["code"] == "interrupted"
    return ended


def finish(runs: Runs, ended: Ended) -> None:
    while ended.code != ExitCode.OK:
        runs.answer(ended)
        ended = runs.run()
    runs.check(rollovers=1)


@pytest.mark.parametrize("do", ["INT", "TERM"])
@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_asked_to_stop_at_a_checkpoint(
    runs: Runs, tmp_path: Path, checkpoint: str, do: str
) -> None:
    for _ in range(RUNS_BEFORE.get(checkpoint, 1)):
        runs.answer(runs.run())
    asked_to_stop(runs, checkpoint, do, tmp_path / "asked")
    intents, outcomes = runs.play.entries(Event.INTENT), runs.play.entries(Event.OUTCOME)
    if checkpoint in NOTHING_BEGUN:
        assert intents == []
    elif checkpoint in NOTHING_CALLED:
        assert [e.draft.data.get("called") for e in outcomes] == [False]
        assert runs.play.calls() == []
    else:
        assert [e.draft.data["ok"] for e in outcomes] == [True]
    assert len(intents) == len(outcomes)
    finish(runs, runs.run())


def test_asked_to_stop_in_a_slow_call_the_call_is_finished(runs: Runs, tmp_path: Path) -> None:
    runs.answer(runs.run())
    gate = tmp_path / "gate"
    pid = runs.begin(("after-call", 1), f"meet:{gate}")
    until_there(gate.with_name(f"gate.{pid}"))
    os.kill(pid, signal.SIGINT)
    os.kill(pid, signal.SIGTERM)
    assert not runs.ended_within(0.5)
    gate.touch()
    ended = runs.end()
    assert ended.code == ExitCode.ERROR
    assert [e.draft.data["ok"] for e in runs.play.entries(Event.OUTCOME)] == [True]
    finish(runs, runs.run())


def until_there(file: Path) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < deadline
        os.sched_yield()
