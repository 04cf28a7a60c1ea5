"""An entry in canonical form is read without pydantic, and must be the same entry all the same."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import ReconcileError
from reconciler.model.entries import Entry
from reconciler.spec.canonical import canonical
from reconciler.spec.entry_canonical import canonical_entry
from reconciler.spec.entry_file import VERSION, entry_from_bytes, entry_to_bytes, read_entry

ENTRY: dict[str, Any] = {
    "v": 1,
    "seq": 417,
    "prev": "sha256:0",
    "at": "2026-11-21T23:22:05Z",
    "event": "intent",
    "zone": "example.com.",
    "policy": {"seq": 12, "digest": "sha256:1"},
    "actor": {"kind": "ci", "id": "x", "run": "7"},
    "tool": "0.1.0",
    "deadline": "2026-11-21T23:42:05Z",
    "data": {"moves": []},
}
PATHS = [(name,) for name in ENTRY] + [("policy", "seq"), ("actor", "kind"), ("actor", "run")]
VALUES: list[Any] = [
    None, True, 0, 1, -1, 1.5, 10**12, 10**12 - 1, "", "x", "ci", "person", "heartbeat",
    [], {}, {"seq": 1}, {"kind": "ci", "id": "x"}, {"seq": 1, "digest": ""},
    "2026-11-21T23:22:05+01:00", "2026-11-21T23:22:05.5Z", "2026-02-30T00:00:00Z",
    "2026-11-21 23:22:05Z", "2026-11-21T24:00:00Z", "0000-01-01T00:00:00Z", "٢٠٢٦-11-21T23:22:05Z",
]  # fmt: skip


def slowly(data: bytes) -> Entry | None:
    """Read the same entry with a space before it, which has no canonical form."""
    try:
        return entry_from_bytes(b" " + data, "entry.json")
    except ReconcileError:
        return None


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_whatever_stands_in_a_member_both_readers_agree(path: tuple[str, ...]) -> None:
    for value in VALUES:
        changed = {**ENTRY, "policy": {**ENTRY["policy"]}, "actor": {**ENTRY["actor"]}}
        inner = changed if len(path) == 1 else changed[path[0]]
        inner[path[-1]] = value
        data = canonical(changed)
        read = canonical_entry(data, VERSION)
        assert read is None or read == slowly(data), f"{path} = {value!r}"


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_where_a_member_is_left_out_both_readers_agree(path: tuple[str, ...]) -> None:
    changed = {**ENTRY, "policy": {**ENTRY["policy"]}, "actor": {**ENTRY["actor"]}}
    (changed if len(path) == 1 else changed[path[0]]).pop(path[-1])
    data = canonical(changed)
    assert canonical_entry(data, VERSION) == slowly(data)


@given(data=st.data())
def test_every_entry_that_is_written_is_read_fast(
    strategies: SimpleNamespace, data: st.DataObject
) -> None:
    written = entry_to_bytes(data.draw(strategies.entry()))
    read = read_entry(written, "entry.json")
    assert read.canonical
    assert read.entry == slowly(written)


def test_unknown_members_do_not_slow_a_reader_down() -> None:
    data = canonical({**ENTRY, "weather": "fine"})
    assert canonical_entry(data, VERSION) == canonical_entry(canonical(ENTRY), VERSION)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"\xff", b'{"v":1}', b"[" * 100_000])
def test_what_is_no_entry_is_left_to_the_other_reader(data: bytes) -> None:
    assert canonical_entry(data, VERSION) is None


def test_an_entry_in_another_form_is_read_and_told_apart() -> None:
    data = canonical(ENTRY)
    assert read_entry(b" " + data, "e.json") == (read_entry(data, "e.json").entry, False)
