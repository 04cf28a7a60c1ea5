"""A plan as a picture: every window in it is the one that the proof reckons with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from reconciler.model.keys import DsRef
from reconciler.model.moves import DnskeyAdd, DnskeyRemove, DsReplace
from reconciler.model.plan import Need, Plan, Status, Step, ZonePlan
from reconciler.model.timeline import (
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Timeline,
    Version,
)
from reconciler.report.axis import Axis, axis_over, ticks
from reconciler.report.picture import Bar, Picture, picture_of
from reconciler.report.plan_html import plan_html
from reconciler.report.plan_svg import plan_svg, zone_svg
from reconciler.report.version_words import short, version_label, version_words

OLD, NEW, ZSK = "ksk-13-59014", "ksk@13/2", "zsk-13-25793"
DS, DNSKEY = (RRsetKind.DS, None), (RRsetKind.DNSKEY, "own")


def _ds(key: str, *, step: str | None = None, at: int | None = None) -> DsVersion:
    ref = frozenset({DsRef(key, 2)})
    return DsVersion(ds=ref, ttl=3600, propagation=3600, step=step, at=at)


def _dnskey(*keys: str, step: str | None = None, at: int | None = None) -> DnskeyVersion:
    held = frozenset(keys)
    signed = held - {ZSK}
    return DnskeyVersion(
        signer="own", keys=held, signed_by=signed, ttl=3600, propagation=300, step=step, at=at
    )


def _ns(signer: str | None, **more: int | bool) -> NsVersion:
    named = frozenset({"own"})
    return NsVersion(signer=signer, signers=named, ttl=86400, propagation=300, **more)  # type: ignore[arg-type]


DATA = DataVersion(signer="own", signed_by=frozenset({ZSK}), ttl=86400, propagation=300)
VERSIONS: tuple[Version, ...] = (
    _ds(OLD),
    _ds(NEW, step="s2", at=3900),
    _ns(None),
    _ns("own"),
    _dnskey(OLD, ZSK),
    _dnskey(OLD, NEW, ZSK, step="s1", at=0),
    _dnskey(NEW, ZSK, step="s3", at=11100),
    DATA,
)


def _roll(*versions: Version) -> ZonePlan:
    """A KSK rollover with the windows of lifecycle T2: DS 1 h, DNSKEY 1 h, 5 min, 1 h."""
    steps = (
        Step(id="s1", moves=(DnskeyAdd(signer="own", key=NEW, sign=True),), actor="signer:own"),
        Step(
            id="s2",
            moves=(DsReplace(ds=frozenset({DsRef(NEW, 2)})),),
            actor="parent",
            needs=(Need(step="s1", wait_min=3900, margin=3600, why="Ipub"),),
        ),
        Step(
            id="s3",
            moves=(DnskeyRemove(signer="own", key=OLD),),
            actor="signer:own",
            needs=(Need(step="s2", wait_min=7200, reason="rule:I6"),),
        ),
    )
    timeline = Timeline(
        profiles=("loose",),
        assumptions=(),
        insecure_allowed=False,
        keys={},
        versions=versions or VERSIONS,
    )
    return ZonePlan(
        zone="shop.example.",
        status=Status.PLANNED,
        at=datetime(2026, 11, 21, 23, tzinfo=UTC),
        steps=steps,
        timeline=timeline,
    )


def _picture(plan: ZonePlan) -> Picture:
    found = picture_of(plan)
    assert found is not None
    return found


def _bars(picture: Picture, where: tuple[RRsetKind, str | None]) -> tuple[Bar, ...]:
    return next(lane.bars for lane in picture.lanes if lane.slot == where)


def _windows(bars: tuple[Bar, ...]) -> list[tuple[int | None, ...]]:
    return [(bar.begins, bar.replaced, bar.served, bar.cached) for bar in bars]


def test_a_version_is_cached_until_its_successor_spread_and_its_own_ttl_ran_out() -> None:
    assert _windows(_bars(_picture(_roll()), DS)) == [
        (None, 3900, 7500, 11100),
        (3900, None, None, None),
    ]


def test_the_old_dnskey_rrset_leaves_the_caches_when_the_ds_changes() -> None:
    picture = _picture(_roll())
    assert _windows(_bars(picture, DNSKEY))[0] == (None, 0, 300, 3900)
    assert [(mark.step.id, mark.at) for mark in picture.marks] == [
        ("s1", 0),
        ("s2", 3900),
        ("s3", 11100),
    ]


def test_the_ttl_is_that_of_the_version_displaced_and_propagation_that_of_the_next() -> None:
    slow = replace(_dnskey(OLD, ZSK), ttl=7200, propagation=1)
    versions = tuple(slow if v == _dnskey(OLD, ZSK) else v for v in VERSIONS)
    assert _windows(_bars(_picture(_roll(*versions)), DNSKEY))[0] == (None, 0, 300, 7500)


def test_a_wait_reaches_from_the_step_that_it_follows_to_its_end() -> None:
    found = [(w.step, w.begins, w.ends, w.taken) for w in _picture(_roll()).waits]
    assert found == [("s2", 0, 3900, 3900), ("s3", 3900, 11100, 11100)]


def test_what_no_cache_can_hold_any_more_is_not_drawn_and_history_begins_before_zero() -> None:
    gone, late = _ds("gone"), _ds(OLD, at=-8000)
    later = _ds("late", at=-100)
    bars = _bars(_picture(_roll(gone, late, later, *VERSIONS[1:])), DS)
    assert _windows(bars)[0] == (-8000, -100, 3500, 7100)
    assert len(bars) == 3


def test_rrsets_that_stand_still_are_named_and_not_drawn() -> None:
    picture = _picture(_roll())
    assert {lane.slot[0] for lane in picture.lanes} == {
        RRsetKind.DS,
        RRsetKind.DNSKEY,
        RRsetKind.DATA,
    }
    assert picture.still == ((RRsetKind.NS, None), (RRsetKind.NS, "own"))
    assert "Unchanged: NS at parent, NS at own" in plan_svg(Plan(zones={"z": _roll()}))


def test_a_step_without_a_version_is_where_its_waits_put_it() -> None:
    plan = _roll()
    third = replace(plan.steps[2], id="s4", needs=(Need(step="s3", wait_min=60),), moves=())
    picture = _picture(replace(plan, steps=(*plan.steps, third)))
    assert picture.marks[-1].at == 11160


def _xml(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  (this project drew it)


def _numbers(plan: ZonePlan, kind: str) -> list[tuple[float, float]]:
    root = _xml(plan_svg(Plan(zones={plan.zone: plan})))
    rects = [e for e in root.iter("{http://www.w3.org/2000/svg}rect") if e.get("class") == kind]
    return [(float(e.get("x", "0")), float(e.get("width", "0"))) for e in rects]


def test_bars_meet_steps_to_the_tenth_of_a_point() -> None:
    """The tail of the old DS ends where the step that waited for it stands."""
    picture = _picture(_roll())
    axis = axis_over(picture.instants, [m.at for m in picture.marks], 214.0, 936.0)
    tails = [round(x + width, 1) for x, width in _numbers(_roll(), "v0 cached")]
    for at in (3900, 11100):
        assert any(abs(end - axis.place(at)) <= 0.15 for end in tails)


def test_unknown_versions_are_outlined_and_say_so() -> None:
    unknown = replace(_ds("x"), unknown=True)
    plan = _roll(unknown, _ds(OLD, at=0), *VERSIONS[1:])
    assert _numbers(plan, "unknown")
    assert ">unknown<" in plan_svg(Plan(zones={"z": plan}))


@pytest.mark.parametrize("instants", [(0, 3600, 7200), (-604800, 0, 1, 60, 604800), (0, 0)])
def test_time_never_runs_backwards_on_paper(instants: tuple[int, ...]) -> None:
    axis = axis_over(sorted(set(instants)), [i for i in instants if i >= 0], 0.0, 700.0)
    places = [axis.place(at) for at in range(instants[0], instants[-1] + 1, 601)]
    assert places == sorted(places)
    assert all(0 <= place <= 700 for place in places)
    assert (axis.place(instants[0] - 9), axis.place(instants[-1] + 9)) == (0.0, axis.places[-1])


def test_time_is_to_scale_wherever_steps_can_be_told_apart() -> None:
    straight = axis_over((0, 3600, 7200), [0, 3600, 7200], 0.0, 720.0)
    assert straight.to_scale
    assert straight.place(1800) == 180.0
    assert not axis_over((0, 60, 604800), [0, 60, 604800], 0.0, 720.0).to_scale


def test_ticks_are_round_numbers_that_leave_room_for_each_other() -> None:
    axis = axis_over((0, 93600), [0], 0.0, 720.0)
    found = ticks(axis, [0])
    assert [words for _, words in found][:3] == ["0", "+6 h", "+12 h"]
    years = Axis(instants=(0, 400000000), places=(0.0, 720.0), to_scale=True)
    assert 1 < len(ticks(years, [0])) < 10


def test_a_picture_tells_in_words_what_it_shows() -> None:
    drawn = zone_svg(_roll())
    root = _xml(drawn)
    title, told = root[0], root[1]
    assert (title.tag, told.tag) == ("title", "desc")
    assert root.get("aria-labelledby") == f"{title.get('id')} {told.get('id')}"
    assert "s2 at +1 h 5 min by the parent." in (told.text or "")
    assert "in caches until +3 h 5 min" in (told.text or "")
    assert "s2 waits 1 h 5 min + 1 h margin after s1, proof: Ipub." in (told.text or "")


def test_a_document_needs_nothing_else_and_runs_nothing() -> None:
    drawn = plan_svg(Plan(zones={"shop.example.": _roll()}))
    root = _xml(drawn)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not {e.tag.rpartition("}")[2] for e in root.iter()} & {"script", "image", "use", "a"}
    assert "url(" not in drawn
    assert "prefers-color-scheme: dark" in drawn


def test_hostile_names_stay_text(hostile_words: str) -> None:
    plan = _roll()
    first = replace(plan.steps[0], id=hostile_words, actor=f"signer:{hostile_words}")
    second = replace(
        plan.steps[1], needs=(Need(step=hostile_words, wait_min=1, why=hostile_words),)
    )
    versions = (
        _ds(hostile_words),
        _ds(NEW, step="s2", at=3900),
        replace(_dnskey(hostile_words), signer=hostile_words),
    )
    timeline = _roll(*versions).timeline
    hostile = replace(plan, zone=hostile_words, steps=(first, second), timeline=timeline)
    for drawn in (plan_svg(Plan(zones={"z": hostile})), zone_svg(hostile)):
        tags = {element.tag.rpartition("}")[2] for element in _xml(drawn).iter()}
        assert tags <= {"svg", "style", "g", "title", "desc", "rect", "path", "text"}
        assert not set(drawn) & {"\x1b", "\u202e"}


def test_a_page_holds_the_picture_of_each_zone_that_changes(plan: Plan) -> None:
    assert "<svg" not in plan_html(plan), "nothing is drawn of plans without a timeline"
    page = plan_html(Plan(zones={"shop.example.": _roll()}))
    assert page.count("<svg") == 1
    assert page.count("<style") == 1


def test_zones_without_a_change_are_named_in_a_document(plan: Plan) -> None:
    drawn = plan_svg(plan)
    assert "quiet.example.: as desired" in drawn
    assert _xml(plan_svg(Plan(zones={}))).tag.endswith("svg")


def test_long_labels_keep_both_ends() -> None:
    assert short("ksk-13-59014") == "ksk-13-59014"
    assert short("a-very-long-key-label-9262") == "a-very-…bel-9262"


def test_versions_are_told_in_full_and_in_short() -> None:
    version = _dnskey(OLD, ZSK)
    assert version_words(version) == f"DNSKEY {OLD}*, {ZSK}"
    assert version_label(version) == f"{OLD}* {ZSK}"
    assert version_label(replace(_ds(OLD), ds=frozenset({DsRef(OLD, 4)}))) == f"{OLD}(SHA-384)"
    assert version_label(replace(DATA, signed_by=frozenset())) == "unsigned"
