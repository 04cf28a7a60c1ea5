"""What begins, stops and replaces a plan, and whose word counts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from reconciler.demo.scenery import AUTHOR
from reconciler.diagnostics import ApprovalError, ExitCode
from reconciler.ledger.records import About, suspend_draft
from reconciler.model.entries import Event
from reconciler.model.moves import DnskeyAdd
from reconciler.model.results import (
    Blocked,
    Converged,
    Failed,
    Frozen,
    WaitingForApproval,
    WaitingForTime,
    exit_code,
)
from reconciler.sandbox.faults import Fault, FaultKind
from reconciler.sandbox.signers import signer
from tests.execute.acts import FILE, ZONE, Play, desired


def reasons(play: Play) -> list[object]:
    return [entry.draft.data["reason"] for entry in play.entries(Event.ABANDON)]


def test_a_zone_as_desired_is_left_alone(play: Play) -> None:
    before = play.entries()
    assert play.run() == Converged(zone=ZONE)
    assert play.entries() == before
    assert [entry.event for entry in before] == [Event.ADOPT]


def test_a_rollover_goes_from_commit_to_converged(play: Play) -> None:
    play.want(desired(ksk=2))
    assert exit_code(play.run()) is ExitCode.WAITING_APPROVAL
    play.converge()
    assert play.calls() == ["dnskey.add", "ds.replace", "dnskey.remove"]
    play.check()


def test_a_step_that_touches_the_parent_needs_the_refined_digest(play: Play) -> None:
    play.want(desired(ksk=2))
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    play.approve(first.digest)
    second = play.until(lambda r: isinstance(r, WaitingForApproval))
    assert isinstance(second, WaitingForApproval)
    (refined,) = play.entries(Event.REFINE)
    assert second.step == "s2"
    assert second.digest == refined.draft.data["digest"] != first.digest
    assert play.calls() == ["dnskey.add"]


def test_one_person_is_not_two(play: Play) -> None:
    play.want(desired(ksk=2))
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    play.approve(first.digest, "ann")
    again = play.run()
    assert isinstance(again, WaitingForApproval)
    assert "1 given so far" in " ".join(again.missing)
    assert play.calls() == []


def test_a_newer_desired_state_takes_over_at_the_next_safe_point(play: Play) -> None:
    play.want(desired(ksk=2))
    play.on_the_way_to("s2")
    play.want(desired(ksk=2, zsk=2))
    play.until(lambda r: isinstance(r, WaitingForApproval))
    assert reasons(play) == ["the desired state was changed"]
    play.converge()
    play.check()
    assert play.calls().count("dnskey.add") == 2


def test_desired_state_does_not_take_over_while_a_change_is_under_way(play: Play) -> None:
    play.want(desired(ksk=2))
    play.until(lambda _: bool(play.log().outcomes))
    play.want(desired(ksk=1))
    waiting = play.run()
    assert isinstance(waiting, WaitingForTime)
    assert "not every server shows the change yet" in waiting.reason
    assert reasons(play) == []
    play.answer(waiting)
    play.run()
    assert reasons(play) == ["the desired state was changed"]
    assert [e.draft.step for e in play.entries(Event.EVIDENCE)] == ["s1"]


def test_what_somebody_else_changes_stops_the_plan_and_needs_a_new_approval(play: Play) -> None:
    play.want(desired(ksk=2))
    play.on_the_way_to("s2")
    old = play.log().plan
    foreign = DnskeyAdd(signer="own", key="zsk@13/7", sign=False)
    signer(play.stage.world, "own").apply(ZONE, foreign, {}, "by hand")
    play.leap(minutes=10)
    result = play.run()
    assert isinstance(result, WaitingForApproval | Blocked | WaitingForTime)
    (why,) = reasons(play)
    assert str(why).startswith("somebody else changed the zone: ns1.own.example. 192.0.2.1 shows")
    assert "zsk@13/7" in str(why)
    assert play.log().plan != old
    assert play.calls().count("ds.replace") == 0


def test_the_same_change_later_needs_its_own_approval(play: Play) -> None:
    """Off, on, and off again: the third plan has the first one's digest, and none of its people."""
    play.want(desired(signed=False), "Off")
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    play.converge()
    play.leap(days=9)
    play.want(desired(), "On")
    play.converge()
    play.leap(days=9)
    play.want(desired(signed=False), "Off again")
    again = play.run()
    assert isinstance(again, WaitingForApproval)
    assert again.digest == first.digest
    assert not again.ignored
    assert "0 given so far" in again.missing[0]
    play.converge()
    dumped = play.calls()
    assert dumped.count("ds.replace") == 3
    assert dumped.count("data.sign") == 3
    play.check()


def test_a_plan_that_is_over_cannot_be_approved(play: Play) -> None:
    play.want(desired(ksk=2))
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    play.converge()
    with pytest.raises(ApprovalError, match="no plan on record or possible now"):
        play.approve(first.digest)


def test_a_suspension_stops_everything_until_its_date(play: Play) -> None:
    play.want(desired(ksk=2))
    until = play.stage.world.now() + timedelta(days=1)
    play.record(suspend_draft(About(zone=ZONE), until=until, reason="audit"))
    assert play.run() == Frozen(zone=ZONE, until=until, reason="audit")
    play.leap(days=1)
    assert isinstance(play.run(), WaitingForApproval)


def test_a_freeze_window_stops_what_begins_and_not_what_has_a_right_to_go_on(play: Play) -> None:
    path = play.stage.root / "zones/portfolio.yaml"
    now = play.stage.world.now()
    window = (
        f"  freeze:\n  - {{from: {now:%FT%T}, until: {now + timedelta(days=2):%FT%T}, zone: UTC, "
        f"reason: holidays}}\n"
    )
    text = path.read_text(encoding="utf-8") + window
    play.stage.repository.commit({"zones/portfolio.yaml": text}, "Freeze", AUTHOR, now)
    play.want(desired(zsk=2))
    result = play.run()
    assert isinstance(result, Frozen)
    assert (result.reason, result.until) == ("holidays", now + timedelta(days=2))
    assert play.calls() == []


@pytest.mark.parametrize("wanted", [desired(), desired(ksk=2)], ids=["as desired", "a change"])
def test_nothing_is_begun_on_an_incomplete_observation(play: Play, wanted: str) -> None:
    play.want(wanted)
    play.stage.world.inject(Fault(kind=FaultKind.LAME, target="ns2.own.example."))
    before = play.entries()
    result = play.run()
    assert isinstance(result, Failed)
    assert result.diagnostics[0].code == "not-seen-everywhere"
    assert "ns2.own.example." in result.diagnostics[0].detail
    assert play.entries() == before


def test_no_step_is_made_on_an_incomplete_observation(play: Play) -> None:
    play.want(desired(ksk=2))
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    play.approve(first.digest)
    play.stage.world.inject(Fault(kind=FaultKind.LAME, target="b.nic.example."))
    result = play.run()
    assert isinstance(result, WaitingForTime)
    assert re.search(r"not every server could be asked: b\.nic\.example\.", result.reason)
    assert play.calls() == []
    play.stage.world.clear_faults()
    play.converge()


def test_sentences_say_durations_as_people_do(play: Play) -> None:
    play.want(desired(ksk=2))
    waits = play.until(lambda r: isinstance(r, WaitingForTime) and r.step == "s2")
    assert isinstance(waits, WaitingForTime)
    start = "1 h 5 min (proof) and 1 h of margin after s1 was seen everywhere: "
    assert waits.reason.startswith(start)


def test_who_wrote_any_part_of_a_change_since_the_last_one_cannot_approve_it(play: Play) -> None:
    """Ann's commit begins a change, and a later one of the author's hides nothing of that."""
    ann = type(AUTHOR)(name="ann", email="ann@shop.example")
    world, repository = play.stage.world, play.stage.repository
    play.want(desired(zsk=2))
    play.converge()
    repository.commit({FILE: desired(zsk=2, ksk=2)}, "Roll", ann, world.now())
    play.run()
    play.want(desired(zsk=3, ksk=2))
    waiting = play.until(lambda r: isinstance(r, WaitingForApproval))
    assert isinstance(waiting, WaitingForApproval)
    play.approve(waiting.digest, "ann")
    again = play.run()
    assert isinstance(again, WaitingForApproval)
    assert "ann wrote this change" in " ".join(again.ignored)
