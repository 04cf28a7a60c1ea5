"""Signers that roll by themselves are asked, waited for, told of the DS, and never fought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import RollsByItself, SignerCapabilities, Signing
from reconciler.model.moves import DsConfirm, Move, RollStart, op
from reconciler.model.plan import Proved, Refuted, Status, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

POLICY = SignerCapabilities(
    signing=Signing.POLICY, algorithms=frozenset({8, 13}), rolls_by_itself=RollsByItself.ALL
)
OURS, ITSELF = "signer:a", "signer-itself:a"


def said(move: Move) -> str:
    match move:
        case DsConfirm(key=key, present=present):
            return f"{key} {'there' if present else 'gone'}"
        case RollStart(old=old, new=new):
            return f"{old} -> {new}"
        case _:
            return op(move)


def table(plan: ZonePlan) -> list[tuple[str, list[str], dict[str | None, tuple[int, str]]]]:
    assert plan.timeline, plan.refusals
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
    return [
        (s.actor, sorted(map(said, s.moves)), {n.step: (n.wait_min, n.reason) for n in s.needs})
        for s in plan.steps
    ]


def test_a_ksk_rollover_is_asked_for_and_confirmed_when_no_cache_disagrees(b: Builders) -> None:
    """RFC 7583 §3.3.5; BIND `rndc dnssec -rollover` and `-checkds`, Knot `ksk-submitted`."""
    assert table(plan_zone(b.desire(ksk=2), b.signed(signer=POLICY))) == [
        (OURS, ["k1 -> ksk@13/2"], {}),
        (ITSELF, ["dnskey.add"], {"s1": (1, "rule:order")}),
        ("parent", ["ds.replace"], {"s2": (3900, "proof")}),
        (OURS, ["k1 gone", "ksk@13/2 there"], {"s3": (7200, "rule:I11")}),
        (ITSELF, ["dnskey.remove"], {"s4": (1, "rule:order")}),
    ]


def test_a_zsk_rollover_is_asked_for_and_left_to_the_signer(b: Builders) -> None:
    plan = plan_zone(b.desire(zsk=2), b.signed(signer=POLICY))
    assert table(plan) == [
        (OURS, ["z1 -> zsk@13/2"], {}),
        (ITSELF, ["dnskey.add"], {"s1": (1, "rule:order")}),
        (ITSELF, ["data.sign"], {"s2": (3900, "proof")}),
        (ITSELF, ["dnskey.remove"], {"s3": (86700, "proof")}),
    ]
    assert plan.timeline
    assert any("RFC 7583" in text for text in plan.timeline.assumptions)
    assert [n.margin for step in plan.steps for n in step.needs] == [0, 0, 0]


def test_a_csk_rollover_lets_the_signer_swap_signatures_before_the_ds(b: Builders) -> None:
    plan = plan_zone(b.desire(csk=2, scheme=b.CSK), b.signed_csk(signer=POLICY))
    assert [row[:2] for row in table(plan)] == [
        (OURS, ["c1 -> csk@13/2"]),
        (ITSELF, ["dnskey.add"]),
        (ITSELF, ["data.sign"]),
        ("parent", ["ds.replace"]),
        (OURS, ["c1 gone", "csk@13/2 there"]),
        (ITSELF, ["dnskey.remove"]),
    ]


def test_an_algorithm_rollover_is_two_rollovers_at_once(b: Builders) -> None:
    """T5: the liberal way, as BIND goes it; old signatures stay until the DS is confirmed gone."""
    assert table(plan_zone(b.desire(algorithm=8), b.signed(signer=POLICY))) == [
        (OURS, ["k1 -> ksk@8/1", "z1 -> zsk@8/1"], {}),
        (ITSELF, ["data.sign", "dnskey.add", "dnskey.add"], {"s1": (1, "rule:order")}),
        ("parent", ["ds.replace"], {"s2": (86700, "proof")}),
        (OURS, ["k1 gone", "ksk@8/1 there"], {"s3": (7200, "rule:I11")}),
        (ITSELF, ["data.sign", "dnskey.remove", "dnskey.remove"], {"s4": (1, "rule:order")}),
    ]


def test_enabling_ends_and_disabling_begins_with_the_ds_that_the_signer_is_told_of(
    b: Builders,
) -> None:
    on = plan_zone(b.desire(), b.observe(signer=POLICY))
    assert [row[1] for row in table(on)] == [["zone.sign"], ["ds.replace"], ["ksk@13/1 there"]]
    off = plan_zone(b.desire(signed=False), b.signed(signer=POLICY))
    assert table(off)[1] == (OURS, ["k1 gone", "zone.unsign"], {"s1": (7200, "proof")})


def test_a_rollover_that_the_signer_began_is_followed_to_its_end(b: Builders) -> None:
    start = b.observe(ds=["k1"], keys=["k1", "k2", "z1"], data=["z1"], signer=POLICY)
    assert [row[1] for row in table(plan_zone(b.desire(), start))] == [
        ["ds.replace"],
        ["k1 gone", "k2 there"],
        ["dnskey.remove"],
    ]


def test_a_confirmation_cut_off_is_made_good(b: Builders) -> None:
    start = b.observe(ds=["k2"], keys=["k1", "k2", "z1"], data=["z1"], signer=POLICY)
    assert [row[1] for row in table(plan_zone(b.desire(), start))] == [
        ["k1 gone", "k2 there"],
        ["dnskey.remove"],
    ]


def test_a_signers_own_zsk_rollover_is_no_change(b: Builders) -> None:
    start = b.observe(ds=["k1"], keys=["k1", "z1", "z2"], data=["z1"], signer=POLICY)
    assert plan_zone(b.desire(), start).status is Status.NO_CHANGE


def test_what_a_signer_was_asked_for_is_not_called_back(b: Builders) -> None:
    assert plan_zone(b.desire(ksk=2), b.signed(signer=POLICY)).rollback == ()


@pytest.mark.parametrize(("step", "of"), [("s3", "ksk"), ("s4", "zsk")])
def test_one_second_less_is_not_proved(b: Builders, step: str, of: str) -> None:
    desired = b.desire(ksk=2) if of == "ksk" else b.desire(zsk=2)
    plan = plan_zone(desired, b.signed(signer=POLICY))
    (need,) = next(s for s in plan.steps if s.id == step).needs
    hasty = b.shorten(plan, step, need)
    assert hasty.timeline
    assert isinstance(prove(hasty.steps, hasty.timeline), Refuted)
