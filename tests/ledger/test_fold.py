from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import LedgerError
from reconciler.ledger import records
from reconciler.ledger.fold import fold
from reconciler.ledger.history import History, ZoneLog
from reconciler.ledger.records import About, Channel
from reconciler.model.entries import Actor, ActorKind, Draft, Entry, Event

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
ZONE = "example.com."


def entries(drafts: Iterable[Draft], start: int = 1) -> list[Entry]:
    """Entries a minute apart; the first is at NOW."""
    return [
        Entry(
            seq=seq,
            prev="sha256:x",
            at=NOW + timedelta(minutes=seq - 1),
            policy_seq=0,
            policy_digest="sha256:x",
            actor=Actor(kind=ActorKind.CI, id="ci", run="run-7"),
            tool="0.1.0",
            draft=draft,
        )
        for seq, draft in enumerate(drafts, start)
    ]


def about(step: str = "s1", idem: str = "i1", plan: str = "sha256:p1") -> About:
    return About(zone=ZONE, plan=plan, change="sha256:c1", step=step, idem=idem)


def plan(name: str = "sha256:p1", steps: tuple[str, ...] = ("s1", "s2")) -> Draft:
    return records.plan_draft(
        About(zone=ZONE, plan=name, change="sha256:c1"),
        blob="plans/x.json", steps=steps, risk="R3", authors=["ann"], commit="abc",
    )  # fmt: skip


def intent(step: str = "s1", idem: str = "i1", attempt: int = 1) -> Draft:
    return records.intent_draft(
        about(step, idem), deadline=NOW, moves=[{"op": "ds.replace"}], attempt=attempt
    )


def outcome(step: str = "s1", idem: str = "i1", *, ok: bool = True) -> Draft:
    return records.outcome_draft(
        about(step, idem), ok=ok, message="m", operation="op1", created={"ksk@13/2": "257 3 13 AA"}
    )


def evidence(step: str = "s1") -> Draft:
    return records.evidence_draft(about(step), seen_at=NOW, servers=["ns2", "ns1"], rrsets=[{}])


def log_of(*drafts: Draft) -> ZoneLog:
    return fold(entries(drafts)).zone(ZONE)


def test_an_empty_ledger_knows_nothing() -> None:
    assert fold([]) == History()
    assert fold([]).zone(ZONE) == ZoneLog()


def test_genesis_and_policy_are_of_the_whole_ledger() -> None:
    policy = Draft(event=Event.POLICY, data={"digest": "sha256:g", "rules": {"people": {}}})
    history = fold(entries([Draft(event=Event.GENESIS, data={"ledger": "id"}), policy]))
    assert (history.ledger_id, history.seq) == ("id", 2)
    assert history.policy is not None
    assert (history.policy.seq, history.policy.digest) == (2, "sha256:g")
    assert history.policy.rules == {"people": {}}


def test_a_plan_is_remembered_whole() -> None:
    logged = log_of(plan()).plan
    assert logged is not None
    assert (logged.plan, logged.change, logged.blob) == ("sha256:p1", "sha256:c1", "plans/x.json")
    assert (logged.steps, logged.risk, logged.commit) == (("s1", "s2"), "R3", "abc")
    assert logged.authors == {"ann"}


def test_an_intent_is_open_until_its_outcome() -> None:
    log = log_of(plan(), intent())
    assert log.open_intent is not None
    assert (log.open_intent.step, log.open_intent.idem, log.open_intent.run) == (
        "s1",
        "i1",
        "run-7",
    )
    assert log.open_intent.moves == ({"op": "ds.replace"},)
    assert log.begun_at == NOW + timedelta(minutes=1)
    log = log_of(plan(), intent(), outcome())
    assert log.open_intent is None
    assert log.outcomes["s1"].ok
    assert log.outcomes["s1"].operation == "op1"
    assert log.created == {"ksk@13/2": "257 3 13 AA"}


def test_an_outcome_closes_only_its_own_intent() -> None:
    log = log_of(plan(), intent("s1", "i1"), intent("s2", "i2"), outcome("s2", "i2"))
    assert [found.idem for found in log.open_intents] == ["i1"]


def test_an_accepted_operation_is_kept_with_its_intent() -> None:
    log = log_of(plan(), intent(), records.accepted_draft(about(), operation="op-9"))
    assert log.open_intent is not None
    assert log.open_intent.operation == "op-9"


def test_a_second_try_replaces_the_first_outcome() -> None:
    log = log_of(plan(), intent(), outcome(ok=False), intent(idem="i2", attempt=2))
    assert log.attempts == {"s1": 2}
    assert not log.outcomes["s1"].ok
    log = log_of(plan(), intent(), outcome(ok=False), intent(idem="i2"), outcome(idem="i2"))
    assert log.outcomes["s1"].ok


def test_a_plan_is_complete_when_every_step_was_seen() -> None:
    assert not log_of(plan(), evidence("s1")).complete
    log = log_of(plan(), evidence("s1"), evidence("s2"))
    assert log.complete
    assert log.evidence["s1"].servers == ("ns1", "ns2")
    assert log.evidence["s1"].seen_at == NOW


def test_a_new_plan_starts_afresh_and_keeps_what_stays_true() -> None:
    log = log_of(plan(), intent(), outcome(), evidence(), intent("s2", "i2"), plan("sha256:p2"))
    assert (log.outcomes, log.evidence, log.attempts, log.begun_at) == ({}, {}, {}, None)
    assert [found.idem for found in log.open_intents] == ["i2"], "still nobody knows its end"
    assert [found.step for found in log.seen] == ["s1"]
    assert log.created == {"ksk@13/2": "257 3 13 AA"}


def test_the_same_plan_logged_again_changes_nothing_that_was_done() -> None:
    once = log_of(plan(), intent(), outcome(), evidence())
    again = log_of(plan(), intent(), outcome(), evidence(), plan())
    assert once == again


def test_a_late_outcome_of_an_older_plan_closes_its_intent_and_says_no_more() -> None:
    log = log_of(plan(), intent(), plan("sha256:p2"), outcome(), evidence())
    assert log.open_intents == ()
    assert (log.outcomes, log.evidence) == ({}, {})


def test_abandoning_ends_plan_and_intents() -> None:
    log = log_of(plan(), intent(), records.abandon_draft(about(), reason="r"))
    assert (log.plan, log.open_intents) == (None, ())


def test_refinement_tells_keys_ds_and_digest() -> None:
    draft = records.refine_draft(
        about(), keys={"ksk@13/2": "257 3 13 BB"}, ds=["2 13 2 bb", "1 13 2 aa"], digest="sha256:r"
    )
    log = log_of(plan(), draft)
    assert log.refined["s1"].digest == "sha256:r"
    assert log.refined["s1"].ds == {"1 13 2 aa", "2 13 2 bb"}
    assert log.created == {"ksk@13/2": "257 3 13 BB"}


def approval(person: str = "bob") -> Draft:
    return records.approval_draft(about(), person=person, channel=Channel.LOCAL, statement="s")


def test_approvals_outlive_plans_and_can_be_taken_back() -> None:
    revoke = records.revoke_draft(about(), person="bob", reason="r")
    log = log_of(approval(), approval("cy"), plan("sha256:p2"), revoke, approval())
    found = [(a.person, a.revoked is not None) for a in log.approvals["sha256:c1"]]
    assert found == [("bob", True), ("cy", False), ("bob", False)]


def test_approvals_are_spent_by_carrying_out_what_they_were_given_to() -> None:
    of_refined = records.approval_draft(
        About(zone=ZONE, change="sha256:r1"), person="bob", channel=Channel.LOCAL, statement="s"
    )
    refine = records.refine_draft(about(), keys={}, ds=(), digest="sha256:r1")
    begun = [plan(), approval(), of_refined, evidence("s1"), refine]
    assert set(log_of(*begun).approvals) == {"sha256:c1", "sha256:r1"}
    carried_out = log_of(*begun, evidence("s2"))
    assert carried_out.approvals == {}
    assert carried_out.completed == carried_out.plan
    again = log_of(*begun, evidence("s2"), plan("sha256:p2"), approval("cy"))
    assert [given.person for given in again.approvals["sha256:c1"]] == ["cy"]
    assert again.completed == carried_out.completed


def test_an_abandoned_plan_spends_no_approval() -> None:
    log = log_of(plan(), approval(), evidence(), records.abandon_draft(about(), reason="r"))
    assert set(log.approvals) == {"sha256:c1"}
    assert log.completed is None


def test_blocked_until_resolved() -> None:
    blocked = records.blocked_draft(about(), why="two keys")
    log = log_of(plan(), intent(), blocked)
    assert log.blocked is not None
    assert (log.blocked.why, log.blocked.step) == ("two keys", "s1")
    log = log_of(plan(), intent(), blocked, records.resolve_draft(about(), reason="r", done=True))
    assert (log.blocked, log.open_intents) == (None, ())


def test_a_suspension_ends_at_its_date_or_when_resumed() -> None:
    until = NOW + timedelta(days=1)
    suspend = records.suspend_draft(about(), until=until, reason="audit")
    log = log_of(suspend)
    assert log.suspended_at(until - timedelta(seconds=1)) is not None
    assert log.suspended_at(until) is None
    assert log_of(suspend, records.resume_draft(about(), reason="r")).suspended_at(NOW) is None


def test_adoption_is_remembered() -> None:
    log = log_of(records.adopt_draft(About(zone=ZONE), observed="sha256:o", seen=[{"ds": []}]))
    assert log.adopted is not None
    assert (log.adopted.observed, log.adopted.seen) == ("sha256:o", ({"ds": []},))


def test_zones_do_not_touch_each_other() -> None:
    other = records.suspend_draft(About(zone="other.com."), until=NOW, reason="r")
    history = fold(entries([plan(), other]))
    assert history.zone(ZONE).suspended is None
    assert history.zone("other.com.").plan is None


@pytest.mark.parametrize(
    ("event", "data"),
    [
        (Event.PLAN, {"blob": 1, "steps": [], "risk": "R1", "authors": []}),
        (Event.PLAN, {"blob": "b", "steps": [1], "risk": "R1", "authors": []}),
        (Event.INTENT, {"moves": {}, "attempt": 1}),
        (Event.INTENT, {"moves": [], "attempt": True}),
        (Event.OUTCOME, {"ok": "yes", "message": ""}),
        (Event.OUTCOME, {"ok": True, "message": "", "created": {"a": 1}}),
        (Event.EVIDENCE, {"seen_at": "yesterday", "servers": [], "rrsets": []}),
        (Event.EVIDENCE, {"seen_at": "2026-11-21T23:00:00", "servers": [], "rrsets": []}),
        (Event.APPROVAL, {"digest": "d", "person": "p", "channel": "shout", "statement": "s"}),
        (Event.SUSPEND, {}),
        (Event.REFINE, {"keys": [], "ds": [], "digest": "d"}),
    ],
)
def test_data_of_another_shape_is_refused_naming_the_entry(
    event: Event, data: dict[str, object]
) -> None:
    draft = Draft(
        event=event,
        zone=ZONE,
        plan="p",
        change="c",
        step="s",
        idem="i",
        data=data,  # type: ignore[arg-type]
    )
    with pytest.raises(LedgerError) as error:
        fold(entries([draft], start=41))
    assert "entry 41" in error.value.diagnostics[0].summary


def test_an_intent_without_step_is_refused() -> None:
    draft = Draft(event=Event.INTENT, zone=ZONE, plan="p", idem="i", data={})
    with pytest.raises(LedgerError):
        fold(entries([draft]))


anything = st.lists(
    st.one_of(
        st.sampled_from([plan(), plan("sha256:p2"), approval(), approval("cy")]),
        st.builds(intent, st.sampled_from(["s1", "s2"]), st.sampled_from(["i1", "i2", "i3"])),
        st.builds(outcome, st.sampled_from(["s1", "s2"]), st.sampled_from(["i1", "i2", "i3"])),
        st.builds(evidence, st.sampled_from(["s1", "s2"])),
        st.just(records.abandon_draft(about(), reason="r")),
        st.just(records.revoke_draft(about(), person="bob", reason="r")),
        st.just(Draft(event=Event.HEARTBEAT)),
    ),
    max_size=20,
)


@given(anything, st.integers(0, 20))
def test_folding_on_is_folding_all(drafts: list[Draft], cut: int) -> None:
    whole = entries(drafts)
    assert fold(whole[cut:], fold(whole[:cut])) == fold(whole)


@given(anything)
def test_an_intent_is_open_if_and_only_if_nothing_ended_it_after(drafts: list[Draft]) -> None:
    expected: list[str | None] = []
    for draft in drafts:
        if draft.event is Event.INTENT:
            expected.append(draft.idem)
        elif draft.event is Event.OUTCOME:
            expected = [idem for idem in expected if idem != draft.idem]
        elif draft.event is Event.ABANDON:
            expected = []
    assert [found.idem for found in log_of(*drafts).open_intents] == expected
