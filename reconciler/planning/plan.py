"""One zone planned: gates first, then the search, then steps, timeline and the ways back."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.desired import DesiredZone, RiskClass
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Refusal, Rollback, Status, Step, ZonePlan
from reconciler.model.timeline import RRsetKind, Timeline
from reconciler.planning.delegation import notes_on
from reconciler.planning.denial import denial_gate
from reconciler.planning.goal import goal_of
from reconciler.planning.hints import hints_on
from reconciler.planning.publication import World
from reconciler.planning.refusals import change_gate, gate, no_path
from reconciler.planning.rollback import ways_back
from reconciler.planning.solve import Solution, arrived, solve
from reconciler.planning.steps import Style, steps_of
from reconciler.planning.task import task_of
from reconciler.planning.timeline import (
    cds_versions,
    ends_clean,
    step_id,
    timeline_of,
    versions_of,
)

ASSUMPTIONS = (
    "caches keep TTLs: no stale answers are served (RFC 8767), and no minimum is put on a TTL",
    "every server, also those that cannot be seen, follows within the propagation bound",
    "clocks are right within the margins",
    "resolvers return to the parent when the delegation they hold has run out",
)
"""What every plan takes for granted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a timeline needs beside its solution."""

    desired: DesiredZone
    observed: ObservedZone
    notes: tuple[str, ...]
    hints: tuple[str, ...]


def plan_zone(desired: DesiredZone, observed: ObservedZone) -> ZonePlan:
    """Return the cheapest safe plan from `observed` to `desired`, or why there is none.

    Pure: `observed.at` is the only time. The verdict of the proof and the digests are added by the
    caller. Equal arguments give equal plans.
    """
    refusal = gate(desired, observed)
    if refusal:
        return _refused(observed, *refusal)
    goal = goal_of(desired, observed)
    if isinstance(goal, Refusal):
        return _refused(observed, Status.NO_SAFE_PATH, goal)
    task = task_of(desired, observed, goal)
    context = Context(
        desired=desired,
        observed=observed,
        notes=notes_on(observed, task),
        hints=hints_on(desired, observed, goal),
    )
    if refused := denial_gate(desired, observed):
        return _refused(observed, Status.NO_SAFE_PATH, refused)
    if arrived(task):
        return _unchanged(context)
    if missing := change_gate(desired, observed, task, goal):
        return _refused(observed, Status.NO_SAFE_PATH, missing)
    solution = solve(task)
    if solution is None:
        return _refused(observed, Status.NO_SAFE_PATH, *no_path(task))
    return _planned(context, solution)


def _refused(observed: ObservedZone, status: Status, *refusals: Refusal) -> ZonePlan:
    return ZonePlan(zone=observed.zone, status=status, at=observed.at, refusals=refusals)


def _unchanged(context: Context) -> ZonePlan:
    return ZonePlan(
        zone=context.observed.zone,
        status=Status.NO_CHANGE,
        at=context.observed.at,
        hints=context.hints,
    )


def _planned(context: Context, solution: Solution) -> ZonePlan:
    times = solution.waits.earliest()
    task = solution.task
    begin = times[1]
    steps = steps_of(solution, Style(policy=context.desired.policy))
    back = Style(policy=context.desired.policy, rescue=True)
    return ZonePlan(
        zone=context.observed.zone,
        status=Status.PLANNED,
        at=context.observed.at,
        steps=steps,
        timeline=_timeline(context, solution),
        duration_min=max(times) - begin,
        clean_min=ends_clean(task.world, solution.windows, times) - begin,
        rollback=tuple(
            Rollback(
                after=step_id(number),
                steps=steps_of(way, back),
                timeline=_timeline(context, way),
            )
            for number, way in ways_back(solution)
        ),
        risk=_highest(steps),
        hints=context.hints,
    )


def _timeline(context: Context, solution: Solution) -> Timeline:
    task, times = solution.task, solution.waits.earliest()
    versions = versions_of(task.world, task.pasts, task.timings, solution.path, times)
    left_out = tuple(
        f"not claimed: the profile {name}, which no path keeps beside those claimed"
        for name in solution.left_out
    )
    return timeline_of(
        task.world,
        versions,
        cds_versions(context.observed, _left_alone(task.world)),
        profiles=solution.kept_profiles,
        assumptions=(*ASSUMPTIONS, *left_out, *context.notes, *context.observed.assumed),
        insecure_allowed=task.insecure_allowed,
    )


def _left_alone(world: World) -> tuple[str, ...]:
    """The signers whose CDS sets the plan does not speak of."""
    spoken_of = world.slots_of(RRsetKind.CDS)
    return tuple(name for i, name in enumerate(world.signers) if i not in spoken_of)


def _highest(steps: tuple[Step, ...]) -> RiskClass:
    return max((step.risk for step in steps), default=RiskClass.R0)
