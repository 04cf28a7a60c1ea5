"""Loading is linear in the size of the portfolio: counted in calls, never in time."""

import sys
from pathlib import Path
from types import FrameType
from typing import Protocol

import pytest

from reconciler.spec.load import Loaded, load_portfolio


class Repository(Protocol):
    root: Path

    def write(self, path: str, data: str | bytes) -> Path: ...
    def load(self) -> Loaded: ...


def calls_of_loading(root: Path) -> int:
    count = 0

    def note(_frame: FrameType, _event: str, _arg: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        load_portfolio(root)
    finally:
        sys.setprofile(before)
    return count


SIZES = (50, 100, 200)


@pytest.mark.parametrize("change", [("", ""), ("owner: web", "owner: wob"), ("zone: ", "zone: x")])
def test_twice_the_zones_are_twice_the_work(
    change: tuple[str, str], repository: Repository, zone_text: str
) -> None:
    repository.load()
    work = []
    for size in SIZES:
        for i in range(size):
            text = zone_text.replace("shop", f"z{i}").replace(*change)
            repository.write(f"z{i}.example.yaml", text)
        work.append(calls_of_loading(repository.root))
    first, second = work[1] - work[0], work[2] - work[1]
    assert second == pytest.approx(2 * first, rel=0.1)


def test_twice_the_file_is_twice_the_work(repository: Repository, zone_text: str) -> None:
    work = []
    for size in SIZES:
        tags = "".join(f"  t{i}: x\n" for i in range(size))
        repository.write("shop.example.yaml", f"{zone_text}tags:\n{tags}")
        work.append(calls_of_loading(repository.root))
    first, second = work[1] - work[0], work[2] - work[1]
    assert second == pytest.approx(2 * first, rel=0.1)
