"""What one proof costs: zones of one to four signers that join and leave, settled and not."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, pairwise

from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import ApexNsSet, DnskeyAdd, DnskeyRemove, DsReplace, Move, NsSet
from reconciler.model.plan import Need, Step
from reconciler.model.timeline import (
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Timeline,
    Version,
)
from reconciler.proof import prove

DAY = 86400
PROFILES = ("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035")
ROUNDS = 5
"""The best of so many is told: other work on the machine only adds."""

WORLDS = {
    "move from one signer to another": ("a", "b"),
    "a second signer joins": ("a", "ab"),
    "one of two signers leaves": ("ab", "a"),
    "a third signer joins": ("ab", "abc"),
    "one of three signers leaves": ("abc", "ab"),
    "one of three is replaced": ("abc", "abd"),
}


def figures() -> Iterator[str]:
    """Yield one line for each change of signers."""
    for name, (before, after) in WORLDS.items():
        costs = [
            f"{_milliseconds(*moving(before, after, settled=settled)):7.1f} ms {how}"
            for settled, how in ((True, "settled"), (False, "unsettled"))
        ]
        yield f"prove, {name:33} {', '.join(costs)}"


def _milliseconds(steps: tuple[Step, ...], timeline: Timeline) -> float:
    best = float("inf")
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        prove(steps, timeline)
        best = min(best, time.perf_counter() - begin)
    return best * 1000


def moving(before: str, after: str, *, settled: bool) -> tuple[tuple[Step, ...], Timeline]:
    """Return the plan by which the signers `before` become those `after`, a letter each.

    Not settled: a wildcard of a week stood before every version until the start.
    """
    everyone = sorted({*before, *after})
    lanes: list[Sequence[Version]] = [
        *_delegation(before, after, everyone),
        [_ds(None, before), _ds("s2", everyone), _ds("s4", after)],
        *([_data(name)] for name in everyone),
        *(_dnskeys(name, before, after, everyone) for name in everyone),
    ]
    if not settled:
        lanes = [_unsettled(lane) for lane in lanes]
    timeline = Timeline(
        profiles=PROFILES,
        assumptions=(),
        insecure_allowed=False,
        keys={key.label: key for name in everyone for key in _keys(name)},
        versions=tuple(chain.from_iterable(lanes)),
    )
    return _steps(before, after, everyone, first=0 if settled else 20 * DAY), timeline


def _keys(name: str) -> tuple[Key, Key]:
    return (
        Key(label=f"k{name}", algorithm=13, flags=257),
        Key(label=f"z{name}", algorithm=13, flags=256),
    )


def _zsks(names: str | list[str]) -> frozenset[str]:
    return frozenset(f"z{name}" for name in names)


def _ds(step: str | None, names: str | list[str]) -> DsVersion:
    ds = frozenset(DsRef(f"k{name}", 2) for name in names)
    return DsVersion(step=step, at=_at(step), ttl=DAY, propagation=3600, ds=ds)


def _at(step: str | None) -> int | None:
    return None if step is None else 0


def _data(name: str) -> DataVersion:
    return DataVersion(ttl=DAY, propagation=300, signer=name, signed_by=_zsks(name))


def _delegation(before: str, after: str, everyone: list[str]) -> Iterator[list[NsVersion]]:
    start = NsVersion(ttl=2 * DAY, propagation=3600, signers=frozenset(before))
    yield [start, replace(start, step="s3", at=0, signers=frozenset(after))]
    for name in everyone:
        named = before if name in before else name
        own = NsVersion(ttl=DAY, propagation=300, signer=name, signers=frozenset(named))
        yield [own, replace(own, step="s3", at=0, signers=frozenset(after))]


def _dnskeys(name: str, before: str, after: str, everyone: list[str]) -> list[DnskeyVersion]:
    own = DnskeyVersion(
        ttl=3600,
        propagation=300,
        signer=name,
        keys=_zsks(before if name in before else name) | {f"k{name}"},
        signed_by=frozenset({f"k{name}"}),
    )
    stages = {"s1": _zsks(everyone) | {f"k{name}"}}
    if name in after:
        stages["s5"] = _zsks(after) | {f"k{name}"}
    lane = [own]
    for step, keys in stages.items():
        if keys != lane[-1].keys:
            lane.append(replace(own, step=step, at=0, keys=keys))
    return lane


def _unsettled(lane: Sequence[Version]) -> list[Version]:
    first, *rest = lane
    unknown = replace(first, unknown=True, ttl=7 * DAY)
    return [unknown, replace(first, at=0), *rest]


def _steps(before: str, after: str, everyone: list[str], first: int) -> tuple[Step, ...]:
    ns = [NsSet(signers=frozenset(after))]
    apex = [ApexNsSet(signer=name, signers=frozenset(after)) for name in everyone]
    moves: dict[str, list[Move]] = {"s1": [], "s2": [_to(everyone)], "s3": [*ns, *apex]}
    moves |= {"s4": [_to(list(after))], "s5": []}
    for name in everyone:
        lane = _dnskeys(name, before, after, everyone)
        for old, new in pairwise(lane):
            moves[new.step or ""] += _between(name, old.keys, new.keys)
    waits = {"s1": (None, first), "s2": ("s1", DAY), "s3": ("s2", 3 * DAY)}
    waits |= {"s4": ("s3", 10 * DAY), "s5": ("s4", 10 * DAY)}
    return tuple(
        Step(
            id=name,
            moves=tuple(moves[name]),
            actor="parent",
            needs=(Need(step=need, wait_min=wait),),
        )
        for name, (need, wait) in waits.items()
    )


def _between(name: str, old: frozenset[str], new: frozenset[str]) -> Iterator[Move]:
    yield from (DnskeyAdd(signer=name, key=key, sign=False) for key in sorted(new - old))
    yield from (DnskeyRemove(signer=name, key=key) for key in sorted(old - new))


def _to(names: list[str]) -> DsReplace:
    return DsReplace(ds=frozenset(DsRef(f"k{name}", 2) for name in names))
