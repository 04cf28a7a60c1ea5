"""A plan whose world leaves it is turned back by itself, by the rollback approved with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from reconciler.diagnostics import ExitCode, ReconcileError
from reconciler.execute.control import Word, resolve, revoke
from reconciler.execute.drift import zone_drift
from reconciler.execute.lookout import lookout
from reconciler.execute.outside import CHECKPOINTS, TURNING
from reconciler.ledger.commit_message import commit_message
from reconciler.model.drift import DriftKind
from reconciler.model.entries import Entry, Event
from reconciler.model.plan import Malformed, Step, Verdict
from reconciler.model.results import Blocked, Failed, Result, WaitingForTime, exit_code
from reconciler.model.status import Stand
from reconciler.model.timeline import Timeline
from reconciler.proof import prove
from reconciler.report.ledger_story import sentence
from reconciler.report.result_text import result_json
from reconciler.report.status_text import status_json
from reconciler.sandbox.faults import Fault, FaultKind
from reconciler.spec.load import load_valid
from tests.execute.acts import Play, desired, problems, stand


class Killed(BaseException):
    """A run ends here, without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is asked for, the step that goes wrong, and how."""

    text: str
    step: str
    system: str
    cause: str


PARENT_TAKES = timedelta(hours=25)
"""What a change may take at the registrar and its registry, as declared."""
DS = Case(text=desired(ksk=2), step="s2", system="registrar", cause="other-ds")
DATA = Case(text=desired(zsk=2), step="s2", system="own", cause="bogus")
CASES = [pytest.param(DS, id="another DS"), pytest.param(DATA, id="data without signatures")]


def gone_wrong(play: Play, case: Case) -> Result:
    """Play on to the step, and let its system publish something else once."""
    play.want(case.text)
    result = play.on_the_way_to(case.step)
    play.stage.world.inject(Fault(kind=FaultKind.GARBLE, target=case.system, count=1))
    for _ in range(20):
        if result.rollback or isinstance(result, Blocked):
            return result
        play.answer(result)
        result = play.run()
    raise AssertionError(result)


def back_again(play: Play, result: Result) -> Blocked:
    for _ in range(40):
        if isinstance(result, Blocked):
            assert result.diagnostics[0].code == "rolled-back", result
            return result
        play.answer(result)
        result = play.run()
    raise AssertionError(result)


def turnings(play: Play) -> list[Entry]:
    return [e for e in play.entries(Event.PLAN) if "rollback" in e.draft.data]


def published(play: Play) -> tuple[str, ...]:
    return stand(play).published


@pytest.mark.parametrize("case", CASES)
def test_the_approved_way_back_runs_by_itself_and_everything_is_as_before(
    play: Play, case: Case
) -> None:
    before = published(play)
    result = gone_wrong(play, case)
    assert isinstance(result, WaitingForTime)
    assert exit_code(result) is ExitCode.BLOCKED
    approvals = len(play.entries(Event.APPROVAL))
    end = back_again(play, result)
    assert published(play) == before
    assert len(play.entries(Event.APPROVAL)) == approvals
    made = [entry.draft.step for entry in play.entries(Event.INTENT)]
    assert made == ["s1", "s2", "r1", "r2"]
    (turning,) = turnings(play)
    told = turning.draft.data["rollback"]
    assert isinstance(told, dict)
    assert (told["after"], told["cause"]) == (case.step, case.cause)
    assert end.diagnostics[0].code == "rolled-back"
    assert problems(play) == ()


def test_turning_back_is_said_everywhere(play: Play) -> None:
    result = gone_wrong(play, DS)
    why = "a.nic.example. shows DS ds-23963-13-2-91466302 (SHA-256), which nobody submitted"
    assert result.rollback == why
    assert result_json(result)["rollback"] == why
    found = stand(play)
    assert found.rolled_back is not None
    assert (found.rolled_back.after, found.rolled_back.why) == ("s2", why)
    rollback = status_json(found, play.stage.world.now())["rollback"]
    assert isinstance(rollback, dict)
    assert rollback["cause"] == "other-ds"
    (turning,) = turnings(play)
    assert sentence(turning).startswith(f"the plan is turned back: {why}; its approved way back")
    assert "rollback: legacy.example." in commit_message([turning])
    assert why not in commit_message([turning])
    with play.stage.open() as workspace:
        drift = zone_drift(lookout(workspace.outside), load_valid(play.stage.root).zones[play.zone])
    whys = {d.rrset: d.why for d in drift.differences if d.kind is DriftKind.IN_PROGRESS}
    assert why in whys["DS"]


def test_after_a_rollback_nothing_is_tried_again_before_a_person_says_so(play: Play) -> None:
    end = back_again(play, gone_wrong(play, DATA))
    assert exit_code(end) is ExitCode.BLOCKED
    assert play.run().diagnostics == end.diagnostics  # type: ignore[union-attr]
    found = stand(play)
    assert (found.stand, found.who) == (Stand.BLOCKED, ("a person",))
    assert "--step s2 --not-done" in found.waits_for
    with play.stage.open() as workspace:
        word = Word(person="ann", reason="mended")
        with pytest.raises(ReconcileError, match="nothing of it can count as made") as refused:
            resolve(workspace.outside, play.zone, "s2", word, done=True)
        assert "--step s2 --not-done" in refused.value.diagnostics[0].hint
        resolve(workspace.outside, play.zone, "s2", word, done=False)
    play.converge()
    assert len(turnings(play)) == 1
    assert problems(play) == ()


def test_taking_the_change_back_in_git_ends_it_too(play: Play) -> None:
    back_again(play, gone_wrong(play, DATA))
    play.want(desired())
    play.converge()
    assert problems(play) == ()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("checkpoint", [*TURNING, *CHECKPOINTS[2:]])
def test_killed_while_it_turns_back_the_next_run_goes_on_and_turns_once(
    play: Play, checkpoint: str, case: Case
) -> None:
    left = 2
    watching = False

    def deadly(name: str) -> None:
        nonlocal left
        if name == checkpoint and watching and left:
            left -= 1
            raise Killed

    killed = play.at_checkpoint(deadly)
    before = published(play)
    play.want(case.text)
    result = play.on_the_way_to(case.step)
    play.stage.world.inject(Fault(kind=FaultKind.GARBLE, target=case.system, count=1))
    for _ in range(60):
        if isinstance(result, Blocked):
            break
        play.answer(result)
        watching = bool(play.log().turned) or checkpoint in TURNING
        try:
            result = killed.run()
        except Killed:
            result = play.run()
    assert left < 2
    assert isinstance(result, Blocked)
    assert result.diagnostics[0].code == "rolled-back"
    assert published(play) == before
    assert len(turnings(play)) == 1
    assert problems(play) == ()


def test_a_way_back_that_is_not_proved_from_here_blocks_the_zone(play: Play) -> None:
    doubtful = Play(replace(play.stage, setting=replace(play.stage.setting, prove=doubt)))
    result = gone_wrong(doubtful, DS)
    assert isinstance(result, Blocked)
    assert "is not proved safe from here: who knows" in result.diagnostics[0].summary
    (entry,) = play.entries(Event.BLOCKED)
    assert "who knows" in str(entry.draft.data["why"])
    calls = play.calls()
    again = play.run()
    assert isinstance(again, Blocked)
    assert "reconcile resolve legacy.example. --step s2" in again.diagnostics[0].hint
    found = stand(play)
    assert found.stand is Stand.BLOCKED
    assert "reconcile abandon legacy.example." in found.waits_for
    assert play.calls() == calls
    assert turnings(play) == []
    with play.stage.open() as workspace:
        resolve(workspace.outside, play.zone, "s2", Word(person="ann", reason="try"), done=False)
    back_again(play, play.run())
    assert len(turnings(play)) == 1
    assert problems(play) == ()


def doubt(steps: Sequence[Step], timeline: Timeline) -> Verdict:
    return Malformed(why="who knows") if steps[0].id == "r1" else prove(steps, timeline)


def test_a_way_back_whose_approval_was_taken_back_waits_for_a_person(play: Play) -> None:
    play.want(DS.text)
    result = play.on_the_way_to("s2")
    play.stage.world.inject(Fault(kind=FaultKind.GARBLE, target="registrar", count=1))
    while "s2" not in play.log().outcomes:
        play.answer(result)
        result = play.run()
    (refined,) = play.log().refined.values()
    with play.stage.open() as workspace:
        revoke(workspace.outside, refined.digest, Word(person="ann", reason="wrong"))
    while not isinstance(result, Blocked):
        play.answer(result)
        result = play.run()
    assert "the approval of the way back lapsed" in result.diagnostics[0].summary
    assert refined.digest in result.diagnostics[0].summary
    assert turnings(play) == []
    assert problems(play) == ()
    play.approve(refined.digest, "ann")
    with play.stage.open() as workspace:
        resolve(workspace.outside, play.zone, "s2", Word(person="ann", reason="go"), done=False)
    back_again(play, play.run())
    assert problems(play) == ()


def test_a_signer_that_refuses_for_too_long_is_left_alone_and_the_plan_turned_back(
    play: Play,
) -> None:
    play.want(DATA.text)
    result = play.on_the_way_to("s3")
    before = play.calls()
    play.answer(result)
    play.stage.world.inject(Fault(kind=FaultKind.REFUSE, target="own"))
    assert isinstance(play.run(), Failed)
    play.leap(days=3)
    assert isinstance(play.run(), Failed)
    play.stage.world.clear_faults()
    play.run()
    (turning,) = turnings(play)
    told = turning.draft.data["rollback"]
    assert isinstance(told, dict)
    assert (told["after"], told["cause"]) == ("s3", "refused")
    assert "HTTP 403" in str(told["why"])
    assert play.calls() != before
    back_again(play, play.run())
    assert problems(play) == ()


@pytest.mark.parametrize("tried", [True, False])
def test_an_outage_that_ends_in_time_turns_nothing_back(play: Play, *, tried: bool) -> None:
    """Nor does one refusal long ago: only a refusal after the bound does, which status told."""
    play.want(DATA.text)
    play.answer(play.on_the_way_to("s3"))
    play.stage.world.inject(Fault(kind=FaultKind.REFUSE, target="own"))
    assert isinstance(play.run(), Failed)
    found = stand(play)
    assert found.stand is Stand.DUE
    until = play.stage.world.now() + PARENT_TAKES
    assert f"from {until:%FT%TZ} on one more refusal turns the plan back" in found.waits_for
    play.leap(hours=24)
    if tried:
        assert isinstance(play.run(), Failed)
    play.leap(days=9)
    play.stage.world.clear_faults()
    play.converge()
    assert turnings(play) == []
    assert problems(play) == ()
