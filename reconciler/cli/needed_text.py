"""What must be approved, by whom it was, and what is missing, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from reconciler.cli.needed import Needed
from reconciler.governance.approvals import Approval
from reconciler.model.desired import Requirement
from reconciler.model.durations import duration_words
from reconciler.model.entries import Json
from reconciler.report.console import visible
from reconciler.report.times import clock_words


def print_needed(console: Console, zone: str, found: tuple[Needed, ...]) -> None:
    """Print for each digest what it needs, who gave it, what is missing and what did not count."""
    console.print(Text(zone, style="bold"))
    if not found:
        console.print(Text("  nothing to approve", style="green"))
    for one in found:
        console.print(Text(f"  {one.digest}", style="bold"), soft_wrap=True)
        for line in _lines(one):
            console.print(Text.assemble("    ", line), soft_wrap=True)


def _lines(one: Needed) -> Iterator[Text]:
    verdict = one.verdict
    steps = ", ".join(one.steps)
    yield Text(f"for {steps}, class {one.risk}: {requirement_words(verdict.requirement)}")
    for approval in verdict.given:
        yield Text(f"given: {_given(approval)}", style="green")
    for sentence in verdict.missing:
        yield Text(f"missing: {visible(sentence)}", style="yellow")
    for approval, reason in verdict.ignored:
        yield Text(f"does not count: {_given(approval)}: {visible(reason)}", style="dim")
    if verdict.missing:
        yield Text(f"approve with: reconcile approve {one.digest}")


def _given(approval: Approval) -> str:
    how = "signed" if approval.signed else str(approval.channel)
    return f"{visible(approval.person)}, {clock_words(approval.at)} ({how})"


def requirement_words(requirement: Requirement) -> str:
    """Return what is asked for as a clause: `2 approvers, 1 of the critical group, ...`."""
    people = requirement.approvers
    words = [f"{people} approver{'' if people == 1 else 's'}"]
    if requirement.from_owner:
        words.append(f"{requirement.from_owner} of the owner")
    if requirement.from_critical:
        words.append(f"{requirement.from_critical} of the critical group")
    if requirement.signed:
        words.append("signed")
    return f"{', '.join(words)}, at most {duration_words(requirement.max_age)} before"


def needed_json(found: tuple[Needed, ...]) -> list[Json]:
    """Return the same for programs."""
    return [
        {
            "digest": one.digest,
            "risk": one.risk.value,
            "steps": [*one.steps],
            "satisfied": one.verdict.satisfied,
            "requirement": {
                "approvers": one.verdict.requirement.approvers,
                "from_owner": one.verdict.requirement.from_owner,
                "from_critical": one.verdict.requirement.from_critical,
                "signed": one.verdict.requirement.signed,
                "max_age": one.verdict.requirement.max_age,
            },
            "given": [_approval_json(approval) for approval in one.verdict.given],
            "missing": [*one.verdict.missing],
            "ignored": [
                {**_approval_json(approval), "reason": reason}
                for approval, reason in one.verdict.ignored
            ],
        }
        for one in found
    ]


def _approval_json(approval: Approval) -> dict[str, Json]:
    return {
        "person": approval.person,
        "at": f"{approval.at:%FT%TZ}",
        "channel": str(approval.channel),
        "signed": approval.signed,
    }
