"""When each version of a path may be cached, relative to the steps (planning.md §2).

Steps are numbered from 1; 0 is the origin. A window begins with a step (0: before the origin) and
ends some seconds after the step that displaces its version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from reconciler.planning.past import Past, gone_at
from reconciler.planning.publication import DS_SLOT, World, data_slot, dnskey_slot
from reconciler.planning.safety import View, Views
from reconciler.planning.search import Edge
from reconciler.planning.timing import SlotTiming


@dataclass(frozen=True, slots=True)
class Window:
    """One version and when some cache may hold it.

    `value` None: unknown. `begins`: its step, 0 for before the origin, and then `since` the instant
    (None: for ever ago). `ends`: the step that displaces it, 0 for before the origin, None for
    never; `lasts`: seconds after that step, or the instant where `ends` is 0. `passing`: seen only
    while the moves of its step land one by one.
    """

    slot: int
    value: int | None
    begins: int
    since: int | None
    ends: int | None
    lasts: int
    propagation: int
    passing: bool = False


Triple = tuple[Window, Window, Window]
"""A DS, a DNSKEY and a data version."""


def windows_of(
    slot: int, past: Past, timing: SlotTiming, path: Sequence[Edge]
) -> tuple[Window, ...]:
    """Return the windows of every version of one slot along a path."""
    windows = [
        Window(slot, version.value, 0, version.at, 0, gone_at(past, i), past[i + 1].propagation)
        for i, version in enumerate(past[:-1])
    ]
    value: int | None = past[-1].value
    begins, since, ttl = 0, past[-1].at, past[-1].ttl
    for step, edge in enumerate(path, start=1):
        before, after = edge.before[slot], edge.after[slot]
        for passing in edge.states[slot]:
            if passing not in (before, after):
                life = timing.remembered(passing)
                window = Window(
                    slot, passing, step, None, step, life, timing.propagation, passing=True
                )
                windows.append(window)
        if before != after:
            life = timing.propagation + ttl
            windows.append(Window(slot, value, begins, since, step, life, timing.propagation))
            value, begins, since, ttl = after, step, None, timing.ttl_of(after)
    windows.append(Window(slot, value, begins, since, None, 0, timing.propagation))
    return tuple(windows)


def all_windows(
    pasts: Sequence[Past], timings: Sequence[SlotTiming], path: Sequence[Edge]
) -> tuple[tuple[Window, ...], ...]:
    """Return the windows of every slot."""
    return tuple(
        windows_of(slot, past, timing, path)
        for slot, (past, timing) in enumerate(zip(pasts, timings, strict=True))
    )


def harmful(
    world: World, views: Views, windows: Sequence[Sequence[Window]], profiles: int
) -> Iterator[Triple]:
    """Yield every combination that would do harm in some cache, and that a step brings about."""
    signers = range(len(world.signers))
    for p, q in product(signers, signers):
        for triple in product(windows[DS_SLOT], windows[dnskey_slot(p)], windows[data_slot(q)]):
            if any(w.begins for w in triple) and harm_of(views, triple) & profiles:
                yield triple


def harm_of(views: Views, triple: Triple) -> int:
    """Return the mask of profiles in which a combination does harm; unknown parts fit nothing."""
    ds, dnskey, data = (w.value for w in triple)
    if ds is None or dnskey is None or data is None:
        return views.bad_beside_unknown(ds)
    return views.bad(ds, dnskey, data)


def harm_in_words(views: Views, triple: Triple, profiles: int) -> tuple[str, str]:
    """Return the first profile that a combination harms, and what it says of it."""
    bad = harm_of(views, triple) & profiles
    index = (bad & -bad).bit_length() - 1
    ds, dnskey, data = (w.value for w in triple)
    if ds is None or dnskey is None or data is None:
        return views.profiles[index].name, "unknown"
    view = views.view(index, ds, dnskey, data)
    return views.profiles[index].name, View(view).value
