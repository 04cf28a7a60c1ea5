"""What caches may remember, where a plan stands, and how that is said: values in, values out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.execute.position import Position, expected, remaining
from reconciler.execute.readback import describe
from reconciler.execute.snapshot import Snapshot, one_by_one, take, with_history
from reconciler.model.capabilities import PARENT_KINDS, SIGNER_KINDS
from reconciler.model.desired import Denial
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import DnskeyAdd, DnskeyRemove, DsReplace
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import (
    Deadline,
    Malformed,
    Need,
    Proved,
    Refuted,
    Status,
    Step,
    Verdict,
    ZonePlan,
)
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

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
KEYS = {
    "k1": Key(label="k1", algorithm=13, flags=257, public_key=b"1" * 64, home="a"),
    "k2": Key(label="k2", algorithm=13, flags=257, public_key=b"2" * 64, home="a"),
    "z1": Key(label="z1", algorithm=13, flags=256, public_key=b"3" * 64, home="a"),
}
ONE, BOTH = frozenset({"k1", "z1"}), frozenset({"k1", "k2", "z1"})
DNSKEY = (RRsetKind.DNSKEY, "a")
HOUR = 3600


def zone(dnskeys: frozenset[str] = ONE, at: datetime = NOW) -> ObservedZone:
    return ObservedZone(
        zone="example.com.",
        at=at,
        keys=KEYS,
        parent=ParentFacts(
            ds=frozenset({DsRef("k1", 2)}),
            ds_ttl=HOUR,
            ds_negative_ttl=900,
            ns=frozenset({"a"}),
            ns_ttl=86400,
            propagation_delay=HOUR,
            capabilities=PARENT_KINDS["sandbox-registrar"].capabilities,
        ),
        signers={
            "a": SignerFacts(
                dnskeys=dnskeys,
                krrsig=dnskeys - {"z1"},
                zrrsig=frozenset({"z1"}),
                cds=None,
                ns=frozenset({"a"}),
                denial=Denial(),
                dnskey_ttl=HOUR,
                max_zone_ttl=86400,
                negative_ttl=HOUR,
                ns_ttl=86400,
                propagation_delay=300,
                signing_delay=0,
                signatures=SignatureFacts(),
                capabilities=SIGNER_KINDS["sandbox"].capabilities,
            )
        },
    )


def seen(dnskeys: frozenset[str], **ago: int) -> Snapshot:
    return take(zone(dnskeys, NOW - timedelta(**ago)))


def history(observed: ObservedZone) -> list[tuple[bool, int | None, int]]:
    """The DNSKEY RRset's history: unknown or not, since when, and how many keys."""
    found = [v for v in observed.history if isinstance(v, DnskeyVersion)]
    return [(v.unknown, v.at, len(v.keys)) for v in found]


@pytest.mark.parametrize(
    ("snapshots", "settled", "remembered"),
    [
        ((), False, [(True, None, 2), (False, 0, 2)]),
        ((seen(ONE, days=3),), True, []),
        ((seen(ONE, hours=1),), False, [(True, None, 2), (False, -HOUR, 2)]),
        ((seen(ONE, seconds=3899 + 86400), seen(BOTH, seconds=3899)), False,
         [(False, None, 2), (False, -3899, 3), (False, 0, 2)]),
        ((seen(BOTH, days=3),), False, [(False, None, 3), (False, 0, 2)]),
        ((seen(BOTH, days=4), seen(ONE, days=3)), True, []),
        ((seen(BOTH, days=4), seen(ONE, seconds=3899)), False,
         [(False, None, 3), (False, -3899, 2)]),
        ((seen(BOTH, days=4), seen(ONE, seconds=3900)), True, []),
    ],
    ids=["nothing known", "long since", "lately adopted", "there and back", "just changed",
         "changed long since", "one second too early", "gone to the second"],
)  # fmt: skip
def test_caches_remember_what_was_replaced_until_delay_and_ttl_are_over(
    snapshots: tuple[Snapshot, ...], *, settled: bool, remembered: list[object]
) -> None:
    found = with_history(zone(), snapshots)
    assert (found.settled, history(found) if not found.settled else []) == (settled, remembered)


def test_what_the_observation_itself_saw_lagging_is_kept_beside_what_is_known() -> None:
    lagging = DnskeyVersion(
        at=-60, ttl=HOUR, propagation=300, signer="a", keys=BOTH, signed_by=BOTH - {"z1"}
    )
    found = with_history(replace(zone(), history=(lagging,)), [seen(ONE, days=9)])
    assert not found.settled
    assert history(found) == [(True, None, 3), (False, -60, 3)]
    others = {slot(v): (v.at, v.unknown) for v in found.history if slot(v) != DNSKEY}
    assert set(others.values()) == {(None, False)}
    assert len(others) == 4


def test_what_lagging_servers_show_first_has_an_unknown_past() -> None:
    lagging = DnskeyVersion(
        ttl=7200, propagation=300, signer="a", keys=BOTH, signed_by=BOTH - {"z1"}
    )
    found = with_history(replace(zone(), history=(lagging,)), [seen(ONE, days=9)])
    assert history(found) == [(True, None, 3), (False, -1, 3)]
    unknown = next(v for v in found.history if v.unknown)
    assert unknown.ttl == 7200


def test_no_two_versions_begin_in_one_second_and_none_is_forgotten_sooner() -> None:
    one, two = (
        DnskeyVersion(at=-60, ttl=HOUR, propagation=300, signer="a", keys=keys, signed_by=keys)
        for keys in (ONE, BOTH)
    )
    first, second, third = one_by_one([one, two, replace(one, at=-60)])
    assert [(v.at, v.propagation) for v in (first, second, third)] == [
        (-62, 302), (-61, 301), (-60, 300),
    ]  # fmt: skip
    assert one_by_one([replace(one, at=None), two]) == [replace(one, at=None), two]


def plan() -> ZonePlan:
    """A double-KSK rollover (RFC 6781 §4.1.2): add k2, swap the DS an hour and five minutes later,
    remove k1 when no cache holds the old DS.
    """
    start = [replace(version, at=None) for version in seen(ONE).versions]
    silver = frozenset({"k2", "z1"})
    made: list[Version] = [
        DnskeyVersion(step="s1", at=0, ttl=HOUR, propagation=300, signer="a", keys=BOTH,
                      signed_by=frozenset({"k1", "k2"})),
        DsVersion(step="s2", at=3900, ttl=HOUR, propagation=HOUR, ds=frozenset({DsRef("k2", 2)})),
        DnskeyVersion(step="s3", at=11100, ttl=HOUR, propagation=300, signer="a", keys=silver,
                      signed_by=frozenset({"k2"})),
    ]  # fmt: skip
    steps = (
        Step(id="s1", moves=(DnskeyAdd(signer="a", key="k2", sign=True),), actor="signer:a"),
        Step(id="s2", moves=(DsReplace(ds=frozenset({DsRef("k2", 2)})),), actor="parent",
             needs=(Need(step="s1", wait_min=3900, margin=60),)),
        Step(id="s3", moves=(DnskeyRemove(signer="a", key="k1"),), actor="signer:a",
             needs=(Need(step="s2", wait_min=7200),),
             not_after=(Deadline(step="s2", wait_max=86400, reason="r"),)),
    )  # fmt: skip
    timeline = Timeline(
        profiles=("loose",),
        assumptions=(),
        insecure_allowed=False,
        keys=KEYS,
        versions=tuple(sorted([*start, *made], key=lambda v: v.step or "")),
    )
    return ZonePlan(
        zone="example.com.", status=Status.PLANNED, at=NOW, steps=steps, timeline=timeline
    )


def later(**span: int) -> datetime:
    return NOW + timedelta(**span)


def test_a_plan_waits_from_evidence_with_its_margins() -> None:
    position = Position(plan=plan(), done={"s1": later(hours=2)})
    (step,) = position.next_steps()
    assert (step.id, position.due(step)) == ("s2", later(hours=2, seconds=3960))
    assert position.deadline(step) is None
    position = Position(plan=plan(), done={"s1": NOW, "s2": later(hours=5)})
    (step,) = position.next_steps()
    assert position.due(step) == later(hours=7)
    assert position.deadline(step) == later(hours=29)


def test_what_stands_counts_steps_that_were_called() -> None:
    before = expected(Position(plan=plan(), done={}))[DNSKEY]
    after = expected(Position(plan=plan(), done={}, called=frozenset({"s1"})))[DNSKEY]
    assert isinstance(before, DnskeyVersion)
    assert isinstance(after, DnskeyVersion)
    assert (before.keys, after.keys) == (ONE, BOTH)


@pytest.mark.parametrize("late", [0, 1, 86400])
@pytest.mark.parametrize("steps_done", [0, 1, 2])
def test_what_is_left_is_proved_from_wherever_the_plan_stands(late: int, steps_done: int) -> None:
    instants = {"s1": later(minutes=7), "s2": later(hours=5)}
    done = dict(list(instants.items())[:steps_done])
    since = max([NOW, *done.values()])
    steps, timeline = remaining(Position(plan=plan(), done=done), since + timedelta(seconds=late))
    assert isinstance(prove(steps, timeline), Proved)


@pytest.mark.parametrize(("waited", "verdict"), [(3899, Refuted), (3900, Proved)])
def test_a_wait_that_is_shortened_by_a_second_is_refused_in_mid_plan(
    waited: int, verdict: type[Verdict]
) -> None:
    short = replace(plan(), steps=tuple(_needless(step) for step in plan().steps))
    position = Position(plan=short, done={"s1": later(minutes=7)})
    steps, timeline = remaining(position, later(minutes=7, seconds=waited))
    assert isinstance(prove(steps, timeline), verdict)


def _needless(step: Step) -> Step:
    """Return the second step as one that may be made at once after the first."""
    return replace(step, needs=(Need(step="s1", wait_min=0),)) if step.id == "s2" else step


def test_steps_of_one_rrset_seen_in_one_second_keep_their_order() -> None:
    position = Position(plan=plan(), done=dict.fromkeys(("s1", "s2", "s3"), NOW))
    steps, timeline = remaining(position, later(hours=3))
    shown = [v for v in timeline.versions if isinstance(v, DnskeyVersion)]
    assert [(v.at, len(v.keys)) for v in shown] == [(None, 2), (-10801, 3), (-10800, 2)]
    assert not isinstance(prove(steps, timeline), Malformed)


@pytest.mark.parametrize(
    ("version", "text"),
    [
        (DsVersion(ttl=1, propagation=0, ds=frozenset()), "no DS"),
        (DsVersion(ttl=1, propagation=0, ds=frozenset({DsRef("k1", 2)})), "DS k1 (SHA-256)"),
        (NsVersion(ttl=1, propagation=0, signers=frozenset("ab")), "NS a, b"),
        (DnskeyVersion(ttl=1, propagation=0, signer="a", keys=frozenset(), signed_by=frozenset()),
         "no DNSKEY"),
        (DnskeyVersion(ttl=1, propagation=0, signer="a", keys=ONE, signed_by=frozenset({"k1"})),
         "DNSKEY k1, z1 signed by k1"),
        (DataVersion(ttl=1, propagation=0, signer="a", signed_by=frozenset()), "unsigned data"),
        (DataVersion(ttl=1, propagation=0, signer="a", signed_by=frozenset({"z1"})),
         "data signed by z1"),
        (CdsVersion(ttl=1, propagation=0, signer="a", cds=None, polled=True, processing_max=0),
         "no CDS"),
        (CdsVersion(ttl=1, propagation=0, signer="a", cds="delete", polled=True, processing_max=0),
         "the CDS that asks for removal of every DS"),
    ],
)  # fmt: skip
def test_what_a_server_shows_reads_well(version: Version, text: str) -> None:
    assert describe(version) == text
