"""What somebody says of a key by name: kept, removed, replaced, and never taken for another."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.desired import DesiredZone, KeyState
from reconciler.model.keys import DsRef, Key, UnmatchedDs, dnskey_rdata
from reconciler.model.moves import DnskeyAdd, DnskeyRemove, DsReplace, Move
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Status, ZonePlan
from reconciler.planning import plan_zone

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

STRAY = Key(label="stray", algorithm=13, flags=256, public_key=b"stray", home=None)


def moves(plan: ZonePlan) -> list[Move]:
    return [move for step in plan.steps for move in step.moves]


def say(desired: DesiredZone, **states: str) -> DesiredZone:
    named = {name.replace("_", "/"): KeyState(state) for name, state in states.items()}
    return replace(desired, named_keys=named)


def called(desired: DesiredZone, name: str, state: KeyState) -> DesiredZone:
    return replace(desired, named_keys={name: state})


def strange(b: Builders) -> ObservedZone:
    """A zone with a DNSKEY that nobody known holds."""
    return b.observe(
        ds=["k1"], keys=["k1", "z1", "stray"], data=["z1"], entries=[STRAY], signed_by=["k1"]
    )


def test_a_key_nobody_declared_is_left_alone_and_reported_even_where_nothing_changes(
    b: Builders,
) -> None:
    plan = plan_zone(b.desire(), strange(b))
    assert plan.status is Status.NO_CHANGE
    assert "stray" in plan.hints[0]


def test_a_key_nobody_declared_goes_once_it_is_named(b: Builders) -> None:
    desired = called(b.desire(), f"13/{STRAY.tag}", KeyState.REMOVE)
    assert moves(plan_zone(desired, strange(b))) == [DnskeyRemove(signer="a", key="stray")]


def test_a_key_goes_by_its_dnskey_or_the_digest_of_its_ds(b: Builders) -> None:
    rdata = dnskey_rdata(STRAY.flags, STRAY.algorithm, b"stray")
    digest = hashlib.sha256(b"\7example\3com\0" + rdata).hexdigest()
    for name in (STRAY.text(), f"{STRAY.tag} 13 2 {digest}"):
        desired = called(b.desire(), name, KeyState.REMOVE)
        assert moves(plan_zone(desired, strange(b))) == [DnskeyRemove(signer="a", key="stray")]


def test_a_name_that_means_two_keys_does_nothing(b: Builders) -> None:
    """I9: swapping two aligned pairs of octets keeps the sum that the tag is."""
    one = Key(label="k2", algorithm=13, flags=257, public_key=b"abcdef", home="a")
    other = replace(one, label="k3", public_key=b"cdabef")
    start = b.signed(held=["k2", "k3"], entries=[one, other])
    plan = plan_zone(called(b.desire(), f"13/{one.tag}", KeyState.REMOVE), start)
    assert (plan.status, plan.refusals[0].rule) == (Status.BLOCKED, "I9")
    assert plan_zone(called(b.desire(), one.text(), KeyState.REMOVE), start).steps == ()


def test_a_name_that_means_nothing_any_more_asks_for_nothing(b: Builders) -> None:
    plan = plan_zone(say(b.desire(), **{"13_9": "compromised"}), b.signed())
    assert plan.status is Status.NO_CHANGE


def test_a_key_that_was_named_to_go_is_replaced_though_its_generation_is_asked_for(
    b: Builders,
) -> None:
    desired = called(b.desire(ksk=1, zsk=1), b.name("k1"), KeyState.REMOVE)
    plan = plan_zone(desired, b.signed())
    assert DnskeyAdd(signer="a", key="ksk@13/2", sign=True) in moves(plan)
    assert any("later generation" in hint for hint in plan.hints)
    after = b.observe(ds=["k2"], keys=["k2", "z1"], data=["z1"])
    assert plan_zone(desired, after).status is Status.NO_CHANGE


def test_a_kept_key_stays_through_a_rollover_of_its_role(b: Builders) -> None:
    start = b.observe(ds=["k1", "k2"], keys=["k1", "k2", "z1"], data=["z1"])
    desired = called(b.desire(ksk=3), b.name("k2"), KeyState.KEEP)
    plan = plan_zone(desired, start)
    assert DnskeyRemove(signer="a", key="k2") not in moves(plan)
    assert DnskeyRemove(signer="a", key="k1") in moves(plan)
    (change,) = [m for m in moves(plan) if isinstance(m, DsReplace)]
    assert {ref.key for ref in change.ds} == {"k2", "ksk@13/3"}


@pytest.mark.parametrize("name", ["13/7", "7 13 2 00"])
def test_a_ds_that_fits_no_key_stays_where_it_is_named_to_be_kept(b: Builders, name: str) -> None:
    """P20: otherwise it goes, for no view needs it."""
    dead = UnmatchedDs(label="dead", algorithm=13, rdata="7 13 2 00")
    start = b.observe(ds=["k1", "dead"], keys=["k1", "z1"], data=["z1"], entries=[dead])
    plan = plan_zone(b.desire(), start)
    assert moves(plan) == [DsReplace(ds=frozenset({DsRef("k1", 2)}))]
    assert any("keep" in hint for hint in plan.hints)
    kept = plan_zone(called(b.desire(), name, KeyState.KEEP), start)
    assert kept.status is Status.NO_CHANGE


def test_a_key_of_which_two_things_are_said_is_not_planned_with(b: Builders) -> None:
    key = b.key_of("k1")
    assert isinstance(key, Key)
    named = {b.name("k1"): KeyState.LOST, key.text(): KeyState.COMPROMISED}
    plan = plan_zone(replace(b.desire(), named_keys=named), b.signed())
    assert (plan.status, plan.refusals[0].rule) == (Status.BLOCKED, "desired-state")
    same = dict.fromkeys(named, KeyState.KEEP)
    assert plan_zone(replace(b.desire(), named_keys=same), b.signed()).status is Status.NO_CHANGE


def revoked(key: object) -> Key:
    assert isinstance(key, Key)
    return replace(key, label=f"{key.label}-revoked", flags=key.flags | 128)


@pytest.mark.parametrize("state", KeyState)
def test_no_plan_revokes_a_key_and_who_names_its_revoked_form_is_told(
    b: Builders, state: KeyState
) -> None:
    """P22, RFC 5011: the revoked form is another DNSKEY, with another tag and another DS."""
    name = revoked(b.key_of("k1")).text()
    (refusal,) = plan_zone(called(b.desire(ksk=2), name, state), b.signed()).refusals
    assert (refusal.rule, "no plan revokes" in refusal.summary) == ("I17", True)


def test_a_revoked_key_that_is_seen_is_named(b: Builders) -> None:
    gone = revoked(b.key_of("k9"))
    start = b.observe(ds=["k1"], keys=["k1", gone.label, "z1"], data=["z1"], entries=[gone])
    hints = plan_zone(b.desire(), start).hints
    assert any(f"{gone.label} at a is revoked" in hint for hint in hints)


def test_a_key_whose_revoked_form_would_bear_the_tag_of_another_is_named(b: Builders) -> None:
    """I9: REVOKE adds 128 to the tag; the other key's first octet pair makes up for it."""
    one = Key(label="k1", algorithm=13, flags=257, public_key=b"abcdef", home="a", generation=1)
    pair = int.from_bytes(b"ab") + 128
    other = replace(one, label="k9", public_key=pair.to_bytes(2) + b"cdef", home=None)
    assert other.tag == revoked(one).tag
    start = b.observe(ds=["k1"], keys=["k1", "k9", "z1"], data=["z1"], entries=[one, other])
    hints = [hint for hint in plan_zone(b.desire(), start).hints if "once revoked" in hint]
    assert len(hints) == 1
    assert "k1, once revoked, would have the tag" in hints[0]
