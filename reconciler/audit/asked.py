"""Whether a plan keeps to what its zone is desired to be, as its own file says.

What a plan may do depends on what was asked for: to go insecure, to submit a DS ahead of its key,
to drop a class of validators. None of it is taken from the steps themselves. The desired state in
the file is bound by its digest, and that one by the digest that people approve.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.audit.shape import Node, ShapeError
from reconciler.model.capabilities import DsCheck
from reconciler.model.desired import Denial, KskRollover, StandbyKsk
from reconciler.model.entries import Json
from reconciler.model.moves import DenialSet
from reconciler.model.plan import Proved, Step, ZonePlan
from reconciler.model.timeline import DsVersion, Timeline
from reconciler.proof import PROFILES, prove, unready_ds
from reconciler.proof.profiles import parse_profile
from reconciler.proof.views import stays_secure
from reconciler.spec.canonical import digest

_LOOSE, _STRICT = "loose", "ds-alg"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    """What the desired state in a plan file says of what a plan may do."""

    signed: bool
    variant: bool
    ds_ahead: bool
    drop_strict: bool
    weak: tuple[int, ...]
    denial: Json


def unasked(plan: ZonePlan, timeline: Timeline) -> Iterator[str]:
    """Yield in what a plan goes beyond, or falls short of, what its file says was desired."""
    try:
        wishes = _wishes(Node(plan.desired, "desired"))
    except ShapeError as error:
        yield f"the desired state it holds cannot be read: {error}"
        return
    if digest(plan.desired) != plan.desired_digest:
        yield "the desired state it holds is not that of its digest"
    yield from _insecure(plan, timeline, wishes)
    yield from _profiles(plan, timeline, wishes)
    yield from _denials(plan, wishes)
    yield from _cardinal(plan, timeline, wishes)


def _wishes(file: Node) -> _Wishes:
    desired = file.member("desired")
    policy = desired.member("policy")
    standby = policy.member("standby_ksk")
    return _Wishes(
        signed=desired.member("signed").flag(),
        variant=desired.member("variant").given,
        ds_ahead=policy.member("ksk_rollover").text() != KskRollover.DOUBLE_KSK
        or (standby.given and standby.text() == StandbyKsk.DS),
        drop_strict=policy.member("drop_strict").flag(),
        weak=tuple(each.number() for each in policy.member("weak_algorithms").items()),
        denial=_denial(policy.member("denial")),
    )


def _denial(wanted: Node) -> Json:
    if not wanted.given:
        return _text(Denial())
    return {
        "kind": wanted.member("kind").text(),
        "iterations": wanted.member("iterations").number(),
        "salt": wanted.member("salt").text(),
        "opt_out": wanted.member("opt_out").flag(),
    }


def _insecure(plan: ZonePlan, timeline: Timeline, wishes: _Wishes) -> Iterator[str]:
    """A zone that has a DS and shall be signed goes insecure in a variant asked for, or never."""
    if not wishes.signed or wishes.variant:
        return
    paths = [("", timeline)]
    paths += [(f"the way back after {back.after}: ", back.timeline) for back in plan.rollback]
    for where, path in paths:
        if path.insecure_allowed and _standing(timeline):
            yield f"{where}it allows insecure views, and the zone shall be signed (I2)"


def _standing(timeline: Timeline) -> bool:
    """True if a DS stands at the start of the plan."""
    started = [v for v in timeline.versions if isinstance(v, DsVersion) and v.step is None]
    return bool(started and started[-1].ds)


def _profiles(plan: ZonePlan, timeline: Timeline, wishes: _Wishes) -> Iterator[str]:
    """A profile is left out only where the plan is not proved for it."""
    weak = (f"without-alg({number})" for number in wishes.weak)
    for name in (*PROFILES, *(name for name in weak if _matters(timeline, name))):
        if name in timeline.profiles:
            continue
        if name == _LOOSE or (name == _STRICT and not wishes.drop_strict):
            yield f"it is not for validators of the profile {name}, which nobody asked to drop (I3)"
            continue
        found = prove(plan.steps, replace(timeline, profiles=(*timeline.profiles, name)))
        if isinstance(found, Proved) and not found.broken:
            yield f"it leaves out the profile {name}, for which its steps are proved as well"


def _matters(timeline: Timeline, name: str) -> bool:
    """True if validators of a profile see a chain before and after: else they see none to break."""
    profile = parse_profile(name)
    return profile is not None and stays_secure(timeline, profile)


def _denials(plan: ZonePlan, wishes: _Wishes) -> Iterator[str]:
    """The last denial that each signer is asked for is the one desired, NSEC where none is."""
    last = {move.signer: step for step in plan.steps for move in _denial_moves(step)}
    for signer, step in last.items():
        wanted = [_text(move.denial) for move in _denial_moves(step) if move.signer == signer]
        if wanted[-1] != wishes.denial:
            yield f"{step.id} asks {signer} for a denial of existence other than the one desired"


def _denial_moves(step: Step) -> list[DenialSet]:
    return [move for move in step.moves if isinstance(move, DenialSet)]


def _text(denial: Denial) -> Json:
    return {
        "kind": denial.kind.value,
        "iterations": denial.iterations,
        "salt": denial.salt.hex(),
        "opt_out": denial.opt_out,
    }


def _cardinal(plan: ZonePlan, timeline: Timeline, wishes: _Wishes) -> Iterator[str]:
    """A DS goes ahead of its key by an explicit policy, at a parent that does not look (I6)."""
    checks = plan.observed.parent.capabilities.checks_ds if plan.observed else DsCheck.NONE
    delegated = checks is DsCheck.DELEGATED
    if wishes.ds_ahead and not delegated:
        return
    yield from unready_ds(plan.steps, timeline, delegated=delegated)
    for back in plan.rollback:
        for clause in unready_ds(back.steps, back.timeline, delegated=delegated):
            yield f"the way back after {back.after}: {clause}"
