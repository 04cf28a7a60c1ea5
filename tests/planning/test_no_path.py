"""Where the planner finds no path, an exhaustive search of the small world finds none either.

The search here is written from the design (planning.md §3 and §4) alone. What an edge of several
moves lets be seen, its moves one by one let be seen too; so single moves reach all that edges do.
Keys keep their roles: only KSKs and CSKs have a DS and sign DNSKEY RRsets, only ZSKs and CSKs data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.capabilities import (
    DsWrite,
    ParentCapabilities,
    SignerCapabilities,
    Signing,
)
from reconciler.model.desired import KeyScheme
from reconciler.model.plan import Status
from reconciler.planning import plan_zone

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

Keys = frozenset[str]
"""Keys by the names of the builders: `k2@8` is the second KSK, of algorithm 8; `c` a CSK."""
NONE: Keys = frozenset()


@dataclass(frozen=True)
class State:
    """A settled publication of one signer."""

    ds: Keys = NONE
    keys: Keys = NONE
    signed_by: Keys = NONE
    data: Keys = NONE


@dataclass(frozen=True)
class Small:
    """A world of two sets of keys: those of the start, and those of the goal."""

    start: State
    goal: State
    write: DsWrite
    signing: Signing
    max_ksk: int | None

    @property
    def everything(self) -> Keys:
        return self.start.keys | self.goal.keys

    @property
    def secure(self) -> bool:
        """Both ends are secure, so that nothing on the way may be insecure (I2)."""
        return bool(self.start.ds and self.goal.ds)


def state(keys: Keys) -> State:
    return State(entries(keys), keys, entries(keys), signers(keys))


def entries(keys: Keys) -> Keys:
    return frozenset(key for key in keys if key[0] in "kc")


def signers(keys: Keys) -> Keys:
    return frozenset(key for key in keys if key[0] in "zc")


def algorithm(key: str) -> str:
    return key.partition("@")[2]


def holds(small: Small, ds: Keys, keys: Keys, signed_by: Keys, data: Keys) -> bool:
    """True unless the view is bogus in `loose` or `ds-alg`, or insecure unasked."""
    if not ds:
        return not small.secure
    for number in {algorithm(key) for key in ds}:
        fit = {key for key in keys if algorithm(key) == number}
        if not fit & ds & signed_by or not fit & data:
            return False
    return True


def subsets(keys: Keys) -> Iterator[Keys]:
    sizes = range(len(keys) + 1)
    return map(frozenset, chain.from_iterable(combinations(sorted(keys), n) for n in sizes))


def steps(small: Small, at: State) -> Iterator[State]:
    """Every publication that one move leads to, safely."""
    for after in moved(small, at):
        mixes = {
            (after.ds, rrset.keys, rrset.signed_by, data.data)
            for rrset in (at, after)
            for data in (at, after)
        }
        fits = small.max_ksk is None or len(entries(after.keys)) <= small.max_ksk
        if fits and all(holds(small, *mix) for mix in mixes):
            yield after


def moved(small: Small, at: State) -> Iterator[State]:
    if small.write is DsWrite.REPLACE:
        targets = subsets(entries(small.everything))
        yield from (replace(at, ds=ds) for ds in targets if ds - at.ds <= at.keys)
    if small.write is DsWrite.ONE_AT_A_TIME:
        yield from (replace(at, ds=at.ds - {key}) for key in at.ds)
        yield from (replace(at, ds=at.ds | {key}) for key in entries(at.keys) - at.ds)
    if small.signing is Signing.SWITCH:
        yield replace(at, keys=NONE, signed_by=NONE, data=NONE)
        if not at.keys:
            yield replace(small.goal, ds=at.ds)
        return
    for key in small.everything - at.keys:
        yield replace(at, keys=at.keys | {key})
        yield replace(at, keys=at.keys | {key}, signed_by=at.signed_by | entries(frozenset({key})))
    for key in at.keys:
        yield replace(at, keys=at.keys - {key}, signed_by=at.signed_by - {key})
    yield from (replace(at, signed_by=keys) for keys in subsets(entries(at.keys)))
    yield from (replace(at, data=keys) for keys in subsets(signers(small.everything)))


def reachable(small: Small) -> bool:
    seen, front = {small.start}, [small.start]
    while front:
        for after in steps(small, front.pop()):
            if after == small.goal:
                return True
            if after not in seen:
                seen.add(after)
                front.append(after)
    return small.start == small.goal


SCHEMES = {KeyScheme.SPLIT: "kz", KeyScheme.CSK: "c"}


@dataclass(frozen=True)
class Wish:
    """What the desired state says of the keys."""

    scheme: KeyScheme
    generations: dict[str, int]
    algorithm: int


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Small, Wish]:
    """A small world, and the wish that leads to its goal."""
    before, after = draw(st.sampled_from(list(KeyScheme))), draw(st.sampled_from(list(KeyScheme)))
    number = draw(st.sampled_from([13, 13, 8]))
    kept = [1, 2] if before is after else [2]  # else a KSK may go on as CSK, and the other way
    generations = {role: draw(st.sampled_from(kept)) for role in SCHEMES[after]}
    old = frozenset(f"{role}1" for role in SCHEMES[before])
    name = "@8" if number == 8 else ""
    new = frozenset(f"{role}{n}{name}" for role, n in generations.items())
    signing = draw(st.sampled_from([Signing.KEYS, Signing.KEYS, Signing.SWITCH]))
    ends = draw(st.sampled_from(["roll", "roll", "roll", "sign", "unsign"]))
    if signing is Signing.SWITCH and ends == "roll":
        ends = "unsign"
    small = Small(
        start=state(NONE if ends == "sign" else old),
        goal=state(NONE if ends == "unsign" else new),
        write=draw(st.sampled_from([DsWrite.REPLACE, DsWrite.ONE_AT_A_TIME, DsWrite.NONE])),
        signing=signing,
        max_ksk=draw(st.sampled_from([None, None, 1])),
    )
    return small, Wish(after, generations, number)


def status(b: Builders, small: Small, wish: Wish) -> Status:
    start = b.observe(
        ds=sorted(small.start.ds),
        keys=sorted(small.start.keys),
        data=sorted(small.start.data),
        parent=ParentCapabilities(write=small.write),
        signer=SignerCapabilities(
            signing=small.signing, max_ksk=small.max_ksk, algorithms=frozenset({8, 13})
        ),
    )
    desired = b.desire(
        signed=bool(small.goal.keys),
        scheme=wish.scheme,
        algorithm=wish.algorithm,
        ksk=wish.generations.get("k"),
        zsk=wish.generations.get("z"),
        csk=wish.generations.get("c"),
    )
    return plan_zone(desired, start).status


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(drawn=worlds())
def test_no_path_is_said_exactly_where_there_is_none(
    b: Builders, drawn: tuple[Small, Wish]
) -> None:
    small, wish = drawn
    said = status(b, small, wish)
    assert said in (Status.PLANNED, Status.NO_SAFE_PATH, Status.NO_CHANGE)
    assert (said is not Status.NO_SAFE_PATH) == reachable(small)


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({}, True),
        ({"max_ksk": 1}, False),
        ({"write": DsWrite.NONE}, False),
        ({"signing": Signing.SWITCH}, False),
    ],
)
def test_the_exhaustive_search_knows_what_a_ksk_rollover_needs(
    limits: dict[str, object], *, found: bool
) -> None:
    roll = Small(
        start=state(frozenset({"k1", "z1"})),
        goal=state(frozenset({"k2", "z1"})),
        write=DsWrite.REPLACE,
        signing=Signing.KEYS,
        max_ksk=None,
    )
    assert reachable(replace(roll, **limits)) is found  # type: ignore[arg-type]
