"""The failure table of crash-safe steps, row by row: where it fails, and what the next run does.

Rows are those of docs/ledger.md, "When a step fails". Runs are processes in clones of their own;
the ledger is behind a git server that fails as servers do.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.diagnostics import ExitCode
from reconciler.ledger.git_ledger import GitLedger
from reconciler.model.entries import Draft, Event
from reconciler.sandbox.faults import Fault as WorldFault
from reconciler.sandbox.faults import FaultKind
from tests.e2e.shared import Shared, git
from tests.execute.acts import TESTER
from tests.ledger.smart_http import Fault, SmartHttp, serve

MANY = 9
"""More requests than a run makes; a connection that ends is tried anew by git itself."""


@pytest.fixture
def server(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmartHttp]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serve(shared.bare) as found:
        yield found


@pytest.fixture
def one(shared: Shared, server: SmartHttp) -> Path:
    """A clone for the run that fails; the first step is approved."""
    path, other = shared.approved()
    for clone in (path, other):
        git(clone, "remote", "set-url", "origin", server.url)
    return path


@pytest.fixture
def two(one: Path) -> Path:
    """A clone for the runs after it."""
    return one.with_name("two")


def intents(shared: Shared) -> list[tuple[object, object]]:
    found = shared.entries(Event.INTENT)
    assert len({entry.draft.idem for entry in found}) <= 1, "one step has one idempotency id"
    return [(entry.draft.step, entry.draft.data["attempt"]) for entry in found]


def outcomes(shared: Shared) -> list[tuple[object, object]]:
    found = shared.entries(Event.OUTCOME)
    return [(entry.draft.data["ok"], entry.draft.data.get("resolved", False)) for entry in found]


def waits_for_the_deadline(shared: Shared, clone: Path) -> None:
    """The intent is somebody else's and open: nobody touches the step before its deadline."""
    calls = shared.runs.play.calls()
    ended = shared.run(clone)
    assert (ended.code, "may still be at work" in ended.zone["reason"]) == (
        ExitCode.WAITING_TIME,
        True,
    )
    assert shared.runs.play.calls() == calls
    shared.runs.answer(ended)


def test_before_the_intent_is_pushed_the_next_run_sees_nothing_and_begins(
    shared: Shared, one: Path, two: Path
) -> None:
    assert shared.run(one, ("before-intent", 1)).killed
    assert intents(shared) == []
    shared.run(two)
    assert shared.runs.play.calls() == ["dnskey.add"]
    assert intents(shared) == [("s1", 1)]


def test_the_intent_landed_and_the_server_said_502_so_the_same_process_goes_on(
    shared: Shared, server: SmartHttp, one: Path
) -> None:
    server.pushes.append(Fault.BAD_GATEWAY_AFTER)
    shared.run(one)
    assert shared.runs.play.calls() == ["dnskey.add"]
    assert (intents(shared), outcomes(shared)) == ([("s1", 1)], [(True, False)])


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.LIE], ids=["refused", "lied"])
def test_the_intent_did_not_land_so_nobody_is_called(
    shared: Shared, server: SmartHttp, one: Path, two: Path, fault: Fault
) -> None:
    server.pushes += [fault] * MANY
    assert shared.run(one).code == ExitCode.ERROR
    assert (shared.runs.play.calls(), intents(shared)) == ([], [])
    server.pushes.clear()
    shared.until_called(two)
    assert intents(shared) == [("s1", 1)]


def test_the_intent_of_a_killed_run_lands_later_and_is_somebody_elses_open_intent(
    shared: Shared, server: SmartHttp, one: Path, two: Path
) -> None:
    killed_in_its_push(shared, server, one)
    server.let_go()
    waits_for_the_deadline(shared, two)
    shared.until_called(two)
    assert intents(shared) == [("s1", 1), ("s1", 2)]


def test_the_intent_of_a_killed_run_comes_too_late_and_never_lands(
    shared: Shared, server: SmartHttp, one: Path, two: Path
) -> None:
    killed_in_its_push(shared, server, one)
    shared.until_called(two)
    server.let_go()
    shared.run(two)
    assert intents(shared) == [("s1", 1)]
    assert shared.runs.play.calls() == ["dnskey.add"]


def killed_in_its_push(shared: Shared, server: SmartHttp, clone: Path) -> None:
    """Kill a run while the server holds its intent."""
    server.pushes.append(Fault.HELD)
    pid = shared.runs.begin(root=str(clone))
    server.wait_held()
    os.kill(pid, signal.SIGKILL)
    assert shared.runs.end().killed
    assert (shared.runs.play.calls(), intents(shared)) == ([], [])


@pytest.mark.parametrize("checkpoint", ["after-intent", "before-call"])
def test_after_the_intent_and_before_the_call_the_step_is_made_after_the_deadline(
    shared: Shared, one: Path, two: Path, checkpoint: str
) -> None:
    assert shared.run(one, (checkpoint, 1)).killed
    waits_for_the_deadline(shared, two)
    shared.until_called(two)
    assert intents(shared) == [("s1", 1), ("s1", 2)]
    assert outcomes(shared) == [(False, True), (True, False)]


@pytest.mark.parametrize("checkpoint", ["after-call", "before-outcome"])
def test_after_the_call_and_before_the_outcome_it_is_told_from_what_is_seen(
    shared: Shared, one: Path, two: Path, checkpoint: str
) -> None:
    assert shared.run(one, (checkpoint, 1)).killed
    assert shared.runs.play.calls() == ["dnskey.add"]
    waits_for_the_deadline(shared, two)
    shared.run(two)
    assert outcomes(shared) == [(True, True)]
    assert shared.runs.play.calls() == ["dnskey.add"]


def test_an_outcome_that_cannot_be_pushed_is_told_from_what_is_seen(
    shared: Shared, server: SmartHttp, one: Path, two: Path
) -> None:
    server.pushes += [Fault.NONE] + [Fault.UNAVAILABLE] * MANY
    assert shared.run(one).code in {ExitCode.ERROR, ExitCode.BLOCKED}
    server.pushes.clear()
    assert (shared.runs.play.calls(), outcomes(shared)) == (["dnskey.add"], [])
    waits_for_the_deadline(shared, two)
    shared.run(two)
    assert outcomes(shared) == [(True, True)]
    assert shared.runs.play.calls() == ["dnskey.add"]


def test_an_outcome_that_was_cut_off_is_pushed_again_and_stands_once(
    shared: Shared, server: SmartHttp, one: Path
) -> None:
    server.pushes += [Fault.NONE, Fault.UNAVAILABLE]
    shared.run(one)
    assert outcomes(shared) == [(True, False)]


def test_an_outcome_that_loses_a_race_is_put_on_the_new_tip(shared: Shared, one: Path) -> None:
    """Others write of other zones while a step is made: that undoes nothing."""
    gate = one.with_name("gate")
    shared.runs.begin(("before-outcome", 1), f"meet:{gate}", root=str(one))
    while not list(gate.parent.glob("gate.*")):
        os.sched_yield()
    other = GitLedger(shared.runs.play.stage.root, actor=TESTER, remote="origin")
    other.refresh()
    other.append([Draft(event=Event.HEARTBEAT)], shared.runs.play.stage.world.now())
    gate.touch()
    shared.runs.end()
    assert outcomes(shared) == [(True, False)]
    assert shared.runs.play.calls() == ["dnskey.add"]


def test_an_effect_that_is_not_seen_yet_is_waited_for_and_then_a_person_is_asked(
    shared: Shared, one: Path, two: Path
) -> None:
    world = shared.runs.play.stage.world
    world.inject(WorldFault(kind=FaultKind.LAG, target="ns2.own.example.", seconds=30 * 86400))
    ended = shared.run(one)
    assert (ended.code, ended.zone["step"]) == (ExitCode.WAITING_TIME, "s1")
    world.leap_to(world.now() + timedelta(days=2))
    ended = shared.run(two)
    assert ended.code == ExitCode.BLOCKED
    assert ended.zone["diagnostics"][0]["hint"]
    assert shared.runs.play.calls() == ["dnskey.add"]
