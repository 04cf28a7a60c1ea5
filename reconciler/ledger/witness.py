"""A witness: another remote that is given the ledger, and so can tell if it is rewritten."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Diagnostic, Severity, VerificationError
from reconciler.ledger import refusals
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.plumbing import Plumbing
from reconciler.ledger.refusals import without_credentials
from reconciler.ledger.tip import BRANCH, Tip


def push_witness(ledger: GitLedger, remote: str) -> str | None:
    """Give the ledger as last read to the witness `remote`; return its tip, None for no ledger.

    A witness never forgets: if it knows entries that this ledger does not hold, VerificationError.
    """
    head = ledger.head()
    if head is None:
        return None
    tip = Tip(ledger.git, remote, ledger.branch)
    ran = tip.push(remote, head.commit)
    there = tip.at_remote()
    if tip.contains(there, head.commit):
        return there
    found = tuple(witness_findings(ledger.git, head.commit, there, remote)) if there else ()
    raise VerificationError(*found) if found else refusals.refused(remote, ran.err)


def witness_tip(git: Plumbing, remote: str, branch: str = BRANCH) -> str | None:
    """Return the last commit that the witness was given, brought here; None for none yet.

    Ask before the ledger is read: what others append meanwhile is then no loss.
    """
    return Tip(git, remote, branch).at_remote()


def witness_findings(
    git: Plumbing, tip: str, there: str | None, remote: str
) -> Iterator[Diagnostic]:
    """Yield why the ledger at `tip` is not what the witness saw, with or without more after it.

    `there` is the witness's own tip.
    """
    name = without_credentials(remote)
    if there is None:
        yield _finding(f"the witness {name} holds no ledger, so it can prove nothing", name)
    elif not git.run("merge-base", "--is-ancestor", there, tip).ok:
        lost = _first_lost(git, tip, there)
        summary = f"the witness {name} has seen {lost}, which this ledger does not hold"
        yield _finding(summary, name)


def _first_lost(git: Plumbing, tip: str, there: str) -> str:
    """Return the first entry that the witness has and the ledger lacks."""
    unknown = git.must("rev-list", "--reverse", f"{tip}..{there}").out.decode().split()
    for commit in unknown:
        listing = git.must(
            "diff-tree", "--root", "-r", "-z", "--name-only", "--no-commit-id", commit
        )
        paths = listing.out.decode("utf-8", "replace").split("\0")
        entries = sorted(path for path in paths if path.startswith("entries/"))
        if entries:
            return f"`{entries[0]}` in its commit {commit}"
    return f"the commit {there}"


def _finding(summary: str, where: str) -> Diagnostic:
    return Diagnostic(
        severity=Severity.CRITICAL,
        code="ledger-witness",
        summary=summary,
        where=where,
        hint="the branch was cut short or rewritten: fetch it from the witness and compare",
    )
