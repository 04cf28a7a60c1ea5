"""Many processes, and processes that die: real ones, on real repositories."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.diagnostics import LostRaceError
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.verify import verify_chain
from reconciler.model.entries import Actor, ActorKind, Draft, Event

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
GENESIS = Draft(event=Event.GENESIS, data={"ledger": "5eed"})

WRITER = textwrap.dedent("""
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from reconciler.diagnostics import LostRaceError
    from reconciler.ledger.git_ledger import GitLedger, blob_name
    from reconciler.model.entries import Actor, ActorKind, Draft, Event

    path, name, count, remote = sys.argv[1:]
    actor = Actor(kind=ActorKind.CI, id=name)
    ledger = GitLedger(Path(path), actor=actor, remote=remote or None)
    now = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
    print("ready", flush=True)
    won = 0
    while won < int(count):
        ledger.refresh()
        blob = f"{name}/{won}".encode()
        draft = Draft(event=Event.HEARTBEAT, data={"number": won})
        try:
            ledger.append([draft], now, {blob_name("observations", blob, "txt"): blob})
            won += 1
            print(f"won {won}", flush=True)
        except LostRaceError:
            continue
""")


def opened(path: Path, remote: str | None = None) -> GitLedger:
    return GitLedger(path, actor=Actor(kind=ActorKind.PERSON, id="ann"), remote=remote)


def writer(path: Path, name: str, count: int, remote: str = "") -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(count), remote]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def written(ledger: GitLedger) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for entry in ledger.entries():
        if entry.event is Event.HEARTBEAT:
            found.setdefault(entry.actor.id, []).append(entry.draft.data["number"])
    return found


def test_processes_in_one_repository_lose_nothing(repository: Path) -> None:
    ledger = opened(repository)
    ledger.append([GENESIS], NOW)
    writers = [writer(repository, name, 5) for name in ("a", "b", "c")]
    assert [process.communicate()[0].count("won") for process in writers] == [5, 5, 5]
    assert written(ledger) == {name: [0, 1, 2, 3, 4] for name in ("a", "b", "c")}
    assert verify_chain(ledger) == ()


def test_processes_in_clones_of_one_remote_lose_nothing(
    clone: Callable[[str], Path], bare: Path
) -> None:
    opened(clone("first"), "origin").append([GENESIS], NOW)
    writers = [writer(clone(name), name, 3, "origin") for name in ("a", "b")]
    assert [process.communicate()[0].count("won") for process in writers] == [3, 3]
    ledger = opened(bare)
    assert written(ledger) == {name: [0, 1, 2] for name in ("a", "b")}
    assert verify_chain(ledger) == ()


@pytest.mark.parametrize("remote", ["", "origin"])
def test_a_writer_killed_at_any_moment_leaves_a_whole_ledger(
    repository: Path, bare: Path, remote: str
) -> None:
    chance = random.Random(20261121)  # noqa: S311 - seeded, so that a failure comes again
    ledger = opened(repository, remote or None)
    ledger.append([GENESIS], NOW)
    for number in range(6):
        process = writer(repository, f"w{number}", 1000, remote)
        assert process.stdout is not None
        for _ in range(chance.randint(1, 3)):
            process.stdout.readline()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0, 0.08))
        process.send_signal(signal.SIGKILL)
        told = process.communicate()[0].count("won")
        assert len(written(ledger).get(f"w{number}", [])) >= told
        _append_after_all(ledger)
    assert verify_chain(ledger) == ()
    for path in (repository, bare):
        subprocess.run(["git", "fsck", "--strict"], cwd=path, check=True, capture_output=True)


def _append_after_all(ledger: GitLedger) -> None:
    """Git itself outlives its killed parent and may still land one entry: then read again."""
    for _ in range(3):
        try:
            list(ledger.entries())
            ledger.append([Draft(event=Event.ANNOTATE)], NOW)
        except LostRaceError as error:
            lost = error
        else:
            return
    raise lost
