"""Verdicts in plain words."""

from collections.abc import Callable

import pytest

from reconciler.model.durations import duration_words
from reconciler.model.moves import DsReplace
from reconciler.model.plan import Proved, Refuted, Step
from reconciler.model.timeline import Timeline, Version
from reconciler.proof import explain, prove
from reconciler.proof.words import describe
from tests.proof.golden import double_ds, ds_swap_with_both_keys, zsk_pre_publication
from tests.proof.test_claims import rolled
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


STORIES: dict[str, tuple[Callable[[], tuple[tuple[Step, ...], Timeline]], str]] = {
    "a view that no chain holds together": (
        lambda: (double_ds(0).steps, double_ds(0).timeline),
        """\
Refuted under loose: the needs allow this course.
                 0 s  s1 takes effect
             1 d 1 h  s2 takes effect
             1 d 1 h  s3 takes effect
             1 d 1 h  from here, until 1 d 4 h, some cache may hold together
                    - DS {k2 (SHA-256)} (since s3)
                    - DNSKEY {k1, z1} at a signed by {k1} (from before)
                    - data at a signed by {z1} (from before)
Together they are bogus. No key that the DS names is served and signs the DNSKEY RRset.""",
    ),
    "a DS that is gone": (
        lambda: (
            (step("s1", {}, DsReplace(ds=frozenset())),),
            W.timeline(
                W.ds(None, "k1"), W.ds("s1"), W.dnskey(None, "k1 z1", "k1"), W.data(None, "z1")
            ),
        ),
        """\
Refuted under loose: the needs allow this course.
                 0 s  s1 takes effect
                 0 s  from here, for ever, some cache may hold
                    - no DS (since s1)
It is insecure. No DS that this validator can use stands at the parent.""",
    ),
    "a word given too early": (
        lambda: rolled(gone=60),
        """\
Refuted under I11: the needs allow this course.
                 0 s  s1 takes effect
                 0 s  s2 takes effect
                 2 h  s3 takes effect
           2 h 1 min  s5 takes effect
           2 h 1 min  from here, until 2 h 1 min 1 s, there may be together
                    - the word to a that the DS of k1 is gone from the parent (at s5)
                    - DS {k1 (SHA-256)} (from before) at some server
Together they are untrue. The DS of k1 must be gone from every server of the parent before a is \
told so.""",
    ),
    "a proof with room": (
        lambda: (
            ds_swap_with_both_keys(hours(26)).steps,
            ds_swap_with_both_keys(hours(26)).timeline,
        ),
        """\
Proved for loose, ds-alg, sha1-ignored, top-digest, rfc4035: whatever the delays, no cache can \
assemble a bogus view,
or an insecure one unasked for.
Bad combinations that can never be cached together: 5. The closest:
  DS {k1 (SHA-256)} (from before) is gone at least 1 h before DNSKEY {k2, z1} at a signed by {k2} \
(since s2).
Wait of s2 after s1: 1 h longer than needed.""",
    ),
}


@pytest.mark.parametrize("name", STORIES)
def test_a_verdict_reads_like_a_short_story(name: str) -> None:
    asked, told = STORIES[name]
    assert explain(prove(*asked())) == told
