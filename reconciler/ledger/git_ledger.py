"""The append-only record on a branch, `reconcile/log` by default (design/change-control.md §3).

The tip is the lock. A ledger remembers the tip that its caller last read; `append` succeeds only if
that is still the tip, by compare-and-swap on the full id. With a remote, the remote's branch is the
ledger and the local one follows it; without, the local branch is. Nothing is ever checked out.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from reconciler import __version__
from reconciler.diagnostics import LedgerError
from reconciler.ledger import refusals
from reconciler.ledger.commit_message import commit_message
from reconciler.ledger.plumbing import open_plumbing
from reconciler.ledger.reading import Position, last_position, position_after, read_entries
from reconciler.ledger.signing import Signing
from reconciler.ledger.tip import BRANCH, Tip
from reconciler.ledger.trees import Graft, OverwriteError
from reconciler.model.entries import Actor, Draft, Entry, Event
from reconciler.spec.entry_file import entry_path, entry_to_bytes

_BLOB = re.compile(r"(?P<folder>[a-z][a-z-]*)/(?P<digest>[0-9a-f]{64})\.(?P<kind>[a-z0-9]+)")
_TIDY_EVERY = 100
"""Entries between two offers to git to pack loose objects; git itself decides by its own limits."""


class Head(NamedTuple):
    """Where a ledger ends: its last commit, and number and digest of its last entry."""

    commit: str
    seq: int
    digest: str


class GitLedger:
    """A `Ledger` on a branch of the repository that holds the desired state."""

    def __init__(
        self,
        repository: Path,
        *,
        actor: Actor,
        remote: str | None = None,
        branch: str = BRANCH,
        tool: str = __version__,
    ) -> None:
        """Open the ledger of the repository that `repository` is in.

        `remote` is the name or address of the remote that holds the ledger, None where the local
        branch is the ledger. No repository, or no usable git, raises LedgerError.
        """
        self.git = open_plumbing(repository)
        self.branch = branch
        self._tip = Tip(self.git, remote, branch)
        self._actor = actor
        self._tool = tool
        self._seen: str | None = None
        self._position: Position | None = None
        self._has_read = False
        self._has_identity = False
        self._signing = Signing(self.git)

    def refresh(self) -> str | None:
        """Read the tip and return it; None: no ledger yet. What was read before must be in it."""
        tip = self._tip.read()
        if self._seen is not None and not self._tip.contains(tip, self._seen):
            raise refusals.rewritten(self.branch, tip)
        if tip != self._seen:
            self._position = None
        self._seen, self._has_read = tip, True
        return tip

    def head(self) -> Head | None:
        """Return the last entry as of the tip last read, with its commit; None: no ledger yet."""
        tip = self._seen if self._has_read else self.refresh()
        if tip is None:
            return None
        self._position = self._position_now()
        return Head(commit=tip, seq=self._position.seq, digest=self._position.digest)

    def entries(self, since: int = 0) -> Iterator[Entry]:
        """Return the entries with `seq` >= `since`, in order, as of the tip at this call.

        A broken chain raises VerificationError while iterating.
        """
        tip = self.refresh()
        return iter(()) if tip is None else read_entries(self.git, tip, since)

    def append(
        self, drafts: Sequence[Draft], now: datetime, blobs: Mapping[str, bytes] | None = None
    ) -> tuple[Entry, ...]:
        """Append all drafts as one commit on the tip last read, or raise and append none.

        Somebody else's append since then raises LostRaceError: read again, decide again. `blobs`
        are named `<folder>/<sha256>.<kind>`. Cost does not depend on how much is recorded.
        """
        if not drafts:
            return ()
        self._may_write()
        if not self._has_read:
            self.refresh()
        old = self._seen
        position = self._position_now()
        entries, files, position = self._chain(drafts, now.astimezone(UTC), position)
        for path, content in (blobs or {}).items():
            files[_blob_path(path, content)] = content
        new = self._commit(old, files, entries)
        self._signing.require(new, old, entries)
        self._tip.swap(old, new)
        self._seen, self._position = new, position
        self._tidy(entries)
        return entries

    def blob(self, path: str) -> bytes:
        """Return a content-addressed file; LedgerError where it is missing or not its name's."""
        tip = self._seen if self._has_read else self.refresh()
        if tip is None:
            raise refusals.missing_blob(path)
        with self.git.objects() as objects:
            content = next(objects.read_all([f"{tip}:{place_of(path)}"]))
        if content is None:
            raise refusals.missing_blob(path)
        _blob_path(path, content)
        return content

    def _may_write(self) -> None:
        if not self._has_identity:
            self._require_identity()
        listing = self.git.must("worktree", "list", "--porcelain").out.decode("utf-8", "replace")
        for worktree in listing.split("\n\n"):
            lines = worktree.splitlines()
            if f"branch {self._tip.ref}" in lines:
                raise refusals.checked_out(self.branch, lines[0].removeprefix("worktree "))

    def _require_identity(self) -> None:
        for which in ("GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"):
            ran = self.git.run("-c", "user.useConfigOnly=true", "var", which)
            if not ran.ok:
                raise refusals.no_identity(ran.err)
        self._has_identity = True

    def _position_now(self) -> Position:
        if self._seen is None:
            return Position()
        return self._position or last_position(self.git, self._seen)

    def _chain(
        self, drafts: Sequence[Draft], now: datetime, position: Position
    ) -> tuple[tuple[Entry, ...], dict[str, bytes], Position]:
        now = now.replace(microsecond=0)
        if position.seq == 0 and drafts[0].event is not Event.GENESIS:
            raise refusals.not_started()
        if position.at is not None and now < position.at:
            raise refusals.clock_behind(now, position.at)
        entries, files = [], {}
        for draft in drafts:
            entry = self._entry(draft, now, position)
            data = entry_to_bytes(entry)
            entries.append(entry)
            files[entry_path(entry)] = data
            position = position_after(entry, data)
        return tuple(entries), files, position

    def _entry(self, draft: Draft, now: datetime, position: Position) -> Entry:
        return Entry(
            seq=position.seq + 1,
            prev=position.digest,
            at=now,
            policy_seq=position.policy_seq,
            policy_digest=position.policy_digest,
            actor=self._actor,
            tool=self._tool,
            draft=draft,
        )

    def _commit(self, old: str | None, files: Mapping[str, bytes], entries: Sequence[Entry]) -> str:
        """Write a commit that adds `files` to `old`, and return its id; nobody sees it yet."""
        blobs = dict(zip(files, self.git.store("blob", list(files.values())), strict=True))
        try:
            with self.git.objects() as objects:
                graft = Graft(objects.read, self.git.algorithm)
                base = None if old is None else self.git.must("rev-parse", f"{old}^{{tree}}").line
                tree = graft.onto(base, blobs)
        except OverwriteError as error:
            raise LedgerError(refusals.overwrite(str(error))) from error
        self.git.store("tree", graft.written)
        date = f"@{int(entries[0].at.timestamp())} +0000"
        # Without the nonce two writers of the same words would make the same commit, and both win.
        message = f"{commit_message(entries)}Reconcile-Nonce: {secrets.token_hex(8)}\n"
        return self._signing.commit(
            tree,
            *(() if old is None else ("-p", old)),
            message=message.encode(),
            env={"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date},
        )

    def _tidy(self, entries: Sequence[Entry]) -> None:
        if entries[0].seq // _TIDY_EVERY != (entries[-1].seq + 1) // _TIDY_EVERY:
            self.git.run("maintenance", "run", "--auto", "--quiet")


def blob_name(folder: str, content: bytes, kind: str = "json") -> str:
    """Return the name of a content-addressed file, such as `plans/<sha256>.json`."""
    return f"{folder}/{hashlib.sha256(content).hexdigest()}.{kind}"


def place_of(path: str) -> str:
    """Return where a content-addressed file of this name stands; LedgerError where it is no name.

    Folders stay small however many there are.
    """
    match = _BLOB.fullmatch(path)
    if match is None or match["folder"] == "entries":
        raise refusals.bad_blob(path)
    digest = match["digest"]
    return f"{match['folder']}/{digest[:2]}/{digest[2:4]}/{digest}.{match['kind']}"


def _blob_path(path: str, content: bytes) -> str:
    where = place_of(path)
    if f"/{hashlib.sha256(content).hexdigest()}." not in path:
        raise refusals.bad_blob(path)
    return where
