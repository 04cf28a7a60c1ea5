"""Every change of one entry after it was written, by somebody who leaves the chain as it is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.app import run
from reconciler.diagnostics import ExitCode
from tests.audit.forge import Forged, line_of, path_of, write

Mutation = Callable[[Forged, int], Forged]


def flip(record: Forged, at: int) -> Forged:
    return record.edited(lambda entries: entries[at].update(tool="0.9.9"), rechained=False)


def reword(record: Forged, at: int) -> Forged:
    return record.edited(lambda entries: entries[at]["actor"].update(id="eve"), rechained=False)


def drop(record: Forged, at: int) -> Forged:
    return replace(record, entries=(*record.entries[:at], *record.entries[at + 1 :]))


def duplicate(record: Forged, at: int) -> Forged:
    again = record.entries[at]
    beside = path_of(again).replace(".json", "-again.json")
    entries = (*record.entries[: at + 1], again, *record.entries[at + 1 :])
    return replace(record, entries=entries, paths={at + 1: beside})


def swap(record: Forged, at: int) -> Forged:
    entries = list(record.entries)
    entries[at], entries[at + 1] = entries[at + 1], entries[at]
    return replace(record, entries=tuple(entries))


def renumber(record: Forged, at: int) -> Forged:
    return record.edited(lambda entries: entries[at].update(seq=900 + at), rechained=False)


def postdate(record: Forged, at: int) -> Forged:
    late = "2031-01-01T00:00:00Z"
    return record.edited(lambda entries: entries[at].update(at=late), rechained=False)


MUTATIONS: tuple[Mutation, ...] = (flip, reword, drop, duplicate, swap, renumber, postdate)


FEWEST = 200
"""So many mutations must be seen to end with exit code 8, at the very least."""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    return path


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.__name__)
def test_audit_verify_exits_8_at_every_entry_and_names_an_entry(
    ledger: Forged, repository: Path, mutation: Mutation, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a person sees it: the branch of a real repository, and the command."""
    for at in range(len(ledger.entries) - 1):  # after the last entry nothing tells
        write(repository, line_of(mutation(ledger, at)))
        code = run(["audit", "verify", "-C", str(repository), "--format", "json"])
        findings = json.loads(capsys.readouterr().out)["findings"]
        assert code == ExitCode.VERIFICATION_FAILED, f"{mutation.__name__} of entry {at + 1}"
        assert any((f["file"] or "").startswith("entries/") for f in findings)


def test_there_are_at_least_200_of_them(ledger: Forged) -> None:
    assert len(MUTATIONS) * (len(ledger.entries) - 1) >= FEWEST
