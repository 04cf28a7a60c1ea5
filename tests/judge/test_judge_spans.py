from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reconciler.sandbox.judge.spans import FOREVER, Spans, intersect, later, union

ORIGIN = datetime(2030, 1, 1, tzinfo=UTC)
PAIRS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8)


def spans(pairs: list[tuple[int, int]]) -> Spans:
    return union((ORIGIN + timedelta(seconds=a), ORIGIN + timedelta(seconds=b)) for a, b in pairs)


def seconds(found: Spans) -> set[int]:
    return {
        second
        for begins, ends in found
        for second in range(
            int((begins - ORIGIN).total_seconds()), int((ends - ORIGIN).total_seconds())
        )
    }


@given(PAIRS, PAIRS)
def test_spans_are_sets_of_instants(
    left: list[tuple[int, int]], right: list[tuple[int, int]]
) -> None:
    assert seconds(spans(left)) == {s for a, b in left for s in range(a, b)}
    assert seconds(intersect(spans(left), spans(right))) == seconds(spans(left)) & seconds(
        spans(right)
    )


@given(PAIRS)
def test_a_union_is_sorted_disjoint_and_never_touches(pairs: list[tuple[int, int]]) -> None:
    found = spans(pairs)
    assert all(begins < ends for begins, ends in found)
    assert all(a[1] < b[0] for a, b in pairwise(found))


def test_for_ever_stays_for_ever() -> None:
    assert later(FOREVER, 10) == FOREVER
    assert later(FOREVER - timedelta(seconds=5), 10) == FOREVER
    assert later(ORIGIN, 10) == ORIGIN + timedelta(seconds=10)
