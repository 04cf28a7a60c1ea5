"""A signer that rolls by itself is told of the parent only what every server bears out."""

from dataclasses import replace

import pytest

from reconciler.model.moves import DsConfirm, RollStart
from reconciler.model.plan import Proved, Refuted, Step
from reconciler.model.timeline import Timeline
from reconciler.proof import explain, prove
from tests.proof.stories import ds
from tests.proof.worlds import World, hours, keys, step

W = World(keys=keys("k1 z1 k2"), child=hours(1), ds_ttl=hours(24), parent=hours(2))
BY_ITSELF = "signer-itself:a"


def rolled(told: int = hours(2), gone: int = hours(2)) -> tuple[tuple[Step, ...], Timeline]:
    """The signer publishes k2 and, once told that its DS stands, withdraws k1 a day and more later.

    `told`, `gone`: seconds from the DS change until the signer is told of k2's DS, and of k1's.
    """
    steps = (
        step("s1", {}, RollStart(signer="a", old="k1", new="k2"), actor="signer:a"),
        step("s2", {"s1": 0}, actor=BY_ITSELF),
        step("s3", {"s2": hours(2)}, ds("k2"), actor="parent"),
        step("s4", {"s3": told}, DsConfirm(signer="a", key="k2", present=True)),
        step("s5", {"s3": gone}, DsConfirm(signer="a", key="k1", present=False)),
        step("s6", {"s5": hours(24), "s3": hours(26)}, actor=BY_ITSELF),
    )
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.ds("s3", "k2"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey("s2", "k1 z1 k2", "k1 k2"),
        W.dnskey("s6", "z1 k2", "k2"),
        W.data(None, "z1"),
    )
    return steps, timeline


def test_a_signer_is_told_once_every_server_of_the_parent_shows_it() -> None:
    verdict = prove(*rolled())
    assert isinstance(verdict, Proved), explain(verdict)
    slack = {(s.step, s.need): s.seconds for s in verdict.slack}
    assert slack["s4", "s3"] == slack["s5", "s3"] == 0


@pytest.mark.parametrize("at", ["s4", "s5"])
def test_a_signer_told_a_second_too_early_is_told_what_is_not_true(at: str) -> None:
    early = hours(2) - 1
    verdict = prove(*(rolled(told=early) if at == "s4" else rolled(gone=early)))
    assert isinstance(verdict, Refuted)
    assert (verdict.profile, verdict.verdict) == ("I11", "untrue")
    assert verdict.begins == verdict.schedule[at]
    assert verdict.versions[1] == "DS {k1 (SHA-256)} (from before) at some server"


def test_a_ds_that_stands_already_may_be_told_of_at_once() -> None:
    timeline = W.timeline(W.ds(None, "k1"), W.dnskey(None, "k1 z1", "k1"), W.data(None, "z1"))
    steps = (step("s1", {}, DsConfirm(signer="a", key="k1", present=True)),)
    assert isinstance(prove(steps, timeline), Proved)
    assert isinstance(
        prove((step("s1", {}, DsConfirm(signer="a", key="k1", present=False)),), timeline), Refuted
    )


def test_what_stood_before_is_not_told_of_while_nobody_knows_it() -> None:
    timeline = W.timeline(
        W.unknown(W.ds(None)),
        W.ds(0, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.data(None, "z1"),
    )
    for wait, expected in ((hours(2), Proved), (hours(2) - 1, Refuted)):
        steps = (step("s1", {None: wait}, DsConfirm(signer="a", key="k1", present=True)),)
        assert isinstance(prove(steps, timeline), expected)


def test_what_a_polling_parent_may_put_back_is_not_told_to_be_gone() -> None:
    """k1 is still asked for by a CDS set, so that the parent may install it again at any time."""
    steps, timeline = rolled()
    asked = W.cds(None, "k1", "k2")
    assert isinstance(
        prove(steps, replace(timeline, versions=(*timeline.versions, asked))), Refuted
    )
