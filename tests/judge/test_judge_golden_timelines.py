"""Golden timelines: nothing bogus at the tight waits, and bogus when one wait is a second short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from reconciler.sandbox.judge import ValidationStatus
from tests.judge.conftest import (
    HOUR,
    Child,
    Delegation,
    Event,
    Server,
    Story,
    early,
    instant,
    lagging,
)

BOGUS = ValidationStatus.BOGUS
DAY = 24


def at(hours: float, role: str, **changes: object) -> Event:
    return Event(hours * HOUR, role, changes)


def seconds(hours: float) -> int:
    return round(hours * HOUR)


@dataclass(frozen=True)
class Timeline:
    """Times in hours. `tight` are the events that may not come a second earlier."""

    name: str
    events: tuple[Event, ...]
    tight: tuple[int, ...]
    child: Child
    parent: Delegation = field(default_factory=Delegation)
    lag: tuple[float, float] = (1, 1)
    profiles: tuple[str, ...] = ("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035")
    servers: Sequence[Server] = ()
    others: Mapping[str, Child] = field(default_factory=dict)

    def story(self) -> Story:
        parent_lag, child_lag = self.lag
        return Story(
            servers=self.servers or lagging(seconds(parent_lag), seconds(child_lag)),
            starts={"parent": self.parent, "a": self.child, **self.others},
            profiles=self.profiles,
        )

    def until(self) -> float:
        return self.events[-1].at + 60 * DAY * HOUR


T1 = Timeline(
    name="T1 ZSK pre-publication with a week of re-signing",
    child=Child().kept(1, 24),
    events=(
        at(0, "a", keys=("k1", "z1", "z2")),
        at(2, "a", zrrsig=("z2",), late=("z1",)),
        at(2 + 168, "a", late=None),
        at(2 + 193, "a", keys=("k1", "z2")),
    ),
    tight=(1, 3),
)
T2 = Timeline(
    name="T2 double-KSK",
    child=Child().kept(2, 1),
    parent=Delegation(ds_ttl=HOUR),
    events=(
        at(0, "a", keys=("k1", "k2", "z1"), krrsig=("k1", "k2")),
        at(3, "parent", ds=(("k2", 2),)),
        at(5, "a", keys=("k2", "z1"), krrsig=("k2",)),
    ),
    tight=(1, 2),
)
UNSIGNED = Child(keys=(), krrsig=(), zrrsig=())
SIGNED = {"keys": ("k1", "z1"), "krrsig": ("k1",), "zrrsig": ("z1",)}
T3 = Timeline(
    name="T3 enabling",
    child=Child(keys=(), krrsig=(), zrrsig=(), negative_ttl=300).kept(5 / 60, 12),
    parent=Delegation(ds=(), ds_ttl=seconds(2)),
    lag=(1, 5 / 60),
    events=(at(0, "a", **SIGNED), at(725 / 60, "parent", ds=(("k1", 2),))),
    tight=(1,),
)
T3_NEGATIVE = Timeline(
    name="T3 enabling where NODATA is cached longer",
    child=Child(keys=(), krrsig=(), zrrsig=(), negative_ttl=seconds(24)).kept(5 / 60, 24),
    parent=Delegation(ds=(), ds_ttl=seconds(2)),
    lag=(1, 5 / 60),
    events=(at(0, "a", **SIGNED), at(1445 / 60, "parent", ds=(("k1", 2),))),
    tight=(1,),
)
T4 = Timeline(
    name="T4 going insecure",
    child=Child().kept(2, 2),
    parent=Delegation(ds_ttl=seconds(24)),
    lag=(1, 5 / 60),
    events=(at(0, "parent", ds=()), at(25, "a", keys=(), krrsig=(), zrrsig=())),
    tight=(1,),
)
T5 = Timeline(
    name="T5 liberal algorithm rollover",
    child=Child(keys=("c1",), krrsig=("c1",), zrrsig=("c1",)).kept(1, 6),
    parent=Delegation(ds=(("c1", 2),), ds_ttl=seconds(2)),
    profiles=("loose", "ds-alg"),
    events=(
        at(0, "a", keys=("c1", "e1"), krrsig=("c1", "e1"), zrrsig=("c1", "e1")),
        at(7, "parent", ds=(("e1", 2),)),
        at(10, "a", keys=("e1",), krrsig=("e1",), zrrsig=("e1",)),
    ),
    tight=(1, 2),
)
T5C = Timeline(
    name="T5c conservative algorithm rollover",
    child=T5.child,
    parent=T5.parent,
    events=(
        at(0, "a", zrrsig=("c1", "e1")),
        at(7, "a", keys=("c1", "e1"), krrsig=("c1", "e1")),
        at(9, "parent", ds=(("e1", 2),)),
        at(12, "a", keys=("e1",), krrsig=("e1",)),
        at(14, "a", zrrsig=("e1",)),
    ),
    tight=(1, 2, 3, 4),
)
T6 = Timeline(
    name="T6 CSK rollover, signatures replaced slowly",
    child=Child(keys=("c1",), krrsig=("c1",), zrrsig=("c1",)).kept(1, 24),
    parent=Delegation(ds=(("c1", 2),)),
    events=(
        at(0, "a", keys=("c1", "c2"), krrsig=("c1", "c2")),
        at(2, "parent", ds=(("c2", 2),)),
        at(2, "a", zrrsig=("c2",), late=("c1",)),
        at(4, "a", krrsig=("c2",)),
        at(2 + 600, "a", late=None),
        at(2 + 625, "a", keys=("c2",)),
    ),
    tight=(1, 2, 3, 5),
)
T9 = Timeline(
    name="T9 double-DS",
    child=Child().kept(2, 1),
    parent=Delegation(ds_ttl=seconds(24)),
    events=(
        at(0, "parent", ds=(("k1", 2), ("k2", 2))),
        at(25, "a", keys=("k2", "z1"), krrsig=("k2",)),
        at(28, "parent", ds=(("k2", 2),)),
    ),
    tight=(1, 2),
)
T10 = Timeline(
    name="T10 double-RRset",
    child=Child().kept(2, 1),
    parent=Delegation(ds_ttl=seconds(24)),
    events=(
        at(0, "a", keys=("k1", "k2", "z1"), krrsig=("k1", "k2")),
        at(6, "parent", ds=(("k1", 2), ("k2", 2))),
        at(31, "parent", ds=(("k2", 2),)),
        at(31, "a", keys=("k2", "z1"), krrsig=("k2",)),
    ),
    tight=(3,),
)


def double_signature(name: str, key: float, signing: float, removal: float) -> Timeline:
    events = [at(0, "a", keys=("k1", "z1", "z2"), zrrsig=("z1", "z2"), late=("z1",))]
    events += [at(signing, "a", late=None), at(removal, "a", keys=("k1", "z2"), zrrsig=("z2",))]
    return Timeline(name=name, child=Child().kept(key, 24), events=tuple(events), tight=(2,))


T11 = (
    double_signature("T11 double-signature", 2, 0, 25),
    double_signature("T11 double-signature under a long DNSKEY TTL", 48, 0, 49),
    double_signature("T11 double-signature, signed slowly", 2, 5, 30),
)
T12 = Timeline(
    name="T12 CSK to KSK and ZSK",
    child=Child(keys=("c1",), krrsig=("c1",), zrrsig=("c1",)).kept(2, 24),
    parent=Delegation(ds=(("c1", 2),), ds_ttl=seconds(24)),
    events=(
        at(0, "a", keys=("c1", "k2", "z2"), krrsig=("c1", "k2")),
        at(3, "parent", ds=(("k2", 2),)),
        at(3, "a", zrrsig=("z2",)),
        at(28, "a", keys=("k2", "z2"), krrsig=("k2",)),
    ),
    tight=(1, 2, 3),
)
T13_LOWERED = Timeline(
    name="T13 DNSKEY TTL lowered just before a key is published",
    child=Child().kept(24, 1),
    events=(
        at(0, "a", key_ttl=HOUR),
        at(0.1, "a", keys=("k1", "z1", "z2")),
        at(25.1, "a", zrrsig=("z2",)),
    ),
    tight=(),
)
T8_SERVERS = (
    Server("parent", "p1.", "parent-1"),
    Server("parent", "p2.", "parent-2", lag=HOUR),
    Server("a", "ns1.a.", "a-1"),
    Server("a", "ns2.a.", "a-2", lag=360),
    Server("b", "ns1.b.", "b-1"),
    Server("b", "ns2.b.", "b-2", lag=360),
)
T8 = Timeline(
    name="T8 migration between signers",
    child=Child(keys=("k1", "z1")).kept(1, 24),
    others={
        "b": Child(
            keys=("k2", "z1", "z2"), krrsig=("k2",), zrrsig=("z2",), ns=("ns1.b.", "ns2.b.")
        ).kept(1, 24)
    },
    parent=Delegation(ds_ttl=seconds(24), ns_ttl=seconds(48)),
    servers=T8_SERVERS,
    events=(
        at(0, "a", keys=("k1", "z1", "z2")),
        at(1.1, "parent", ds=(("k1", 2), ("k2", 2))),
        at(26.1, "parent", ns=("ns1.b.", "ns2.b.")),
        at(26.1, "a", ns=("ns1.b.", "ns2.b.")),
        at(76.1, "parent", ds=(("k2", 2),)),
        at(99.1, "b", keys=("k2", "z2")),
    ),
    tight=(2, 4, 5),
)

ALL = (T1, T2, T3, T3_NEGATIVE, T4, T5, T5C, T6, T8, T9, T10, *T11, T12, T13_LOWERED)
TIGHT = [(t, which) for t in ALL for which in t.tight]


@pytest.mark.parametrize("timeline", ALL, ids=lambda t: t.name)
def test_nothing_is_bogus_at_the_tight_waits(timeline: Timeline) -> None:
    report = timeline.story().play(timeline.events, timeline.until())
    assert report.bogus == 0, report.examples
    assert report.views >= report.distinct_views > len(timeline.events)


@pytest.mark.parametrize(
    ("timeline", "which"), TIGHT, ids=lambda v: v.name if isinstance(v, Timeline) else str(v)
)
def test_one_second_less_is_bogus(timeline: Timeline, which: int) -> None:
    events = early(timeline.events, which)
    report = timeline.story().play(events, timeline.until())
    assert report.bogus > 0
    assert all(view.ends is not None for view in report.bad_views if view.verdict is BOGUS)
    total = sum((end - begin).total_seconds() for begin, end in report.times(BOGUS))
    assert total == 1


@pytest.mark.parametrize(
    ("timeline", "events", "begins", "ends"),
    [
        pytest.param(
            T9, (T9.events[0], T9.events[1], at(25, "parent", ds=(("k2", 2),))), 25, 28, id="T9"
        ),
        pytest.param(
            T13_LOWERED,
            (*T13_LOWERED.events[:2], at(2.1, "a", zrrsig=("z2",))),
            2.1,
            25,
            id="T13 new ZSK used after the lowered TTL",
        ),
        pytest.param(
            Timeline(
                name="",
                child=Child().kept(1, 1),
                parent=Delegation(ds_ttl=seconds(24)),
                events=(),
                tight=(),
                lag=(1, 0),
            ),
            (
                at(-3, "a", keys=("k1", "k2", "z1"), krrsig=("k1", "k2")),
                at(0, "parent", ds=(("k2", 2),), ds_ttl=600),
                at(1 + 1 / 6, "a", keys=("k2", "z1"), krrsig=("k2",)),
            ),
            1 + 1 / 6,
            25,
            id="T13 DS replaced by one with a short TTL",
        ),
        pytest.param(
            Timeline(
                name="",
                child=Child().kept(1, 1),
                parent=Delegation(ds_ttl=seconds(24)),
                events=(),
                tight=(),
            ),
            (
                at(-3, "a", keys=("k1", "k2", "z1"), krrsig=("k1", "k2")),
                at(0, "parent", ds=(("k2", 2),)),
                at(0, "a", keys=("k2", "z1"), krrsig=("k2",)),
            ),
            0,
            25,
            id="T14 old key removed as soon as the DS is visible",
        ),
        pytest.param(
            T2,
            (
                at(0, "a", keys=("k1", "k2", "z1"), krrsig=("k1", "k2")),
                at(0.5, "parent", ds=(("k2", 2),)),
            ),
            0.5,
            3,
            id="T16 parent installs the DS too early",
        ),
        pytest.param(
            T8,
            (*T8.events[:4], at(26.1, "parent", ds=(("k2", 2),))),
            26.1,
            76.1,
            id="T8 DS and NS of the leaving signer dropped together",
        ),
        pytest.param(
            T8,
            (*T8.events[:5], at(62.1, "b", keys=("k2", "z2"))),
            62.1,
            99.1,
            id="T8 ZSK of the leaving signer dropped too early",
        ),
    ],
)
def test_haste_is_bogus_for_exactly_as_long_as_caches_remember(
    timeline: Timeline, events: Sequence[Event], begins: float, ends: float
) -> None:
    report = timeline.story().play(events, 1000 * HOUR)
    assert report.times(BOGUS) == ((instant(begins * HOUR), instant(ends * HOUR)),)


def test_liberal_algorithm_rollover_is_bogus_only_for_rfc4035() -> None:
    story = T5.story()
    story.profiles = ("loose", "ds-alg", "rfc4035")
    report = story.play(T5.events, T5.until())
    assert report.times(BOGUS, "loose") == report.times(BOGUS, "ds-alg") == ()
    windows = ((0, 7), (10, 12))
    assert report.times(BOGUS, "rfc4035") == tuple(
        (instant(a * HOUR), instant(b * HOUR)) for a, b in windows
    )
