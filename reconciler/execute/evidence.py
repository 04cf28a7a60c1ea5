"""Evidence: every server was seen to serve what a step publishes. From here the waits run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.diagnostics import Diagnostic
from reconciler.execute.act import asked
from reconciler.execute.batch import Seen
from reconciler.execute.block import block
from reconciler.execute.logged import refined_plan
from reconciler.execute.outside import LOOK_AGAIN, LOOK_AGAIN_AT_PEOPLE
from reconciler.execute.position import effects
from reconciler.execute.propose import rules
from reconciler.execute.readback import Laggard, reader
from reconciler.execute.readback_moves import untold
from reconciler.execute.resolve import SEEN_LATER, opaque, visible
from reconciler.execute.snapshot import take
from reconciler.execute.snapshot_json import snapshot_json
from reconciler.execute.turn import Turn
from reconciler.execute.words import differing, silent
from reconciler.ledger.records import adopt_draft, evidence_draft, refine_draft
from reconciler.model.durations import duration_words
from reconciler.model.entries import Draft
from reconciler.model.keys import Key
from reconciler.model.moves import system
from reconciler.model.plan import Step, ZonePlan
from reconciler.model.results import Blocked, Failed, Result, WaitingForTime
from reconciler.model.timeline import DnskeyVersion, DsVersion
from reconciler.spec.canonical import digest
from reconciler.spec.digests import change_digest

PENDING = "; the parent says that it has accepted a change that it does not publish yet"


def look_for(turn: Turn, plan: ZonePlan, step: Step) -> Result | Seen:
    """Return evidence that `step` is seen everywhere, or say which servers do not show it yet.

    `Failed`: what was accepted never came about, so that another plan is needed. `Blocked`: what
    only some servers show, long after every one should, is put on record for a person.
    """
    return seen_everywhere(turn, plan, step) or _not_yet(turn, step, _lagging(turn, plan, step))


def _lagging(turn: Turn, plan: ZonePlan, step: Step) -> Sequence[Laggard]:
    """Return each server that does not show what `step` publishes."""
    if plan.timeline is None or turn.observation.zone is None:
        return ()
    read = reader(turn.observation, plan.timeline.keys)
    return read.laggards(effects(plan, step)) + untold(turn.observation, step.moves)


def seen_everywhere(turn: Turn, plan: ZonePlan, step: Step) -> Seen | None:
    """Return evidence that `step` is seen everywhere, None where it is not; writes nothing."""
    zone = turn.observation.zone
    if zone is None or plan.timeline is None:
        return None
    if _lagging(turn, plan, step) or not agreed(turn):
        return None
    seen = evidence_draft(
        turn.about(step.id),
        seen_at=turn.now,
        servers={s.server for s in turn.observation.sights},
        rrsets=snapshot_json(take(zone)),
    )
    return Seen(
        zone=turn.zone,
        plan=seen.plan or "",
        made=turn.log.outcomes[step.id],
        drafts=(seen, *_refinement(turn, plan, step)),
    )


def _refinement(turn: Turn, plan: ZonePlan, step: Step) -> Iterable[Draft]:
    """Return the entry that tells what the symbols of `step` became, if it had any."""
    zone = turn.observation.zone
    if zone is None or plan.timeline is None:
        return
    wanted = [
        label for v in effects(plan, step) if isinstance(v, DnskeyVersion) for label in v.keys
    ]
    created = {
        label: entry.text()
        for label in sorted(set(wanted))
        if _to_come(plan, label) and isinstance(entry := zone.keys.get(label), Key)
    }
    if not created:
        return
    refined = refined_plan(plan, created)
    yield refine_draft(
        turn.about(step.id),
        keys=created,
        ds=_submitted(refined),
        digest=refined_digest(turn, refined),
    )


def _to_come(plan: ZonePlan, label: str) -> bool:
    entry = plan.timeline.keys.get(label) if plan.timeline else None
    return isinstance(entry, Key) and entry.public_key is None


def refined_digest(turn: Turn, refined: ZonePlan) -> str:
    """Return the change digest of a plan in which real keys stand in place of symbols."""
    policy = rules(turn.outside.portfolio, refined.risk)
    return change_digest(refined, refined.desired_digest, policy)


def _submitted(plan: ZonePlan) -> Sequence[str]:
    """Return the DNSKEY and digest type of each DS that the plan's steps submit, for people."""
    keys: Mapping[str, object] = plan.timeline.keys if plan.timeline else {}
    versions = plan.timeline.versions if plan.timeline else ()
    refs = {d for v in versions if isinstance(v, DsVersion) and v.step is not None for d in v.ds}
    known = [(ref, keys.get(ref.key)) for ref in sorted(refs)]
    return [f"{k.text()} / {ref.digest_type}" for ref, k in known if isinstance(k, Key)]


def _not_yet(turn: Turn, step: Step, lagging: Sequence[Laggard]) -> Result:
    """Say who is waited for, or that it takes too long and a person must look."""
    limit = shown_by(turn, step)
    if turn.now > limit:
        return _overdue(turn, step, lagging)
    told = turn.log.outcomes[step.id].message
    hint = "" if told in {"accepted", SEEN_LATER} else f" ({told})"
    return WaitingForTime(
        zone=turn.zone,
        until=min(turn.now + _patience_between(turn, step), limit + timedelta(seconds=1)),
        step=step.id,
        reason=f"not every server shows the change yet: {_who(turn, lagging)}{hint}",
    )


def shown_by(turn: Turn, step: Step) -> datetime:
    """Return the instant by which an accepted step has to be seen on every server."""
    wait = patience(turn) if asked(step) else _patience_with_signers(turn)
    return turn.log.outcomes[step.id].at + wait


def _patience_between(turn: Turn, step: Step) -> timedelta:
    """Return when to look again: soon, or later where a person acts."""
    parent = turn.outside.parents[turn.desired.parent]
    by_hand = parent.capabilities.manual and any(system(move) == "parent" for move in step.moves)
    return LOOK_AGAIN_AT_PEOPLE if by_hand or not asked(step) else LOOK_AGAIN


def patience(turn: Turn) -> timedelta:
    """Return how long an accepted change may take to be seen everywhere."""
    zone = turn.observation.zone
    if zone is None:
        return timedelta(days=7)
    delays = [s.propagation_delay + s.signing_delay for s in zone.signers.values()]
    parent = zone.parent.capabilities.processing_max + zone.parent.propagation_delay
    return timedelta(seconds=max([parent, *delays]))


def _patience_with_signers(turn: Turn) -> timedelta:
    """Return how long what nobody asked for may take: what a parent takes at most, and a signer
    that replaces every signature before it ends and keeps a key while caches hold what it signed.
    """
    zone = turn.observation.zone
    lives = [s.signatures.validity + s.max_zone_ttl for s in zone.signers.values()] if zone else []
    return patience(turn) + timedelta(seconds=max(lives, default=0))


def _who(turn: Turn, lagging: Sequence[Laggard]) -> str:
    if lagging:
        return differing(lagging) + (PENDING if turn.observation.pending else "")
    if turn.observation.pending:
        return PENDING.removeprefix("; ")
    return "; ".join(silent(turn.observation)) or "servers differ in what no step of this plan asks"


def _overdue(turn: Turn, step: Step, lagging: Sequence[Laggard]) -> Result:
    """Say that a step takes too long. Only what nobody shows can be given up; what some show and
    some deny is a person's. Where a server is silent, the next look may tell more.
    """
    nowhere = turn.observation.complete and not visible(turn, step)
    if nowhere and opaque(turn, step):
        return block(
            turn,
            step.id,
            f"step {step.id} was accepted and no server shows it; its operation is opaque, and "
            "repeating it may do it twice",
        )
    late = duration_words(int((turn.now - turn.log.outcomes[step.id].at).total_seconds()))
    if lagging and turn.observation.complete and not nowhere:
        why = f"step {step.id} was accepted, and not every server shows it {late} later"
        return block(turn, step.id, f"{why}: {_who(turn, lagging)}")
    finding = Diagnostic(
        code="effect-overdue",
        summary=f"step {step.id} of {turn.zone} was accepted, and "
        f"{'no server shows it' if nowhere else 'it is not seen everywhere'} {late} later",
        detail=_who(turn, lagging),
        hint="look at the system that accepted it; the zone is safe where it stands, and the next "
        + (
            "run plans from there"
            if nowhere
            else f"run looks again; `reconcile abandon {turn.zone} --reason TEXT` gives the plan up"
        ),
        where=turn.zone,
    )
    if nowhere:
        return Failed(zone=turn.zone, diagnostics=(finding,))
    return Blocked(zone=turn.zone, diagnostics=(finding,))


def agreed(turn: Turn) -> bool:
    """True if every server was asked and all showed the same, and the parent has nothing else in
    hand: only that is evidence.
    """
    zone, seen = turn.observation.zone, turn.observation
    return zone is not None and seen.complete and not zone.history and not seen.pending


def adopted(turn: Turn) -> Sequence[Draft]:
    """Return the entry that takes the zone into care as observed, if a complete look allows it."""
    zone = turn.observation.zone
    if zone is None or not agreed(turn):
        return ()
    seen = snapshot_json(take(zone))
    return (adopt_draft(turn.about(), observed=digest(seen), seen=seen),)
