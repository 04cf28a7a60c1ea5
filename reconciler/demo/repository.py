"""The demo's portfolio repository: git as a team uses it, with its own identities."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from reconciler.demo.scenery import Person
from reconciler.diagnostics import LedgerError
from reconciler.ledger.plumbing import no_git

if TYPE_CHECKING:
    import git


class Repository:
    """A git repository whose commits are made by the demo's people at virtual times."""

    def __init__(self, root: Path) -> None:
        """Use the repository at `root`; `begin` makes one."""
        self.root = root
        self._repo: git.Repo = _gitpython().Repo(root)

    @classmethod
    def begin(cls, root: Path, runner: Person) -> Repository:
        """Make an empty repository; the ledger's commits are by `runner`, as in CI."""
        _gitpython().Repo.init(root, initial_branch="main").close()
        repository = cls(root)
        with repository._repo.config_writer() as config:
            config.set_value("user", "name", runner.name)
            config.set_value("user", "email", runner.email)
            config.set_value("commit", "gpgsign", "false")
        return repository

    def commit(self, files: Mapping[str, str], message: str, author: Person, now: datetime) -> None:
        """Write files and commit them as `author` at virtual time `now`."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        self._repo.git.add("--", *files)
        who = _gitpython().Actor(author.name, author.email)
        when = f"{int(now.timestamp())} +0000"
        self._repo.index.commit(
            message, author=who, committer=who, author_date=when, commit_date=when
        )

    def count(self) -> int:
        """Return how many commits there are, on `main` and in the ledger together."""
        found = self._repo.git.rev_list("--count", "--all")
        return int(found)

    def story(self) -> list[str]:
        """Return the ledger's subjects, oldest first."""
        log = self._repo.git.log(
            "--reverse", "--format=%ad %s", "--date=iso-strict", "reconcile/log"
        )
        return str(log).splitlines()

    def close(self) -> None:
        """Let go of git's helper processes."""
        self._repo.close()


def _gitpython() -> ModuleType:
    """Return GitPython, which looks for git as it is imported."""
    try:
        import git  # noqa: PLC0415 - only what needs git fails without it
    except ImportError as error:
        raise LedgerError(no_git()) from error
    return git


def make_key(path: Path, comment: str) -> str:
    """Write a fresh SSH key pair for signing approvals and return its public half."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(private)
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return f"{public.decode()} {comment}"
