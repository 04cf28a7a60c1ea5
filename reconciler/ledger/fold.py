"""The ledger folded: for each zone what cannot be observed. Pure; no git, no clock.

`fold` goes through entries in order and can go on from an earlier result, so that a run which reads
the ledger again pays only for what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.ledger.history import (
    Adoption,
    Annotation,
    Blocked,
    Checkpoint,
    Evidence,
    History,
    LoggedApproval,
    LoggedPlan,
    OpenIntent,
    Outcome,
    PolicyInForce,
    Refined,
    Suspension,
    TurnedBack,
    UnderWay,
    ZoneLog,
    turned_back,
)
from reconciler.ledger.read_data import Data
from reconciler.ledger.records import Channel
from reconciler.model.entries import Entry, Event


def fold(entries: Iterable[Entry], onto: History | None = None) -> History:
    """Return the history after `entries`, which follow those folded into `onto`.

    An entry whose data does not have the shape of its event raises LedgerError naming it.
    """
    history = onto or History()
    zones = dict(history.zones)
    for entry in entries:
        history = _fold_global(history, entry)
        zone = entry.draft.zone
        if zone is not None:
            zones[zone] = fold_zone(zones.get(zone, ZoneLog()), entry)
    return replace(history, zones=zones)


def _fold_global(history: History, entry: Entry) -> History:
    history = replace(history, seq=entry.seq, at=entry.at)
    data = Data(entry)
    match entry.event:
        case Event.GENESIS:
            return replace(history, ledger_id=data.text("ledger"))
        case Event.POLICY:
            rules = data.mapping("rules")
            digest = data.text("digest")
            policy = PolicyInForce(seq=entry.seq, at=entry.at, digest=digest, rules=rules)
            return replace(history, policy=policy)
        case Event.CHECKPOINT:
            return replace(history, checkpoint=Checkpoint(seq=entry.seq, at=entry.at))
        case _:
            return history


def fold_zone(log: ZoneLog, entry: Entry) -> ZoneLog:
    """Return the zone's log after one entry about it; events that change nothing leave it."""
    change = _FOLDS.get(entry.event)
    return log if change is None else change(log, entry)


def _without_plan(log: ZoneLog) -> ZoneLog:
    return replace(
        log,
        plan=None,
        begun_at=None,
        refined={},
        open_intents=(),
        attempts={},
        outcomes={},
        evidence={},
    )


def _plan(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    plan = LoggedPlan(
        seq=entry.seq,
        at=entry.at,
        plan=data.member("plan"),
        change=data.member("change"),
        blob=data.text("blob"),
        steps=data.texts("steps"),
        risk=data.text("risk"),
        authors=frozenset(data.texts("authors")),
        commit=data.optional_text("commit"),
        turned=_turned(log, data),
    )
    if log.plan is not None and log.plan.plan == plan.plan:
        return replace(log, plan=replace(plan, seq=log.plan.seq, at=log.plan.at))
    open_intents = log.open_intents
    return replace(_without_plan(log), plan=plan, open_intents=open_intents)


def _turned(log: ZoneLog, data: Data) -> TurnedBack | None:
    """Return what a rollback rolls back: the plan that runs, by what is on record of it."""
    found = data.text_mapping("rollback", default={})
    told = {name: found.get(name, "") for name in ("after", "cause", "why")}
    return turned_back(log, log.plan, **told) if found and log.plan else None


def _refine(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    refined = Refined(
        seq=entry.seq,
        at=entry.at,
        step=data.member("step"),
        keys=data.text_mapping("keys"),
        ds=frozenset(data.texts("ds")),
        digest=data.text("digest"),
    )
    created = {**log.created, **refined.keys}
    return replace(log, refined={**log.refined, refined.step: refined}, created=created)


def _approval(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    approval = LoggedApproval(
        seq=entry.seq,
        actor=entry.actor.id,
        at=entry.at,
        digest=data.text("digest"),
        person=data.text("person"),
        channel=data.choice("channel", Channel),
        statement=data.text("statement"),
        signature=data.optional_text("signature"),
    )
    of_digest = (*log.approvals.get(approval.digest, ()), approval)
    return replace(log, approvals={**log.approvals, approval.digest: of_digest})


def _revoke(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    digest, person = data.text("digest"), data.text("person")
    of_digest = tuple(
        replace(a, revoked=entry.at) if a.person == person and a.revoked is None else a
        for a in log.approvals.get(digest, ())
    )
    return replace(log, approvals={**log.approvals, digest: of_digest})


def _intent(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    intent = OpenIntent(
        seq=entry.seq,
        at=entry.at,
        plan=data.member("plan"),
        step=data.member("step"),
        idem=data.member("idem"),
        deadline=entry.draft.deadline,
        moves=data.items("moves"),
        attempt=data.number("attempt"),
        run=entry.actor.run,
    )
    return replace(
        log,
        begun_at=log.begun_at or entry.at,
        open_intents=(*log.open_intents, intent),
        attempts={**log.attempts, intent.step: intent.attempt},
    )


def _accepted(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    idem, operation = data.member("idem"), data.text("operation")
    open_intents = tuple(
        replace(i, operation=operation) if i.idem == idem else i for i in log.open_intents
    )
    return replace(log, open_intents=open_intents)


def _outcome(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    outcome = Outcome(
        seq=entry.seq,
        at=entry.at,
        step=data.member("step"),
        idem=data.member("idem"),
        ok=data.truth("ok"),
        message=data.text("message"),
        operation=data.optional_text("operation"),
        created=data.text_mapping("created", default={}),
        resolved=data.truth("resolved", default=False),
        refused_since=_refused_since(log, data, entry),
    )
    log = _close(log, outcome.idem)
    log = replace(log, created={**log.created, **outcome.created})
    if log.plan is None or log.plan.plan != entry.draft.plan:
        return log
    return replace(log, outcomes={**log.outcomes, outcome.step: outcome})


def _refused_since(log: ZoneLog, data: Data, entry: Entry) -> datetime | None:
    """Return since when a step is refused each time it is tried, None where it is not."""
    before = log.outcomes.get(data.member("step"))
    if not data.truth("called", default=True):
        return before.refused_since if before else None
    if data.truth("ok") or data.truth("resolved", default=False):
        return None
    return (before.refused_since if before else None) or entry.at


def _close(log: ZoneLog, idem: str) -> ZoneLog:
    return replace(log, open_intents=tuple(i for i in log.open_intents if i.idem != idem))


def _evidence(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    evidence = Evidence(
        seq=entry.seq,
        plan=data.member("plan"),
        step=data.member("step"),
        seen_at=data.instant("seen_at"),
        servers=data.texts("servers"),
        rrsets=data.items("rrsets"),
    )
    log = replace(log, seen=(*log.seen, evidence))
    if log.plan is None or log.plan.plan != evidence.plan:
        return log
    log = replace(log, evidence={**log.evidence, evidence.step: evidence})
    return _completed(log) if log.complete else log


def _completed(log: ZoneLog) -> ZoneLog:
    """Spend the approvals of the plan that is now carried out: they were for this once.

    A way back completes nothing that was desired.
    """
    return replace(_spent(log), completed=log.completed if log.turned else log.plan)


def _spent(log: ZoneLog) -> ZoneLog:
    change = {log.plan.change} if log.plan else set()
    spent = change | {refined.digest for refined in log.refined.values()}
    if log.turned is not None:
        spent |= {log.turned.change, *([log.turned.refined] if log.turned.refined else [])}
    kept = {digest: given for digest, given in log.approvals.items() if digest not in spent}
    return replace(log, approvals=kept)


def _adopt(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    adoption = Adoption(
        seq=entry.seq, at=entry.at, observed=data.text("observed"), seen=data.items("seen")
    )
    return replace(log, adopted=adoption)


def _blocked(log: ZoneLog, entry: Entry) -> ZoneLog:
    why = Data(entry).text("why")
    blocked = Blocked(seq=entry.seq, at=entry.at, why=why, step=entry.draft.step)
    return replace(log, blocked=blocked)


def _resolve(log: ZoneLog, entry: Entry) -> ZoneLog:
    idem = entry.draft.idem
    log = replace(log, blocked=None)
    if idem is not None:
        return _close(log, idem)
    if log.turned and log.complete:
        return _without_plan(log)
    return _as_told(log, entry)


def _as_told(log: ZoneLog, entry: Entry) -> ZoneLog:
    """Take a person's word on a step that was accepted and is not seen: it was made just now as far
    as waiting for it goes, or it may be made again.
    """
    step = entry.draft.step or ""
    made = log.outcomes.get(step)
    if made is None or not made.ok or step in log.evidence:
        return log
    done = Data(entry).truth("done")
    told = replace(made, at=entry.at) if done else replace(made, ok=False, resolved=True)
    return replace(log, outcomes={**log.outcomes, step: told})


def _suspend(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    suspension = Suspension(
        seq=entry.seq,
        at=entry.at,
        until=data.instant("until"),
        reason=data.text("reason"),
        person=data.optional_text("person"),
    )
    return replace(log, suspended=suspension)


def _resume(log: ZoneLog, _entry: Entry) -> ZoneLog:
    return replace(log, suspended=None)


def _abandon(log: ZoneLog, entry: Entry) -> ZoneLog:
    """Give the plan up; in mid-change, nothing that was seen before tells what caches hold."""
    data = Data(entry)
    log = replace(log, blocked=None)
    if data.optional_text("person") is not None:
        log = _spent(log)
    if data.optional_text("until") is not None:
        steps, until = data.texts("under_way"), data.instant("until")
        under_way = UnderWay(seq=entry.seq, steps=steps, until=until)
        log = replace(log, under_way=under_way, adopted=None, seen=())
    return _without_plan(log)


def _annotate(log: ZoneLog, entry: Entry) -> ZoneLog:
    data = Data(entry)
    annotation = Annotation(
        seq=entry.seq,
        rrset=data.text("rrset"),
        seen=data.text("seen"),
        until=data.instant("until"),
        reason=data.text("reason"),
        person=data.text("person"),
    )
    return replace(log, annotations={**log.annotations, annotation.rrset: annotation})


_FOLDS: dict[Event, Callable[[ZoneLog, Entry], ZoneLog]] = {
    Event.PLAN: _plan,
    Event.REFINE: _refine,
    Event.APPROVAL: _approval,
    Event.REVOKE: _revoke,
    Event.INTENT: _intent,
    Event.ACCEPTED: _accepted,
    Event.OUTCOME: _outcome,
    Event.EVIDENCE: _evidence,
    Event.ADOPT: _adopt,
    Event.BLOCKED: _blocked,
    Event.RESOLVE: _resolve,
    Event.SUSPEND: _suspend,
    Event.RESUME: _resume,
    Event.ABANDON: _abandon,
    Event.ANNOTATE: _annotate,
}
