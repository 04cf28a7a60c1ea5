"""Every change of one entry after it was written, by somebody who leaves the chain as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.audit.forge import Forged, judged, path_of

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


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.__name__)
def test_it_is_found_at_every_entry_and_an_entry_is_named(
    ledger: Forged, mutation: Mutation
) -> None:
    tried = 0
    for at in range(len(ledger.entries) - 1):  # after the last entry nothing tells
        found = judged(mutation(ledger, at)).findings
        assert found, f"{mutation.__name__} of entry {at + 1} was not found"
        assert any((f.file or "").startswith("entries/") for f in found)
        tried += 1
    assert tried > 25
