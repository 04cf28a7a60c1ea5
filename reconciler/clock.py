"""The only place that asks the system for the time; everything else is handed `now`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the current instant, aware and in UTC."""
        ...


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the system's time in UTC."""
        return datetime.now(UTC)


class VirtualClock:
    """A clock that stands still until it leaps, and leaps forward only."""

    def __init__(self, start: datetime) -> None:
        """Start at `start`, which must be aware."""
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant of the last leap."""
        return self._now

    def leap_to(self, instant: datetime) -> None:
        """Move to `instant`; a leap backwards raises ValueError, for time cannot go back."""
        if instant < self._now:
            message = f"time cannot go back from {self._now:%FT%TZ} to {instant:%FT%TZ}"
            raise ValueError(message)
        self._now = instant.astimezone(UTC)
