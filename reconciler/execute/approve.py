"""Recording an approval: who, for exactly which digest, and with which evidence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.diagnostics import ApprovalError, Diagnostic
from reconciler.execute.outside import Outside, unbuilt
from reconciler.execute.people import person_here
from reconciler.execute.turn import gather
from reconciler.governance.statement import NAMESPACE, Statement, statement_text
from reconciler.ledger.history import ZoneLog
from reconciler.ledger.records import About, Channel, approval_draft
from reconciler.ledger.sshsig import sign, signature_problem
from reconciler.model.plan import Status

SHORTEST = 12
"""Hexadecimal digits of a digest that are enough to name it (design/change-control.md §2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An approval that is now on record."""

    person: str
    digest: str
    zone: str


def approve(outside: Outside, digest: str, *, person: str | None, key: Path | None) -> Given:
    """Put on record that a person approves the change that `digest` names.

    `digest` may be shortened; it must name one plan, on record or found by planning now. `person`
    is a name of the portfolio, by default whoever git says is here. With `key`, the approval is
    signed, and refused at once if the portfolio's key for that person does not verify it.
    """
    name = person or person_here(outside) or outside.actor.id
    if name not in outside.portfolio.people:
        raise ApprovalError(_unknown(name))
    if key is None and name != person_here(outside):
        raise ApprovalError(_somebody_else(name, outside.actor.id))
    zone, full = _named(outside, digest)
    history = outside.recall()
    text = statement_text(
        Statement(
            ledger=history.ledger_id or "",
            zone=zone,
            digest=full,
            person=name,
            at=outside.clock.now(),
        )
    )
    signature = None if key is None else _signed(outside, name, text, key)
    draft = approval_draft(
        About(zone=zone, change=full),
        person=name,
        channel=Channel.LOCAL if signature is None else Channel.SSH,
        statement=text,
        signature=signature,
    )
    outside.ledger.append([draft], outside.clock.now())
    return Given(person=name, digest=full, zone=zone)


def _signed(outside: Outside, person: str, text: str, key: Path) -> str:
    public = outside.portfolio.people[person].ssh
    if public is None:
        raise ApprovalError(_unsignable(person, "the portfolio has no `ssh` key for this person"))
    signature = sign(text, key, NAMESPACE)
    if problem := signature_problem(text, signature, public, NAMESPACE):
        raise ApprovalError(_unsignable(person, problem))
    return signature


def _named(outside: Outside, digest: str) -> tuple[str, str]:
    """Return the zone and the full digest that `digest` begins."""
    wanted = digest.removeprefix("sha256:").lower()
    if len(wanted) < SHORTEST:
        raise ApprovalError(_no_such(digest, f"give at least {SHORTEST} digits"))
    for source in (_on_record, _planned_now):
        found = {
            (zone, full)
            for zone, full in source(outside)
            if full.removeprefix("sha256:").startswith(wanted)
        }
        if len(found) > 1:
            raise ApprovalError(_no_such(digest, "more than one plan begins so; give more digits"))
        if found:
            return found.pop()
    raise ApprovalError(_no_such(digest, "no plan on record or possible now has this digest"))


def _on_record(outside: Outside) -> Iterator[tuple[str, str]]:
    for zone, log in outside.recall().zones.items():
        yield from ((zone, digest) for digest in _digests(log))


def _digests(log: ZoneLog) -> Iterator[str]:
    if log.plan is None or log.complete:
        return
    yield log.plan.change
    if log.turned is not None:
        yield log.turned.change
        yield from ([log.turned.refined] if log.turned.refined else [])
    yield from (refined.digest for refined in log.refined.values())


def _planned_now(outside: Outside) -> Iterator[tuple[str, str]]:
    for desired in outside.portfolio.zones.values():
        if unbuilt(outside.portfolio, desired):
            continue
        observed = gather(outside, desired).observed
        if observed is None:
            continue
        plan = outside.propose(desired, observed)
        if plan.status is Status.PLANNED:
            yield desired.zone, plan.change_digest


def _somebody_else(name: str, here: str) -> Diagnostic:
    return Diagnostic(
        code="not-that-person",
        summary=f"git says that {here} is here, which is no address of {name}",
        hint=f"{name} approves from their own account, or signs: `--as {name} --sign KEY`",
        where=name,
    )


def _unknown(who: str) -> Diagnostic:
    return Diagnostic(
        code="unknown-approver",
        summary=f"{who} is not one of the people of the portfolio",
        file="zones/portfolio.yaml",
        hint="approve `--as NAME`, or list the address of `git config user.email` under "
        "`people.NAME.emails`",
    )


def _unsignable(person: str, why: str) -> Diagnostic:
    return Diagnostic(
        code="signature-refused",
        summary=f"the signature would not count for {person}: {why}",
        file="zones/portfolio.yaml",
        hint="sign with the private key whose public half stands under `people.NAME.ssh`",
    )


def _no_such(digest: str, why: str) -> Diagnostic:
    return Diagnostic(
        code="unknown-digest",
        summary=f"{digest}: {why}",
        hint="`reconcile plan` prints the change digest of every plan",
    )
