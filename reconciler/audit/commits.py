"""Commits of the ledger: from the pinned root on, signed as policy asks, as checkpoints say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.diagnostics import Diagnostic
from reconciler.ledger.commits import Commit, commit_problem
from reconciler.ledger.signing import asks_for_signatures, rules_in, signers
from reconciler.ledger.verify import chain_finding, entry_paths
from reconciler.model.entries import Entry, Event, Json

Rules = Mapping[str, Json]


@dataclass(slots=True)
class Claims:
    """What entries say that only their commits can show: policies, and where checkpoints stand."""

    policies: dict[str, Rules] = field(default_factory=dict)
    """Rules by the path of the entry that records them."""
    checkpoints: dict[str, Json] = field(default_factory=dict)
    """The commit that a checkpoint names, by the checkpoint's path."""

    def take_in(self, entry: Entry, path: str) -> None:
        """Remember what this entry claims."""
        if entry.event is Event.POLICY:
            self.policies[path] = rules_in(entry)
        elif entry.event is Event.CHECKPOINT:
            self.checkpoints[path] = entry.draft.data.get("commit")


def commit_findings(
    commits: Iterable[Commit], claims: Claims, root: str | None
) -> Iterator[Diagnostic]:
    """Yield what is wrong with commits, oldest first, given what all entries claim.

    `root` is the id of the first commit, if the auditor knows it. A commit is signed as the policy
    before it asks, so that a new policy is signed under the old one; the first counts from the
    start.
    """
    rules = claims.policies[min(claims.policies)] if claims.policies else {}
    before: Commit | None = None
    for commit in commits:
        named = entry_paths(commit)
        changed = [claims.policies[path] for path in named if path in claims.policies]
        if before is None:
            yield from _root(commit, root, named)
        yield from _unsigned(commit, rules, named)
        for path in named:
            if path in claims.checkpoints:
                yield from _misplaced(path, claims.checkpoints[path], before, named)
        rules = changed[-1] if changed else rules
        before = commit


def _root(commit: Commit, root: str | None, named: Sequence[str]) -> Iterator[Diagnostic]:
    if root is not None and commit.oid != root.lower():
        summary = f"the ledger begins with commit {commit.oid}, not with {root}"
        yield chain_finding("audit-root", summary, next(iter(named), None))


def _unsigned(commit: Commit, rules: Rules, named: Sequence[str]) -> Iterator[Diagnostic]:
    if not asks_for_signatures(rules):
        return
    problem = commit_problem(commit.raw, signers(rules))
    if problem is not None:
        summary = f"the policy asks for a signature of its commit {commit.oid}: {problem}"
        yield chain_finding("audit-signature", summary, next(iter(named), None))


def _misplaced(
    path: str, claim: Json, before: Commit | None, named: Sequence[str]
) -> Iterator[Diagnostic]:
    if before is None or claim != before.oid or path != named[0]:
        found = before.oid if before else "none"
        summary = f"this checkpoint names commit {claim}, and the one before it is {found}"
        yield chain_finding("audit-checkpoint", summary, path)
