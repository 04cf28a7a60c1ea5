"""`kill -9` at every named checkpoint where a key is made by an API that forgets.

In the other tests of killed runs keys are made by symbol (marker), the DS is changed under an
operation id, and keys are removed by declaration. Here the signer knows a repeated call by its
idempotency key alone (caller key), or not at all (opaque): then a person settles what no run may
try twice.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.audit.verify import audit
from reconciler.demo.scenery import Scene, layout
from reconciler.demo.stage import build
from reconciler.demo.stories import opening
from reconciler.diagnostics import ExitCode
from reconciler.execute.control import Word, resolve
from reconciler.execute.outside import CHECKPOINTS
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.record import open_record
from reconciler.model.entries import Event
from reconciler.sandbox.faults import Fault, FaultKind
from reconciler.sandbox.layout import Forgets
from tests.e2e.runs import Ended, Runs, runs_in
from tests.execute.acts import TESTER, desired

FORGETS: tuple[Forgets, ...] = ("symbols", "calls")
BLIND = {"after-intent", "before-call"}
"""Killed there, nobody can tell whether an opaque operation was called."""
RUNS_MAX = 20


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    usual = layout(worst_case=False)
    made: dict[str, Path] = {}
    for what in FORGETS:
        signers = tuple(replace(signer, forgets=what) for signer in usual.signers)
        made[what] = tmp_path_factory.mktemp(what) / "portfolio"
        build(made[what], scene=Scene(layout=replace(usual, signers=signers), files=opening()))
    return made


@pytest.fixture(params=FORGETS)
def what(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def runs(
    what: str, prepared: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Runs]:
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    root = tmp_path / "portfolio"
    shutil.copytree(prepared[what], root)
    with runs_in(root) as found:
        found.play.want(desired(ksk=2))
        yield found


def killed_at(runs: Runs, checkpoint: str) -> None:
    for _ in range(RUNS_MAX):
        ended = runs.run((checkpoint, 1))
        if ended.killed:
            return
        runs.answer(ended)
    raise AssertionError(ended)


def keys_made(runs: Runs) -> int:
    held = runs.play.stage.world.dump()["keys"]
    assert isinstance(held, list)
    mine = [key for key in held if isinstance(key, dict) and key["zone"] == runs.play.zone]
    return len(mine) - 2


def until_made(runs: Runs) -> int:
    """Go on until the key is seen everywhere; return how often a person had to say what is there,
    who looks at the signer itself.
    """
    asked = 0
    for _ in range(RUNS_MAX):
        if runs.play.entries(Event.EVIDENCE):
            return asked
        ended = runs.run()
        if ended.code == ExitCode.BLOCKED:
            asked += 1
            settle(runs, ended, done=keys_made(runs) > 0)
        else:
            runs.answer(ended)
    raise AssertionError(ended)


def settle(runs: Runs, ended: Ended, *, done: bool) -> None:
    assert "opaque" in ended.zone["diagnostics"][0]["summary"]
    with runs.play.stage.open() as workspace:
        word = Word(person="ann", reason="looked at the signer")
        resolve(workspace.outside, runs.play.zone, "s1", word, done=done)


def check(runs: Runs) -> None:
    """One key, one effect, on record before it came, in a record that is whole."""
    assert keys_made(runs) == 1
    assert runs.play.calls() == ["dnskey.add"]
    runs.play.check()
    ledger = GitLedger(runs.play.stage.root, actor=TESTER)
    with open_record(ledger.git, ledger.refresh() or "") as record:
        assert audit(record).findings == ()


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_killed_while_a_key_is_made_there_is_one_key(
    runs: Runs, what: str, checkpoint: str
) -> None:
    killed_at(runs, checkpoint)
    asked = until_made(runs)
    assert asked == (1 if what == "calls" and checkpoint in BLIND else 0)
    check(runs)


@pytest.mark.parametrize("checkpoint", ["after-call", "before-outcome"])
def test_killed_after_a_call_that_shows_nowhere_there_is_one_key(
    runs: Runs, what: str, checkpoint: str
) -> None:
    """Repeated under its key the call is answered as before; an opaque one is not repeated."""
    runs.answer(runs.run())
    for server in ("ns1.own.example.", "ns2.own.example."):
        runs.play.stage.world.inject(Fault(kind=FaultKind.LAG, target=server, seconds=2400))
    killed_at(runs, checkpoint)
    asked = until_made(runs)
    assert asked == (1 if what == "calls" else 0)
    assert len(runs.play.entries(Event.INTENT)) == (1 if what == "calls" else 2)
    check(runs)
