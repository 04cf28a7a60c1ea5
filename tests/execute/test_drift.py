"""What differs, and what explains it: tampered with at the systems, behind the tool's back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from reconciler.demo.scenery import AUTHOR, zone_yaml
from reconciler.diagnostics import ReconcileError
from reconciler.execute.annotate import annotate
from reconciler.execute.control import Word, suspend
from reconciler.execute.drift import zone_drift
from reconciler.execute.lookout import Lookout, lookout
from reconciler.model.drift import Difference, DriftKind, ZoneDrift, rrset_named
from reconciler.model.entries import Event
from reconciler.model.moves import DataSign, DnskeyAdd, DnskeyRemove, DsReplace
from reconciler.model.plan import Refusal, Status
from reconciler.model.results import Frozen, Result, WaitingForApproval, WaitingForTime
from reconciler.sandbox.faults import Fault, FaultKind
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from tests.execute.acts import ZONE, Play, desired

ANN = Word(person="ann", reason="an emergency key of the signer")
HOSTED = "blog.example."


def drift(play: Play, zone: str = ZONE) -> ZoneDrift:
    with play.stage.open() as workspace:
        return zone_drift(lookout(workspace.outside), workspace.portfolio.zones[zone])


def kinds(found: ZoneDrift) -> dict[str, DriftKind]:
    return {difference.rrset: difference.kind for difference in found.differences}


def only(found: ZoneDrift) -> Difference:
    (difference,) = found.differences
    return difference


def foreign_key(play: Play, label: str = "zsk@13/7") -> None:
    """Somebody publishes a key by hand."""
    move = DnskeyAdd(signer="own", key=label, sign=False)
    signer(play.stage.world, "own").apply(ZONE, move, {}, f"by hand {label}")
    play.leap(minutes=10)


def no_ds(play: Play) -> None:
    """Somebody removes the DS at the registrar."""
    move = DsReplace(ds=frozenset())
    parent(play.stage.world, "registrar").apply(ZONE, move, {}, "by hand")
    play.leap(days=1)


def test_a_zone_as_recorded_and_as_desired_has_no_drift(play: Play) -> None:
    found = drift(play)
    assert found.differences == ()
    assert found.complete
    assert found.recorded_at is not None
    assert not found.alarming


# --- unexplained -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tamper", "rrset", "shows"),
    [(foreign_key, "DNSKEY@own", "zsk@13/7"), (no_ds, "DS", "shows no DS")],
    ids=["a foreign key", "no DS"],
)
def test_what_somebody_changed_by_hand_is_unexplained(
    play: Play, tamper: Callable[[Play], None], rrset: str, shows: str
) -> None:
    tamper(play)
    found = drift(play)
    assert kinds(found)[rrset] is DriftKind.UNEXPLAINED
    assert shows in next(d for d in found.differences if d.rrset == rrset).shows
    assert found.alarming


def test_data_signed_by_another_key_is_unexplained(play: Play) -> None:
    foreign_key(play)
    move = DataSign(signer="own", keys=frozenset({"zsk@13/1", "zsk@13/7"}))
    signer(play.stage.world, "own").apply(ZONE, move, {}, "by hand too")
    play.leap(minutes=10)
    found = drift(play)
    assert kinds(found)["data@own"] is DriftKind.UNEXPLAINED
    assert kinds(found)["DNSKEY@own"] is DriftKind.UNEXPLAINED


def test_one_server_that_shows_something_else_is_named(play: Play) -> None:
    """Caught while the secondary lags: the servers differ, and no step says why."""
    move = DnskeyAdd(signer="own", key="zsk@13/7", sign=False)
    signer(play.stage.world, "own").apply(ZONE, move, {}, "by hand")
    difference = only(drift(play))
    assert difference.kind is DriftKind.UNEXPLAINED
    assert "ns1.own.example. 192.0.2.1" in difference.shows
    assert "ns2.own.example." not in difference.shows


def test_drift_during_a_plan_is_told_from_what_the_plan_does(play: Play) -> None:
    play.want(desired(ksk=2))
    play.on_the_way_to("s2")
    assert kinds(drift(play)) == {"DS": DriftKind.IN_PROGRESS, "DNSKEY@own": DriftKind.IN_PROGRESS}
    foreign_key(play)
    assert kinds(drift(play)) == {"DS": DriftKind.IN_PROGRESS, "DNSKEY@own": DriftKind.UNEXPLAINED}


def test_drift_while_a_step_is_under_way_is_told_from_its_effect(play: Play) -> None:
    play.want(desired(ksk=2))
    play.until(lambda _: bool(play.log().outcomes))
    assert kinds(drift(play))["DNSKEY@own"] is DriftKind.IN_PROGRESS
    move = DnskeyRemove(signer="own", key="zsk@13/1")
    signer(play.stage.world, "own").apply(ZONE, move, {}, "by hand")
    play.leap(minutes=10)
    assert kinds(drift(play))["DNSKEY@own"] is DriftKind.UNEXPLAINED


# --- in progress -----------------------------------------------------------------------------


def test_a_step_that_is_not_seen_everywhere_is_in_progress(play: Play) -> None:
    play.want(desired(ksk=2))
    play.until(lambda _: bool(play.log().outcomes))
    found = {d.rrset: d for d in drift(play).differences}
    assert found["DNSKEY@own"].kind is DriftKind.IN_PROGRESS
    assert "s1 of the running plan was begun" in found["DNSKEY@own"].why
    assert "ksk@13/2" in found["DNSKEY@own"].expected
    assert "s2 of the running plan changes it" in found["DS"].why


def test_an_open_intent_explains_what_its_step_publishes(play: Play) -> None:
    class KilledError(BaseException):
        pass

    def hook(name: str) -> None:
        if name == "after-call":
            raise KilledError

    play.want(desired(ksk=2))
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    play.approve(first.digest)
    with pytest.raises(KilledError):
        play.at_checkpoint(hook).run()
    assert play.log().open_intents
    play.leap(minutes=10)
    assert not drift(play).alarming


def test_no_moment_of_a_rollover_is_alarming(play: Play) -> None:
    """From the plan on record to the end, whatever a run comes to."""
    play.want(desired(ksk=2))
    seen: list[set[DriftKind]] = []

    def watched(_: Result) -> bool:
        found = drift(play)
        assert not found.alarming, found.differences
        seen.append(set(kinds(found).values()))
        return not found.differences

    play.until(watched)
    assert {DriftKind.IN_PROGRESS} in seen
    assert seen[-1] == set()


# --- not yet applied -------------------------------------------------------------------------


def test_desired_state_without_a_plan_on_record_is_not_yet_applied(play: Play) -> None:
    play.want(desired(ksk=2))
    found = drift(play)
    assert set(kinds(found).values()) == {DriftKind.NOT_YET_APPLIED}
    assert set(kinds(found)) == {"DS", "DNSKEY@own"}
    assert found.alarming
    play.run()
    assert set(kinds(drift(play)).values()) == {DriftKind.IN_PROGRESS}


def test_a_plan_that_the_desired_state_left_behind_explains_nothing_to_come(play: Play) -> None:
    play.want(desired(ksk=2))
    play.on_the_way_to("s2")
    play.want(desired(ksk=2, zsk=2), "More")
    assert kinds(drift(play))["data@own"] is DriftKind.NOT_YET_APPLIED


def test_a_desired_state_that_no_plan_reaches_is_not_yet_applied(play: Play) -> None:
    play.want(desired(ksk=2))
    with play.stage.open() as workspace:
        look = lookout(workspace.outside)
        refusal = Refusal(rule="I9", summary="no path leads there")
        stuck = replace(
            look,
            propose=lambda desired, seen: replace(
                look.propose(desired, seen),
                status=Status.NO_SAFE_PATH,
                steps=(),
                refusals=(refusal,),
            ),
        )
        found = zone_drift(stuck, workspace.portfolio.zones[ZONE])
    assert kinds(found) == {"zone": DriftKind.NOT_YET_APPLIED}
    assert "no path leads there" in only(found).why


# --- known -----------------------------------------------------------------------------------


def test_an_annotated_difference_is_known_until_its_date(play: Play) -> None:
    foreign_key(play)
    with play.stage.open() as workspace:
        zone, until = workspace.portfolio.zones[ZONE], workspace.clock.now() + timedelta(days=3)
        annotate(workspace.outside, zone, "dnskey@own", until, ANN)
    difference = only(drift(play))
    assert (difference.kind, difference.until) == (DriftKind.KNOWN, until)
    assert ANN.reason in difference.why
    assert not drift(play).alarming
    play.leap(days=3)
    expired = only(drift(play))
    assert expired.kind is DriftKind.UNEXPLAINED
    assert expired.why.startswith("was known until")


def test_an_annotation_is_about_exactly_what_was_seen(play: Play) -> None:
    foreign_key(play)
    with play.stage.open() as workspace:
        zone, until = workspace.portfolio.zones[ZONE], workspace.clock.now() + timedelta(days=3)
        annotate(workspace.outside, zone, "DNSKEY@own", until, ANN)
    foreign_key(play, "zsk@13/8")
    assert only(drift(play)).kind is DriftKind.UNEXPLAINED


@pytest.mark.parametrize("rrset", ["DS", "DNSKEY", "DNSKEY@hosted", "", "\x1b[2J", "zone"])
def test_what_is_not_unexplained_cannot_be_annotated(play: Play, rrset: str) -> None:
    foreign_key(play)
    before = play.entries()
    with play.stage.open() as workspace:
        zone, until = workspace.portfolio.zones[ZONE], workspace.clock.now() + timedelta(days=3)
        with pytest.raises(ReconcileError) as error:
            annotate(workspace.outside, zone, rrset, until, ANN)
    assert error.value.diagnostics[0].code == "nothing-unexplained"
    assert "unexplained: DNSKEY@own" in error.value.diagnostics[0].hint
    assert play.entries() == before


def test_an_annotation_ends_in_the_future(play: Play) -> None:
    foreign_key(play)
    with play.stage.open() as workspace:
        zone, now = workspace.portfolio.zones[ZONE], workspace.clock.now()
        with pytest.raises(ReconcileError) as error:
            annotate(workspace.outside, zone, "DNSKEY@own", now, ANN)
    assert error.value.diagnostics[0].code == "until-past"
    assert play.entries(Event.ANNOTATE) == []


# --- by construction -------------------------------------------------------------------------


def test_a_drift_check_is_given_eyes_and_no_hands(play: Play) -> None:
    names = {field.name for field in fields(Lookout)}
    assert names == {"portfolio", "now", "recall", "blob", "observe", "propose"}
    play.want(desired(ksk=2))
    foreign_key(play)
    count, calls = play.stage.repository.count(), play.calls()
    drift(play)
    assert (play.stage.repository.count(), play.calls()) == (count, calls)


def test_a_zone_that_was_not_seen_everywhere_is_not_free_of_drift(play: Play) -> None:
    play.stage.world.inject(Fault(kind=FaultKind.LAME, target="ns2.own.example."))
    found = drift(play)
    assert not found.complete
    assert found.findings[0].code == "not-seen-everywhere"
    foreign_key(play)
    assert kinds(drift(play)) == {"DNSKEY@own": DriftKind.UNEXPLAINED}


def test_a_zone_that_nobody_sees_is_not_free_of_drift(play: Play) -> None:
    with play.stage.open() as workspace:
        look = lookout(workspace.outside)
        empty = replace(look.observe(workspace.portfolio.zones[ZONE]), zone=None)
        blind = replace(look, observe=lambda _: empty)
        assert not zone_drift(blind, workspace.portfolio.zones[ZONE]).complete


def test_keys_that_a_signer_rolls_by_itself_are_no_drift(play: Play) -> None:
    signed = zone_yaml(HOSTED, "hosted", "by-hand", signed=True)
    world, repository = play.stage.world, play.stage.repository
    repository.commit({"zones/blog.example.yaml": signed}, "Sign", AUTHOR, world.now())
    hosted = Play(play.stage, HOSTED)
    hosted.converge()
    assert drift(play, HOSTED).differences == ()
    before = published(play, HOSTED)
    play.leap(days=100)
    assert published(play, HOSTED) != before
    assert drift(play, HOSTED).differences == ()


def published(play: Play, zone: str) -> set[str]:
    with play.stage.open() as workspace:
        return set(workspace.outside.observe(workspace.portfolio.zones[zone]).key_text.values())


def test_a_suspended_zone_drifts_like_any_other(play: Play) -> None:
    foreign_key(play)
    with play.stage.open() as workspace:
        suspend(workspace.outside, [ZONE], workspace.clock.now() + timedelta(days=1), ANN)
    assert isinstance(play.run(), Frozen)
    assert only(drift(play)).kind is DriftKind.UNEXPLAINED


@pytest.mark.parametrize(
    ("typed", "name"),
    [("ds", "DS"), ("DATA@own", "data@own"), ("cds@a@b", "CDS@a@b"), ("x", "x"), ("@", "@")],
)
def test_rrsets_are_named_in_any_case(typed: str, name: str) -> None:
    assert rrset_named(typed) == name


def test_waiting_for_time_is_no_drift(play: Play) -> None:
    play.want(desired(zsk=2))
    assert isinstance(play.until(lambda r: isinstance(r, WaitingForTime)), WaitingForTime)
    assert not drift(play).alarming
