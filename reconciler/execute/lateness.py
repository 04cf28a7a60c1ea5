"""Whom a zone waits for, since when, and what was last seen of it: for `status`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.execute.turn import Turn
from reconciler.governance.approvals import ApprovalVerdict
from reconciler.governance.people import is_author
from reconciler.ledger.history import ZoneLog
from reconciler.model.desired import DesiredZone
from reconciler.model.durations import duration_words
from reconciler.model.moves import system
from reconciler.model.plan import Step
from reconciler.model.status import LastSeen, RolledBack, Suspended

NEXT_RUN = ("the next run",)
A_PERSON = ("a person",)


def last_seen(log: ZoneLog) -> LastSeen | None:
    """Return the last evidence on record, or the look with which the zone was taken into care."""
    running = log.plan.plan if log.plan else ""
    found = [
        LastSeen(
            at=seen.seen_at,
            what=f"{seen.step} of {'the running' if seen.plan == running else 'an earlier'} plan",
        )
        for seen in log.seen
    ]
    if log.adopted is not None:
        found.append(LastSeen(at=log.adopted.at, what="the zone as it was taken into care"))
    return max(found, key=lambda seen: seen.at, default=None)


def suspended(turn: Turn) -> Suspended | None:
    """Return the suspension in force, whatever else the zone waits for."""
    found = turn.log.suspended_at(turn.now)
    if found is None:
        return None
    return Suspended(since=found.at, until=found.until, reason=found.reason, person=found.person)


def rolled_back(log: ZoneLog) -> RolledBack | None:
    """Return why the plan on record leads back, None where it does not."""
    if log.plan is None or log.plan.turned is None:
        return None
    turned = log.plan.turned
    return RolledBack(since=log.plan.at, after=turned.after, cause=turned.cause, why=turned.why)


def may_approve(turn: Turn, verdict: ApprovalVerdict) -> tuple[str, ...]:
    """Return who of the owner and the critical group has not approved and is no author."""
    portfolio, logged = turn.outside.portfolio, turn.log.plan
    groups = {turn.desired.owner, portfolio.governance.critical_group}
    known = {p for group in portfolio.owners.values() if group.name in groups for p in group.people}
    authors = logged.authors if logged else frozenset()
    given = {approval.person for approval in verdict.given}
    people = (portfolio.people[name] for name in sorted(known - given) if name in portfolio.people)
    return tuple(person.name for person in people if not is_author(person, authors))


def systems(desired: DesiredZone, steps: Iterable[Step]) -> Iterable[str]:
    """Return the systems that make the moves of `steps`, by name."""
    found = {system(move) for step in steps for move in step.moves}
    for name in sorted(found):
        kind, _, signer = name.partition(":")
        yield f"signer {signer}" if kind == "signer" else f"the parent {desired.parent}"


def overdue(turn: Turn, step: str, limit: datetime) -> Diagnostic:
    """Return that an accepted step should have been seen everywhere by `limit`."""
    late = duration_words(int((turn.now - limit).total_seconds()))
    return Diagnostic(
        severity=Severity.WARNING,
        code="effect-overdue",
        summary=f"step {step} of {turn.zone} was accepted, and should have been seen on every "
        f"server {late} ago",
        hint="`reconcile apply` says which servers lack it; look at the system that accepted it",
        where=turn.zone,
    )
