"""The script in docs/auditing.md, as it stands there, with nothing but git and Python."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.audit.forge import Entry, Forged, find, line_of, path_of, with_plan, write
from tests.audit.test_careless_mutations import MUTATIONS, Mutation

Edit = Callable[[Forged], Forged]


@pytest.fixture(scope="session")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = Path(__file__).parents[2].joinpath("docs", "auditing.md").read_text()
    path = tmp_path_factory.mktemp("page") / "check.py"
    path.write_text(page.partition("```python\n")[2].partition("```")[0])
    return path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    return path


def checked(script: Path, repository: Path) -> tuple[int, str]:
    """Run it without any package: `-I -S` hides those of this environment."""
    command = [sys.executable, "-I", "-S", str(script), str(repository)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_what_the_demo_wrote_is_whole(script: Path, played: Path, ledger: Forged) -> None:
    code, text = checked(script, played)
    assert (code, text.splitlines()) == (
        0, [f"{len(ledger.files())} files, last entry {len(ledger.entries):012}, 0 findings"]
    )  # fmt: skip


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.__name__)
def test_a_careless_change_is_found_and_an_entry_named(
    script: Path, repository: Path, ledger: Forged, mutation: Mutation
) -> None:
    write(repository, line_of(mutation(ledger, find(ledger, "intent"))))
    code, text = checked(script, repository)
    assert code == 1
    assert "entries/000000/0000/0000000000" in text


def dropped(event: str, ledger: Forged) -> Forged:
    def drop(entries: list[Entry]) -> None:
        entries.pop(find(ledger, event))

    return ledger.edited(drop, rechained=True)


def without_approvals(ledger: Forged) -> Forged:
    def drop(entries: list[Entry]) -> None:
        entries[:] = [entry for entry in entries if entry["event"] != "approval"]

    return ledger.edited(drop, rechained=True)


def too_soon(ledger: Forged) -> Forged:
    """The last intent that waits for another step, made when that was seen."""
    at = find(ledger, "intent", -1)

    def hurry(entries: list[Entry]) -> None:
        entries[at]["at"] = entries[at - 1]["at"]

    return ledger.edited(hurry, rechained=True)


def set_in(event: str, name: str, value: object, ledger: Forged) -> Forged:
    return ledger.changed(find(ledger, event), lambda entry: entry["data"].update({name: value}))


def failed(ledger: Forged) -> Forged:
    return ledger.changed(find(ledger, "outcome"), lambda entry: entry["data"].update(ok=False))


def another_plan_file(ledger: Forged) -> Forged:
    def edit(plan: Entry) -> None:
        next(iter(plan["zones"].values()))["risk"] = "R1"

    return with_plan(ledger, find(ledger, "plan"), edit, redo=False)


CAREFUL: dict[str, tuple[Edit, str]] = {
    "no intent": (partial(dropped, "intent"), "answers no intent"),
    "no outcome": (partial(dropped, "outcome"), "shows a step that was not made"),
    "no plan": (partial(dropped, "plan"), "is not of the plan on record"),
    "no approval": (without_approvals, "nobody had approved it"),
    "no wait": (too_soon, "came too soon after step"),
    "other moves": (partial(set_in, "intent", "moves", []), "makes other moves than its plan"),
    "other steps": (partial(set_in, "plan", "steps", []), "has other steps"),
    "other rules": (partial(set_in, "policy", "rules", {}), "is not the digest of its rules"),
    "a failure": (failed, "shows a step that was not made"),
    "another plan file": (another_plan_file, "its plan was changed"),
}


@pytest.mark.parametrize("name", CAREFUL)
def test_a_change_with_the_chain_made_to_fit_is_found_and_its_entry_named(
    script: Path, repository: Path, ledger: Forged, name: str
) -> None:
    edit, why = CAREFUL[name]
    write(repository, line_of(edit(ledger)))
    code, text = checked(script, repository)
    assert code == 1
    assert any(why in line and line.startswith("entries/") for line in text.splitlines()), text


def test_a_file_changed_by_a_later_commit_is_found(
    script: Path, repository: Path, ledger: Forged
) -> None:
    """Two commits that bring the same path: the first is what everybody saw."""
    at = find(ledger, "outcome", -1)
    lie = ledger.changed(at, lambda entry: entry["data"].update(message="no"), rechained=False)
    write(repository, [*line_of(lie), line_of(ledger)[at]])
    code, text = checked(script, repository)
    assert code == 1
    assert f"{path_of(ledger.entries[at])}: was changed or removed" in text
