"""Standby keys (RFC 7583 §4, lifecycle P18): what is kept ready, and what it saves when needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.desired import DesiredZone, KeyState, StandbyKsk
from reconciler.model.moves import op
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Proved, Status, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders


def table(plan: ZonePlan) -> list[tuple[list[str], dict[str | None, int]]]:
    return [
        (sorted(op(m) for m in step.moves), {need.step: need.wait_min for need in step.needs})
        for step in plan.steps
    ]


def ready(b: Builders, kind: StandbyKsk, **more: object) -> ObservedZone:
    """A zone whose standby KSK k2 is ready in this way."""
    ds = ["k1"] if kind is StandbyKsk.DNSKEY else ["k1", "k2"]
    keys = ["k1", "z1"] if kind is StandbyKsk.DS else ["k1", "k2", "z1"]
    signed_by = ["k1", "k2"] if kind is StandbyKsk.SIGNING else ["k1"]
    shape = {"ds": ds, "keys": keys, "signed_by": signed_by, "data": ["z1"], "held": ["k2"]}
    return b.observe(**shape | more)  # type: ignore[arg-type]


def emergency(desired: DesiredZone, name: str) -> DesiredZone:
    return replace(desired, named_keys={name: KeyState.COMPROMISED})


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        (StandbyKsk.DNSKEY, [(["dnskey.add"], {})]),
        (StandbyKsk.BOTH, [(["dnskey.add"], {}), (["ds.replace"], {"s1": 3900})]),
        (StandbyKsk.SIGNING, [(["dnskey.add"], {}), (["ds.replace"], {"s1": 3900})]),
        (
            StandbyKsk.DS,
            [(["dnskey.add"], {}), (["ds.replace"], {"s1": 3900}), (["dnskey.remove"], {"s2": 1})],
        ),
    ],
)
def test_a_standby_ksk_is_made_and_shown_as_its_kind_says(
    b: Builders, kind: StandbyKsk, steps: list[tuple[list[str], dict[str | None, int]]]
) -> None:
    plan = plan_zone(b.desire(standby_ksk=kind), b.signed())
    assert table(plan) == steps
    assert plan.timeline
    assert isinstance(prove(plan.steps, plan.timeline), Proved)


@pytest.mark.parametrize("kind", [kind for kind in StandbyKsk if kind is not StandbyKsk.NONE])
def test_a_standby_ksk_that_is_ready_asks_for_nothing(b: Builders, kind: StandbyKsk) -> None:
    assert plan_zone(b.desire(standby_ksk=kind), ready(b, kind)).status is Status.NO_CHANGE


@pytest.mark.parametrize(
    ("kind", "steps"),
    [
        # (iv): the standby key signs and has a DS: nothing to wait for
        (StandbyKsk.SIGNING, [(["dnskey.remove", "ds.replace"], {})]),
        # (iii) and (i): DprpC + TTLkey before the DS of the old key may go
        (
            StandbyKsk.BOTH,
            [(["dnskey.sign"], {}), (["dnskey.remove", "ds.replace"], {"s1": 3900})],
        ),
        (StandbyKsk.DS, [(["dnskey.add"], {}), (["dnskey.remove", "ds.replace"], {"s1": 3900})]),
        # (ii): DprpP + TTLds before the DNSKEY of the old key may go
        (
            StandbyKsk.DNSKEY,
            [
                (["dnskey.sign", "ds.replace"], {}),
                (["dnskey.remove", "ds.replace"], {"s1": 7200}),
            ],
        ),
    ],
)
def test_the_kind_of_standby_key_decides_what_an_emergency_waits_for(
    b: Builders, kind: StandbyKsk, steps: list[tuple[list[str], dict[str | None, int]]]
) -> None:
    start = ready(b, kind)
    plan = plan_zone(emergency(b.desire(standby_ksk=kind), b.name("k1")), start)
    assert table(plan) == steps
    assert plan.timeline
    assert isinstance(prove(plan.steps, plan.timeline), Proved)


def test_after_an_emergency_the_next_standby_key_is_made(b: Builders) -> None:
    desired = emergency(b.desire(standby_ksk=StandbyKsk.SIGNING), b.name("k1"))
    start = b.observe(ds=["k2"], keys=["k2", "z1"], data=["z1"], held=["k1"])
    plan = plan_zone(desired, start)
    assert [op(m) for step in plan.steps for m in step.moves] == ["dnskey.add", "ds.replace"]
    assert plan.timeline
    assert "ksk@13/3" in plan.timeline.keys


def test_a_rollover_promotes_the_standby_key_and_makes_the_next(b: Builders) -> None:
    desired = b.desire(standby_ksk=StandbyKsk.BOTH, ksk=2)
    plan = plan_zone(desired, ready(b, StandbyKsk.BOTH))
    assert table(plan) == [
        (["dnskey.add", "dnskey.sign"], {}),
        (["dnskey.remove", "ds.replace"], {"s1": 3900}),
    ]


def test_a_standby_zsk_is_published_and_signs_nothing(b: Builders) -> None:
    plan = plan_zone(b.desire(standby_zsk=True), b.signed())
    assert table(plan) == [(["dnskey.add"], {})]
    there = b.observe(ds=["k1"], keys=["k1", "z1", "z2"], data=["z1"])
    assert plan_zone(b.desire(standby_zsk=True), there).status is Status.NO_CHANGE


def test_a_standby_zsk_takes_the_place_of_a_compromised_one_without_publishing_first(
    b: Builders,
) -> None:
    start = b.observe(ds=["k1"], keys=["k1", "z1", "z2"], data=["z1"])
    plan = plan_zone(emergency(b.desire(standby_zsk=True), b.name("z1")), start)
    assert table(plan) == [(["data.sign"], {}), (["dnskey.remove"], {"s1": 86700})]


def test_a_standby_csk_signs_no_data(b: Builders) -> None:
    desired = b.desire(scheme=b.CSK, standby_ksk=StandbyKsk.SIGNING)
    there = b.observe(ds=["c1", "c2"], keys=["c1", "c2"], data=["c1"])
    assert plan_zone(desired, there).status is Status.NO_CHANGE
    assert table(plan_zone(desired, b.signed_csk())) == [
        (["dnskey.add"], {}),
        (["ds.replace"], {"s1": 3900}),
    ]
