"""The judge against caches played out second by second, on names in place of signatures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.sandbox.judge import ValidationStatus
from tests.judge.conftest import Child, Delegation, Event, Story, instant, lagging

END = 24
KEYS = ("k1", "k2", "z1", "z2")
CHILDREN = st.builds(
    Child,
    keys=st.sets(st.sampled_from(KEYS), min_size=1).map(lambda s: tuple(sorted(s))),
    krrsig=st.sets(st.sampled_from(["k1", "k2"])).map(lambda s: tuple(sorted(s))),
    zrrsig=st.sets(st.sampled_from(["z1", "z2"])).map(lambda s: tuple(sorted(s))),
    key_ttl=st.integers(1, 4),
    data_ttl=st.integers(1, 4),
).map(lambda child: replace(child, negative_ttl=child.data_ttl))
DELEGATIONS = st.builds(
    Delegation,
    ds=st.sets(st.sampled_from([("k1", 2), ("k2", 2)])).map(lambda s: tuple(sorted(s))),
    ds_ttl=st.integers(1, 4),
    negative_ttl=st.integers(1, 4),
)
CHANGES = st.tuples(st.integers(1, END - 8), CHILDREN | DELEGATIONS)


@given(
    CHILDREN,
    DELEGATIONS,
    st.lists(CHANGES, max_size=4),
    st.tuples(st.integers(0, 3), st.integers(0, 3)),
)
@settings(max_examples=60, deadline=None)
def test_judge_and_brute_force_agree_on_every_second(
    child: Child,
    parent: Delegation,
    changes: list[tuple[int, Child | Delegation]],
    lags: tuple[int, int],
) -> None:
    story = Story(
        servers=lagging(*lags), starts={"parent": parent, "a": child}, profiles=("loose",)
    )
    events = [Event(at, role_of(state), vars(state)) for at, state in sorted(changes, key=first)]
    report = story.play(events, END)
    for status in (ValidationStatus.BOGUS, ValidationStatus.INSECURE):
        spans = report.times(status)
        judged = {t for t in range(END) if any(a <= instant(t) < b for a, b in spans)}
        assert judged == set(seen(status, story, events))


def first(change: tuple[int, object]) -> int:
    return change[0]


def role_of(state: Child | Delegation) -> str:
    return "a" if isinstance(state, Child) else "parent"


def seen(status: ValidationStatus, story: Story, events: list[Event]) -> Iterator[int]:
    """Yield the seconds at which some mix of cached answers has this status."""
    for t in range(END):
        ds, keys, data = set(), set(), set()
        for half, state in fetched(story, events):
            age = t - half / 2
            if isinstance(state, Delegation):
                if 0 <= age < (state.ds_ttl if state.ds else state.negative_ttl):
                    ds.add(frozenset(name for name, _ in state.ds))
            else:
                if 0 <= age < state.key_ttl:
                    keys.add((frozenset(state.keys), frozenset(state.krrsig)))
                if 0 <= age < state.data_ttl:
                    data.add(frozenset(state.zrrsig))
        if any(verdict(d, *k, z) is status for d, k, z in product(ds, keys, data)):
            yield t


def fetched(story: Story, events: list[Event]) -> Iterator[tuple[int, Child | Delegation]]:
    """Yield each state with the half seconds at which a resolver fetches it from some server."""
    for server in story.servers:
        landings = [(2 * (int(e.at) + server.lag), e) for e in events if e.role == server.role]
        state = story.starts[server.role]
        for half in range(-12, 2 * END):
            for _, event in (landing for landing in landings if landing[0] == half):
                state = replace(state, **event.changes)  # type: ignore[arg-type]
                yield half, state
            yield half, state


def verdict(
    ds: frozenset[str], keys: frozenset[str], krrsig: frozenset[str], zrrsig: frozenset[str]
) -> ValidationStatus:
    if not ds:
        return ValidationStatus.INSECURE
    good = ds & keys & krrsig and keys & zrrsig
    return ValidationStatus.SECURE if good else ValidationStatus.BOGUS
