"""Which keys a desired state asks for, keeps, replaces and leaves alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.desired import StandbyKsk
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import DnskeyAdd, DnskeyRemove, DsReplace, Move, op
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import FreezeClass, Status, ZonePlan
from reconciler.planning import plan_zone

if TYPE_CHECKING:
    from tests.planning.conftest import Builders


def moves(plan: ZonePlan) -> list[Move]:
    return [move for step in plan.steps for move in step.moves]


def without_generations(start: ObservedZone) -> ObservedZone:
    keys = {
        label: replace(key, generation=None) if isinstance(key, Key) else key
        for label, key in start.keys.items()
    }
    return replace(start, keys=keys)


def test_a_generation_that_nobody_knows_counts_as_one(b: Builders) -> None:
    start = without_generations(b.signed())
    assert plan_zone(b.desire(ksk=1), start).status is Status.NO_CHANGE
    assert DnskeyAdd(signer="a", key="ksk@13/2", sign=True) in moves(
        plan_zone(b.desire(ksk=2), start)
    )


def test_a_generation_cannot_go_back_to_a_key_that_is_gone(b: Builders) -> None:
    start = b.observe(ds=["k2"], keys=["k2", "z1"], data=["z1"])
    plan = plan_zone(b.desire(ksk=1), start)
    assert (plan.status, plan.refusals[0].rule) == (Status.NO_SAFE_PATH, "generation")


def test_a_generation_goes_back_to_a_key_that_still_stands(b: Builders) -> None:
    start = b.observe(ds=["k1"], keys=["k1", "k2", "z1"], data=["z1"])
    plan = plan_zone(b.desire(ksk=1), start)
    assert moves(plan) == [DnskeyRemove(signer="a", key="k2")]


def test_a_key_made_for_its_symbol_is_used_and_not_made_again(b: Builders) -> None:
    made = Key(
        label="ksk@13/2", algorithm=13, flags=257, public_key=b"made", home="a", generation=2
    )
    plan = plan_zone(b.desire(ksk=2), b.signed(held=["ksk@13/2"], entries=[made]))
    assert plan.timeline
    assert plan.timeline.keys["ksk@13/2"] == made


def test_a_key_that_nobody_known_holds_is_left_alone_and_named(b: Builders) -> None:
    stray = Key(label="stray", algorithm=13, flags=256, public_key=b"stray", home=None)
    start = b.observe(
        ds=["k1"], keys=["k1", "z1", "stray"], data=["z1"], entries=[stray], signed_by=["k1"]
    )
    plan = plan_zone(b.desire(zsk=2), start)
    assert DnskeyRemove(signer="a", key="stray") not in moves(plan)
    assert any("stray" in text for text in plan.hints)


@pytest.mark.parametrize(
    ("ds", "keys", "signed_by"),
    [("k1 k2", "k1 k2 z1", "k1 k2"), ("k1 k2", "k1 z1", "k1"), ("k1", "k1 k2 z1 z2", "k1")],
)
def test_a_policy_that_says_nothing_of_standby_keys_removes_none(
    b: Builders, ds: str, keys: str, signed_by: str
) -> None:
    start = b.observe(
        ds=ds.split(),
        keys=keys.split(),
        signed_by=signed_by.split(),
        data=["z1"],
        held=["k2"],
    )
    assert plan_zone(b.desire(), start).status is Status.NO_CHANGE
    assert plan_zone(b.desire(ksk=1, zsk=1), start).status is Status.NO_CHANGE


def test_a_policy_that_says_there_is_none_removes_what_stands_beside_the_generation_asked_for(
    b: Builders,
) -> None:
    start = b.observe(ds=["k1"], keys=["k1", "k2", "z1", "z2"], signed_by=["k1"], data=["z1"])
    desired = b.desire(ksk=1, zsk=1, standby_ksk=StandbyKsk.NONE, standby_zsk=False)
    assert set(moves(plan_zone(desired, start))) == {
        DnskeyRemove(signer="a", key="k2"),
        DnskeyRemove(signer="a", key="z2"),
    }


def test_an_algorithm_change_makes_keys_by_itself(b: Builders) -> None:
    plan = plan_zone(b.desire(algorithm=8), b.signed())
    added = {move.key for move in moves(plan) if isinstance(move, DnskeyAdd)}
    assert added == {"ksk@8/1", "zsk@8/1"}


def test_a_stale_ds_is_removed_at_once_beside_an_intact_chain(b: Builders) -> None:
    """P20."""
    plan = plan_zone(b.desire(), b.observe(ds=["k1", "dead"], keys=["k1", "z1"], data=["z1"]))
    assert moves(plan) == [DsReplace(ds=frozenset({DsRef("k1", 2)}))]
    assert plan.steps[0].needs == ()


def test_a_digest_type_changes_in_one_call(b: Builders) -> None:
    """P21."""
    plan = plan_zone(b.desire(digest_types=frozenset({4})), b.signed())
    assert moves(plan) == [DsReplace(ds=frozenset({DsRef("k1", 4)}))]


def test_a_wrong_ds_is_mended_before_anything_else(b: Builders) -> None:
    start = b.observe(ds=["dead"], keys=["k1", "z1"], data=["z1"])
    mend = DsReplace(ds=frozenset({DsRef("k1", 2)}))
    plan = plan_zone(b.desire(), start)
    assert moves(plan) == [mend]
    assert plan.steps[0].freeze_class is FreezeClass.RESCUE
    roll = plan_zone(b.desire(ksk=2), start)
    assert mend in roll.steps[0].moves
    assert [op(move) for move in roll.steps[-1].moves] == ["dnskey.remove"]


def test_a_ds_over_an_unsigned_zone_is_removed_where_unsigned_is_desired(b: Builders) -> None:
    plan = plan_zone(b.desire(signed=False), b.observe(ds=["dead"]))
    assert moves(plan) == [DsReplace(ds=frozenset())]
