"""A witness: another remote that is given the ledger, and so can tell if it is rewritten."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diagnostics import Diagnostic, Severity, VerificationError
from reconciler.ledger import refusals
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.plumbing import NETWORK_TIMEOUT, Plumbing
from reconciler.ledger.tip import BRANCH, REF, Tip


def push_witness(ledger: GitLedger, remote: str) -> str | None:
    """Give the ledger as last read to the witness `remote`; return its tip, None for no ledger.

    A witness never forgets: if it knows entries that this ledger does not hold, VerificationError.
    """
    head = ledger.head()
    if head is None:
        return None
    ran = ledger.git.run(
        "push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed",
        "--recurse-submodules=no", remote, f"{head.commit}:{REF}", timeout=NETWORK_TIMEOUT,
    )  # fmt: skip
    if not ran.ok:
        found = tuple(witness_findings(ledger.git, head.commit, remote))
        if found:
            raise VerificationError(*found)
        raise refusals.refused(remote, ran.err)
    return head.commit


def witness_findings(git: Plumbing, tip: str, remote: str) -> Iterator[Diagnostic]:
    """Yield why the ledger at `tip` is not what the witness saw, with or without more after it."""
    there = Tip(git, remote).at_remote()
    if there is None:
        yield _finding(f"the witness {remote} holds no ledger, so it can prove nothing", remote)
        return
    if git.run("merge-base", "--is-ancestor", there, tip).ok:
        return
    lost = _first_lost(git, tip, there)
    yield _finding(f"the witness {remote} has seen {lost}, which this ledger does not hold", remote)


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


def _finding(summary: str, remote: str) -> Diagnostic:
    return Diagnostic(
        severity=Severity.CRITICAL,
        code="ledger-witness",
        summary=summary,
        where=f"{remote} {BRANCH}",
        hint="the branch was cut short or rewritten: fetch it from the witness and compare",
    )
