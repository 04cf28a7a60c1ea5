"""Starts that are bogus: the repair that keeps security, beside the quicker one that does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import DsWrite, ParentCapabilities
from reconciler.model.keys import Key
from reconciler.model.moves import DnskeyAdd, DsReplace, op
from reconciler.model.observed import ObservedZone, SignatureFacts
from reconciler.model.plan import Alternative, FreezeClass, Proved, Status, ZonePlan
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


def unusable(label: str, flags: int) -> Key:
    """A key as it is after its revocation, or one without the ZONE flag."""
    return Key(
        label=label, algorithm=13, flags=flags, public_key=label.encode(), home="a", generation=1
    )


@pytest.mark.parametrize("flags", [385, 1])
def test_a_ds_of_a_key_that_no_validator_may_use_is_replaced(flags: int, b: Builders) -> None:
    """RFC 5011 §2.1, RFC 4034 §2.1.1: bogus now, so that nothing to do would be no answer."""
    spent = unusable("k1", flags)
    start = b.observe(ds=["k1"], keys=["k1", "z1"], data=["z1"], entries=[spent])
    plan = plan_zone(b.desire(), start)
    assert operations(plan) == [["dnskey.add"], ["ds.replace"]]
    (move,) = plan.steps[-1].moves
    assert isinstance(move, DsReplace)
    assert [ref.key for ref in move.ds] == ["ksk@13/2"]
    check(plan)


def test_data_signed_with_a_revoked_key_alone_is_signed_with_another(b: Builders) -> None:
    spent = unusable("z1", 384)
    start = b.observe(ds=["k1"], keys=["k1", "z1"], data=["z1"], entries=[spent])
    plan = plan_zone(b.desire(), start)
    assert operations(plan) == [["data.sign", "dnskey.add"]]
    check(plan)


def test_a_key_to_come_is_not_named_like_the_revoked_one(b: Builders) -> None:
    spent = unusable("ksk@13/1", 385)
    start = b.observe(
        ds=["ksk@13/1"],
        keys=["ksk@13/1", "z1"],
        signed_by=["ksk@13/1"],
        data=["z1"],
        entries=[spent],
    )
    plan = plan_zone(b.desire(ksk=1), start)
    assert [move.key for move in plan.steps[0].moves if isinstance(move, DnskeyAdd)] == ["ksk@13/2"]
    check(plan)


def test_a_revoked_key_beside_a_good_one_is_left_alone(b: Builders) -> None:
    start = b.observe(
        ds=["k1"], keys=["k1", "k9", "z1"], data=["z1"], entries=[unusable("k9", 385)]
    )
    assert plan_zone(b.desire(), start).status is Status.NO_CHANGE


def test_a_repair_never_leaves_the_zone_without_a_ds_on_the_way(b: Builders) -> None:
    """I2: what is bogus is not to be insecure either; that is the other way, shown beside it."""
    single = ParentCapabilities(write=DsWrite.ONE_AT_A_TIME)
    start = b.observe(ds=["k1"], keys=["k2", "z1"], data=["z1"], held=["k1"], parent=single)
    plan = plan_zone(b.desire(ksk=2), start)
    assert operations(plan) == [["ds.add"], ["ds.remove"]]
    check(plan)
