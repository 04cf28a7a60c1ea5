"""A stage whose ledger is at a git remote, and clones of it in which runs happen as in CI."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.diagnostics import ExitCode
from reconciler.model.entries import Event
from tests.e2e.runs import Ended, Runs, runs_in

LOG = "refs/heads/reconcile/log"
GOING_ON = {
    ExitCode.OK,
    ExitCode.WAITING_TIME,
    ExitCode.WAITING_APPROVAL,
    ExitCode.LOST_RACE,
}
"""How runs end that meet others; docs/cli.md."""


def git(path: Path, *arguments: str) -> str:
    command = ["git", "-C", str(path), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@dataclass(slots=True)
class Shared:
    """The runs on one stage, the bare repository `bare` that holds its ledger, and its clones."""

    runs: Runs
    bare: Path
    clones: Path

    def want(self, text: str) -> None:
        """Change the desired state, as a merge to main does."""
        self.runs.play.want(text)
        git(self.runs.play.stage.root, "push", "--quiet", "origin", "main")

    def clone(self, name: str, *options: str) -> Path:
        path = self.clones / name
        identity = ["-c", "user.name=CI", "-c", "user.email=ci@shop.example"]
        command = ["git", "clone", "--quiet", *identity, *options, f"file://{self.bare}", str(path)]
        subprocess.run(command, check=True, capture_output=True)
        (path / "world").symlink_to(self.runs.play.stage.root / "world")
        return path

    def entries(self, *events: Event) -> list[Any]:
        """Return what is on record of the zone at the remote."""
        self.runs.play.log()
        return self.runs.play.entries(*events)

    def finish(self, clone: Path, *, rounds: int = 60) -> None:
        """Run in `clone` alone until the zone is as desired."""
        for _ in range(rounds):
            ended = self.run(clone)
            if ended.code == ExitCode.OK:
                return
            self.runs.answer(ended)
        raise AssertionError(ended)

    def run(self, clone: Path, at: tuple[str, int] | None = None) -> Ended:
        """Run in `clone`, to be killed where `at` says."""
        self.runs.begin(at, root=str(clone))
        return self.runs.end()

    def approved(self) -> tuple[Path, Path]:
        """Return two clones, with a plan on record whose first step is approved."""
        one, two = self.clone("one"), self.clone("two")
        ended = self.run(one)
        assert ended.code == ExitCode.WAITING_APPROVAL
        self.runs.answer(ended)
        return one, two

    def until_called(self, clone: Path, *, rounds: int = 10) -> None:
        """Run in `clone` until the first step is made, and see that it was made once."""
        for _ in range(rounds):
            ended = self.run(clone)
            if self.runs.play.calls():
                break
            self.runs.answer(ended)
        assert self.runs.play.calls() == ["dnskey.add"]

    def check(self, rollovers: int = 1) -> None:
        """What must hold at the end: each effect once and on record, in a ledger that is whole."""
        self.runs.play.log()
        self.runs.check(rollovers)
        steps = Counter(e.draft.step for e in self.entries(Event.OUTCOME) if e.draft.data["ok"])
        assert set(steps) == {"s1", "s2", "s3"}
        began = {(e.draft.plan, e.draft.step): e for e in self.entries(Event.INTENT)}
        assert len(began) == len(self.runs.play.calls()), "an intent for each effect"
        git(self.bare, "fsck", "--strict", "--no-dangling")
        assert git(self.bare, "rev-list", "--merges", LOG) == ""


def leader(ended: list[Ended]) -> Ended | None:
    """Return the run that knows best what is waited for; None: all lost a race, run again."""
    wanted = (ExitCode.WAITING_APPROVAL, ExitCode.WAITING_TIME, ExitCode.OK)
    known = [found for code in wanted for found in ended if found.code == code]
    return known[0] if known else None


@contextmanager
def shared_in(root: Path, folder: Path) -> Iterator[Shared]:
    """Open the stage at `root` with its ledger moved to a bare remote in `folder`."""
    bare = folder / "origin.git"
    with runs_in(root) as runs:
        stage = runs.play.stage
        command = ["git", "clone", "--quiet", "--bare", str(root), str(bare)]
        subprocess.run(command, check=True, capture_output=True)
        for name in ("denyNonFastForwards", "denyDeletes"):
            git(bare, "config", f"receive.{name}", "true")
        git(bare, "config", "uploadpack.allowFilter", "true")
        git(bare, "config", "uploadpack.allowAnySHA1InWant", "true")
        git(root, "remote", "add", "origin", str(bare))
        portfolio = root / "zones/portfolio.yaml"
        portfolio.write_text(portfolio.read_text() + "ledger: {remote: origin}\n")
        git(root, "commit", "--quiet", "--all", "--message", "Share the ledger")
        git(root, "push", "--quiet", "origin", "main")
        assert stage.root == root
        yield Shared(runs, bare, folder)
