"""What a person is told: findings as values, and the small tree of errors that carry them.

Every error that a user can cause says what happened, where, and what to do next. Expected refusals
(no safe path, not yet due, not approved) are values of the model, not exceptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import ClassVar


class Severity(StrEnum):
    """How bad a finding is."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


class ExitCode(IntEnum):
    """Exit codes of every command; `docs/cli.md` lists them for users."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    WAITING_TIME = 3
    WAITING_APPROVAL = 4
    BLOCKED = 5
    LOST_RACE = 6
    STALE = 7
    VERIFICATION_FAILED = 8
    FROZEN = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding for a person.

    `code` is stable and kebab-case. `file`, `line` and `column` (both from 1) point into a file;
    `where` names anything else (server, RRset, zone). `hint` says what to do next.
    """

    severity: Severity = Severity.ERROR
    code: str
    summary: str
    detail: str = ""
    hint: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    where: str | None = None

    def location(self) -> str:
        """Return `file:line:column`, or `where`, or an empty string."""
        if self.file is None:
            return self.where or ""
        parts = [self.file, *(str(n) for n in (self.line, self.column) if n is not None)]
        return ":".join(parts)


class ReconcileError(Exception):
    """An error that a user or the outside world caused; carries its diagnostics."""

    exit_code: ClassVar[ExitCode] = ExitCode.ERROR

    def __init__(self, *diagnostics: Diagnostic) -> None:
        """Carry one or more diagnostics, the most important first."""
        super().__init__("; ".join(d.summary for d in diagnostics))
        self.diagnostics = diagnostics


class SpecError(ReconcileError):
    """A file (desired state, plan, observation) that cannot be understood."""


class ObservationError(ReconcileError):
    """The world could not be observed well enough to decide anything."""


class AdapterError(ReconcileError):
    """A signer or a parent refused, failed, or could not be reached.

    `unsettled` is true where the call may have taken effect (a time-out after sending).
    """

    def __init__(self, *diagnostics: Diagnostic, unsettled: bool = False) -> None:
        """Carry the adapter's own words in the diagnostics."""
        super().__init__(*diagnostics)
        self.unsettled = unsettled


class LedgerError(ReconcileError):
    """The ledger cannot be read or written."""


class LostRaceError(LedgerError):
    """Somebody else appended first; nothing was done, run again."""

    exit_code = ExitCode.LOST_RACE


class ApprovalError(ReconcileError):
    """An approval cannot be recorded or does not count."""

    exit_code = ExitCode.WAITING_APPROVAL


class VerificationError(ReconcileError):
    """A proof, a digest or a chain of records does not hold."""

    exit_code = ExitCode.VERIFICATION_FAILED


class BlockedError(ReconcileError):
    """A person has to decide."""

    exit_code = ExitCode.BLOCKED
