"""`reconcile show PLAN --explain STEP`: why a step is there, and why it waits."""

from __future__ import annotations

from reconciler.cli.output import print_json, say
from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.execute.explain import counterfactuals
from reconciler.model.plan import Plan, Step, ZonePlan
from reconciler.proof import prove
from reconciler.report.step_story import step_story, story_json, story_text


def explain_step(bundle: Plan, asked: str, *, json: bool) -> None:
    """Print the story of the step named `STEP` or `ZONE/STEP`; an unknown one raises SpecError."""
    plan, step = _find(bundle, asked)
    story = step_story(plan, step, counterfactuals(plan, step, prove))
    if json:
        print_json(story_json(story))
    else:
        say(story_text(story))


def _find(bundle: Plan, asked: str) -> tuple[ZonePlan, Step]:
    steps = [
        (plan, step)
        for plan in bundle.zones.values()
        for step in plan.steps
        if plan.timeline is not None and asked in {step.id, f"{plan.zone}/{step.id}"}
    ]
    if len(steps) == 1:
        return steps[0]
    named = [f"{plan.zone}/{step.id}" for plan, step in steps]
    raise SpecError(_which(asked, named) if named else _no_such(bundle, asked))


def _which(asked: str, named: list[str]) -> Diagnostic:
    return Diagnostic(
        code="which-step",
        summary=f"{len(named)} zones have a step {asked}",
        hint=f"name the zone too: `--explain {named[0]}`",
    )


def _no_such(bundle: Plan, asked: str) -> Diagnostic:
    known = [f"{plan.zone}/{step.id}" for plan in bundle.zones.values() for step in plan.steps]
    return Diagnostic(
        code="no-such-step",
        summary=f"the plan has no step {asked}",
        hint=f"it has {', '.join(known[:5]) or 'no steps at all'}",
    )
