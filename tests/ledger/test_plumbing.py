from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import LedgerError
from reconciler.ledger.plumbing import open_plumbing
from reconciler.ledger.trees import (
    FILE,
    FOLDER,
    Graft,
    OverwriteError,
    TreeItem,
    dump_tree,
    object_id,
    parse_tree,
)


def fake_git(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.mkdir()
    program = folder / "git"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def code_of(error: pytest.ExceptionInfo[LedgerError]) -> str:
    return error.value.diagnostics[0].code


def test_git_that_is_not_there(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LedgerError) as error:
        open_plumbing(repository)
    assert code_of(error) == "git-missing"


def test_git_that_is_too_old(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_git(tmp_path / "bin", "echo git version 2.20.1", monkeypatch)
    with pytest.raises(LedgerError) as error:
        open_plumbing(repository)
    assert code_of(error) == "git-too-old"


def test_a_remote_that_says_nothing_is_given_up(repository: Path) -> None:
    git = open_plumbing(repository)
    git._settings["alias.wait"] = "!exec tail -f /dev/null"
    ran = git.run("wait", timeout=0.2)
    assert (ran.status, ran.ok) == (None, False)
    assert "no answer" in ran.err


def test_a_failing_command_tells_gits_own_words(repository: Path) -> None:
    with pytest.raises(LedgerError) as error:
        open_plumbing(repository).must("rev-parse", "--verify", "no-such-branch")
    assert code_of(error) == "git-failed"
    assert "Needed a single revision" in error.value.diagnostics[0].detail


def test_thousands_of_objects_pass_through_one_pipe(repository: Path) -> None:
    git = open_plumbing(repository)
    contents = [b"%d" % number * 50 for number in range(1200)]
    names = git.store("blob", contents)
    with git.objects() as objects:
        assert list(objects.read_all([*names, "0" * 40])) == [*contents, None]


names = st.text(st.sampled_from("ab.-0~é"), min_size=1, max_size=4).filter(
    lambda name: name not in {".", ".."}
)
items = st.builds(TreeItem, st.sampled_from([FILE, FOLDER]), st.just("ab" * 20))


@given(st.dictionaries(names, items))
def test_a_tree_is_read_as_it_was_written(tree: dict[str, TreeItem]) -> None:
    assert parse_tree(dump_tree(tree), "sha1") == tree


@given(st.lists(names, min_size=1, max_size=6, unique=True))
def test_a_tree_is_written_as_git_writes_it(repository_of_trees: Path, found: list[str]) -> None:
    blob = object_id("blob", b"", "sha1")
    folder = object_id("tree", b"", "sha1")
    kinds = [(FILE, "100644 blob", blob), (FOLDER, "040000 tree", folder)]
    chosen = {name: kinds[number % 2] for number, name in enumerate(found)}
    lines = "".join(f"{kind} {oid}\t{name}\0" for name, (_, kind, oid) in chosen.items())
    ours = dump_tree({name: TreeItem(mode, oid) for name, (mode, _, oid) in chosen.items()})
    theirs = subprocess.run(
        ["git", "mktree", "-z", "--missing"],
        cwd=repository_of_trees, input=lines.encode(), capture_output=True, check=True,
    ).stdout.decode().strip()  # fmt: skip
    assert object_id("tree", ours, "sha1") == theirs


@pytest.fixture(scope="module")
def repository_of_trees(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trees")
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    return path


def test_a_graft_never_overwrites() -> None:
    store: dict[str, bytes] = {}

    def graft(base: str | None, files: dict[str, str]) -> str:
        work = Graft(store.__getitem__, "sha1")
        root = work.onto(base, files)
        store.update({object_id("tree", data, "sha1"): data for data in work.written})
        return root

    one, two = "1" * 40, "2" * 40
    root = graft(None, {"a/b": one, "c": one})
    assert graft(root, {"a/b": one}) == root
    assert set(parse_tree(store[graft(root, {"a/d": two})], "sha1")) == {"a", "c"}
    for files in ({"a/b": two}, {"a": two}, {"c/d": two}, {"x": one, "x/y": one}):
        with pytest.raises(OverwriteError):
            graft(root, files)
