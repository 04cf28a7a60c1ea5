"""Instants as people say them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from reconciler.model.durations import duration_words
from reconciler.model.plan import Step

_COARSE = 2
"""Units in a distance from now: `in 2 d 3 h` says enough."""


def instant_words(instant: datetime, now: datetime) -> str:
    """Return an instant and its distance: `2026-11-22 01:05 UTC (in 2 h 5 min)`."""
    return f"{clock_words(instant)} ({distance_words(instant, now)})"


def distance_words(instant: datetime, now: datetime) -> str:
    """Return how far an instant is from now in its two largest units."""
    seconds = round((instant - now).total_seconds())
    if not seconds:
        return "now"
    parts = duration_words(abs(seconds), _COARSE)
    return f"in {parts}" if seconds > 0 else f"{parts} ago"


def clock_words(instant: datetime) -> str:
    """Return an instant in UTC, with seconds only where there are any."""
    utc = instant.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC" if utc.second else f"{utc:%Y-%m-%d %H:%M} UTC"


def earliest(steps: Sequence[Step]) -> dict[str, int]:
    """Return for each step the earliest second after the observation, margins counted in.

    A need on a step that does not exist, or that waits for this one, adds nothing: such a plan is
    malformed, and its proof says so.
    """
    times = {step.id: 0 for step in steps}
    for _ in steps:
        for step in steps:
            waits = (
                times.get(need.step or "", 0) + need.wait_min + need.margin for need in step.needs
            )
            times[step.id] = max(0, *waits) if step.needs else 0
    return times
