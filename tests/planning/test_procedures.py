"""Each procedure of the literature is found by the search alone, with its minimal waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.moves import op
from reconciler.model.plan import Status, ZonePlan
from reconciler.planning import plan_zone

if TYPE_CHECKING:
    from tests.planning.conftest import Builders


def table(plan: ZonePlan) -> list[tuple[list[str], dict[str | None, int]]]:
    """Return each step as its operations and its minimal waits by step."""
    return [
        (sorted(op(m) for m in step.moves), {need.step: need.wait_min for need in step.needs})
        for step in plan.steps
    ]


def test_enable_signs_and_waits_for_unsigned_data_to_leave_before_the_ds(b: Builders) -> None:
    plan = plan_zone(b.desire(), b.observe())
    assert plan.status is Status.PLANNED
    assert table(plan) == [
        (["data.sign", "dnskey.add", "dnskey.add"], {}),
        (["ds.replace"], {"s1": 86700}),
    ]
    assert plan.clean_min <= 27 * b.HOUR


def test_disable_removes_the_ds_and_waits_for_it_to_leave_before_unsigning(b: Builders) -> None:
    plan = plan_zone(b.desire(signed=False), b.signed())
    assert table(plan) == [
        (["ds.replace"], {}),
        (["data.sign", "dnskey.remove", "dnskey.remove"], {"s1": 7200}),
    ]
    assert plan.clean_min <= 26 * b.HOUR + 300
    assert plan.risk == "R4"


def test_zsk_rollover_is_pre_publication(b: Builders) -> None:
    plan = plan_zone(b.desire(zsk=2), b.signed())
    assert table(plan) == [
        (["dnskey.add"], {}),
        (["data.sign"], {"s1": 3900}),
        (["dnskey.remove"], {"s2": 86700}),
    ]
    assert plan.risk == "R2"


def test_ksk_rollover_is_double_ksk(b: Builders) -> None:
    plan = plan_zone(b.desire(ksk=2), b.signed())
    assert table(plan) == [
        (["dnskey.add"], {}),
        (["ds.replace"], {"s1": 3900}),
        (["dnskey.remove"], {"s2": 7200}),
    ]
    assert plan.duration_min == 11100
    assert plan.risk == "R3"


@pytest.mark.parametrize("start", ["csk", "combine", "split"])
def test_csk_rollover_combine_and_split_swap_ds_and_signatures_together(
    b: Builders, start: str
) -> None:
    desired, observed = {
        "csk": (b.desire(scheme=b.CSK, csk=2), b.signed_csk()),
        "combine": (b.desire(scheme=b.CSK), b.signed()),
        "split": (b.desire(), b.signed_csk()),
    }[start]
    plan = plan_zone(desired, observed)
    assert [set(needs.values()) for _, needs in table(plan)] == [set(), {3900}, {86700}]
    assert plan.steps[1].actor == "parent,signer:a"


def test_nothing_to_do_is_no_change(b: Builders) -> None:
    plan = plan_zone(b.desire(), b.signed())
    assert (plan.status, plan.steps) == (Status.NO_CHANGE, ())


def test_equal_arguments_give_equal_plans(b: Builders) -> None:
    first = plan_zone(b.desire(ksk=2, zsk=2), b.signed())
    assert plan_zone(b.desire(ksk=2, zsk=2), b.signed()) == first
