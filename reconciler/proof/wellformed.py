"""What a timeline and its steps must be before anything can be proved about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from reconciler.model.keys import DsRef, Key, KeyEntry
from reconciler.model.plan import Step
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Slot,
    Timeline,
    Version,
    slot,
)
from reconciler.proof import effects
from reconciler.proof.profiles import parse_profile
from reconciler.proof.schedule import Closure, arcs_of, closure_of, nodes_of
from reconciler.proof.words import place
from reconciler.proof.world import DS

MOVES_AT_ONCE = 8
"""Most moves of one step on one RRset: all their subsets are looked at, 2**8 of them."""

BySlot = Mapping[Slot, Sequence[Version]]


def flaws(steps: Sequence[Step], timeline: Timeline) -> Iterator[str]:
    """Yield what does not make sense, each a clause; only the first is sure to be to the point."""
    yield from _profile_flaws(timeline)
    yield from _step_flaws(steps)
    yield from _version_flaws(steps, timeline)
    versions = by_slot(timeline)
    for where, stays in versions.items():
        yield from _lane_flaws(where, stays)
    yield from _missing(versions)
    yield from _polling_flaws(timeline)
    yield from _target_flaws(steps, timeline, versions)
    closure = closure_of(len(steps) + 1, arcs_of(steps))
    if closure is None:
        yield "the deadlines leave no time for the waits"
        return
    yield from _order_flaws(versions, nodes_of(steps), closure)


def by_slot(timeline: Timeline) -> BySlot:
    """Return the versions of each slot in order."""
    versions: dict[Slot, list[Version]] = {}
    for version in timeline.versions:
        versions.setdefault(slot(version), []).append(version)
    return versions


def ordered_pairs(
    versions: BySlot, nodes: Mapping[str | None, int]
) -> Iterator[tuple[Slot, int, int]]:
    """Yield the nodes of the steps that begin successive versions of one slot."""
    for where, stays in versions.items():
        begun = [nodes[version.step] for version in stays if version.step is not None]
        yield from ((where, first, second) for first, second in pairwise(begun))


def _profile_flaws(timeline: Timeline) -> Iterator[str]:
    if not timeline.profiles:
        yield "no validator profile is claimed"
    yield from (
        f"no validator profile is called `{name}`"
        for name in timeline.profiles
        if parse_profile(name) is None
    )


def _step_flaws(steps: Sequence[Step]) -> Iterator[str]:
    counted = Counter(step.id for step in steps)
    yield from (f"two steps are called {name}" for name, count in counted.items() if count > 1)
    for step in steps:
        for need in step.needs:
            yield from _reference_flaws(step, need.step, counted)
            if need.wait_min < 0 or need.margin < 0:
                yield f"step {step.id} has a negative wait"
        for limit in step.not_after:
            yield from _reference_flaws(step, limit.step, counted)
            if limit.wait_max < 0:
                yield f"step {step.id} has a negative deadline"
    yield from _cycle_flaws(steps)


def _reference_flaws(step: Step, other: str | None, known: Mapping[str, int]) -> Iterator[str]:
    if other is not None and other not in known:
        yield f"step {step.id} refers to step {other}, which does not exist"


def _cycle_flaws(steps: Sequence[Step]) -> Iterator[str]:
    graph = {step.id: {need.step for need in step.needs if need.step} for step in steps}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield f"steps need each other in a circle: {' -> '.join(error.args[1])}"


def _version_flaws(steps: Sequence[Step], timeline: Timeline) -> Iterator[str]:
    known = {step.id for step in steps}
    for version in timeline.versions:
        where = place(slot(version))
        if version.ttl < 0 or version.propagation < 0:
            yield f"{where} has a negative TTL or propagation"
        if isinstance(version, CdsVersion) and version.processing_max < 0:
            yield f"{where} has a negative processing_max"
        if version.step is not None and version.step not in known:
            yield f"{where} has a version of step {version.step}, which does not exist"
        if version.step is None and version.at is not None and version.at > 0:
            yield f"{where} has a version at {version.at} s that no step brings about"
        yield from _key_flaws(where, version, timeline.keys)


def _key_flaws(where: str, version: Version, keys: Mapping[str, KeyEntry]) -> Iterator[str]:
    for label in sorted(_dnskeys(version)):
        if not isinstance(keys.get(label), Key):
            yield f"{where} names {label}, which is not among the keys"
    for ref in sorted(_ds(version)):
        if ref.key not in keys:
            yield f"{where} names {ref.key}, which is not among the keys"


def _dnskeys(version: Version) -> frozenset[str]:
    match version:
        case DnskeyVersion():
            return version.keys | version.signed_by
        case DataVersion():
            return version.signed_by
        case _:
            return frozenset()


def _ds(version: Version) -> frozenset[DsRef]:
    match version:
        case DsVersion():
            return version.ds
        case CdsVersion(cds=frozenset() as cds):
            return cds
        case _:
            return frozenset()


def _lane_flaws(where: Slot, stays: Sequence[Version]) -> Iterator[str]:
    name = place(where)
    if stays[0].step is not None or stays[0].at is not None:
        yield f"{name} has no version that stands from the start"
    for before, after in pairwise(stays):
        if after.step is None and after.at is None:
            yield f"{name} has a second version that stands from the start"
        elif after.step is None and before.step is not None:
            yield f"{name} has history after {before.step}"
        elif _not_later(before.at, after.at) and after.step is None:
            yield f"{name} has history out of order at {after.at} s"
    counted = Counter(version.step for version in stays if version.step is not None)
    yield from (
        f"{name} has two versions of one step, {step}" for step, n in counted.items() if n > 1
    )
    standing = [version for version in stays if version.step is None][-1:]
    if any(version.unknown for version in standing):
        yield f"what stands in {name} is unknown"


def _not_later(before: int | None, after: int | None) -> bool:
    return before is not None and after is not None and after <= before


def _missing(versions: BySlot) -> Iterator[str]:
    yield from (
        f"{place(where)} is missing"
        for where in (DS, (RRsetKind.NS, None))
        if where not in versions
    )
    delegated = versions.get((RRsetKind.NS, None), ())
    for signer in sorted(_named(v for stays in versions.values() for v in stays)):
        wanted = [(RRsetKind.DNSKEY, signer), (RRsetKind.DATA, signer)]
        if not all(v.unknown or signer in _named([v]) for v in delegated):
            wanted.append((RRsetKind.NS, signer))
        for where in wanted:
            if where not in versions:
                yield f"{place(where)} is missing, yet NS names {signer}"


def _polling_flaws(timeline: Timeline) -> Iterator[str]:
    """Whether CDS is polled, and for how long it counts, is the parent's doing: always the same."""
    found = {
        (version.polled, version.processing_max)
        for version in timeline.versions
        if isinstance(version, CdsVersion)
    }
    if len(found) > 1:
        yield "one parent polls CDS now this way, now that way"


def _target_flaws(steps: Sequence[Step], timeline: Timeline, versions: BySlot) -> Iterator[str]:
    for step in steps:
        touched = Counter(where for move in step.moves for where in effects.touched(move))
        named = frozenset[str]().union(*(effects.labels_of(move) for move in step.moves))
        for label in sorted(named - timeline.keys.keys()):
            yield f"{step.id} moves {label}, which is not among the keys"
        for where, count in touched.items():
            if where not in versions:
                yield f"{step.id} changes {place(where)}, which is missing"
            if count > MOVES_AT_ONCE:
                yield f"{step.id} makes more than {MOVES_AT_ONCE} moves on {place(where)}"


def _named(versions: Iterable[Version]) -> frozenset[str]:
    named = (version.signers for version in versions if isinstance(version, NsVersion))
    return frozenset(signer for signers in named for signer in signers)


def _order_flaws(
    versions: BySlot, nodes: Mapping[str | None, int], closure: Closure
) -> Iterator[str]:
    names = {node: step for step, node in nodes.items()}
    for where, first, second in ordered_pairs(versions, nodes):
        if closure[first][second] < 0:
            both = f"{names[first]} and {names[second]}"
            yield f"{place(where)} is changed by {both} in no sure order"
