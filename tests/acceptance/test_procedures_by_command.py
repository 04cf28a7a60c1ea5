"""The procedures of the literature, from files alone: planned, proved, and verified again.

Each folder under `fixtures/` is one of P1 to P25, or a variant of one: a zone file, what is
published, and in `path.txt` the path that `reconcile plan --observed` prints for it, with the
reason why it is that path.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Json, Reconcile

FIXTURES = Path(__file__).parent / "fixtures"
PROCEDURES = sorted([*(f"p{number:02}" for number in range(1, 26)), "p09-split"])


def test_there_is_a_fixture_for_each_procedure() -> None:
    assert sorted(folder.name for folder in FIXTURES.iterdir()) == PROCEDURES


@pytest.mark.parametrize("name", PROCEDURES)
def test_the_path_is_the_one_named(
    name: str, plans: Callable[[str], Path], path_of: Callable[[Json], str]
) -> None:
    told = (FIXTURES / name / "path.txt").read_text()
    expected = "".join(f"{line}\n" for line in told.splitlines() if not line.startswith("#"))
    assert path_of(json.loads(plans(name).read_bytes())) == expected


@pytest.mark.parametrize("name", PROCEDURES)
def test_the_plan_is_verified_from_its_file_alone(
    name: str, plans: Callable[[str], Path], reconcile: Reconcile
) -> None:
    ended = reconcile("verify", plans(name))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("verified\n")


@pytest.mark.parametrize("name", PROCEDURES)
def test_the_portfolio_of_a_fixture_is_valid(name: str, reconcile: Reconcile) -> None:
    assert reconcile("validate", FIXTURES / name).out == "1 zone, valid\n"
