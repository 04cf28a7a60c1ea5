"""A ledger behind a git server that fails as servers do: no entry is lost, none is doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.diagnostics import LedgerError, LostRaceError
from reconciler.ledger import tip
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.verify import verify_chain
from reconciler.model.entries import Actor, ActorKind, Draft, Event
from tests.ledger.smart_http import Fault, SmartHttp, serve

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
ACTOR = Actor(kind=ActorKind.CI, id="ci", run="run-1")
GENESIS = Draft(event=Event.GENESIS, data={"ledger": "5eed"})
LOG = "refs/heads/reconcile/log"
PATIENCE = 30
MANY = 9
"""More requests than one append makes; a connection that ends is tried anew by git itself."""
ON_THE_WAY = [
    Fault.BAD_GATEWAY_AFTER,
    Fault.HANG_UP_AFTER,
    Fault.CUT_ANSWER,
    Fault.DROPPED_PACK,
    Fault.UNAVAILABLE,
    Fault.FORBIDDEN,
    Fault.PAGE,
    Fault.LATE,
    Fault.LIE,
]
LANDS = {Fault.BAD_GATEWAY_AFTER, Fault.HANG_UP_AFTER, Fault.CUT_ANSWER}

WRITER = textwrap.dedent("""
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from reconciler.ledger.git_ledger import GitLedger
    from reconciler.model.entries import Actor, ActorKind, Draft, Event

    ledger = GitLedger(Path(sys.argv[1]), actor=Actor(kind=ActorKind.CI, id="z"), remote="origin")
    ledger.refresh()
    draft = Draft(event=Event.HEARTBEAT, data={"number": int(sys.argv[2])})
    ledger.append([draft], datetime(2026, 11, 21, 23, 0, tzinfo=UTC))
    print("appended")
""")


@pytest.fixture
def server(bare: Path, repository: Path, git: Callable[..., str]) -> Iterator[SmartHttp]:
    """A bare remote that refuses all but fast-forwards, behind HTTP, with a ledger begun."""
    git("config", "receive.denyNonFastForwards", "true", cwd=bare)
    git("config", "receive.denyDeletes", "true", cwd=bare)
    with serve(bare) as found:
        git("remote", "set-url", "origin", found.url)
        opened(repository).append([GENESIS], NOW)
        yield found


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def opened(path: Path) -> GitLedger:
    return GitLedger(path, actor=ACTOR, remote="origin")


def beat(number: int) -> Draft:
    return Draft(event=Event.HEARTBEAT, data={"number": number})


def numbers(bare: Path) -> list[object]:
    """Return which beats are on record at the remote, after a look at the chain."""
    ledger = GitLedger(bare, actor=ACTOR)
    assert verify_chain(ledger) == ()
    return [e.draft.data["number"] for e in ledger.entries() if e.event is Event.HEARTBEAT]


def refused(ledger: GitLedger, number: int) -> str:
    with pytest.raises(LedgerError) as error:
        ledger.append([beat(number)], NOW)
    assert error.value.diagnostics[0].hint
    return error.value.diagnostics[0].code


@pytest.mark.parametrize("fault", ON_THE_WAY, ids=lambda fault: fault.name.lower())
def test_one_fault_on_the_way_neither_loses_nor_doubles_an_entry(
    repository: Path, bare: Path, server: SmartHttp, fault: Fault
) -> None:
    ledger = opened(repository)
    ledger.refresh()
    server.pushes.append(fault)
    ledger.append([beat(1)], NOW)
    ledger.append([beat(2)], NOW)
    server.release.set()
    assert numbers(bare) == [1, 2]


@pytest.mark.parametrize("fault", ON_THE_WAY, ids=lambda fault: fault.name.lower())
def test_a_fault_that_stays_is_told_and_the_next_run_goes_on(
    repository: Path, bare: Path, server: SmartHttp, fault: Fault
) -> None:
    ledger = opened(repository)
    ledger.refresh()
    server.pushes += [fault] * MANY
    if fault in LANDS:
        ledger.append([beat(1)], NOW)
    else:
        assert refused(ledger, 1) == "ledger-not-writable"
    server.pushes.clear()
    assert numbers(bare) == ([1] if fault in LANDS else [])
    if fault is Fault.LATE:
        server.let_go()
    after = opened(repository)
    landed = len(list(after.entries())) - 1
    assert landed == (fault in LANDS or fault is Fault.LATE)
    after.append([beat(2)], NOW)
    assert numbers(bare) == [1, 2][1 - landed :]


def test_a_server_that_never_answers_is_given_up_and_says_what_is_known(
    repository: Path, bare: Path, server: SmartHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tip, "NETWORK_TIMEOUT", 1.0)
    ledger = opened(repository)
    ledger.refresh()
    server.pushes += [Fault.SILENT] * MANY
    assert refused(ledger, 1) == "ledger-not-writable"
    server.release.set()
    server.pushes.clear()
    ledger.append([beat(2)], NOW)
    assert numbers(bare) == [2]


def test_a_push_that_was_given_up_and_lands_later_is_read_by_the_next(
    repository: Path, bare: Path, server: SmartHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tip, "NETWORK_TIMEOUT", 1.0)
    ledger = opened(repository)
    ledger.refresh()
    server.pushes += [Fault.HELD] + [Fault.SILENT] * MANY
    assert refused(ledger, 1) == "ledger-not-writable"
    monkeypatch.undo()
    server.pushes.clear()
    server.let_go()
    with pytest.raises(LostRaceError):
        ledger.append([beat(2)], NOW)
    assert numbers(bare) == [1]
    assert len(list(ledger.entries())) == 2
    ledger.append([beat(2)], NOW)
    assert numbers(bare) == [1, 2]


def test_a_push_that_was_given_up_and_made_again_cannot_land_twice(
    repository: Path, bare: Path, server: SmartHttp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tip, "NETWORK_TIMEOUT", 2.0)
    ledger = opened(repository)
    ledger.refresh()
    server.pushes.append(Fault.HELD)
    ledger.append([beat(1)], NOW)
    ledger.append([beat(2)], NOW)
    server.let_go()
    assert numbers(bare) == [1, 2]


def test_where_the_remote_cannot_be_read_after_a_push_it_is_not_known(
    repository: Path, bare: Path, server: SmartHttp
) -> None:
    ledger = opened(repository)
    ledger.refresh()
    server.pushes.append(Fault.BAD_GATEWAY_AFTER)
    server.readings.append(Fault.UNAVAILABLE)
    assert refused(ledger, 1) == "ledger-push-unsettled"
    assert numbers(bare) == [1]
    assert [e.draft.data.get("number") for e in opened(repository).entries()] == [None, 1]


@pytest.mark.parametrize(
    "fault",
    [Fault.UNAVAILABLE, Fault.FORBIDDEN, Fault.PAGE, Fault.HANG_UP_AFTER, Fault.CUT_ANSWER],
    ids=lambda fault: fault.name.lower(),
)
@pytest.mark.parametrize("after", [0, 1])
def test_a_reading_that_fails_is_an_error_and_never_an_empty_ledger(
    clone: Callable[[str], Path], server: SmartHttp, git: Callable[..., str], fault: Fault,
    after: int,
) -> None:  # fmt: skip
    fresh = clone("fresh")
    git("remote", "set-url", "origin", server.url, cwd=fresh)
    git("update-ref", "-d", "refs/remotes/origin/reconcile/log", cwd=fresh)
    git("gc", "-q", "--prune=now", cwd=fresh)
    server.readings += [Fault.NONE] * after + [fault] * MANY
    with pytest.raises(LedgerError) as error:
        list(opened(fresh).entries())
    assert error.value.diagnostics[0].code == "ledger-remote-unreachable"
    server.readings.clear()
    assert len(list(opened(fresh).entries())) == 1


@pytest.mark.parametrize("alone", ["its-git-lives", "its-git-too"])
@pytest.mark.parametrize("first", ["the-dead", "the-living"])
def test_the_push_of_a_killed_writer_lands_before_the_next_or_never(  # noqa: PLR0917 (fixtures)
    repository: Path, bare: Path, server: SmartHttp, clone: Callable[[str], Path],
    git: Callable[..., str], alone: str, first: str,
) -> None:  # fmt: skip
    """The server holds a push of somebody who is dead, and finishes it at last."""
    other = clone("other")
    git("remote", "set-url", "origin", server.url, cwd=other)
    server.pushes.append(Fault.HELD)
    dead = killed_in_its_push(other, server, with_git=alone == "its-git-too")
    assert "appended" not in dead
    next_run = opened(repository)
    if first == "the-dead":
        server.let_go()
        assert [e.actor.id for e in next_run.entries()] == ["ci", "z"]
        next_run.append([beat(2)], NOW)
        assert numbers(bare) == [1, 2]
    else:
        assert len(list(next_run.entries())) == 1
        next_run.append([beat(2)], NOW)
        server.let_go()
        assert numbers(bare) == [2]


def killed_in_its_push(path: Path, server: SmartHttp, *, with_git: bool) -> str:
    """Kill a writer while the server holds its push, with its git or without."""
    command = [sys.executable, "-c", WRITER, str(path), "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        server.wait_held()
        pushing = children(writer.pid)
        writer.kill()
        for pid in pushing:
            if with_git:
                os.killpg(pid, signal.SIGKILL)
        assert pushing, "git was pushing"
        return writer.communicate(timeout=PATIENCE)[0]


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [int(child) for child in found]


def test_no_error_shows_a_credential(
    repository: Path, server: SmartHttp, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token as the password, and as the user alone, which git repeats when it asks for more."""
    server.password = "right"  # noqa: S105 (of this test alone)
    monkeypatch.setenv("GIT_TRACE_CURL", "1")
    monkeypatch.setenv("GIT_TRACE_REDACT", "0")
    for secret in ("ann:s3cret", "s3cret"):
        address = server.url.replace("//", f"//{secret}@")
        git("remote", "set-url", "origin", address)
        for remote in ("origin", address):
            ledger = GitLedger(repository, actor=ACTOR, remote=remote)
            ledger.refresh()
            with pytest.raises(LedgerError) as error:
                ledger.append([beat(1)], NOW)
            told = str(error.value.diagnostics)
            assert "s3cret" not in told
            assert "czNjcmV0" not in told, "nor in base64"
    assert "***@127.0.0.1" in told


def test_a_remote_that_git_would_take_for_an_option_is_refused(repository: Path) -> None:
    with pytest.raises(LedgerError) as error:
        GitLedger(repository, actor=ACTOR, remote="--upload-pack=touch evil")
    assert error.value.diagnostics[0].code == "ledger-remote-name"
