"""A run from an older checkout: it has no say in what was planned from a newer one."""

from __future__ import annotations

import subprocess

from reconciler.diagnostics import ExitCode
from reconciler.execute.abandon import abandon
from reconciler.execute.control import Word
from reconciler.ledger.identity import head, is_built_on
from reconciler.ledger.plumbing import open_plumbing
from reconciler.model.entries import Event
from reconciler.model.results import (
    Converged,
    Failed,
    WaitingForApproval,
    WaitingForTime,
    exit_code,
)
from reconciler.model.status import Stand
from tests.execute.acts import FILE, ZONE, Play, desired, stand

ANN = Word(person="ann", reason="not wanted any more")


def git(play: Play, *args: str) -> None:
    subprocess.run(["git", "-C", str(play.stage.root), *args], check=True, capture_output=True)


def planned(play: Play) -> WaitingForApproval:
    """Put a plan on record, half approved, and go back to the commit before."""
    play.want(desired(ksk=2))
    result = play.run()
    assert isinstance(result, WaitingForApproval)
    play.approve(result.digest, "ann")
    git(play, "checkout", "--quiet", "HEAD~1")
    return result


def test_an_older_checkout_leaves_a_newer_plan_and_its_approvals_alone(play: Play) -> None:
    digest = planned(play).digest
    before = play.entries()
    result = play.run()
    assert isinstance(result, Failed)
    assert exit_code(result) is ExitCode.STALE
    (finding,) = result.diagnostics
    assert finding.code == "older-checkout"
    assert f"reconcile abandon {ZONE}" in finding.hint
    assert play.entries() == before
    git(play, "checkout", "--quiet", "main")
    again = play.run()
    assert isinstance(again, WaitingForApproval)
    assert again.digest == digest
    assert "1 given so far" in again.missing[0]


def test_a_step_that_was_made_is_not_looked_for_from_an_older_checkout(play: Play) -> None:
    play.approve(planned(play).digest, "bob")
    git(play, "checkout", "--quiet", "main")
    assert isinstance(play.run(), WaitingForTime)
    git(play, "checkout", "--quiet", "HEAD~1")
    play.leap(minutes=30)
    assert exit_code(play.run()) is ExitCode.STALE
    assert play.entries(Event.EVIDENCE, Event.ABANDON) == []
    git(play, "checkout", "--quiet", "main")
    play.converge()
    play.check()


def test_status_says_that_the_checkout_is_older(play: Play) -> None:
    planned(play)
    found = stand(play)
    assert found.stand is Stand.BLOCKED
    assert [finding.code for finding in found.findings] == ["older-checkout"]


def test_a_person_can_go_back_by_giving_the_plan_up(play: Play) -> None:
    planned(play)
    with play.stage.open() as workspace:
        abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN)
    play.converge()
    assert play.calls() == []


def test_a_revert_is_newer_and_supersedes(play: Play) -> None:
    planned(play)
    git(play, "checkout", "--quiet", "main")
    git(play, "revert", "--no-edit", "HEAD")
    play.converge()
    assert len(play.entries(Event.ABANDON)) == 1
    assert play.calls() == []


def test_what_comes_after_a_plan_is_done_may_be_said_from_anywhere(play: Play) -> None:
    """A plan that was carried out to its end runs no more."""
    play.want(desired(ksk=2))
    play.converge()
    git(play, "checkout", "--quiet", "HEAD~1")
    assert isinstance(play.run(), Converged)


def test_only_history_that_is_here_makes_a_commit_newer(play: Play) -> None:
    plumbing = open_plumbing(play.stage.root)
    old = head(plumbing)
    play.want(desired(ksk=2))
    new = head(plumbing)
    assert old is not None
    assert new is not None
    assert is_built_on(plumbing, new, old)
    assert not is_built_on(plumbing, old, new)
    assert not is_built_on(plumbing, new, new)
    assert not is_built_on(plumbing, "0" * 40, old)
    assert not is_built_on(plumbing, new, "0" * 40)
    git(play, "checkout", "--quiet", "--orphan", "elsewhere")
    git(play, "commit", "--quiet", "--message", f"Only {FILE}")
    apart = head(plumbing)
    assert apart is not None
    assert not is_built_on(plumbing, new, apart)
