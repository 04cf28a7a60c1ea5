"""What a newer release may add is ignored; what would be misjudged is refused (docs/ledger.md)."""

from __future__ import annotations

import pytest

from reconciler.diagnostics import SpecError
from reconciler.ledger.fold import fold
from reconciler.spec.canonical import canonical
from reconciler.spec.entry_file import entry_from_bytes
from tests.audit.forge import Entry, Forged, find, judged, path_of, with_plan


def newer(entries: list[Entry]) -> None:
    """Let every entry say more, at the top and inside."""
    for entry in entries:
        entry["weather"] = {"sky": ["clear", None, 1]}
        entry["data"]["weather"] = "fine"
        entry["actor"]["mood"] = "good"


def test_members_that_a_newer_release_added_change_nothing(ledger: Forged) -> None:
    added = ledger.edited(newer, rechained=True)
    assert judged(added).findings == ()
    told, before = ([entry_from_bytes(canonical(e), path_of(e)) for e in record.entries]
                    for record in (added, ledger))  # fmt: skip
    assert fold(told).zones == fold(before).zones


@pytest.mark.parametrize("change", [{"v": 2}, {"v": 17}, {"event": "teleport"}], ids=str)
def test_a_higher_version_and_an_unknown_event_are_refused_by_name(
    ledger: Forged, change: Entry
) -> None:
    at = find(ledger, "outcome")
    later = ledger.changed(at, lambda entry: entry.update(change))
    path = path_of(later.entries[at])
    with pytest.raises(SpecError) as caught:
        entry_from_bytes(canonical(later.entries[at]), path)
    assert caught.value.diagnostics[0].file == path
    assert path in {finding.file for finding in judged(later).findings}


@pytest.mark.parametrize(("version", "read"), [("1.9", True), ("2.0", False)])
def test_a_plan_file_of_a_later_minor_version_is_read_and_of_a_major_one_refused(
    ledger: Forged, version: str, *, read: bool
) -> None:
    def edit(plan: Entry) -> None:
        plan["format_version"], plan["weather"] = version, "fine"
        next(iter(plan["zones"].values()))["weather"] = "fine"

    later = with_plan(ledger, find(ledger, "plan"), edit, redo=True)
    found = {(finding.file, finding.code) for finding in judged(later).findings}
    refused = (path_of(later.entries[find(ledger, "plan")]), "audit-plan")
    assert (refused not in found) is read
