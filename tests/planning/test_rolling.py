"""A signer that replaces a key by itself while others publish it (planning.md §6, I18)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import (
    ParentCapabilities,
    RollsByItself,
    SignerCapabilities,
)
from reconciler.model.desired import DesiredZone
from reconciler.model.keys import Key
from reconciler.model.moves import op
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Proved, Status, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

FULL = SignerCapabilities(foreign_zsk=True, foreign_ksk=True, sets_apex_ns=True)
ROLLS = replace(FULL, rolls_by_itself=RollsByItself.ZSK)
PARENT = ParentCapabilities(sets_ns=True, processing_max=3600)


def two(b: Builders, *, roller: str, at: int | None, serving: str = "a") -> ObservedZone:
    """Signers `a` and `b` with keys of their own; one of them rolls its ZSK after `at` seconds."""
    start = b.signed()
    keys = {
        label: Key(label=label, algorithm=13, flags=flags, public_key=label.encode(), home="b")
        for label, flags in (("kb", 257), ("zb", 256))
    }
    here = replace(start.signers["a"], capabilities=FULL)
    there = replace(
        here,
        dnskeys=frozenset(keys),
        krrsig=frozenset({"kb"}),
        zrrsig=frozenset({"zb"}),
        ns=frozenset("b"),
    )
    if serving == "ab":
        here = replace(here, dnskeys=here.dnskeys | {"zb"}, ns=frozenset("ab"))
        there = replace(there, dnskeys=there.dnskeys | {"z1"}, ns=frozenset("ab"))
    signers = {"a": here, "b": there}
    signers[roller] = replace(signers[roller], capabilities=ROLLS, next_roll=at)
    both = frozenset(r for r in start.parent.ds) | {
        replace(r, key="kb") for r in start.parent.ds if serving == "ab"
    }
    return replace(
        start,
        keys={**start.keys, **keys},
        signers=signers,
        parent=replace(start.parent, ds=both, ns=frozenset(serving), capabilities=PARENT),
        content_equal={"a": frozenset("b")},
    )


def moving(b: Builders) -> DesiredZone:
    """The zone at `b` alone, without margins."""
    return b.desire(signers=("b",), publish_safety=0, retire_safety=0)


def limits(plan: ZonePlan) -> dict[str, int]:
    """The deadline of each step that has one, by its moves; the plan is proved."""
    assert plan.timeline, plan.refusals
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
    return {
        " ".join(sorted(op(m) for m in step.moves)): limit.wait_max
        for step in plan.steps
        for limit in step.not_after
    }


def test_a_signer_that_leaves_is_out_of_reach_before_it_rolls(b: Builders) -> None:
    """Its NS may be cached for 86400 s after the 3600 s in which the parent's servers follow."""
    start = two(b, roller="a", at=5 * b.DAY)
    plan = plan_zone(moving(b), start)
    assert limits(plan)["apex_ns.set ns.set"] == 5 * b.DAY - 90_000
    assert "signer a replaces no key by itself sooner than 5 d after the observation" in (
        plan.timeline.assumptions if plan.timeline else ()
    )


def test_a_signer_that_stays_rolls_when_nobody_else_publishes_its_key_any_more(
    b: Builders,
) -> None:
    """The DNSKEY RRset of the other is fetched until the NS are gone, and lives 3600 s then."""
    start = two(b, roller="b", at=5 * b.DAY)
    plan = plan_zone(moving(b), start)
    assert limits(plan)["apex_ns.set ns.set"] == 5 * b.DAY - 90_000 - 3600


@pytest.mark.parametrize("roller", ["a", "b"])
def test_a_roll_that_comes_too_soon_refuses_the_move(b: Builders, roller: str) -> None:
    plan = plan_zone(moving(b), two(b, roller=roller, at=b.DAY))
    assert plan.status is Status.NO_SAFE_PATH
    assert plan.refusals[0].rule == "I18"
    assert "replaces a key by itself in 1 d" in plan.refusals[0].summary
    assert "when that is over" in plan.refusals[0].opens


@pytest.mark.parametrize("roller", ["a", "b"])
def test_nobody_joins_for_good_beside_a_signer_that_is_known_to_roll(
    b: Builders, roller: str
) -> None:
    plan = plan_zone(b.desire(signers=("a", "b")), two(b, roller=roller, at=90 * b.DAY))
    assert [refusal.rule for refusal in plan.refusals] == ["I18"]
    assert "rolls_by_itself" in plan.refusals[0].opens


def test_signers_that_are_together_already_are_planned_for_and_the_roll_is_named(
    b: Builders,
) -> None:
    start = two(b, roller="b", at=90 * b.DAY, serving="ab")
    assert plan_zone(b.desire(signers=("a", "b")), start).status is Status.NO_CHANGE
    plan = plan_zone(b.desire(signers=("a", "b"), digest_types=frozenset({4})), start)
    assert plan.timeline
    assert any("publishes the next key of b" in text for text in plan.timeline.assumptions)


def test_a_roll_that_nobody_knows_of_is_an_assumption_and_no_deadline(b: Builders) -> None:
    plan = plan_zone(b.desire(signers=("b",)), two(b, roller="a", at=None))
    assert not limits(plan)
    assert plan.timeline
    assert (
        "signer a replaces no key by itself while another signer publishes it"
        in plan.timeline.assumptions
    )
