"""Published guides that break zones: `verify` says so, in the words that the page shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Reconcile

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/unsafe-guides.md").read_text()
UNSAFE = {
    "cloudflare-tutorial": "1 d 2 h 6 min  from here, until 3 d 4 h 6 min",
    "cloudflare-tutorial-ns-first": "2 d 14 h 6 min  from here, until 4 d 3 h 6 min",
    "powerdns-cds": "3 h  from here, until 1 d 4 h",
}
REJECTED = 8


@pytest.mark.parametrize(("name", "window"), UNSAFE.items())
def test_a_published_order_is_refuted(name: str, window: str, reconcile: Reconcile) -> None:
    ended = reconcile("verify", ROOT / f"docs/guides/{name}.json")
    assert ended.code == REJECTED
    assert window in ended.out
    assert shown(name, ended.out) in PAGE


def test_the_wait_that_a_guide_leaves_out_is_all_it_lacks(reconcile: Reconcile) -> None:
    name = "powerdns-cds-with-the-wait"
    ended = reconcile("verify", ROOT / f"docs/guides/{name}.json")
    assert ended.code == 0
    assert shown(name, ended.out) in PAGE


def test_our_own_way_stands_beside_them() -> None:
    told = (Path(__file__).parent / "fixtures/p13/path.txt").read_text()
    path = "".join(f"{line}\n" for line in told.splitlines() if not line.startswith("#"))
    assert f"```text\n{path}```" in PAGE


def shown(name: str, out: str) -> str:
    return f"```text\n$ reconcile verify docs/guides/{name}.json\n{out}```\n"
