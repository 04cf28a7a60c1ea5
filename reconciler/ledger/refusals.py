"""What the ledger says when it cannot go on, and what to do then."""

from __future__ import annotations

import re
from datetime import datetime

from reconciler.diagnostics import Diagnostic, LedgerError, LostRaceError, VerificationError

_CREDENTIALS = re.compile(r"(?<=://)[^/\s]*(?=@)|(?<=with user ')[^'\r\n]*")
"""User and password of an address (RFC 3986 §3.2.1), and how curl tells them in a trace."""


def without_credentials(words: str) -> str:
    """Return `words` without what may be a secret in them: git repeats the addresses it is given.

    A token is often the name of the user, so that goes too.
    """
    return _CREDENTIALS.sub("***", words)


def lost_race() -> LostRaceError:
    """Somebody appended between our reading and our writing."""
    return LostRaceError(
        Diagnostic(
            code="ledger-lost-race",
            summary="somebody else wrote to the ledger first; nothing of ours was written",
            hint="run the command again: it reads what happened and goes on from there",
        )
    )


def rewritten(branch: str, tip: str | None) -> VerificationError:
    """The branch no longer holds what was read before."""
    return VerificationError(
        Diagnostic(
            code="ledger-rewritten",
            summary=f"the branch {branch} no longer holds entries that were read before",
            detail=f"its tip is now {tip or 'gone'}",
            hint="somebody has rewritten or deleted the ledger: find out who, restore it from a "
            "clone that has it, and protect the branch against force pushes and deletion",
        )
    )


def diverged(branch: str, remote: str) -> VerificationError:
    """The local branch has entries that the remote lacks."""
    remote = without_credentials(remote)
    return VerificationError(
        Diagnostic(
            code="ledger-diverged",
            summary=f"the local branch {branch} has entries that {remote} does not have",
            detail="either they were written without the remote, or the remote was rewritten",
            hint=f"compare `git log {branch}` with `git ls-remote {remote} {branch}`; if the "
            f"remote is only behind, `git push {remote} {branch}`",
        )
    )


def no_identity(words: str) -> LedgerError:
    """Git does not know who writes."""
    return LedgerError(
        Diagnostic(
            code="git-identity-missing",
            summary="git does not know who you are, and every entry says who wrote it",
            detail=words,
            hint='run `git config user.name "Your Name"` and '
            "`git config user.email you@example.com`; nothing was written",
        )
    )


def checked_out(branch: str, where: str) -> LedgerError:
    """Some work tree has the ledger's branch checked out."""
    return LedgerError(
        Diagnostic(
            code="ledger-checked-out",
            summary=f"the branch {branch} is checked out in {where}",
            detail="writing to it would leave that work tree out of step with its branch",
            hint="switch that work tree to another branch, for example `git switch -`; nothing "
            "was written",
        )
    )


def no_remote(name: str) -> LedgerError:
    """A remote that git would take for one of its own options."""
    return LedgerError(
        Diagnostic(
            code="ledger-remote-name",
            summary=f"`{name}` is not the name or the address of a remote",
            hint="`git remote -v` lists the remotes of this repository",
        )
    )


def unreachable(remote: str, words: str) -> LedgerError:
    """The remote cannot be read."""
    remote = without_credentials(remote)
    return LedgerError(
        Diagnostic(
            code="ledger-remote-unreachable",
            summary=f"the remote {remote} cannot be read",
            detail=words,
            hint=f"see whether `git ls-remote {remote}` works: network, address, credentials",
        )
    )


def refused(remote: str, words: str) -> LedgerError:
    """The remote can be read, and does not hold what was pushed."""
    remote = without_credentials(remote)
    return LedgerError(
        Diagnostic(
            code="ledger-not-writable",
            summary=f"the remote {remote} does not hold the new entries: the push was refused, or "
            "it was cut off",
            detail=words,
            hint="see whether you may push to the ledger's branch: access rights, branch rules, "
            "hooks; should a push that was cut off land later after all, the next run reads it "
            "first",
        )
    )


def unsettled(remote: str, words: str) -> LedgerError:
    """A push failed and the remote cannot say whether it landed."""
    remote = without_credentials(remote)
    return LedgerError(
        Diagnostic(
            code="ledger-push-unsettled",
            summary=f"it is not known whether {remote} took the new entries",
            detail=words,
            hint="run the command again when the remote answers: it reads first what landed",
        )
    )


def locked(words: str) -> LedgerError:
    """The local reference could not be moved although nobody else moved it."""
    return LedgerError(
        Diagnostic(
            code="ledger-not-writable",
            summary="the ledger's branch could not be moved; nothing was written",
            detail=words,
            hint="see whether you may write to the repository; if git names a `.lock` file and "
            "no git command runs any more, delete that file",
        )
    )


def clock_behind(now: datetime, last: datetime) -> LedgerError:
    """The clock is behind the last entry."""
    return LedgerError(
        Diagnostic(
            code="ledger-clock-behind",
            summary=f"it is {now:%FT%TZ} by this clock, but the last entry is of {last:%FT%TZ}",
            hint="set this machine's clock (NTP); entries never go back in time",
        )
    )


def not_started() -> LedgerError:
    """The first entry has to be genesis."""
    return LedgerError(
        Diagnostic(
            code="ledger-not-started",
            summary="this repository has no ledger yet",
            hint="`reconcile apply` and `reconcile approve` start it",
        )
    )


def bad_blob(path: str) -> LedgerError:
    """A content-addressed file must be named by its content."""
    return LedgerError(
        Diagnostic(
            code="ledger-blob-name",
            summary=f"`{path}` is not the name of a content-addressed file",
            hint="use `<folder>/<SHA-256 of the content, 64 hexadecimal digits>.<extension>`",
        )
    )


def missing_blob(path: str) -> LedgerError:
    """A content-addressed file is not in the ledger."""
    return LedgerError(
        Diagnostic(
            code="ledger-blob-missing",
            summary=f"the ledger does not hold `{path}`",
            hint="`git fetch` the ledger's branch; `git fsck` tells whether it is whole",
        )
    )


def overwrite(path: str) -> Diagnostic:
    """A new file would take the place of one that is there."""
    return Diagnostic(
        code="ledger-add-only",
        summary=f"the ledger already holds `{path}` with another content",
        hint="the ledger only ever adds: run `reconcile audit verify` to see what is wrong with it",
    )
