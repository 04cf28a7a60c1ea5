"""`kill -9` of `reconcile apply` at every named checkpoint and at any moment: the next goes on.

Each test rolls KSKs of one zone while runs are killed, with a run that is left alone after each
that was killed. Judges look on all the time.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.demo.stage import build
from reconciler.diagnostics import ExitCode
from reconciler.execute.outside import CHECKPOINTS
from tests.e2e.runs import Ended, Runs, runs_in
from tests.execute.acts import desired

RUNS_MAX = 120
SEEDS = range(5)
KILLS_PER_SEED = 10
"""Together 50 moments."""

Attempt = Callable[[Runs], Ended]


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
        yield found


def roll(runs: Runs, generation: int, attempt: Attempt) -> int:
    """Roll the KSK, with `attempt` in place of every run that does not follow a killed one."""
    runs.play.want(desired(ksk=generation))
    killed = 0
    for _ in range(RUNS_MAX):
        ended = attempt(runs)
        if ended.killed:
            assert ended.code == -signal.SIGKILL
            killed += 1
            ended = runs.run()
        if ended.code == ExitCode.OK:
            return killed
        runs.answer(ended)
    message = f"no end after {RUNS_MAX} runs"
    raise AssertionError(message)


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_killed_at_a_checkpoint_the_next_run_goes_on(runs: Runs, checkpoint: str) -> None:
    """Killed wherever a run passes it, unless the attempt before was: so each step is killed once,
    and then made. Runs pass `observed` several times: the first, then the second, and so on.
    """
    passes = itertools.cycle([1, 2, 3] if checkpoint == "observed" else [1])
    spared = False

    def attempt(runs: Runs) -> Ended:
        nonlocal spared
        ended = runs.run(None if spared else (checkpoint, next(passes)))
        spared = ended.killed
        return ended

    killed = roll(runs, 2, attempt)
    assert killed >= (1 if checkpoint == "planned" else 3)
    runs.check(rollovers=1)


@pytest.mark.parametrize("seed", SEEDS)
def test_killed_at_any_moment_the_next_run_goes_on(runs: Runs, seed: int) -> None:
    moments = random.Random(seed)  # noqa: S311 - moments, not secrets

    def attempt(runs: Runs) -> Ended:
        if not runs.took:
            return runs.run()
        pid = runs.begin()
        if not runs.ended_within(moments.uniform(0, runs.took)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return runs.end()

    killed = rollovers = 0
    while killed < KILLS_PER_SEED:
        killed += roll(runs, rollovers + 2, attempt)
        rollovers += 1
    runs.check(rollovers)
