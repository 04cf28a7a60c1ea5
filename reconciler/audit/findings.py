"""What an auditor is told: each finding names the entry."""

from __future__ import annotations

from reconciler.audit.scene import Problem
from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.entries import Entry

_HINT = "the ledger was changed after it was written, or written by something that broke the rules"


def finding(problem: Problem, entry: Entry, path: str) -> Diagnostic:
    """Return a finding about an entry, whose file in the ledger is `path`."""
    zone = f" of {entry.draft.zone}" if entry.draft.zone else ""
    return Diagnostic(
        severity=Severity.CRITICAL,
        code=problem.code,
        summary=f"entry {entry.seq} ({entry.event}{zone}): {problem.summary}",
        file=path,
        hint=_HINT,
    )
