"""Parents that look at CDS act at any time or never (RFC 7344, RFC 8078, I10)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import DsWrite, ParentCapabilities, SignerCapabilities
from reconciler.model.keys import DsRef
from reconciler.model.moves import CdsSet, op
from reconciler.model.observed import Cds
from reconciler.model.plan import Proved, Refuted, Rollback, Status, ZonePlan
from reconciler.model.timeline import CdsVersion
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

WEEK = 604800
POLLS = ParentCapabilities(write=DsWrite.NONE, polls_cds=True, processing_max=WEEK)
EITHER_WAY = ParentCapabilities(polls_cds=True, processing_max=WEEK)
SAYS_CDS = SignerCapabilities(algorithms=frozenset({8, 13}), sets_cds=True)
MUTE = replace(SAYS_CDS, sets_cds=False)
SEEN = 300 + 3600
"""Propagation and the TTL of a CDS set."""


def cds(*keys: str) -> Cds:
    return frozenset(DsRef(key, 2) for key in keys)


Row = tuple[str, list[str], dict[str | None, tuple[int, str]]]


def table(plan: ZonePlan | Rollback) -> list[Row]:
    """Return actor, moves and waits of each step of a plan that is proved."""
    assert plan.timeline
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
    return [
        (
            step.actor,
            sorted(said(m) if isinstance(m, CdsSet) else op(m) for m in step.moves),
            {n.step: (n.wait_min, n.reason) for n in step.needs},
        )
        for step in plan.steps
    ]


def said(move: CdsSet) -> str:
    if isinstance(move.cds, frozenset):
        return "cds=" + ",".join(sorted(ref.key for ref in move.cds))
    return f"cds={move.cds or 'none'}"


def test_a_ksk_rollover_tells_a_polling_parent_and_waits_for_it(b: Builders) -> None:
    """P5 with RFC 7344: the CDS set is guarded as a DS is, and withdrawn once it has served."""
    plan = plan_zone(b.desire(ksk=2), b.signed(parent=POLLS, signer=SAYS_CDS))
    assert table(plan) == [
        ("signer:a", ["dnskey.add"], {}),
        ("signer:a", ["cds=ksk@13/2"], {"s1": (3900, "rule:I6")}),
        ("parent", [], {"s2": (1, "rule:order")}),
        ("signer:a", ["cds=none", "dnskey.remove"], {"s3": (7200, "proof")}),
    ]
    assert [step.risk.value for step in plan.steps] == ["R2", "R3", "R3", "R3"]


def test_a_standing_cds_set_is_outlived_before_the_ds_that_follows_it_is_believed(
    b: Builders,
) -> None:
    """A parent that saw the old set may act on it `processing_max` later."""
    start = b.signed(parent=POLLS, signer=SAYS_CDS, cds=cds("k1"))
    rows = table(plan_zone(b.desire(ksk=2, publish_cds=True), start))
    assert rows[1:] == [
        ("signer:a", ["cds=ksk@13/2"], {"s1": (3900, "rule:I6")}),
        ("parent", [], {"s2": (SEEN + WEEK, "rule:I10")}),
        ("signer:a", ["dnskey.remove"], {"s3": (7200, "proof")}),
    ]


def test_one_second_less_lets_the_parent_go_back_to_a_key_that_is_gone(b: Builders) -> None:
    start = b.signed(parent=POLLS, signer=SAYS_CDS, cds=cds("k1"))
    plan = plan_zone(b.desire(ksk=2, publish_cds=True), start)
    (need,) = plan.steps[2].needs
    hasty = b.shorten(plan, "s3", need)
    assert hasty.timeline
    assert isinstance(prove(hasty.steps, hasty.timeline), Refuted)


def test_a_parent_that_is_told_either_way_is_written_to_when_no_cds_set_speaks_against_it(
    b: Builders,
) -> None:
    start = b.signed(parent=EITHER_WAY, signer=SAYS_CDS, cds=cds("k1"))
    assert table(plan_zone(b.desire(ksk=2, publish_cds=False), start)) == [
        ("signer:a", ["cds=none", "dnskey.add"], {}),
        ("parent", ["ds.replace"], {"s1": (SEEN + WEEK, "rule:I10")}),
        ("signer:a", ["dnskey.remove"], {"s2": (7200, "proof")}),
    ]
    quiet = b.signed(parent=EITHER_WAY, signer=SAYS_CDS)
    assert [moves for _, moves, _ in table(plan_zone(b.desire(ksk=2), quiet))] == [
        ["dnskey.add"],
        ["ds.replace"],
        ["dnskey.remove"],
    ]


@pytest.mark.parametrize("parent", [POLLS, EITHER_WAY, ParentCapabilities()])
def test_a_policy_that_says_nothing_of_cds_keeps_the_set_and_lets_it_follow_the_ds(
    b: Builders, parent: ParentCapabilities
) -> None:
    start = b.signed(parent=parent, signer=SAYS_CDS, cds=cds("k1"))
    assert plan_zone(b.desire(), start).status is Status.NO_CHANGE
    silent, told = (plan_zone(b.desire(ksk=2, publish_cds=p), start) for p in (None, True))
    assert table(silent) == table(told)
    assert [move for _, moves, _ in table(silent) for move in moves if "cds" in move] == [
        "cds=ksk@13/2"
    ]


@pytest.mark.parametrize("parent", [EITHER_WAY, ParentCapabilities()])
def test_only_a_policy_that_says_so_withdraws_a_cds_set(
    b: Builders, parent: ParentCapabilities
) -> None:
    start = b.signed(parent=parent, signer=SAYS_CDS, cds=cds("k1"))
    rows = table(plan_zone(b.desire(publish_cds=False), start))
    assert [moves for _, moves, _ in rows] == [["cds=none"]]


def test_going_insecure_asks_for_the_delete_form_and_nothing_else_ever_does(b: Builders) -> None:
    plan = plan_zone(b.desire(signed=False), b.signed(parent=POLLS, signer=SAYS_CDS))
    rows = table(plan)
    assert rows[0] == ("signer:a", ["cds=delete"], {})
    assert rows[1][:2] == ("parent", [])
    assert plan.steps[0].risk == "R4"
    assert rows[-1][2]["s2"] == (7200, "proof")


def test_a_first_ds_needs_a_parent_that_bootstraps_or_a_person(b: Builders) -> None:
    unsigned = b.observe(parent=POLLS, signer=SAYS_CDS)
    (refusal,) = plan_zone(b.desire(), unsigned).refusals
    assert refusal.rule == "capability:bootstraps"
    assert "RFC 9615" in refusal.opens
    assert "person" in refusal.opens
    able = b.observe(parent=replace(POLLS, bootstraps=True), signer=SAYS_CDS)
    assert [actor for actor, _, _ in table(plan_zone(b.desire(), able))] == [
        "signer:a",
        "signer:a",
        "parent",
        "signer:a",
    ]


def test_a_signer_that_publishes_no_cds_set_leaves_a_polling_parent_unmoved(b: Builders) -> None:
    (refusal,) = plan_zone(b.desire(ksk=2), b.signed(parent=POLLS, signer=MUTE)).refusals
    assert refusal.rule == "capability:sets_cds"


def test_a_cds_set_that_nobody_can_change_forbids_another_ds(b: Builders) -> None:
    start = b.signed(parent=EITHER_WAY, signer=MUTE, cds=cds("k1"))
    assert [r.rule for r in plan_zone(b.desire(ksk=2), start).refusals] == ["I10"]


@pytest.mark.parametrize("parent", [POLLS, ParentCapabilities()])
def test_a_policy_that_publishes_cds_lists_the_ds_that_stands(
    b: Builders, parent: ParentCapabilities
) -> None:
    plan = plan_zone(b.desire(publish_cds=True), b.signed(parent=parent, signer=SAYS_CDS))
    assert [row[1] for row in table(plan)] == [["cds=k1"]]
    start = b.signed(parent=parent, signer=SAYS_CDS, cds=cds("k1"))
    assert plan_zone(b.desire(publish_cds=True), start).status is Status.NO_CHANGE


def test_a_way_back_while_the_parent_may_act_goes_on_and_returns(b: Builders) -> None:
    """Nothing would undo what a parent does late, so it is let do it first."""
    plan = plan_zone(b.desire(ksk=2), b.signed(parent=POLLS, signer=SAYS_CDS))
    back = {way.after: table(way) for way in plan.rollback}
    assert [row[:2] for row in back["s2"]] == [
        ("parent", []),
        ("signer:a", ["cds=k1"]),
        ("parent", []),
        ("signer:a", ["cds=none", "dnskey.remove"]),
    ]
    assert back["s2"][2][2] == {"s2": (SEEN + WEEK, "rule:I10")}


def test_a_cds_set_withdrawn_lately_is_outlived_from_history(b: Builders) -> None:
    """A CDS poller acts days after the CDS set was withdrawn."""
    gone = CdsVersion(
        ttl=3600, propagation=300, signer="a", cds=cds("k1"), polled=True, processing_max=WEEK
    )
    still = b.signed(parent=POLLS, signer=SAYS_CDS)
    known = tuple(v for v in plan_zone(b.desire(ksk=2), still).timeline.versions if not v.step)  # type: ignore[union-attr]
    history = (
        *(v for v in known if not isinstance(v, CdsVersion)),
        gone,
        replace(gone, cds=None, at=-86400),
    )
    start = replace(still, settled=False, history=history)
    rows = table(plan_zone(b.desire(ksk=2), start))
    assert rows[2][2][None] == (SEEN + WEEK - 86400, "rule:I10")
