"""One turn of a run: all that is gathered about one zone at one instant, before it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.diagnostics import LostRaceError
from reconciler.execute.logged import logged_plan, position_in
from reconciler.execute.outside import Outside
from reconciler.execute.position import Position
from reconciler.execute.snapshot import Snapshot, with_history
from reconciler.execute.snapshot_json import snapshots
from reconciler.ledger.history import History, ZoneLog
from reconciler.ledger.records import About
from reconciler.model.desired import DesiredZone
from reconciler.model.entries import Draft
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import ZonePlan
from reconciler.model.sightings import Observation

FACT_TRIES = 8
"""How often a fact is appended before the run gives up; each lost race means that another run got
on. No official reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is known: desired state, ledger, and one observation with what caches may remember.

    `plan` is the plan being carried out, with real keys in place of the symbols created so far.
    `looked` is when the observation began, `now` when it had ended: what was seen is as old as the
    one when it is acted on, and never older than the other when a wait begins with it.
    """

    outside: Outside
    desired: DesiredZone
    looked: datetime
    now: datetime
    history: History
    observation: Observation
    plan: ZonePlan | None

    @property
    def zone(self) -> str:
        """The zone's name."""
        return self.desired.zone

    @property
    def log(self) -> ZoneLog:
        """What the ledger knows of the zone."""
        return self.history.zone(self.zone)

    @property
    def observed(self) -> ObservedZone | None:
        """The observation as the planner's input, None where too little was seen."""
        zone = self.observation.zone
        return None if zone is None else with_history(zone, self._snapshots())

    def _snapshots(self) -> Sequence[Snapshot]:
        return snapshots(self.log)

    @property
    def position(self) -> Position | None:
        """Where the running plan stands, None without one."""
        return None if self.plan is None else position_in(self.plan, self.log)

    def about(self, step: str | None = None, idem: str | None = None) -> About:
        """Return what an entry of this turn is about."""
        logged = self.log.plan
        return About(
            zone=self.zone,
            plan=logged.plan if logged else None,
            change=logged.change if logged else None,
            step=step,
            idem=idem,
        )

    def record_fact(self, *drafts: Draft) -> None:
        """Append what has happened already: a race that is lost does not undo it, so read again
        and append on the new tip.
        """
        for _ in range(FACT_TRIES - 1):
            try:
                return self.record(*drafts)
            except LostRaceError:
                self.outside.recall()
        return self.record(*drafts)

    def record(self, *drafts: Draft, blobs: dict[str, bytes] | None = None) -> None:
        """Append to the ledger as one commit; raises LostRaceError if somebody was faster."""
        self.outside.ledger.append(drafts, self.outside.clock.now(), blobs)


def gather(outside: Outside, desired: DesiredZone) -> Turn:
    """Read the ledger first, then observe: what is seen is never older than what is on record."""
    history = outside.recall()
    log = history.zone(desired.zone)
    looked = outside.clock.now()
    observation = outside.observe(desired)
    outside.checkpoint("observed")
    return Turn(
        outside=outside,
        desired=desired,
        looked=looked,
        now=outside.clock.now(),
        history=history,
        observation=observation,
        plan=logged_plan(outside.ledger.blob, desired.zone, log),
    )
