"""Judging a changed entry from what the judges knew before it, so that nothing is judged twice."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from reconciler.audit.replay import Replay
from reconciler.diagnostics import Diagnostic, ReconcileError
from reconciler.ledger.git_ledger import place_of
from reconciler.ledger.verify import Chain
from reconciler.spec.canonical import bytes_digest, canonical
from reconciler.spec.entry_file import read_entry
from tests.audit.forge import Entry, Forged, path_of


class Judges:
    """The judges of entries, at one place of a record; a fork of them goes on by itself."""

    def __init__(self, record: Forged) -> None:
        self._chain = Chain()
        self._replay = Replay(lambda name: record.blobs.get(place_of(name)))

    def fork(self) -> Judges:
        twin = copy.copy(self)
        twin._chain = replace(self._chain, intents=set(self._chain.intents))
        twin._replay = copy.copy(self._replay)
        for name, value in vars(self._replay).items():
            if isinstance(value, dict):
                setattr(twin._replay, name, dict(value))
        return twin

    def findings(self, path: str, data: bytes) -> Iterator[Diagnostic]:
        try:
            read = read_entry(data, path)
        except ReconcileError as error:
            yield from (replace(found, file=path) for found in error.diagnostics)
            return
        yield from self._chain.findings(read, path, data)
        yield from self._replay.findings(read.entry, path)


class Prefixes:
    """An honest record, and the judges as they are before each of its entries."""

    def __init__(self, record: Forged) -> None:
        self.record = record
        self._before = [Judges(record)]
        for entry in record.entries:
            judges = self._before[-1].fork()
            assert list(judges.findings(path_of(entry), canonical(entry))) == []
            self._before.append(judges)

    def tells(self, at: int, changed: Entry, *, rechained: bool) -> bool:
        """True if a judge of entries finds something once entry `at` is another.

        False says nothing of the judges of commits, nor of findings that name no entry.
        """
        tail = [changed, *self.record.entries[at + 1 :]]
        files = self._chained(at, tail) if rechained else _as_they_are(tail)
        judges = self._before[at].fork()
        return any((f.file or "").startswith("entries/") for f in _found(judges, files))

    def _chained(self, at: int, tail: Sequence[Entry]) -> Iterator[tuple[str, bytes]]:
        """Yield the files of entries whose number, chain, policy and counts are made to fit."""
        first = self.record.entries[at]
        prev, policy = first["prev"], first["policy"]
        for seq, entry in enumerate(tail, first["seq"]):
            placed: dict[str, Any] = {**entry, "seq": seq, "prev": prev, "policy": policy}
            if entry["event"] == "checkpoint":
                placed["data"] = {**entry["data"], "count": seq - 1, "head": prev}
            if entry["event"] == "policy":
                policy = {"seq": seq, "digest": entry["data"]["digest"]}
            data = canonical(placed)
            prev = bytes_digest(data)
            yield path_of(placed), data


def _as_they_are(tail: Sequence[Entry]) -> Iterator[tuple[str, bytes]]:
    """Yield files in the order in which git lists them, one for each path."""
    placed = {path_of(entry): entry for entry in tail}
    return ((path, canonical(placed[path])) for path in sorted(placed))


def _found(judges: Judges, files: Iterator[tuple[str, bytes]]) -> Iterator[Diagnostic]:
    for path, data in files:
        yield from judges.findings(path, data)
