"""A signer whose API knows no repeated call: what may have happened is never tried again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.audit.verify import audit
from reconciler.demo.scenery import Scene, layout
from reconciler.demo.stage import build
from reconciler.demo.stories import opening
from reconciler.execute.control import Word, resolve
from reconciler.execute.status import statuses
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.record import open_record
from reconciler.model.entries import Event
from reconciler.model.results import Blocked, Converged, Result, WaitingForTime
from reconciler.model.status import Stand
from reconciler.sandbox.faults import Fault, FaultKind
from tests.execute.acts import TESTER, Play, desired, opened

ANN = Word(person="ann", reason="looked at the signer")


class Killed(BaseException):
    """A run ends here, without a word."""


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("forgetful") / "portfolio"
    usual = layout(worst_case=False)
    signers = tuple(replace(signer, forgets="calls") for signer in usual.signers)
    build(root, scene=Scene(layout=replace(usual, signers=signers), files=opening()))
    return root


@pytest.fixture
def play(forgetful: Path, tmp_path: Path) -> Iterator[Play]:
    root = tmp_path / "portfolio"
    shutil.copytree(forgetful, root)
    with opened(root) as found:
        found.want(desired(ksk=2))
        yield found


def killed_at(play: Play, checkpoint: str) -> None:
    def hook(name: str) -> None:
        if name == checkpoint:
            raise Killed

    with pytest.raises(Killed):
        play.at_checkpoint(hook).run()


def keys_made(play: Play) -> int:
    held = play.stage.world.dump()["keys"]
    assert isinstance(held, list)
    mine = [key for key in held if isinstance(key, dict) and key["zone"] == play.zone]
    return len(mine) - 2


def settle(play: Play, *, done: bool) -> Result:
    with play.stage.open() as workspace:
        resolve(workspace.outside, play.zone, "s1", ANN, done=done)
    return play.run()


def go_on(play: Play, result: Result) -> None:
    while not isinstance(result, Converged):
        play.answer(result)
        result = play.run()
    assert keys_made(play) == 1
    assert sorted(play.calls()) == ["dnskey.add", "dnskey.remove", "ds.replace"]
    play.check()
    assert problems(play) == ()


def problems(play: Play) -> tuple[str, ...]:
    ledger = GitLedger(play.stage.root, actor=TESTER)
    with open_record(ledger.git, ledger.refresh() or "") as record:
        return tuple(f"{f.file}: {f.summary}" for f in audit(record).findings)


def blocked(play: Play) -> Blocked:
    """Wait until the killed run's time is over, and run again."""
    play.answer(play.run())
    result = play.run()
    assert isinstance(result, Blocked)
    assert "opaque" in result.diagnostics[0].summary
    return result


@pytest.mark.parametrize("checkpoint", ["after-intent", "before-call"])
def test_killed_before_the_call_nothing_is_made_until_a_person_says_so(
    play: Play, checkpoint: str
) -> None:
    play.answer(play.run())
    killed_at(play, checkpoint)
    blocked(play)
    assert keys_made(play) == 0
    again = play.run()
    assert isinstance(again, Blocked)
    assert "reconcile resolve legacy.example. --step s1" in again.diagnostics[0].hint
    assert len(play.entries(Event.BLOCKED)) == 1
    with play.stage.open() as workspace:
        (found,) = statuses(workspace.outside, [workspace.portfolio.zones[play.zone]])
    assert found.stand is Stand.BLOCKED
    assert found.who == ("a person",)
    assert "opaque" in found.waits_for
    go_on(play, settle(play, done=False))


@pytest.mark.parametrize("checkpoint", ["after-call", "before-outcome"])
def test_killed_after_the_call_a_key_that_shows_is_found(play: Play, checkpoint: str) -> None:
    play.answer(play.run())
    killed_at(play, checkpoint)
    play.answer(play.run())
    go_on(play, play.run())
    assert play.entries(Event.BLOCKED) == []


@pytest.mark.parametrize("checkpoint", ["after-call", "before-outcome"])
def test_killed_after_a_call_that_shows_nowhere_yet_nothing_is_made_twice(
    play: Play, checkpoint: str
) -> None:
    play.answer(play.run())
    for server in ("ns1.own.example.", "ns2.own.example."):
        play.stage.world.inject(Fault(kind=FaultKind.LAG, target=server, seconds=7200))
    killed_at(play, checkpoint)
    blocked(play)
    assert keys_made(play) == 1
    go_on(play, settle(play, done=True))


def test_what_was_accepted_and_never_shows_is_not_made_again_by_itself(play: Play) -> None:
    play.answer(play.run())
    play.stage.world.inject(Fault(kind=FaultKind.SILENT_NOOP, target="own", count=1))
    result = play.run()
    while isinstance(result, WaitingForTime):
        play.leap(hours=26)
        result = play.run()
    assert isinstance(result, Blocked)
    assert keys_made(play) == 0
    go_on(play, settle(play, done=False))
