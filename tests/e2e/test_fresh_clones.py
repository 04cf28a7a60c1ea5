"""A month of runs, each in a clone of its own that is thrown away, as in CI."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

from reconciler.diagnostics import ExitCode
from tests.e2e.places import Reconcile
from tests.e2e.runs import Ended
from tests.e2e.shared import LOG, Shared, git

MONTH = timedelta(days=30)
SHALLOW = ("--depth=1",)
PARTIAL = ("--filter=blob:none",)


def fresh(shared: Shared, number: int, *options: str) -> Ended:
    """Clone, run, and throw the clone away."""
    clone = shared.clone(f"clone-{number}", *options)
    ended = shared.run(clone)
    shutil.rmtree(clone)
    return ended


def wakes(ended: Ended) -> datetime | None:
    """Return when a run asked to be woken, None where it has nothing to wait for."""
    return datetime.fromisoformat(ended.zone["until"]) if "until" in ended.zone else None


def test_a_month_of_fresh_clones_carries_a_rollover_to_its_end(
    shared: Shared, reconcile: Reconcile
) -> None:
    """One run at each waking, and one each day: those that have nothing to do write nothing."""
    world = shared.runs.play.stage.world
    began, number, idle = world.now(), 0, 0
    while world.now() < began + MONTH:
        number += 1
        before = git(shared.bare, "rev-parse", LOG)
        ended = fresh(shared, number, *(SHALLOW if shared.runs.play.calls() else PARTIAL))
        assert ended.code in {ExitCode.OK, ExitCode.WAITING_TIME, ExitCode.WAITING_APPROVAL}
        idle += git(shared.bare, "rev-parse", LOG) == before
        if ended.code == ExitCode.WAITING_APPROVAL:
            shared.runs.answer(ended)
            continue
        tomorrow = world.now() + timedelta(days=1)
        world.leap_to(min(tomorrow, wakes(ended) or tomorrow))
    shared.check()
    assert idle >= 15
    entries = shared.entries()
    assert len(entries) <= 30, "as many entries as things happened, whatever the number of runs"
    assert len(git(shared.bare, "rev-list", LOG).split()) <= 60
    clone = shared.clone("audit")
    assert reconcile("audit", "verify", "-C", clone).code == ExitCode.OK


def test_only_a_new_plan_needs_to_know_who_wrote_the_change(shared: Shared) -> None:
    """A shallow clone says so, and writes nothing; it carries out what is on record."""
    before = len(shared.entries())
    ended = fresh(shared, 1, *SHALLOW)
    assert ended.code == ExitCode.ERROR
    (finding,) = ended.zone["diagnostics"]
    assert finding["code"] == "shallow-clone"
    assert "fetch-depth: 0" in finding["hint"]
    assert len(shared.entries()) == before
    ended = fresh(shared, 2, *PARTIAL)
    assert ended.code == ExitCode.WAITING_APPROVAL
    shared.runs.answer(ended)
    fresh(shared, 3, *SHALLOW)
    assert shared.runs.play.calls() == ["dnskey.add"]


def test_evidence_and_what_it_brings_are_one_commit_and_an_intent_is_its_own(
    shared: Shared,
) -> None:
    one, _ = shared.approved()
    shared.finish(one)
    commits = git(shared.bare, "log", "--format=%H", LOG).split()
    found = [git(shared.bare, "diff-tree", "--root", "-r", "--name-only", c) for c in commits]
    several = [paths for paths in found if paths.count("entries/") > 1]
    assert any("-evidence.json" in paths and "-refine.json" in paths for paths in several)
    assert all("-intent.json" not in paths and "-outcome.json" not in paths for paths in several)
