"""When each version of a path may be cached, relative to the steps (planning.md §2).

Steps are numbered from 1; 0 is the origin. A window begins with a step (0: before the origin) and
ends some seconds after the step that displaces its version. What a signer serves is fetched only
while the signer is in reach (`reach`), so that a window may have several beginnings, the latest of
which counts, and several ends, of which the first counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

from reconciler.planning.edge import Edge, retimed
from reconciler.planning.past import Past, gone_at
from reconciler.planning.publication import DS_SLOT, World, data_slot, dnskey_slot
from reconciler.planning.safety import View, Views
from reconciler.planning.timing import SlotTiming


class Mark(NamedTuple):
    """An instant: seconds after a step (0: the origin)."""

    step: int
    seconds: int


class Window(NamedTuple):
    """One version and when some cache may hold it.

    `value` None: unknown. `begins`: its step, 0 for before the origin, and then `since` the instant
    (None: for ever ago). `ends`: the step that displaces it, 0 for before the origin, None for
    never; `lasts`: seconds after that step, or the instant where `ends` is 0. `passing`: seen only
    while the moves of its step land one by one.

    Some cache may hold it from the last of `lows` until the first of `highs`, and only if for each
    pair of `alive` the first comes before the second: only then was it ever fetched. `guessed`:
    nobody knows whether resolvers were ever sent to its signer. `authorised`: a DS RRset that the
    parent may install by itself. `expires`: when its signatures end, seconds after the origin;
    `ended`: they have, and `value` is what is left.
    """

    slot: int
    value: int | None
    begins: int
    since: int | None
    ends: int | None
    lasts: int
    propagation: int
    ttl: int
    lows: tuple[Mark, ...]
    highs: tuple[Mark, ...]
    alive: tuple[tuple[Mark, Mark], ...] = ()
    passing: bool = False
    guessed: bool = False
    authorised: bool = False
    expires: int | None = None
    ended: bool = False

    @property
    def served(self) -> Mark | None:
        """When no server gives it any more, None for never."""
        return None if self.ends is None else Mark(self.ends, self.lasts - self.ttl)


Triple = tuple[Window, Window, Window]
"""A DS, a DNSKEY and a data version."""


def window(  # noqa: PLR0913 - the fields of a window
    slot: int,
    value: int | None,
    begins: Mark | None,
    ends: Mark | None,
    *,
    propagation: int,
    ttl: int,
    passing: bool = False,
    expires: int | None = None,
) -> Window:
    """Return the window of a version that begins and ends at these instants, None for never."""
    lasting = begins is None
    return Window(
        slot,
        value,
        0 if begins is None else begins.step,
        None if begins is None or begins.step else begins.seconds,
        None if ends is None else ends.step,
        0 if ends is None else ends.seconds,
        propagation,
        ttl,
        () if lasting or begins is None else (begins,),
        () if ends is None else (ends,),
        passing=passing,
        expires=expires,
    )


def windows_of(
    slot: int, past: Past, timing: SlotTiming, path: Sequence[Edge]
) -> tuple[Window, ...]:
    """Return the windows of every version of one slot along a path, its signer always in reach."""
    windows = [
        window(
            slot,
            version.value,
            _since(version.at),
            Mark(0, gone_at(past, i)),
            propagation=past[i + 1].propagation,
            ttl=version.ttl,
        )
        for i, version in enumerate(past[:-1])
    ]
    value: int | None = past[-1].value
    begins, ttl, bound = _since(past[-1].at), past[-1].ttl, timing.propagation
    ends = past[-1].expires
    for step, edge in enumerate(path, start=1):
        before, after = edge.before[slot], edge.after[slot]
        timing, same = retimed(timing, edge, slot), timing
        for passing in edge.states[slot]:
            if passing not in (before, after):
                life = max(timing.ttl_of(state) for state in (before, passing, after))
                over = Mark(step, bound + life)
                windows.append(
                    window(
                        slot,
                        passing,
                        Mark(step, 0),
                        over,
                        propagation=bound,
                        ttl=life,
                        passing=True,
                    )
                )
        if before != after or timing is not same:
            over = Mark(step, bound + ttl)
            windows.append(
                window(slot, value, begins, over, propagation=bound, ttl=ttl, expires=ends)
            )
            value, begins, ttl, ends = after, Mark(step, 0), timing.ttl_of(after), timing.ends
    windows.append(window(slot, value, begins, None, propagation=bound, ttl=ttl, expires=ends))
    return tuple(windows)


def _since(at: int | None) -> Mark | None:
    return None if at is None else Mark(0, at)


def harmful(
    world: World, views: Views, windows: Sequence[Sequence[Window]], profiles: int
) -> Iterator[Triple]:
    """Yield every combination that would do harm in some cache, and that a step or time makes."""
    signers = range(len(world.signers))
    made = [[(w, _is_made(w)) for w in of_slot] for of_slot in windows]
    for p, q in product(signers, signers):
        for (ds, ds_made), (dnskey, dnskey_made) in product(made[DS_SLOT], made[dnskey_slot(p)]):
            for data, data_made in made[data_slot(q)]:
                if ds_made or dnskey_made or data_made:
                    triple = ds, dnskey, data
                    if harm_of(views, triple) & profiles:
                        yield triple


def _is_made(each: Window) -> bool:
    return each.ended or any(low.step for low in each.lows)


def harm_of(views: Views, triple: Triple) -> int:
    """Return the mask of profiles in which a combination does harm; unknown parts fit nothing."""
    ds, dnskey, data = triple[0].value, triple[1].value, triple[2].value
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
