"""A plan of many zones stays readable: each kind once, a line for each zone, nothing left out."""

from __future__ import annotations

import io
from dataclasses import replace

from reconciler.model.plan import Plan, Status
from reconciler.report.console import make_console
from reconciler.report.plan_brief import IN_FULL, in_full
from reconciler.report.plan_text import print_plan


def many(plan: Plan, size: int) -> Plan:
    """The first zone of a plan, under as many names."""
    one = plan.zones["example.com."]
    names = [f"z{i:03}.example." for i in range(size)]
    return Plan(zones={name: replace(one, zone=name) for name in names})


def printed(plan: Plan) -> str:
    file = io.StringIO()
    print_plan(make_console(file, no_color=True), plan)
    return file.getvalue()


def test_few_zones_are_all_shown_in_full(plan: Plan) -> None:
    text = printed(many(plan, IN_FULL))
    assert text.count("next: reconcile approve") == IN_FULL


def test_of_many_zones_of_one_kind_one_is_shown_in_full_and_each_has_a_line(plan: Plan) -> None:
    text = printed(many(plan, 100))
    assert text.count("next: reconcile approve") == 1
    assert len({name for name in many(plan, 100).zones if f"  {name}  " in text}) == 99
    assert text.count("like z000.example.") == 99


def test_each_line_holds_as_much_of_the_digest_as_approval_asks_for(plan: Plan) -> None:
    large = many(plan, 30)
    digest = plan.zones["example.com."].change_digest
    _, brief = in_full(large.zones.values())
    assert {view.digest for view in brief} == {digest[:19]}


def test_a_refused_zone_is_shown_in_full_among_many_that_are_planned(plan: Plan) -> None:
    large = many(plan, 100)
    name = "z050.example."
    refused = replace(large.zones[name], status=Status.BLOCKED)
    full, brief = in_full({**large.zones, name: refused}.values())
    assert [zone.zone for zone in full] == ["z000.example.", name]
    assert len(brief) == 98


def test_kinds_beyond_the_limit_have_a_line_and_are_like_none(plan: Plan) -> None:
    large = many(plan, 3 * IN_FULL)
    kinds = [
        replace(zone, steps=tuple(replace(s, actor=f"signer:{i}") for s in zone.steps))
        for i, zone in enumerate(large.zones.values())
    ]
    full, brief = in_full(kinds)
    assert len(full) == IN_FULL
    assert [view.zone for view in brief] == [zone.zone for zone in kinds[IN_FULL:]]
    assert {view.like for view in brief} == {""}


def test_hidden_characters_in_names_are_written_as_escapes(plan: Plan) -> None:
    large = many(plan, 40)
    last = replace(large.zones["z039.example."], zone="z\x1b[31m.example.")
    text = printed(Plan(zones={**large.zones, "z039.example.": last}))
    assert "\x1b" not in text
    assert "z\\x1b[31m.example." in text
