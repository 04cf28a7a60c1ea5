"""A portfolio on its stage: built once, copied for each test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.demo.stage import build
from tests.execute.acts import Play, opened


@pytest.fixture(autouse=True)
def _own_git_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of this machine reaches a test; the repository names its own people."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("prepared") / "portfolio"
    build(root)
    return root


@pytest.fixture
def portfolio(prepared: Path, tmp_path: Path) -> Path:
    root = tmp_path / "portfolio"
    shutil.copytree(prepared, root)
    return root


@pytest.fixture
def play(portfolio: Path) -> Iterator[Play]:
    with opened(portfolio) as found:
        yield found
