"""A wait that an invariant asks for, where no view would be bogus without it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.planning.tighten import Arc


@dataclass(frozen=True, slots=True)
class Rule:
    """`arc` must be at least `seconds`; `reason` as in `Need.reason`."""

    arc: Arc
    seconds: int
    reason: str
    why: str
