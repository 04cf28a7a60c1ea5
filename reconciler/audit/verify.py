"""`audit verify`: the whole record judged, from git alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from reconciler.audit.commits import Claims, CommitJudge
from reconciler.audit.replay import Replay
from reconciler.diagnostics import Diagnostic, LedgerError, ReconcileError
from reconciler.ledger.git_ledger import place_of
from reconciler.ledger.record import Record
from reconciler.ledger.verify import Chain, chain_finding, content_findings
from reconciler.model.durations import duration_words
from reconciler.spec.entry_file import read_entry

_JUST_READ = 4
"""Files kept for the judges that look at the same one after the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What an auditor asks beyond what the record must always be.

    `root`: id of the first commit. `silence`: the longest time without an entry, up to `now`,
    where it is shorter than what the policy allows.
    """

    root: str | None = None
    silence: timedelta | None = None
    now: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit came to: how much was judged, and everything that is wrong.

    `root` is the id of the first commit: an auditor who keeps it can ask for it the next time.
    """

    entries: int
    root: str | None
    findings: tuple[Diagnostic, ...]


def audit(record: Record, demands: Demands = Demands()) -> Audit:
    """Return everything that is wrong with the record, each finding naming the entry.

    Checked is all that `docs/auditing.md` lists; nothing that the entries' writers computed is
    taken on trust, and nothing but the record is asked.
    """
    reader = _Reader(record.others, demands)
    by_entry = [found for path, data in record.entries for found in reader.findings(path, data)]
    judge = CommitJudge(reader.claims, demands.root)
    findings = (
        *(found for commit in record.commits for found in judge.findings(commit)),
        *by_entry,
        *reader.at_the_end(),
        *content_findings(record.others),
    )
    return Audit(entries=reader.entries, root=judge.first, findings=tuple(dict.fromkeys(findings)))


class _Reader:
    """Reads entries in order and hands each to every judge."""

    def __init__(self, others: Mapping[str, bytes], demands: Demands) -> None:
        self.claims = Claims()
        self.entries = 0
        self._chain = Chain()
        self._replay = Replay(_blobs(others))
        self._demands = demands
        self._last: tuple[datetime, str] | None = None

    def findings(self, path: str, data: bytes) -> Iterator[Diagnostic]:
        self.entries += 1
        try:
            read = read_entry(data, path)
        except ReconcileError as error:
            yield from error.diagnostics
            return
        entry = read.entry
        self.claims.take_in(entry, path)
        yield from self._chain.findings(read, path, data)
        yield from self._silence(entry.at, path)
        yield from self._replay.findings(entry, path)
        self._last = entry.at, path

    def at_the_end(self) -> Iterator[Diagnostic]:
        if self._demands.now is not None and self._last is not None:
            yield from self._silence(self._demands.now, self._last[1])

    def _silence(self, at: datetime, path: str) -> Iterator[Diagnostic]:
        limits = [s for s in (self._demands.silence, self._replay.silence) if s is not None]
        if limits and self._last is not None and at - self._last[0] > min(limits):
            gap = duration_words(int((at - self._last[0]).total_seconds()))
            yield chain_finding("audit-silence", f"nothing was recorded for {gap} here", path)


def _blobs(others: Mapping[str, bytes]) -> Callable[[str], bytes | None]:
    @lru_cache(maxsize=_JUST_READ)
    def read(name: str) -> bytes | None:
        with suppress(LedgerError):
            return others.get(place_of(name))
        return None

    return read
