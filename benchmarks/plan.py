"""`reconcile plan --observed` on 1,000 and 10,000 zones, and what one plan and one proof cost."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import quantiles

from benchmarks.fleet import CHANGES, MIX, Member, desire, fleet, observation, write_fleet
from benchmarks.measure import run
from reconciler.planning import plan_zone
from reconciler.proof import prove

SIZES = (1_000, 10_000)
_SAMPLES = 200
"""So many zones are planned one by one to tell the median and the 99th percentile."""


def figures() -> Iterator[str]:
    """Yield one line for each size and format, then one for each kind of change."""
    for size in SIZES:
        yield from _commands(f"{size:>6,} zones:", fleet(size))
    yield from _commands(f"{SIZES[-1]:>6,} changes:", fleet(SIZES[-1], CHANGES))
    for doing in CHANGES:
        yield from _one_by_one(doing)


def _commands(what: str, members: list[Member]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        observed = write_fleet(root, members)
        for form in ("text", "json"):
            used = run(["plan", "-C", directory, "--observed", str(observed), "--format", form])
            yield f"{f'plan, {form}':11}{what:15} {used}"


def _one_by_one(doing: str) -> Iterator[str]:
    members = [Member(number=i * len(MIX), doing=doing) for i in range(_SAMPLES)]
    worlds = [(desire(member), observation(member)) for member in members]
    plans = [plan_zone(*world) for world in worlds]
    proofs = [(plan.steps, plan.timeline) for plan in plans if plan.timeline is not None]
    planning = [_milliseconds(partial(plan_zone, *world)) for world in worlds]
    proving = [_milliseconds(partial(prove, *proof)) for proof in proofs]
    yield f"one zone, {doing:6}: plan {_spread(planning)}, prove {_spread(proving)}"


def _milliseconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return (time.perf_counter() - begin) * 1000


def _spread(times: list[float]) -> str:
    cuts = quantiles(times, n=100)
    return f"{cuts[49]:.1f} ms (p99 {cuts[98]:.1f})"
