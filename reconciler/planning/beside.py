"""What a path owes beside views that hold: rules on what is no part of any view."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.planning import cds, denial, early, itself
from reconciler.planning.edge import Edge
from reconciler.planning.publication import Side, World
from reconciler.planning.rule import Rule
from reconciler.planning.timing import SlotTiming
from reconciler.planning.windows import Window


def is_sound(world: World, edge: Edge, reached: int) -> bool:
    """True if an edge keeps every rule on what is no part of a view.

    `reached`: the mask of the signers that may be asked on the way.
    """
    return denial.is_sound(world, edge) and cds.is_sound(world, edge, reached)


def rules(
    world: World,
    first: early.Early | None,
    windows: Sequence[Sequence[Window]],
    path: Sequence[Edge],
) -> tuple[Rule, ...]:
    """Return the waits that those rules ask of a path; `first`: the keys whose DS comes first."""
    parts = (denial, cds, itself) if world.extras else ()
    return (
        *early.rules(world, first, windows, path),
        *(rule for part in parts for rule in part.rules(world, windows, path)),
    )


def settles(world: World, timings: Sequence[SlotTiming], edge: Edge) -> int:
    """Return the seconds until what this edge displaces beside views is forgotten."""
    return max(_settling(world, timings, edge), default=0)


def _settling(world: World, timings: Sequence[SlotTiming], edge: Edge) -> Iterator[int]:
    for slot, (kind, _) in enumerate(world.extras, start=world.first_extra):
        if edge.before[slot] != edge.after[slot] and kind is Side.DENIAL:
            yield timings[slot].remembered(edge.before[slot])
