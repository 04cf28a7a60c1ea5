from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.diagnostics import SpecError
from reconciler.ledger.authors import authors_of

ZONE, PORTFOLIO = "example.com.yaml", "portfolio.yaml"
Git = Callable[..., str]


@pytest.fixture
def zones(repository: Path, git: Git) -> Path:
    (repository / "zones" / PORTFOLIO).write_text("people: {}\n")
    git("add", ".")
    commit(git, "portfolio", "pat")
    return repository / "zones"


def commit(git: Git, message: str, author: str, *more: str) -> str:
    git("commit", "-q", "-m", message, f"--author={author.title()} <{author}@example.com>", *more)
    return git("rev-parse", "HEAD")


def change(zones: Path, git: Git, author: str, text: str, file: str = ZONE) -> str:
    (zones / file).write_text(text)
    git("add", ".")
    return commit(git, f"by {author}", author)


def emails(found: frozenset[str]) -> set[str]:
    return {name.partition("@")[0] for name in found if "@" in name}


def test_authors_and_committers_of_the_zones_own_file_and_of_the_last_commit_of_others(
    zones: Path, git: Git
) -> None:
    change(zones, git, "old", "zone: example.com\nx: 1\n")
    change(zones, git, "bob", "zone: example.com\nx: 2\n")
    found = authors_of(zones, [ZONE, PORTFOLIO])
    assert found == {
        "Bob", "bob@example.com", "Pat", "pat@example.com", "Ann Example", "ann@example.com",
        "Old", "old@example.com",
    }  # fmt: skip


def test_nobody_hides_an_author_behind_a_later_commit_or_another_place(
    zones: Path, git: Git
) -> None:
    since = git("rev-parse", "HEAD")
    change(zones, git, "bob", "zone: example.com\nx: 2\n")
    (zones / "sub").mkdir()
    (zones / ZONE).rename(zones / "sub" / ZONE)
    git("add", "-A")
    commit(git, "move it", "dana")
    moved = f"sub/{ZONE}"
    assert {"bob", "dana"} <= emails(authors_of(zones, [moved, PORTFOLIO], since))
    assert {"bob", "dana"} <= emails(authors_of(zones, [moved, PORTFOLIO]))


def test_every_commit_since_the_last_completed_plan_counts(zones: Path, git: Git) -> None:
    since = change(zones, git, "old", "zone: example.com\nx: 1\n")
    change(zones, git, "bob", "zone: example.com\nx: 2\n")
    change(zones, git, "eve", "zone: example.com\nx: 3\n")
    assert emails(authors_of(zones, [ZONE, PORTFOLIO], since)) == {"ann", "bob", "eve"}


def test_a_change_of_the_portfolio_since_then_counts(zones: Path, git: Git) -> None:
    since = change(zones, git, "old", "zone: example.com\nx: 1\n")
    change(zones, git, "eve", "people: {eve: {}}\n", PORTFOLIO)
    assert emails(authors_of(zones, [ZONE, PORTFOLIO], since)) == {"ann", "eve"}


def test_nothing_since_then_falls_back_on_the_zones_own_last_commit(zones: Path, git: Git) -> None:
    change(zones, git, "bob", "zone: example.com\nx: 2\n")
    since = git("rev-parse", "HEAD")
    assert emails(authors_of(zones, [ZONE, PORTFOLIO], since)) == {"ann", "bob"}


def test_a_commit_that_is_unknown_or_was_rewritten_counts_as_unknown(zones: Path, git: Git) -> None:
    change(zones, git, "bob", "zone: example.com\nx: 2\n")
    for since in ("0" * 40, "no such commit", "--all"):
        assert emails(authors_of(zones, [ZONE, PORTFOLIO], since)) == {"ann", "bob", "pat"}


def test_co_authors_count_wherever_their_line_stands(zones: Path, git: Git) -> None:
    (zones / ZONE).write_text("zone: example.com\nx: 2\n")
    git("add", ".")
    message = (
        "Change it\n\nco-authored-BY:  Carl C <Carl@example.com>\n\nText\n---\n"
        "Co-authored-by: Dora <dora@example.com>\n\nsome more text"
    )
    git("commit", "-q", "-m", message)
    assert authors_of(zones, [ZONE]) >= {"Carl C", "Carl@example.com", "dora@example.com"}


def test_who_merged_is_no_author_and_who_changed_in_the_merge_is(zones: Path, git: Git) -> None:
    since = git("rev-parse", "HEAD")
    git("switch", "-q", "-c", "side")
    change(zones, git, "bob", "zone: example.com\nx: 2\n")
    git("switch", "-q", "main")
    (zones.parent / "other.txt").write_text("x")
    git("add", ".")
    commit(git, "other", "olga")
    git("merge", "-q", "--no-ff", "--no-commit", "side")
    commit(git, "merge", "mia")
    assert emails(authors_of(zones, [ZONE], since)) == {"ann", "bob"}
    git("switch", "-q", "-c", "side2")
    change(zones, git, "cy", "zone: example.com\nx: 3\n")
    git("switch", "-q", "main")
    (zones.parent / "other.txt").write_text("y")
    git("add", ".")
    commit(git, "other", "olga")
    git("merge", "-q", "--no-ff", "--no-commit", "side2")
    (zones / ZONE).write_text("zone: example.com\nx: smuggled\n")
    git("add", ".")
    commit(git, "evil merge", "eve")
    assert emails(authors_of(zones, [ZONE], since)) == {"ann", "bob", "cy", "eve"}


@pytest.mark.parametrize("state", ["changed", "staged", "untracked", "ignored"])
def test_what_is_not_committed_has_no_author(zones: Path, git: Git, state: str) -> None:
    file = ZONE if state in {"changed", "staged"} else "new.yaml"
    (zones / file).write_text("zone: example.com\nx: mine\n")
    if state == "staged":
        git("add", ".")
    if state == "ignored":
        (zones.parent / ".gitignore").write_text("new.yaml\n")
    with pytest.raises(SpecError) as error:
        authors_of(zones, [file])
    found = error.value.diagnostics[0]
    assert (found.code, found.file) == ("uncommitted-change", f"zones/{file}")
    assert "commit" in found.hint


def test_another_file_that_is_not_committed_does_not_matter(zones: Path) -> None:
    (zones / "other.yaml").write_text("zone: other.com\n")
    assert authors_of(zones, [ZONE])


def test_a_file_outside_the_repository_has_no_author(zones: Path) -> None:
    with pytest.raises(SpecError):
        authors_of(zones, ["../../outside.yaml"])


def test_a_file_name_is_never_a_pattern(zones: Path, git: Git) -> None:
    change(zones, git, "bob", "zone: example.com\nx: 2\n")
    with pytest.raises(SpecError):
        authors_of(zones, ["*.yaml"])


def test_a_clone_without_history_is_refused(zones: Path, tmp_path: Path) -> None:
    shallow = tmp_path / "shallow"
    source = f"file://{zones.parent}"
    subprocess.run(["git", "clone", "-q", "--depth=1", source, str(shallow)], check=True)
    with pytest.raises(SpecError) as error:
        authors_of(shallow / "zones", [ZONE])
    assert error.value.diagnostics[0].code == "shallow-clone"


def test_settings_of_the_user_do_not_change_the_answer(zones: Path, git: Git) -> None:
    change(zones, git, "bob", "zone: example.com\nx: 2\n")
    expected = authors_of(zones, [ZONE])
    for name, value in (("log.showSignature", "true"), ("log.follow", "true"),
                        ("color.ui", "always"), ("status.showUntrackedFiles", "no")):  # fmt: skip
        git("config", name, value)
    assert authors_of(zones, [ZONE]) == expected
