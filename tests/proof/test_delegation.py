"""Whom a resolver may ask: every NS set that some cache may hold, however it came there."""

from dataclasses import replace

import pytest

from reconciler.model.moves import ApexNsSet, NsSet
from reconciler.model.plan import Proved, Refuted, Step
from reconciler.model.timeline import NsVersion, Timeline, Version
from reconciler.proof import prove
from tests.proof.golden import migration
from tests.proof.stories import Golden, remove, shortened
from tests.proof.worlds import World, hours, keys, minutes, step

W = World(
    keys=keys("ka za kb zb kc zc"),
    ds_ttl=hours(24),
    data_ttl=hours(24),
    ns_ttl=hours(48),
    child=minutes(6),
)
NS_TO_B = NsSet(signers=frozenset({"b"}))
APEX_TO_B = ApexNsSet(signer="a", signers=frozenset({"b"}))


def cleaning(*delegation: Version, at: str = "b") -> Timeline:
    """a serves the zone and drops zb, the foreign ZSK of a signer `at` that resolvers may know."""
    return W.timeline(
        *delegation,
        W.ds(None, "ka", "kb"),
        W.dnskey(None, "ka za zb", "ka"),
        W.dnskey("s1", "ka za", "ka"),
        W.dnskey(None, "kb za zb", "kb", signer=at),
        W.data(None, "za"),
        W.data(None, "zb", signer=at),
        ns=False,
    )


def dropped(after: int) -> tuple[Step, ...]:
    return (step("s1", {None: after}, remove("zb"), actor="signer:a"),)


def tight(timeline: Timeline, least: int) -> None:
    """The foreign ZSK may go after so many seconds, and not a second before."""
    assert isinstance(prove(dropped(least), timeline), Proved)
    verdict = prove(dropped(least - 1), timeline)
    assert isinstance(verdict, Refuted)
    assert (verdict.begins, verdict.ends) == (least - 1, least)


def test_a_signer_that_nothing_ever_named_is_never_asked() -> None:
    timeline = cleaning(W.ns(None, "a"), W.ns(None, "a", at="a"), W.ns(None, "b", at="b"))
    assert isinstance(prove(dropped(0), timeline), Proved)


def test_an_aborted_join_lingers_at_another_apex() -> None:
    """The parent never named b; a's own NS set did until an hour ago, and b's own still does."""
    timeline = cleaning(
        W.ns(None, "a"),
        W.ns(None, "a b", at="a", ttl=hours(10)),
        W.ns(-hours(1), "a", at="a", ttl=hours(10)),
        W.ns(None, "b", at="b", ttl=hours(5)),
    )
    tight(timeline, minutes(6) - hours(1) + hours(10) + hours(5) + hours(24))


def test_a_signer_that_does_not_name_itself_is_not_refreshed() -> None:
    timeline = cleaning(
        W.ns(None, "a"),
        W.ns(None, "a b", at="a", ttl=hours(10)),
        W.ns(-hours(1), "a", at="a", ttl=hours(10)),
        W.ns(None, "a", at="b", ttl=hours(5)),
    )
    tight(timeline, minutes(6) - hours(1) + hours(10) + hours(24))


def test_several_histories_of_ns_add_up_along_the_way() -> None:
    """The parent named c until an hour ago; c's own NS set named b until it was asked last."""
    timeline = cleaning(
        W.ns(None, "c", ttl=hours(3)),
        W.ns(-hours(2), "a c", ttl=hours(4)),
        W.ns(-hours(1), "a", ttl=hours(48)),
        W.ns(None, "a", at="a"),
        W.ns(None, "b c", at="c", ttl=hours(2)),
        W.ns(None, "a", at="b", ttl=hours(1)),
        W.dnskey(None, "ka za zb zc", "ka", signer="c"),
        W.data(None, "za", signer="c"),
    )
    parent = hours(1) - hours(1) + hours(4)  # propagation, then its TTL
    tight(timeline, parent + hours(2) + hours(2) + hours(24))  # c refreshed, c's set, data of b


def test_the_longest_of_several_histories_counts() -> None:
    old, young = (W.ns(None, "a b", ttl=hours(40)), W.ns(-hours(9), "b a", ttl=hours(2)))
    timeline = cleaning(
        old,
        young,
        W.ns(-hours(8), "a", ttl=hours(48)),
        W.ns(None, "a", at="a"),
        W.ns(None, "a", at="b"),
    )
    tight(timeline, hours(1) - hours(9) + hours(40) + hours(24))


@pytest.mark.parametrize("at", [None, "a"])
def test_an_unknown_ns_set_spoils_a_change_until_it_must_have_gone(at: str | None) -> None:
    known = [W.ns(None, "a"), W.ns(None, "a", at="a"), W.ns(None, "a", at="b")]
    delegation: list[NsVersion] = []
    for version in known:
        if version.signer == at:
            delegation += [replace(version, unknown=True, ttl=hours(7)), replace(version, at=0)]
        else:
            delegation.append(version)
    propagation = hours(1) if at is None else minutes(6)
    tight(cleaning(*delegation), propagation + hours(7))


def without_cross_publication(at: str) -> Golden:
    """T8, but one of the two signers never publishes the other's ZSK (I7)."""
    given = migration()
    versions = tuple(
        v for v in given.timeline.versions if v.step != "s1" or getattr(v, "signer", None) != at
    )
    first = tuple(move for move in given.steps[0].moves if getattr(move, "signer", None) != at)
    drops = () if at == "b" else given.steps[4].moves
    versions = tuple(v for v in versions if at != "b" or v.step != "s5")
    steps = tuple(
        replace(s, moves=first if s.id == "s1" else drops if s.id == "s5" else s.moves)
        for s in given.steps
    )
    return replace(given, steps=steps, timeline=replace(given.timeline, versions=versions))


@pytest.mark.parametrize("at", ["a", "b"])
def test_both_signers_must_publish_both_zsks(at: str) -> None:
    given = without_cross_publication(at)
    verdict = prove(given.steps, given.timeline)
    assert isinstance(verdict, Refuted), verdict
    assert verdict.why.startswith("No DNSKEY that is served signs the data")


@pytest.mark.parametrize(
    ("at", "need", "said"),
    [
        ("s2", "s1", "s2"),  # nothing: the DS may come before the ZSKs are everywhere
        ("s3", "s2", "kb"),  # I8 on joining: reachable only when its DS is everywhere
        ("s4", "s3", "ka"),  # I8 on leaving: its DS stays while it is asked
        ("s5", "s3", "za"),  # and its ZSK while its data is cached
    ],
)
def test_ns_comes_after_ds_on_joining_and_before_it_on_leaving(
    at: str, need: str, said: str
) -> None:
    given = shortened(migration(), at, need, 0)
    verdict = prove(given.steps, given.timeline)
    if at == "s2":
        assert isinstance(verdict, Proved)
        return
    assert isinstance(verdict, Refuted)
    assert said in " ".join(verdict.versions)


def test_a_delegation_that_moves_before_its_apex_keeps_the_old_signer_asked() -> None:
    """The leaving signer's apex NS set, changed a day later, may be asked for meanwhile."""
    timeline = W.timeline(
        W.ns(None, "a"),
        W.ns("s1", "b"),
        W.ns(None, "a", at="a", ttl=hours(24)),
        W.ns("s2", "b", at="a", ttl=hours(24)),
        W.ns(None, "b", at="b", ttl=hours(24)),
        W.ds(None, "ka", "kb"),
        W.dnskey(None, "ka za zb", "ka"),
        W.dnskey(None, "kb zb za", "kb", signer="b"),
        W.dnskey("s3", "kb zb", "kb", signer="b"),
        W.data(None, "za"),
        W.data(None, "zb", signer="b"),
        ns=False,
    )
    by_parent, by_apex = hours(1 + 48 + 24 + 24), minutes(6) + hours(24 + 24)
    for from_parent, from_apex, expected in (
        (by_parent, 0, Proved),
        (hours(1 + 48 + 24), by_apex, Proved),
        (by_parent - 1, 0, Refuted),
        (hours(1 + 48 + 24), by_apex - 1, Refuted),
    ):
        steps = (
            step("s1", {}, NS_TO_B),
            step("s2", {"s1": hours(24)}, APEX_TO_B),
            step("s3", {"s1": from_parent, "s2": from_apex}, remove("za", "b")),
        )
        assert isinstance(prove(steps, timeline), expected), (from_parent, from_apex)
