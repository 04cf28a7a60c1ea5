"""An approval stands while the content of a change stands, and falls with any part of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.desired import (
    Bounds,
    Denial,
    DenialKind,
    DesiredZone,
    DnssecPolicy,
    KeyScheme,
    KeyState,
    KskRollover,
    RiskClass,
    StandbyKsk,
)
from reconciler.model.entries import Json
from reconciler.model.keys import DsRef, Key, KeyEntry, KeyRole
from reconciler.model.moves import (
    CdsSet,
    DenialSet,
    DnskeyAdd,
    DsConfirm,
    DsReplace,
    RollStart,
    TtlSet,
)
from reconciler.model.plan import (
    Deadline,
    FreezeClass,
    Malformed,
    Need,
    Plan,
    Status,
    Step,
    WaitFrom,
    ZonePlan,
)
from reconciler.model.timeline import CdsVersion, DataVersion, RRsetKind, Timeline, slot
from reconciler.spec.digests import change_digest, desired_digest, plan_digest, with_digests
from reconciler.spec.plan_file import dump_plan, plan_file_problem

PATIENT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no bug; the values are large."""

AT = datetime(2026, 11, 21, 23, tzinfo=UTC)
Change = Callable[[ZonePlan], ZonePlan]


def _digest(plan: ZonePlan) -> str:
    return change_digest(plan, "sha256:desired", {"R3": {"approvers": 2}})


def _timeline(plan: ZonePlan) -> Timeline:
    assert plan.timeline is not None
    return plan.timeline


def _with_timeline(plan: ZonePlan, **changes: Any) -> ZonePlan:  # noqa: ANN401 (fields of a timeline)
    return replace(plan, timeline=replace(_timeline(plan), **changes))


def _with_version(index: int, **changes: Any) -> Change:  # noqa: ANN401 (fields of a version)
    def change(plan: ZonePlan) -> ZonePlan:
        versions = list(_timeline(plan).versions)
        versions[index] = replace(versions[index], **changes)
        return _with_timeline(plan, versions=tuple(versions))

    return change


def _with_step(index: int, **changes: Any) -> Change:  # noqa: ANN401 (fields of a step)
    def change(plan: ZonePlan) -> ZonePlan:
        steps = list(plan.steps)
        steps[index] = replace(steps[index], **changes)
        return replace(plan, steps=tuple(steps))

    return change


def _with_need(index: int, **changes: Any) -> Change:  # noqa: ANN401 (fields of a need)
    return lambda plan: _with_step(index, needs=(replace(plan.steps[index].needs[0], **changes),))(
        plan
    )


def _with_key(label: str, entry: KeyEntry) -> Change:
    return lambda plan: _with_timeline(plan, keys={**_timeline(plan).keys, label: entry})


def _with_rollback(**changes: Any) -> Change:  # noqa: ANN401 (fields of a rollback)
    return lambda plan: replace(plan, rollback=(replace(plan.rollback[0], **changes),))


def _key(plan_label: str, **changes: Any) -> Change:  # noqa: ANN401 (fields of a key)
    def change(plan: ZonePlan) -> ZonePlan:
        entry = _timeline(plan).keys[plan_label]
        return _with_key(plan_label, replace(entry, **changes))(plan)

    return change


DIFFERENT: dict[str, Change] = {
    "zone": lambda plan: replace(plan, zone="example.net."),
    "risk": lambda plan: replace(plan, risk=RiskClass.R4),
    "status": lambda plan: replace(plan, status=Status.BLOCKED),
    "one octet of a public key": _key("k1", public_key=b"\2" + bytes([1]) * 63),
    "flags of a key": _key("k1", flags=385),
    "algorithm of a key to come": _key("ksk@13/2", algorithm=15),
    "flags of a key to come": _key("ksk@13/2", flags=256),
    "a key to come that is known now": _key("ksk@13/2", public_key=b"\3" * 64),
    "one digit of a dead DS": _key("dead", rdata=f"7 8 2 {'ab' * 31}ac"),
    "profiles": lambda plan: _with_timeline(plan, profiles=("loose",)),
    "assumptions": lambda plan: _with_timeline(plan, assumptions=("caches obey",)),
    "going insecure": lambda plan: _with_timeline(plan, insecure_allowed=True),
    "start DS": _with_version(0, ds=frozenset({DsRef("k1", 2)})),
    "digest type at the start": _with_version(0, ds=frozenset({DsRef("k1", 4), DsRef("dead", 2)})),
    "TTL at the start": _with_version(0, ttl=3601),
    "bound at the start": _with_version(1, propagation=3601),
    "signers at the start": _with_version(1, signers=frozenset({"b"})),
    "signer of a version": _with_version(4, signer="b"),
    "keys at the start": _with_version(3, keys=frozenset({"k1"})),
    "signatures of the RRset": _with_version(3, signed_by=frozenset({"z1"})),
    "signatures of the data": _with_version(4, signed_by=frozenset({"k1"})),
    "signatures that no longer end": _with_version(4, expires=None),
    "a wildcard": _with_version(3, unknown=True),
    "TTL of what a step publishes": _with_version(6, ttl=1),
    "bound of what a step publishes": _with_version(6, propagation=1),
    "content of what a step publishes": _with_version(6, ds=frozenset({DsRef("ksk@13/2", 4)})),
    "step that publishes": _with_version(6, step="s1"),
    "key of a move": _with_step(0, moves=(DnskeyAdd(signer="a", key="k1", sign=True),)),
    "argument of a move": _with_step(0, moves=(DnskeyAdd(signer="a", key="ksk@13/2", sign=False),)),
    "system of a move": _with_step(0, moves=(DnskeyAdd(signer="b", key="ksk@13/2", sign=True),)),
    "DS of a move": _with_step(1, moves=(DsReplace(ds=frozenset({DsRef("ksk@13/2", 4)})),)),
    "CDS of a move": _with_step(1, moves=(CdsSet(signer="a", cds=frozenset({DsRef("k1", 2)})),)),
    "delete form": _with_step(1, moves=(CdsSet(signer="a", cds="delete"),)),
    "no CDS": _with_step(1, moves=(CdsSet(signer="a", cds=None),)),
    "empty CDS": _with_step(1, moves=(CdsSet(signer="a", cds=frozenset()),)),
    "denial of a move": _with_step(1, moves=(DenialSet(signer="a", denial=Denial()),)),
    "salt of a move": _with_step(1, moves=(DenialSet(signer="a", denial=Denial(salt=b"x")),)),
    "TTL of a move": _with_step(1, moves=(TtlSet(signer="a", rrset=RRsetKind.NS, ttl=60),)),
    "other TTL": _with_step(1, moves=(TtlSet(signer="a", rrset=RRsetKind.NS, ttl=61),)),
    "RRset of a move": _with_step(1, moves=(TtlSet(signer="a", rrset=RRsetKind.DATA, ttl=60),)),
    "roll of a signer": _with_step(1, moves=(RollStart(signer="a", old="k1", new="ksk@13/2"),)),
    "roll to what is there": _with_step(1, moves=(RollStart(signer="a", old="z1", new="k1"),)),
    "what a signer is told": _with_step(1, moves=(DsConfirm(signer="a", key="k1", present=True),)),
    "DS told gone": _with_step(1, moves=(DsConfirm(signer="a", key="k1", present=False),)),
    "no move": _with_step(1, moves=()),
    "actor": _with_step(1, actor="person"),
    "risk of a step": _with_step(1, risk=RiskClass.R1),
    "freeze class": _with_step(1, freeze_class=FreezeClass.RESCUE),
    "no need": _with_step(1, needs=()),
    "wait": _with_need(1, wait_min=3899),
    "margin": _with_need(1, margin=0),
    "what a wait is counted from": _with_need(1, wait_from=WaitFrom.EFFECT),
    "reason of a wait": _with_need(1, reason="policy"),
    "step waited for": _with_need(2, step="s1"),
    "wait from the origin": _with_need(2, step=None),
    "deadline": _with_step(2, not_after=(Deadline(step="s1", wait_max=1, reason=""),)),
    "no deadline": _with_step(2, not_after=()),
    "step of a deadline": _with_step(
        2, not_after=(Deadline(step="s2", wait_max=864000, reason=""),)
    ),
    "a step less": lambda plan: replace(plan, steps=plan.steps[:2]),
    "no rollback": lambda plan: replace(plan, rollback=()),
    "when the rollback applies": _with_rollback(after="s2"),
    "steps of the rollback": _with_rollback(steps=()),
    "wait of the rollback": lambda plan: _with_rollback(
        steps=(
            replace(
                plan.rollback[0].steps[0], needs=(Need(step="s1", wait_min=61, reason="policy"),)
            ),
        )
    )(plan),
    "timeline of the rollback": lambda plan: _with_rollback(
        timeline=replace(plan.rollback[0].timeline, profiles=("ds-alg",))
    )(plan),
}


@pytest.mark.parametrize("change", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_an_approval_falls_with(roll: ZonePlan, change: Change) -> None:
    assert _digest(change(roll)) != _digest(roll)


def test_all_these_changes_differ_from_each_other(roll: ZonePlan) -> None:
    digests = [_digest(change(roll)) for change in DIFFERENT.values()]
    assert len(set(digests)) == len(digests)


def test_an_approval_falls_with_the_desired_state_and_with_the_rules(roll: ZonePlan) -> None:
    rules: Json = {"R3": {"approvers": 2}}
    digests = {
        change_digest(roll, "sha256:desired", rules),
        change_digest(roll, "sha256:other", rules),
        change_digest(roll, "sha256:desired", {"R3": {"approvers": 1}}),
    }
    assert len(digests) == 3


def _renamed(value: Any, names: Mapping[str, str]) -> Any:  # noqa: ANN401 (any value of the model)
    """Return `value` with every string that is one of `names` replaced."""
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: _renamed(getattr(value, f.name), names) for f in fields(value)}
        return replace(value, **changed)
    if isinstance(value, Mapping):
        return {_renamed(name, names): _renamed(item, names) for name, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_renamed(item, names) for item in value)
    if isinstance(value, frozenset):
        return frozenset(_renamed(item, names) for item in value)
    return names.get(value, value) if type(value) is str else value


RENAMED = {
    "k1": "ksk-13-4711",
    "z1": "aaa",
    "dead": "zzz",
    "s1": "z",
    "s2": "y",
    "s3": "x",
    "r1": "w",
}


def test_an_approval_survives_other_labels_and_ids(roll: ZonePlan) -> None:
    labels = {name: new for name, new in RENAMED.items() if name != "dead"}
    assert _digest(_renamed(roll, labels)) == _digest(roll)


def test_an_approval_survives_another_label_of_a_dead_ds(roll: ZonePlan) -> None:
    assert _digest(_renamed(roll, {"dead": "zzz"})) == _digest(roll)


def _reordered(plan: ZonePlan, shuffle: random.Random) -> ZonePlan:
    def mixed(items: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(shuffle.sample(items, len(items)))

    def steps(items: tuple[Step, ...]) -> tuple[Step, ...]:
        return mixed(
            tuple(
                replace(s, needs=mixed(s.needs), not_after=mixed(s.not_after), moves=mixed(s.moves))
                for s in items
            )
        )

    def line(timeline: Timeline) -> Timeline:
        slots = sorted({slot(v) for v in timeline.versions}, key=lambda _: shuffle.random())
        return replace(
            timeline,
            profiles=mixed(timeline.profiles),
            assumptions=mixed(timeline.assumptions),
            versions=tuple(v for place in slots for v in timeline.versions if slot(v) == place),
            keys=dict(mixed(tuple(timeline.keys.items()))),
        )

    back = tuple(replace(b, steps=steps(b.steps), timeline=line(b.timeline)) for b in plan.rollback)
    return replace(
        plan,
        steps=steps(plan.steps),
        timeline=line(plan.timeline) if plan.timeline else None,
        rollback=mixed(back),
    )


@PATIENT
@given(data=st.data())
def test_an_approval_survives_any_order_labels_and_ids(
    strategies: SimpleNamespace, data: st.DataObject
) -> None:
    plan = data.draw(strategies.zone_plan("example.com.", strategies.timeline()))
    shuffled = _reordered(plan, data.draw(st.randoms(use_true_random=False)))
    names = {name: new for name, new in RENAMED.items() if name != "dead"}
    assert _digest(_renamed(_keyed(shuffled), names)) == _digest(_keyed(plan))


def _keyed(plan: ZonePlan) -> ZonePlan:
    """Return the plan with all of its keys known, so that labels do not count."""

    def known(timeline: Timeline) -> Timeline:
        table = {
            label: replace(entry, public_key=label.encode())
            if isinstance(entry, Key) and label in RENAMED
            else entry
            for label, entry in timeline.keys.items()
        }
        return replace(timeline, keys=table)

    back = tuple(replace(b, timeline=known(b.timeline)) for b in plan.rollback)
    timeline = known(plan.timeline) if plan.timeline else None
    return replace(plan, timeline=timeline, rollback=back)


def test_an_approval_survives_another_observation_of_the_same_start(roll: ZonePlan) -> None:
    timeline = _timeline(roll)
    versions = tuple(
        replace(v, at=None if v.at is None else v.at + 60) if v.step else v
        for v in timeline.versions
    )
    later = tuple(replace(v, expires=777) if isinstance(v, DataVersion) else v for v in versions)
    again = replace(
        _with_timeline(roll, versions=later),
        at=roll.at + timedelta(hours=3),
        verdict=Malformed(why="not proved yet"),
        duration_min=1,
        clean_min=2,
    )
    assert _digest(again) == _digest(roll)


def test_an_approval_survives_other_words(roll: ZonePlan) -> None:
    steps = tuple(
        replace(
            step,
            why="because",
            needs=tuple(replace(need, why="so") for need in step.needs),
            not_after=tuple(replace(each, reason="late") for each in step.not_after),
        )
        for step in roll.steps
    )
    assert _digest(replace(roll, steps=steps)) == _digest(roll)


def test_equal_steps_are_told_apart_by_what_waits_for_them() -> None:
    def plan(order: tuple[str, ...], after: Mapping[str, str]) -> ZonePlan:
        waits = {
            "long": Step(
                id="long", moves=(), actor="parent", needs=(Need(step=after["long"], wait_min=9),)
            ),
            "short": Step(
                id="short", moves=(), actor="person", needs=(Need(step=after["short"], wait_min=1),)
            ),
        }
        plain = {name: Step(id=name, moves=(), actor="person") for name in ("p", "q")}
        steps = tuple({**plain, **waits}[name] for name in order)
        return ZonePlan(zone="a.", status=Status.PLANNED, at=AT, steps=steps)

    apart = plan(("p", "q", "long", "short"), {"long": "p", "short": "q"})
    swapped = plan(("p", "q", "long", "short"), {"long": "q", "short": "p"})
    moved = plan(("short", "q", "long", "p"), {"long": "p", "short": "q"})
    together = plan(("p", "q", "long", "short"), {"long": "p", "short": "p"})
    assert _digest(apart) == _digest(swapped) == _digest(moved)
    assert _digest(apart) != _digest(together)


def test_steps_in_a_circle_have_a_digest_too() -> None:
    first = Step(id="x", moves=(), actor="person", needs=(Need(step="y", wait_min=1),))
    second = Step(id="y", moves=(), actor="parent", needs=(Need(step="x", wait_min=2),))
    plan = ZonePlan(zone="a.", status=Status.PLANNED, at=AT, steps=(first, second))
    assert _digest(plan) == _digest(replace(plan, steps=(second, first)))


DESIRED_DIFFERENT: dict[str, dict[str, Any]] = {
    "zone": {"zone": "example.net."},
    "owner": {"owner": "shop"},
    "signed": {"signed": False},
    "signers": {"signers": ("a",)},
    "parent": {"parent": "q"},
    "generations": {"generations": {KeyRole.KSK: 3}},
    "tags": {"tags": {}},
    "named_keys": {"named_keys": {"13/2371": KeyState.LOST}},
    "ends": {"ends": {"b": AT}},
    "variant": {"variant": "no-outage"},
}
POLICY_DIFFERENT: dict[str, dict[str, Any]] = {
    "algorithm": {"algorithm": 15},
    "keys": {"keys": KeyScheme.CSK},
    "ksk_lifetime": {"ksk_lifetime": 1},
    "zsk_lifetime": {"zsk_lifetime": 1},
    "denial": {"denial": Denial(kind=DenialKind.NSEC3)},
    "salt": {"denial": Denial(salt=b"x")},
    "digest_types": {"digest_types": frozenset({2, 4})},
    "ds_ttl": {"ds_ttl": 1},
    "bounds": {"bounds": Bounds(propagation=1)},
    "signature_validity": {"signature_validity": 1},
    "signature_refresh": {"signature_refresh": 1},
    "publish_cds": {"publish_cds": True},
    "publish_safety": {"publish_safety": 0},
    "retire_safety": {"retire_safety": 0},
    "weak_algorithms": {"weak_algorithms": frozenset({16})},
    "drop_strict": {"drop_strict": True},
    "ksk_rollover": {"ksk_rollover": KskRollover.DOUBLE_DS},
    "standby_ksk": {"standby_ksk": StandbyKsk.DS},
    "standby_zsk": {"standby_zsk": True},
    "lower_ttls": {"lower_ttls": True},
}


@pytest.mark.parametrize("change", DESIRED_DIFFERENT.values(), ids=DESIRED_DIFFERENT.keys())
def test_the_desired_digest_changes_with(desired: DesiredZone, change: dict[str, Any]) -> None:
    assert desired_digest(replace(desired, **change)) != desired_digest(desired)


@pytest.mark.parametrize("change", POLICY_DIFFERENT.values(), ids=POLICY_DIFFERENT.keys())
def test_the_desired_digest_changes_with_the_policys(
    desired: DesiredZone, change: dict[str, Any]
) -> None:
    other = replace(desired, policy=replace(desired.policy, **change))
    assert desired_digest(other) != desired_digest(desired)


def test_every_field_of_desired_state_is_in_these_tables() -> None:
    assert {f.name for f in fields(DesiredZone)} == set(DESIRED_DIFFERENT) | {"policy"}
    assert {f.name for f in fields(DnssecPolicy)} <= set(POLICY_DIFFERENT) | {"name"}


def test_the_name_of_a_policy_and_the_order_of_signers_do_not_count(desired: DesiredZone) -> None:
    other = replace(
        desired, signers=("b", "a"), policy=replace(desired.policy, name="the same as before")
    )
    assert desired_digest(other) == desired_digest(desired)


def test_a_plan_with_digests_is_intact_as_a_file(roll: ZonePlan, desired: DesiredZone) -> None:
    quiet = ZonePlan(zone="quiet.example.", status=Status.NO_CHANGE, at=AT)
    plan = Plan(zones={roll.zone: roll, quiet.zone: quiet})
    wanted = {roll.zone: desired, quiet.zone: replace(desired, zone=quiet.zone)}
    full = with_digests(plan, wanted, lambda _: {"R3": 2})
    assert full.zones[roll.zone].change_digest == change_digest(
        roll, desired_digest(desired), {"R3": 2}
    )
    assert full.zones[quiet.zone].change_digest == ""
    assert full.plan_digest == plan_digest(full)
    written = dump_plan(full)
    assert plan_file_problem(written, "plan.json") is None
    for old, new in ((b'"wait_min": 3900', b'"wait_min": 3899'), (b'"zones"', b'"x": 1, "zones"')):
        problem = plan_file_problem(written.replace(old, new), "plan.json")
        assert problem is not None
        assert problem.code == "plan-digest-mismatch"


def test_a_file_without_digest_is_not_known_to_be_intact(roll: ZonePlan) -> None:
    problem = plan_file_problem(dump_plan(Plan(zones={roll.zone: roll})), "plan.json")
    assert problem is not None
    assert problem.code == "no-plan-digest"


@pytest.mark.parametrize(
    "change", [{"cds": None}, {"cds": "delete"}, {"polled": False}, {"processing_max": 1}]
)
def test_an_approval_falls_with_what_a_parent_may_install(
    roll: ZonePlan, change: dict[str, Any]
) -> None:
    cds = CdsVersion(
        step="s2",
        ttl=3600,
        propagation=300,
        signer="a",
        cds=frozenset({DsRef("ksk@13/2", 2)}),
        polled=True,
        processing_max=604800,
    )
    before, after = (
        _with_timeline(roll, versions=(*_timeline(roll).versions, version))
        for version in (cds, replace(cds, **change))
    )
    assert _digest(before) != _digest(after)
