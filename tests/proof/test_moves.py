"""Each version is what the moves of its step leave: TTLs, CDS, denial, a signer's own moves."""

from dataclasses import replace

import pytest

from reconciler.model.desired import Denial, DenialKind
from reconciler.model.keys import DsRef
from reconciler.model.moves import (
    ApexNsSet,
    CdsSet,
    DenialSet,
    DnskeyAdd,
    Move,
    NsSet,
    TtlSet,
)
from reconciler.model.plan import Malformed, Proved, Refuted, Step, Verdict
from reconciler.model.timeline import RRsetKind, Version
from reconciler.proof import prove
from tests.proof.stories import add, ds, krrsig, remove, sign_with
from tests.proof.worlds import World, hours, keys, refs, step

W = World(keys=keys("k1 z1 k2 z2 k5:5"), dnskey_ttl=hours(2), child=hours(1), ds_ttl=hours(2))
DNSKEY = RRsetKind.DNSKEY
NS_TO_B = NsSet(signers=frozenset({"b"}))
APEX_TO_B = ApexNsSet(signer="a", signers=frozenset({"b"}))


def ttl(seconds: int, rrset: RRsetKind = DNSKEY) -> TtlSet:
    return TtlSet(signer="a", rrset=rrset, ttl=seconds)


def judged(changed: Version, *moves: Move, actor: str = "signer:a") -> Verdict:
    """What the proof says of one step that begins one version in a zone at rest."""
    timeline = W.timeline(
        W.ds(None, "k1"), W.dnskey(None, "k1 z1", "k1"), W.cds(None), W.data(None, "z1"), changed
    )
    aside = step("s0", {}, ds("k1"), actor="parent")
    return prove((aside, step("s1", {}, *moves, actor=actor)), timeline)


def said(verdict: Verdict) -> str:
    assert isinstance(verdict, Malformed), verdict
    return verdict.why


@pytest.mark.parametrize(
    ("version", "rrset"),
    [
        (W.dnskey("s1", "k1 z1", "k1", ttl=60), DNSKEY),
        (W.data("s1", "z1", ttl=60), RRsetKind.DATA),
        (W.ns("s1", "a", at="a", ttl=60), RRsetKind.NS),
    ],
)
def test_a_ttl_changes_by_its_move_and_to_just_that(version: Version, rrset: RRsetKind) -> None:
    assert isinstance(judged(version, ttl(60, rrset)), Proved)
    assert "set another TTL" in said(judged(version, ttl(61, rrset)))
    assert "no move" in said(judged(version))
    alone = judged(version, actor="signer-itself:a")
    assert "TTL" in said(alone)


def test_a_ttl_does_not_change_in_the_shadow_of_another_move() -> None:
    lower = W.dnskey("s1", "k1 z1 z2", "k1", ttl=60)
    assert "the TTL of DNSKEY at a changes" in said(judged(lower, add("z2")))
    assert isinstance(judged(lower, add("z2"), ttl(60)), Proved)


def test_a_ttl_that_is_set_needs_a_version() -> None:
    timeline = W.timeline(W.ds(None, "k1"), W.dnskey(None, "k1 z1", "k1"), W.data(None, "z1"))
    assert "no version" in said(prove((step("s1", {}, ttl(60)),), timeline))
    assert isinstance(prove((step("s1", {}, ttl(hours(2))),), timeline), Proved)


def test_a_signer_keeps_its_negative_ttl_apart() -> None:
    timeline = W.timeline(
        W.ds(None),
        W.dnskey(None, "", ttl=900),
        W.dnskey("s1", "k1 z1", "k1"),
        W.data(None),
    )
    steps = (step("s1", {}, add("k1", sign=True), add("z1")),)
    assert isinstance(prove(steps, timeline), Proved)


def test_a_ttl_raised_beside_another_move_may_reach_the_old_content_first() -> None:
    """Two calls: the old set may be given with the new TTL until the second one lands."""
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 z1", "k1", ttl=60),
        W.dnskey("s1", "k1 z1 z2", "k1", ttl=hours(24)),
        W.data(None, "z1"),
        W.data("s2", "z2"),
    )
    for wait, expected in ((hours(25), Proved), (hours(25) - 1, Refuted)):
        steps = (
            step("s1", {}, add("z2"), ttl(hours(24))),
            step("s2", {"s1": wait}, sign_with("z2")),
        )
        assert isinstance(prove(steps, timeline), expected)


def test_a_ttl_raised_at_an_apex_beside_its_ns_set_may_reach_the_old_one_first() -> None:
    timeline = W.timeline(
        W.ns(None, "a", ttl=60),
        W.ns("s1", "b", ttl=60),
        W.ns(None, "a", at="a", ttl=60),
        W.ns("s1", "b", at="a", ttl=hours(24)),
        W.ns(None, "b", at="b", ttl=60),
        W.ds(None, "k1", "k2"),
        W.dnskey(None, "k1 z1 z2", "k1"),
        W.dnskey(None, "k2 z1 z2", "k2", signer="b"),
        W.dnskey("s2", "k2 z2", "k2", signer="b"),
        W.data(None, "z1", ttl=60),
        W.data(None, "z2", signer="b"),
        ns=False,
    )
    from_a = hours(1) + 60 + 60  # the parent's NS set, then data of a
    slow = hours(1) + hours(24) + 60  # a's old apex NS set with its new TTL
    assert from_a < slow
    first: list[Move] = [NS_TO_B, APEX_TO_B, ttl(hours(24), RRsetKind.NS)]
    for wait, expected in ((slow, Proved), (slow - 1, Refuted)):
        steps = (step("s1", {}, *first), step("s2", {"s1": wait}, remove("z1", "b")))
        assert isinstance(prove(steps, timeline), expected), wait


def test_cds_changes_by_its_move_or_by_the_signer_itself() -> None:
    version = W.cds("s1", "k1")
    assert isinstance(judged(version, CdsSet(signer="a", cds=refs("k1"))), Proved)
    assert isinstance(judged(version, actor="signer-itself:a"), Proved)
    assert "no move" in said(judged(version))
    assert "no move" in said(judged(version, actor="signer-itself:b"))
    assert "do not leave" in said(judged(version, CdsSet(signer="a", cds="delete")))


def test_no_cds_and_an_empty_set_are_the_same() -> None:
    empty = replace(W.cds("s1"), cds=frozenset[DsRef]())
    assert isinstance(judged(empty, CdsSet(signer="a", cds=None)), Proved)


def test_one_parent_polls_in_one_way() -> None:
    other = W.cds("s1", "k1", polled=False)
    assert "polls" in said(judged(other, CdsSet(signer="a", cds=refs("k1"))))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(DenialKind.NSEC3, Malformed), (DenialKind.NSEC, Proved), (DenialKind.COMPACT, Proved)],
)
def test_nsec3_comes_when_keys_that_rule_it_out_have_gone(
    kind: DenialKind, expected: type[Verdict]
) -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 k5 z1", "k1 k5"),
        W.dnskey("s1", "k1 z1", "k1"),
        W.data(None, "z1"),
    )
    turn = DenialSet(signer="a", denial=Denial(kind=kind))
    together = (step("s1", {}, remove("k5"), turn),)
    assert isinstance(prove(together, timeline), expected)
    apart = (step("s1", {}, remove("k5")), step("s2", {"s1": 1}, turn))
    assert isinstance(prove(apart, timeline), Proved)
    before = (step("s1", {"s2": 1}, remove("k5")), step("s2", {}, turn))
    assert isinstance(prove(before, timeline), expected)


def test_a_step_left_to_a_signer_brings_something_about() -> None:
    timeline = W.timeline(W.ds(None, "k1"), W.dnskey(None, "k1 z1", "k1"), W.data(None, "z1"))
    steps = (step("s0", {}, ds("k1")), step("s1", {}, actor="signer-itself:a"))
    assert "no version" in said(prove(steps, timeline))


def test_moves_of_a_signer_itself_land_in_any_order() -> None:
    timeline = W.timeline(
        W.ds(None, "k1", "k2"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey("s1", "z1 k2", "k2"),
        W.data(None, "z1"),
    )
    moves = (remove("k1"), DnskeyAdd(signer="a", key="k2", sign=True))
    steps = (step("s1", {}, *moves, actor="signer-itself:a"),)
    assert isinstance(prove(steps, timeline), Refuted)


def by_the_parent(wait: int, actor: str = "parent") -> tuple[Step, ...]:
    """CDS for k2 is published at s1 and withdrawn at s2; the DS changes `wait` after that."""
    return (
        step("s1", {}, CdsSet(signer="a", cds=refs("k2"))),
        step("s2", {"s1": hours(1)}, CdsSet(signer="a", cds=None)),
        step("s3", {"s2": wait}, actor=actor),
    )


def test_a_parent_installs_by_itself_only_while_it_may_still_remember_the_cds_set() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.ds("s3", "k2"),
        W.dnskey(None, "k1 z1 k2", "k1 k2"),
        W.data(None, "z1"),
        W.cds(None, processing_max=hours(24)),
        W.cds("s1", "k2", processing_max=hours(24)),
        W.cds("s2", processing_max=hours(24)),
    )
    until = hours(1) + hours(1) + hours(24)
    assert isinstance(prove(by_the_parent(until - 1), timeline), Proved)
    assert "no move" in said(prove(by_the_parent(until), timeline))
    assert "no move" in said(prove(by_the_parent(0, actor="signer-itself:a"), timeline))


def test_a_ds_seen_to_stand_again_ends_what_a_poller_may_have_put_in_its_place() -> None:
    """k1 may be installed by an old CDS set until s2; seen as {k2} after that, it stays {k2}."""
    timeline = W.timeline(
        W.ds(None, "k1", "k2"),
        W.ds("s2", "k1", "k2"),
        W.dnskey(None, "k1 z1 k2", "k1 k2"),
        W.dnskey("s3", "k1 z1", "k1"),
        W.data(None, "z1"),
        W.cds(None, "k2", processing_max=hours(24)),
        W.cds("s1", processing_max=hours(24)),
    )
    settled = hours(1) + hours(1) + hours(24)
    for first, expected in ((settled, Proved), (settled - 1, Refuted)):
        steps = (
            step("s1", {}, CdsSet(signer="a", cds=None)),
            step("s2", {"s1": first}, actor="parent"),
            step("s3", {"s2": hours(3)}, remove("k2")),
        )
        assert isinstance(prove(steps, timeline), expected)


@pytest.mark.parametrize(("wait", "expected"), [(0, Malformed), (1, Proved)])
def test_a_move_that_may_come_after_another_must_change_nothing_then_either(
    wait: int, expected: type[Verdict]
) -> None:
    """Signing with k1 alone changes nothing at first, and undoes s2 if both land at once."""
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey("s2", "k1 z1 k2", "k1 k2"),
        W.data(None, "z1"),
    )
    steps = (step("s1", {}, krrsig("k1")), step("s2", {"s1": wait}, add("k2", sign=True)))
    assert isinstance(prove(steps, timeline), expected)
