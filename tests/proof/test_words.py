"""Verdicts in plain words."""

import pytest

from reconciler.model.durations import duration_words
from reconciler.model.plan import Proved, Refuted
from reconciler.model.timeline import Version
from reconciler.proof import explain, prove
from reconciler.proof.words import describe
from tests.proof.golden import double_ds, ds_swap_with_both_keys, zsk_pre_publication
from tests.proof.test_starts import W
from tests.proof.worlds import hours, minutes, step


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (3900, "1 h 5 min"), (90000, "1 d 1 h"), (-60, "-1 min")],
)
def test_durations_are_exact_and_short(seconds: int, text: str) -> None:
    assert duration_words(seconds) == text


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (W.ds(None), "no DS (from before)"),
        (W.ds("s1", "k1", "k2/1"), "DS {k1 (SHA-256), k2 (SHA-1)} (since s1)"),
        (W.dnskey(-120, "k1 z1", "k1"), "DNSKEY {k1, z1} at a signed by {k1} (since 2 min before)"),
        (W.dnskey(None, ""), "no DNSKEY at a (from before)"),
        (W.data(None), "data at a unsigned (from before)"),
        (W.ns(None, "a b"), "NS {a, b} at the parent (from before)"),
        (W.cds(None, "k1"), "CDS at a (from before)"),
        (W.unknown(W.ds(None)), "an unknown DS RRset (from before)"),
        (W.unknown(W.ns(None, "a")), "an unknown NS RRset of the parent (from before)"),
        (W.unknown(W.ns(None, "a", at="a")), "an unknown NS RRset at a (from before)"),
        (W.unknown(W.dnskey(None, "")), "an unknown DNSKEY RRset at a (from before)"),
        (W.unknown(W.data(None)), "unknown data at a (from before)"),
        (W.unknown(W.cds(None)), "an unknown CDS RRset at a (from before)"),
    ],
)
def test_versions_say_what_they_hold_and_since_when(version: Version, text: str) -> None:
    assert describe(version) == text


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
