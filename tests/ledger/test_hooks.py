"""Servers whose hooks refuse, dawdle or meddle: what they say is shown, and never believed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.diagnostics import LedgerError, LostRaceError
from reconciler.ledger import tip
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.verify import verify_chain
from reconciler.model.entries import Actor, ActorKind, Draft, Event

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
ACTOR = Actor(kind=ActorKind.CI, id="ci", run="run-1")
GENESIS = Draft(event=Event.GENESIS, data={"ledger": "5eed"})
LOG = "refs/heads/reconcile/log"
PATIENCE = 30
WORDS = [
    "GH013: Repository rule violations found for refs/heads/reconcile/log.",
    "! [zurückgewiesen] stale info: veraltete Informationen",
    "fetch first",
    "cannot lock ref: is at 1 but expected 2",
    "remote: everything is fine",
    "ok refs/heads/reconcile/log",
    "",
    "\\377\\376 no text at all \\033[31m",
]

WRITER = textwrap.dedent("""
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from reconciler.ledger.git_ledger import GitLedger
    from reconciler.model.entries import Actor, ActorKind, Draft, Event

    ledger = GitLedger(Path(sys.argv[1]), actor=Actor(kind=ActorKind.CI, id="z"), remote="origin")
    ledger.refresh()
    draft = Draft(event=Event.HEARTBEAT, data={"number": 1})
    ledger.append([draft], datetime(2026, 11, 21, 23, 0, tzinfo=UTC))
""")

Hook = Callable[[str, str], None]
Git = Callable[..., str]


@pytest.fixture
def ledger(repository: Path, bare: Path, git: Git) -> GitLedger:
    """A ledger at a bare remote that refuses all but fast-forwards."""
    git("config", "receive.denyNonFastForwards", "true", cwd=bare)
    git("config", "receive.denyDeletes", "true", cwd=bare)
    opened = GitLedger(repository, actor=ACTOR, remote="origin")
    opened.append([GENESIS], NOW)
    return opened


@pytest.fixture
def hook(bare: Path) -> Hook:
    def write(name: str, script: str) -> None:
        path = bare / "hooks" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(stat.S_IRWXU)

    return write


def beat(number: int) -> Draft:
    return Draft(event=Event.HEARTBEAT, data={"number": number})


def numbers(bare: Path) -> list[object]:
    found = GitLedger(bare, actor=ACTOR)
    assert verify_chain(found) == ()
    return [e.draft.data["number"] for e in found.entries() if e.event is Event.HEARTBEAT]


def refused(ledger: GitLedger, number: int) -> str:
    with pytest.raises(LedgerError) as error:
        ledger.append([beat(number)], NOW)
    assert not isinstance(error.value, LostRaceError)
    return f"{error.value.diagnostics[0].code} {error.value.diagnostics[0].detail}"


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("name", ["pre-receive", "update", "reference-transaction"])
def test_a_hook_that_refuses_is_told_in_its_own_words_and_they_decide_nothing(
    ledger: GitLedger, bare: Path, hook: Hook, name: str, words: str
) -> None:
    hook(name, f"printf '{words}\\n' >&2\nexit 1")
    assert refused(ledger, 1).startswith("ledger-not-writable ")
    (bare / "hooks" / name).unlink()
    assert numbers(bare) == []
    ledger.append([beat(2)], NOW)
    assert numbers(bare) == [2]


@pytest.mark.parametrize("language", ["de_DE.UTF-8", "zh_CN.UTF-8", "C"])
def test_the_language_of_git_changes_nothing(
    ledger: GitLedger, bare: Path, clone: Callable[[str], Path], language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in ("LANG", "LC_ALL", "LANGUAGE"):
        monkeypatch.setenv(name, language)
    rival = GitLedger(clone("rival"), actor=ACTOR, remote="origin")
    rival.refresh()
    rival.append([beat(1)], NOW)
    with pytest.raises(LostRaceError):
        ledger.append([beat(2)], NOW)
    list(ledger.entries())
    ledger.append([beat(2)], NOW)
    assert numbers(bare) == [1, 2]


@pytest.mark.parametrize("script", ["echo refused, rejected, stale info >&2; exit 1", "exit 0"])
def test_what_a_hook_says_after_the_branch_moved_undoes_nothing(
    ledger: GitLedger, bare: Path, hook: Hook, script: str
) -> None:
    hook("post-receive", script)
    ledger.append([beat(1)], NOW)
    ledger.append([beat(2)], NOW)
    assert numbers(bare) == [1, 2]


def test_a_hook_that_takes_the_entry_back_is_not_believed(
    ledger: GitLedger, bare: Path, hook: Hook
) -> None:
    """The server says that the push went well, and then the branch is as it was."""
    hook("post-receive", f"while read old new ref; do git update-ref {LOG} $old; done")
    assert refused(ledger, 1).startswith("ledger-not-writable ")
    (bare / "hooks/post-receive").unlink()
    ledger.append([beat(2)], NOW)
    assert numbers(bare) == [2]


def test_a_hook_that_writes_something_else_is_somebody_who_was_faster(
    ledger: GitLedger, hook: Hook
) -> None:
    move = f'git update-ref {LOG} $(git commit-tree -p $old -m x "$old^{{tree}}")'
    hook("post-receive", f"export GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x GIT_AUTHOR_NAME=x "
         f"GIT_AUTHOR_EMAIL=x\nwhile read old new ref; do {move}; done")  # fmt: skip
    with pytest.raises(LostRaceError):
        ledger.append([beat(1)], NOW)
    assert [finding.code for finding in verify_chain(ledger)] == ["ledger-commit-order"]


def test_a_slow_hook_is_waited_for_as_long_as_a_push_may_take(
    ledger: GitLedger, bare: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It never ends, until it is given up; the next append finds all as it was."""
    monkeypatch.setattr(tip, "NETWORK_TIMEOUT", 1.0)
    hook("pre-receive", "exec tail -f /dev/null")
    assert refused(ledger, 1).startswith("ledger-not-writable no answer within 1 s")
    (bare / "hooks/pre-receive").unlink()
    ledger.append([beat(2)], NOW)
    assert numbers(bare) == [2]


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("name", ["pre-receive", "post-receive"])
def test_a_push_in_a_slow_hook_outlives_its_killed_writer_and_lands(  # noqa: PLR0917 (fixtures)
    repository: Path, bare: Path, hook: Hook, clone: Callable[[str], Path], tmp_path: Path,
    name: str,
) -> None:  # fmt: skip
    """The writer is killed while the server thinks; its git goes on, and ends what it began."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    hook(name, f"echo held > {gate}\nread go < {gate}")
    command = [sys.executable, "-c", WRITER, str(clone("dead"))]
    with subprocess.Popen(command) as writer:
        assert gate.read_text() == "held\n"
        writer.kill()
    reader = GitLedger(repository, actor=ACTOR, remote="origin")
    before = len(list(reader.entries()))
    assert before == (1 if name == "pre-receive" else 2)
    gate.write_text("go\n")
    (bare / "hooks" / name).unlink()
    _append_after_the_dead(reader)
    assert numbers(bare) in ([1, 2], [2])


def _append_after_the_dead(ledger: GitLedger) -> None:
    """The dead one's push may land before ours or not any more, and both are right."""
    try:
        ledger.append([beat(2)], NOW)
    except LostRaceError:
        assert len(list(ledger.entries())) == 2
        ledger.append([beat(2)], NOW)
