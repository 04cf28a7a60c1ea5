"""Outcomes that no ledger takes, and zones that are stopped: what happened is not lost."""

from __future__ import annotations

import json
from datetime import timedelta

from reconciler.diagnostics import ExitCode
from reconciler.execute.control import Word, suspend
from reconciler.model.entries import Event
from reconciler.model.results import Blocked, Frozen, WaitingForTime, exit_code
from tests.execute.acts import Play, desired

ANN = Word(person="ann", reason="a month-end freeze")


def test_an_outcome_that_cannot_be_recorded_is_left_as_a_file_and_found_later(play: Play) -> None:
    play.want(desired(ksk=2))
    play.answer(play.run())
    lock = play.stage.root / ".git/refs/heads/reconcile/log.lock"

    def hook(name: str) -> None:
        if name == "before-outcome":
            lock.touch()

    result = play.at_checkpoint(hook).run()
    assert isinstance(result, Blocked)
    assert exit_code(result) is ExitCode.BLOCKED
    assert result.diagnostics[0].code == "outcome-not-recorded"
    (intent,) = play.entries(Event.INTENT)
    left = play.stage.root / f"outcome-{intent.draft.idem}.json"
    told = json.loads(left.read_text())
    assert (told["event"], told["step"], told["data"]["ok"]) == ("outcome", "s1", True)
    assert list(told["data"]["created"]) == ["ksk@13/2"]
    lock.unlink()
    play.converge()
    assert play.calls() == ["dnskey.add", "ds.replace", "dnskey.remove"]
    assert [e.draft.data.get("resolved") for e in play.entries(Event.OUTCOME)].count(True) == 1
    play.check()


def test_a_suspended_zone_is_still_read_back(play: Play) -> None:
    play.want(desired(ksk=2))
    play.answer(play.run())
    assert isinstance(play.run(), WaitingForTime)
    with play.stage.open() as workspace:
        until = workspace.clock.now() + timedelta(days=3)
        suspend(workspace.outside, [play.zone], until, ANN)
    assert play.entries(Event.EVIDENCE) == []
    play.leap(minutes=10)
    stopped = play.run()
    assert isinstance(stopped, Frozen)
    assert stopped.done == ("s1",)
    (seen,) = play.entries(Event.EVIDENCE)
    assert seen.draft.step == "s1"
    again = play.run()
    assert isinstance(again, Frozen)
    assert again.done == ()
    assert play.calls() == ["dnskey.add"]


def test_an_operation_of_the_registrar_is_on_record_by_its_id(play: Play) -> None:
    play.want(desired(ksk=2))
    play.converge()
    (accepted,) = play.entries(Event.ACCEPTED)
    assert accepted.draft.step == "s2"
    assert accepted.draft.data["operation"] == f"registrar-{accepted.draft.idem}-0"
