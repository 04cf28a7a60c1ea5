"""What each event's `data` holds: one function per event writes it, `fold` reads it back.

The shapes are part of the ledger's format; `docs/ledger.md` lists them. Readers ignore members that
they do not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from reconciler.model.entries import Draft, Event, Json
from reconciler.spec.wire_types import instant_text


class Channel(StrEnum):
    """By what way an approval came (design/change-control.md §2)."""

    LOCAL = "local"
    SSH = "ssh"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an entry is about; digests are `sha256:…`, `idem` is the idempotency id of a step."""

    zone: str
    plan: str | None = None
    change: str | None = None
    step: str | None = None
    idem: str | None = None

    def draft(self, event: Event, data: Mapping[str, Json], **more: datetime) -> Draft:
        """Return a draft of `event` about this."""
        return Draft(
            event=event,
            zone=self.zone,
            plan=self.plan,
            change=self.change,
            step=self.step,
            idem=self.idem,
            deadline=more.get("deadline"),
            data=data,
        )


def plan_draft(  # noqa: PLR0913 - one argument per member of the record
    about: About,
    *,
    blob: str,
    steps: Sequence[str],
    risk: str,
    authors: Iterable[str] = (),
    commit: str | None = None,
    rollback: Mapping[str, str] | None = None,
) -> Draft:
    """Record the plan that is to be carried out for a zone; it replaces an earlier one.

    `blob` is the path of the whole plan, `steps` the ids of its steps in order, `commit` the
    commit that holds the desired state, `authors` who wrote it: they cannot approve it. `rollback`
    where it is the approved way back from the plan that runs: `of` that plan's digest, `after` the
    last of its steps that was begun, `cause` and `why` it is turned back.
    """
    data: dict[str, Json] = {"blob": blob, "steps": [*steps], "risk": risk}
    data["authors"] = [*sorted(authors)]
    if commit is not None:
        data["commit"] = commit
    if rollback is not None:
        data["rollback"] = {**rollback}
    return about.draft(Event.PLAN, data)


def refine_draft(about: About, *, keys: Mapping[str, str], ds: Iterable[str], digest: str) -> Draft:
    """Record what a step's symbols became: DNSKEYs by symbol, the DS, and the refined digest."""
    return about.draft(Event.REFINE, {"keys": {**keys}, "ds": [*sorted(ds)], "digest": digest})


def approval_draft(
    about: About, *, person: str, channel: Channel, statement: str, signature: str | None = None
) -> Draft:
    """Record that `person` approves `about.change`, a change digest or a refined one.

    `statement` is the exact text that was approved, `signature` an armoured SSH signature of it.
    """
    data: dict[str, Json] = {"person": person, "channel": channel.value, "statement": statement}
    if signature is not None:
        data["signature"] = signature
    return about.draft(Event.APPROVAL, {"digest": about.change, **data})


def revoke_draft(about: About, *, person: str, reason: str) -> Draft:
    """Record that `person` takes every earlier approval of `about.change` back."""
    return about.draft(Event.REVOKE, {"digest": about.change, "person": person, "reason": reason})


def intent_draft(about: About, *, deadline: datetime, moves: Sequence[Json], attempt: int) -> Draft:
    """Record that a step is about to be made; nothing may be called before this has landed."""
    return about.draft(Event.INTENT, {"moves": [*moves], "attempt": attempt}, deadline=deadline)


def accepted_draft(about: About, *, operation: str, message: str = "") -> Draft:
    """Record that a system took the step in hand and answers for it under `operation`."""
    return about.draft(Event.ACCEPTED, {"operation": operation, "message": message})


def outcome_draft(  # noqa: PLR0913 - one argument per member of the record
    about: About,
    *,
    ok: bool,
    message: str,
    operation: str | None = None,
    created: Mapping[str, str] | None = None,
    resolved: bool = False,
    called: bool = True,
) -> Draft:
    """Record how an intent ended. `created`: DNSKEY text by symbol.

    `resolved`: told from observation by a later run, not from the system's own answer. `called`:
    False where the run ended before it called any system.
    """
    data: dict[str, Json] = {"ok": ok, "message": message}
    if operation is not None:
        data["operation"] = operation
    if created:
        data["created"] = {**created}
    if resolved:
        data["resolved"] = True
    if not called:
        data["called"] = False
    return about.draft(Event.OUTCOME, data)


def evidence_draft(
    about: About, *, seen_at: datetime, servers: Iterable[str], rrsets: Sequence[Json] = ()
) -> Draft:
    """Record that at `seen_at` every address of `servers` was seen to serve the step's effect."""
    data: dict[str, Json] = {"seen_at": instant_text(seen_at), "servers": [*sorted(servers)]}
    return about.draft(Event.EVIDENCE, {**data, "rrsets": [*rrsets]})


def adopt_draft(about: About, *, observed: str, seen: Sequence[Json] = ()) -> Draft:
    """Record that a zone is taken into care as it was observed (`observed`: digest)."""
    return about.draft(Event.ADOPT, {"observed": observed, "seen": [*seen]})


def blocked_draft(about: About, *, why: str) -> Draft:
    """Record that nothing more is done for a zone until a person resolves it."""
    return about.draft(Event.BLOCKED, {"why": why})


def resolve_draft(about: About, *, reason: str, done: bool, person: str | None = None) -> Draft:
    """Record a person's word that ends a block and, by `about.idem`, an open intent.

    `done`: whether the intent's effect is there. `person`, here and below: whose word it is, a name
    of the portfolio; None where the tool acted by itself.
    """
    return about.draft(Event.RESOLVE, {"reason": reason, "done": done, **_by(person)})


def suspend_draft(
    about: About, *, until: datetime, reason: str, person: str | None = None
) -> Draft:
    """Record that no step of a zone begins before `until`."""
    data = {"until": instant_text(until), "reason": reason}
    return about.draft(Event.SUSPEND, {**data, **_by(person)})


def resume_draft(about: About, *, reason: str, person: str | None = None) -> Draft:
    """Record that a suspension ends early."""
    return about.draft(Event.RESUME, {"reason": reason, **_by(person)})


def abandon_draft(
    about: About,
    *,
    reason: str,
    person: str | None = None,
    under_way: Sequence[str] = (),
    until: datetime | None = None,
) -> Draft:
    """Record that a plan is given up where it stands; its open intents end unsettled.

    A plan that a `person` gives up takes its approvals with it. `under_way` are steps that were
    begun and not seen everywhere: their effects may still come `until` then, and nothing may be
    planned before.
    """
    data: dict[str, Json] = {"reason": reason, **_by(person)}
    if under_way and until is not None:
        data |= {"under_way": [*under_way], "until": instant_text(until)}
    return about.draft(Event.ABANDON, data)


def annotate_draft(  # noqa: PLR0913 - one argument per member of the record
    about: About, *, rrset: str, seen: str, until: datetime, reason: str, person: str
) -> Draft:
    """Record that one difference is known until a date: `seen` is the digest of what is published.

    Anything else at the same RRset stays unexplained.
    """
    data = {"rrset": rrset, "seen": seen, "until": instant_text(until)}
    return about.draft(Event.ANNOTATE, {**data, "reason": reason, "person": person})


def _by(person: str | None) -> dict[str, Json]:
    return {} if person is None else {"person": person}
