"""Starts that are bogus: the repair that keeps security, beside the quicker one that does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.moves import op
from reconciler.model.observed import ObservedZone, SignatureFacts
from reconciler.model.plan import Alternative, FreezeClass, Proved, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders


def operations(plan: ZonePlan | Alternative) -> list[list[str]]:
    return [sorted(op(m) for m in step.moves) for step in plan.steps]


def check(plan: ZonePlan | Alternative) -> None:
    assert plan.timeline
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)


def ended(start: ObservedZone) -> ObservedZone:
    facts = replace(start.signers["a"], signatures=SignatureFacts(expires=-10))
    return replace(start, signers={"a": facts})


def test_unsigned_data_is_signed_beside_the_ds_removed_for_a_while(b: Builders) -> None:
    """Unsigned data may be cached for 86700 s, the DS for 7200 s."""
    plan = plan_zone(b.desire(), b.observe(ds=["k1"], keys=["k1", "z1"], data=[]))
    assert operations(plan) == [["data.sign"]]
    assert plan.steps[0].freeze_class is FreezeClass.RESCUE
    check(plan)
    (around,) = plan.alternatives
    assert (around.name, around.exposure_bogus) == ("through-insecure", 7200)
    check(around)


def test_signatures_that_have_ended_are_made_anew(b: Builders) -> None:
    plan = plan_zone(b.desire(), ended(b.signed()))
    assert operations(plan) == [["data.sign", "dnskey.sign"]]
    check(plan)


def test_a_ds_whose_key_is_not_published_is_mended_by_one_that_is(b: Builders) -> None:
    start = b.observe(ds=["k1"], keys=["k2", "z1"], data=["z1"], held=["k1"])
    plan = plan_zone(b.desire(), start)
    assert operations(plan) == [["ds.replace"]]
    check(plan)
