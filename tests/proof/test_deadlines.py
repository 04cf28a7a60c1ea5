"""What must not come too late: ends of signatures, signers that leave or roll by themselves."""

import pytest

from reconciler.model.moves import ApexNsSet, NsSet
from reconciler.model.plan import Proved, Refuted, Step, Verdict
from reconciler.model.timeline import Timeline
from reconciler.proof import prove
from tests.proof.stories import add, ds, remove, sign_with
from tests.proof.worlds import World, hours, keys, minutes, step

W = World(
    keys=keys("ka za kb zb"),
    ds_ttl=hours(24),
    data_ttl=hours(24),
    ns_ttl=hours(48),
    child=minutes(6),
)
B = frozenset({"b"})
ENDS = hours(24 * 14)
"""The leaving signer stops, and its earliest signature ends two weeks from now."""
GONE = hours(1 + 48)
"""So long after the delegation has moved resolvers may ask the leaving signer."""


def leaving(data: int | None, dnskey: int | None) -> Timeline:
    """Both signers are ready; the delegation moves from a to b at s1. When a's signatures end."""
    return W.timeline(
        W.ns(None, "a"),
        W.ns("s1", "b"),
        W.ns(None, "a", at="a", ttl=hours(24)),
        W.ns("s1", "b", at="a", ttl=hours(24)),
        W.ns(None, "b", at="b", ttl=hours(24)),
        W.ds(None, "ka", "kb"),
        W.dnskey(None, "ka za zb", "ka", expires=dnskey),
        W.dnskey(None, "kb zb za", "kb", signer="b"),
        W.data(None, "za", expires=data),
        W.data(None, "zb", signer="b"),
        ns=False,
    )


def moved(by: int | None) -> tuple[Step, ...]:
    moves = (NsSet(signers=B), ApexNsSet(signer="a", signers=B))
    return (step("s1", {}, *moves, by={} if by is None else {None: by}),)


@pytest.mark.parametrize(
    ("data", "dnskey", "kept"), [(ENDS, None, hours(24)), (None, ENDS, hours(1))]
)
def test_a_leaving_signer_is_left_before_its_signatures_end(
    data: int | None, dnskey: int | None, kept: int
) -> None:
    timeline = leaving(data, dnskey)
    latest = ENDS - GONE - kept
    assert isinstance(prove(moved(latest), timeline), Proved)
    verdict = prove(moved(latest + 1), timeline)
    assert isinstance(verdict, Refuted)
    assert (verdict.schedule["s1"], verdict.begins, verdict.ends) == (latest + 1, ENDS, ENDS + 1)
    assert isinstance(prove(moved(None), timeline), Refuted)


def test_where_a_signer_refreshes_nothing_is_ever_too_late() -> None:
    assert isinstance(prove(moved(None), leaving(None, None)), Proved)


def rolling(wait: int, by: int) -> tuple[Step, ...]:
    """b rolls its ZSK by itself at s2, some time after s1; a publishes the new one before."""
    return (
        step("s1", {}, add("zc"), actor="signer:a"),
        step("s2", {"s1": wait}, by={None: by}, actor="signer-itself:b"),
    )


def test_a_signer_that_rolls_by_itself_is_an_event_with_a_deadline() -> None:
    """The latest start of the first step follows from the roll's own time, both ways."""
    w = World(keys=keys("ka za kb zb zc"), child=minutes(6))
    timeline = w.timeline(
        w.ns(None, "a b"),
        w.ns(None, "a b", at="a"),
        w.ns(None, "a b", at="b"),
        w.ds(None, "ka", "kb"),
        w.dnskey(None, "ka za zb", "ka"),
        w.dnskey("s1", "ka za zb zc", "ka"),
        w.dnskey(None, "kb za zb zc", "kb", signer="b"),
        w.data(None, "za"),
        w.data(None, "zb", signer="b"),
        w.data("s2", "zc", signer="b"),
        ns=False,
    )
    enough = minutes(66)
    assert isinstance(prove(rolling(enough, by=hours(9)), timeline), Proved)
    assert isinstance(prove(rolling(enough - 1, by=hours(9)), timeline), Refuted)


@pytest.mark.parametrize(("days", "expected"), [(9, Proved), (10, Refuted)])
def test_a_wait_and_a_deadline_decide_together(days: int, expected: type[Verdict]) -> None:
    """A manual parent may be late: the KSK's old signatures must last until its DS has gone."""
    w = World(keys=keys("k1 z1 k2"), child=hours(1), ds_ttl=hours(23), parent=hours(1))
    timeline = w.timeline(
        w.ds(None, "k1"),
        w.ds("s2", "k2"),
        w.dnskey(None, "k1 z1", "k1", expires=hours(24 * 12)),
        w.dnskey("s1", "k1 z1 k2", "k1 k2", expires=hours(24 * 12)),
        w.dnskey("s3", "z1 k2", "k2"),
        w.data(None, "z1"),
    )
    steps = (
        step("s1", {}, add("k2", sign=True), by={None: hours(24)}),
        step("s2", {"s1": hours(2)}, ds("k2"), actor="parent", by={None: hours(24 * days)}),
        step("s3", {"s2": hours(24)}, remove("k1"), by={"s2": hours(25 + 22)}),
    )
    assert isinstance(prove(steps, timeline), expected)


def test_a_deadline_on_another_step_protects_as_well() -> None:
    """Signatures made at s1 end a day after the start; they are replaced within hours of s1."""
    w = World(keys=keys("k1 z1"), child=hours(1), data_ttl=hours(2))
    timeline = w.timeline(
        w.ds(None, "k1"),
        w.dnskey(None, "k1 z1", "k1"),
        w.data(None, "z1"),
        w.data("s1", "z1", expires=hours(24)),
        w.data("s2", "z1"),
    )

    def resigned(first: int, then: int) -> tuple[Step, ...]:
        return (
            step("s1", {}, sign_with("z1"), by={None: hours(first)}),
            step("s2", {"s1": 0}, sign_with("z1"), by={"s1": hours(then)}),
        )

    assert isinstance(prove(resigned(11, 10), timeline), Proved)
    assert isinstance(prove(resigned(12, 10), timeline), Refuted)
    assert isinstance(prove(resigned(11, 11), timeline), Refuted)


def test_slack_never_turns_two_versions_round() -> None:
    """s2 follows s1 only because it waits longer for s0 than s1 may: that much must remain."""
    w = World(keys=keys("k1 z1 z2"))
    timeline = w.timeline(
        w.ds(None, "k1"),
        w.dnskey(None, "k1 z1", "k1"),
        w.dnskey("s1", "k1 z1 z2", "k1"),
        w.dnskey("s2", "k1 z1", "k1"),
        w.data(None, "z1"),
    )
    steps = (
        step("s0", {}, actor="person"),
        step("s1", {"s0": 0}, add("z2"), by={"s0": 50}),
        step("s2", {"s0": 80}, remove("z2")),
    )
    verdict = prove(steps, timeline)
    assert isinstance(verdict, Proved)
    assert [s.seconds for s in verdict.slack] == [0, 30]


def test_a_step_may_have_to_follow_at_once() -> None:
    w = World(keys=keys("k1 z1 z2"))
    timeline = w.timeline(
        w.ds(None, "k1"),
        w.dnskey(None, "k1 z1", "k1"),
        w.dnskey("s1", "k1 z1 z2", "k1"),
        w.data(None, "z1"),
    )
    steps = (step("s0", {}, ds("k1"), actor="parent"), step("s1", {}, add("z2"), by={"s0": 0}))
    assert isinstance(prove(steps, timeline), Proved)
