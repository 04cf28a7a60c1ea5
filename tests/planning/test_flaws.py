"""What other engines get wrong (lifecycle §1, §2.8), as tests that ours does not.

Four CSK rollovers in quick succession and three KSKs at once stand in `test_unsettled`, DS and NS
dropped together and an old apex NS in `test_signers`, signatures that end in `test_deadlines`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import op
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Proved, Refuted, Status, ZonePlan
from reconciler.model.timeline import DataVersion, DnskeyVersion, DsVersion, NsVersion, Version
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

DAY = 86400
NS = (
    NsVersion(ttl=DAY, propagation=3600, signers=frozenset({"a"})),
    NsVersion(signer="a", ttl=DAY, propagation=300, signers=frozenset({"a"})),
)
DATA = DataVersion(ttl=DAY, propagation=300, signer="a", signed_by=frozenset({"z1"}))


def dnskey(*keys: str, at: int | None = None, ttl: int = 3600) -> DnskeyVersion:
    signed_by = frozenset(k for k in keys if k[0] == "k")
    return DnskeyVersion(
        at=at, ttl=ttl, propagation=300, signer="a", keys=frozenset(keys), signed_by=signed_by
    )


def ds(*keys: str, at: int | None = None, ttl: int = 3600) -> DsVersion:
    refs = frozenset(DsRef(key, 2) for key in keys)
    return DsVersion(at=at, ttl=ttl, propagation=3600, ds=refs)


def since(b: Builders, *history: Version, **shape: object) -> ObservedZone:
    return b.observe(settled=False, history=(*NS, *history), **shape)  # type: ignore[arg-type]


def check(plan: ZonePlan) -> None:
    assert plan.status is Status.PLANNED, plan.refusals
    assert plan.timeline
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)


def test_lower_the_ttl_then_roll_at_once_waits_for_the_old_ttl(b: Builders) -> None:
    """Finding 5, T13: the DNSKEY TTL was a day until six minutes ago."""
    start = since(
        b,
        replace(DATA, ttl=3600),
        ds("k1"),
        dnskey("k1", "z1", ttl=DAY),
        dnskey("k1", "z1", at=-360),
        ds=["k1"],
        keys=["k1", "z1"],
        data=["z1"],
        times=b.Times(data=3600),
    )
    plan = plan_zone(b.desire(zsk=2), start)
    check(plan)
    assert max(n.wait_min for n in plan.steps[1].needs) == DAY + 300 - 360


def test_a_ds_ttl_that_is_cut_with_the_change_does_not_shorten_the_wait(b: Builders) -> None:
    """Finding 4: the parent replaced a DS of a day's TTL by one of ten minutes just now."""
    times = b.Times(ds=600)
    history = (DATA, dnskey("k1", "k2", "z1"), ds("k1", ttl=DAY), ds("k2", at=0, ttl=600))
    shape = {"ds": ["k2"], "keys": ["k1", "k2", "z1"], "data": ["z1"], "times": times}
    plan = plan_zone(b.desire(ksk=2), since(b, *history, **shape))
    check(plan)
    (last,) = plan.steps
    assert [op(m) for m in last.moves] == ["dnskey.remove"]
    assert max(n.wait_min for n in last.needs) == DAY + 3600


def test_two_digest_types_of_one_key_are_one_key(b: Builders) -> None:
    """Findings 10 and 11: nobody counts DS records, and nobody waits for an exact match."""
    plan = plan_zone(b.desire(ksk=2, digest_types=frozenset({2, 4})), b.signed(digests=(2, 4)))
    check(plan)
    assert len(plan.steps) == 3


@pytest.mark.parametrize("flags", [257, 257 | 128])
def test_keys_that_share_a_tag_are_not_planned_with(b: Builders, flags: int) -> None:
    """I9, findings 15: also where the other one is revoked, which adds 128 to its tag."""
    one = Key(label="k1", algorithm=13, flags=257, public_key=b"abcdef", home="a")
    swapped = b"cdabef" if flags == 257 else _same_tag(one, flags)
    other = replace(one, label="k2", flags=flags, public_key=swapped)
    assert one.tag == other.tag
    start = b.observe(ds=["k1"], keys=["k1", "k2", "z1"], data=["z1"], entries=[one, other])
    assert plan_zone(b.desire(ksk=2), start).refusals[0].rule == "I9"


def _same_tag(key: Key, flags: int) -> bytes:
    """Material that makes up in one octet pair for what other flags add."""
    assert key.public_key
    pair = int.from_bytes(key.public_key[:2]) + key.flags - flags
    return pair.to_bytes(2) + key.public_key[2:]


def test_a_manual_parent_that_is_a_day_late_breaks_nothing(b: Builders) -> None:
    plan = plan_zone(b.desire(ksk=2), b.signed())
    assert plan.timeline
    late = b.earliest(plan, {"s2": DAY})
    assert b.bad_views(plan.timeline, late, b.partial_versions(plan)) == []


def test_a_half_re_signed_zone_is_two_versions_and_keeps_both_keys(b: Builders) -> None:
    """The signer still replaces signatures of z1 by those of z2 for up to a day."""
    times = b.Times(signing=DAY)
    new = replace(DATA, at=-3600, propagation=300 + DAY, signed_by=frozenset({"z2"}))
    history = (DATA, new, dnskey("k1", "z1", "z2"), ds("k1"))
    shape = {"ds": ["k1"], "keys": ["k1", "z1", "z2"], "data": ["z2"], "times": times}
    plan = plan_zone(b.desire(zsk=2), since(b, *history, **shape))
    check(plan)
    (last,) = plan.steps
    assert max(n.wait_min for n in last.needs) == DAY + 300 + DAY - 3600


def test_two_calls_on_one_rrset_pass_through_nothing_that_is_bogus(b: Builders) -> None:
    """A parent with one DS per call adds before it removes."""
    plan = plan_zone(b.desire(ksk=2), b.signed(parent=b.ONE_AT_A_TIME))
    check(plan)
    calls = [op(m) for step in plan.steps for m in step.moves if op(m).startswith("ds")]
    assert calls == ["ds.add", "ds.remove"]


def test_an_algorithm_that_flips_back_loses_no_ds(b: Builders) -> None:
    """Scenario 48: from every position of 13 to 8 back to 13, and to the end."""
    start = b.signed()
    there = plan_zone(b.desire(algorithm=8), start)
    for taken in range(1, len(there.steps)):
        now = b.after(start, there, taken)
        back = plan_zone(b.desire(algorithm=13), now)
        check(back)
        assert back.timeline
        assert all(v.ds for v in back.timeline.versions if isinstance(v, DsVersion))


def test_a_zone_signed_again_waits_for_the_ds_it_had(b: Builders) -> None:
    """Scenario 6: the DS of k1 went ten minutes ago, and its key with it."""
    history = (
        ds("k1"),
        ds(at=-600, ttl=900),
        dnskey("k1", "z1"),
        dnskey(at=-600),
        DATA,
        replace(DATA, at=-600, signed_by=frozenset()),
    )
    start = since(b, *history, held=["k1", "z1"])
    plan = plan_zone(b.desire(), start)
    check(plan)


def test_a_second_rollover_before_the_first_is_everywhere_is_refuted_without_its_wait(
    b: Builders,
) -> None:
    """Flaw F2: what makes it safe is the wait, and the proof knows it."""
    start = b.signed()
    first = plan_zone(b.desire(ksk=2), start)
    second = plan_zone(b.desire(ksk=3), b.after(start, first, 1))
    check(second)
    step = next(s for s in second.steps if any(n.reason == "proof" for n in s.needs))
    need = next(n for n in step.needs if n.reason == "proof")
    hasty = b.shorten(second, step.id, need)
    assert hasty.timeline
    assert isinstance(prove(hasty.steps, hasty.timeline), Refuted)
