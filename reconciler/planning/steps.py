"""From a solution to the steps of a plan: needs with their reasons, risk, freeze class, words."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.desired import DnssecPolicy, RiskClass
from reconciler.model.durations import duration_words
from reconciler.model.keys import Key
from reconciler.model.plan import FreezeClass, Need, Step
from reconciler.model.timeline import RRsetKind
from reconciler.planning.cds import authorised
from reconciler.planning.deadlines import with_deadlines
from reconciler.planning.demands import Standing
from reconciler.planning.edge import Edge, by_itself
from reconciler.planning.offer import ParentInstalls, made_by
from reconciler.planning.publication import DS_SLOT, World
from reconciler.planning.solve import Solution
from reconciler.planning.tighten import ORDER, Apart, Arc, can_meet
from reconciler.planning.timeline import step_id
from reconciler.planning.windows import Window, harm_in_words
from reconciler.planning.wording import version_name, what

PROOF = "proof"
CARDINAL = "rule:I6"
PARTIAL = "rule:I1"
DISTRUST = "rule:distrust"
UNKNOWN = "rule:unknown"
SEQUENCE = "rule:order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a plan is for, as far as its steps show it: a way forward or a way back."""

    policy: DnssecPolicy
    rescue: bool = False


def steps_of(solution: Solution, style: Style) -> tuple[Step, ...]:
    """Return the steps of a solution, in order."""
    arcs = solution.waits.reduced()
    steps = []
    for number, edge in enumerate(solution.path, start=1):
        margin = _margin(edge, style)
        needs = tuple(
            _need(solution, arc, seconds, arcs, margin)
            for arc, seconds in arcs.items()
            if arc[1] == number
        )
        steps.append(
            Step(
                id=step_id(number),
                moves=tuple(
                    move
                    for offer in edge.offers
                    if not isinstance(move := offer.move, ParentInstalls)
                ),
                actor=actor_of(solution, edge),
                needs=needs,
                freeze_class=freeze_of(solution, edge, number, style),
                risk=risk_of(solution, number),
                why="; ".join(what(offer.move) for offer in edge.offers),
            )
        )
    return with_deadlines(solution, steps)


def _margin(edge: Edge, style: Style) -> int:
    """Return what is waited beyond the proof; nobody waits where a system moves by itself."""
    if by_itself(edge):
        return 0
    return style.policy.retire_safety if retires(edge) else style.policy.publish_safety


def actor_of(solution: Solution, edge: Edge) -> str:
    """Return who makes the moves; a manual parent is a person."""
    asked = {made_by(offer): offer.by is None for offer in edge.offers}
    manual = solution.task.parent.manual
    return ",".join(
        "person" if who == "parent" and manual and ours else who for who, ours in asked.items()
    )


def retires(edge: Edge) -> bool:
    """True if this edge only takes something away."""
    return all(not after & ~before for before, after in zip(edge.before, edge.after, strict=True))


def _need(solution: Solution, arc: Arc, seconds: int, arcs: dict[Arc, int], margin: int) -> Need:
    step = step_id(arc[0]) if arc[0] else None
    reason, why = _reason(solution, arc, seconds, arcs)
    if reason == SEQUENCE:
        margin = 0
    return Need(step=step, wait_min=seconds, margin=margin, reason=reason, why=why)


def _reason(solution: Solution, arc: Arc, seconds: int, arcs: dict[Arc, int]) -> tuple[str, str]:
    """Why a wait must be this long: `proof` only if one second less lets a bad view be cached."""
    ways = [w for ways in solution.apart for w in ways if w.arc == arc and w.seconds == seconds]
    shorter = {**arcs, arc: seconds - 1}
    known = [w for w in ways if all(_is_known(x) for x in w.triple)]
    if any(_leads_astray(solution, way) for way in ways):
        return DISTRUST, _shunned(solution, ways[0])
    for way in known:
        if can_meet(way.triple, shorter, len(solution.path)):
            return PROOF, _words(solution, way)
    rules = [s for s in solution.standing if s.arc == arc and s.seconds == seconds]
    if rules:
        return CARDINAL, _cardinal(solution, rules[0])
    asked = next((r for r in solution.rules if r.arc == arc and r.seconds == seconds), None)
    if asked is not None:
        return asked.reason, asked.why
    if arc[0] == 0 and seconds == ORDER:
        return SEQUENCE, "what stands now is taken to stand since the observation"
    if arc[0] == 0:
        return UNKNOWN, (
            "nobody knows what stood before, and some cache may hold it"
            f" for {duration_words(seconds)} after"
            " the observation"
        )
    if ways:
        return PARTIAL, _words(solution, ways[0])
    if seconds == ORDER:
        return SEQUENCE, f"steps are taken in order: {step_id(arc[0])} must be seen first"
    return PARTIAL, f"what {step_id(arc[0])} displaces must have left every cache (I1)"


def _leads_astray(solution: Solution, way: Apart) -> bool:
    ds, dnskey, _ = (window.value for window in way.triple)
    if not solution.views.shunned or ds is None or dnskey is None:
        return False
    return solution.views.leads_astray(ds, dnskey)


def _shunned(solution: Solution, way: Apart) -> str:
    return (
        f"{_lives(solution, way.early, way.arc[0], way.seconds)}; beside"
        f" {version_name(solution.task.world, way.late)} it would lead to a compromised key"
    )


def _is_known(window: Window) -> bool:
    flawed = window.passing or window.guessed or window.authorised
    return window.value is not None and not flawed


def _words(solution: Solution, way: Apart) -> str:
    profile, verdict = harm_in_words(solution.views, way.triple, solution.kept)
    rule = "I2" if verdict == "insecure" else "I1"
    if way.early is way.late:
        return (
            f"{version_name(solution.task.world, way.early)} may be asked for"
            f" until {duration_words(way.seconds)} after"
            f" {step_id(way.arc[0])}, and {step_id(way.arc[1])} sends resolvers there; it would be"
            f" {verdict} ({rule}, profile {profile})"
        )
    return (
        f"{_lives(solution, way.early, way.arc[0], way.seconds)};"
        f" beside {version_name(solution.task.world, way.late)}"
        f" it would be {verdict} ({rule}, profile {profile})"
    )


def _cardinal(solution: Solution, rule: Standing) -> str:
    return (
        f"{_lives(solution, rule.window, rule.arc[0], rule.seconds)}; a DS is submitted only for a"
        f" key that is in every cached DNSKEY RRset, and {rule.key} is not in this one (I6)"
    )


def _lives(solution: Solution, window: Window, since: int, seconds: int) -> str:
    name = version_name(solution.task.world, window)
    if not since:
        return f"{name} may be cached until {duration_words(seconds)} after the observation"
    if (since, seconds) == (window.ends, window.lasts - window.ttl):
        return f"{name} may be served for {duration_words(seconds)} after {step_id(since)}"
    if (since, seconds) != (window.ends, window.lasts):
        return (
            f"{name} may be fetched for"
            f" {duration_words(seconds - window.ttl)} after {step_id(since)}, while NS"
            f" RRsets that lead there are cached, and lives {duration_words(window.ttl)} then (I8)"
        )
    return (
        f"{name} may be cached for {duration_words(window.lasts)} after {step_id(since)}"
        f" (propagation {duration_words(window.propagation)}, TTL {duration_words(window.ttl)})"
    )


def freeze_of(solution: Solution, edge: Edge, number: int, style: Style) -> FreezeClass:
    """Return what a freeze window may stop: the first step begins, others must follow.

    A way back, and a step that replaces what makes the zone bogus, restores the chain.
    """
    dead = frozenset().union(*solution.views.dead)
    mends = any(
        before != after and (kind, before) in dead
        for (kind, _), before, after in zip(
            solution.task.world.slots, edge.before, edge.after, strict=True
        )
    )
    if style.rescue or mends:
        return FreezeClass.RESCUE
    return FreezeClass.START if number == 1 else FreezeClass.CONTINUE


def risk_of(solution: Solution, number: int) -> RiskClass:
    """Return how much can go wrong with one step (change-control.md §2)."""
    edge, task = solution.path[number - 1], solution.task
    before, after = edge.before[DS_SLOT], edge.after[DS_SLOT]
    asked = _newly_authorised(task.world, edge)
    if before and (not after or 0 in asked):
        return RiskClass.R4
    if before & ~after or (after and not before) or _moves_delegation(solution, edge):
        return RiskClass.R3
    if asked - {before, after}:
        return RiskClass.R3
    if _takes_named_key(solution, edge) or _algorithms_change(task.world, task.start, task.goal):
        return RiskClass.R3
    return RiskClass.R2


def _newly_authorised(world: World, edge: Edge) -> frozenset[int]:
    """Return the DS RRsets that CDS sets let a parent install from this edge on."""
    if world.polling is None:
        return frozenset()
    return frozenset(
        ds
        for slot in world.slots_of(RRsetKind.CDS).values()
        if edge.before[slot] != edge.after[slot]
        and (ds := authorised(world, edge.after[slot])) is not None
    )


def _moves_delegation(solution: Solution, edge: Edge) -> bool:
    return any(
        kind is RRsetKind.NS and before != after
        for (kind, _), before, after in zip(
            solution.task.world.slots, edge.before, edge.after, strict=True
        )
    )


def _takes_named_key(solution: Solution, edge: Edge) -> bool:
    """True if a key goes that some DS of this plan, and so some cached DS, may name."""
    world = solution.task.world
    named = {ref.key for ref in world.refs}
    gone = [
        before & ~after & world.all_keys
        for (kind, _), before, after in zip(world.slots, edge.before, edge.after, strict=True)
        if kind is RRsetKind.DNSKEY
    ]
    return any(named & world.names(mask) for mask in gone)


def _algorithms_change(world: World, start: tuple[int, ...], goal: tuple[int, ...]) -> bool:
    """True if a signed zone's algorithms are others at the end than at the start."""
    first, last = _algorithms(world, start), _algorithms(world, goal)
    return bool(first and last and first != last)


def _algorithms(world: World, node: tuple[int, ...]) -> frozenset[int]:
    keys = [
        world.keys[label]
        for (kind, _), value in zip(world.slots, node, strict=True)
        if kind is RRsetKind.DNSKEY
        for label in world.names(world.dnskey_parts(value)[0])
    ]
    return frozenset(key.algorithm for key in keys if isinstance(key, Key))
