"""The ledger as a table: every member of every entry, and nothing that a spreadsheet computes."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.entries import Actor, ActorKind, Draft, Entry, Event
from reconciler.report.ledger_export import COLUMNS, csv_lines

AT = datetime(2026, 11, 21, 23, 22, 5, tzinfo=UTC)
ENTRY = Entry(
    seq=417,
    prev="sha256:00",
    at=AT,
    policy_seq=12,
    policy_digest="sha256:11",
    actor=Actor(kind=ActorKind.CI, id="ci@example.com", run="7"),
    tool="0.1.0",
    draft=Draft(
        event=Event.INTENT,
        zone="example.com.",
        plan="sha256:22",
        change="sha256:33",
        step="s2",
        idem="ab",
        deadline=AT + timedelta(minutes=20),
        data={"moves": [{"op": "ds.add"}], "attempt": 1, "why": 'a "quoted", text\nof two lines é'},
    ),
)


def rows(*entries: Entry) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(csv_lines(entries)))))


def test_every_member_has_its_column_and_survives() -> None:
    (row,) = rows(ENTRY)
    assert json.loads(row.pop("data")) == ENTRY.draft.data
    assert row == {
        "seq": "417",
        "at": "2026-11-21T23:22:05Z",
        "event": "intent",
        "zone": "example.com.",
        "plan": "sha256:22",
        "change": "sha256:33",
        "step": "s2",
        "idem": "ab",
        "deadline": "2026-11-21T23:42:05Z",
        "policy_seq": "12",
        "policy_digest": "sha256:11",
        "actor_kind": "ci",
        "actor_id": "ci@example.com",
        "actor_run": "7",
        "tool": "0.1.0",
        "prev": "sha256:00",
    }


def test_what_is_left_out_is_an_empty_cell_and_the_columns_stay() -> None:
    bare = replace(ENTRY, draft=Draft(event=Event.HEARTBEAT))
    (row,) = rows(bare)
    assert tuple(row) == COLUMNS
    assert (row["zone"], row["deadline"], row["data"]) == ("", "", "{}")


def test_the_same_entries_give_the_same_table() -> None:
    turned = replace(ENTRY.draft, data=dict(reversed([*ENTRY.draft.data.items()])))
    assert rows(ENTRY, ENTRY) == rows(replace(ENTRY, draft=turned), ENTRY)


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t=", "\r=", "＝", "＋", "－", "＠"])  # noqa: RUF001 (the wide forms are meant)
def test_no_cell_is_computed_whoever_wrote_it(begin: str) -> None:
    hostile = f"{begin}HYPERLINK(1)"
    draft = replace(ENTRY.draft, zone=hostile, step=hostile, idem=hostile)
    (row,) = rows(replace(ENTRY, draft=draft, actor=replace(ENTRY.actor, id=hostile)))
    for cell in (row["zone"], row["step"], row["idem"], row["actor_id"]):
        assert cell[0] in "'\\"
        assert "HYPERLINK(1)" in cell


def test_lines_end_within_their_row() -> None:
    changed = replace(ENTRY, draft=replace(ENTRY.draft, zone="a\nb\u2028c\x1b[2Jd\u202e"))
    text = "".join(csv_lines([changed]))
    assert len(text.splitlines()) == 2
    assert "\x1b" not in text
    assert "\u202e" not in text
