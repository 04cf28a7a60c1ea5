"""Freeze windows: which steps wait until a window is over (design/change-control.md §2)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from reconciler.model.desired import FreezeWindow, RiskClass
from reconciler.model.plan import FreezeClass


def frozen(
    freeze_class: FreezeClass,
    risk: RiskClass,
    windows: Iterable[FreezeWindow],
    now: datetime,
    *,
    has_deadline: bool,
) -> FreezeWindow | None:
    """Return the window that stops a step at `now`, the one that ends last; None: none does.

    Windows are half-open, `[start, end)`, and any of them is enough. A step that begins a change is
    stopped; so is one of class R3 or above that continues one and has no deadline. A step that
    rescues is never stopped.
    """
    match freeze_class:
        case FreezeClass.START:
            stoppable = True
        case FreezeClass.CONTINUE:
            stoppable = risk >= RiskClass.R3 and not has_deadline
        case FreezeClass.RESCUE:
            stoppable = False
        case _:
            assert_never(freeze_class)
    around = [window for window in windows if window.start <= now < window.end]
    return max(around, key=lambda window: window.end, default=None) if stoppable else None
