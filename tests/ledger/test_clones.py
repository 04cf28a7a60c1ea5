"""Clones as CI makes them, shallow or without files: all of the ledger, in a few requests."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.ledger.git_ledger import GitLedger, blob_name
from reconciler.ledger.verify import verify_chain
from reconciler.model.entries import Actor, ActorKind, Draft, Event
from tests.ledger.smart_http import SmartHttp, serve

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
ACTOR = Actor(kind=ActorKind.CI, id="ci", run="run-1")
GENESIS = Draft(event=Event.GENESIS, data={"ledger": "5eed"})
BEAT = Draft(event=Event.HEARTBEAT)
ENTRIES = 250
KEPT = b'{"a":1}'
REQUESTS = 12
"""What a few fetches take, and far fewer than there are files."""
CLONES = {
    "whole": [],
    "one-branch": ["--single-branch", "--branch", "main"],
    "shallow": ["--depth=1"],
    "shallow-log": ["--depth=1", "--no-single-branch"],
    "no-blobs": ["--filter=blob:none"],
    "no-trees": ["--filter=tree:0"],
    "shallow-no-blobs": ["--depth=1", "--filter=blob:none", "--no-single-branch"],
    "sparse": ["--filter=blob:none", "--sparse", "--no-checkout"],
}


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository with a ledger of some hundred entries, in as many commits as runs make."""
    path = tmp_path_factory.mktemp("remote") / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    for name in ("allowFilter", "allowAnySHA1InWant"):
        command = ["git", "-C", str(path), "config", f"uploadpack.{name}", "true"]
        subprocess.run(command, check=True)
    for name in ("name", "email"):
        subprocess.run(["git", "-C", str(path), "config", f"user.{name}", "ann@x"], check=True)
    tree = subprocess.run(
        ["git", "-C", str(path), "mktree"], input=b"", capture_output=True, check=True
    ).stdout.strip()
    commit = subprocess.run(
        ["git", "-C", str(path), "commit-tree", "-m", "Begin", tree.decode()],
        capture_output=True, check=True,
    ).stdout.strip()  # fmt: skip
    move = ["git", "-C", str(path), "update-ref", "refs/heads/main", commit.decode()]
    subprocess.run(move, check=True)
    ledger = GitLedger(path, actor=ACTOR)
    ledger.append([GENESIS], NOW, {blob_name("plans", KEPT): KEPT})
    for _ in range(4):
        ledger.append([BEAT], NOW)
    ledger.append([BEAT] * (ENTRIES - 5), NOW)
    return path


@pytest.fixture
def server(remote: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmartHttp]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serve(remote) as found:
        yield found


def cloned(server: SmartHttp, path: Path, *options: str) -> Path:
    subprocess.run(["git", "clone", "-q", *options, server.url, str(path)], check=True)
    server.seen.clear()
    return path


def opened(path: Path) -> GitLedger:
    return GitLedger(path, actor=ACTOR, remote="origin")


@pytest.mark.parametrize("options", CLONES.values(), ids=CLONES)
def test_every_clone_reads_and_writes_all_of_the_ledger_in_a_few_requests(
    server: SmartHttp, remote: Path, tmp_path: Path, options: list[str]
) -> None:
    before = len(list(GitLedger(remote, actor=ACTOR).entries()))
    ledger = opened(cloned(server, tmp_path / "clone", *options))
    assert len(list(ledger.entries())) == before
    assert ledger.blob(blob_name("plans", KEPT)) == KEPT
    ledger.append([BEAT], NOW)
    assert len(list(opened(tmp_path / "clone").entries())) == before + 1
    assert len(server.seen) <= REQUESTS, server.seen
    assert verify_chain(GitLedger(remote, actor=ACTOR)) == ()


@pytest.mark.parametrize("name", ["shallow", "no-blobs", "no-trees"])
def test_a_clone_that_has_read_the_ledger_asks_for_little_more(
    server: SmartHttp, remote: Path, tmp_path: Path, name: str
) -> None:
    path = cloned(server, tmp_path / "clone", *CLONES[name])
    read = len(list(opened(path).entries()))
    GitLedger(remote, actor=ACTOR).append([BEAT], NOW)
    server.seen.clear()
    assert len(list(opened(path).entries())) == read + 1
    assert len(server.seen) <= 6, server.seen


def test_nothing_of_the_ledger_is_ever_checked_out(server: SmartHttp, tmp_path: Path) -> None:
    path = cloned(server, tmp_path / "clone", *CLONES["sparse"])
    opened(path).entries()
    assert [file.name for file in path.iterdir()] == [".git"]
