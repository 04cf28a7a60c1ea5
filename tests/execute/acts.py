"""A prepared portfolio over a real sandbox world, and what people and time do between runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from reconciler.audit.verify import audit
from reconciler.demo.scenery import AUTHOR, zone_yaml
from reconciler.demo.stage import Stage, open_stage
from reconciler.execute.approve import approve
from reconciler.execute.outside import Checkpoint
from reconciler.execute.status import statuses
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.history import ZoneLog
from reconciler.ledger.record import open_record
from reconciler.ledger.verify import verify_chain
from reconciler.model.entries import Actor, ActorKind, Draft, Entry, Event
from reconciler.model.results import Converged, Result, WaitingForApproval, WaitingForTime
from reconciler.model.status import ZoneStatus

ZONE = "legacy.example."
"""Signed at `own`, whose every key is ours, below the registrar: ready for a KSK rollover."""
FILE = "zones/legacy.example.yaml"
TESTER = Actor(kind=ActorKind.PERSON, id="tester", run="test")
RUNS_MAX = 60


def desired(*, ksk: int = 1, zsk: int = 1, signed: bool = True) -> str:
    keys = f"{{ksk: {{generation: {ksk}}}, zsk: {{generation: {zsk}}}}}"
    return zone_yaml(ZONE, "own", "registrar", signed=signed, keys=keys if signed else "")


@dataclass(slots=True)
class Play:
    """An open stage and the zone that is played with."""

    stage: Stage
    zone: str = ZONE

    def want(self, text: str, message: str = "Change legacy.example") -> None:
        self.stage.repository.commit({FILE: text}, message, AUTHOR, self.stage.world.now())

    def run(self) -> Result:
        return self.stage.run(self.zone)

    def approve(self, digest: str, *people: str) -> None:
        with self.stage.open() as workspace:
            for person, key in self.stage.approvers.items():
                if not people or person in people:
                    approve(workspace.outside, digest, person=person, key=key)

    def answer(self, result: Result) -> None:
        """Do what `result` asks of people and time."""
        match result:
            case WaitingForApproval(digest=digest):
                self.approve(digest)
            case WaitingForTime(until=until):
                world = self.stage.world
                world.leap_to(max(until, world.now()))
            case _:
                message = f"nobody can answer {result}"
                raise AssertionError(message)

    def until(self, wanted: Callable[[Result], bool]) -> Result:
        """Run and answer until a result is wanted, and return it unanswered."""
        for _ in range(RUNS_MAX):
            result = self.run()
            if wanted(result):
                return result
            self.answer(result)
        message = f"never seen in {RUNS_MAX} runs"
        raise AssertionError(message)

    def converge(self) -> Converged:
        result = self.until(lambda r: isinstance(r, Converged))
        assert isinstance(result, Converged)
        return result

    def on_the_way_to(self, step: str) -> Result:
        """Return the first result that waits for `step`, whatever for."""
        return self.until(lambda r: getattr(r, "step", None) == step)

    def leap(self, **span: int) -> None:
        self.stage.world.leap_to(self.stage.world.now() + timedelta(**span))

    def at_checkpoint(self, hook: Checkpoint) -> Play:
        """Return this play with something done at each checkpoint of its runs."""
        setting = replace(self.stage.setting, checkpoint=hook)
        return Play(replace(self.stage, setting=setting), self.zone)

    def log(self) -> ZoneLog:
        with self.stage.open() as workspace:
            return workspace.outside.recall().zone(self.zone)

    def entries(self, *events: Event) -> list[Entry]:
        ledger = GitLedger(self.stage.root, actor=TESTER)
        found = (e for e in ledger.entries() if e.draft.zone == self.zone)
        return [entry for entry in found if not events or entry.event in events]

    def record(self, *drafts: Draft) -> None:
        """Append to the ledger as somebody else would."""
        ledger = GitLedger(self.stage.root, actor=TESTER)
        ledger.refresh()
        ledger.append(drafts, self.stage.world.now())

    def calls(self) -> list[str]:
        """Return the operations that systems were asked for in this zone, oldest first."""
        dumped = self.stage.world.dump()["calls"]
        assert isinstance(dumped, list)
        found = [call for call in dumped if isinstance(call, dict) and call["zone"] == self.zone]
        moves = [call["move"] for call in found]
        return [str(move["op"]) for move in moves if isinstance(move, dict)]

    def check(self) -> None:
        """What must hold at every end: a whole record, and views that were always good."""
        assert verify_chain(GitLedger(self.stage.root, actor=TESTER)) == ()
        report = self.stage.watch.report(self.zone)
        assert report.bogus == 0, report.examples


def problems(play: Play) -> tuple[str, ...]:
    """Return what an audit finds wrong with the record."""
    ledger = GitLedger(play.stage.root, actor=TESTER)
    with open_record(ledger.git, ledger.refresh() or "") as record:
        return tuple(f"{f.file}: {f.summary}" for f in audit(record).findings)


def stand(play: Play) -> ZoneStatus:
    """Return where the zone stands, as `reconcile status` says."""
    with play.stage.open() as workspace:
        (found,) = statuses(workspace.outside, [workspace.portfolio.zones[play.zone]])
        return found


@contextmanager
def opened(root: Path) -> Iterator[Play]:
    with open_stage(root) as stage:
        yield Play(stage)
