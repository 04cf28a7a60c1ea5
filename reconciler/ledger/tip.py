"""The tip of the ledger's branch: read it, and move it by compare-and-swap.

What git says when it refuses differs by version, transport and server, and what it says when it
succeeds may be untrue, so neither is ever relied on: after a push the tip is read again, and the
tip tells what happened.
"""

from __future__ import annotations

from reconciler.diagnostics import LedgerError
from reconciler.ledger import refusals
from reconciler.ledger.plumbing import FETCH_TIMEOUT, NETWORK_TIMEOUT, Plumbing, Ran
from reconciler.ledger.remote_objects import bring_objects
from reconciler.model.desired import LedgerHome

BRANCH = LedgerHome().branch
_PUSHES = 2
"""How often one commit is offered: once more after a fault on the way. It is the same commit, so it
cannot land twice; two pushes end well within the life of an intent."""


class Tip:
    """The branch's tip, at the remote where there is one; the local branch follows it."""

    def __init__(self, plumbing: Plumbing, remote: str | None, branch: str = BRANCH) -> None:
        """Use `branch` of this repository, or of its `remote` (a name or an address)."""
        if remote is not None and remote.startswith("-"):
            raise refusals.no_remote(remote)
        self.branch = branch
        self.ref = f"refs/heads/{branch}"
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
            raise refusals.diverged(self.branch, self._remote)
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

        LostRaceError: somebody else moved it, and `new` can never land any more. LedgerError: it
        cannot be written, or it is not known whether it was; reading tells later.
        """
        if self._remote is None:
            self._swap_here(old, new)
        else:
            self._swap_there(self._remote, new)

    def _swap_here(self, old: str | None, new: str) -> None:
        ran = self._git.run("update-ref", "--no-deref", self.ref, new, old or "")
        if ran.ok:
            return
        tip = self._local()
        if self.contains(tip, new):
            return
        raise refusals.locked(ran.err) if tip == old else refusals.lost_race()

    def _swap_there(self, remote: str, new: str) -> None:
        for _ in range(_PUSHES):
            ran = self.push(remote, new, f"--force-with-lease={self.ref}:{self._there or ''}")
            if self._has_landed(remote, new, ran):
                break
        else:
            raise refusals.refused(remote, ran.err)
        self._there = new
        self._follow(new, self._local())

    def push(self, remote: str, commit: str, *options: str) -> Ran:
        """Offer `commit` as the tip of the branch at `remote`; nothing that git says is proof."""
        return self._git.run(
            "push",
            "--porcelain",
            "--no-verify",
            "--no-follow-tags",
            "--no-signed",
            "--recurse-submodules=no",
            *options,
            remote,
            f"{commit}:{self.ref}",
            timeout=NETWORK_TIMEOUT,
        )

    def _has_landed(self, remote: str, new: str, ran: Ran) -> bool:
        """True if the remote holds `new`; False if all is there as before; else raise why."""
        try:
            tip = self._at_remote(remote)
            if tip is not None:
                self._fetch(remote, tip)
        except LedgerError as error:
            raise refusals.unsettled(remote, ran.err) from error
        if tip == self._there:
            return False
        if not self.contains(tip, new):
            raise refusals.lost_race()
        return True

    def _local(self) -> str | None:
        ran = self._git.run("rev-parse", "--verify", "--quiet", f"{self.ref}^{{commit}}")
        return ran.line if ran.ok else None

    def _at_remote(self, remote: str) -> str | None:
        ran = self._git.run("ls-remote", "--quiet", remote, self.ref, timeout=NETWORK_TIMEOUT)
        if not ran.ok:
            raise refusals.unreachable(remote, ran.err)
        lines = (line.split("\t") for line in ran.out.decode("utf-8", "replace").splitlines())
        return next((oid for oid, *name in lines if name == [self.ref]), None)

    def _fetch(self, remote: str, tip: str) -> None:
        if not self._git.run("cat-file", "-e", f"{tip}^{{commit}}").ok:
            ran = self._git.run(
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-filter",
                "--no-write-fetch-head",
                "--recurse-submodules=no",
                remote,
                self.ref,
                timeout=FETCH_TIMEOUT,
            )
            if not ran.ok:
                raise refusals.unreachable(remote, ran.err)
        bring_objects(self._git, remote, tip, self._local())

    def _follow(self, tip: str, local: str | None) -> None:
        """Let the local branch stand at least at `tip`; another process may have moved it on."""
        if local == tip:
            return
        ran = self._git.run("update-ref", "--no-deref", self.ref, tip, local or "")
        if not ran.ok and not self.contains(self._local(), tip):
            raise refusals.locked(ran.err)
