"""Whether the windows of a bad combination can be open at once under the needs.

Windows are intervals on one line: they share an instant if every begin is before every end. Each
such pair is a gap between two nodes; the needs make the combination impossible if they contradict
one gap alone (that pair of windows is the certificate) or all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from reconciler.proof.parts import Part
from reconciler.proof.schedule import Closure, Gap, earliest, solve
from reconciler.proof.windows import FROM_START, Window, meeting

START_TEXT = "the start of the plan"


@dataclass(frozen=True, slots=True)
class Meeting:
    """One choice of windows, one per part, and the gaps that must hold for them to meet.

    `pairs` names for each gap the two parts that it keeps together: the one that must not have
    ended, the one that must have begun. None: the windows can never meet, whatever the needs.
    """

    windows: tuple[Window, ...]
    gaps: tuple[Gap, ...]
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Apart:
    """The pair of parts that the needs keep apart the most, and by how many seconds."""

    ended: str
    begun: str
    seconds: int


def meetings(parts: Sequence[Part]) -> Iterator[Meeting | Apart]:
    """Yield every choice of one window per part; an `Apart` where it is never possible."""
    texts = (*(part.text for part in parts), START_TEXT)
    for windows in product(*(part.windows for part in parts)):
        yield _meeting(windows, texts)


def _meeting(windows: tuple[Window, ...], texts: Sequence[str]) -> Meeting | Apart:
    gaps: list[Gap] = []
    pairs: list[tuple[str, str]] = []
    everyone = (*windows, FROM_START)
    for ending, ended in zip(windows, texts, strict=False):
        for beginning, begun in zip(everyone, texts, strict=True):
            found = meeting(beginning.begins, ending.ends)
            if found is None:
                return Apart(ended, begun, _static(beginning, ending))
            gaps += found
            pairs += [(ended, begun)] * len(found)
        gaps += ending.gaps
        pairs += [(ended, ended)] * len(ending.gaps)
    return Meeting(windows, tuple(gaps), tuple(pairs))


def _static(beginning: Window, ending: Window) -> int:
    """Return how far two windows are apart by bounds on the same node."""
    return max(
        begin.offset - end.offset
        for begin in beginning.begins
        for end in ending.ends
        if begin.node == end.node
    )


def separation(closure: Closure, met: Meeting) -> Apart:
    """Return the pair that is furthest apart; its seconds are negative if it may overlap."""
    return max(
        (
            Apart(ended, begun, closure[early][late] - limit)
            for (early, late, limit), (ended, begun) in zip(met.gaps, met.pairs, strict=True)
        ),
        key=lambda apart: apart.seconds,
    )


def possible(closure: Closure, gaps: Sequence[Gap]) -> bool:
    """True if some schedule within the needs lets all gaps hold at once."""
    if any(closure[early][late] >= limit for early, late, limit in gaps):
        return False
    return solve(closure, gaps, len(closure) + 1) is not None


@dataclass(frozen=True, slots=True)
class Instance:
    """A schedule (times by node) under which windows meet, and from when to when they do."""

    times: tuple[int, ...]
    begins: int
    ends: int | None


def instance(closure: Closure, met: Meeting) -> Instance | None:
    """Return the earliest schedule under which the windows meet, or None if there is none."""
    if not possible(closure, met.gaps):
        return None
    times = earliest(closure, met.gaps)
    if times is None:
        return None
    begins, ends = span(met.windows, times)
    return Instance(times, begins, ends)


def span(windows: Sequence[Window], times: Sequence[int]) -> tuple[int, int | None]:
    """Return when windows begin and cease to be open together; None: never."""
    begins = [times[begin.node] + begin.offset for window in windows for begin in window.begins]
    ends = [times[end.node] + end.offset for window in windows for end in window.ends]
    return max([0, *begins]), min(ends, default=None)
