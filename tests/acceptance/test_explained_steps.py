"""Every step of every procedure can be questioned, from its plan file alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.conftest import Reconcile

ZONE = "shop.example."
PROCEDURES = [f"p{number:02}" for number in range(1, 26)]
TITLES = {
    "what it does",
    "why",
    "when",
    "what it waits for",
    "what would happen otherwise",
    "the way back",
    "how much can go wrong",
}


@pytest.mark.parametrize("name", PROCEDURES)
def test_each_step_is_explained(
    name: str, plans: Callable[[str], Path], reconcile: Reconcile, tmp_path: Path
) -> None:
    zone = json.loads(plans(name).read_bytes())["zones"][ZONE]
    for step in zone["steps"]:
        asked = ("show", plans(name), "--explain", step["id"], "-C", tmp_path)
        told = reconcile(*asked, "--format", "json")
        assert (told.code, told.err) == (0, "")
        explained = told.json["explained"]
        assert explained.keys() <= TITLES
        waits = " ".join(explained["what it waits for"])
        assert "asked for by" not in waits, "a rule without words for it"
        refuted = [n for n in step["needs"] if n["reason"] == "proof" and n["wait_min"]]
        otherwise = " ".join(explained.get("what would happen otherwise", ()))
        assert otherwise.count("some cache may hold together") >= bool(refuted)


@pytest.mark.parametrize("name", PROCEDURES)
@pytest.mark.parametrize("form", ["text", "markdown", "html", "svg"])
def test_each_plan_is_drawn_in_every_form(
    name: str, form: str, plans: Callable[[str], Path], reconcile: Reconcile, tmp_path: Path
) -> None:
    drawn = reconcile("show", plans(name), "--format", form, "-C", tmp_path)
    assert (drawn.code, drawn.err) == (0, "")
    zone = json.loads(plans(name).read_bytes())["zones"][ZONE]
    ids = [step["id"] for step in zone["steps"]]
    assert all(step in drawn.out for step in ids)
    if form != "svg":
        assert all(other["name"] in drawn.out for other in zone["alternatives"])


def test_a_wait_that_the_cardinal_rule_alone_asks_for_is_told_in_words(
    plans: Callable[[str], Path], reconcile: Reconcile, tmp_path: Path
) -> None:
    told = reconcile("show", plans("p18"), "--explain", "s2", "-C", tmp_path)
    otherwise = " ".join(told.out.partition("what would happen otherwise")[2].split())
    assert "the proof still holds" in otherwise
    lacking = "DNSKEY {ksk, zsk} at a signed by {ksk} (from before), without that key (I6)"
    assert f"s2 submits the DS of ksk@13/2 when some cache may hold {lacking}" in otherwise
