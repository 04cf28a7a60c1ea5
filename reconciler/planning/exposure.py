"""What a solution exposes if each step is taken at its earliest: outage, insecurity, trust.

Every figure is a union of intervals in which some cache may hold a view, seconds. Margins are left
out, as in the waits that the proof counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from reconciler.planning.publication import DS_SLOT, data_slot, dnskey_slot
from reconciler.planning.safety import View
from reconciler.planning.solve import Solution
from reconciler.planning.windows import Window

NEVER = float("inf")

Span = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Seconds in which some cache may hold a bogus or an insecure view.

    `distrusted`: seconds from the first step until no cache leads a validator to a compromised key;
    None where some cache may for ever.
    """

    bogus: int
    insecure: int
    distrusted: int | None


def exposure_of(solution: Solution, bad: int = 0) -> Exposure:
    """Return what a solution exposes; `bad` is the mask of the compromised keys."""
    times = solution.waits.earliest()
    begin = times[1]
    bogus: list[Span] = []
    insecure: list[Span] = []
    for span, triple in _overlaps(solution, times):
        views = _said(solution, triple)
        if View.BOGUS in views:
            bogus.append(span)
        if View.INSECURE in views:
            insecure.append(span)
    last = max((high for _, high in _trusting(solution, times, bad)), default=float(begin))
    return Exposure(
        bogus=_length(bogus, begin),
        insecure=_length(insecure, begin),
        distrusted=None if last == NEVER else max(0, int(last) - begin),
    )


def _overlaps(
    solution: Solution, times: list[int]
) -> Iterator[tuple[Span, tuple[Window, Window, Window]]]:
    windows = [[(_span(w, times), w) for w in of_slot] for of_slot in solution.windows]
    signers = range(len(solution.task.world.signers))
    for p, q in product(signers, signers):
        for parts in product(windows[DS_SLOT], windows[dnskey_slot(p)], windows[data_slot(q)]):
            low = max(span[0] for span, _ in parts)
            high = min(span[1] for span, _ in parts)
            if low < high:
                yield (low, high), (parts[0][1], parts[1][1], parts[2][1])


def _said(solution: Solution, triple: tuple[Window, Window, Window]) -> set[View]:
    ds, dnskey, data = (w.value for w in triple)
    views, kept = solution.views, solution.kept
    indices = [i for i in range(len(views.profiles)) if kept >> i & 1]
    if ds is None or (ds and (dnskey is None or data is None)):
        return {View.BOGUS}
    return {views.view(i, ds, dnskey or 0, data or 0) for i in indices}


def _span(window: Window, times: list[int]) -> Span:
    """Return when some cache may hold a version; an empty span where it was never fetched."""
    low = max((times[m.step] + m.seconds for m in window.lows), default=-NEVER)
    high = min((times[m.step] + m.seconds for m in window.highs), default=NEVER)
    fetched = all(
        times[one.step] + one.seconds < times[other.step] + other.seconds
        for one, other in window.alive
    )
    return (low, high) if fetched else (low, low)


def _trusting(solution: Solution, times: list[int], bad: int) -> Iterator[Span]:
    """Yield when a validator may be led to a key of `bad`.

    By a DS that names it; or by a DNSKEY RRset that holds it, signed by a key that a DS names.
    """
    world = solution.task.world
    for each in solution.windows[DS_SLOT] if bad else ():
        low, high = _span(each, times)
        anchors = world.anchors(each.value or 0)
        if anchors & bad:
            yield low, high
        for signer in range(len(world.signers)):
            for held in solution.windows[dnskey_slot(signer)]:
                keys, signed_by = world.dnskey_parts(held.value or 0)
                begin, end = _span(held, times)
                if keys & bad and signed_by & anchors and max(low, begin) < min(high, end):
                    yield max(low, begin), min(high, end)


def _length(spans: Iterable[Span], begin: int) -> int:
    """Return the seconds that these spans cover from `begin` on; what never ends is left out."""
    total, reached = 0, float(begin)
    for low, high in sorted(spans):
        if high == NEVER:
            continue
        total += int(max(0, high - max(low, reached)))
        reached = max(reached, high)
    return total
