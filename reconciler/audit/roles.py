"""How much each step of a plan puts at risk, what may stop it, and what its waits are counted from.

Freeze windows and approvals go by these words, so they are not taken from the plan, but held
against what its steps do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.governance.risk import risk_of_step
from reconciler.model.desired import RiskClass
from reconciler.model.plan import FreezeClass, Proved, Step, Verdict, WaitFrom
from reconciler.model.timeline import Timeline


def role_flaws(steps: Sequence[Step], timeline: Timeline, found: Verdict | None) -> Iterator[str]:
    """Yield which steps claim another risk, freeze class or beginning of a wait; `found`: proof."""
    for step in steps:
        risk = risk_of_step(replace(step, risk=RiskClass.R0), timeline)
        if step.risk < risk:
            yield f"{step.id} says it is of class {step.risk}, and its effect is of class {risk}"
        yield from _freeze(step, found)
        yield from _counted_from(step)


def _freeze(step: Step, found: Verdict | None) -> Iterator[str]:
    """What waits for no step of the plan begins a change; only what is broken can be rescued."""
    first = all(need.step is None for need in step.needs)
    broken = isinstance(found, Proved) and found.broken
    if step.freeze_class is FreezeClass.RESCUE and not broken:
        yield f"{step.id} claims to rescue a zone that is not broken, which no freeze stops"
    if step.freeze_class is FreezeClass.CONTINUE and first:
        yield f"{step.id} claims to continue a change, and waits for no step before it"


def _counted_from(step: Step) -> Iterator[str]:
    for need in step.needs:
        if need.wait_from is not WaitFrom.EVIDENCE:
            after = need.step or "the start"
            yield f"{step.id} counts its wait after {after} from an effect that nobody saw (I11)"
