"""A proved plan that is tampered with proves no more, wherever it is touched."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import TtlSet
from reconciler.model.plan import Need, Proved, Step
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Timeline,
    Version,
    slot,
)
from reconciler.proof import prove
from tests.proof.golden import PROVED
from tests.proof.stories import LIBERAL, Golden

Tampered = Iterator[tuple[str, tuple[Step, ...], Timeline]]
STRANGER = Key(label="stranger", algorithm=13, flags=257)


def with_step(given: Golden, changed: Step) -> tuple[Step, ...]:
    return tuple(changed if s.id == changed.id else s for s in given.steps)


def with_version(given: Golden, number: int, changed: Version | None) -> Timeline:
    versions = list(given.timeline.versions)
    versions[number : number + 1] = [] if changed is None else [changed]
    keys = {**given.timeline.keys, STRANGER.label: STRANGER}
    return replace(given.timeline, versions=tuple(versions), keys=keys)


def tight_needs(given: Golden) -> Iterator[tuple[Step, Need]]:
    for s in given.steps:
        for need in s.needs:
            if need.wait_min and (s.id, need.step) not in given.slack:
                yield s, need


def with_need(given: Golden, at: Step, need: Need, changed: Need | None) -> tuple[Step, ...]:
    others = tuple(n for n in at.needs if n != need)
    return with_step(given, replace(at, needs=(*others, *([changed] if changed else ()))))


def needs_removed(given: Golden) -> Tampered:
    for s, need in tight_needs(given):
        yield f"{s.id} needs no {need.step}", with_need(given, s, need, None), given.timeline


def waits_shortened(given: Golden) -> Tampered:
    for s, need in tight_needs(given):
        less = replace(need, wait_min=need.wait_min - 1)
        yield f"{s.id} waits less", with_need(given, s, need, less), given.timeline


def margins_counted(given: Golden) -> Tampered:
    """What is waited stays the same; a part of it is now called a margin."""
    for s, need in tight_needs(given):
        part = min(need.wait_min, 3600)
        less = replace(need, wait_min=need.wait_min - part, margin=part)
        yield f"{s.id} counts on a margin", with_need(given, s, need, less), given.timeline


def moves_removed(given: Golden) -> Tampered:
    for s in given.steps:
        for move in s.moves:
            rest = tuple(other for other in s.moves if other != move)
            if any(other.moves for other in given.steps if other != s) or rest:
                yield (
                    f"{s.id} without {move}",
                    with_step(given, replace(s, moves=rest)),
                    (given.timeline),
                )


def effects_altered(given: Golden) -> Tampered:
    """The content of one version of a step is another one than its moves leave."""
    for number, version in enumerate(given.timeline.versions):
        if version.step is not None and moved(given, version):
            for changed in others(version):
                yield f"not {version}", given.steps, with_version(given, number, changed)


def moved(given: Golden, version: Version) -> bool:
    return any(s.moves for s in given.steps if s.id == version.step)


def others(version: Version) -> Iterator[Version]:
    one = frozenset({STRANGER.label})
    match version:
        case DsVersion():
            yield replace(version, ds=version.ds | {DsRef(STRANGER.label, 2)})
            if version.ds:
                yield replace(version, ds=frozenset(DsRef(r.key, 3) for r in version.ds))
        case DnskeyVersion():
            yield replace(version, keys=version.keys | one)
            yield replace(version, signed_by=version.signed_by | one)
        case DataVersion():
            yield replace(version, signed_by=version.signed_by | one)
        case NsVersion():
            yield replace(version, signers=version.signers | {"a"})
        case CdsVersion():
            yield replace(version, cds="delete")


def versions_left_out(given: Golden) -> Tampered:
    """An apex NS set may be missing where the delegation never moves; all others are caught."""
    for number, version in enumerate(given.timeline.versions):
        needless = slot(version)[0] is RRsetKind.NS and slot(version)[1] is not None
        if moved(given, version) or (version.step is None and not needless):
            yield f"without {version}", given.steps, with_version(given, number, None)


def ttls_lowered(given: Golden) -> Tampered:
    """Of one version: another of its RRset, or the move that set it, contradicts it.

    A parent may publish each new set with a TTL of its own, and a TTL that an RRset has throughout
    contradicts nothing but what was observed.
    """
    places = [slot(version) for version in given.timeline.versions]
    for number, version in enumerate(given.timeline.versions):
        kind, signer = places[number]
        alike = signer is not None and places.count((kind, signer)) > 1
        if alike and version.ttl and not emptied(version, given) and not told_next(version, given):
            lower = replace(version, ttl=version.ttl - 1)
            yield f"lower {version}", given.steps, with_version(given, number, lower)


def emptied(version: Version, given: Golden) -> bool:
    """True if the RRset is empty before, in, or after this version, so that TTLs may differ."""
    lane = [v for v in given.timeline.versions if slot(v) == slot(version)]
    return any(
        not (v.signed_by if isinstance(v, DnskeyVersion | DataVersion) else True) for v in lane
    )


def told_next(version: Version, given: Golden) -> bool:
    """True if the next version has a TTL that a move sets, whatever it was before."""
    lane = [v for v in given.timeline.versions if slot(v) == slot(version)]
    later = [v.step for v in lane[lane.index(version) + 1 :][:1]]
    return any(isinstance(move, TtlSet) for s in given.steps if s.id in later for move in s.moves)


def profiles_added(given: Golden) -> Tampered:
    """One that was left out because the plan is not safe under it, and one that nobody knows."""
    left_out = ("rfc4035",) if given.timeline.profiles == LIBERAL else ()
    for name in (*left_out, "strictest"):
        profiles = (*given.timeline.profiles, name)
        yield f"with {name}", given.steps, replace(given.timeline, profiles=profiles)


def ns_versions_removed(given: Golden) -> Tampered:
    for number, version in enumerate(given.timeline.versions):
        if slot(version)[0] is RRsetKind.NS and (version.step or slot(version)[1] is None):
            yield f"without {version}", given.steps, with_version(given, number, None)


TAMPERINGS: dict[str, Callable[[Golden], Tampered]] = {
    "a need removed": needs_removed,
    "a wait shortened": waits_shortened,
    "a margin counted into a wait": margins_counted,
    "a move removed": moves_removed,
    "a step's effect altered": effects_altered,
    "a version left out": versions_left_out,
    "a TTL lowered": ttls_lowered,
    "a profile added": profiles_added,
    "an NS version removed": ns_versions_removed,
}


def strict(given: Golden) -> Golden:
    """No step that makes moves leaves anything to others."""
    steps = tuple(replace(s, actor="signer:a") if s.moves else s for s in given.steps)
    return replace(given, steps=steps)


@pytest.mark.parametrize("how", TAMPERINGS)
@pytest.mark.parametrize("name", PROVED)
def test_a_golden_timeline_tampered_with_is_not_proved(name: str, how: str) -> None:
    for what, steps, timeline in TAMPERINGS[how](strict(PROVED[name]())):
        assert not isinstance(prove(steps, timeline), Proved), what


def test_every_tampering_finds_something_to_touch() -> None:
    for how, tampering in TAMPERINGS.items():
        assert any(True for make in PROVED.values() for _ in tampering(make())), how
