from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.demo.repository import make_key
from reconciler.diagnostics import LedgerError
from reconciler.ledger.commits import commit_parts, commit_problem, read_commits
from reconciler.ledger.git_ledger import GitLedger
from reconciler.model.entries import Actor, ActorKind, Draft, Event, Json

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
ACTOR = Actor(kind=ActorKind.CI, id="ci", run="1")
BEAT = Draft(event=Event.HEARTBEAT)
Git = Callable[..., str]

pytestmark = pytest.mark.skipif(
    shutil.which("ssh-keygen") is None, reason="git signs with ssh-keygen, which is not installed"
)


def begin(*signers: str, people: dict[str, Json] | None = None) -> list[Draft]:
    rules: dict[str, Json] = {"people": people or {}, "governance": {"ledger_signers": [*signers]}}
    data: dict[str, Json] = {"digest": "sha256:" + "1" * 64, "rules": rules}
    return [
        Draft(event=Event.GENESIS, data={"ledger": "5eed"}),
        Draft(event=Event.POLICY, data=data),
    ]


def configured(git: Git, key: Path) -> None:
    git("config", "gpg.format", "ssh")
    git("config", "user.signingkey", str(key))


@pytest.fixture
def machine(tmp_path: Path) -> tuple[Path, str]:
    key = tmp_path / "keys" / "machine"
    return key, make_key(key, "machine")


def test_commits_are_signed_where_git_has_an_ssh_key_and_git_agrees(
    repository: Path, git: Git, machine: tuple[Path, str], tmp_path: Path
) -> None:
    key, public = machine
    configured(git, key)
    ledger = GitLedger(repository, actor=ACTOR)
    ledger.append(begin(public), NOW)
    ledger.append([BEAT], NOW)
    commits = list(read_commits(ledger.git, ledger.refresh() or ""))
    assert [commit_problem(commit.raw, [public]) for commit in commits] == [None, None]
    allowed = tmp_path / "allowed"
    allowed.write_text(f"machine {public}\n")
    git("-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", commits[1].oid)


def test_an_unsigned_or_foreign_commit_is_not_written_where_the_policy_asks_for_signatures(
    repository: Path, git: Git, machine: tuple[Path, str], tmp_path: Path
) -> None:
    key, public = machine
    configured(git, key)
    GitLedger(repository, actor=ACTOR).append(begin(public), NOW)
    other = tmp_path / "keys" / "other"
    make_key(other, "other")
    for name, value in (("commit.gpgsign", "false"), ("user.signingkey", str(other))):
        git("config", name, value)
        ledger = GitLedger(repository, actor=ACTOR)
        tip = ledger.refresh()
        with pytest.raises(LedgerError) as error:
            ledger.append([BEAT], NOW)
        assert error.value.diagnostics[0].code == "ledger-signature-missing"
        assert ledger.refresh() == tip
        git("config", "--unset", "commit.gpgsign", check=False)


def test_a_first_policy_that_asks_for_signatures_is_itself_signed(
    repository: Path, machine: tuple[Path, str]
) -> None:
    with pytest.raises(LedgerError) as error:
        GitLedger(repository, actor=ACTOR).append(begin(machine[1]), NOW)
    assert error.value.diagnostics[0].code == "ledger-signature-missing"


def test_the_key_of_a_person_of_the_portfolio_may_sign_too(
    repository: Path, git: Git, machine: tuple[Path, str], tmp_path: Path
) -> None:
    mine = tmp_path / "keys" / "ann"
    people: dict[str, Json] = {"ann": {"ssh": make_key(mine, "ann"), "emails": [], "github": None}}
    configured(git, mine)
    GitLedger(repository, actor=ACTOR).append(begin(machine[1], people=people), NOW)


def test_a_key_that_cannot_sign_is_told_and_nothing_is_written(
    repository: Path, git: Git, tmp_path: Path
) -> None:
    configured(git, tmp_path / "no-such-key")
    ledger = GitLedger(repository, actor=ACTOR)
    with pytest.raises(LedgerError) as error:
        ledger.append(begin(), NOW)
    assert error.value.diagnostics[0].code == "ledger-signing-failed"
    assert ledger.refresh() is None


def test_what_is_signed_is_the_commit_without_its_signature(
    repository: Path, git: Git, machine: tuple[Path, str]
) -> None:
    key, public = machine
    configured(git, key)
    ledger = GitLedger(repository, actor=ACTOR)
    ledger.append(begin(public), NOW)
    (commit,) = read_commits(ledger.git, ledger.refresh() or "")
    text, signature = commit_parts(commit.raw)
    assert signature is not None
    assert b"gpgsig" not in text
    assert commit_problem(
        commit.raw.replace(b"Reconcile-Seq: 1-2", b"Reconcile-Seq: 1-9"), [public]
    )
    unsigned = subprocess.run(
        ["git", "cat-file", "commit", "main"], cwd=repository, check=True, capture_output=True
    ).stdout
    assert commit_parts(unsigned) == (unsigned, None)
    assert commit_problem(unsigned, [public]) == "it is not signed"
