"""Where the ledger is kept, as the portfolio says: open it there, and never begin a second one."""

from __future__ import annotations

from pathlib import Path

from reconciler.diagnostics import Diagnostic, LedgerError, VerificationError
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.witness import push_witness, witness_findings, witness_tip
from reconciler.model.desired import LedgerHome
from reconciler.model.entries import Actor, ActorKind

_PORTFOLIO = "zones/portfolio.yaml"


def open_ledger(root: Path, home: LedgerHome, actor: Actor) -> GitLedger:
    """Open the ledger of the repository at `root`, where the portfolio says that it is."""
    return GitLedger(root, actor=actor, remote=home.remote, branch=home.branch)


def require_kept(ledger: GitLedger, home: LedgerHome, actor: Actor) -> None:
    """Refuse (LedgerError) to write where the record would die with the clone of a CI run."""
    if actor.kind is ActorKind.CI and home.remote is None and ledger.git.has_remote:
        raise LedgerError(
            Diagnostic(
                code="ledger-not-kept",
                summary="a run in CI would write its record into a clone that is thrown away",
                hint="say where the ledger is in zones/portfolio.yaml: `ledger: {remote: origin}`",
                file=_PORTFOLIO,
            )
        )


def require_whole(ledger: GitLedger, home: LedgerHome) -> None:
    """Refuse (VerificationError) a ledger that lacks what the witness has seen of it.

    A witness that is silent stops nothing but the beginning of a ledger (LedgerError): nobody can
    tell then whether there was one before. `tell_witness` complains of it in any case.
    """
    if home.witness is None:
        return
    try:
        seen = witness_tip(ledger.git, home.witness, home.branch)
    except LedgerError:
        if ledger.refresh() is None:
            raise
        return
    tip = ledger.refresh()
    if seen is None:
        return
    if tip is None:
        raise VerificationError(_lost(home, seen))
    found = tuple(witness_findings(ledger.git, tip, seen, home.witness))
    if found:
        raise VerificationError(*found)


def tell_witness(ledger: GitLedger, home: LedgerHome) -> None:
    """Give the ledger to the witness, if there is one.

    VerificationError: it has seen what this ledger does not hold. LedgerError: it cannot be asked.
    """
    if home.witness is not None:
        push_witness(ledger, home.witness)


def _lost(home: LedgerHome, seen: str) -> Diagnostic:
    return Diagnostic(
        code="ledger-lost",
        summary=f"there is no ledger here, but the witness {home.witness} has one",
        detail=f"its last commit there is {seen}",
        hint="somebody deleted the branch, or this is the wrong remote: restore it with "
        f"`git push {home.remote or '.'} {seen}:refs/heads/{home.branch}`",
        file=_PORTFOLIO,
    )
