"""What a run sees of many zones is one commit; an intent and its outcome are always their own."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.audit.verify import audit
from reconciler.demo.scenery import AUTHOR, Scene, layout, zone_yaml
from reconciler.demo.stage import Stage, build, open_stage
from reconciler.diagnostics import Diagnostic, ExitCode, LedgerError
from reconciler.execute.abandon import abandon
from reconciler.execute.approve import approve
from reconciler.execute.control import Word
from reconciler.execute.run import apply_zones
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.record import open_record
from reconciler.model.entries import Entry, Event
from reconciler.model.results import (
    Converged,
    Failed,
    Raced,
    Result,
    WaitingForApproval,
    WaitingForTime,
    exit_code,
)
from reconciler.wiring import open_workspace, start_ledger
from tests.execute.acts import TESTER

ZONES = ("a.example.", "b.example.", "c.example.")
OWN_COMMIT = {Event.INTENT, Event.OUTCOME}
RUNS_MAX = 40


class Killed(BaseException):
    """A run ends here, without a word."""


@dataclass(slots=True)
class Fleet:
    """An open stage with several zones that all roll a KSK."""

    stage: Stage

    def run(self, hook: Callable[[str], None] = lambda _: None) -> Sequence[Result]:
        setting = replace(self.stage.setting, checkpoint=hook)
        with open_workspace(self.stage.root, setting) as workspace:
            start_ledger(workspace)
            return apply_zones(workspace.outside, workspace.portfolio.zones.values())

    def answer(self, results: Sequence[Result]) -> None:
        """Approve what is waited for; where nothing is, let time go on to what comes first."""
        asked = [r.digest for r in results if isinstance(r, WaitingForApproval)]
        with self.stage.open() as workspace:
            for digest in asked:
                for person, key in self.stage.approvers.items():
                    approve(workspace.outside, digest, person=person, key=key)
        waiting = [r.until for r in results if isinstance(r, WaitingForTime)]
        if waiting and not asked:
            world = self.stage.world
            world.leap_to(max(min(waiting), world.now()))

    def until_called(self) -> None:
        """Run until the first step of each zone is approved: the next run makes them all."""
        for _ in range(RUNS_MAX):
            results = self.run()
            self.answer(results)
            if all(isinstance(r, WaitingForApproval) for r in results):
                return
        raise AssertionError(results)

    def until_seen(self) -> None:
        """Make the first step of each zone, and let their servers follow."""
        self.until_called()
        results = self.run()
        assert {getattr(r, "step", "") for r in results} == {"s1"}
        assert self.entries(Event.EVIDENCE) == []
        self.stage.world.leap_to(self.stage.world.now() + timedelta(minutes=10))

    def converge(self) -> None:
        for _ in range(RUNS_MAX):
            results = self.run()
            if all(isinstance(r, Converged) for r in results):
                return
            self.answer(results)
        raise AssertionError(results)

    def entries(self, *events: Event) -> list[Entry]:
        found = GitLedger(self.stage.root, actor=TESTER).entries()
        return [entry for entry in found if entry.event in events]

    def commits(self) -> list[list[Event]]:
        """Return the events of each commit, oldest first."""
        ledger = GitLedger(self.stage.root, actor=TESTER)
        events = {entry.seq: entry.event for entry in ledger.entries()}
        with open_record(ledger.git, ledger.refresh() or "") as record:
            added = [[c.path for c in commit.changes] for commit in record.commits]
        numbers = [[int(Path(p).name.split("-")[0]) for p in a if "entries/" in p] for a in added]
        return [[events[number] for number in sorted(found)] for found in numbers]

    def with_evidence(self) -> list[Counter[Event]]:
        return [Counter(c) for c in self.commits() if Event.EVIDENCE in c]

    def check(self) -> None:
        """Each effect once, views that were always good, and a record that an audit accepts."""
        for commit in self.commits():
            assert len(commit) == 1 or not OWN_COMMIT & set(commit), commit
        seen = Counter((e.draft.zone, e.draft.step) for e in self.entries(Event.EVIDENCE))
        assert set(seen) == {(zone, step) for zone in ZONES for step in ("s1", "s2", "s3")}
        assert set(seen.values()) == {1}
        self.audited()

    def audited(self) -> None:
        assert all(self.stage.watch.report(zone).bogus == 0 for zone in ZONES)
        ledger = GitLedger(self.stage.root, actor=TESTER)
        with open_record(ledger.git, ledger.refresh() or "") as record:
            assert audit(record).findings == ()


def file(zone: str, *, ksk: int) -> tuple[str, str]:
    keys = f"{{ksk: {{generation: {ksk}}}, zsk: {{generation: 1}}}}"
    text = zone_yaml(zone, "own", "registrar", signed=True, keys=keys)
    return f"zones/{zone.removesuffix('.')}.yaml", text


@pytest.fixture(scope="module")
def prepared_fleet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("fleet") / "portfolio"
    usual = layout(worst_case=False)
    legacy = next(z for z in usual.zones if z.zone == "legacy.example.")
    zones = tuple(replace(legacy, zone=zone) for zone in ZONES)
    files = {zone: file(zone, ksk=1)[1] for zone in ZONES}
    build(root, scene=Scene(layout=replace(usual, zones=zones), files=files))
    return root


@pytest.fixture
def fleet(prepared_fleet: Path, tmp_path: Path) -> Iterator[Fleet]:
    root = tmp_path / "portfolio"
    shutil.copytree(prepared_fleet, root)
    with open_stage(root) as stage:
        wanted = dict(file(zone, ksk=2) for zone in ZONES)
        stage.repository.commit(wanted, "Roll every KSK", AUTHOR, stage.world.now())
        yield Fleet(stage)


def test_what_is_seen_of_many_zones_is_one_commit(fleet: Fleet) -> None:
    fleet.until_seen()
    fleet.run()
    assert fleet.with_evidence() == [Counter({Event.EVIDENCE: 3, Event.REFINE: 3})]
    fleet.converge()
    assert [found[Event.EVIDENCE] for found in fleet.with_evidence()] == [3, 3, 3]
    fleet.check()


@pytest.mark.parametrize("checkpoint", ["before-evidence", "after-evidence"])
def test_killed_around_the_commit_nothing_is_lost(fleet: Fleet, checkpoint: str) -> None:
    def deadly(name: str) -> None:
        if name == checkpoint:
            raise Killed

    fleet.until_seen()
    with pytest.raises(Killed):
        fleet.run(deadly)
    fleet.converge()
    fleet.check()


def test_killed_at_a_later_zone_what_was_seen_of_earlier_ones_is_seen_again(fleet: Fleet) -> None:
    passed: list[str] = []

    def deadly(name: str) -> None:
        passed.append(name)
        if passed.count("observed") == len(ZONES):
            raise Killed

    fleet.until_seen()
    with pytest.raises(Killed):
        fleet.run(deadly)
    assert fleet.with_evidence() == []
    fleet.converge()
    fleet.check()


def test_a_race_that_is_lost_drops_only_what_others_have_put_on_record(fleet: Fleet) -> None:
    other: list[Fleet] = [fleet]

    def meet(name: str) -> None:
        if name == "before-evidence" and other:
            with other.pop().stage.open() as workspace:
                apply_zones(workspace.outside, [workspace.portfolio.zones[ZONES[1]]])

    fleet.until_seen()
    results = fleet.run(meet)
    assert {getattr(r, "step", "") for r in results} == {"s2"}
    assert [found[Event.EVIDENCE] for found in fleet.with_evidence()] == [1, 2]
    fleet.converge()
    fleet.check()


def test_a_plan_that_is_given_up_meanwhile_gets_no_evidence(fleet: Fleet) -> None:
    left = [ZONES[0]]

    def give_up(name: str) -> None:
        if name == "before-evidence" and left:
            with fleet.stage.open() as workspace:
                desired = workspace.portfolio.zones[left.pop()]
                abandon(workspace.outside, desired, Word(person="ann", reason="not now"))

    fleet.until_seen()
    fleet.run(give_up)
    (seen,) = fleet.with_evidence()
    assert seen[Event.EVIDENCE] == 2
    fleet.converge()
    fleet.audited()


def test_asked_to_stop_what_was_seen_is_put_on_record(fleet: Fleet) -> None:
    fleet.until_seen()
    with fleet.stage.open() as workspace:
        start_ledger(workspace)
        passed: list[str] = []

        def ask(name: str) -> None:
            passed.append(name)
            if passed.count("observed") == 2:
                workspace.outside.stop.asked = True

        outside = replace(workspace.outside, checkpoint=ask)
        results = apply_zones(outside, workspace.portfolio.zones.values())
    assert [r.zone for r in results] == list(ZONES[:2])
    assert [found[Event.EVIDENCE] for found in fleet.with_evidence()] == [2]
    assert all(isinstance(r, Failed) and r.done == ("s1",) for r in results)
    fleet.converge()
    fleet.check()


def test_a_ledger_that_cannot_be_written_fails_each_zone_that_was_seen(fleet: Fleet) -> None:
    def broken(name: str) -> None:
        if name == "before-evidence":
            finding = Diagnostic(code="ledger-not-writable", summary="no", hint="mend it")
            raise LedgerError(finding)

    fleet.until_seen()
    results = fleet.run(broken)
    assert all(isinstance(r, Failed) and r.done == () for r in results)
    assert {exit_code(r) for r in results} == {ExitCode.ERROR}
    assert not any(isinstance(r, Raced) for r in results)
    fleet.converge()
    fleet.check()
