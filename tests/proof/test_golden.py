"""Golden timelines: each wait as it stands is proved, one second less is refuted."""

from dataclasses import replace

import pytest

from reconciler.model.plan import Malformed, Proved, Refuted
from reconciler.proof import explain, prove
from tests.proof.golden import (
    PROVED,
    algorithm_liberal,
    double_ds,
    ds_swap_with_both_keys,
    migration,
    ttl_lowered,
    ttl_raised,
)
from tests.proof.stories import ALL, Golden, shortened
from tests.proof.worlds import World, hours, keys, minutes, step


@pytest.mark.parametrize("name", PROVED)
def test_a_golden_timeline_is_proved_with_the_slack_it_has(name: str) -> None:
    golden = PROVED[name]()
    verdict = prove(golden.steps, golden.timeline)
    assert isinstance(verdict, Proved), verdict
    assert {(s.step, s.need): s.seconds for s in verdict.slack if s.seconds} == {
        key: seconds for key, seconds in golden.slack.items() if seconds
    }


@pytest.mark.parametrize("name", PROVED)
def test_one_second_less_of_a_tight_wait_is_refuted_and_the_slack_is_exact(name: str) -> None:
    golden = PROVED[name]()
    for s in golden.steps:
        for need in s.needs:
            least = need.wait_min - golden.slack.get((s.id, need.step), 0)
            at_least = shortened(golden, s.id, need.step, least)
            assert isinstance(prove(at_least.steps, golden.timeline), Proved)
            if least:
                less = shortened(golden, s.id, need.step, least - 1)
                verdict = prove(less.steps, golden.timeline)
                assert isinstance(verdict, Refuted), (s.id, need)
                assert verdict.verdict == "bogus"
                assert verdict.ends == verdict.begins + 1


@pytest.mark.parametrize("name", PROVED)
def test_a_golden_timeline_without_any_move_is_judged_by_its_versions(name: str) -> None:
    golden = PROVED[name]()
    steps = tuple(replace(s, moves=(), actor="signer:a") for s in golden.steps)
    verdict = prove(steps, golden.timeline)
    assert isinstance(verdict, Proved), verdict
    assert verdict.versions_only
    assert "No step names a move" in explain(verdict)


@pytest.mark.parametrize("name", PROVED)
def test_a_plan_without_any_move_is_not_taken_for_an_example(name: str) -> None:
    golden = PROVED[name]()
    steps = tuple(replace(s, moves=(), actor="signer:a") for s in golden.steps)
    verdict = prove(steps, golden.timeline, example=False)
    assert isinstance(verdict, Malformed), verdict
    assert "but no move of that step" in verdict.why


def refuted(golden: Golden) -> Refuted:
    verdict = prove(golden.steps, golden.timeline)
    assert isinstance(verdict, Refuted), verdict
    return verdict


@pytest.mark.parametrize(
    ("golden", "window"),
    [
        pytest.param(double_ds(0), (hours(25), hours(28)), id="T9 DNSKEY TTL forgotten"),
        pytest.param(ttl_lowered(2), (minutes(126), hours(25)), id="T13 TTL lowered, not waited"),
        pytest.param(ttl_raised(2), (minutes(150), minutes(1530)), id="T13 TTL raised"),
        pytest.param(
            ds_swap_with_both_keys(minutes(70)), (minutes(70), hours(25)), id="T13 new DS's TTL"
        ),
        pytest.param(ds_swap_with_both_keys(0), (0, hours(25)), id="T14 no wait at all"),
        pytest.param(
            shortened(migration(), "s4", "s3", 0),
            (minutes(26 * 60 + 6), minutes(76 * 60 + 6)),
            id="T8 DS and NS leave together",
        ),
        pytest.param(
            shortened(migration(), "s5", "s3", hours(36)),
            (minutes(62 * 60 + 6), minutes(99 * 60 + 6)),
            id="T8 ZSK leaves after 1.5 DS TTLs",
        ),
    ],
)
def test_a_known_mistake_is_refuted_with_its_window(
    golden: Golden, window: tuple[int, int]
) -> None:
    verdict = refuted(golden)
    assert (verdict.begins, verdict.ends) == window


def test_a_liberal_algorithm_rollover_fails_rfc4035_from_the_start() -> None:
    verdict = refuted(algorithm_liberal(ALL))
    assert (verdict.profile, verdict.begins, verdict.ends) == ("rfc4035", 0, hours(7))


def test_a_liberal_algorithm_rollover_fails_rfc4035_at_its_end() -> None:
    w = World(keys=keys("o:8 n:13"), child=hours(1), data_ttl=hours(6))
    timeline = w.timeline(
        w.ds(None, "n"),
        w.dnskey(None, "o n", "o n"),
        w.dnskey("s1", "n", "n"),
        w.data(None, "o n"),
        w.data("s1", "n"),
        profiles=("rfc4035",),
    )
    verdict = prove((step("s1"),), timeline)
    assert isinstance(verdict, Refuted)
    assert (verdict.begins, verdict.ends) == (0, hours(2))


def test_the_loose_profile_asks_less_of_an_algorithm_rollover() -> None:
    golden = algorithm_liberal(("loose",))
    verdict = prove(golden.steps, golden.timeline)
    assert isinstance(verdict, Proved)
    assert {(s.step, s.seconds) for s in verdict.slack} == {("s2", hours(3)), ("s3", 0)}
