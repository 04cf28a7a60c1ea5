"""Whose approval counted for the owner: told by the desired state, where the ledger keeps it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.ledger.git_ledger import place_of
from reconciler.spec.canonical import bytes_digest, digest
from reconciler.spec.digests import desired_digest, desired_text
from reconciler.spec.load import load_valid
from tests.audit.forge import Entry, Forged, find, judged

ZONE = "shop.example."


@pytest.fixture(scope="session")
def desired(played: Path) -> bytes:
    return desired_text(load_valid(played).zones[ZONE])


def kept(record: Forged, desired: bytes) -> Forged:
    """Return the record with the desired state of its last plan kept under its digest."""
    name = f"desired/{bytes_digest(desired).removeprefix('sha256:')}.json"
    return record.with_blobs({place_of(name): desired})


def without(record: Forged) -> Forged:
    """Return the record as it was before ledgers kept the desired state."""
    plans = {path: data for path, data in record.blobs.items() if path.startswith("plans/")}
    return replace(record, blobs=plans)


def moved(entries: list[Entry]) -> None:
    """Let those who approved belong to another group than the one that owns the zone."""
    data = entries[1]["data"]
    owners = data["rules"]["owners"]
    owners["sales"] = {**owners["platform"]}
    owners["platform"] = {"contacts": {}, "people": []}
    data["rules"]["governance"]["critical_group"] = "sales"
    data["digest"] = digest(data["rules"])


def test_the_desired_state_is_what_its_digest_covers(played: Path, desired: bytes) -> None:
    assert bytes_digest(desired) == desired_digest(load_valid(played).zones[ZONE])


def test_a_record_that_keeps_it_is_whole(ledger: Forged, desired: bytes) -> None:
    assert judged(kept(ledger, desired)).findings == ()


def test_with_it_only_the_owner_counts_as_owner(ledger: Forged, desired: bytes) -> None:
    others = without(ledger.edited(moved, rechained=True))
    assert judged(others).findings == (), "without it, some group must have agreed"
    second = find(others, "plan", 1)
    found = judged(kept(others, desired)).findings
    assert {f.code for f in found} == {"audit-not-approved"}
    assert all(int((f.file or "")[-30:].partition("-")[0][-12:]) > second for f in found)


def test_a_desired_state_that_is_none_names_no_owner(ledger: Forged, desired: bytes) -> None:
    forged = kept(ledger, desired)
    path = next(path for path in forged.blobs if path.startswith("desired/"))
    codes = {f.code for f in judged(forged.with_blobs({path: b"{}"})).findings}
    assert codes == {"audit-not-approved", "ledger-content"}
