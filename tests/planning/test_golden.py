"""Golden timelines: published schedules of other engines, with the minimal waits behind them.

Hours unless noted; margins are left out of the waits and shown apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.plan import ZonePlan
from reconciler.planning import plan_zone

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

H = 3600
M = 60


def waits(plan: ZonePlan) -> list[list[tuple[str | None, int]]]:
    return [[(n.step, n.wait_min) for n in step.needs] for step in plan.steps]


def test_t1_zsk_pre_publication_with_a_week_of_resigning(b: Builders) -> None:
    times = b.Times(dnskey=1 * H, data=24 * H, child=1 * H, signing=168 * H)
    desired = b.desire(zsk=2, publish_safety=24 * H, retire_safety=48 * H)
    plan = plan_zone(desired, b.signed(times=times))
    assert waits(plan) == [[], [("s1", 2 * H)], [("s2", 193 * H)]]
    margins = [n.margin for s in plan.steps for n in s.needs]
    assert [2 * H + margins[0], 193 * H + margins[1]] == [26 * H, 241 * H]


def test_t2_ksk_double_ksk(b: Builders) -> None:
    times = b.Times(dnskey=2 * H, child=1 * H, ds=1 * H, parent=1 * H)
    desired = b.desire(ksk=2, publish_safety=24 * H, retire_safety=48 * H)
    plan = plan_zone(desired, b.signed(times=times))
    assert waits(plan) == [[], [("s1", 3 * H)], [("s2", 2 * H)]]
    margins = [n.margin for s in plan.steps for n in s.needs]
    assert [3 * H + margins[0], 2 * H + margins[1]] == [27 * H, 50 * H]


@pytest.mark.parametrize(("negative", "wait"), [(5, 725), (1440, 1445)])
def test_t3_enabling_waits_for_unsigned_data_and_for_no_dnskey(
    b: Builders, negative: int, wait: int
) -> None:
    times = b.Times(
        dnskey=5 * M, child=5 * M, data=720 * M, negative=negative * M, ds=120 * M, parent=60 * M
    )
    plan = plan_zone(b.desire(), b.observe(times=times))
    assert waits(plan) == [[], [("s1", wait * M)]]


def test_t4_going_insecure(b: Builders) -> None:
    times = b.Times(ds=24 * H, parent=1 * H, dnskey=2 * H, child=5 * M)
    plan = plan_zone(b.desire(signed=False), b.signed(times=times))
    assert waits(plan) == [[], [("s1", 25 * H)]]


ALGORITHM_TIMES = {"dnskey": 1 * H, "child": 1 * H, "data": 6 * H, "ds": 2 * H, "parent": 1 * H}


def test_t5_algorithm_rollover_of_split_keys_is_liberal(b: Builders) -> None:
    """Keys land one by one, so no order keeps `rfc4035`; the plan says so."""
    start = b.signed(times=b.Times(**ALGORITHM_TIMES))
    plan = plan_zone(b.desire(algorithm=8), start)
    assert waits(plan) == [[], [("s1", 7 * H)], [("s2", 3 * H)]]
    assert plan.timeline
    assert plan.timeline.profiles == ("loose", "ds-alg", "sha1-ignored", "top-digest")
    assert any("rfc4035" in text for text in plan.timeline.assumptions)


def test_t5c_algorithm_rollover_of_split_keys_is_conservative_where_they_come_at_once(
    b: Builders,
) -> None:
    start = b.signed(times=b.Times(**ALGORITHM_TIMES), signer=b.AT_ONCE)
    plan = plan_zone(b.desire(algorithm=8), start)
    assert [b.earliest(plan)[s.id] // H for s in plan.steps] == [0, 7, 9, 12, 14]
    assert plan.timeline
    assert plan.timeline.profiles == ("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035")


def test_t5c_algorithm_rollover_of_a_csk_is_conservative(b: Builders) -> None:
    start = b.signed_csk(times=b.Times(**ALGORITHM_TIMES))
    plan = plan_zone(b.desire(algorithm=8, scheme=b.CSK), start)
    assert [b.earliest(plan)[s.id] // H for s in plan.steps] == [0, 7, 9, 12, 14]
    assert plan.timeline
    assert "rfc4035" in plan.timeline.profiles


def test_t6_csk_rollover_where_signatures_are_slow(b: Builders) -> None:
    times = b.Times(dnskey=1 * H, child=1 * H, ds=1 * H, parent=1 * H, data=24 * H, signing=600 * H)
    plan = plan_zone(b.desire(scheme=b.CSK, csk=2), b.signed_csk(times=times))
    assert waits(plan) == [[], [("s1", 2 * H)], [("s2", 625 * H)]]


def test_t7_csk_rollover_where_the_parent_is_slow(b: Builders) -> None:
    times = b.Times(dnskey=1 * H, child=1 * H, ds=1 * H, parent=168 * H, data=24 * H)
    plan = plan_zone(b.desire(scheme=b.CSK, csk=2), b.signed_csk(times=times))
    assert waits(plan) == [[], [("s1", 2 * H)], [("s2", 169 * H)]]


def test_t12_split_of_a_csk(b: Builders) -> None:
    times = b.Times(dnskey=2 * H, child=1 * H, ds=24 * H, parent=1 * H, data=24 * H)
    plan = plan_zone(b.desire(), b.signed_csk(times=times))
    assert waits(plan) == [[], [("s1", 3 * H)], [("s2", 25 * H)]]
