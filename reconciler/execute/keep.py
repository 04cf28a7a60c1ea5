"""Putting a plan on record, whole: from then on it is the one that is carried out."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.execute.propose import bundled
from reconciler.execute.turn import Turn
from reconciler.ledger.history import TurnedBack
from reconciler.ledger.records import About, plan_draft
from reconciler.model.plan import ZonePlan
from reconciler.spec.canonical import bytes_digest
from reconciler.spec.digests import desired_text
from reconciler.spec.plan_file import dump_plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Who wrote what a plan is for, and the commit that holds it; `turned`: which plan it rolls
    back, and why.
    """

    authors: frozenset[str]
    commit: str | None
    turned: TurnedBack | None = None


def keep(turn: Turn, plan: ZonePlan, origin: Origin) -> None:
    """Put the plan on record whole; approvals are then given to its change digest."""
    data = dump_plan(bundled({turn.zone: plan}))
    name = bytes_digest(data)
    path = f"plans/{name.removeprefix('sha256:')}.json"
    turned = origin.turned
    draft = plan_draft(
        About(zone=turn.zone, plan=name, change=plan.change_digest),
        blob=path,
        steps=[step.id for step in plan.steps],
        risk=plan.risk.value,
        authors=origin.authors,
        commit=origin.commit,
        rollback=None
        if turned is None
        else {"of": turned.of, "after": turned.after, "cause": turned.cause, "why": turned.why},
    )
    blobs = {path: data}
    if turned is None:
        wanted = desired_text(turn.desired)
        blobs[f"desired/{bytes_digest(wanted).removeprefix('sha256:')}.json"] = wanted
    turn.record(draft, blobs=blobs)
