"""Until when a broken start is seen to be broken, for every course that its mending may take."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from reconciler.model.plan import Proved, Step
from reconciler.model.timeline import DataVersion, DnskeyVersion, DsVersion, Timeline, Version
from reconciler.proof import explain, exposed_until, prove
from tests.proof.simulator import Simulation
from tests.proof.test_brute_force import (
    NS,
    REFS,
    SMALL,
    changed,
    needs,
    schedules,
    with_figures,
    with_moves,
    world,
)
from tests.proof.test_starts import W
from tests.proof.worlds import hours, minutes, step


@st.composite
def mendings(draw: st.DrawFn) -> tuple[tuple[Step, ...], Timeline]:
    """The DS names a key that is not served; some step may make it name one that is."""
    steps = draw(needs())
    alone = frozenset({"k2"})
    wrong = with_figures(draw, DsVersion(ttl=0, propagation=0, ds=frozenset(REFS[:1])))
    right = replace(wrong, ds=frozenset(REFS[1:2]), step=draw(st.sampled_from(["s1", "s2"])), at=0)
    dnskey = DnskeyVersion(ttl=0, propagation=0, signer="a", keys=alone, signed_by=alone)
    lanes: list[list[Version]] = [
        [wrong, with_figures(draw, right)] if draw(st.integers(0, 5)) else [wrong],
        [with_figures(draw, dnskey)],
        [with_figures(draw, DataVersion(ttl=0, propagation=0, signer="a", signed_by=alone))],
    ]
    if draw(st.booleans()):
        before = lanes[1][0]
        lanes[1].append(changed(draw, replace(before, step="s2", at=0)))
    versions = [*NS, *(version for found in lanes for version in found)]
    timeline = world(versions, draw(st.sampled_from(["loose", "ds-alg"])), insecure_allowed=False)
    return with_moves(draw, steps, lanes), timeline


@settings(SMALL, max_examples=60)
@given(mendings())
def test_whoever_is_late_prolongs_what_is_broken_as_brute_force_says(
    drawn: tuple[tuple[Step, ...], Timeline],
) -> None:
    steps, timeline = drawn
    verdict = prove(steps, timeline)
    event(type(verdict).__name__)
    assume(isinstance(verdict, Proved))
    assert isinstance(verdict, Proved)
    event(f"mended: {not verdict.unmended}")
    tried = list(schedules(steps))
    soonest = {s.id: min(times[s.id] for times in tried) for s in steps}
    assert verdict.exposure_until == exposed_until(steps, timeline, soonest)
    for times in tried:
        until = exposed_until(steps, timeline, times)
        assert until == Simulation(timeline, steps, times).exposure(), times


def _mended_after(wait: int) -> tuple[tuple[Step, ...], Timeline]:
    steps = (step("s1", {None: wait}),)
    return steps, W.timeline(
        W.ds(None, "k2"), W.ds("s1", "k1"), W.dnskey(None, "k1 z1", "k1"), W.data(None, "z1")
    )


def test_an_hour_late_is_an_hour_longer() -> None:
    steps, timeline = _mended_after(0)
    soonest = exposed_until(steps, timeline, {"s1": 0})
    assert soonest is not None
    assert exposed_until(steps, timeline, {"s1": hours(1)}) == soonest + hours(1)
    verdict = prove(steps, timeline)
    assert isinstance(verdict, Proved)
    assert (verdict.exposure_until, verdict.unmended, verdict.broken) == (soonest, False, True)


def test_a_start_that_stays_broken_is_not_passed_over_in_silence() -> None:
    timeline = W.timeline(W.ds(None, "k2"), W.dnskey(None, "k1 z1", "k1"), W.data(None, "z1"))
    verdict = prove((step("s1", {None: minutes(1)}),), timeline)
    assert isinstance(verdict, Proved)
    assert (verdict.exposure_until, verdict.unmended, verdict.broken) == (None, True, True)
    assert "these steps do not mend all of it" in explain(verdict)
