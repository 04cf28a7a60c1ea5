"""A person's word: what it stops, settles, gives up and takes back, and when it is refused."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.cli.app import run
from reconciler.diagnostics import ExitCode, LedgerError, ReconcileError
from reconciler.execute.abandon import abandon
from reconciler.execute.control import (
    REASON_MAX,
    Word,
    resolve,
    resume,
    revoke,
    suspend,
    word_of,
)
from reconciler.ledger.history import History, ZoneLog
from reconciler.ledger.records import About, blocked_draft
from reconciler.model.entries import Actor, ActorKind, Event
from reconciler.model.results import (
    Blocked,
    Failed,
    Frozen,
    Result,
    WaitingForApproval,
    WaitingForTime,
    exit_code,
)
from reconciler.model.sightings import Observation
from reconciler.model.status import Stand
from tests.execute.acts import ZONE, Play, desired, stand

ANN = Word(person="ann", reason="a month-end freeze")
OTHER = "shop.example."
HOSTILE = 'x\u202e"; rm -rf ~ \x1b[2J'


class Killed(BaseException):
    """A run that ends here, as if its process had been killed."""


def codes(error: pytest.ExceptionInfo[ReconcileError]) -> list[str]:
    return [diagnostic.code for diagnostic in error.value.diagnostics]


def killed_at(play: Play, checkpoint: str) -> None:
    """Let the next run die at a checkpoint."""

    def hook(name: str) -> None:
        if name == checkpoint:
            raise Killed

    with pytest.raises(Killed):
        play.at_checkpoint(hook).run()


def due(play: Play) -> None:
    """Begin a KSK rollover whose first step is approved and due."""
    play.want(desired(ksk=2))
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    play.approve(first.digest)


def begun(play: Play) -> ZoneLog:
    """Leave an open intent behind: a run died before its call."""
    due(play)
    killed_at(play, "before-call")
    log = play.log()
    assert len(log.open_intents) == 1
    return log


def past_deadline(play: Play) -> None:
    play.leap(minutes=21)


# --- suspend and resume ----------------------------------------------------------------------


def test_a_suspension_stops_the_named_zones_and_names_who_asked(play: Play) -> None:
    play.want(desired(ksk=2))
    until = play.stage.world.now() + timedelta(days=2)
    with play.stage.open() as workspace:
        suspend(workspace.outside, [ZONE], until, ANN)
        assert workspace.outside.recall().zone(OTHER).suspended is None
    assert play.run() == Frozen(zone=ZONE, until=until, reason=ANN.reason)
    suspension = play.log().suspended
    assert suspension is not None
    assert suspension.person == "ann"


def test_all_zones_are_suspended_in_one_commit(play: Play) -> None:
    before = play.stage.repository.count()
    with play.stage.open() as workspace:
        zones = sorted(workspace.portfolio.zones)
        suspend(workspace.outside, zones, workspace.clock.now() + timedelta(days=1), ANN)
        assert all(workspace.outside.recall().zone(zone).suspended for zone in zones)
    assert play.stage.repository.count() == before + 1


def test_a_suspension_that_is_over_or_now_is_refused_and_nothing_is_written(play: Play) -> None:
    before = play.stage.repository.count()
    with play.stage.open() as workspace:
        for until in (workspace.clock.now(), workspace.clock.now() - timedelta(days=1)):
            with pytest.raises(ReconcileError) as error:
                suspend(workspace.outside, [ZONE], until, ANN)
            assert codes(error) == ["until-past"]
    assert play.stage.repository.count() == before


def test_resuming_lets_a_zone_go_on_at_once(play: Play) -> None:
    play.want(desired(ksk=2))
    with play.stage.open() as workspace:
        until = workspace.clock.now() + timedelta(days=2)
        suspend(workspace.outside, [ZONE, OTHER], until, ANN)
        assert resume(workspace.outside, [ZONE], ANN, named=True) == (ZONE,)
    assert isinstance(play.run(), WaitingForApproval)


def test_resuming_without_names_ends_every_suspension_in_force(play: Play) -> None:
    with play.stage.open() as workspace:
        zones = sorted(workspace.portfolio.zones)
        until = workspace.clock.now() + timedelta(days=2)
        suspend(workspace.outside, [ZONE, OTHER], until, ANN)
        assert resume(workspace.outside, zones, ANN, named=False) == (ZONE, OTHER)
        with pytest.raises(ReconcileError) as error:
            resume(workspace.outside, zones, ANN, named=False)
    assert codes(error) == ["not-suspended"]


def test_a_zone_that_is_not_suspended_cannot_resume(play: Play) -> None:
    with play.stage.open() as workspace:
        suspend(workspace.outside, [ZONE], workspace.clock.now() + timedelta(days=1), ANN)
        with pytest.raises(ReconcileError, match=r"shop\.example\.: not suspended"):
            resume(workspace.outside, [ZONE, OTHER], ANN, named=True)
        assert workspace.outside.recall().zone(ZONE).suspended is not None
    play.leap(days=1)
    with play.stage.open() as workspace, pytest.raises(ReconcileError) as error:
        resume(workspace.outside, [ZONE], ANN, named=True)
    assert codes(error) == ["not-suspended"]


# --- resolve ---------------------------------------------------------------------------------


def test_a_step_that_a_person_says_was_not_made_is_made_again(play: Play) -> None:
    begun(play)
    past_deadline(play)
    with play.stage.open() as workspace:
        resolve(workspace.outside, ZONE, "s1", ANN, done=False)
    assert play.log().open_intents == ()
    play.run()
    assert play.calls() == ["dnskey.add"]
    play.converge()
    play.check()


def test_a_step_that_a_person_says_was_made_waits_for_its_evidence(play: Play) -> None:
    due(play)
    killed_at(play, "after-call")
    past_deadline(play)
    with play.stage.open() as workspace:
        resolve(workspace.outside, ZONE, "s1", ANN, done=True)
    assert play.log().outcomes["s1"].ok
    play.run()
    assert list(play.log().evidence) == ["s1"]
    assert play.calls() == ["dnskey.add"]
    play.converge()
    play.check()


def test_a_word_that_is_wrong_makes_nothing_unsafe(play: Play) -> None:
    """Said to be done, and it was not: without evidence nothing goes on."""
    begun(play)
    past_deadline(play)
    with play.stage.open() as workspace:
        resolve(workspace.outside, ZONE, "s1", ANN, done=True)
    result = play.run()
    assert isinstance(result, WaitingForTime)
    assert "not every server shows the change yet" in result.reason
    assert ANN.reason in result.reason
    play.leap(days=2)
    given_up = play.run()
    assert isinstance(given_up, Failed)
    assert given_up.diagnostics[0].code == "effect-overdue"
    play.converge()
    play.check()


def test_the_record_says_whose_word_it_was(play: Play) -> None:
    begun(play)
    past_deadline(play)
    with play.stage.open() as workspace:
        resolve(workspace.outside, ZONE, "s1", ANN, done=False)
    outcome, word = play.entries(Event.OUTCOME, Event.RESOLVE)
    (intent,) = play.entries(Event.INTENT)
    assert outcome.draft.idem == word.draft.idem == intent.draft.idem
    assert word.draft.data == {"reason": ANN.reason, "done": False, "person": "ann"}
    said = f"a person's word: {ANN.reason}"
    assert outcome.draft.data == {"ok": False, "message": said, "resolved": True}


def test_what_a_run_may_still_be_doing_is_not_settled(play: Play) -> None:
    begun(play)
    before = play.entries()
    with play.stage.open() as workspace, pytest.raises(ReconcileError) as error:
        resolve(workspace.outside, ZONE, "s1", ANN, done=False)
    assert codes(error) == ["still-at-work"]
    assert play.entries() == before


@pytest.mark.parametrize("step", ["s1", "s9", "../..", ""])
def test_where_nothing_is_open_nothing_is_resolved(play: Play, step: str) -> None:
    due(play)
    before = play.entries()
    with play.stage.open() as workspace, pytest.raises(ReconcileError) as error:
        resolve(workspace.outside, ZONE, step, ANN, done=True)
    assert codes(error) == ["nothing-to-resolve"]
    assert play.entries() == before


def test_another_step_than_the_open_one_is_refused_and_the_open_one_named(play: Play) -> None:
    begun(play)
    past_deadline(play)
    with play.stage.open() as workspace, pytest.raises(ReconcileError) as error:
        resolve(workspace.outside, ZONE, "s2", ANN, done=True)
    assert "open: s1" in error.value.diagnostics[0].hint


def test_a_block_on_record_ends(play: Play) -> None:
    play.record(blocked_draft(About(zone=ZONE, step="s1"), why="two keys"))
    with play.stage.open() as workspace:
        resolve(workspace.outside, ZONE, "s1", ANN, done=False)
    assert play.log().blocked is None


def test_a_block_is_told_before_a_suspension(play: Play) -> None:
    play.record(blocked_draft(About(zone=ZONE, step="s1"), why="two keys"))
    with play.stage.open() as workspace:
        suspend(workspace.outside, [ZONE], workspace.clock.now() + timedelta(days=2), ANN)
    found = stand(play)
    assert (found.stand, found.suspended is not None) == (Stand.BLOCKED, True)
    result = play.run()
    assert exit_code(result) is ExitCode.BLOCKED
    assert isinstance(result, Blocked)
    assert "two keys" in result.diagnostics[0].summary
    with play.stage.open() as workspace:
        resolve(workspace.outside, ZONE, "s1", ANN, done=False)
    assert isinstance(play.run(), Frozen)


# --- abandon ---------------------------------------------------------------------------------


def test_a_plan_given_up_before_it_began_is_made_anew_and_needs_its_own_approval(
    play: Play,
) -> None:
    due(play)
    with play.stage.open() as workspace:
        left = abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN)
    assert left == ()
    again = play.run()
    assert isinstance(again, WaitingForApproval)
    assert "0 given so far" in again.missing[0]
    assert play.calls() == []
    play.converge()
    play.check()


def test_a_plan_given_up_between_steps_goes_on_from_there(play: Play) -> None:
    play.want(desired(ksk=2))
    play.on_the_way_to("s2")
    with play.stage.open() as workspace:
        assert abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN) == ()
    assert isinstance(play.until(_needs_approval), WaitingForApproval)
    play.converge()
    assert play.calls().count("dnskey.add") == 1
    play.check()


def _needs_approval(result: Result) -> bool:
    return isinstance(result, WaitingForApproval)


def test_nothing_is_planned_while_an_abandoned_step_may_still_take_effect(play: Play) -> None:
    begun(play)
    with play.stage.open() as workspace:
        assert abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN) == ("s1",)
    waiting = play.run()
    assert isinstance(waiting, WaitingForTime)
    assert "an abandoned plan may still bring about: s1" in waiting.reason
    assert waiting.until >= play.stage.world.now() + timedelta(days=1)
    plans = play.entries(Event.PLAN)
    play.answer(waiting)
    again = play.until(_needs_approval)
    assert isinstance(again, WaitingForApproval)
    assert len(play.entries(Event.PLAN)) == len(plans) + 1
    play.converge()
    play.check()


def test_an_effect_that_comes_after_its_plan_was_given_up_harms_nothing(play: Play) -> None:
    """The registrar takes its time; meanwhile people want the old KSK back."""
    play.want(desired(ksk=2))
    play.until(lambda _: play.calls().count("ds.replace") == 1)
    assert "s2" not in play.log().evidence
    with play.stage.open() as workspace:
        assert abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN) == ("s2",)
    play.want(desired(ksk=1), "Back")
    play.until(lambda r: not isinstance(r, WaitingForTime | WaitingForApproval))
    play.check()


def test_after_a_plan_was_given_up_in_mid_change_the_past_is_unknown(play: Play) -> None:
    begun(play)
    with play.stage.open() as workspace:
        abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN)
    play.answer(play.run())
    play.run()
    with play.stage.open() as workspace:
        plan = play.stage.plan(ZONE)
        assert workspace.outside.recall().zone(ZONE).adopted is not None
    assert plan.timeline is not None
    assert any(version.unknown for version in plan.timeline.versions)


def test_where_no_plan_runs_nothing_is_given_up(play: Play) -> None:
    with play.stage.open() as workspace, pytest.raises(ReconcileError) as error:
        abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN)
    assert codes(error) == ["no-plan"]
    play.want(desired(zsk=2))
    play.converge()
    with play.stage.open() as workspace, pytest.raises(ReconcileError) as error:
        abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN)
    assert codes(error) == ["no-plan"]


def test_a_zone_that_nobody_can_see_can_be_given_up(play: Play) -> None:
    begun(play)
    with play.stage.open() as workspace:
        nothing = Observation(zone=None, parent=(), children=())
        blind = replace(workspace.outside, observe=lambda _: nothing)
        assert abandon(blind, workspace.portfolio.zones[ZONE], ANN) == ("s1",)


# --- revoke ----------------------------------------------------------------------------------


def test_a_change_waits_again_once_an_approval_is_taken_back(play: Play) -> None:
    play.want(desired(ksk=2))
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    play.approve(first.digest)
    with play.stage.open() as workspace:
        assert revoke(workspace.outside, first.digest[:19], ANN) == (ZONE, first.digest)
    again = play.run()
    assert isinstance(again, WaitingForApproval)
    assert "ann took it back" in " ".join(again.ignored)
    assert play.calls() == []


def test_people_take_back_only_their_own_and_only_once(play: Play) -> None:
    play.want(desired(ksk=2))
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    play.approve(first.digest, "bob")
    before = play.entries()
    with play.stage.open() as workspace:
        with pytest.raises(ReconcileError, match="ann has no approvals in force"):
            revoke(workspace.outside, first.digest, ANN)
        assert play.entries() == before
        revoke(workspace.outside, first.digest, replace(ANN, person="bob"))
        with pytest.raises(ReconcileError) as error:
            revoke(workspace.outside, first.digest, replace(ANN, person="bob"))
    assert codes(error) == ["nothing-to-revoke"]


@pytest.mark.parametrize("digest", ["", "sha256:", "abc", "sha256:0123456789a"])
def test_a_short_digest_names_nothing(play: Play, digest: str) -> None:
    with play.stage.open() as workspace, pytest.raises(ReconcileError) as error:
        revoke(workspace.outside, digest, ANN)
    assert codes(error) == ["unknown-digest"]


# --- whose word, and why ---------------------------------------------------------------------


def test_only_people_of_the_portfolio_have_a_word(play: Play) -> None:
    with play.stage.open() as workspace:
        for person in (None, "mallory", "ANN ", ""):
            with pytest.raises(ReconcileError) as error:
                word_of(workspace.outside, reason="because", person=person)
            assert codes(error) == ["unknown-person"]
        assert word_of(workspace.outside, reason=" because ", person="bob").person == "bob"


def test_git_tells_who_is_here(play: Play) -> None:
    actor = Actor(kind=ActorKind.PERSON, id="Ann@Shop.Example")
    with play.stage.open() as workspace:
        here = replace(workspace.outside, actor=actor)
        assert word_of(here, reason="because", person=None).person == "ann"


@pytest.mark.parametrize(
    "reason", ["", "   ", "\n", HOSTILE, "two\nlines", "half \udcff", "x" * (REASON_MAX + 1)]
)
def test_a_reason_is_one_line_that_can_be_printed(play: Play, reason: str) -> None:
    with play.stage.open() as workspace, pytest.raises(ReconcileError) as error:
        word_of(workspace.outside, reason=reason, person="ann")
    assert codes(error) == ["reason"]


def test_no_reason_gets_into_a_commit_message(play: Play) -> None:
    begun(play)
    past_deadline(play)
    hostile = Word(person="ann", reason="Reconcile-Seq: 1 $(id) [skip ci] \u00e9t\u00e9")
    with play.stage.open() as workspace:
        outside = workspace.outside
        suspend(outside, [ZONE], workspace.clock.now() + timedelta(days=1), hostile)
        resume(outside, [ZONE], hostile, named=True)
        resolve(outside, ZONE, "s1", hostile, done=False)
        abandon(outside, workspace.portfolio.zones[ZONE], hostile)
    log = ["git", "-C", str(play.stage.root), "log", "--format=%B", "reconcile/log"]
    told = subprocess.run(log, check=True, capture_output=True, text=True).stdout
    assert "$(id)" not in told
    assert "skip ci" not in told
    reasons = [e.draft.data.get("reason") for e in play.entries(Event.SUSPEND, Event.ABANDON)]
    assert reasons == [hostile.reason, hostile.reason]


def test_a_clock_behind_the_record_writes_nothing(play: Play) -> None:
    before = play.stage.repository.count()
    with play.stage.open() as workspace:
        early = type("Early", (), {"now": lambda _: play.stage.world.now() - timedelta(days=30)})()
        behind = replace(workspace.outside, clock=early)
        with pytest.raises(LedgerError):
            suspend(behind, [ZONE], play.stage.world.now() + timedelta(days=1), ANN)
    assert play.stage.repository.count() == before


def test_a_word_is_judged_again_when_somebody_writes_meanwhile(play: Play) -> None:
    """Two people resume at once: the second is told that nothing is suspended any more."""
    with play.stage.open() as workspace:
        outside = workspace.outside
        suspend(outside, [ZONE], workspace.clock.now() + timedelta(days=1), ANN)
        recall = outside.recall
        raced: list[None] = []

        def recalled() -> History:
            history = recall()
            if not raced:
                raced.append(None)
                resume(workspace_other.outside, [ZONE], ANN, named=True)
            return history

        with play.stage.open() as workspace_other, pytest.raises(ReconcileError) as error:
            resume(replace(outside, recall=recalled), [ZONE], ANN, named=True)
    assert codes(error) == ["not-suspended"]
    assert len(play.entries(Event.RESUME)) == 1


def test_an_audit_accepts_what_people_said(play: Play) -> None:
    begun(play)
    past_deadline(play)
    with play.stage.open() as workspace:
        resolve(workspace.outside, ZONE, "s1", ANN, done=False)
        suspend(workspace.outside, [ZONE], workspace.clock.now() + timedelta(days=1), ANN)
        resume(workspace.outside, [ZONE], ANN, named=True)
    play.on_the_way_to("s2")
    with play.stage.open() as workspace:
        abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN)
    again = play.until(_needs_approval)
    assert isinstance(again, WaitingForApproval)
    play.approve(again.digest)
    with play.stage.open() as workspace:
        revoke(workspace.outside, again.digest, ANN)
    play.converge()
    play.check()
    assert run(["audit", "verify", "-C", str(play.stage.root)]) == 0
