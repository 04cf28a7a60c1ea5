"""What is left out because something else covers it is missed by nothing."""

from collections.abc import Iterable
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.plan import Proved
from reconciler.proof import prove
from reconciler.proof.pruning import tidied, widest
from reconciler.proof.schedule import Arc, Closure, Gap, closure_of
from reconciler.proof.windows import Bound, Window
from tests.proof.stories import remove
from tests.proof.test_delegation import APEX_TO_B, NS_TO_B, W
from tests.proof.worlds import hours, minutes, step

LATEST = 6
NODES = st.integers(0, 2)
OFFSETS = st.integers(-2, 4)
BOUNDS = st.lists(st.builds(Bound, NODES, OFFSETS), max_size=2)
GAPS = st.lists(st.builds(Gap, NODES, NODES, OFFSETS), max_size=2)
WINDOWS = st.builds(Window, BOUNDS.map(tuple), BOUNDS.map(tuple), GAPS.map(tuple))
FLOORS = st.sampled_from([(), (Arc(1, 2, 0),), (Arc(1, 2, 0), Arc(2, 1, -2)), (Arc(2, 0, -3),)])


def instants(windows: Iterable[Window], times: tuple[int, ...]) -> set[int]:
    """When any of the windows is open under one schedule."""
    return {
        now
        for window in windows
        if all(times[late] - times[early] < limit for early, late, limit in window.gaps)
        for now in range(-4, 16)
        if all(times[node] + offset <= now for node, offset in window.begins)
        and all(now < times[node] + offset for node, offset in window.ends)
    }


def floor_of(arcs: tuple[Arc, ...]) -> Closure:
    closure = closure_of(3, [Arc(0, 1, 0), Arc(0, 2, 0), *arcs])
    assert closure is not None
    return closure


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(WINDOWS, max_size=4), FLOORS)
def test_the_widest_windows_are_open_whenever_any_is(
    windows: list[Window], arcs: tuple[Arc, ...]
) -> None:
    floor = floor_of(arcs)
    fewer = widest(windows, floor)
    tidy = [tidied(window, floor) for window in windows]
    for later in product(range(LATEST + 1), repeat=2):
        times = (0, *later)
        if all(times[arc.target] - times[arc.source] >= arc.seconds for arc in arcs):
            assert instants(fewer, times) == instants(windows, times)
            for window, tidier in zip(windows, tidy, strict=True):
                assert instants([window], times) == instants([tidier], times)


def test_a_window_is_kept_for_its_own_gaps_and_for_its_own_bounds() -> None:
    floor = floor_of(())
    long = Window((Bound(1, 0),), (Bound(1, 4),), (Gap(2, 1, 2),))
    short = Window((Bound(1, 0),), (Bound(1, 3),), (Gap(1, 2, 3),))
    assert widest((long, short), floor) == (long, short)
    others = (Window((Bound(1, 0),), (Bound(1, 4),)), Window((Bound(2, 0),), (Bound(2, 4),)))
    assert widest(others, floor) == others
    late, soon = (Window((Bound(1, 0), Bound(2, 0)), ()), Window((Bound(1, 0),), ()))
    assert widest((late, soon), floor) == widest((soon, late), floor) == (soon,)
    brief, ample = (Window((), (Bound(1, 4), Bound(2, 4))), Window((), (Bound(1, 4),)))
    assert widest((brief, ample), floor) == widest((ample, brief), floor) == (ample,)


def test_what_a_longer_wait_covers_counts_again_where_it_is_cut() -> None:
    """With 40 h between NS and apex NS, what was fetched by the apex outlives all else; the slack
    of that wait must heed what was fetched by the parent's NS set, a day less.
    """
    timeline = W.timeline(
        W.ns(None, "a"),
        W.ns("s1", "b"),
        W.ns(None, "a", at="a", ttl=hours(24)),
        W.ns("s2", "b", at="a", ttl=hours(24)),
        W.ns(None, "b", at="b", ttl=hours(24)),
        W.ds(None, "ka", "kb"),
        W.dnskey(None, "ka za zb", "ka"),
        W.dnskey(None, "kb zb za", "kb", signer="b"),
        W.dnskey("s3", "kb zb", "kb", signer="b"),
        W.data(None, "za"),
        W.data(None, "zb", signer="b"),
        ns=False,
    )
    by_apex = minutes(6) + hours(24 + 24)
    steps = (
        step("s1", {}, NS_TO_B),
        step("s2", {"s1": hours(40)}, APEX_TO_B),
        step("s3", {"s2": by_apex}, remove("za", "b")),
    )
    verdict = prove(steps, timeline)
    assert isinstance(verdict, Proved)
    by_parent = hours(1 + 48 + 24)
    assert [s.seconds for s in verdict.slack] == [hours(40) - (by_parent - by_apex), 0]
