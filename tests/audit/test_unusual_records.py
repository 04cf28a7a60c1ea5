"""Records of unusual days that were written by the rules, and lies about such days."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from reconciler.demo.scenery import AUTHOR
from reconciler.demo.stage import build
from reconciler.execute.abandon import abandon
from reconciler.execute.control import Word, resolve, resume, suspend
from reconciler.model.results import WaitingForApproval
from tests.audit.forge import Entry, Forged, find, honest, judged, path_of
from tests.execute.acts import ZONE, Play, desired, opened

ANN = Word(person="ann", reason="we go another way")
SOMEBODY_ELSES = "sha256:" + "5" * 64


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("built") / "portfolio"
    build(root)
    return root


@pytest.fixture
def play(built: Path, tmp_path: Path) -> Iterator[Play]:
    root = tmp_path / "portfolio"
    shutil.copytree(built, root)
    with opened(root) as found:
        yield found


def whole(play: Play) -> Forged:
    record = honest(play.stage.root)
    assert judged(record).findings == ()
    return record


def codes(record: Forged, at: int) -> set[str]:
    here = path_of(record.entries[at])
    return {found.code for found in judged(record).findings if found.file == here}


def due(play: Play) -> None:
    """Begin a KSK rollover whose first step is approved and due."""
    play.want(desired(ksk=2))
    first = play.run()
    assert isinstance(first, WaitingForApproval)
    play.approve(first.digest)


def once_at(checkpoint: str, act: Callable[[], object]) -> Callable[[str], None]:
    left = [act]

    def hook(name: str) -> None:
        if name == checkpoint and left:
            left.pop()()

    return hook


def given_up(play: Play) -> None:
    with play.stage.open() as workspace:
        abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN)


@pytest.mark.parametrize("standby", ["standby_ksk: dnskey", "standby_zsk: true"])
def test_a_key_that_the_last_step_made_is_told_of_after_the_plan_was_complete(
    play: Play, standby: str
) -> None:
    file = "zones/portfolio.yaml"
    head = "  standard:\n"
    text = (play.stage.root / file).read_text()
    more = text.replace(head, f"{head}    {standby}\n", 1)
    play.stage.repository.commit({file: more}, "A spare key", AUTHOR, play.stage.world.now())
    play.converge()
    record = whole(play)
    at = find(record, "refine")
    assert [entry["event"] for entry in record.entries[at - 1 : at + 1]] == ["evidence", "refine"]

    def lie(entry: Entry) -> None:
        entry["data"]["keys"] = dict.fromkeys(entry["data"]["keys"], "257 3 13 AAAA")

    assert "audit-keys" in codes(record.changed(at, lie), at)


def test_the_outcome_of_a_call_during_which_the_plan_was_given_up_is_told_late(play: Play) -> None:
    due(play)
    play.at_checkpoint(once_at("after-call", partial(given_up, play))).run()
    play.converge()
    record = whole(play)
    at = find(record, "outcome")
    assert record.entries[at - 1]["event"] == "abandon"
    assert record.entries[at]["data"]["created"]


def test_an_outcome_that_is_told_after_its_plan_was_replaced_is_held_against_its_own_plan(
    play: Play,
) -> None:
    """A run sleeps past its deadline right after its call; meanwhile people change their minds."""

    def others() -> None:
        play.leap(minutes=30)
        play.want(desired(ksk=1), "Back")
        play.run()

    due(play)
    play.at_checkpoint(once_at("after-call", others)).run()
    record = whole(play)
    at = find(record, "outcome", 1)
    assert record.entries[at - 1]["event"] == "plan"
    assert record.entries[at - 1]["plan"] != record.entries[at]["plan"]
    current = record.entries[at - 1]["plan"]
    for other in (current, SOMEBODY_ELSES):
        assert "audit-no-plan" in codes(record.changed(at, partial(_name, "plan", other)), at)
    other_change = record.changed(at, partial(_name, "change", SOMEBODY_ELSES))
    assert "audit-no-plan" in codes(other_change, at)
    unasked = {"ksk@13/9": "257 3 13 AAAA"}
    made = record.changed(at, lambda entry: entry["data"].update(created=unasked))
    assert "audit-keys" in codes(made, at)


def _name(member: str, value: str, entry: Entry) -> None:
    entry[member] = value


def test_a_plan_given_up_over_an_open_intent_says_what_may_still_come(play: Play) -> None:
    due(play)
    play.at_checkpoint(once_at("after-call", partial(given_up, play))).run()
    record = whole(play)
    at = find(record, "abandon")

    def silent(entry: Entry) -> None:
        del entry["data"]["until"], entry["data"]["under_way"]

    def soon(entry: Entry) -> None:
        entry["data"]["until"] = entry["at"]

    def elsewhere(entry: Entry) -> None:
        entry["data"]["under_way"] = ["s9"]

    assert "audit-order" in codes(record.changed(at, silent), at)
    assert "audit-order" in codes(record.changed(at, elsewhere), at)
    assert "audit-deadline" in codes(record.changed(at, soon), at)


class Killed(BaseException):
    """A run that ends here, as if its process had been killed."""


def _die() -> None:
    raise Killed


def test_nobodys_word_is_no_persons_word(play: Play) -> None:
    """Only a plan may be given up by the tool itself; all else that people decide has a name."""
    due(play)
    with pytest.raises(Killed):
        play.at_checkpoint(once_at("before-call", _die)).run()
    play.leap(minutes=30)
    with play.stage.open() as workspace:
        resolve(workspace.outside, ZONE, "s1", ANN, done=False)
        suspend(workspace.outside, [ZONE], workspace.clock.now() + timedelta(days=1), ANN)
        resume(workspace.outside, [ZONE], ANN, named=True)
    record = whole(play)
    for event in ("resolve", "suspend", "resume"):
        at = find(record, event)
        nameless = record.changed(at, lambda entry: entry["data"].pop("person"))
        assert "audit-person" in codes(nameless, at)
