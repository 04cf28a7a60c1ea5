"""Is a change approved? Every approval counts, or is set aside for a reason a person can read.

Pure: groups, authors and signatures are handed in as they are now. Source: the rules of
design/change-control.md §2; the traps are tests by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from reconciler.governance.people import could_be_author, humans, is_author
from reconciler.governance.requirements import is_empty, requirement_for
from reconciler.model.desired import (
    Governance,
    Owner,
    Person,
    Portfolio,
    Requirement,
    RiskClass,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Who may approve: people, the groups they are in, and what is asked of them."""

    people: Mapping[str, Person]
    owners: Mapping[str, Owner]
    governance: Governance


def rules_of(portfolio: Portfolio) -> Rules:
    """Return the part of a portfolio that approvals are judged by."""
    return Rules(people=portfolio.people, owners=portfolio.owners, governance=portfolio.governance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """`person` approved `digest` at `at`. `signed`: with a signature that was verified to be by
    this person over this digest. `revoked`: when it was taken back. `flaw`: why its evidence does
    not hold, as a clause; such an approval counts for nothing.
    """

    person: str
    digest: str
    at: datetime
    channel: str
    signed: bool = False
    revoked: datetime | None = None
    flaw: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What has to be approved: a digest of class `risk` for a zone of `owner`.

    `authors`: names and e-mail addresses of who wrote the change. `first_effect_at`: when the first
    effect under this digest happened, None where it has not begun; approvals are aged by it.
    """

    digest: str
    risk: RiskClass
    owner: str
    authors: frozenset[str]
    now: datetime
    first_effect_at: datetime | None = None


class Ignored(NamedTuple):
    """An approval that does not count, and the reason as a sentence."""

    approval: Approval
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalVerdict:
    """Whether the requirement is met: by whom, what is missing, and what did not count."""

    satisfied: bool
    requirement: Requirement
    given: tuple[Approval, ...]
    missing: tuple[str, ...]
    ignored: tuple[Ignored, ...]


def judge_approvals(case: Case, rules: Rules, approvals: Iterable[Approval]) -> ApprovalVerdict:
    """Return who has approved `case`, what is missing, and why each other approval is ignored.

    Approvals of other digests are no business of this case and are left out.
    """
    requirement = requirement_for(case.risk, rules.governance)
    given: list[Approval] = []
    ignored: list[Ignored] = []
    same = humans(rules.people)
    relevant = (approval for approval in approvals if approval.digest == case.digest)
    for approval in sorted(relevant, key=lambda found: found.at):
        reason = _reason_to_ignore(approval, case, rules, requirement)
        if reason is None:
            reason = _counted_already(approval, given, same)
        if reason is None:
            given.append(approval)
        else:
            ignored.append(Ignored(approval=approval, reason=reason))
    missing = _missing(case, rules, requirement, [approval.person for approval in given])
    return ApprovalVerdict(
        satisfied=not missing,
        requirement=requirement,
        given=tuple(given),
        missing=missing,
        ignored=tuple(ignored),
    )


def _reason_to_ignore(
    approval: Approval, case: Case, rules: Rules, requirement: Requirement
) -> str | None:
    name = approval.person
    if name not in rules.people:
        return f"{name} is not one of the people of the portfolio"
    if approval.flaw is not None:
        return approval.flaw
    if approval.revoked is not None:
        return f"{name} took it back on {approval.revoked:%F %H:%M} UTC"
    if requirement.signed and not approval.signed:
        return f"class {case.risk} asks for a signature that can be verified as {name}'s"
    return _wrong_age(approval, case, requirement) or _not_independent(name, case, rules)


def _wrong_age(approval: Approval, case: Case, requirement: Requirement) -> str | None:
    if approval.at > case.now:
        return f"it is dated {approval.at:%F %H:%M} UTC, which is still to come"
    age = (case.first_effect_at or case.now) - approval.at
    limit = timedelta(seconds=requirement.max_age)
    if age < limit:
        return None
    began = "when the change began" if case.first_effect_at else "by now"
    return f"it was {_span(age)} old {began}; class {case.risk} allows less than {_span(limit)}"


def _not_independent(name: str, case: Case, rules: Rules) -> str | None:
    if not rules.governance.separation_of_duties:
        return None
    aliases = [rules.people[alias] for alias in humans(rules.people)[name]]
    if any(is_author(person, case.authors) for person in aliases):
        return f"{name} wrote this change, and authors do not approve their own"
    if any(could_be_author(person, case.authors, rules.people) for person in aliases):
        return (
            f"the portfolio lists no `emails` for {name}, so it cannot be told whether {name} "
            "wrote this change"
        )
    return None


def _counted_already(
    approval: Approval, given: Sequence[Approval], same: Mapping[str, frozenset[str]]
) -> str | None:
    for counted in given:
        if counted.person == approval.person:
            return f"{approval.person} counts once"
        if counted.person in same[approval.person]:
            return f"{approval.person} is the same person as {counted.person}, and counts once"
    return None


def _missing(
    case: Case, rules: Rules, requirement: Requirement, names: Sequence[str]
) -> tuple[str, ...]:
    if is_empty(requirement, case.risk):
        return (f"the requirement for class {case.risk} asks for nobody, so it is never met",)
    if requirement.approvers > 0 and rules.governance.separation_of_duties and not case.authors:
        return ("it is not known who wrote this change, so nobody can be shown not to have",)
    found = []
    if len(names) < requirement.approvers:
        wanted = _count(requirement.approvers, "approval")
        signed = ", signed" if requirement.signed else ""
        found.append(f"{wanted} by different people{signed}: {len(names)} given so far")
    groups = (
        (requirement.from_owner, "the owner", case.owner),
        (requirement.from_critical, "the critical group", rules.governance.critical_group),
    )
    for wanted_of_group, what, group in groups:
        sentence = _missing_of_group(wanted_of_group, what, group, rules, names)
        found += [sentence] if sentence else []
    return tuple(found)


def _missing_of_group(
    wanted: int, what: str, group: str | None, rules: Rules, names: Sequence[str]
) -> str | None:
    if wanted < 1:
        return None
    if group is None or group not in rules.owners:
        why = "is not named in the portfolio" if group is None else "does not exist"
        named = what if group is None else f"{what} `{group}`"
        return f"{_count(wanted, 'approval')} by {named}, which {why}"
    members = rules.owners[group].people
    count = len(members.intersection(names))
    if count >= wanted:
        return None
    listed = ", ".join(sorted(members)) or "nobody"
    return f"{_count(wanted, 'approval')} by {what}, `{group}` ({listed}): {count} given so far"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _span(span: timedelta) -> str:
    hours = int(span.total_seconds()) // 3600
    return f"{hours // 24} d {hours % 24} h" if hours >= 48 else f"{hours} h"  # noqa: PLR2004
