"""Is the record whole? Everything that git and SHA-256 alone can tell, without trusting either."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.diagnostics import Diagnostic, ReconcileError, Severity
from reconciler.ledger.commits import Commit
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.reading import Position, position_after
from reconciler.ledger.record import open_record
from reconciler.model.entries import Entry, Event
from reconciler.spec.entry_file import ReadEntry, entry_path, read_entry

_NUMBER = re.compile(r"entries/[0-9]{6}/[0-9]{4}/([0-9]{12})-[a-z-]+\.json")


def verify_chain(ledger: GitLedger) -> tuple[Diagnostic, ...]:
    """Return everything wrong with the record; an empty tuple if it is whole.

    Checked: history is linear and only adds files; each entry is canonical, at its place, next in
    `seq`, chained by `prev` to the one before, not older than it, and under the policy in force;
    every outcome has an intent before it; every other file is named by its content.
    """
    tip = ledger.refresh()
    if tip is None:
        return ()
    with open_record(ledger.git, tip) as record:
        return (
            *history_findings(record.commits),
            *chain_findings(record.entries),
            *content_findings(record.others),
        )


def history_findings(commits: Iterable[Commit]) -> Iterator[Diagnostic]:
    """Yield what is wrong with commits, oldest first: one line that adds the entries in order."""
    line = Line()
    for commit in commits:
        yield from line.findings(commit)


@dataclass(slots=True)
class Line:
    """Remembers, from the commits so far, what the next one must be."""

    before: str | None = None
    last: int = 0

    def findings(self, commit: Commit) -> Iterator[Diagnostic]:
        """Yield what is wrong with the next commit, and take it in."""
        named = entry_paths(commit)
        if commit.parents != (() if self.before is None else (self.before,)):
            yield _of_commit("ledger-not-linear", "does not follow the one before", commit, named)
        for change in commit.changes:
            if not change.adds_file:
                what = "removed" if change.kind == "D" else "changed or is no plain file"
                summary = f"this file was {what} in commit {commit.oid}"
                yield chain_finding("ledger-not-add-only", summary, change.path)
        numbers = [number for path in named if (number := _number(path)) is not None]
        if numbers != list(range(self.last + 1, self.last + 1 + len(numbers))) or not numbers:
            summary = f"adds entries {numbers} after entry {self.last}"
            yield _of_commit("ledger-commit-order", summary, commit, named)
        self.before, self.last = commit.oid, max([self.last, *numbers])


def entry_paths(commit: Commit) -> Sequence[str]:
    """Return the paths of the entries that a commit adds or changes, in order."""
    paths = {change.path for change in commit.changes if change.kind != "D"}
    return sorted(path for path in paths if path.startswith("entries/"))


def _number(path: str) -> int | None:
    match = _NUMBER.fullmatch(path)
    return int(match[1]) if match else None


def chain_findings(files: Iterable[tuple[str, bytes]]) -> Iterator[Diagnostic]:
    """Yield what is wrong with entries' files (path and bytes, in the order of their paths)."""
    chain = Chain()
    for path, data in files:
        try:
            read = read_entry(data, path)
        except ReconcileError as error:
            yield from error.diagnostics
            continue
        yield from chain.findings(read, path, data)


def content_findings(files: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    """Yield each file that is not what its name, a SHA-256 digest, says."""
    for path, content in files.items():
        named = path.rpartition("/")[2].partition(".")[0]
        if hashlib.sha256(content).hexdigest() != named:
            yield chain_finding("ledger-content", "this file is not what its name says", path)


@dataclass(slots=True)
class Chain:
    """Remembers, from the entries so far, what the next one must say."""

    position: Position = field(default_factory=Position)
    intents: set[tuple[str | None, str | None]] = field(default_factory=set)

    def findings(self, read: ReadEntry, path: str, data: bytes) -> Iterator[Diagnostic]:
        """Yield what is wrong with the next entry, whose file is `path`, and take it in."""
        for code, summary in self._problems(read, path):
            yield chain_finding(code, summary, path)
        self.position = position_after(read.entry, data)

    def _problems(self, read: ReadEntry, path: str) -> Iterator[tuple[str, str]]:
        before, entry = self.position, read.entry
        if not read.canonical:
            yield "ledger-not-canonical", "its bytes are not JSON in canonical form"
        if entry_path(entry) != path:
            yield "ledger-misplaced", f"an entry like this belongs at `{entry_path(entry)}`"
        if entry.seq != before.seq + 1:
            yield "ledger-sequence", f"entry {entry.seq} follows entry {before.seq}"
        if entry.prev != before.digest:
            yield "ledger-chain-broken", f"its `prev` is not the digest of entry {before.seq}"
        if before.at is not None and entry.at < before.at:
            yield "ledger-time", "it is dated before the entry that it follows"
        yield from self._about_policy(entry)
        yield from self._about_intents(entry)

    def _about_policy(self, entry: Entry) -> Iterator[tuple[str, str]]:
        before = self.position
        if (entry.policy_seq, entry.policy_digest) != (before.policy_seq, before.policy_digest):
            yield "ledger-policy", f"the policy in force is that of entry {before.policy_seq}"
        if (entry.event is Event.GENESIS) != (before.seq == 0):
            yield "ledger-genesis", "a ledger begins with one genesis entry, and has no other"

    def _about_intents(self, entry: Entry) -> Iterator[tuple[str, str]]:
        named = (entry.draft.zone, entry.draft.idem)
        if entry.event is Event.INTENT:
            self.intents.add(named)
        elif entry.event in {Event.OUTCOME, Event.ACCEPTED} and named not in self.intents:
            yield "ledger-no-intent", f"no intent `{entry.draft.idem}` stands before it"


def _of_commit(code: str, summary: str, commit: Commit, named: Sequence[str]) -> Diagnostic:
    path = named[0] if named else None
    return chain_finding(code, f"the commit {commit.oid} {summary}", path)


def chain_finding(code: str, summary: str, path: str | None = None) -> Diagnostic:
    """Return a finding about a file of the ledger."""
    return Diagnostic(
        severity=Severity.CRITICAL,
        code=code,
        summary=summary,
        file=path,
        hint="the ledger was changed after it was written: compare it with another clone",
    )
