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
    FROZEN = "frozen"
    BLOCKED = "blocked"
    UNSEEN = "unseen"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStatus:
    """One step of the running plan: `seen_at` is the instant of its evidence, `due` the earliest
    instant at which it may be made, both None where not known yet. `made`: called, and accepted.
    """

    id: str
    what: str
    seen_at: datetime | None = None
    due: datetime | None = None
    made: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LastSeen:
    """The last evidence on record: at `at` every server was seen to serve `what`, in words."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """A suspension in force, asked for by `person` (None: the record does not say) at `since`."""

    since: datetime
    until: datetime
    reason: str
    person: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RolledBack:
    """The plan was turned back at `since`, after its step `after`; `why` is a clause."""

    since: datetime
    after: str
    cause: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneStatus:
    """Where one zone stands. `waits_for` is a sentence, `until` the instant to come back at.

    `who` names whom it waits for: people, systems or runs. `due_since` is since when that could
    have happened: the zone is late by the time since then; None where it is not late.
    """

    zone: str
    stand: Stand
    waits_for: str = ""
    until: datetime | None = None
    change: str = ""
    steps: tuple[StepStatus, ...] = ()
    published: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    who: tuple[str, ...] = ()
    due_since: datetime | None = None
    last_seen: LastSeen | None = None
    suspended: Suspended | None = None
    rolled_back: RolledBack | None = None
