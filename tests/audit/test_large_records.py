"""What `make bench` measures is what it says: a record of many zones, whole in every respect."""

from __future__ import annotations

from pathlib import Path

from benchmarks.ledger import import_stories
from reconciler.audit.verify import audit
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.record import open_record
from reconciler.model.entries import Actor, ActorKind

ENTRIES = 60


def test_the_large_record_of_the_benchmark_is_whole(tmp_path: Path) -> None:
    zones = import_stories(tmp_path, ENTRIES)
    ledger = GitLedger(tmp_path, actor=Actor(kind=ActorKind.PERSON, id="auditor"))
    with open_record(ledger.git, ledger.refresh() or "") as record:
        found = audit(record)
    assert found.findings == ()
    assert zones > 2
    assert found.entries > ENTRIES - 20
