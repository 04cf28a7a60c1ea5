"""A plan of many zones in short: one zone of each kind in full, and a line for each of the others.

Zones are of one kind if the same systems make the same moves in the same order, or the same rules
refuse a path; names, keys and waits may differ.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from reconciler.model.durations import duration_words
from reconciler.model.moves import op
from reconciler.model.plan import ZonePlan
from reconciler.report.console import visible
from reconciler.report.plan_view import headline
from reconciler.report.times import earliest

IN_FULL = 20
"""So many zones are shown in full: more is not read from top to bottom. No official reference."""
_SHOWN_DIGEST = len("sha256:") + 12
"""The part of a digest that `reconcile approve` asks for at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefView:
    """One zone on one line; `like` names the zone of its kind that is shown in full, if any."""

    zone: str
    headline: str
    last: str
    digest: str
    like: str

    def line(self) -> str:
        """Return the line."""
        like = f"like {self.like}" if self.like else ""
        parts = (self.zone, self.headline, self.last, like, self.digest)
        return "  ".join(part for part in parts if part)


def in_full(zones: Iterable[ZonePlan]) -> tuple[tuple[ZonePlan, ...], tuple[BriefView, ...]]:
    """Return the zones to show in full, and the others on one line each, both in given order.

    Where there are few they are all shown in full.
    """
    given = tuple(zones)
    if len(given) <= IN_FULL:
        return given, ()
    first: dict[Hashable, ZonePlan] = {}
    for zone in given:
        if len(first) < IN_FULL:
            first.setdefault(_kind(zone), zone)
    shown = tuple(first.values())
    named = {zone.zone for zone in shown}
    return shown, tuple(_brief(z, first.get(_kind(z))) for z in given if z.zone not in named)


def _kind(zone: ZonePlan) -> Hashable:
    moves = tuple((step.actor, tuple(op(move) for move in step.moves)) for step in zone.steps)
    return zone.status, zone.risk, moves, tuple(refusal.rule for refusal in zone.refusals)


def _brief(zone: ZonePlan, like: ZonePlan | None) -> BriefView:
    last = max(earliest(zone.steps).values(), default=0)
    return BriefView(
        zone=visible(zone.zone),
        headline=headline(zone),
        last=f"last at +{duration_words(last)}" if last else "",
        digest=visible(zone.change_digest[:_SHOWN_DIGEST]) if zone.steps else "",
        like=visible(like.zone) if like else "",
    )
