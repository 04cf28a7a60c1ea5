"""Verdicts in plain words."""

import pytest

from reconciler.model.plan import Proved, Refuted
from reconciler.proof import explain, prove
from reconciler.proof.words import duration
from tests.proof.golden import double_ds, ds_swap_with_both_keys, zsk_pre_publication
from tests.proof.test_starts import W
from tests.proof.worlds import hours, minutes, step


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (3900, "1 h 5 min"), (90000, "1 d 1 h"), (-60, "-1 min")],
)
def test_durations_are_exact_and_short(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_a_proof_tells_profiles_the_closest_pair_and_every_wait() -> None:
    golden = zsk_pre_publication()
    told = explain(prove(golden.steps, golden.timeline))
    assert "Proved for loose, ds-alg, sha1-ignored, top-digest, rfc4035" in told
    assert "DNSKEY {k1, z1} at a signed by {k1} (from before)" in told
    assert "Wait of s2 after s1: tight." in told


def test_slack_is_told() -> None:
    golden = ds_swap_with_both_keys(hours(26))
    told = explain(prove(golden.steps, golden.timeline))
    assert "Wait of s2 after s1: 1 h longer than needed." in told


def test_a_counterexample_is_a_story_with_times() -> None:
    golden = double_ds(0)
    verdict = prove(golden.steps, golden.timeline)
    assert isinstance(verdict, Refuted)
    told = explain(verdict).splitlines()
    assert told[0] == "Refuted under loose: the needs allow this course."
    assert [line.strip() for line in told[1:4]] == [
        "0 s  s1 takes effect",
        "1 d 1 h  s2 takes effect",
        "1 d 1 h  s3 takes effect",
    ]
    assert "until 1 d 4 h" in told[4]
    assert told[-1].startswith("Together they are bogus. No key that the DS names")


def test_the_exposure_of_a_broken_start_is_told() -> None:
    timeline = W.timeline(
        W.ds(None, "x"), W.ds(-minutes(30), "k1"), W.dnskey(None, "k1 z1", "k1"), W.data(None, "z1")
    )
    verdict = prove((step("s1"),), timeline)
    assert isinstance(verdict, Proved)
    assert "2 h 30 min" in explain(verdict)


def test_every_bad_combination_has_two_windows_kept_apart() -> None:
    golden = zsk_pre_publication()
    verdict = prove(golden.steps, golden.timeline)
    assert isinstance(verdict, Proved)
    assert len(verdict.separations) == 2 * len(verdict.profiles)
    assert {s.seconds for s in verdict.separations} == {0}
    assert all(apart in s.versions for s in verdict.separations for apart in s.apart)
