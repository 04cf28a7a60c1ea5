"""Replaying the record entry by entry, each judged by what stands before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from reconciler.audit import approvals, effects, people
from reconciler.audit.findings import finding
from reconciler.audit.intents import intent_problems
from reconciler.audit.plans import keys_to_come, plan_on_record, plan_problems, refined
from reconciler.audit.policy import policy_problems, rules_from
from reconciler.audit.rollbacks import rollback_problems
from reconciler.audit.scene import Attempt, Problem, Scene
from reconciler.audit.shape import ShapeError
from reconciler.diagnostics import Diagnostic, ReconcileError
from reconciler.governance.approvals import Rules
from reconciler.ledger.fold import fold_zone
from reconciler.ledger.history import ZoneLog
from reconciler.ledger.read_data import Data
from reconciler.model.entries import Entry, Event
from reconciler.model.plan import ZonePlan

Judge = Callable[[Scene], Iterator[Problem]]


def _genesis(scene: Scene) -> Iterator[Problem]:
    if not scene.data.text("ledger"):
        yield Problem("audit-genesis", "it gives the ledger no id")


def _plan(scene: Scene) -> Iterator[Problem]:
    yield from plan_problems(scene)
    yield from rollback_problems(scene)


def _reserved(scene: Scene) -> Iterator[Problem]:
    yield Problem("audit-reserved", f"this release knows no rule for `{scene.entry.event}`")


def _heartbeat(_scene: Scene) -> Iterator[Problem]:
    return iter(())


def _checkpoint(scene: Scene) -> Iterator[Problem]:
    """Compare a checkpoint with the chain; what it says of git is for `commits.py`."""
    if scene.data.number("count") != scene.entry.seq - 1:
        yield Problem("audit-checkpoint", "it counts other entries than stand before it")
    if scene.data.text("head") != scene.entry.prev:
        yield Problem("audit-checkpoint", "it names another head of the chain")


JUDGES: dict[Event, Judge] = {
    Event.GENESIS: _genesis,
    Event.POLICY: policy_problems,
    Event.ADOPT: people.adopt_problems,
    Event.PLAN: _plan,
    Event.REFINE: effects.refine_problems,
    Event.APPROVAL: approvals.approval_problems,
    Event.REVOKE: approvals.revoke_problems,
    Event.INTENT: intent_problems,
    Event.ACCEPTED: effects.accepted_problems,
    Event.OUTCOME: effects.outcome_problems,
    Event.EVIDENCE: effects.evidence_problems,
    Event.BLOCKED: people.blocked_problems,
    Event.RESOLVE: people.resolve_problems,
    Event.SUSPEND: people.suspend_problems,
    Event.RESUME: people.resume_problems,
    Event.ABANDON: people.abandon_problems,
    Event.ANNOTATE: people.annotate_problems,
    Event.BREAK_GLASS_OPEN: _reserved,
    Event.BREAK_GLASS_CLOSE: _reserved,
    Event.HEARTBEAT: _heartbeat,
    Event.CHECKPOINT: _checkpoint,
}
"""Which judge looks at which event."""


class Replay:
    """Goes through entries in order and remembers what later ones are judged by."""

    def __init__(self, blob: Callable[[str], bytes | None]) -> None:
        """Read content-addressed files by `blob`; None: the ledger does not hold it."""
        self._blob = blob
        self._zones: dict[str, ZoneLog] = {}
        self._plans: dict[str, ZonePlan | None] = {}
        self._attempts: dict[tuple[str, str], tuple[Attempt, ...]] = {}
        self._rules: Rules | None = None
        self._ledger_id = ""

    @property
    def silence(self) -> timedelta | None:
        """The longest time without an entry that the policy in force allows; None: any.

        It is twice the policy's `heartbeat`: a scheduled run may come late.
        """
        heartbeat = self._rules.governance.heartbeat if self._rules else None
        return None if heartbeat is None else timedelta(seconds=2 * heartbeat)

    def findings(self, entry: Entry, path: str) -> Iterator[Diagnostic]:
        """Yield what is wrong with the next entry, and take it in."""
        scene = self._scene(entry)
        try:
            problems = list(JUDGES[entry.event](scene))
            self._take_in(scene)
        except ReconcileError as error:
            yield from (replace(found, file=path) for found in error.diagnostics)
            return
        for problem in problems:
            yield finding(problem, entry, path)

    def _scene(self, entry: Entry) -> Scene:
        zone, idem = entry.draft.zone or "", entry.draft.idem or ""
        log = self._zones.get(zone, ZoneLog())
        return Scene(
            entry=entry,
            log=log,
            plan=self._plans.get(zone) if log.plan else None,
            rules=self._rules,
            ledger_id=self._ledger_id,
            attempts=self._attempts.get((zone, idem), ()),
            blob=self._blob,
        )

    def _take_in(self, scene: Scene) -> None:
        entry, zone = scene.entry, scene.entry.draft.zone
        if entry.event is Event.GENESIS:
            self._ledger_id = scene.data.text("ledger")
        elif entry.event is Event.POLICY:
            self._rules = _readable(entry)
        if zone is None:
            return
        log = self._zones[zone] = _slim(fold_zone(scene.log, entry))
        if entry.event is Event.PLAN:
            self._plans[zone] = plan_on_record(scene)
        elif entry.event is Event.REFINE:
            self._plans[zone] = _with_keys(scene)
        elif entry.event is Event.INTENT:
            self._attempts[zone, scene.data.member("idem")] = (*scene.attempts, _attempt(scene))
        elif entry.event is Event.ACCEPTED:
            self._attempts[zone, scene.data.member("idem")] = _accepted(scene)
        elif entry.event is Event.OUTCOME and not effects.is_resolved(scene):
            self._attempts[zone, scene.data.member("idem")] = _answered(scene)
        if log.complete and not keys_to_come(self._plans.get(zone)):
            self._plans.pop(zone, None)


def _slim(log: ZoneLog) -> ZoneLog:
    """Return the log without snapshots, which were judged with their entries: there are many."""
    if log.adopted is not None and log.adopted.seen:
        log = replace(log, adopted=replace(log.adopted, seen=()))
    if not any(evidence.rrsets for evidence in log.seen[-1:]):
        return log
    return replace(
        log,
        seen=tuple(replace(evidence, rrsets=()) for evidence in log.seen),
        evidence={step: replace(seen, rrsets=()) for step, seen in log.evidence.items()},
    )


def _readable(entry: Entry) -> Rules | None:
    try:
        return rules_from(Data(entry).mapping("rules"))
    except (ShapeError, ValueError):
        return None


def _with_keys(scene: Scene) -> ZonePlan | None:
    try:
        keys = scene.data.text_mapping("keys")
        return None if scene.plan is None else refined(scene.plan, keys)
    except ValueError:
        return scene.plan


def _attempt(scene: Scene) -> Attempt:
    entry, data = scene.entry, scene.data
    return Attempt(
        step=data.member("step"),
        plan=data.member("plan"),
        change=data.member("change"),
        symbols=effects.symbols(scene.plan),
        run=entry.actor.run,
        deadline=entry.draft.deadline,
    )


def _accepted(scene: Scene) -> tuple[Attempt, ...]:
    """Return the attempts with what a system accepted noted at that of this run."""
    operation = frozenset({scene.data.text("operation")})
    return _noted(scene, lambda a: replace(a, operations=a.operations | operation))


def _answered(scene: Scene) -> tuple[Attempt, ...]:
    """Return the attempts with that of this run marked as answered."""
    return _noted(scene, lambda a: replace(a, answered=True))


def _noted(scene: Scene, note: Callable[[Attempt], Attempt]) -> tuple[Attempt, ...]:
    """Return the attempts with a note on the last that this run has not answered."""
    attempts = list(scene.attempts)
    for at in reversed(range(len(attempts))):
        if attempts[at].run == scene.entry.actor.run and not attempts[at].answered:
            attempts[at] = note(attempts[at])
            break
    return tuple(attempts)
