"""What was written by the rules is no finding."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from reconciler.audit.plans import proof_of
from reconciler.audit.verify import Demands, audit
from reconciler.demo.stage import open_stage
from reconciler.demo.stories import STORIES
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.record import open_record
from reconciler.model.entries import Actor, ActorKind
from reconciler.proof import prove
from reconciler.spec.canonical import digest
from reconciler.spec.plan_file import load_plan
from tests.audit.forge import Entry, Forged, find, judged, path_of


def findings(root: Path) -> tuple[str, ...]:
    ledger = GitLedger(root, actor=Actor(kind=ActorKind.PERSON, id="auditor"))
    with open_record(ledger.git, ledger.refresh() or "") as record:
        return tuple(f"{f.file}: {f.summary}" for f in audit(record).findings)


def test_what_the_demo_wrote_is_whole(played: Path) -> None:
    assert findings(played) == ()


@pytest.mark.parametrize("number", [3, 4])
def test_going_insecure_and_a_parent_by_hand_are_whole(
    played: Path, tmp_path: Path, number: int
) -> None:
    root = tmp_path / "portfolio"
    shutil.copytree(played, root)
    with open_stage(root) as stage:
        stage.play(STORIES[number])
    assert findings(root) == ()


def test_the_same_entries_in_memory_are_whole(ledger: Forged, signed: Forged) -> None:
    """What the mutations change is the only thing that they change."""
    assert judged(ledger).findings == ()
    assert judged(signed).findings == ()


def test_the_pinned_root_is_the_first_commit(ledger: Forged) -> None:
    root = judged(ledger).root
    assert judged(ledger, Demands(root=root)).findings == ()
    (finding,) = judged(ledger, Demands(root="0" * 40)).findings
    assert finding.code == "audit-root"


def test_silence_is_found_where_heartbeats_are_asked_for(ledger: Forged) -> None:
    last = datetime.fromisoformat(ledger.entries[-1]["at"])
    quiet = Demands(silence=timedelta(days=30), now=last)
    assert judged(ledger, quiet).findings == ()
    found = judged(ledger, replace(quiet, now=last + timedelta(days=31))).findings
    assert [finding.code for finding in found] == ["audit-silence"]
    assert judged(ledger, Demands(silence=timedelta(hours=1))).findings


def test_unknown_members_that_a_newer_release_wrote_are_no_finding(ledger: Forged) -> None:
    at = find(ledger, "evidence")
    newer = ledger.edited(lambda entries: entries[at].update(weather="fine"), rechained=True)
    assert judged(newer).findings == ()


def test_a_proof_without_key_material_is_the_proof(ledger: Forged) -> None:
    plans = {path: data for path, data in ledger.blobs.items() if path.startswith("plans/")}
    for path, data in plans.items():
        for plan in load_plan(data, path).zones.values():
            assert plan.timeline is not None
            assert proof_of(plan.steps, plan.timeline) == prove(plan.steps, plan.timeline)


def beating(ledger: Forged, hours: int) -> Forged:
    """Return the same record, had its policy asked for a heartbeat from the start."""

    def ask(entries: list[Entry]) -> None:
        for entry in entries:
            if entry["event"] == "policy":
                entry["data"]["rules"]["governance"]["heartbeat"] = hours * 3600
                entry["data"]["digest"] = digest(entry["data"]["rules"])

    return ledger.edited(ask, rechained=True)


def test_silence_is_found_where_the_policy_asks_for_heartbeats(ledger: Forged) -> None:
    """A run may come late by as much again; nobody has to ask for it."""
    times = [datetime.fromisoformat(entry["at"]) for entry in ledger.entries]
    longest = max(later - before for before, later in pairwise(times))
    hours = -(-longest // timedelta(hours=2))
    assert judged(beating(ledger, hours)).findings == ()
    quiet = judged(beating(ledger, hours // 4))
    assert {finding.code for finding in quiet.findings} == {"audit-silence"}
    assert all((finding.file or "").startswith("entries/") for finding in quiet.findings)
    later = Demands(now=times[-1] + timedelta(hours=2 * hours, seconds=1))
    (end,) = judged(beating(ledger, hours), later).findings
    assert (end.code, end.file) == ("audit-silence", path_of(ledger.entries[-1]))


def test_a_dropped_heartbeat_leaves_a_gap_that_is_found(ledger: Forged) -> None:
    last = ledger.entries[-1]
    after = [datetime.fromisoformat(last["at"]) + timedelta(days=10 * n) for n in (1, 2, 3)]
    beats = [
        {**last, "event": "heartbeat", "data": {}, "at": f"{at:%Y-%m-%dT%H:%M:%SZ}"} for at in after
    ]
    for beat in beats:
        beat.pop("zone", None)
    kept = replace(ledger, entries=(*ledger.entries, *beats))
    assert judged(beating(kept, hours=7 * 24)).findings == ()
    dropped = replace(ledger, entries=(*ledger.entries, beats[0], beats[2]))
    (finding,) = judged(beating(dropped, hours=7 * 24)).findings
    assert finding.code == "audit-silence"
