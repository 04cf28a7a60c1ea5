"""A real ledger, made by the demo, and what an attacker could make of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.demo.stage import build, open_stage
from reconciler.demo.stories import STORIES
from reconciler.ledger.checkpoints import checkpoint_if_due
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.history import History
from reconciler.model.entries import Actor, ActorKind
from tests.audit.eventful import build_eventful
from tests.audit.forge import Forged, asking_for_signatures, honest

CI = Actor(kind=ActorKind.CI, id="demo", run="1")


@pytest.fixture(autouse=True)
def _own_git_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine reaches a test; the repository names its own people."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A portfolio whose zone was signed, with a first DS, and had its ZSK rolled."""
    root = tmp_path_factory.mktemp("played") / "portfolio"
    build(root)
    with open_stage(root) as stage:
        for story in STORIES[:2]:
            stage.play(story)
            checkpoint_if_due(GitLedger(root, actor=CI), stage.world.now(), History())
    return root


@pytest.fixture(scope="session")
def ledger(played: Path) -> Forged:
    return honest(played)


@pytest.fixture(scope="session")
def signed(ledger: Forged, tmp_path_factory: pytest.TempPathFactory) -> Forged:
    return asking_for_signatures(ledger, tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def eventful(tmp_path_factory: pytest.TempPathFactory) -> Forged:
    """A record with every event that people and mishaps bring."""
    root = tmp_path_factory.mktemp("eventful") / "portfolio"
    build_eventful(root)
    return honest(root)
