"""What people say in the ledger: suspensions, plans given up, differences that are known."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from reconciler.ledger import records
from reconciler.ledger.fold import fold
from reconciler.ledger.history import ZoneLog
from reconciler.ledger.records import About, Channel
from reconciler.model.entries import Actor, ActorKind, Draft, Entry

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
ZONE = "example.com."
STEP = About(zone=ZONE, plan="sha256:p1", change="sha256:c1", step="s1", idem="i1")
LATER = NOW + timedelta(days=2)


def log_of(*drafts: Draft) -> ZoneLog:
    return fold(_entries(drafts)).zone(ZONE)


def _entries(drafts: Iterable[Draft]) -> Iterable[Entry]:
    for seq, draft in enumerate(drafts, 1):
        yield Entry(
            seq=seq,
            prev="sha256:x",
            at=NOW,
            policy_seq=0,
            policy_digest="sha256:x",
            actor=Actor(kind=ActorKind.PERSON, id="ann"),
            tool="0.1.0",
            draft=draft,
        )


def begun() -> tuple[Draft, ...]:
    """A plan that is approved, seen once and begun again."""
    return (
        records.adopt_draft(STEP, observed="sha256:o"),
        records.plan_draft(STEP, blob="plans/x.json", steps=["s1", "s2"], risk="R3"),
        records.approval_draft(STEP, person="ann", channel=Channel.LOCAL, statement="yes"),
        records.evidence_draft(STEP, seen_at=NOW, servers=["ns1"]),
        records.intent_draft(STEP, deadline=NOW, moves=[], attempt=1),
    )


def test_a_suspension_names_who_asked_for_it() -> None:
    by_ann = records.suspend_draft(STEP, until=LATER, reason="audit", person="ann")
    found = log_of(by_ann).suspended
    assert found is not None
    assert (found.person, found.at, found.until) == ("ann", NOW, LATER)
    unsigned = log_of(records.suspend_draft(STEP, until=LATER, reason="audit")).suspended
    assert unsigned is not None
    assert unsigned.person is None


def test_a_plan_that_a_person_gives_up_takes_its_approvals_with_it() -> None:
    by_tool = records.abandon_draft(STEP, reason="desired state was changed")
    assert log_of(*begun(), by_tool).approvals
    by_ann = records.abandon_draft(STEP, reason="no", person="ann")
    assert not log_of(*begun(), by_ann).approvals


def test_a_plan_given_up_at_rest_keeps_what_was_seen() -> None:
    log = log_of(*begun(), records.abandon_draft(STEP, reason="no", person="ann"))
    assert log.seen
    assert log.adopted
    assert log.under_way_at(NOW) is None


def test_a_plan_given_up_in_mid_change_leaves_its_effects_to_come() -> None:
    given_up = records.abandon_draft(STEP, reason="no", person="ann", under_way=["s1"], until=LATER)
    log = log_of(*begun(), given_up)
    under_way = log.under_way_at(NOW)
    assert under_way is not None
    assert (under_way.steps, under_way.until) == (("s1",), LATER)
    assert log.under_way_at(LATER) is None
    assert (log.seen, log.adopted, log.plan, log.open_intents) == ((), None, None, ())


def test_the_last_annotation_of_an_rrset_counts() -> None:
    about = About(zone=ZONE)
    first, second = (
        records.annotate_draft(
            about, rrset="DS", seen=f"sha256:{n}", until=LATER, reason="r", person="ann"
        )
        for n in (1, 2)
    )
    assert log_of(first, second).annotations["DS"].seen == "sha256:2"
