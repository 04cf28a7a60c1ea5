from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.governance.freeze import frozen
from reconciler.model.desired import FreezeWindow, RiskClass
from reconciler.model.plan import FreezeClass

START = datetime(2026, 12, 20, tzinfo=UTC)
END = datetime(2027, 1, 5, tzinfo=UTC)
YEAR_END = FreezeWindow(start=START, end=END, reason="year end")
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("freeze_class", "risk", "has_deadline", "stopped"),
    [
        ("start", "R1", False, True),
        ("start", "R4", True, True),
        ("continue", "R2", False, False),
        ("continue", "R3", False, True),
        ("continue", "R4", False, True),
        ("continue", "R3", True, False),
        ("rescue", "R1", False, False),
        ("rescue", "R4", False, False),
    ],
)
def test_what_a_window_stops(
    freeze_class: str,
    risk: str,
    has_deadline: bool,  # noqa: FBT001 - a column
    stopped: bool,  # noqa: FBT001 - a column
) -> None:
    window = frozen(
        FreezeClass(freeze_class), RiskClass(risk), [YEAR_END], START, has_deadline=has_deadline
    )
    assert (window is YEAR_END) is stopped


def stops(windows: list[FreezeWindow], now: datetime) -> FreezeWindow | None:
    return frozen(FreezeClass.START, RiskClass.R1, windows, now, has_deadline=False)


def test_windows_are_half_open() -> None:
    assert stops([YEAR_END], START - SECOND) is None
    assert stops([YEAR_END], START) is YEAR_END
    assert stops([YEAR_END], END - SECOND) is YEAR_END
    assert stops([YEAR_END], END) is None


def test_of_several_windows_the_one_that_ends_last_is_told() -> None:
    longer = FreezeWindow(start=START, end=END + SECOND, reason="longer")
    assert stops([YEAR_END, longer], START) is longer
    assert stops([], START) is None


instants = st.integers(0, 500).map(lambda hours: START + timedelta(hours=hours))
windows = st.lists(
    st.builds(FreezeWindow, start=instants, end=instants, reason=st.just("r")), max_size=5
)


@given(windows, instants)
def test_any_window_around_now_is_enough(found: list[FreezeWindow], now: datetime) -> None:
    assert (stops(found, now) is not None) == any(w.start <= now < w.end for w in found)
