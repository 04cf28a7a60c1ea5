from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.diagnostics import LedgerError, LostRaceError, VerificationError
from reconciler.ledger.git_ledger import GitLedger, blob_name
from reconciler.ledger.records import About, intent_draft
from reconciler.ledger.verify import verify_chain
from reconciler.model.entries import Actor, ActorKind, Draft, Event

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
ACTOR = Actor(kind=ActorKind.PERSON, id="ann", run="run-1")
GENESIS = Draft(event=Event.GENESIS, data={"ledger": "5eed"})
BEAT = Draft(event=Event.HEARTBEAT)
LOG = "refs/heads/reconcile/log"
Git = Callable[..., str]


def opened(path: Path, remote: str | None = None) -> GitLedger:
    return GitLedger(path, actor=ACTOR, remote=remote)


def code_of(
    error: pytest.ExceptionInfo[LedgerError] | pytest.ExceptionInfo[VerificationError],
) -> str:
    found = error.value.diagnostics[0]
    assert found.hint, "every refusal says what to do"
    return found.code


def state_of(repository: Path, git: Git) -> tuple[object, ...]:
    index = repository / ".git" / "index"
    status = git("--no-optional-locks", "status", "--porcelain")
    return (
        status,
        index.read_bytes(),
        index.stat().st_mtime_ns,
        git("symbolic-ref", "HEAD"),
        sorted(str(p) for p in repository.rglob("*") if ".git" not in p.parts),
    )


# --- what is written, is read ---------------------------------------------------------------------


def test_what_is_appended_is_read_back_in_order(ledger: GitLedger) -> None:
    about = About(zone="example.com.", plan="sha256:p", change="sha256:c", step="s2", idem="i1")
    draft = intent_draft(
        about, deadline=NOW + timedelta(minutes=20), moves=[{"op": "ds.replace"}], attempt=1
    )
    written = ledger.append([draft, BEAT], NOW)
    read = tuple(ledger.entries())
    assert read[1:] == written
    assert [entry.seq for entry in read] == [1, 2, 3]
    assert read[1].draft == draft
    assert read[1].actor == ACTOR


def test_reading_from_the_middle_gives_the_same_as_reading_all(ledger: GitLedger) -> None:
    ledger.append([BEAT] * 230, NOW)
    everything = tuple(ledger.entries())
    assert len(everything) == 231
    for since in (0, 1, 2, 99, 100, 101, 200, 231, 232, 500):
        assert tuple(ledger.entries(since)) == everything[max(0, since - 1) :]


def test_a_repository_without_ledger_has_no_entries(repository: Path) -> None:
    assert list(opened(repository).entries()) == []


def test_the_first_entry_must_be_genesis(repository: Path) -> None:
    with pytest.raises(LedgerError) as error:
        opened(repository).append([BEAT], NOW)
    assert code_of(error) == "ledger-not-started"


def test_several_entries_make_one_commit_and_one_file_each(ledger: GitLedger, git: Git) -> None:
    before = git("rev-parse", LOG)
    ledger.append([BEAT, BEAT], NOW)
    assert git("rev-list", "--count", f"{before}..{LOG}") == "1"
    assert git("diff-tree", "-r", "--name-status", "--no-commit-id", LOG).splitlines() == [
        "A\tentries/000000/0000/000000000002-heartbeat.json",
        "A\tentries/000000/0000/000000000003-heartbeat.json",
    ]


def test_appending_nothing_writes_nothing(ledger: GitLedger, git: Git) -> None:
    before = git("rev-parse", LOG)
    assert ledger.append([], NOW) == ()
    assert git("rev-parse", LOG) == before


def test_the_log_tells_the_story_without_any_text_of_users(ledger: GitLedger, git: Git) -> None:
    about = About(
        zone="evil\n---\nX: y.", step="s2\nSigned-off-by: eve", idem="i1", plan="sha256:p"
    )
    ledger.append([intent_draft(about, deadline=NOW, moves=[{"op": "ds.replace"}], attempt=1)], NOW)
    story = git("log", "-1", "--format=%s", LOG)
    assert story == "intent: s2?Signed-off-by:?eve of evil?---?X:?y. — replace DS"
    trailers = git("log", "-1", "--format=%(trailers:keyonly)", LOG).split()
    assert trailers == [
        "Reconcile-Seq",
        "Reconcile-Event",
        "Reconcile-Zone",
        "Reconcile-Step",
        "Reconcile-Nonce",
    ]


def test_commits_bear_the_instant_and_the_identity_of_the_writer(
    ledger: GitLedger, git: Git
) -> None:
    ledger.append([BEAT], NOW + timedelta(days=3))
    told = git("log", "-1", "--format=%aI %cI %an <%ae>", LOG)
    assert told == (
        "2026-11-24T23:00:00+00:00 2026-11-24T23:00:00+00:00 Ann Example <ann@example.com>"
    )


def test_index_work_tree_and_head_are_never_touched(
    ledger: GitLedger, repository: Path, git: Git
) -> None:
    (repository / "zones" / "example.com.yaml").write_text("zone: example.com\nhalf: done\n")
    (repository / "staged.txt").write_text("staged")
    git("add", "staged.txt")
    before = state_of(repository, git)
    content = b"{}"
    ledger.append([BEAT], NOW, {blob_name("plans", content): content})
    list(ledger.entries())
    assert state_of(repository, git) == before


def test_git_fsck_finds_nothing(ledger: GitLedger, git: Git) -> None:
    ledger.append([BEAT] * 3, NOW)
    assert git("fsck", "--strict", "--no-dangling") == ""


def test_it_works_in_a_repository_of_sha256_objects(tmp_path: Path) -> None:
    path = tmp_path / "sha256"
    subprocess.run(["git", "init", "-q", "--object-format=sha256", str(path)], check=True)
    ledger = opened(path)
    ledger.append([GENESIS], NOW)
    ledger.append([BEAT], NOW)
    assert [entry.seq for entry in ledger.entries()] == [1, 2]
    assert verify_chain(ledger) == ()


def test_it_works_from_a_folder_inside_the_repository(repository: Path) -> None:
    opened(repository / "zones").append([GENESIS], NOW)
    assert len(list(opened(repository).entries())) == 1


# --- content-addressed files ----------------------------------------------------------------------


def test_a_blob_is_found_by_its_name(ledger: GitLedger) -> None:
    content = b'{"a":1}'
    path = blob_name("plans", content)
    assert path == f"plans/{hashlib.sha256(content).hexdigest()}.json"
    ledger.append([BEAT], NOW, {path: content})
    ledger.append([BEAT], NOW, {path: content})
    assert ledger.blob(path) == content


@pytest.mark.parametrize(
    "path",
    [
        "plans/../../evil.json",
        "/plans/" + "0" * 64 + ".json",
        "entries/" + "0" * 64 + ".json",
        "plans/" + "0" * 64 + ".json",
        "plans/" + "0" * 63 + ".json",
        "plans/" + "0" * 64 + ".json\n",
    ],
)
def test_a_blob_that_is_not_named_by_its_content_is_refused(
    ledger: GitLedger, git: Git, path: str
) -> None:
    before = git("rev-parse", LOG)
    with pytest.raises(LedgerError) as error:
        ledger.append([BEAT], NOW, {path: b"{}"})
    assert code_of(error) == "ledger-blob-name"
    assert git("rev-parse", LOG) == before


def test_a_missing_blob_is_an_error(ledger: GitLedger) -> None:
    with pytest.raises(LedgerError) as error:
        ledger.blob(blob_name("plans", b"never written"))
    assert code_of(error) == "ledger-blob-missing"


# --- the price of an append -----------------------------------------------------------------------


def objects_in(repository: Path) -> set[Path]:
    return {p for p in (repository / ".git" / "objects").rglob("*") if p.is_file()}


def written_by(ledger: GitLedger, repository: Path) -> int:
    before = objects_in(repository)
    ledger.append([BEAT], NOW)
    return len(objects_in(repository) - before)


def test_an_append_writes_as_many_objects_after_a_thousand_entries_as_after_one(
    ledger: GitLedger, repository: Path
) -> None:
    first = written_by(ledger, repository)
    ledger.append([BEAT] * 1000, NOW)
    assert written_by(ledger, repository) == first == 6  # blob, four trees, commit


def test_a_folder_holds_at_most_a_hundred_entries(ledger: GitLedger, git: Git) -> None:
    ledger.append([BEAT] * 450, NOW)
    paths = git("ls-tree", "-r", "--name-only", LOG).splitlines()
    folders = [path.rpartition("/")[0] for path in paths]
    assert max(folders.count(folder) for folder in folders) == 100


# --- races ----------------------------------------------------------------------------------------


def test_who_did_not_read_the_last_entry_loses(repository: Path, ledger: GitLedger) -> None:
    other = opened(repository)
    assert len(list(other.entries())) == 1
    ledger.append([BEAT], NOW)
    with pytest.raises(LostRaceError):
        other.append([BEAT], NOW)
    assert len(list(other.entries())) == 2
    other.append([BEAT], NOW)
    assert len(list(ledger.entries())) == 3


@pytest.mark.usefixtures("ledger")
def test_two_writers_of_the_very_same_words_do_not_both_win(repository: Path) -> None:
    rivals = [opened(repository), opened(repository)]
    for rival in rivals:
        list(rival.entries())
    rivals[0].append([BEAT], NOW)
    with pytest.raises(LostRaceError):
        rivals[1].append([BEAT], NOW)


def test_two_clones_race_at_the_remote(clone: Callable[[str], Path]) -> None:
    one, two = (opened(clone(name), "origin") for name in ("one", "two"))
    one.append([GENESIS], NOW)
    assert len(list(two.entries())) == 1
    list(one.entries())
    two.append([BEAT], NOW)
    with pytest.raises(LostRaceError):
        one.append([BEAT], NOW)
    assert [entry.seq for entry in one.entries()] == [1, 2]
    one.append([BEAT], NOW)
    assert [entry.seq for entry in two.entries()] == [1, 2, 3]


def test_two_clones_cannot_both_begin_the_ledger(clone: Callable[[str], Path]) -> None:
    one, two = (opened(clone(name), "origin") for name in ("one", "two"))
    assert list(one.entries()) == list(two.entries()) == []
    one.append([GENESIS], NOW)
    with pytest.raises(LostRaceError):
        two.append([GENESIS], NOW)


def test_the_local_branch_follows_the_remote(
    clone: Callable[[str], Path], bare: Path, git: Git
) -> None:
    one, two = clone("one"), clone("two")
    opened(one, "origin").append([GENESIS], NOW)
    list(opened(two, "origin").entries())
    tips = {git("rev-parse", LOG, cwd=path) for path in (one, two, bare)}
    assert len(tips) == 1


@pytest.mark.usefixtures("ledger")
def test_a_ledger_begun_without_a_remote_moves_there_whole(
    repository: Path, bare: Path, git: Git
) -> None:
    there = opened(repository, "origin")
    assert len(list(there.entries())) == 1
    there.append([BEAT], NOW)
    assert git("rev-list", "--count", LOG, cwd=bare) == "2"


# --- when it cannot be done -----------------------------------------------------------------------


def test_no_repository(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(LedgerError) as error:
        opened(tmp_path / "plain")
    assert code_of(error) == "not-a-repository"


def test_no_identity_is_said_before_anything_is_written(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    before = objects_in(repository)
    with pytest.raises(LedgerError) as error:
        opened(repository).append([GENESIS], NOW)
    assert code_of(error) == "git-identity-missing"
    assert objects_in(repository) == before


def test_the_branch_checked_out_by_somebody(ledger: GitLedger, git: Git, tmp_path: Path) -> None:
    git("worktree", "add", "-q", str(tmp_path / "look"), "reconcile/log")
    with pytest.raises(LedgerError) as error:
        ledger.append([BEAT], NOW)
    assert code_of(error) == "ledger-checked-out"
    assert str(tmp_path / "look") in error.value.diagnostics[0].summary


def test_a_clock_behind_the_last_entry(ledger: GitLedger) -> None:
    with pytest.raises(LedgerError) as error:
        ledger.append([BEAT], NOW - timedelta(seconds=1))
    assert code_of(error) == "ledger-clock-behind"


def test_a_remote_that_rejects(repository: Path, bare: Path, git: Git) -> None:
    hook = bare / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'GH013: no, by rule' >&2\nexit 1\n")
    hook.chmod(stat.S_IRWXU)
    with pytest.raises(LedgerError) as error:
        opened(repository, "origin").append([GENESIS], NOW)
    assert not isinstance(error.value, LostRaceError)
    assert code_of(error) == "ledger-not-writable"
    assert "GH013" in error.value.diagnostics[0].detail
    assert git("for-each-ref", LOG) == git("for-each-ref", LOG, cwd=bare) == ""


def test_a_remote_that_is_not_there(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(LedgerError) as error:
        list(opened(repository, str(tmp_path / "gone.git")).entries())
    assert code_of(error) == "ledger-remote-unreachable"


def git_that(after_push: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a git on the PATH that does what it shall, and after a push something else too."""
    found = subprocess.run(["which", "git"], check=True, capture_output=True, text=True)
    folder.mkdir()
    program = folder / "git"
    program.write_text(
        f'#!/bin/sh\n{found.stdout.strip()} "$@"\nended=$?\n'
        f'for word in "$@"; do [ "$word" = push ] && {{ {after_push}; exit 128; }}; done\n'
        "exit $ended\n"
    )
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_a_push_that_landed_counts_although_git_said_it_failed(
    repository: Path, bare: Path, git: Git, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks after the server moved its branch: a 502 after acceptance."""
    git_that(":", tmp_path / "bin", monkeypatch)
    ledger = opened(repository, "origin")
    ledger.append([GENESIS], NOW)
    assert git("rev-parse", LOG) == git("rev-parse", LOG, cwd=bare)
    ledger.append([BEAT], NOW)
    assert [entry.seq for entry in ledger.entries()] == [1, 2]


def test_a_remote_that_falls_silent_in_a_push_leaves_it_unknown_until_it_answers(
    repository: Path, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git_that(f"mv {bare} {bare}.away", tmp_path / "bin", monkeypatch)
    ledger = opened(repository, "origin")
    with pytest.raises(LedgerError) as error:
        ledger.append([GENESIS], NOW)
    assert code_of(error) == "ledger-push-unsettled"
    Path(f"{bare}.away").rename(bare)
    assert [entry.seq for entry in ledger.entries()] == [1], "it had landed after all"


def test_somebody_elses_push_in_between_is_a_lost_race(
    repository: Path, bare: Path, clone: Callable[[str], Path], git: Git
) -> None:
    """The rival's entry lands between our last look at the remote and our push."""
    rival = opened(clone("rival"), "origin")
    ledger = opened(repository, "origin")
    assert list(ledger.entries()) == []
    rival.append([GENESIS], NOW)
    tip = git("rev-parse", LOG, cwd=bare)
    with pytest.raises(LostRaceError):
        ledger.append([GENESIS], NOW)
    assert git("rev-parse", LOG, cwd=bare) == tip


def test_a_stale_lock_is_named(repository: Path, ledger: GitLedger) -> None:
    lock = repository / ".git" / f"{LOG}.lock"
    lock.touch()
    ledger.git._settings["core.filesRefLockTimeout"] = "1"
    with pytest.raises(LedgerError) as error:
        ledger.append([BEAT], NOW)
    assert code_of(error) == "ledger-not-writable"
    assert lock.name in error.value.diagnostics[0].detail


# --- when somebody tampers ------------------------------------------------------------------------


def test_a_branch_that_was_cut_is_noticed(ledger: GitLedger, git: Git) -> None:
    ledger.append([BEAT], NOW)
    git("update-ref", LOG, f"{LOG}~1")
    with pytest.raises(VerificationError) as error:
        list(ledger.entries())
    assert code_of(error) == "ledger-rewritten"


def test_a_branch_that_was_deleted_is_noticed(ledger: GitLedger, git: Git) -> None:
    git("update-ref", "-d", LOG)
    with pytest.raises(VerificationError) as error:
        list(ledger.entries())
    assert code_of(error) == "ledger-rewritten"


def test_a_remote_that_was_cut_is_noticed_by_whoever_knows_more(
    repository: Path, bare: Path, git: Git
) -> None:
    ledger = opened(repository, "origin")
    ledger.append([GENESIS], NOW)
    ledger.append([BEAT], NOW)
    git("update-ref", LOG, f"{LOG}~1", cwd=bare)
    with pytest.raises(VerificationError) as error:
        list(opened(repository, "origin").entries())
    assert code_of(error) == "ledger-diverged"


@pytest.mark.usefixtures("ledger")
def test_a_stray_folder_in_the_branch_is_an_error_not_a_traceback(
    repository: Path, git: Git, tmp_path: Path
) -> None:
    git("worktree", "add", "-q", str(tmp_path / "look"), "reconcile/log")
    (tmp_path / "look" / "entries" / "zzz").mkdir()
    (tmp_path / "look" / "entries" / "zzz" / "x").write_text("x")
    git("add", ".", cwd=tmp_path / "look")
    git("commit", "-qm", "stray", cwd=tmp_path / "look")
    git("worktree", "remove", str(tmp_path / "look"))
    with pytest.raises(VerificationError) as error:
        list(opened(repository).entries())
    assert code_of(error) == "ledger-stray-file"
