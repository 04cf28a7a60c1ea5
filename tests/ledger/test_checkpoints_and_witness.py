from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.diagnostics import Diagnostic, LedgerError, VerificationError
from reconciler.ledger.checkpoints import checkpoint_if_due, heartbeat_if_due
from reconciler.ledger.fold import fold
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.history import History
from reconciler.ledger.witness import push_witness, witness_findings, witness_tip
from reconciler.model.entries import Actor, ActorKind, Draft, Event

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
ACTOR = Actor(kind=ActorKind.CI, id="ci", run="1")
BEAT = Draft(event=Event.HEARTBEAT)
LOG = "refs/heads/reconcile/log"
Git = Callable[..., str]


@pytest.fixture
def other(tmp_path: Path) -> str:
    path = tmp_path / "witness.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    return str(path)


def findings(ledger: GitLedger, witness: str) -> list[Diagnostic]:
    seen = witness_tip(ledger.git, witness)
    return list(witness_findings(ledger.git, ledger.refresh() or "", seen, witness))


def checkpoints(ledger: GitLedger) -> list[int]:
    return [entry.seq for entry in ledger.entries() if entry.event is Event.CHECKPOINT]


def test_a_checkpoint_says_what_stands_before_it(ledger: GitLedger) -> None:
    tip = ledger.refresh()
    checkpoint_if_due(ledger, NOW, History())
    entry = list(ledger.entries())[-1]
    assert entry.draft.data == {"count": 1, "commit": tip, "head": entry.prev}


def test_one_checkpoint_a_day_and_none_where_nothing_else_was_written(ledger: GitLedger) -> None:
    history = checkpoint_if_due(ledger, NOW, History())
    history = checkpoint_if_due(ledger, NOW + timedelta(days=3), history)
    assert checkpoints(ledger) == [2]
    history = fold(ledger.append([BEAT], NOW + timedelta(days=3)), history)
    history = checkpoint_if_due(ledger, NOW + timedelta(days=3), history)
    history = fold(ledger.append([BEAT], NOW + timedelta(days=3)), history)
    checkpoint_if_due(ledger, NOW + timedelta(days=3, hours=23), history)
    assert checkpoints(ledger) == [2, 4]


def test_a_thousand_entries_make_a_checkpoint_due(ledger: GitLedger) -> None:
    history = checkpoint_if_due(ledger, NOW, History())
    history = fold(ledger.append([BEAT] * 999, NOW), history)
    history = checkpoint_if_due(ledger, NOW, history)
    assert checkpoints(ledger) == [2]
    ledger.append([BEAT], NOW)
    checkpoint_if_due(ledger, NOW, history)
    assert checkpoints(ledger) == [2, 1003]


def test_no_ledger_needs_no_checkpoint_and_no_witness(repository: Path, other: str) -> None:
    ledger = GitLedger(repository, actor=ACTOR)
    assert checkpoint_if_due(ledger, NOW, History()) == History()
    assert push_witness(ledger, other) is None


def test_a_witness_vouches_for_what_it_saw_and_for_more_after_it(
    ledger: GitLedger, other: str
) -> None:
    assert [finding.code for finding in findings(ledger, other)] == ["ledger-witness"]
    assert push_witness(ledger, other) == ledger.refresh()
    ledger.append([BEAT], NOW)
    assert not findings(ledger, other)


def test_a_witness_catches_a_ledger_that_was_cut_short(
    ledger: GitLedger, other: str, repository: Path, git: Git
) -> None:
    ledger.append([BEAT], NOW)
    push_witness(ledger, other)
    git("update-ref", LOG, f"{LOG}~1")
    cut = GitLedger(repository, actor=ACTOR)
    (finding,) = findings(cut, other)
    assert "entries/000000/0000/000000000002-heartbeat.json" in finding.summary


def test_a_witness_catches_a_rewritten_ledger_and_refuses_it(
    ledger: GitLedger, other: str, repository: Path, git: Git
) -> None:
    ledger.append([BEAT], NOW)
    push_witness(ledger, other)
    git("update-ref", LOG, f"{LOG}~1")
    forged = GitLedger(repository, actor=ACTOR)
    forged.append([BEAT], NOW + timedelta(minutes=1))
    with pytest.raises(VerificationError) as error:
        push_witness(forged, other)
    assert "000000000002-heartbeat.json" in error.value.diagnostics[0].summary


def test_a_witness_that_cannot_be_asked_is_an_error(ledger: GitLedger, tmp_path: Path) -> None:
    with pytest.raises(LedgerError):
        findings(ledger, str(tmp_path / "nowhere"))


def test_a_run_after_a_silence_says_that_it_was_there_once(ledger: GitLedger) -> None:
    day = timedelta(days=1)
    history = fold(ledger.entries())
    for hours, beats in ((1, 0), (23, 0), (24, 1), (25, 1), (47, 1), (48, 2), (100, 3)):
        history = heartbeat_if_due(ledger, NOW + timedelta(hours=hours), history, day)
        written = [e.seq for e in ledger.entries() if e.event is Event.HEARTBEAT]
        assert len(written) == beats, f"after {hours} h"
    assert heartbeat_if_due(ledger, NOW + 9 * day, history, None) == history


def test_whoever_comes_second_writes_no_second_heartbeat(
    ledger: GitLedger, repository: Path
) -> None:
    """Both saw the silence; the other's word ends it, and is read."""
    late = NOW + timedelta(days=2)
    history = fold(ledger.entries())
    other = GitLedger(repository, actor=ACTOR)
    other.refresh()
    other.append([BEAT], late)
    after = heartbeat_if_due(ledger, late, history, timedelta(days=1))
    assert after.seq == history.seq + 1
    assert after.at == late
