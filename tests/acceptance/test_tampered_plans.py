"""No plan file that was tampered with is ever verified, however careful the hand that did it.

The most careful hand computes every digest anew, so that no approval covers the file; what it says
must then contradict itself, or the proof.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.tampering import (
    KINDS,
    Json,
    carelessly,
    with_another_plan_digest,
    with_every_digest_anew,
)

if TYPE_CHECKING:
    from tests.acceptance.conftest import Reconcile

ZONE = "shop.example."
PROCEDURES = [f"p{number:02}" for number in range(1, 26)]
REJECTED = 8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", PROCEDURES)
def test_what_was_tampered_with_is_rejected(
    name: str, kind: str, plans: Callable[[str], Path], reconcile: Reconcile, tmp_path: Path
) -> None:
    plan = json.loads(plans(name).read_bytes())
    if "timeline" not in plan["zones"][ZONE]:
        return
    accepted = []
    for place, zone in KINDS[kind](plan["zones"][ZONE]):
        file = tmp_path / "tampered.json"
        file.write_text(json.dumps(with_every_digest_anew({**plan, "zones": {ZONE: zone}})))
        ended = reconcile("verify", file)
        if ended.code != REJECTED or not ended.out.endswith("NOT verified\n"):
            accepted.append(f"{place}: {ended.code} {ended.err}")
    assert accepted == []


COVERED = [
    (carelessly, "plan-digest-mismatch"),
    (with_another_plan_digest, "plan-contradicts-itself"),
]


@pytest.mark.parametrize(("cover", "code"), COVERED)
def test_a_file_that_looks_intact_is_rejected_by_what_people_approve(
    cover: Callable[[Json], Json],
    code: str,
    plans: Callable[[str], Path],
    reconcile: Reconcile,
    tmp_path: Path,
) -> None:
    plan = json.loads(plans("p13").read_bytes())
    for kind in KINDS.values():
        for _, zone in islice(kind(plan["zones"][ZONE]), 2):
            file = tmp_path / "tampered.json"
            file.write_text(json.dumps(cover({**plan, "zones": {ZONE: zone}})))
            ended = reconcile("verify", file)
            assert ended.code == REJECTED
            assert f"error[{code}]" in ended.err


def test_steps_and_timeline_alone_are_verified_as_an_example_and_as_no_plan(
    plans: Callable[[str], Path], reconcile: Reconcile, tmp_path: Path
) -> None:
    zone = json.loads(plans("p13").read_bytes())["zones"][ZONE]
    steps = [{**step, "moves": []} for step in zone["steps"]]
    drawn = {"zone": ZONE, "steps": steps, "timeline": zone["timeline"]}
    file = tmp_path / "drawn.json"
    file.write_text(json.dumps(drawn))
    ended = reconcile("verify", file)
    assert ended.code == 0
    assert "No step names a move: only the versions were judged." in ended.out
    assert "An example, not a plan" in ended.out
    for member in ("status", "at", "risk", "observed", "desired", "proof"):
        file.write_text(json.dumps({**drawn, member: zone[member]}))
        ended = reconcile("verify", file)
        assert ended.code == REJECTED
        assert "claims to be a plan, and leaves out `rules`" in ended.err
