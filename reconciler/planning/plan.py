"""One zone planned: gates first, then the search, then steps, timeline and the ways back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.model.desired import DesiredZone, RiskClass
from reconciler.model.durations import duration_words
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Alternative, Refusal, Rollback, Status, Step, ZonePlan
from reconciler.model.timeline import RRsetKind, Timeline
from reconciler.planning.deadlines import latest, too_slow
from reconciler.planning.delegation import notes_on
from reconciler.planning.denial import denial_gate
from reconciler.planning.goal import goal_of
from reconciler.planning.hints import hints_on
from reconciler.planning.itself import notes_on_itself
from reconciler.planning.publication import World
from reconciler.planning.refusals import change_gate, gate, no_path
from reconciler.planning.rollback import ways_back
from reconciler.planning.sides import notes_on_cds
from reconciler.planning.solve import Solution, arrived
from reconciler.planning.steps import Style, steps_of
from reconciler.planning.task import task_of
from reconciler.planning.timeline import (
    cds_versions,
    ends_clean,
    step_id,
    timeline_of,
    versions_of,
)
from reconciler.planning.ttls import hint_on, quickened
from reconciler.planning.variants import Way, ways_of

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
        notes=(*notes_on(observed, task), *notes_on_cds(observed, task.world.polling)),
        hints=hints_on(desired, observed, goal),
    )
    if unable := denial_gate(desired, observed):
        return _refused(observed, Status.NO_SAFE_PATH, unable)
    if arrived(task):
        return _unchanged(context)
    if missing := change_gate(desired, observed, task, goal):
        return _refused(observed, Status.NO_SAFE_PATH, missing)
    ways = ways_of(task, stuck=goal.stuck is not None)
    chosen = _chosen(ways.found, desired.variant)
    others = tuple(_alternative(context, way) for way in ways.found if way is not chosen)
    if chosen is None:
        refusals = no_path(task, ways, goal.stuck)
        status = Status.NO_SAFE_PATH if ways.cut_at is None else Status.BLOCKED
        refused = _refused(observed, status, *refusals)
        return replace(refused, alternatives=others, hints=context.hints)
    plan = replace(_planned(context, chosen), alternatives=others)
    if over := too_slow(plan.steps, task.parent.processing_max):
        refused = _refused(observed, Status.NO_SAFE_PATH, over)
        return replace(refused, alternatives=others, hints=context.hints)
    return plan


def _chosen(ways: Sequence[Way], variant: str | None) -> Way | None:
    """Return the way asked for by name, else the safe one."""
    asked = (way for way in ways if way.name == variant)
    return next(asked, None) or next((way for way in ways if way.safe), None)


def _alternative(context: Context, way: Way) -> Alternative:
    times = way.solution.waits.earliest()
    return Alternative(
        name=way.name,
        summary=way.summary,
        steps=steps_of(way.solution, Style(policy=context.desired.policy)),
        timeline=_timeline(context, way.solution),
        duration_min=max(times) - times[1],
        distrusted_min=_distrusted(way),
        exposure_bogus=way.exposure.bogus,
        exposure_insecure=way.exposure.insecure,
    )


def _distrusted(way: Way) -> int | None:
    return way.exposure.distrusted if way.solution.task.bad else None


def _refused(observed: ObservedZone, status: Status, *refusals: Refusal) -> ZonePlan:
    return ZonePlan(zone=observed.zone, status=status, at=observed.at, refusals=refusals)


def _unchanged(context: Context) -> ZonePlan:
    return ZonePlan(
        zone=context.observed.zone,
        status=Status.NO_CHANGE,
        at=context.observed.at,
        hints=context.hints,
    )


def _planned(context: Context, way: Way) -> ZonePlan:
    lowers = context.desired.policy.lower_ttls
    solution = (quickened(way.solution) if lowers else None) or way.solution
    times = solution.waits.earliest()
    task = solution.task
    begin = times[1]
    steps = steps_of(solution, Style(policy=context.desired.policy))
    return ZonePlan(
        zone=context.observed.zone,
        status=Status.PLANNED,
        at=context.observed.at,
        steps=steps,
        timeline=_timeline(context, solution),
        duration_min=max(times) - begin,
        clean_min=ends_clean(task.world, solution.windows, times) - begin,
        rollback=tuple(_rollbacks(context, solution, steps)),
        risk=_highest(steps),
        distrusted_min=_distrusted(way),
        hints=(
            *context.hints,
            *_replays(context, way),
            *_cut_short(solution),
            *(() if lowers else hint_on(solution)),
        ),
    )


def _rollbacks(context: Context, solution: Solution, steps: Sequence[Step]) -> Iterator[Rollback]:
    """Yield the ways back that are in time whenever the step they follow may take effect."""
    style = Style(policy=context.desired.policy, rescue=True)
    for number, way in ways_back(solution, [latest(step) for step in steps]):
        back = steps_of(way, style)
        if too_slow(back, way.task.parent.processing_max) is None:
            timeline = _timeline(context, way)
            yield Rollback(after=step_id(number), steps=back, timeline=timeline)


def _cut_short(solution: Solution) -> tuple[str, ...]:
    if solution.cut_at is None:
        return ()
    hint = (
        f"the search was cut short at {solution.cut_at} nodes: a cheaper path, or one for more"
        " validators, may exist"
    )
    return (hint,)


def _replays(context: Context, way: Way) -> tuple[str, ...]:
    """Name what no order of moves can take back: signatures that somebody kept (RFC 6781 §4.2)."""
    if not way.solution.task.bad:
        return ()
    facts = context.observed.signers.values()
    longest = duration_words(max(each.signatures.validity for each in facts))
    hint = (
        "whoever kept a DNSKEY RRset that holds the compromised key can show it again until its"
        f" signatures end, up to {longest} after it was withdrawn, unless the keys that made them"
        " lose their DS too"
    )
    return (hint,)


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
        assumptions=(
            *ASSUMPTIONS,
            *left_out,
            *context.notes,
            *notes_on_itself(task.world, solution.path),
            *context.observed.assumed,
        ),
        insecure_allowed=task.insecure_allowed,
    )


def _left_alone(world: World) -> tuple[str, ...]:
    """The signers whose CDS sets the plan does not speak of."""
    spoken_of = world.slots_of(RRsetKind.CDS)
    return tuple(name for i, name in enumerate(world.signers) if i not in spoken_of)


def _highest(steps: tuple[Step, ...]) -> RiskClass:
    return max((step.risk for step in steps), default=RiskClass.R0)
