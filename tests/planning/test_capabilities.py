"""What systems can do decides which paths there are; where there is none, the plan says why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import (
    DsWrite,
    ParentCapabilities,
    RollsByItself,
    SignerCapabilities,
    Signing,
)
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import ZoneSign, ZoneUnsign, op
from reconciler.model.observed import SignatureFacts
from reconciler.model.plan import Status, ZonePlan
from reconciler.planning import plan_zone

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.observed import ObservedZone
    from tests.planning.conftest import Builders

HOSTED = SignerCapabilities(signing=Signing.SWITCH, rolls_by_itself=RollsByItself.ZSK)
SLOTS = SignerCapabilities(signing=Signing.KSK_SLOTS, max_ksk=2)


def operations(plan: ZonePlan) -> list[list[str]]:
    return [sorted(op(m) for m in step.moves) for step in plan.steps]


def test_a_hosted_signer_is_turned_on_with_symbols_for_the_keys_it_makes(b: Builders) -> None:
    plan = plan_zone(b.desire(), b.observe(signer=HOSTED))
    assert operations(plan) == [["zone.sign"], ["ds.replace"]]
    assert plan.steps[0].moves == (ZoneSign(signer="a", keys=frozenset({"ksk@13/1", "zsk@13/1"})),)


def test_a_hosted_signer_is_turned_off_after_the_ds_is_gone(b: Builders) -> None:
    plan = plan_zone(b.desire(signed=False), b.signed(signer=HOSTED))
    assert operations(plan) == [["ds.replace"], ["zone.unsign"]]
    assert plan.steps[1].moves == (ZoneUnsign(signer="a"),)
    assert [way.after for way in plan.rollback] == ["s1"], "its old keys may not come back"


def test_a_hosted_signers_own_zsk_rollover_is_no_change(b: Builders) -> None:
    start = b.observe(ds=["k1"], keys=["k1", "z1", "z2"], data=["z2"], signer=HOSTED)
    assert plan_zone(b.desire(), start).status is Status.NO_CHANGE


@pytest.mark.parametrize("role", ["ksk", "zsk"])
def test_a_hosted_signers_keys_cannot_be_rolled_and_the_refusal_prices_the_way_around(
    b: Builders, role: str
) -> None:
    desired = b.desire(ksk=2) if role == "ksk" else b.desire(zsk=2)
    plan = plan_zone(desired, b.signed(signer=HOSTED))
    assert plan.status is Status.NO_SAFE_PATH
    (refusal,) = plan.refusals
    assert refusal.rule == "capability:signing"
    assert refusal.opens
    # DS out 7200, off and on 1, unsigned data out 86700, absence of DS out 4500
    assert (refusal.exposure_bogus, refusal.exposure_insecure) == (0, 98401)


def test_ksk_slots_roll_the_ksk_and_leave_the_zsk(b: Builders) -> None:
    plan = plan_zone(b.desire(ksk=2), b.signed(signer=SLOTS))
    assert operations(plan) == [["dnskey.add"], ["ds.replace"], ["dnskey.remove"]]
    assert plan_zone(b.desire(zsk=2), b.signed(signer=SLOTS)).status is Status.NO_SAFE_PATH


def test_a_full_ksk_slot_leaves_no_path(b: Builders) -> None:
    one = replace(SLOTS, max_ksk=1)
    plan = plan_zone(b.desire(ksk=2), b.signed(signer=one))
    assert plan.status is Status.NO_SAFE_PATH
    assert plan.refusals


def test_an_algorithm_that_the_signer_lacks_is_refused(b: Builders) -> None:
    plan = plan_zone(b.desire(algorithm=16), b.signed())
    assert plan.status is Status.NO_SAFE_PATH
    assert plan.refusals[0].rule == "capability:algorithms"


def test_one_ds_at_a_time_adds_before_it_removes(b: Builders) -> None:
    plan = plan_zone(b.desire(ksk=2), b.signed(parent=b.ONE_AT_A_TIME))
    assert operations(plan) == [["dnskey.add"], ["ds.add"], ["dnskey.remove", "ds.remove"]]
    assert plan.steps[1].needs[0].reason == "rule:I6"


def test_a_parent_that_takes_no_ds_is_refused_only_where_the_ds_must_change(b: Builders) -> None:
    mute = ParentCapabilities(write=DsWrite.NONE)
    refused = plan_zone(b.desire(ksk=2), b.signed(parent=mute))
    assert refused.refusals[0].rule == "capability:write"
    assert plan_zone(b.desire(zsk=2), b.signed(parent=mute)).status is Status.PLANNED


def test_a_manual_parent_is_a_person(b: Builders) -> None:
    plan = plan_zone(b.desire(ksk=2), b.signed(parent=ParentCapabilities(manual=True, weight=20)))
    assert [step.actor for step in plan.steps] == ["signer:a", "person", "signer:a"]


def test_a_signer_that_was_not_seen_blocks(b: Builders) -> None:
    assert plan_zone(b.desire(signers=("b",)), b.signed()).status is Status.BLOCKED


def test_a_delegation_to_a_signer_that_was_not_seen_blocks(b: Builders) -> None:
    start = b.signed()
    start = replace(start, parent=replace(start.parent, ns=frozenset({"b"})))
    plan = plan_zone(b.desire(ksk=2), start)
    assert (plan.status, plan.refusals[0].rule) == (Status.BLOCKED, "observation")


def test_keys_with_one_tag_block(b: Builders) -> None:
    """I9: swapping two aligned pairs of octets keeps the sum that the tag is."""
    one = Key(label="k1", algorithm=13, flags=257, public_key=b"abcdef", home="a")
    other = replace(one, label="k2", public_key=b"cdabef")
    assert one.tag == other.tag
    start = b.observe(ds=["k1"], keys=["k1", "k2", "z1"], data=["z1"], entries=[one, other])
    plan = plan_zone(b.desire(), start)
    assert (plan.status, plan.refusals[0].rule) == (Status.BLOCKED, "I9")


def test_a_key_that_is_named_and_not_described_blocks(b: Builders) -> None:
    start = b.signed()
    start = replace(start, keys={"k1": start.keys["k1"]})
    assert plan_zone(b.desire(), start).status is Status.BLOCKED


def test_a_polling_parent_beside_a_cds_set_is_refused(b: Builders) -> None:
    polls = ParentCapabilities(polls_cds=True)
    start = b.signed(parent=polls, cds=frozenset({DsRef("k1", 2)}))
    assert plan_zone(b.desire(ksk=2), start).refusals[0].rule == "I10"


@pytest.fixture
def ending(b: Builders) -> Callable[[int], ObservedZone]:
    """A signed zone whose signatures end in 10,000 s, under a parent as slow as said."""

    def at(processing_max: int) -> ObservedZone:
        start = b.signed(parent=ParentCapabilities(processing_max=processing_max))
        facts = replace(start.signers["a"], signatures=SignatureFacts(expires=10_000))
        return replace(start, signers={"a": facts})

    return at


def test_signatures_that_end_refuse_everything_but_removing_the_ds_in_time(
    b: Builders, ending: Callable[[int], ObservedZone]
) -> None:
    assert plan_zone(b.desire(ksk=2), ending(600)).refusals[0].rule == "I4"
    plan = plan_zone(b.desire(signed=False), ending(600))
    assert plan.timeline
    assert [d.wait_max for d in plan.steps[0].not_after] == [10_000 - 7200]
    assert 10_000 in [getattr(v, "expires", None) for v in plan.timeline.versions]


def test_a_parent_that_may_remove_the_ds_too_late_is_refused_by_how_much(
    b: Builders, ending: Callable[[int], ObservedZone]
) -> None:
    refusal = plan_zone(b.desire(signed=False), ending(86400)).refusals[0]
    assert refusal.rule == "I4"
    assert "23 h 13 min 20 s" in refusal.summary
    assert "processing_max" in refusal.opens


def test_dropping_strict_validators_needs_an_explicit_request(b: Builders) -> None:
    """A DS of another algorithm that is not ours to remove, and no key of it signs the data."""
    stray = Key(label="stray", algorithm=8, flags=257, public_key=b"stray", home=None)
    start = b.observe(
        ds=["k1", "stray"],
        keys=["k1", "z1", "stray"],
        data=["z1"],
        signed_by=["k1"],
        entries=[stray],
    )
    refused = plan_zone(b.desire(zsk=2), start)
    assert (refused.status, refused.refusals[0].rule) == (Status.NO_SAFE_PATH, "ds-alg")
    assert "drop_strict" in refused.refusals[0].opens
    asked = plan_zone(b.desire(zsk=2, drop_strict=True), start)
    assert asked.timeline
    assert asked.timeline.profiles == ("loose", "sha1-ignored")
    assert any("ds-alg" in text for text in asked.timeline.assumptions)
