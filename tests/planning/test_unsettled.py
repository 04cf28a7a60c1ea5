"""Starts in the middle of something: after a kill, after a change, with history or without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.keys import DsRef
from reconciler.model.moves import op
from reconciler.model.plan import Status
from reconciler.model.timeline import DataVersion, DnskeyVersion, DsVersion, NsVersion
from reconciler.planning import plan_zone

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

OLD_NS = (
    NsVersion(ttl=86400, propagation=3600, signers=frozenset({"a"})),
    NsVersion(signer="a", ttl=86400, propagation=300, signers=frozenset({"a"})),
)
OLD_DATA = DataVersion(ttl=86400, propagation=300, signer="a", signed_by=frozenset({"z1"}))
OLD_DS = DsVersion(ttl=3600, propagation=3600, ds=frozenset({DsRef("k1", 2)}))


def old_dnskey(*keys: str, at: int | None = None) -> DnskeyVersion:
    signed_by = frozenset(k for k in keys if k[0] == "k")
    return DnskeyVersion(
        at=at, ttl=3600, propagation=300, signer="a", keys=frozenset(keys), signed_by=signed_by
    )


def test_without_history_every_slot_has_an_unknown_past_and_the_first_step_waits_it_out(
    b: Builders,
) -> None:
    plan = plan_zone(b.desire(ksk=2), b.signed(settled=False))
    assert plan.timeline
    unknown = [v for v in plan.timeline.versions if v.unknown]
    assert len(unknown) == 5
    assert [v.at for v in plan.timeline.versions if v.step is None and not v.unknown] == [0] * 5
    (need,) = plan.steps[0].needs
    assert (need.step, need.wait_min, need.reason) == (None, 90000, "rule:unknown")


def test_history_shortens_the_wait_to_what_caches_may_still_hold(b: Builders) -> None:
    history = (
        *OLD_NS,
        OLD_DATA,
        OLD_DS,
        old_dnskey("k1", "z1"),
        old_dnskey("k1", "z1", "k2", at=-1000),
    )
    start = b.observe(
        ds=["k1"], keys=["k1", "k2", "z1"], data=["z1"], settled=False, history=history
    )
    plan = plan_zone(b.desire(ksk=2), start)
    assert [[op(m) for m in s.moves] for s in plan.steps] == [["ds.replace"], ["dnskey.remove"]]
    (need,) = plan.steps[0].needs
    assert (need.step, need.wait_min, need.reason) == (None, 2900, "proof")
    assert plan.duration_min == 7200


def test_a_change_long_ago_asks_for_no_wait(b: Builders) -> None:
    history = (
        *OLD_NS,
        OLD_DATA,
        OLD_DS,
        old_dnskey("k1", "z1"),
        old_dnskey("k1", "z1", "k2", at=-3900),
    )
    start = b.observe(
        ds=["k1"], keys=["k1", "k2", "z1"], data=["z1"], settled=False, history=history
    )
    assert plan_zone(b.desire(ksk=2), start).steps[0].needs == ()


def test_a_version_that_history_does_not_tell_of_is_taken_to_stand_since_now(b: Builders) -> None:
    history = (*OLD_NS, OLD_DATA, OLD_DS, old_dnskey("k1", "z1"))
    start = b.observe(
        ds=["k1"], keys=["k1", "k2", "z1"], data=["z1"], settled=False, history=history
    )
    (need,) = plan_zone(b.desire(ksk=2), start).steps[0].needs
    assert (need.step, need.wait_min) == (None, 3900)


def test_a_wait_counts_the_ttl_the_displaced_version_had(b: Builders) -> None:
    """T13: the DNSKEY TTL was lowered from a day to an hour lately; caches keep the day."""
    long = DnskeyVersion(
        ttl=86400,
        propagation=300,
        signer="a",
        keys=frozenset({"k1", "z1"}),
        signed_by=frozenset({"k1"}),
    )
    short = old_dnskey("k1", "z1", "z2", at=-360)
    history = (*OLD_NS, replace(OLD_DATA, ttl=3600), OLD_DS, long, short)
    start = b.observe(
        ds=["k1"],
        keys=["k1", "z1", "z2"],
        data=["z1"],
        times=b.Times(data=3600),
        settled=False,
        history=history,
    )
    (need,) = plan_zone(b.desire(zsk=2), start).steps[0].needs
    assert need.wait_min == 86400 + 300 - 360


def test_disabling_does_not_wait_for_what_nobody_looks_at_without_a_ds(b: Builders) -> None:
    plan = plan_zone(b.desire(signed=False), b.signed(settled=False))
    assert [(n.step, n.wait_min) for n in plan.steps[0].needs] == [(None, 1)]
    assert {n.step: n.wait_min for n in plan.steps[1].needs} == {"s1": 7200}


@pytest.mark.parametrize("procedure", ["ksk", "zsk", "csk", "split", "combine", "algorithm"])
def test_planning_from_any_position_continues_to_the_same_end(b: Builders, procedure: str) -> None:
    desired, start = {
        "ksk": (b.desire(ksk=2), b.signed()),
        "zsk": (b.desire(zsk=2), b.signed()),
        "csk": (b.desire(scheme=b.CSK, csk=2), b.signed_csk()),
        "split": (b.desire(), b.signed_csk()),
        "combine": (b.desire(scheme=b.CSK), b.signed()),
        "algorithm": (b.desire(algorithm=8), b.signed()),
    }[procedure]
    whole = plan_zone(desired, start)
    for taken in range(len(whole.steps) + 1):
        rest = plan_zone(desired, b.after(start, whole, taken))
        left = [s.moves for s in whole.steps[taken:]]
        assert [s.moves for s in rest.steps] == left
        assert rest.status is (Status.PLANNED if left else Status.NO_CHANGE)
        if rest.timeline:
            assert b.bad_views(rest.timeline, b.earliest(rest)) == []


def test_a_second_rollover_in_the_middle_of_one_keeps_the_first_key_until_its_ds_is_gone(
    b: Builders,
) -> None:
    """Three is a crowd (flaw F2 of other engines)."""
    start = b.signed()
    first = plan_zone(b.desire(ksk=2), start)
    for taken in (1, 2):
        second = plan_zone(b.desire(ksk=3), b.after(start, first, taken))
        assert second.status is Status.PLANNED
        assert second.timeline
        assert b.bad_views(second.timeline, b.earliest(second), b.partial_versions(second)) == []


def test_four_csk_rollovers_in_quick_succession_stay_safe(b: Builders) -> None:
    """Flaw F1 of other engines: each roll starts while the one before is under way."""
    now = b.signed_csk(times=b.Times(dnskey=2 * 3600, data=6 * 3600, ds=2 * 3600))
    for generation in range(2, 6):
        desired = b.desire(scheme=b.CSK, csk=generation)
        plan = plan_zone(desired, now)
        assert plan.status is Status.PLANNED, plan.refusals
        assert plan.timeline
        assert b.bad_views(plan.timeline, b.earliest(plan), b.partial_versions(plan)) == []
        now = b.after(now, plan, 2)


def test_no_profile_is_claimed_that_what_caches_remember_breaks_already(b: Builders) -> None:
    """A DNSKEY RRset with a key of another algorithm, which signed nothing, left just now."""
    both = old_dnskey("k1", "k2@8", "z1")
    now = old_dnskey("k1", "z1", at=0)
    history = (*OLD_NS, OLD_DATA, OLD_DS, both, now)
    start = b.observe(ds=["k1"], keys=["k1", "z1"], data=["z1"], held=["k2@8"], settled=False)
    plan = plan_zone(b.desire(zsk=2), replace(start, history=history))
    assert plan.timeline
    assert "rfc4035" not in plan.timeline.profiles
    assert "ds-alg" in plan.timeline.profiles
