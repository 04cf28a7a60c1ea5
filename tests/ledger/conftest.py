"""Real repositories in temporary folders, and ledgers on them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from reconciler.ledger.git_ledger import GitLedger
from reconciler.model.entries import Actor, ActorKind, Draft, Event

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
ACTOR = Actor(kind=ActorKind.PERSON, id="ann", run="run-1")
GENESIS = Draft(event=Event.GENESIS, data={"ledger": "5eed"})


class Git(Protocol):
    def __call__(self, *args: str, cwd: Path | None = None, check: bool = True) -> str: ...


@pytest.fixture(autouse=True)
def _own_git_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine reaches a test; each has an identity of its own."""
    settings = tmp_path / "gitconfig"
    settings.write_text(
        "[user]\n\tname = Ann Example\n\temail = ann@example.com\n[init]\n\tdefaultBranch = main\n"
    )
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def git(repository: Path) -> Git:
    def run(*args: str, cwd: Path | None = None, check: bool = True) -> str:
        done = subprocess.run(
            ["git", *args], cwd=cwd or repository, check=check, capture_output=True, text=True
        )
        return done.stdout.strip()

    return run


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit of a desired state."""
    path = tmp_path / "portfolio"
    (path / "zones").mkdir(parents=True)
    (path / "zones" / "example.com.yaml").write_text("zone: example.com\n")
    for args in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Begin"]):
        subprocess.run(["git", *args], cwd=path, check=True)
    return path


@pytest.fixture
def bare(tmp_path: Path, repository: Path) -> Path:
    """A bare remote named origin, of which `repository` is a clone."""
    path = tmp_path / "remote.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(repository), str(path)], check=True)
    subprocess.run(["git", "remote", "add", "origin", str(path)], cwd=repository, check=True)
    return path


@pytest.fixture
def clone(tmp_path: Path, bare: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        path = tmp_path / name
        subprocess.run(["git", "clone", "-q", str(bare), str(path)], check=True)
        return path

    return make


@pytest.fixture
def ledger(repository: Path) -> GitLedger:
    """A ledger with its genesis on record."""
    opened = GitLedger(repository, actor=ACTOR)
    opened.append([GENESIS], NOW)
    return opened
