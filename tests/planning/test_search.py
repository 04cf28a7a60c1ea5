"""What the search claims where it was cut short, and that its answers are those of a full one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.plan import Status
from reconciler.planning import plan_zone, search

if TYPE_CHECKING:
    from tests.planning.conftest import Builders

HOUR, DAY = 3600, 86400


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that looks at two nodes for the cheapest path, and at one more for any."""
    monkeypatch.setattr(search, "PATIENCE", 2)
    monkeypatch.setattr(search, "HASTE", 1)


@pytest.mark.usefixtures("impatient")
def test_a_search_that_was_cut_short_never_claims_that_there_is_no_path(b: Builders) -> None:
    plan = plan_zone(b.desire(algorithm=8), b.signed())
    assert plan.status is Status.BLOCKED
    refusal = plan.refusals[0]
    assert refusal.rule == "search"
    assert "cut short at 3 nodes" in refusal.summary
    assert "not known" in refusal.detail
    assert not any("no sequence of the moves" in each.summary for each in plan.refusals)


def test_the_same_change_has_a_path_where_the_search_is_not_cut_short(b: Builders) -> None:
    plan = plan_zone(b.desire(algorithm=8), b.signed())
    assert plan.status is Status.PLANNED
    assert not any("cut short" in hint for hint in plan.hints)


def test_a_path_of_a_search_that_was_cut_short_says_so(
    b: Builders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "PATIENCE", 3)
    plan = plan_zone(b.desire(algorithm=8), b.signed())
    assert plan.status is Status.PLANNED
    assert any("cut short at 3 nodes" in hint for hint in plan.hints)


def test_of_the_cheapest_paths_one_that_is_much_sooner_once_tightened_is_taken(b: Builders) -> None:
    """Data and DNSKEY cached for a day each: signed with both keys, they are waited out at once."""
    plan = plan_zone(b.desire(zsk=2), b.signed(times=b.Times(dnskey=DAY)))
    assert plan.duration_min == DAY + 300
    assert [len(step.moves) for step in plan.steps] == [2, 2]


def test_a_path_that_is_hardly_sooner_is_not_worth_to_sign_all_data_twice(b: Builders) -> None:
    plan = plan_zone(b.desire(zsk=2), b.signed())
    assert plan.duration_min == DAY + 300 + HOUR + 300
    assert [len(step.moves) for step in plan.steps] == [1, 1, 1]
