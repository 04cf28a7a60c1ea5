"""What does not make sense is refused with a sentence, never proved and never a traceback."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.model.keys import DsRef
from reconciler.model.moves import (
    DataSign,
    DnskeySign,
    DsAdd,
    DsRemove,
    Move,
    NsSet,
    ZoneUnsign,
)
from reconciler.model.plan import Malformed, Proved, Refuted, Step
from reconciler.model.timeline import DnskeyVersion, DsVersion, NsVersion, Timeline, Version
from reconciler.proof import explain, prove
from tests.proof.golden import ksk_double_signature, migration
from tests.proof.stories import Golden, add, ds, krrsig, remove, shortened
from tests.proof.worlds import World, hours, keys, refs, step

W = World(keys=keys("k1 z1 k2 x:ds"), dnskey_ttl=hours(2), child=hours(1), ds_ttl=hours(1))


def steps(change: Callable[[tuple[Step, ...]], tuple[Step, ...]]) -> Golden:
    given = ksk_double_signature()
    return replace(given, steps=change(given.steps))


def timeline(**facts: object) -> Golden:
    given = ksk_double_signature()
    return replace(given, timeline=replace(given.timeline, **facts))  # type: ignore[arg-type]


def versions(change: Callable[[list[Version]], list[Version]]) -> Golden:
    given = ksk_double_signature()
    changed = tuple(change(list(given.timeline.versions)))
    return replace(given, timeline=replace(given.timeline, versions=changed))


def without(*kinds: type[Version]) -> Golden:
    return versions(lambda found: [v for v in found if not isinstance(v, kinds)])


def altered(kind: type[Version], at: str | None, **facts: object) -> Golden:
    """Change facts of the versions of one kind and step."""
    return versions(
        lambda found: [
            replace(v, **facts)  # type: ignore[arg-type]  # facts of that kind of version
            if isinstance(v, kind) and v.step == at
            else v
            for v in found
        ]
    )


def moved(at: str, *moves: Move) -> Golden:
    return steps(lambda given: tuple(replace(s, moves=moves) if s.id == at else s for s in given))


BAD: dict[str, tuple[Golden, str]] = {
    "no profile": (timeline(profiles=()), "no validator profile"),
    "unknown profile": (timeline(profiles=("loose", "strict")), "`strict`"),
    "odd profile": (timeline(profiles=("without-alg(08)",)), "without-alg(08)"),
    "no DS": (without(DsVersion), "DS is missing"),
    "no NS": (without(NsVersion), "NS is missing"),
    "no DNSKEY": (without(DnskeyVersion), "DNSKEY at a is missing"),
    "named signer without zone": (altered(NsVersion, None, signers=frozenset("ab")), "names b"),
    "no start": (versions(lambda v: [x for x in v if x != v[2]]), "stands from the start"),
    "two starts": (versions(lambda v: [*v, W.data(None, "z1")]), "second version"),
    "history after a step": (versions(lambda v: [*v, W.ds(-5, "k1")]), "history after s2"),
    "history out of order": (
        versions(lambda v: [*v, W.data(-5, "z1"), W.data(-5, "z1")]),
        "out of order",
    ),
    "the future as history": (versions(lambda v: [*v, W.data(5, "z1")]), "no step"),
    "two versions of one step": (versions(lambda v: [*v, W.ds("s2", "k1")]), "two versions"),
    "unknown stands": (altered(DsVersion, None, unknown=True), "unknown"),
    "unknown step": (altered(DsVersion, "s2", step="s9"), "s9"),
    "unknown DS key": (altered(DsVersion, "s2", ds=refs("k9")), "k9"),
    "unknown DNSKEY": (altered(DnskeyVersion, "s1", keys=frozenset({"k9"})), "k9"),
    "a DNSKEY that is no key": (altered(DnskeyVersion, "s1", signed_by=frozenset({"x"})), "x,"),
    "negative TTL": (altered(DsVersion, "s2", ttl=-1), "negative"),
    "negative propagation": (altered(DsVersion, "s2", propagation=-1), "negative"),
    "negative wait": (shortened(ksk_double_signature(), "s2", "s1", -1), "negative wait"),
    "negative processing": (
        versions(lambda v: [*v, W.cds(None, "k2", processing_max=-1)]),
        "processing_max",
    ),
    "no move explains the DS": (
        versions(lambda v: [*v, W.ds("s3", "k1"), W.cds(None, "k1", polled=False)]),
        "no move",
    ),
    "step of one name": (steps(lambda s: (*s, s[0])), "two steps"),
    "need on nothing": (steps(lambda s: (*s, step("s4", {"s9": 0}))), "s9"),
    "deadline on nothing": (steps(lambda s: (*s, step("s4", {}, by={"s9": 0}))), "s9"),
    "negative deadline": (steps(lambda s: (*s, step("s4", {}, by={"s1": -1}))), "negative"),
    "circle": (
        steps(lambda s: (*s, step("s4", {"s5": 0}), step("s5", {"s4": 0}))),
        "circle",
    ),
    "needs itself": (steps(lambda s: (*s, step("s4", {"s4": 0}))), "circle"),
    "deadline before the wait": (
        steps(lambda s: (*s, step("s4", {"s3": 10}, by={"s3": 9}))),
        "deadlines",
    ),
    "deadline before waits on the way": (
        steps(lambda s: (*s, step("s4", {"s3": 0}, by={"s1": 60}))),
        "deadlines",
    ),
    "no order": (
        steps(lambda s: tuple(replace(x, needs=()) if x.id == "s3" else x for x in s)),
        "no sure order",
    ),
    "another DS than the move's": (altered(DsVersion, "s2", ds=refs("k1", "k2")), "s2"),
    "another digest than the move's": (altered(DsVersion, "s2", ds=refs("k2/4")), "s2"),
    "another signer than the move's": (altered(DnskeyVersion, "s1", signed_by=frozenset()), "s1"),
    "another key than the move's": (moved("s1", add("k2")), "s1"),
    "a move without its version": (moved("s1", add("k2", sign=True), ds("k2")), "no version"),
    "a move on a signer nobody knows": (
        moved("s1", add("k2", sign=True), ZoneUnsign(signer="c")),
        "at c, which is missing",
    ),
    "a move of a key nobody knows": (moved("s2", ds("k9")), "k9"),
    "a version without its move": (moved("s2"), "no move"),
    "an order that matters": (moved("s1", add("k2", sign=True), krrsig("k1")), "order"),
    "too many moves": (moved("s2", *[ds("k2")] * 9), "more than 8"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_make_sense_is_said(name: str) -> None:
    golden, said = BAD[name]
    verdict = prove(golden.steps, golden.timeline)
    assert isinstance(verdict, Malformed), verdict
    assert said in verdict.why
    assert verdict.why in explain(verdict)


def test_a_signer_changes_its_own_zone_only_where_the_step_says_so() -> None:
    given = moved("s1")
    assert isinstance(prove(given.steps, given.timeline), Proved)
    others = tuple(replace(s, actor="signer:a") for s in given.steps)
    assert isinstance(prove(others, given.timeline), Malformed)


@pytest.mark.parametrize(
    "extra",
    [
        (DsAdd(ds=DsRef("k2", 2)), DsRemove(ds=DsRef("k1", 2))),
        (DataSign(signer="a", keys=frozenset({"z1"})),),
        (DnskeySign(signer="a", keys=frozenset({"k2"})), remove("k1")),
    ],
)
def test_moves_that_change_nothing_need_no_version(extra: tuple[Move, ...]) -> None:
    given = ksk_double_signature()
    last = replace(step("s4", {"s3": 1}), moves=extra)
    assert isinstance(prove((*given.steps, last), given.timeline), Proved)


def test_a_delegation_that_moves_needs_the_apex_ns_sets() -> None:
    def moving(found: Timeline, signers: str, *, apex: bool) -> Timeline:
        left = [v for v in found.versions if apex or not isinstance(v, NsVersion) or not v.signer]
        zone = (W.dnskey(None, "k1", "k1", signer="b"), W.data(None, "k1", signer="b"))
        ns = W.ns("s1", signers)
        return replace(found, versions=(*left, ns, *zone, W.ns(None, "a", at="b")))

    def with_ns(steps: tuple[Step, ...], signers: str) -> tuple[Step, ...]:
        first, *rest = steps
        move = NsSet(signers=frozenset(signers.split()))
        return replace(first, moves=(*first.moves, move)), *rest

    given = ksk_double_signature()
    assert isinstance(
        prove(with_ns(given.steps, "a"), moving(given.timeline, "a", apex=False)), Proved
    )
    assert isinstance(
        prove(with_ns(given.steps, "b"), moving(given.timeline, "b", apex=True)), Refuted
    )
    verdict = prove(with_ns(given.steps, "b"), moving(given.timeline, "b", apex=False))
    assert verdict == Malformed(why="NS at a is missing, yet NS names a")


def test_an_ns_version_is_what_the_moves_of_its_step_leave() -> None:
    given = migration()
    other = replace(
        given.timeline,
        versions=tuple(
            replace(v, signers=frozenset({"a", "b"}))
            if isinstance(v, NsVersion) and v.step and v.signer is None
            else v
            for v in given.timeline.versions
        ),
    )
    verdict = prove(given.steps, other)
    assert verdict == Malformed(why="the moves of s3 do not leave in NS what its version says")


def test_an_ns_version_without_a_move_is_malformed() -> None:
    given = migration()
    still = tuple(replace(s, moves=()) if s.id == "s3" else s for s in given.steps)
    assert isinstance(prove(still, given.timeline), Malformed)
