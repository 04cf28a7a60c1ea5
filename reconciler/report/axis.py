"""From seconds to places on paper, and where to write which time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reconciler.model.durations import duration_words

_ROUND = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200)
"""Seconds between ticks; from a day on, whole days of 1, 2 or 7 times a power of ten."""
_DAY = 86400
_TICK_ROOM = 104.0
_STEP_ROOM = 46.0
"""Places on paper that two ticks, and two steps, need between them to be read apart."""
_ROOT = 0.45
"""The power by which stretches shrink where time is not drawn to scale; about a square root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Time on paper: piecewise linear between `instants`, whose places are `places`.

    `to_scale` says that it is one straight line.
    """

    instants: tuple[int, ...]
    places: tuple[float, ...]
    to_scale: bool

    def place(self, instant: int) -> float:
        """Return where an instant is; those outside are at the nearer end."""
        for number in range(1, len(self.instants)):
            begin, end = self.instants[number - 1 : number + 1]
            if instant <= end:
                left, right = self.places[number - 1 : number + 1]
                share = max(0, instant - begin) / (end - begin)
                return left + share * (right - left)
        return self.places[-1]


def axis_over(instants: Sequence[int], steps: Iterable[int], left: float, right: float) -> Axis:
    """Return the axis from the first to the last of `instants`, in order, between two places.

    It is to scale where the steps can then be told apart. Where they cannot, each stretch between
    two instants shrinks the more the longer it is.
    """
    first, last = instants[0], max(instants[-1], instants[0] + 1)
    straight = Axis(instants=(first, last), places=(left, right), to_scale=True)
    if _apart(straight, steps):
        return straight
    stretches = [b - a for a, b in pairwise(instants)]
    shares = [stretch**_ROOT for stretch in stretches]
    scale = (right - left) / sum(shares)
    places = [left]
    for share in shares:
        places.append(places[-1] + share * scale)
    return Axis(instants=tuple(instants), places=tuple(places), to_scale=False)


def _apart(axis: Axis, steps: Iterable[int]) -> bool:
    """True if steps have room between them; those a second apart can have none on any axis."""
    times = sorted(set(steps))
    return all(
        b - a <= 1 or axis.place(b) - axis.place(a) >= _STEP_ROOM for a, b in pairwise(times)
    )


def ticks(axis: Axis, steps: Iterable[int]) -> tuple[tuple[int, str], ...]:
    """Return instants to write below the axis, in order, with their words: `+1 h 5 min`.

    To scale, they are round; otherwise steps come first, then what else there is room for.
    """
    if axis.to_scale:
        return tuple((at, tick_words(at)) for at in _round_ticks(axis))
    chosen: list[int] = []
    for at in (0, *sorted(set(steps)), *axis.instants):
        if all(abs(axis.place(at) - axis.place(other)) >= _TICK_ROOM for other in chosen):
            chosen.append(at)
    return tuple((at, tick_words(at)) for at in sorted(chosen))


def tick_words(at: int) -> str:
    """Return an instant relative to the observation."""
    return "0" if at == 0 else f"+{duration_words(at)}" if at > 0 else duration_words(at)


def _round_ticks(axis: Axis) -> range:
    first, last = axis.instants[0], axis.instants[-1]
    room = _TICK_ROOM * (last - first) / (axis.places[-1] - axis.places[0])
    step = next((seconds for seconds in _ROUND if seconds >= room), 0)
    days = _DAY
    while not step:
        step = next((days * n for n in (1, 2, 7) if days * n >= room), 0)
        days *= 10
    return range(-(-first // step) * step, last + 1, step)
