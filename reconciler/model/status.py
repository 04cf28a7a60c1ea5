"""Where a zone stands: the ledger folded over a fresh observation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.diagnostics import Diagnostic


class Stand(StrEnum):
    """What a zone is doing."""

    CONVERGED = "converged"
    PENDING = "pending"
    WAITING_TIME = "waiting-for-time"
    WAITING_EVIDENCE = "waiting-for-evidence"
    WAITING_APPROVAL = "waiting-for-approval"
    DUE = "due"
    OPEN_INTENT = "open-intent"
    SUSPENDED = "suspended"
    BLOCKED = "blocked"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStatus:
    """One step of the running plan: `seen_at` is the instant of its evidence, `due` the earliest
    instant at which it may be made, both None where not known yet.
    """

    id: str
    what: str
    seen_at: datetime | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneStatus:
    """Where one zone stands. `waits_for` is a sentence, `until` the instant to come back at."""

    zone: str
    stand: Stand
    waits_for: str = ""
    until: datetime | None = None
    change: str = ""
    steps: tuple[StepStatus, ...] = ()
    published: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
