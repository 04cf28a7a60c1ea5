"""A record in which a plan was turned back, and what an attacker could make of that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler.demo.stage import build
from reconciler.ledger.git_ledger import place_of
from reconciler.model.plan import Need, ZonePlan
from reconciler.model.results import Blocked, Result
from reconciler.sandbox.faults import Fault, FaultKind
from reconciler.spec.canonical import bytes_digest
from reconciler.spec.plan_file import dump_plan, load_plan
from tests.audit.forge import Entry, Forged, honest, judged
from tests.execute.acts import ZONE, Play, desired, opened


@pytest.fixture(scope="module")
def turned(tmp_path_factory: pytest.TempPathFactory) -> Forged:
    root = tmp_path_factory.mktemp("turned") / "portfolio"
    build(root)
    with opened(root) as play:
        turn_back(play)
    return honest(root)


def turn_back(play: Play) -> None:
    play.want(desired(ksk=2))
    result: Result = play.on_the_way_to("s2")
    play.stage.world.inject(Fault(kind=FaultKind.GARBLE, target="registrar", count=1))
    while not isinstance(result, Blocked):
        play.answer(result)
        result = play.run()


def at(record: Forged) -> int:
    return next(i for i, e in enumerate(record.entries) if "rollback" in e["data"])


def codes(record: Forged, found_at: int) -> set[str]:
    path = f"{record.entries[found_at]['seq']:012d}"
    return {f.code for f in judged(record).findings if path in str(f.file)}


def test_a_plan_that_was_turned_back_is_whole(turned: Forged) -> None:
    assert judged(turned).findings == ()


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("of", "sha256:" + "1" * 64, "audit-rollback"),
        ("after", "s1", "audit-rollback"),
        ("after", "s9", "audit-rollback"),
        ("why", "", "audit-reason"),
        ("cause", "because", "audit-reason"),
    ],
)
def test_another_plan_position_or_no_reason_is_found(
    turned: Forged, member: str, value: str, code: str
) -> None:
    def edit(entry: Entry) -> None:
        entry["data"]["rollback"][member] = value

    assert code in codes(turned.changed(at(turned), edit), at(turned))


def test_a_plan_that_only_says_that_it_is_a_rollback_is_found(turned: Forged) -> None:
    """Without the word it is a plan in the midst of another; nobody approved it."""

    def edit(entry: Entry) -> None:
        del entry["data"]["rollback"]

    changed = turned.changed(at(turned), edit)
    assert "audit-order" in codes(changed, at(turned))
    intents = [i for i, e in enumerate(turned.entries) if e["event"] == "intent"]
    assert "audit-not-approved" in codes(changed, intents[-1])


def test_authors_are_those_of_the_plan_that_ran(turned: Forged) -> None:
    def edit(entry: Entry) -> None:
        entry["data"]["authors"] = ["mallory@x.example"]

    assert "audit-rollback" in codes(turned.changed(at(turned), edit), at(turned))


def hasty(plan: ZonePlan) -> ZonePlan:
    return with_needs(plan, lambda need: replace(need, wait_min=need.wait_min - 1))


def marginless(plan: ZonePlan) -> ZonePlan:
    return with_needs(plan, lambda need: replace(need, margin=0))


def with_needs(plan: ZonePlan, changed: Callable[[Need], Need]) -> ZonePlan:
    steps = (replace(s, needs=tuple(map(changed, s.needs))) for s in plan.steps)
    return replace(plan, steps=tuple(steps))


def shorter(plan: ZonePlan) -> ZonePlan:
    return replace(plan, steps=plan.steps[:1])


def elsewhere(plan: ZonePlan) -> ZonePlan:
    first, *others = plan.steps
    return replace(plan, steps=(replace(first, moves=others[0].moves), *others))


def harmless(plan: ZonePlan) -> ZonePlan:
    first, *others = plan.steps
    timeline = plan.timeline
    assert timeline is not None
    kept = tuple(v for v in timeline.versions if v.step != first.id)
    return replace(plan, steps=(first, *others), timeline=replace(timeline, versions=kept))


def boastful(plan: ZonePlan) -> ZonePlan:
    assert plan.timeline is not None
    return replace(plan, timeline=replace(plan.timeline, profiles=plan.timeline.profiles[:1]))


def lenient(plan: ZonePlan) -> ZonePlan:
    assert plan.timeline is not None
    return replace(plan, timeline=replace(plan.timeline, insecure_allowed=True))


def trusting(plan: ZonePlan) -> ZonePlan:
    assert plan.timeline is not None
    return replace(plan, timeline=replace(plan.timeline, assumptions=("all is well",)))


def for_another_wish(plan: ZonePlan) -> ZonePlan:
    return replace(plan, desired_digest="sha256:" + "1" * 64)


@pytest.mark.parametrize(
    "edit",
    [
        hasty,
        marginless,
        shorter,
        elsewhere,
        harmless,
        boastful,
        lenient,
        trusting,
        for_another_wish,
    ],
)
def test_another_rollback_than_the_one_approved_is_found(
    turned: Forged, edit: Callable[[ZonePlan], ZonePlan]
) -> None:
    number = at(turned)
    entry = turned.entries[number]
    whole = load_plan(turned.blobs[place_of(entry["data"]["blob"])], "plan")
    data = dump_plan(replace(whole, zones={ZONE: edit(whole.zones[ZONE])}))
    name = f"plans/{bytes_digest(data).removeprefix('sha256:')}.json"
    other = turned.with_blobs({place_of(name): data}).edited(
        lambda entries: entries[number]["data"].update(blob=name), rechained=True
    )
    assert "audit-rollback" in codes(other, number)


def test_no_plan_is_turned_back_before_it_was_begun(turned: Forged) -> None:
    def early(entries: list[Entry]) -> None:
        entries.insert(next(begun(entries)), entries.pop(at(turned)))

    moved = turned.edited(early, rechained=True)
    assert "audit-rollback" in codes(moved, at(moved))


def begun(entries: list[Entry]) -> Iterator[int]:
    return (i for i, e in enumerate(entries) if e["event"] == "intent")


def test_a_way_back_is_not_turned_back(turned: Forged) -> None:
    number = at(turned)
    again = turned.edited(
        lambda entries: entries.insert(number + 1, json.loads(json.dumps(entries[number]))),
        rechained=True,
    )
    assert "audit-rollback" in codes(again, number + 1)
