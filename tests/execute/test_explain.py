"""Why a step waits: what the proof says of the plan with less of each of its waits."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.execute.explain import counterfactuals
from reconciler.model.moves import DsConfirm
from reconciler.model.plan import Need, Proved, Refuted, Step, ZonePlan
from reconciler.model.timeline import DsVersion
from reconciler.proof import prove
from reconciler.report.step_story import StepStory, step_story, story_json, story_text
from tests.execute.acts import desired, opened


@pytest.fixture(scope="module")
def roll(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> ZonePlan:
    """A KSK rollover: publish the new key, swap the DS, withdraw the old key."""
    root = tmp_path_factory.mktemp("explain") / "portfolio"
    shutil.copytree(prepared, root)
    with opened(root) as play:
        play.want(desired(ksk=2))
        return play.stage.plan(play.zone)


def _story(plan: ZonePlan, step: Step) -> StepStory:
    return step_story(plan, step, counterfactuals(plan, step, prove))


def _lines(story: StepStory, title: str) -> str:
    return "\n".join(line for s in story.sections if s.title == title for line in s.lines)


def _with_needs(plan: ZonePlan, number: int, *needs: Need) -> tuple[ZonePlan, Step]:
    step = replace(plan.steps[number], needs=needs)
    steps = (*plan.steps[:number], step, *plan.steps[number + 1 :])
    return replace(plan, steps=steps), step


def test_each_wait_of_the_proof_is_refuted_with_one_second_less(roll: ZonePlan) -> None:
    cases = [case for step in roll.steps for case in counterfactuals(roll, step, prove)]
    tight = [case for case in cases if case.need.reason == "proof"]
    assert len(tight) >= 2
    for case in tight:
        assert case.left == case.need.wait_min - 1
        assert isinstance(case.verdict, Refuted)


def test_a_wait_of_a_rule_is_left_out_as_a_whole(roll: ZonePlan) -> None:
    (need,) = roll.steps[1].needs
    rule = Need(step=None, wait_min=60, reason="rule:I6")
    plan, step = _with_needs(roll, 1, need, rule)
    case = counterfactuals(plan, step, prove)[1]
    assert (case.need, case.left) == (rule, None)
    assert isinstance(case.verdict, Proved)
    told = _lines(_story(plan, step), "what would happen otherwise")
    assert "the proof still holds" in told
    assert "a DS is submitted only for a key in every cached DNSKEY RRset" in told


def test_the_counterexample_says_when_and_what_a_cache_would_hold_together(roll: ZonePlan) -> None:
    told = _lines(_story(roll, roll.steps[1]), "what would happen otherwise")
    assert "with 1 h 4 min 59 s after s1, one second less:" in told
    assert "from here until +1 h 5 min some cache may hold together" in told
    assert "which is bogus to validators of profile loose" in told
    assert "s3" not in told, "steps after the harm do not matter to it"


def test_a_word_given_too_early_is_no_view_of_a_cache(roll: ZonePlan) -> None:
    assert roll.timeline
    swapped = [v for v in roll.timeline.versions if isinstance(v, DsVersion)][-1]
    word = DsConfirm(signer="a", key=min(swapped.ds).key, present=True)
    need = Need(step=swapped.step, wait_min=604800, reason="rule:I11")
    step = replace(roll.steps[1], id="word", moves=(word,), needs=(need,))
    plan = replace(roll, steps=(*roll.steps, step))
    told = _lines(_story(plan, step), "what would happen otherwise")
    assert "there may be together" in told
    assert "which is untrue against I11" in told


def test_wait_margin_and_evidence_stand_apart(roll: ZonePlan) -> None:
    told = _lines(_story(roll, roll.steps[1]), "what it waits for")
    assert "1 h 5 min from the evidence that every server shows s1; the proof asks" in told
    assert "1 h margin, which the proof does not count" in told


def test_what_a_step_changes_is_told_per_rrset_with_how_long_the_old_one_lives(
    roll: ZonePlan,
) -> None:
    told = _lines(_story(roll, roll.steps[0]), "what it does")
    assert "at own: DNSKEY ksk@13/1*, zsk@13/1 -> DNSKEY ksk@13/1*, ksk@13/2*, zsk@13/1" in told
    assert "for 1 h 5 min more: every server follows within 5 min, and its TTL is 1 h" in told


def test_the_way_back_is_told_for_each_step_or_that_there_is_none(roll: ZonePlan) -> None:
    told = _lines(_story(roll, roll.steps[1]), "the way back")
    assert "back to the start once it has taken effect" in told
    assert "from the evidence that every server shows s1" in told
    stranded = replace(roll, rollback=())
    assert "no safe way leads back" in _lines(_story(stranded, roll.steps[1]), "the way back")


def test_a_step_that_waits_for_nothing_says_so(roll: ZonePlan) -> None:
    told = _lines(_story(roll, roll.steps[0]), "what it waits for")
    assert told == "nothing: it may be taken as soon as it is approved"


def test_a_plan_that_cannot_be_proved_says_why(roll: ZonePlan) -> None:
    unknown = Need(step="s9", wait_min=1, reason="policy")
    plan, step = _with_needs(roll, 1, roll.steps[1].needs[0], unknown)
    told = _lines(_story(plan, step), "what would happen otherwise")
    assert "there would be no proof" in told


def test_programs_read_the_same_story(roll: ZonePlan) -> None:
    story = _story(roll, roll.steps[2])
    read = json.loads(json.dumps(story_json(story)))
    assert read["step"] == "s3"
    assert set(read["explained"]) == {section.title for section in story.sections}
    assert all(line in story_text(story) for line in read["explained"]["what it does"])
