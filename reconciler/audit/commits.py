"""Commits of the ledger: from the pinned root on, signed as policy asks, as checkpoints say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.diagnostics import Diagnostic
from reconciler.ledger.commits import Commit, commit_problem
from reconciler.ledger.signing import asks_for_signatures, rules_in, signers
from reconciler.ledger.verify import Line, chain_finding, entry_paths
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


class CommitJudge:
    """Judges commits, oldest first, by what all entries claim: roots, signatures, checkpoints.

    A commit is signed as the policy before it asks, so that a new policy is signed under the old
    one; the first counts from the start.
    """

    def __init__(self, claims: Claims, root: str | None) -> None:
        """Judge by `claims`; `root` is the id of the first commit, if the auditor knows it."""
        self.first: str | None = None
        self._claims = claims
        self._root = root
        self._rules = claims.policies[min(claims.policies)] if claims.policies else {}
        self._before: Commit | None = None
        self._line = Line()

    def findings(self, commit: Commit) -> Iterator[Diagnostic]:
        """Yield what is wrong with the next commit, and take it in."""
        named, claims = entry_paths(commit), self._claims
        yield from self._line.findings(commit)
        if self.first is None:
            self.first = commit.oid
            yield from _root(commit, self._root, named)
        yield from _unsigned(commit, self._rules, named)
        for path in named:
            if path in claims.checkpoints:
                yield from _misplaced(path, claims.checkpoints[path], self._before, named)
        changed = [claims.policies[path] for path in named if path in claims.policies]
        self._rules = changed[-1] if changed else self._rules
        self._before = commit


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
