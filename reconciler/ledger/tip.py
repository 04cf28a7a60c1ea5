"""The tip of the ledger's branch: read it, and move it by compare-and-swap.

What git says when it refuses differs by version, transport and server, so it is never matched on:
after a failure the tip is read again, and the tip tells what happened.
"""

from __future__ import annotations

from reconciler.diagnostics import LedgerError
from reconciler.ledger import refusals
from reconciler.ledger.plumbing import NETWORK_TIMEOUT, Plumbing

BRANCH = "reconcile/log"
REF = f"refs/heads/{BRANCH}"


class Tip:
    """The branch's tip, at the remote where there is one; the local branch follows it."""

    def __init__(self, plumbing: Plumbing, remote: str | None) -> None:
        """Use the branch of this repository, or of its `remote` (a name or an address)."""
        self._git = plumbing
        self._remote = remote
        self._there: str | None = None
        """The remote's tip as last read; None where it has no such branch (yet)."""

    def read(self) -> str | None:
        """Return the tip as of now, with its objects here; None where there is no ledger yet.

        The local branch is read before the remote one: the remote only grows, so a local tip that
        it lacks was rewritten there or written here alone.
        """
        local = self._local()
        if self._remote is None:
            return local
        tip = self._there = self._at_remote(self._remote)
        if tip is None or tip == local:
            return local
        self._fetch(self._remote, tip)
        if local is not None and not self.contains(tip, local):
            raise refusals.diverged(BRANCH, self._remote)
        self._follow(tip, local)
        return tip

    def at_remote(self) -> str | None:
        """Return the remote's tip, with its objects here and no branch moved; None: it has none."""
        tip = None if self._remote is None else self._at_remote(self._remote)
        if self._remote is not None and tip is not None:
            self._fetch(self._remote, tip)
        return tip

    def contains(self, tip: str | None, commit: str) -> bool:
        """True if `commit` is `tip` or an ancestor of it."""
        if tip is None or tip == commit:
            return tip == commit
        return self._git.run("merge-base", "--is-ancestor", commit, tip).ok

    def swap(self, old: str | None, new: str) -> None:
        """Move the tip from `old` (None: no branch) to `new`, its child, or raise.

        LostRaceError: somebody else moved it. LedgerError: it cannot be written, or, where the
        remote fell silent, it is not known; reading tells later.
        """
        if self._remote is None:
            self._swap_here(old, new)
        else:
            self._swap_there(self._remote, new)

    def _swap_here(self, old: str | None, new: str) -> None:
        ran = self._git.run("update-ref", "--no-deref", REF, new, old or "")
        if ran.ok:
            return
        tip = self._local()
        if self.contains(tip, new):
            return
        raise refusals.locked(ran.err) if tip == old else refusals.lost_race()

    def _swap_there(self, remote: str, new: str) -> None:
        ran = self._git.run(
            "push",
            "--porcelain",
            "--no-verify",
            "--no-follow-tags",
            "--no-signed",
            "--recurse-submodules=no",
            f"--force-with-lease={REF}:{self._there or ''}",
            remote,
            f"{new}:{REF}",
            timeout=NETWORK_TIMEOUT,
        )
        if not ran.ok:
            self._explain(remote, new, ran.err)
        self._there = new
        self._follow(new, self._local())

    def _explain(self, remote: str, new: str, words: str) -> None:
        """Return if the push landed all the same; raise what happened otherwise."""
        try:
            tip = self._at_remote(remote)
        except LedgerError as error:
            raise refusals.unsettled(remote, words) from error
        if tip == self._there:
            raise refusals.refused(remote, words)
        if tip is not None:
            self._fetch(remote, tip)
        if not self.contains(tip, new):
            raise refusals.lost_race()

    def _local(self) -> str | None:
        ran = self._git.run("rev-parse", "--verify", "--quiet", f"{REF}^{{commit}}")
        return ran.line if ran.ok else None

    def _at_remote(self, remote: str) -> str | None:
        ran = self._git.run("ls-remote", "--quiet", remote, REF, timeout=NETWORK_TIMEOUT)
        if not ran.ok:
            raise refusals.unreachable(remote, ran.err)
        lines = (line.split("\t") for line in ran.out.decode().splitlines())
        return next((oid for oid, name in lines if name == REF), None)

    def _fetch(self, remote: str, tip: str) -> None:
        if self._git.run("cat-file", "-e", f"{tip}^{{commit}}").ok:
            return
        ran = self._git.run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--recurse-submodules=no",
            remote,
            REF,
            timeout=NETWORK_TIMEOUT,
        )
        if not ran.ok:
            raise refusals.unreachable(remote, ran.err)

    def _follow(self, tip: str, local: str | None) -> None:
        """Let the local branch stand at least at `tip`; another process may have moved it on."""
        if local == tip:
            return
        ran = self._git.run("update-ref", "--no-deref", REF, tip, local or "")
        if not ran.ok and not self.contains(self._local(), tip):
            raise refusals.locked(ran.err)
