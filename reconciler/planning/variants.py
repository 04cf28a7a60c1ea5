"""The ways to a goal that a person may choose between, and what each exposes.

The first is what is planned. The others are shown beside it, and are carried out only where the
desired state asks for them by name, approved. Source: design/planning.md §5 and §6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from reconciler.model.durations import duration_words
from reconciler.planning.exposure import Exposure, exposure_of
from reconciler.planning.limits import Missed
from reconciler.planning.safety import DS_ALG
from reconciler.planning.solve import NoWay, Solution, solve
from reconciler.planning.task import Task


class Variant(StrEnum):
    """The name of a way, as `variant` in the desired state."""

    NO_OUTAGE = "no-outage"
    FASTEST = "fastest-distrust"
    ANY_CHAIN = "without-ds-alg"
    INSECURE = "through-insecure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to the goal; `safe`: nobody needs to ask for it."""

    name: Variant
    summary: str
    solution: Solution
    exposure: Exposure
    safe: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The ways found, the safe one first; `late`: what the quickest safe one would miss, if it is
    left out for that.

    `cut_at`: after how many nodes the search for a safe one was cut short, so that one may exist.
    """

    found: tuple[Way, ...]
    late: tuple[Missed, ...] = ()
    cut_at: int | None = None


def ways_of(task: Task, *, stuck: bool = False) -> Ways:
    """Return the ways to the goal of a task.

    `stuck`: no move leads there while the zone stays secure.
    """
    safe = NoWay() if stuck else _timely(task)
    if isinstance(safe, NoWay) or safe.missed:
        outside = _outside(task, stuck=stuck)
        return Ways(
            found=tuple(w for w in outside if not w.solution.missed),
            late=() if isinstance(safe, NoWay) else safe.missed,
            cut_at=safe.cut_at,
        )
    way = Way(
        name=Variant.NO_OUTAGE,
        summary="keeps the chain of trust whole",
        solution=safe,
        exposure=exposure_of(safe, task.bad),
        safe=True,
    )
    return Ways(found=(way, *_beside(task, way)))


def _timely(task: Task) -> Solution | NoWay:
    """Return the cheapest safe way that keeps every limit, else the quickest one there is."""
    found = solve(task, compare=True)
    if isinstance(found, NoWay) or not found.missed:
        return found
    sooner = solve(replace(task, hurry=True))
    return found if isinstance(sooner, NoWay) else sooner


def _beside(task: Task, way: Way) -> Iterator[Way]:
    """Yield the way through an insecure delegation where it ends distrust or an outage sooner."""
    if task.insecure_allowed or not (task.bad or way.exposure.bogus):
        return
    found = _through_insecure(task)
    if found is None or found.solution.missed:
        return
    sooner = found.exposure.distrusted
    trusted = way.exposure.distrusted
    if task.bad and sooner is not None and (trusted is None or sooner < trusted):
        words = f"no DS at all until others stand: distrusted after {duration_words(sooner)}"
        yield replace(found, name=Variant.FASTEST, summary=_costs(words, found.exposure))
    elif found.exposure.bogus < way.exposure.bogus:
        words = f"no DS at all until others stand: bogus for {duration_words(found.exposure.bogus)}"
        yield replace(found, summary=_costs(words, found.exposure))


def _outside(task: Task, *, stuck: bool) -> Iterator[Way]:
    """Yield the ways that break a rule, where no way keeps them all."""
    if not task.drop_strict and not stuck:
        loose = _timely(replace(task, drop_strict=True))
        if not isinstance(loose, NoWay):
            yield Way(
                name=Variant.ANY_CHAIN,
                summary=f"bogus for validators that ask for each algorithm ({DS_ALG.name})",
                solution=loose,
                exposure=exposure_of(loose, task.bad),
            )
    found = _through_insecure(task)
    if found is not None:
        yield found


def _through_insecure(task: Task) -> Way | None:
    """Return the cheapest way on which the DS may be missing for a while (I2 lifted)."""
    solution = _timely(replace(task, insecure=True, insecure_allowed=True))
    if isinstance(solution, NoWay):
        return None
    exposure = exposure_of(solution, task.bad)
    return Way(
        name=Variant.INSECURE,
        summary=_costs("no DS at all until others stand", exposure),
        solution=solution,
        exposure=exposure,
    )


def _costs(words: str, exposure: Exposure) -> str:
    return f"{words}, and insecure for {duration_words(exposure.insecure)}"
