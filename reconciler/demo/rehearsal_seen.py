"""What the judges saw of a rehearsal, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.plan import ZonePlan
from reconciler.sandbox.judge import BadView, Report, ValidationStatus

START = "start"
"""In place of a step: what was seen before the first one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSeen:
    """What the judges saw from one step to the next.

    `after` counts seconds from the observation. `mixes`: distinct mixes of what it replaced and
    what it brought. `bogus` and `insecure` are distinct views that first came up then; `example`
    says what one of them lacks.
    """

    step: str
    after: int
    mixes: int
    bogus: int
    insecure: int
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What a rehearsal came to. `insecure` counts only what nobody asked for, `mended` bogus views
    of a start that was bogus already, which the proof foresaw.
    """

    zone: str
    steps: tuple[StepSeen, ...]
    views: int
    distinct_views: int
    bogus: int
    insecure: int
    mended: int
    unanswered: int
    notes: tuple[str, ...]

    @property
    def good(self) -> bool:
        """True if the judges saw nothing that should not have been."""
        return not self.bogus and not self.insecure and not self.unanswered


def rehearsed(
    plan: ZonePlan,
    foreseen: datetime | None,
    taken: Mapping[str, datetime],
    report: Report,
    notes: tuple[str, ...],
) -> Rehearsed:
    """Return what `report` says of a plan whose steps were taken when `taken` says.

    Until `foreseen`, bogus views of a start that was broken are what the proof said there would be.
    """
    bad = _Bad(plan, foreseen, report)
    marks = sorted({START: plan.at, **taken}.items(), key=lambda mark: mark[1])
    ends = [at for _, at in marks[1:]]
    seen = (
        bad.between(step, at, end) for (step, at), end in zip(marks, [*ends, None], strict=True)
    )
    return Rehearsed(
        zone=plan.zone,
        steps=tuple(step for step in seen if step.step != START or step.bogus or step.insecure),
        views=report.views,
        distinct_views=report.distinct_views,
        bogus=sum(view.verdict is ValidationStatus.BOGUS for view in bad.unforeseen()),
        insecure=sum(view.verdict is ValidationStatus.INSECURE for view in bad.unforeseen()),
        mended=bad.mended(),
        unanswered=report.unanswered,
        notes=notes,
    )


@dataclass(frozen=True, slots=True)
class _Bad:
    """The bad views that could be seen from the observation on."""

    plan: ZonePlan
    foreseen: datetime | None
    report: Report

    def between(self, step: str, since: datetime, until: datetime | None) -> StepSeen:
        """Return what came up from one instant on, before another; None: to the end."""
        new = [v for v in self.unforeseen() if since <= self.first(v) and _before(v, self, until)]
        mixed = self.report.mixed_between
        return StepSeen(
            step=step,
            after=int((since - self.plan.at).total_seconds()),
            mixes=mixed(since) if until is None else mixed(since, until),
            bogus=sum(view.verdict is ValidationStatus.BOGUS for view in new),
            insecure=sum(view.verdict is ValidationStatus.INSECURE for view in new),
            example=next((f"{v.profile}: {v.why}" for v in new), ""),
        )

    def unforeseen(self) -> tuple[BadView, ...]:
        """Return what nobody asked for and nobody foresaw."""
        return tuple(view for view in self._later() if self._counts(view))

    def mended(self) -> int:
        """Count the bogus views that a broken start showed, as the proof said it would."""
        bogus = [v for v in self._later() if v.verdict is ValidationStatus.BOGUS]
        return sum(not self._counts(view) for view in bogus)

    def first(self, view: BadView) -> datetime:
        """Return when a view could first be seen, from the observation on."""
        return min(max(span[0], self.plan.at) for span in view.spans if self._on(span))

    def _later(self) -> Iterator[BadView]:
        return (v for v in self.report.bad_views if any(map(self._on, v.spans)))

    def _on(self, span: tuple[datetime, datetime]) -> bool:
        """True if a view could be seen at the observation or after it."""
        return span[1] > self.plan.at or span[0] >= self.plan.at

    def _counts(self, view: BadView) -> bool:
        if view.verdict is ValidationStatus.INSECURE:
            return not self._asked_for() and view.profile not in self._insecure_before()
        limit = self.foreseen
        return limit is None or any(ends > limit for _, ends in view.spans)

    def _asked_for(self) -> bool:
        timeline = self.plan.timeline
        return timeline is None or timeline.insecure_allowed

    def _insecure_before(self) -> frozenset[str]:
        """Return the profiles for which the zone was insecure from the start."""
        return frozenset(
            view.profile
            for view in self.report.bad_views
            if view.verdict is ValidationStatus.INSECURE
            and any(begins <= self.plan.at <= ends for begins, ends in view.spans)
        )


def _before(view: BadView, bad: _Bad, until: datetime | None) -> bool:
    return until is None or bad.first(view) < until
