"""The text that an approver signs: it names one digest in one ledger, so that it fits no other."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

FORMAT = "reconcile-approval/1"
NAMESPACE = "reconcile-approval@v1"
"""Namespace of the SSH signature: a signature made for anything else does not count."""

_CANONICAL = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
"""Gives RFC 8785's form of objects whose names are ASCII and whose values are all texts."""
_MEMBERS = frozenset({"format", "ledger", "zone", "digest", "person", "at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`person` approves `digest` for `zone`, in the ledger whose genesis holds `ledger`."""

    ledger: str
    zone: str
    digest: str
    person: str
    at: datetime


def statement_text(statement: Statement) -> str:
    """Return the canonical text (RFC 8785) of a statement; instants in whole seconds of UTC."""
    at = statement.at.astimezone(UTC)
    return _CANONICAL.encode(
        {
            "format": FORMAT,
            "ledger": statement.ledger,
            "zone": statement.zone,
            "digest": statement.digest,
            "person": statement.person,
            "at": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        }
    )


def read_statement(text: str) -> Statement | None:
    """Return the statement that `text` is the canonical form of; None for anything else."""
    try:
        found = json.loads(text)
        if not isinstance(found, dict) or set(found) != _MEMBERS or found["format"] != FORMAT:
            return None
        if not all(isinstance(value, str) for value in found.values()):
            return None
        statement = Statement(
            ledger=found["ledger"],
            zone=found["zone"],
            digest=found["digest"],
            person=found["person"],
            at=datetime.fromisoformat(found["at"]),
        )
        return statement if statement_text(statement) == text else None
    except (ValueError, RecursionError):
        return None
