"""Every way to change one entry after it was written is found."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from reconciler.diagnostics import ReconcileError
from reconciler.ledger.git_ledger import GitLedger, blob_name
from reconciler.ledger.records import About, evidence_draft, intent_draft, outcome_draft
from reconciler.ledger.verify import chain_findings, verify_chain
from reconciler.model.entries import Actor, ActorKind, Draft, Event, Json
from reconciler.spec.canonical import canonical

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
LOG = "refs/heads/reconcile/log"
Git = Callable[..., str]
Files = Mapping[str, bytes]


@pytest.fixture
def story(ledger: GitLedger) -> GitLedger:
    """Genesis, policy, intent, outcome, evidence and a content-addressed file."""
    about = About(zone="example.com.", plan="sha256:p", change="sha256:c", step="s1", idem="i1")
    policy = Draft(event=Event.POLICY, data={"digest": "sha256:" + "1" * 64, "rules": {}})
    ledger.append([policy], NOW, {blob_name("plans", b"{}"): b"{}"})
    ledger.append([intent_draft(about, deadline=NOW, moves=[], attempt=1)], NOW)
    ledger.append([outcome_draft(about, ok=True, message="done")], NOW + timedelta(minutes=1))
    seen = evidence_draft(about, seen_at=NOW, servers=["ns1"])
    ledger.append([seen], NOW + timedelta(minutes=2))
    return ledger


def files_of(git: Git, repository: Path) -> dict[str, bytes]:
    paths = git("ls-tree", "-r", "--name-only", LOG).splitlines()
    return {
        path: subprocess.run(
            ["git", "cat-file", "blob", f"{LOG}:{path}"],
            cwd=repository, check=True, capture_output=True,
        ).stdout
        for path in paths
    }  # fmt: skip


def rewrite(repository: Path, files: Files) -> None:
    """Make the branch one fresh commit that holds exactly `files`: git itself sees nothing odd."""
    lines = [b"commit refs/heads/reconcile/log\ncommitter E <e@x.example> 0 +0000\ndata 0\n"]
    lines += [
        b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)
        for path, data in files.items()
    ]
    subprocess.run(["git", "update-ref", "-d", LOG], cwd=repository, check=True)
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=repository, input=b"".join(lines), check=True
    )


def codes(repository: Path) -> set[str]:
    ledger = GitLedger(repository, actor=Actor(kind=ActorKind.PERSON, id="auditor"))
    return {finding.code for finding in verify_chain(ledger)}


def entry_paths(files: Files) -> list[str]:
    return [path for path in files if path.startswith("entries/")]


def edited(data: bytes, **members: Json) -> bytes:
    return canonical({**json.loads(data), **members})


def test_a_whole_ledger_has_no_findings(story: GitLedger) -> None:
    assert verify_chain(story) == ()


@pytest.mark.usefixtures("story")
def test_the_same_files_in_a_fresh_commit_are_whole(repository: Path, git: Git) -> None:
    """What the mutations below change is the only thing that they change."""
    rewrite(repository, files_of(git, repository))
    assert codes(repository) == set()


@pytest.mark.usefixtures("story")
def test_every_flipped_byte_of_every_entry_but_the_last_is_found(
    repository: Path, git: Git
) -> None:
    files = {path: data for path, data in files_of(git, repository).items() if "entries" in path}
    assert not list(chain_findings(files.items()))
    for path in entry_paths(files)[:-1]:
        data = files[path]
        for at in range(len(data)):
            flipped = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
            assert list(chain_findings({**files, path: flipped}.items())), f"{path} byte {at}"


@pytest.mark.usefixtures("story")
def test_every_dropped_entry_but_the_last_is_found(repository: Path, git: Git) -> None:
    files = files_of(git, repository)
    for path in entry_paths(files)[:-1]:
        rewrite(repository, {p: d for p, d in files.items() if p != path})
        assert "ledger-sequence" in codes(repository), path


@pytest.mark.usefixtures("story")
def test_every_swap_of_neighbours_is_found(repository: Path, git: Git) -> None:
    files = files_of(git, repository)
    paths = entry_paths(files)
    for one, two in pairwise(paths):
        rewrite(repository, {**files, one: files[two], two: files[one]})
        assert "ledger-misplaced" in codes(repository), one


@pytest.mark.usefixtures("story")
def test_a_duplicate_and_an_insertion_are_found(repository: Path, git: Git) -> None:
    files = files_of(git, repository)
    for path in entry_paths(files):
        copy = path.replace(".json", "-again.json")
        rewrite(repository, {**files, copy: files[path]})
        assert "ledger-misplaced" in codes(repository), path


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize(
    ("number", "members", "code"),
    [
        (5, {"prev": "sha256:" + "0" * 64}, "ledger-chain-broken"),
        (5, {"at": "2026-11-21T22:59:59Z"}, "ledger-time"),
        (5, {"policy": {"seq": 0, "digest": "sha256:" + "0" * 64}}, "ledger-policy"),
        (4, {"idem": "i2"}, "ledger-no-intent"),
        (4, {"zone": "other.com."}, "ledger-no-intent"),
        (5, {"seq": 7}, "ledger-misplaced"),
        (5, {"event": "genesis"}, "ledger-genesis"),
        (5, {"v": 2}, "unsupported-format"),
    ],
)
def test_what_was_edited_is_named(
    repository: Path, git: Git, number: int, members: dict[str, Json], code: str
) -> None:
    files = files_of(git, repository)
    path = entry_paths(files)[number - 1]
    rewrite(repository, {**files, path: edited(files[path], **members)})
    assert code in codes(repository)


@pytest.mark.usefixtures("story")
def test_an_entry_that_is_not_in_canonical_form_is_found(repository: Path, git: Git) -> None:
    files = files_of(git, repository)
    path = entry_paths(files)[-1]
    rewrite(repository, {**files, path: files[path] + b"\n"})
    assert codes(repository) == {"ledger-not-canonical"}


@pytest.mark.usefixtures("story")
def test_a_content_addressed_file_with_another_content_is_found(repository: Path, git: Git) -> None:
    files = files_of(git, repository)
    path = next(path for path in files if path.startswith("plans/"))
    rewrite(repository, {**files, path: b'{"forged": true}'})
    assert codes(repository) == {"ledger-content"}


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize("path", ["README", "entries/zz/x", "entries/000000/0000/note.txt"])
def test_a_file_that_does_not_belong_is_found(repository: Path, git: Git, path: str) -> None:
    rewrite(repository, {**files_of(git, repository), path: b"hello"})
    assert codes(repository)


@pytest.mark.parametrize("kind", ["delete", "modify", "mode", "merge"])
def test_history_that_does_more_than_add_files_is_found(
    story: GitLedger, repository: Path, git: Git, tmp_path: Path, kind: str
) -> None:
    look = tmp_path / "look"
    git("worktree", "add", "-q", str(look), "reconcile/log")
    entry = min((look / "entries").rglob("*.json"))
    kept = entry.read_bytes()
    if kind == "merge":
        git("merge", "-q", "--allow-unrelated-histories", "-m", "m", "main", cwd=look)
    else:
        if kind == "delete":
            entry.unlink()
        elif kind == "modify":
            entry.write_bytes(b"{}")
        else:
            entry.chmod(0o755)
        git("commit", "-qam", "tamper", cwd=look)
        entry.write_bytes(kept)
        entry.chmod(0o644)
        git("add", "-A", cwd=look)
        git("commit", "-qm", "cover up", cwd=look)
    git("worktree", "remove", "--force", str(look))
    wanted = "ledger-not-linear" if kind == "merge" else "ledger-not-add-only"
    assert wanted in {finding.code for finding in verify_chain(story)}
    assert wanted in codes(repository)


@pytest.mark.usefixtures("story")
def test_reading_refuses_a_broken_chain_too(repository: Path, git: Git) -> None:
    files = files_of(git, repository)
    path = entry_paths(files)[2]
    rewrite(repository, {**files, path: edited(files[path], tool="9.9.9")})
    fresh = GitLedger(repository, actor=Actor(kind=ActorKind.PERSON, id="ann"))
    with pytest.raises(ReconcileError) as error:
        list(fresh.entries())
    assert error.value.diagnostics[0].code == "ledger-chain-broken"
