"""Two signers and the delegation: joining, leaving, moving, rolling (RFC 8901; P13 to P17, T8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from reconciler.model.capabilities import (
    DsCheck,
    DsWrite,
    ParentCapabilities,
    RollsByItself,
    SignerCapabilities,
    Signing,
)
from reconciler.model.keys import DsRef, Key, KeyEntry, UnmatchedDs
from reconciler.model.moves import ApexNsSet, DnskeyAdd, NsSet, op
from reconciler.model.observed import ObservedZone, SignerFacts
from reconciler.model.plan import Proved, Refuted, Rollback, Status, Step, ZonePlan
from reconciler.planning import plan_zone
from reconciler.proof import explain, prove

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

HOUR = 3600
FULL = SignerCapabilities(
    algorithms=frozenset({8, 13}), foreign_zsk=True, foreign_ksk=True, sets_apex_ns=True
)
FIXED_NS = replace(FULL, sets_apex_ns=False)
HOSTED = SignerCapabilities(signing=Signing.SWITCH, rolls_by_itself=RollsByItself.ZSK)
HOSTED_MULTI = replace(HOSTED, foreign_zsk=True)
SETS_NS = ParentCapabilities(sets_ns=True)


@dataclass(frozen=True)
class Times:
    """TTLs and delays of a world, seconds; the prototype's."""

    dnskey: int = HOUR
    data: int = 24 * HOUR
    child: int = 300
    apex: int = 24 * HOUR
    ds: int = HOUR
    ns: int = 24 * HOUR
    parent: int = HOUR


USUAL = Times()
T8 = Times(child=360, ds=24 * HOUR, ns=48 * HOUR)
"""lifecycle.md, golden timeline T8: hours 1, 24, 24, NS 48 at the parent and 24 at the child."""


@dataclass(frozen=True)
class At:
    """What one signer publishes: `keys`, of which those in `k` and `c` sign the DNSKEY RRset."""

    keys: tuple[str, ...] = ()
    data: str | None = None
    ns: str = ""
    can: SignerCapabilities = FULL


def key_of(label: str) -> KeyEntry:
    """`ka` is the KSK of a, `zb2` the second ZSK of b, `zb8` its ZSK of algorithm 8."""
    if label == "dead":
        return UnmatchedDs(label=label, algorithm=13)
    number = int(label[2:] or 1)
    return Key(
        label=label,
        algorithm=8 if number == 8 else 13,
        flags=256 if label[0] == "z" else 257,
        public_key=label.encode(),
        home=label[1],
        generation=1 if number == 8 else number,
    )


def facts(start: SignerFacts, name: str, at: At, times: Times) -> SignerFacts:
    own = [k for k in at.keys if k[1] == name]
    return replace(
        start,
        dnskeys=frozenset(at.keys),
        krrsig=frozenset(k for k in own if k[0] in "kc"),
        zrrsig=frozenset({at.data} if at.data else ()),
        ns=frozenset(at.ns or name),
        dnskey_ttl=times.dnskey,
        max_zone_ttl=times.data,
        negative_ttl=HOUR,
        ns_ttl=times.apex,
        propagation_delay=times.child,
        capabilities=at.can,
    )


def world(
    b: Builders,
    signers: Mapping[str, At],
    *,
    ds: Iterable[str] = ("ka",),
    ns: str = "a",
    times: Times = USUAL,
    parent: ParentCapabilities = SETS_NS,
    equal: bool = True,
) -> ObservedZone:
    start = b.observe()
    labels = {*ds, *(k for at in signers.values() for k in at.keys)}
    return replace(
        start,
        keys={label: key_of(label) for label in sorted(labels)},
        parent=replace(
            start.parent,
            ds=frozenset(DsRef(label, 2) for label in ds),
            ds_ttl=times.ds,
            ns=frozenset(ns),
            ns_ttl=times.ns,
            propagation_delay=times.parent,
            capabilities=parent,
        ),
        signers={name: facts(start.signers["a"], name, at, times) for name, at in signers.items()},
        content_equal={name: frozenset(signers) - {name} for name in signers if equal},
    )


A = At(keys=("ka", "za"), data="za")
B = At(keys=("kb", "zb"), data="zb")
BOTH = {
    "a": At(keys=("ka", "za", "zb"), data="za", ns="ab"),
    "b": At(keys=("kb", "zb", "za"), data="zb", ns="ab"),
}


def table(plan: ZonePlan | Rollback) -> list[tuple[list[str], int]]:
    """Each step as its operations and its earliest instant, the one second between steps left out.

    Instants are rounded down to minutes for that.
    """
    times: dict[str, int] = {}
    rows = []
    for step in plan.steps:
        waits = [(times[n.step] if n.step else 0) + n.wait_min for n in step.needs]
        times[step.id] = max([0, *waits])
        rows.append((sorted(words(step)), times[step.id] // 60 * 60))
    return rows


def words(step: Step) -> Iterable[str]:
    for move in step.moves:
        match move:
            case NsSet(signers=signers):
                yield f"ns {''.join(sorted(signers))}"
            case ApexNsSet(signer=signer, signers=signers):
                yield f"{signer}: ns {''.join(sorted(signers))}"
            case _:
                about = getattr(move, "key", "") or ",".join(sorted(getattr(move, "keys", ())))
                refs = getattr(move, "ds", ())
                named = (
                    refs.key if isinstance(refs, DsRef) else ",".join(sorted(r.key for r in refs))
                )
                where = getattr(move, "signer", "parent")
                yield f"{where}: {op(move)} {about or named}".strip()


def minutes(hours: float) -> int:
    return round(hours * 60) * 60


def assert_proved(plan: ZonePlan) -> None:
    """The plan and every way back prove; every wait with reason `proof` is tight."""
    assert plan.timeline is not None
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
    for back in plan.rollback:
        verdict = prove(back.steps, back.timeline)
        assert isinstance(verdict, Proved), f"after {back.after}: {explain(verdict)}"
    for step in plan.steps:
        for need in step.needs:
            if need.reason == "proof" and need.wait_min:
                less = replace(need, wait_min=need.wait_min - 1)
                steps = tuple(
                    replace(s, needs=tuple(less if n == need else n for n in s.needs))
                    if s.id == step.id
                    else s
                    for s in plan.steps
                )
                assert isinstance(prove(steps, plan.timeline), Refuted), (
                    step.id,
                    need,
                )


def test_t8_provider_migration_is_tight_and_sooner_than_in_the_reference(b: Builders) -> None:
    """T8 counts 1.1 h before the DS as well; kb stands long since, so that I6 asks for no wait."""
    plan = plan_zone(b.desire(signers=("b",)), world(b, {"a": A, "b": B}, times=T8))
    assert table(plan) == [
        (["a: dnskey.add zb", "b: dnskey.add za", "parent: ds.replace ka,kb"], 0),
        (["a: ns b", "ns b"], minutes(25)),
        (["parent: ds.replace kb"], minutes(75)),
        (["b: dnskey.remove za"], minutes(98)),
    ]
    assert_proved(plan)


def test_a_migration_takes_less_than_the_prototype(b: Builders) -> None:
    plan = plan_zone(b.desire(signers=("b",)), world(b, {"a": A, "b": B}))
    assert plan.duration_min == minutes(51) < minutes(55)
    assert plan.timeline is not None
    assert plan.timeline.profiles == ("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035")
    assert_proved(plan)


def test_a_migration_signs_first_where_the_new_signer_does_not_yet(b: Builders) -> None:
    plan = plan_zone(b.desire(signers=("b",)), world(b, {"a": A, "b": At()}))
    assert table(plan)[0] == (
        [
            "a: dnskey.add zsk@13/1@b",
            "b: data.sign zsk@13/1@b",
            "b: dnskey.add ksk@13/1@b",
            "b: dnskey.add za",
            "b: dnskey.add zsk@13/1@b",
        ],
        0,
    )
    assert plan.duration_min <= minutes(52)
    assert_proved(plan)


def test_an_apex_that_cannot_be_changed_costs_one_more_ns_ttl_and_is_named(b: Builders) -> None:
    """The last refresh: a resolver may ask a for its own NS RRset once more, at the last moment."""
    old = replace(A, can=FIXED_NS)
    plan = plan_zone(b.desire(signers=("b",)), world(b, {"a": old, "b": B}, times=T8))
    assert [at for _, at in table(plan)] == [0, minutes(25), minutes(99), minutes(122)]
    assert plan.timeline is not None
    assert any("apex NS RRset of a" in text for text in plan.timeline.assumptions)
    assert_proved(plan)


def test_joining_cross_publishes_before_anybody_is_sent_to_the_new_signer(b: Builders) -> None:
    plan = plan_zone(b.desire(signers=("a", "b")), world(b, {"a": A, "b": B}))
    assert table(plan) == [
        (["a: dnskey.add zb", "b: dnskey.add za", "parent: ds.replace ka,kb"], 0),
        (["a: ns ab", "b: ns ab", "ns ab"], minutes(2)),
    ]
    assert_proved(plan)


def test_leaving_is_ns_then_ds_then_zsk(b: Builders) -> None:
    """I8; the draft's NS wait alone would leave the leaver's data without a key."""
    plan = plan_zone(b.desire(signers=("b",)), world(b, BOTH, ds=("ka", "kb"), ns="ab", times=T8))
    assert table(plan) == [
        (["a: ns b", "b: ns b", "ns b"], 0),
        (["parent: ds.replace kb"], minutes(50)),
        (["b: dnskey.remove za"], minutes(73)),
    ]
    assert_proved(plan)


def test_two_signers_at_rest_are_no_change(b: Builders) -> None:
    start = world(b, BOTH, ds=("ka", "kb"), ns="ab")
    assert plan_zone(b.desire(signers=("a", "b")), start).status is Status.NO_CHANGE


def test_a_zsk_rollover_is_published_at_every_signer_before_it_signs(b: Builders) -> None:
    """I7: b publishes the new ZSK of a as long before its use as a does."""
    rolled = {
        "a": At(keys=("ka", "za", "zb2"), data="za", ns="ab"),
        "b": At(keys=("kb", "zb2", "za"), data="zb2", ns="ab"),
    }
    start = world(b, rolled, ds=("ka", "kb"), ns="ab")
    plan = plan_zone(b.desire(signers=("a", "b"), zsk=2), start)
    assert table(plan) == [
        (["a: dnskey.add zsk@13/2@a", "b: dnskey.add zsk@13/2@a"], 0),
        (["a: data.sign zsk@13/2@a"], 3900),
        (["a: dnskey.remove za", "b: dnskey.remove za"], 3900 + 86700),
    ]
    assert_proved(plan)


def test_keys_of_both_signers_and_roles_roll_together(b: Builders) -> None:
    start = world(b, BOTH, ds=("ka", "kb"), ns="ab")
    plan = plan_zone(b.desire(signers=("a", "b"), ksk=2, zsk=2), start)
    assert plan.duration_min == 3900 + 86700
    assert_proved(plan)


def test_the_algorithm_of_both_signers_changes_with_all_its_keys_at_once(b: Builders) -> None:
    both = {name: replace(at, can=replace(FULL, sets_dnskeys=True)) for name, at in BOTH.items()}
    start = world(b, both, ds=("ka", "kb"), ns="ab")
    plan = plan_zone(b.desire(signers=("a", "b"), algorithm=8), start)
    zsks = "zsk@8/1@a,zsk@8/1@b"
    assert table(plan) == [
        (["a: data.sign za,zsk@8/1@a", "b: data.sign zb,zsk@8/1@b"], 0),
        (
            [
                f"a: dnskey.set ka,ksk@8/1@a,za,zb,{zsks}",
                f"b: dnskey.set kb,ksk@8/1@b,za,zb,{zsks}",
            ],
            86700,
        ),
        (["parent: ds.replace ksk@8/1@a,ksk@8/1@b"], 90600),
        ([f"a: dnskey.set ksk@8/1@a,{zsks}", f"b: dnskey.set ksk@8/1@b,{zsks}"], 97800),
        (["a: data.sign zsk@8/1@a", "b: data.sign zsk@8/1@b"], 101700),
    ]
    assert plan.timeline is not None
    assert "rfc4035" in plan.timeline.profiles
    assert_proved(plan)


def test_a_stranded_signer_at_another_apex_keeps_its_keys_until_it_is_out_of_reach(
    b: Builders,
) -> None:
    """An aborted join: the delegation names a alone again, and the apex of a still names b."""
    start = world(b, BOTH, ds=("ka", "kb"), ns="a")
    plan = plan_zone(b.desire(signers=("a",)), start)
    assert table(plan)[0] == (["a: ns a", "b: ns a"], 0)
    assert table(plan)[-1] == (["a: dnskey.remove zb"], 2 * 86400 + 300)
    assert_proved(plan)


def test_a_stranded_signer_whose_ds_is_gone_already_is_a_broken_start_that_gets_mended(
    b: Builders,
) -> None:
    plan = plan_zone(b.desire(signers=("a",)), world(b, BOTH, ds=("ka",), ns="a"))
    assert table(plan)[0][0] == ["a: ns a", "b: ns a"]
    assert_proved(plan)


def test_a_signer_that_an_unchangeable_apex_names_cannot_leave(b: Builders) -> None:
    fixed = {name: replace(at, can=FIXED_NS) for name, at in BOTH.items()}
    start = world(b, fixed, ds=("ka", "kb"), ns="a")
    plan = plan_zone(b.desire(signers=("a",)), start)
    assert (plan.status, plan.refusals[0].rule) == (Status.NO_SAFE_PATH, "I8")
    assert "sets_apex_ns" in plan.refusals[0].opens


def test_an_unsigned_zone_moves_with_its_ns_alone(b: Builders) -> None:
    """P17."""
    start = world(b, {"a": At(), "b": At()}, ds=())
    plan = plan_zone(b.desire(signers=("b",), signed=False), start)
    assert table(plan) == [(["a: ns b", "ns b"], 0)]
    assert_proved(plan)


def test_a_stale_ds_is_removed_before_an_unsigned_zone_moves(b: Builders) -> None:
    """P20 before P17."""
    start = world(b, {"a": At(), "b": At()}, ds=("dead",))
    plan = plan_zone(b.desire(signers=("b",), signed=False), start)
    assert [moves for moves, _ in table(plan)] == [["parent: ds.replace"], ["a: ns b", "ns b"]]
    assert_proved(plan)


def test_other_algorithms_at_the_new_signer_need_an_explicit_request(b: Builders) -> None:
    old = At(keys=("ka8", "za8"), data="za8")
    start = world(b, {"a": old, "b": B}, ds=("ka8",))
    refused = plan_zone(b.desire(signers=("b",)), start)
    assert (refused.status, refused.refusals[0].rule) == (Status.NO_SAFE_PATH, "ds-alg")
    asked = plan_zone(b.desire(signers=("b",), drop_strict=True), start)
    assert asked.timeline is not None
    assert asked.timeline.profiles == ("loose", "sha1-ignored")
    assert_proved(asked)


@pytest.mark.parametrize(
    ("old", "new", "lacking", "insecure"),
    [(HOSTED, FULL, "a", 274500), (FULL, HOSTED, "b", 188100)],
)
def test_a_signer_that_cannot_publish_foreign_keys_leaves_only_the_insecure_way(
    b: Builders, old: SignerCapabilities, new: SignerCapabilities, lacking: str, insecure: int
) -> None:
    """The absence of the DS lasts while resolvers may be sent to either signer (P14 c)."""
    start = world(b, {"a": replace(A, can=old), "b": replace(B, can=new)})
    plan = plan_zone(b.desire(signers=("b",)), start)
    first = plan.refusals[0]
    assert (plan.status, first.rule) == (Status.NO_SAFE_PATH, "I7")
    assert f"signer {lacking} cannot publish" in first.summary
    assert "foreign_zsk" in first.opens
    assert (first.exposure_bogus, first.exposure_insecure) == (0, insecure)


def test_hosted_signers_that_publish_foreign_zsks_can_be_moved_between(b: Builders) -> None:
    old, new = replace(A, can=HOSTED_MULTI), replace(At(), can=HOSTED_MULTI)
    plan = plan_zone(b.desire(signers=("b",)), world(b, {"a": old, "b": new}))
    assert any("b: zone.sign" in text for moves, _ in table(plan) for text in moves)
    assert plan.timeline is not None
    assert any("replaces no key by itself" in text for text in plan.timeline.assumptions)
    assert_proved(plan)


def test_a_parent_that_checks_its_delegated_servers_wants_the_new_key_there_first(
    b: Builders,
) -> None:
    parent = replace(SETS_NS, checks_ds=DsCheck.DELEGATED)
    plan = plan_zone(b.desire(signers=("b",)), world(b, {"a": A, "b": B}, parent=parent))
    first, second = plan.steps[:2]
    assert DnskeyAdd(signer="a", key="kb", sign=False) in first.moves
    assert [n.wait_min for n in second.needs if n.reason == "rule:I6"] == [3900]
    assert_proved(plan)


def test_one_ds_at_a_time_moves_as_well(b: Builders) -> None:
    parent = replace(SETS_NS, write=DsWrite.ONE_AT_A_TIME)
    plan = plan_zone(b.desire(signers=("b",)), world(b, {"a": A, "b": B}, parent=parent))
    assert plan.duration_min == minutes(51)
    assert_proved(plan)


def test_the_delegation_moves_only_to_the_same_content(b: Builders) -> None:
    start = world(b, {"a": A, "b": B}, equal=False)
    plan = plan_zone(b.desire(signers=("b",)), start)
    assert (plan.status, plan.refusals[0].rule) == (Status.NO_SAFE_PATH, "content")


def test_a_parent_that_sets_no_ns_cannot_move_the_delegation(b: Builders) -> None:
    start = world(b, {"a": A, "b": B}, parent=ParentCapabilities())
    plan = plan_zone(b.desire(signers=("b",)), start)
    assert (plan.status, plan.refusals[0].rule) == (Status.NO_SAFE_PATH, "capability:sets_ns")


@pytest.mark.parametrize("signed", [True, False])
def test_a_signer_that_was_left_behind_is_nobodys_concern(b: Builders, *, signed: bool) -> None:
    start = world(b, {"a": A, "b": At(keys=("kb", "zb"), data="zb")}, ns="b", ds=("kb",))
    plan = plan_zone(b.desire(signers=("b",), signed=signed), start)
    assert plan.status is (Status.NO_CHANGE if signed else Status.PLANNED)


def test_a_join_with_a_new_algorithm_at_both_is_found_though_the_search_is_cut_short(
    b: Builders,
) -> None:
    desired = b.desire(signers=("a", "b"), algorithm=8)
    plan = plan_zone(desired, world(b, {"a": A, "b": B}))
    assert plan.status is Status.PLANNED
    assert any("cut short" in hint for hint in plan.hints)
    assert plan.timeline
    verdict = prove(plan.steps, plan.timeline)
    assert isinstance(verdict, Proved), explain(verdict)
