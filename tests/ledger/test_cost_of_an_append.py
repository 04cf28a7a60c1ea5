"""An append costs the same however many entries there are: counted, not timed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.ledger import import_beats
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.plumbing import ObjectReader, Plumbing
from reconciler.model.entries import Actor, ActorKind, Draft, Event

SIZES = (1_000, 12_000)
ACTOR = Actor(kind=ActorKind.CI, id="bench", run="1")
NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)


@dataclass(slots=True)
class Counted:
    """What was asked of git: processes by their command, objects that were read by name."""

    processes: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)

    def cost(self) -> tuple[list[str], int]:
        return sorted(self.processes), len(self.objects)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Count for as long as the test runs."""
    found = Counted()
    start: Callable[..., subprocess.Popen[bytes]] = Plumbing._start
    read = ObjectReader.read_all

    def started(self: Plumbing, *args: str, **more: object) -> subprocess.Popen[bytes]:
        found.processes.append(args[0])
        return start(self, *args, **more)

    def asked(self: ObjectReader, names: Sequence[str]) -> Iterator[bytes | None]:
        found.objects += names
        return read(self, names)

    monkeypatch.setattr(Plumbing, "_start", started)
    monkeypatch.setattr(ObjectReader, "read_all", asked)
    return found


def stored(root: Path) -> int:
    """Return how many objects the repository holds, loose and packed."""
    listing = ["git", "cat-file", "--batch-all-objects", "--batch-check"]
    done = subprocess.run(listing, cwd=root, check=True, capture_output=True)
    return done.stdout.count(b"\n")


def cost_of_one(root: Path, counted: Counted) -> tuple[list[str], int, int]:
    """Return processes, objects read and objects written of a run that reads and appends once."""
    before = stored(root)
    counted.processes.clear()
    counted.objects.clear()
    ledger = GitLedger(root, actor=ACTOR)
    ledger.refresh()
    ledger.append([Draft(event=Event.HEARTBEAT)], NOW)
    return (*counted.cost(), stored(root) - before)


def test_an_append_costs_as_many_processes_and_objects_at_any_size(
    tmp_path: Path, counted: Counted
) -> None:
    costs = []
    for size in SIZES:
        root = tmp_path / str(size)
        import_beats(root, size - 50)
        costs.append(cost_of_one(root, counted))
    assert costs[0] == costs[1]
    processes, read, written = costs[0]
    assert "maintenance" not in processes
    assert (read, written) == (READ, WRITTEN)


READ = 8
"""Where the last entry stands (three folders and the entry), and the four folders on the way."""
WRITTEN = 6
"""The entry, the four folders on its way, and the commit."""
