"""Entries of the ledger: what happened, in order, for ever (design/change-control.md §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""A value that JSON can hold."""


class Event(StrEnum):
    """What an entry records."""

    GENESIS = "genesis"
    POLICY = "policy"
    ADOPT = "adopt"
    PLAN = "plan"
    REFINE = "refine"
    APPROVAL = "approval"
    REVOKE = "revoke"
    INTENT = "intent"
    ACCEPTED = "accepted"
    OUTCOME = "outcome"
    EVIDENCE = "evidence"
    BLOCKED = "blocked"
    RESOLVE = "resolve"
    SUSPEND = "suspend"
    RESUME = "resume"
    BREAK_GLASS_OPEN = "break-glass-open"
    BREAK_GLASS_CLOSE = "break-glass-close"
    ABANDON = "abandon"
    HEARTBEAT = "heartbeat"
    CHECKPOINT = "checkpoint"
    ANNOTATE = "annotate"


class ActorKind(StrEnum):
    """Who acted."""

    CI = "ci"
    PERSON = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acted: a person (`id` is the name in the portfolio or an e-mail) or a CI run."""

    kind: ActorKind
    id: str
    run: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry before it is appended: what its writer says. `data` is JSON, by event."""

    event: Event
    zone: str | None = None
    plan: str | None = None
    change: str | None = None
    step: str | None = None
    idem: str | None = None
    deadline: datetime | None = None
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as it stands in the ledger. `prev` is the digest of the entry before."""

    seq: int
    prev: str
    at: datetime
    policy_seq: int
    policy_digest: str
    actor: Actor
    tool: str
    draft: Draft

    @property
    def event(self) -> Event:
        """What this entry records."""
        return self.draft.event
