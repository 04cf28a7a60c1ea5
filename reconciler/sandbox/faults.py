"""What goes wrong in a world on purpose: a part of its state, so that every process sees it.

A fault of a system (a signer or a parent, by name) strikes its calls; a fault of a server (by name)
strikes its answers. It ends after `count` strikes, at `until`, or when it is cleared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FaultKind(StrEnum):
    """How a system or a server misbehaves."""

    REFUSE = "refuse"
    """The API says no."""
    SILENT_NOOP = "silent-noop"
    """The API says yes and does nothing."""
    PARTIAL = "partial"
    """The first half of a change happens, then the API says no."""
    THROTTLE = "throttle"
    """The API asks to come back in `seconds`."""
    UNREACHABLE = "unreachable"
    """The API cannot be reached, not even to look."""
    AMBIGUOUS = "ambiguous"
    """The change happens, and the API times out."""
    GARBLE = "garble"
    """The API says yes, and publishes a DS with another digest, or data without signatures."""
    LAG = "lag"
    """A server falls behind by `seconds` more than its own lag."""
    SERVER_DOWN = "server-down"
    """A server gives no answer."""
    LAME = "lame"
    """A server refuses its own zones."""
    TRUNCATE_GARBAGE = "truncate-garbage"
    """A server cuts its answers in the middle and fills them up with rubbish."""
    MALFORMED = "malformed"
    """A server's answers promise more records than they hold."""


SYSTEM_FAULTS = frozenset(
    {
        FaultKind.REFUSE,
        FaultKind.SILENT_NOOP,
        FaultKind.PARTIAL,
        FaultKind.THROTTLE,
        FaultKind.UNREACHABLE,
        FaultKind.AMBIGUOUS,
        FaultKind.GARBLE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. `target`: name of a signer, a parent or a server. `seconds`: for lag, throttle.

    `count` None: no limit; `until` None: until cleared.
    """

    kind: FaultKind
    target: str
    seconds: int = 30
    count: int | None = None
    until: datetime | None = None
