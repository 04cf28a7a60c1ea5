"""Sets of instants as sorted, disjoint, half-open intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

Span = tuple[datetime, datetime]
"""From the first instant until just before the second."""
Spans = tuple[Span, ...]

FOREVER = datetime.max.replace(tzinfo=UTC)
"""The end of what has not ended yet."""


def later(instant: datetime, seconds: int) -> datetime:
    """Return the instant that many seconds later; for ever stays for ever."""
    remaining = (FOREVER - instant).total_seconds()
    return FOREVER if seconds >= remaining else instant + timedelta(seconds=seconds)


def union(spans: Iterable[Span]) -> Spans:
    """Return all instants in any of the spans; touching ones are joined, empty ones dropped."""
    joined: list[Span] = []
    for begins, ends in sorted(spans):
        if begins >= ends:
            continue
        if joined and begins <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], ends))
        else:
            joined.append((begins, ends))
    return tuple(joined)


def intersect(left: Spans, right: Spans) -> Spans:
    """Return the instants that are in both."""
    return tuple(_overlaps(left, right))


def _overlaps(left: Spans, right: Spans) -> Iterator[Span]:
    i = j = 0
    while i < len(left) and j < len(right):
        begins, ends = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if begins < ends:
            yield begins, ends
        if left[i][1] <= right[j][1]:
            i += 1
        else:
            j += 1
