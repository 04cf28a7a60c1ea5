"""Commands as a user types them, in a portfolio of their own over the sandbox."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.cli.app import run
from reconciler.demo.repository import make_key
from reconciler.demo.stage import build
from tests.e2e.places import Ended, Place, Reconcile
from tests.e2e.shared import Shared, shared_in
from tests.execute.acts import desired


@pytest.fixture
def plain_git(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give git one identity, and nothing of whoever runs the tests."""
    config = tmp_path_factory.mktemp("git") / "config"
    config.write_text(
        "[user]\nname = Dana\nemail = dana@example.com\n[init]\ndefaultBranch = main\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GITHUB_RUN_ID", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def reconcile(
    plain_git: None,  # noqa: ARG001 (what it sets up is wanted)
    capsys: pytest.CaptureFixture[str],
) -> Reconcile:
    """Run a command in this process."""

    def _run(*arguments: str | Path) -> Ended:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Ended(code=code, out=said.out, err=said.err)

    return _run


@pytest.fixture
def scaffolded(tmp_path: Path, reconcile: Reconcile) -> Place:
    """What a newcomer has after `init`, with keys for the two people who approve."""
    place = Place(root=tmp_path / "portfolio", keys=tmp_path / "keys")
    assert reconcile("init", place.root).code == 0
    for name in ("ann", "bob"):
        public = make_key(place.keys / name, name)
        place.edit(
            place.root / "zones/portfolio.yaml",
            f"{{emails: [{name}@example.com]}}",
            f'{{emails: [{name}@example.com], ssh: "{public}"}}',
        )
    return place


@pytest.fixture
def place(scaffolded: Place, reconcile: Reconcile) -> Place:
    """The same with a git history and a world, ready to plan."""
    made = reconcile("sandbox", "create", scaffolded.world, "--start", "2026-01-05")
    assert made.code == 0, made.err
    scaffolded.git("init", "--quiet")
    scaffolded.commit("Begin")
    return scaffolded


@pytest.fixture
def unsettled_past(place: Place, reconcile: Reconcile) -> Place:
    """The zone is adopted, its plan is on record, and what nobody saw has left all caches."""
    assert reconcile("apply", "-C", place.root, "--detailed-exitcode").code == 3
    assert reconcile("sandbox", "leap", place.world, "--by", "10d").code == 0
    return place


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stage as `build` makes it, to be copied."""
    root = tmp_path_factory.mktemp("staged") / "portfolio"
    build(root)
    return root


@pytest.fixture
def shared(staged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shared]:
    """A stage whose ledger is at a remote, with a KSK to be rolled."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "GITHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    root = tmp_path / "portfolio"
    shutil.copytree(staged, root)
    with shared_in(root, tmp_path) as found:
        found.want(desired(ksk=2))
        yield found
