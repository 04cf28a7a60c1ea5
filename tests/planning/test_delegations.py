"""How the DS comes and goes: digest types, parents that take keys, Double-DS and Double-RRset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import DsCheck, DsInput, DsWrite, ParentCapabilities
from reconciler.model.desired import KskRollover
from reconciler.model.keys import DsRef
from reconciler.model.moves import DnskeyAdd, DsReplace, op
from reconciler.model.plan import Proved, Refuted, Status, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

H = 3600
T9 = {"ds": 24 * H, "dnskey": 2 * H, "child": H, "parent": H}
TAKES_KEYS = ParentCapabilities(takes=DsInput.KEY, write=DsWrite.ONE_AT_A_TIME)
MANUAL = ParentCapabilities(weight=20, manual=True, processing_max=864000)


def table(plan: ZonePlan) -> list[tuple[list[str], dict[str | None, tuple[int, str]]]]:
    assert plan.timeline, plan.refusals
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
    return [
        (sorted(op(m) for m in s.moves), {n.step: (n.wait_min, n.reason) for n in s.needs})
        for s in plan.steps
    ]


def hours(b: Builders, plan: ZonePlan) -> list[int]:
    return [at // H for at in b.earliest(plan).values()]


@pytest.mark.parametrize(
    ("now", "then"), [((2,), {2, 4}), ((2, 4), {4}), ((2,), {4}), ((1,), {2}), ((1,), {2, 4})]
)
def test_a_digest_type_changes_in_one_call_that_never_leaves_the_zone_without_one(
    b: Builders, now: tuple[int, ...], then: set[int]
) -> None:
    """P21, scenarios 56 and 57: every DS names the same key."""
    plan = plan_zone(b.desire(digest_types=frozenset(then)), b.signed(digests=now))
    assert table(plan) == [(["ds.replace"], {})]
    (move,) = plan.steps[0].moves
    assert move == DsReplace(ds=frozenset(DsRef("k1", n) for n in then))


def test_a_parent_of_single_changes_is_given_the_new_digest_type_first(b: Builders) -> None:
    plan = plan_zone(
        b.desire(digest_types=frozenset({2})), b.signed(digests=(1,), parent=b.ONE_AT_A_TIME)
    )
    assert [row[0] for row in table(plan)] == [["ds.add"], ["ds.remove"]]


@pytest.mark.parametrize(
    ("now", "new"), [((2, 4), {2, 4}), ((4,), {4}), ((1, 2), {2}), ((1,), {2}), ((3,), {2})]
)
def test_a_policy_that_names_no_digest_type_keeps_those_there_and_makes_no_outdated_ones(
    b: Builders, now: tuple[int, ...], new: set[int]
) -> None:
    """RFC 8624 §3.3: SHA-1 and GOST must not be used for new DS."""
    start = b.signed(digests=now)
    assert plan_zone(b.desire(), start).status is Status.NO_CHANGE
    plan = plan_zone(b.desire(ksk=2), start)
    made = [m for step in plan.steps for m in step.moves if isinstance(m, DsReplace)]
    assert made[-1] == DsReplace(ds=frozenset(DsRef("ksk@13/2", n) for n in new))


def test_a_parent_that_takes_keys_chooses_the_digest_type(b: Builders) -> None:
    start = b.signed(parent=TAKES_KEYS)
    assert plan_zone(b.desire(digest_types=frozenset({4})), start).status is Status.NO_CHANGE
    plan = plan_zone(b.desire(ksk=2, digest_types=frozenset({4})), start)
    assert plan.timeline
    assert {ref.digest_type for v in plan.timeline.versions for ref in getattr(v, "ds", ())} == {2}
    assert [row[0] for row in table(plan)] == [
        ["dnskey.add"],
        ["ds.add"],
        ["dnskey.remove", "ds.remove"],
    ]


def test_a_manual_parent_is_asked_once_and_is_a_person(b: Builders) -> None:
    plan = plan_zone(b.desire(ksk=2), b.signed(parent=MANUAL))
    assert [s.actor for s in plan.steps] == ["signer:a", "person", "signer:a"]
    table(plan)


def test_t9_double_ds_publishes_the_key_when_every_cache_has_its_ds(b: Builders) -> None:
    desired = b.desire(ksk=2, ksk_rollover=KskRollover.DOUBLE_DS)
    plan = plan_zone(desired, b.signed(times=b.Times(**T9)))
    assert table(plan) == [
        (["ds.replace"], {}),
        (["dnskey.add"], {"s1": (25 * H, "policy")}),
        (["dnskey.remove", "ds.replace"], {"s2": (3 * H, "proof")}),
    ]
    assert hours(b, plan) == [0, 25, 28]
    (need,) = plan.steps[2].needs
    hasty = b.shorten(plan, "s3", need)
    assert hasty.timeline
    assert isinstance(prove(hasty.steps, hasty.timeline), Refuted)


def test_t10_double_rrset_waits_for_the_slower_of_ds_and_dnskey(b: Builders) -> None:
    """T10 without its registration delay, which ends where the evidence begins."""
    desired = b.desire(ksk=2, ksk_rollover=KskRollover.DOUBLE_RRSET)
    plan = plan_zone(desired, b.signed(times=b.Times(**T9)))
    rows = table(plan)
    assert [row[0] for row in rows] == [
        ["ds.replace"],
        ["dnskey.add"],
        ["dnskey.remove", "ds.replace"],
    ]
    assert hours(b, plan) == [0, 0, 25]


@pytest.mark.parametrize("rollover", [KskRollover.DOUBLE_DS, KskRollover.DOUBLE_RRSET])
def test_a_parent_that_looks_at_the_zone_takes_no_ds_before_its_key(
    b: Builders, rollover: KskRollover
) -> None:
    checks = ParentCapabilities(checks_ds=DsCheck.DELEGATED)
    desired = b.desire(ksk=2, ksk_rollover=rollover)
    (refusal,) = plan_zone(desired, b.signed(parent=checks)).refusals
    assert refusal.rule == "capability:checks_ds"


@pytest.mark.parametrize("rollover", list(KskRollover))
def test_a_first_ds_and_a_new_algorithm_come_after_their_keys_whatever_the_policy(
    b: Builders, rollover: KskRollover
) -> None:
    for start, algorithm in ((b.observe(), 13), (b.signed(), 8)):
        plan = plan_zone(b.desire(ksk_rollover=rollover, algorithm=algorithm), start)
        table(plan)
        assert any(isinstance(move, DnskeyAdd) for move in plan.steps[0].moves)
