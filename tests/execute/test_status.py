"""Where a zone stands: whom it waits for, since when, and what was last seen."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.demo.scenery import AUTHOR
from reconciler.execute.abandon import abandon
from reconciler.execute.control import Word, suspend
from reconciler.execute.status import statuses
from reconciler.model.results import Frozen, Result, WaitingForApproval, WaitingForTime
from reconciler.model.status import Stand, ZoneStatus
from reconciler.report.console import make_console
from reconciler.report.status_text import print_statuses, status_json
from reconciler.sandbox.faults import Fault, FaultKind
from tests.execute.acts import ZONE, Play, desired

ANN = Word(person="ann", reason="year end")
BEFORE_THIS = {
    "stand",
    "waits_for",
    "until",
    "change_digest",
    "steps",
    "published",
    "findings",
}


class KilledError(BaseException):
    """A run that ends here, as if its process had been killed."""


def status(play: Play) -> ZoneStatus:
    with play.stage.open() as workspace:
        (found,) = statuses(workspace.outside, [workspace.portfolio.zones[ZONE]])
        return found


def shown(play: Play, found: ZoneStatus) -> str:
    file = io.StringIO()
    print_statuses(make_console(file, no_color=True), [found], play.stage.world.now())
    return file.getvalue()


def waits_for_approval(result: Result) -> bool:
    return isinstance(result, WaitingForApproval)


def test_a_zone_as_desired_is_not_late_and_was_seen_when_it_was_taken_into_care(play: Play) -> None:
    found = status(play)
    assert (found.stand, found.who, found.due_since) == (Stand.CONVERGED, (), None)
    assert found.last_seen is not None
    assert found.last_seen.what == "the zone as it was taken into care"
    assert "9 d ago" in shown(play, found)


def test_a_change_without_a_plan_waits_for_the_next_run(play: Play) -> None:
    play.want(desired(ksk=2))
    found = status(play)
    assert (found.stand, found.who) == (Stand.PENDING, ("the next run",))


def test_approval_is_waited_for_from_those_who_may_and_since_it_was_due(play: Play) -> None:
    play.want(desired(ksk=2))
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    since = play.stage.world.now()
    play.leap(days=2, hours=3)
    found = status(play)
    assert (found.who, found.due_since) == (("ann", "bob"), since)
    assert status_json(found, play.stage.world.now())["late_seconds"] == 51 * 3600
    assert "2 d 3 h" in shown(play, found)
    play.approve(first.digest, "ann")
    assert status(play).who == ("bob",)
    play.approve(first.digest, "bob")
    assert (status(play).stand, status(play).who) == (Stand.DUE, ("the next run",))


def test_evidence_is_waited_for_from_the_system_that_accepted(play: Play) -> None:
    play.want(desired(ksk=2))
    play.until(lambda _: "s1" in play.log().outcomes)
    found = status(play)
    assert (found.stand, found.who) == (Stand.WAITING_EVIDENCE, ("signer own",))
    assert (found.due_since, found.findings) == (None, ())
    play.until(lambda _: "s2" in play.log().outcomes)
    assert status(play).who == ("the parent registrar",)


def test_an_effect_that_should_have_been_seen_is_overdue(play: Play) -> None:
    play.stage.world.inject(Fault(kind=FaultKind.SILENT_NOOP, target="own", count=1))
    play.want(desired(ksk=2))
    play.until(lambda _: "s1" in play.log().outcomes)
    made = play.log().outcomes["s1"].at
    play.leap(days=3)
    found = status(play)
    (finding,) = found.findings
    assert finding.code == "effect-overdue"
    assert found.due_since is not None
    assert made < found.due_since < play.stage.world.now()
    assert "effect-overdue" in shown(play, found)


def test_a_step_that_a_freeze_stops_is_not_said_to_be_due(play: Play) -> None:
    now = play.stage.world.now()
    until = now + timedelta(days=2)
    window = (
        f"  freeze:\n  - {{from: {now:%FT%T}, until: {until:%FT%T}, zone: UTC, reason: fair}}\n"
    )
    text = (play.stage.root / "zones/portfolio.yaml").read_text() + window
    play.stage.repository.commit({"zones/portfolio.yaml": text}, "Freeze", AUTHOR, now)
    play.want(desired(zsk=2))
    assert isinstance(play.run(), Frozen)
    found = status(play)
    assert (found.stand, found.until, found.due_since) == (Stand.FROZEN, until, None)
    assert found.waits_for == "s1 is frozen: fair"
    assert "frozen" in shown(play, found)


def test_a_step_that_not_every_server_lets_begin_is_not_said_to_be_due(play: Play) -> None:
    play.want(desired(ksk=2))
    play.until(waits_for_approval)
    play.stage.world.inject(Fault(kind=FaultKind.LAME, target="b.nic.example."))
    found = status(play)
    assert (found.stand, found.due_since) == (Stand.WAITING_TIME, None)
    assert "b.nic.example." in found.waits_for


def test_a_plan_that_the_next_run_turns_back_says_so(play: Play) -> None:
    play.want(desired(ksk=2))
    result: Result = play.on_the_way_to("s2")
    play.stage.world.inject(Fault(kind=FaultKind.GARBLE, target="registrar", count=1))
    play.answer(result)
    while (found := status(play)).stand is not Stand.PENDING:
        play.answer(play.run())
        assert play.log().turned is None, "status knows before the run acts"
    assert found.who == ("the next run",)
    assert "which nobody submitted; `reconcile apply` turns back" in found.waits_for
    play.run()
    assert play.log().turned is not None


def test_time_is_waited_for_from_nobody(play: Play) -> None:
    play.want(desired(ksk=2))
    play.until(lambda r: isinstance(r, WaitingForTime) and r.step == "s2")
    found = status(play)
    assert (found.stand, found.who, found.due_since) == (Stand.WAITING_TIME, (), None)
    assert found.last_seen is not None
    assert found.last_seen.what == "s1 of the running plan"
    assert found.last_seen.at == play.log().evidence["s1"].seen_at


def test_the_last_plan_s_evidence_is_remembered(play: Play) -> None:
    play.want(desired(zsk=2))
    play.converge()
    play.want(desired(zsk=3), "Again")
    play.run()
    found = status(play)
    assert found.last_seen is not None
    assert found.last_seen.what.endswith("of an earlier plan")


def test_an_open_intent_waits_for_its_run_and_then_for_the_next(play: Play) -> None:
    def hook(name: str) -> None:
        if name == "before-call":
            raise KilledError

    play.want(desired(ksk=2))
    waiting = play.until(waits_for_approval)
    assert isinstance(waiting, WaitingForApproval)
    play.approve(waiting.digest)
    with pytest.raises(KilledError):
        play.at_checkpoint(hook).run()
    assert status(play).who == ("run 1",)
    play.leap(minutes=30)
    found = status(play)
    assert (found.stand, found.who) == (Stand.OPEN_INTENT, ("the next run",))
    assert found.due_since == play.log().open_intents[0].deadline


def test_a_suspension_is_told_with_who_asked_for_it_and_whatever_was_seen(play: Play) -> None:
    with play.stage.open() as workspace:
        until = workspace.clock.now() + timedelta(days=2)
        suspend(workspace.outside, [ZONE], until, replace(ANN, reason="\u202eyear \x1b[2J"))
    found = status(play)
    assert found.suspended is not None
    assert (found.suspended.person, found.suspended.until) == ("ann", until)
    text = shown(play, found)
    assert "suspended by ann" in text
    assert "\\u202eyear \\x1b[2J" in text
    assert "\x1b" not in text
    assert play.log().suspended_at(until) is None
    play.leap(days=2)
    assert status(play).suspended is None


def test_what_an_abandoned_plan_may_still_do_is_waited_for(play: Play) -> None:
    play.want(desired(ksk=2))
    play.until(lambda _: "s1" in play.log().outcomes)
    with play.stage.open() as workspace:
        abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN)
    found = status(play)
    assert found.stand is Stand.WAITING_TIME
    assert found.until is not None
    assert "an abandoned plan may still bring about: s1" in found.waits_for
    assert found.last_seen is None


def test_members_for_programs_only_grow(play: Play) -> None:
    document = status_json(status(play), play.stage.world.now())
    assert set(document) >= BEFORE_THIS
    assert set(document) - BEFORE_THIS == {
        "who",
        "due_since",
        "late_seconds",
        "last_seen",
        "suspended",
        "rollback",
    }


def test_a_look_at_the_status_writes_nothing(play: Play) -> None:
    play.want(desired(ksk=2))
    count, calls = play.stage.repository.count(), play.calls()
    status(play)
    assert (play.stage.repository.count(), play.calls()) == (count, calls)
