"""Start and goal of what a node holds beside views, and which of it a problem must speak of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.model.desired import DesiredZone
from reconciler.model.observed import ObservedZone
from reconciler.planning import denial
from reconciler.planning.publication import Kind, Publication, Side, SignerPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Start and goal in full, and the slots in which they differ or may come to."""

    start: Publication
    goal: Publication
    extras: tuple[tuple[Kind, str], ...]


def ends_of(
    desired: DesiredZone, observed: ObservedZone, start: Publication, goal: Publication
) -> Ends:
    """Return start and goal with what no view is made of; slots only where something changes."""
    first, last = {}, {}
    extras: list[tuple[Kind, str]] = []
    for name, part in start.signers.items():
        shall = denial.wished(desired, observed, name)
        is_ = observed.signers[name].denial
        first[name] = replace(part, denial=is_)
        last[name] = replace(goal.signers[name], denial=shall)
        if shall != is_:
            extras.append((Side.DENIAL, name))
    return Ends(start=_with(start, first), goal=_with(goal, last), extras=tuple(extras))


def _with(publication: Publication, parts: dict[str, SignerPart]) -> Publication:
    return replace(publication, signers=parts)
