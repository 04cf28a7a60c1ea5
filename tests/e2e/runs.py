"""Runs of `reconcile apply` in other processes, on a stage whose judges look on from here."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from reconciler.diagnostics import ExitCode
from reconciler.model.entries import Event
from tests.execute.acts import Play, opened

RUNNER = Path(__file__).with_name("runner.py")
PATIENCE = 60
"""Seconds after which a run that tells nothing is a failure of the test."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code (negative: the signal) and what it said of the zone."""

    code: int
    zone: dict[str, Any]

    @property
    def killed(self) -> bool:
        return self.code < 0


@dataclass(slots=True)
class Runs:
    """One stage, and the process that forks its runs."""

    play: Play
    process: subprocess.Popen[str]
    ended: queue.Queue[Ended] = field(default_factory=queue.Queue)
    begun: queue.Queue[int] = field(default_factory=queue.Queue)
    early: Ended | None = None
    took: float = 0.0
    """Seconds that the last run took that was left alone."""

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            told = json.loads(line)
            if "code" not in told:
                self.begun.put(told["pid"])
                continue
            found = json.loads(told["result"] or "{}").get("zones", {})
            self.ended.put(Ended(told["code"], found.get(self.play.zone, {})))

    def begin(self, at: tuple[str, int] | None = None, do: str = "kill", **more: object) -> int:
        """Begin a run and return its process id."""
        order = {"root": str(self.play.stage.root), "zone": self.play.zone, "at": at, "do": do}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order | more) + "\n")
        self.process.stdin.flush()
        return self.begun.get(timeout=PATIENCE)

    def end(self) -> Ended:
        """Wait for a run to end, and let the judges look at what it left."""
        ended = self.early or self.ended.get(timeout=PATIENCE)
        self.early = None
        self.play.stage.watch.look(self.play.stage.world.now())
        return ended

    def ended_within(self, seconds: float) -> bool:
        """True if a run ended by itself in this time; `end` then tells how."""
        with suppress(queue.Empty):
            self.early = self.ended.get(timeout=seconds)
        return self.early is not None

    def run(self, at: tuple[str, int] | None = None) -> Ended:
        began = time.monotonic()
        self.begin(at)
        ended = self.end()
        self.took = time.monotonic() - began
        return ended

    def answer(self, ended: Ended) -> None:
        """Do what a run asked of people and time."""
        match ended.code:
            case ExitCode.WAITING_APPROVAL:
                self.play.approve(ended.zone["digest"])
            case ExitCode.WAITING_TIME:
                world = self.play.stage.world
                until = datetime.fromisoformat(ended.zone["until"])
                world.leap_to(max(until, world.now()))
            case _:
                message = f"nobody can answer {ended}"
                raise AssertionError(message)

    def check(self, rollovers: int) -> None:
        """What must hold after KSK rollovers, whatever was killed on the way."""
        self.play.check()
        self._nothing_twice(rollovers)
        self._intents_first()
        fsck = ["git", "fsck", "--strict", "--no-dangling"]
        root = self.play.stage.root
        told = subprocess.run(fsck, cwd=root, capture_output=True, text=True, check=True)
        assert told.stdout == ""

    def _nothing_twice(self, rollovers: int) -> None:
        zone, dumped = self.play.zone, self.play.stage.world.dump()
        keys = [k["label"] for k in _of(dumped["keys"], zone)]
        made = [f"ksk@13/{n + 2}" for n in range(rollovers)]
        assert sorted(keys) == sorted(["ksk@13/1", "zsk@13/1", *made])
        (delegation,) = _of(dumped["delegations"], zone)
        assert len(delegation["versions"]) == 1 + rollovers
        (signer,) = _of(dumped["signers"], zone)
        assert len(signer["versions"]) == 1 + 2 * rollovers
        assert signer["versions"][-1]["dnskeys"] == ["zsk@13/1", made[-1]]
        calls = Counter(self.play.calls())
        assert set(calls.values()) == {rollovers}
        assert set(calls) == {"dnskey.add", "ds.replace", "dnskey.remove"}

    def _intents_first(self) -> None:
        begun: set[object] = set()
        for entry in self.play.entries(Event.INTENT, Event.OUTCOME):
            if entry.event is Event.INTENT:
                begun.add(entry.draft.idem)
            assert entry.draft.idem in begun


def _of(found: object, zone: str) -> list[dict[str, Any]]:
    assert isinstance(found, list)
    return [item for item in found if item["zone"] == zone]


@contextmanager
def runs_in(root: Path) -> Iterator[Runs]:
    """Open the stage at `root`; runs that are still there at the end are ended by their id."""
    command = [sys.executable, str(RUNNER)]
    with (
        opened(root) as play,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        runs = Runs(play, process)
        listener = threading.Thread(target=runs.listen)
        listener.start()
        try:
            yield runs
        finally:
            assert process.stdin is not None
            process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=PATIENCE)
            process.kill()
            listener.join()
