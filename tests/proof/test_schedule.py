"""Which step times the needs allow."""

from reconciler.proof.schedule import Arc, Closure, Gap, closure_of, earliest, impossible, possible

A, B, C, D = 1, 2, 3, 4


def two_chains(p: int, q: int) -> Closure:
    """B comes `q` after A, and C comes `p` after D."""
    closure = closure_of(5, [Arc(A, B, q), Arc(D, C, p), *(Arc(0, n, 0) for n in (A, B, C, D))])
    assert closure is not None
    return closure


CROSSED = (Gap(A, C, 2), Gap(D, B, 2))
"""C comes less than 2 after A, B less than 2 after D."""


def test_gaps_may_contradict_each_other_only_together() -> None:
    closure = two_chains(p=1, q=3)
    assert not any(impossible(closure, gap) for gap in CROSSED)
    assert all(possible(closure, [gap]) for gap in CROSSED)
    assert not possible(closure, CROSSED)
    assert earliest(closure, CROSSED) is None


def test_gaps_may_hold_only_between_whole_seconds() -> None:
    closure = two_chains(p=1, q=2)
    assert possible(closure, CROSSED)
    times = earliest(closure, CROSSED)
    assert times is not None
    assert times[0] == 0


def test_the_earliest_whole_seconds_are_found() -> None:
    times = earliest(two_chains(p=1, q=1), CROSSED)
    assert times == (0, 0, 1, 1, 0)


def test_waits_add_up_along_chains_and_deadlines_run_back() -> None:
    closure = closure_of(3, [Arc(0, 1, 5), Arc(1, 2, 7), Arc(2, 1, -9)])
    assert closure is not None
    assert (closure[0][2], closure[2][1]) == (12, -9)


def test_a_deadline_shorter_than_the_wait_leaves_no_time() -> None:
    assert closure_of(3, [Arc(1, 2, 7), Arc(2, 1, -6)]) is None
