"""From approvals on record to approvals that can be judged: is their evidence what it claims?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from reconciler.governance.approvals import Approval
from reconciler.governance.people import is_author
from reconciler.governance.statement import NAMESPACE, Statement, read_statement
from reconciler.ledger.history import LoggedApproval
from reconciler.ledger.records import Channel
from reconciler.ledger.sshsig import signature_problem
from reconciler.model.desired import Person


def examined(
    logged: Iterable[LoggedApproval], *, zone: str, ledger_id: str, people: Mapping[str, Person]
) -> tuple[Approval, ...]:
    """Return the approvals of `zone` with their signatures verified against `people`'s keys.

    An approval by signature is dated by its statement. One whose evidence does not hold has a
    `flaw`, and counts for nothing.
    """
    return tuple(_examined(found, zone, ledger_id, people.get(found.person)) for found in logged)


def _examined(logged: LoggedApproval, zone: str, ledger_id: str, person: Person | None) -> Approval:
    at, flaw = logged.at, _actor_flaw(logged, person)
    signed = logged.channel is Channel.SSH
    if signed:
        statement = _read(logged.statement)
        flaw = _flaw(logged, statement, zone, ledger_id) or _signature_flaw(logged, person)
        at = statement.at if statement and not flaw else logged.at
    return Approval(
        person=logged.person,
        digest=logged.digest,
        at=at,
        channel=logged.channel.value,
        signed=signed and flaw is None,
        revoked=logged.revoked,
        flaw=flaw,
    )


_read = lru_cache(maxsize=2**15)(read_statement)
"""As many as signatures are remembered: each is judged on record and again at each step."""


def _actor_flaw(logged: LoggedApproval, person: Person | None) -> str | None:
    """Without a signature, an approval is the word of whoever put it on record, nobody else's."""
    if logged.channel is Channel.REVIEW:
        return "this release cannot tell whether a review was given"
    if logged.channel is not Channel.LOCAL or person is None or is_author(person, [logged.actor]):
        return None
    return f"{logged.actor} put it on record without a signature of {logged.person}"


def _flaw(
    logged: LoggedApproval, statement: Statement | None, zone: str, ledger_id: str
) -> str | None:
    if statement is None:
        return "what was signed is not an approval statement"
    claims = (
        ("ledger", statement.ledger, ledger_id),
        ("zone", statement.zone, zone),
        ("digest", statement.digest, logged.digest),
        ("person", statement.person, logged.person),
    )
    for what, said, wanted in claims:
        if said != wanted:
            return f"the signed statement names another {what}: {said}"
    return _time_flaw(statement.at, logged.at)


def _time_flaw(signed_at: datetime, recorded_at: datetime) -> str | None:
    if signed_at <= recorded_at:
        return None
    return f"it says it was signed at {signed_at:%F %H:%M} UTC, after it was recorded"


def _signature_flaw(logged: LoggedApproval, person: Person | None) -> str | None:
    if person is None or person.ssh is None:
        return f"the portfolio has no SSH key for {logged.person}"
    if logged.signature is None:
        return "its signature is missing"
    problem = signature_problem(logged.statement, logged.signature, person.ssh, NAMESPACE)
    return f"its signature does not hold: {problem}" if problem else None
