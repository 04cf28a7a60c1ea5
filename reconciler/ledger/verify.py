"""Is the record whole? Everything that git and SHA-256 alone can tell, without trusting either."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from reconciler.diagnostics import Diagnostic, ReconcileError, Severity
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.plumbing import Plumbing
from reconciler.ledger.reading import Position, position_after
from reconciler.model.entries import Entry, Event
from reconciler.spec.entry_file import entry_from_bytes, entry_path, entry_to_bytes


def verify_chain(ledger: GitLedger) -> tuple[Diagnostic, ...]:
    """Return everything wrong with the record; an empty tuple if it is whole.

    Checked: history is linear and only adds files; each entry is canonical, at its place, next in
    `seq`, chained by `prev` to the one before, not older than it, and under the policy in force;
    every outcome has an intent before it; every other file is named by its content.
    """
    tip = ledger.refresh()
    if tip is None:
        return ()
    git = ledger.git
    files = sorted(_listed(git, tip))
    entries = [file for file in files if file[0].startswith("entries/")]
    others = [file for file in files if not file[0].startswith("entries/")]
    return (
        *_history(git, tip),
        *chain_findings(_contents_of(git, entries)),
        *_contents(_contents_of(git, others)),
    )


def chain_findings(files: Iterable[tuple[str, bytes]]) -> Iterator[Diagnostic]:
    """Yield what is wrong with entries' files (path and bytes, in the order of their paths)."""
    chain = _Chain()
    for path, data in files:
        try:
            entry = entry_from_bytes(data, path)
        except ReconcileError as error:
            yield from error.diagnostics
            continue
        for code, summary in chain.problems(entry, path, data):
            yield _finding(code, summary, path)
        chain.position = position_after(entry, data)


def _listed(git: Plumbing, tip: str) -> Iterator[tuple[str, str]]:
    """Yield path and object id of every file at `tip`."""
    listing = git.must("ls-tree", "-r", "-z", tip).out.decode("utf-8", "replace")
    for line in listing.split("\0"):
        if line:
            about, path = line.split("\t", 1)
            yield path, about.split()[2]


def _contents_of(git: Plumbing, files: Sequence[tuple[str, str]]) -> Iterator[tuple[str, bytes]]:
    with git.objects() as objects:
        contents = objects.read_all([oid for _, oid in files])
        for (path, _), content in zip(files, contents, strict=True):
            yield path, content or b""


def _history(git: Plumbing, tip: str) -> Iterator[Diagnostic]:
    for line in git.must("rev-list", "--parents", tip).out.decode().splitlines():
        commit, *parents = line.split()
        if len(parents) > 1:
            yield _finding("ledger-not-linear", f"commit {commit} has {len(parents)} parents")
    changes = git.must(
        "log", "--no-show-signature", "--format=", "--root", "--raw", "--no-renames", "--no-abbrev",
        "-z", "-m", tip,
    )  # fmt: skip
    fields = changes.out.decode("utf-8", "replace").split("\0")
    for status, path in zip(fields[0::2], fields[1::2], strict=False):
        if not status.endswith(" A") or status.split()[1] != "100644":
            what = status.split()[-1]
            yield _finding("ledger-not-add-only", f"`{path}` was changed or is no file ({what})")


def _contents(files: Iterable[tuple[str, bytes]]) -> Iterator[Diagnostic]:
    for path, content in files:
        named = path.rpartition("/")[2].partition(".")[0]
        if hashlib.sha256(content).hexdigest() != named:
            yield _finding("ledger-content", "this file is not what its name says", path)


@dataclass(slots=True)
class _Chain:
    """Remembers, from the entries so far, what the next one must say."""

    position: Position = field(default_factory=Position)
    intents: set[tuple[str | None, str | None]] = field(default_factory=set)

    def problems(self, entry: Entry, path: str, data: bytes) -> Iterator[tuple[str, str]]:
        before = self.position
        if entry_to_bytes(entry) != data:
            yield "ledger-not-canonical", "its bytes are not the canonical form of the entry"
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


def _finding(code: str, summary: str, path: str | None = None) -> Diagnostic:
    return Diagnostic(
        severity=Severity.CRITICAL,
        code=code,
        summary=summary,
        file=path,
        hint="the ledger was changed after it was written: compare it with another clone",
    )
