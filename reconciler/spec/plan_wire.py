"""The form of plan files (format 1): models that turn what a file says into values."""

from __future__ import annotations

from pydantic import Field

from reconciler.model.desired import RiskClass
from reconciler.model.plan import (
    Alternative,
    Deadline,
    FreezeClass,
    Need,
    Refusal,
    Rollback,
    Step,
    WaitFrom,
)
from reconciler.spec.json_document import Wire
from reconciler.spec.move_wire import MoveFile
from reconciler.spec.proof_wire import ProofFile
from reconciler.spec.timeline_file import TimelineFile
from reconciler.spec.wire_types import Seconds


class NeedFile(Wire):
    """A wait before a step."""

    step: str | None = None
    wait_min: Seconds
    margin: Seconds = 0
    wait_from: WaitFrom = Field(alias="from", default=WaitFrom.EVIDENCE)
    reason: str = "proof"
    why: str = ""

    def value(self) -> Need:
        """Return the need as a value."""
        return Need(
            step=self.step,
            wait_min=self.wait_min,
            margin=self.margin,
            wait_from=self.wait_from,
            reason=self.reason,
            why=self.why,
        )


class DeadlineFile(Wire):
    """The latest that a step may be taken."""

    step: str | None = None
    wait_max: Seconds
    reason: str = ""

    def value(self) -> Deadline:
        """Return the deadline as a value."""
        return Deadline(step=self.step, wait_max=self.wait_max, reason=self.reason)


class StepFile(Wire):
    """Moves made together; everything but the id may be left out of a file written by hand."""

    id: str
    moves: tuple[MoveFile, ...] = ()
    actor: str = "person"
    needs: tuple[NeedFile, ...] = ()
    not_after: tuple[DeadlineFile, ...] = ()
    freeze_class: FreezeClass = FreezeClass.CONTINUE
    risk: RiskClass = RiskClass.R2
    why: str = ""

    def value(self) -> Step:
        """Return the step as a value."""
        return Step(
            id=self.id,
            moves=tuple(move.value() for move in self.moves),
            actor=self.actor,
            needs=tuple(need.value() for need in self.needs),
            not_after=tuple(deadline.value() for deadline in self.not_after),
            freeze_class=self.freeze_class,
            risk=self.risk,
            why=self.why,
        )


class RollbackFile(Wire):
    """The way back after one step."""

    steps: tuple[StepFile, ...]
    timeline: TimelineFile

    def value(self, after: str) -> Rollback:
        """Return the rollback as a value."""
        steps = tuple(step.value() for step in self.steps)
        return Rollback(after=after, steps=steps, timeline=self.timeline.value())


class RefusalFile(Wire):
    """Why there is no safe path."""

    rule: str
    summary: str
    detail: str = ""
    opens: str = ""
    exposure_bogus: int | None = None
    exposure_insecure: int | None = None

    def value(self) -> Refusal:
        """Return the refusal as a value."""
        return Refusal(
            rule=self.rule,
            summary=self.summary,
            detail=self.detail,
            opens=self.opens,
            exposure_bogus=self.exposure_bogus,
            exposure_insecure=self.exposure_insecure,
        )


class AlternativeFile(Wire):
    """Another way to the goal, shown beside the plan."""

    name: str
    summary: str = ""
    duration_min: Seconds = 0
    distrusted_min: Seconds | None = None
    exposure_bogus: Seconds = 0
    exposure_insecure: Seconds = 0
    steps: tuple[StepFile, ...]
    timeline: TimelineFile
    proof: ProofFile | None = None

    def value(self) -> Alternative:
        """Return the alternative as a value."""
        return Alternative(
            name=self.name,
            summary=self.summary,
            steps=tuple(step.value() for step in self.steps),
            timeline=self.timeline.value(),
            verdict=self.proof.value() if self.proof else None,
            duration_min=self.duration_min,
            distrusted_min=self.distrusted_min,
            exposure_bogus=self.exposure_bogus,
            exposure_insecure=self.exposure_insecure,
        )
