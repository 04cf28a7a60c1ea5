"""The cardinal rule: a DS is submitted only for a key that every cache knows (I6).

Where it is broken no view need be bogus, for another DS may carry the chain meanwhile; so it stands
apart from the proof. Sources: design/planning.md §4, which names the exceptions (RFC 7583 §3.3.2
and §3.3.3); RFC 7344 §4.1 for CDS sets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reconciler.model.keys import DsRef, Key
from reconciler.model.plan import Step
from reconciler.model.timeline import (
    CdsVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Timeline,
)
from reconciler.proof.schedule import Closure, arcs_of, closure_of, floor_of, possible
from reconciler.proof.wellformed import by_slot, flaws
from reconciler.proof.windows import Bound, Stay, Window, cached, within
from reconciler.proof.words import describe
from reconciler.proof.world import DS, World, holds_at, world_of

RULE = "I6"


@dataclass(frozen=True, slots=True)
class _Submission:
    """A DS that is submitted for a key at a step; `what` says how."""

    step: str
    key: str
    what: str = "the DS"


@dataclass(frozen=True, slots=True)
class _Case:
    """What a submission is judged by."""

    world: World
    closure: Closure


def unready_ds(steps: Sequence[Step], timeline: Timeline, *, delegated: bool) -> Iterator[str]:
    """Yield which DS may be submitted before its key is in every cached DNSKEY RRset of its signer.

    Each is a clause, judged for every delay that the needs allow. `delegated`: the parent checks a
    DS against the servers that it delegates to, so that one of them must show the key as well. A DS
    that stands already is not submitted. Nothing is yielded where no proof could begin.
    """
    if next(flaws(steps, timeline), None) is not None:
        return
    closure, floor = closure_of(len(steps) + 1, arcs_of(steps)), floor_of(steps)
    if closure is None or floor is None:
        return
    case = _Case(world_of(steps, timeline, floor), closure)
    for submission in dict.fromkeys(_submissions(timeline)):
        yield from _unready(submission, case)
        if delegated:
            yield from _unseen(submission, case)


def _submissions(timeline: Timeline) -> Iterator[_Submission]:
    versions = by_slot(timeline)
    standing = _ds([version for version in versions[DS] if version.step is None][-1])
    for stays in versions.values():
        for before, after in pairwise(stays):
            if after.step is None:
                continue
            if isinstance(after, DsVersion):
                new = _ds(after) - _ds(before)
                yield from (_Submission(after.step, ref.key) for ref in sorted(new))
            elif isinstance(after, CdsVersion) and after.polled:
                new = _ds(after) - _ds(before) - standing
                yield from (
                    _Submission(after.step, ref.key, "by CDS the DS") for ref in sorted(new)
                )


def _ds(version: object) -> frozenset[DsRef]:
    match version:
        case DsVersion(ds=ds):
            return ds
        case CdsVersion(cds=frozenset() as ds):
            return ds
        case _:
            return frozenset()


def _unready(submission: _Submission, case: _Case) -> Iterator[str]:
    """Yield what may lack the key at its own signer, or at every signer where it has none."""
    key = case.world.keys[submission.key]
    told = f"{submission.step} submits {submission.what} of {submission.key}"
    if not isinstance(key, Key) or not key.is_zone_key:
        yield f"{told}, which is no key that a validator may use ({RULE})"
        return
    signers = sorted(str(where[1]) for where in case.world.lanes if where[0] is RRsetKind.DNSKEY)
    own = [key.home] if key.home in signers else signers
    lacking = [next(_lacking(signer, submission, case), None) for signer in own]
    if all(lacking):
        yield f"{told} when some cache may hold {lacking[0]}, without that key ({RULE})"


def _unseen(submission: _Submission, case: _Case) -> Iterator[str]:
    """Yield a delegation of which no server need show the key when the parent looks for it."""
    for stay in case.world.lanes[RRsetKind.NS, None]:
        version = stay.version
        if not isinstance(version, NsVersion) or version.unknown:
            continue
        meanwhile = Window(() if stay.begin is None else (stay.begin,))
        stands = within(meanwhile, None, stay.served)
        shown = any(
            next(_lacking(signer, submission, case), None) is None for signer in version.signers
        )
        if stands is not None and not shown and _open(stands, submission, case):
            yield (
                f"{submission.step} submits {submission.what} of {submission.key}, which the parent"
                f" checks at the servers of {describe(version)}, and they may lack it ({RULE})"
            )


def _lacking(signer: str, submission: _Submission, case: _Case) -> Iterator[str]:
    """Yield what of a signer some server may give, or some cache hold, without the key then."""
    place = RRsetKind.DNSKEY, signer
    for stay in case.world.lanes[place]:
        version = stay.version
        if isinstance(version, DnskeyVersion) and submission.key in version.keys:
            continue
        held = [cached(hold, stay) for hold in holds_at(case.world, place)]
        if any(
            window is not None and _open(window, submission, case)
            for window in (*held, _given(stay))
        ):
            yield describe(version)


def _given(stay: Stay) -> Window:
    begins = () if stay.begin is None else (stay.begin,)
    return Window(begins, () if stay.served is None else (stay.served,))


def _open(window: Window, submission: _Submission, case: _Case) -> bool:
    """True if a window may be open at the instant of a submission."""
    begin = Bound(case.world.nodes[submission.step], 0)
    then = within(window, begin, begin.later(1))
    return then is not None and possible(case.closure, then.gaps)
