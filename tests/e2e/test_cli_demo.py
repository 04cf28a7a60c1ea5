"""The demo as a user runs it: what it prints, and what it leaves behind."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.e2e.places import Reconcile

PROFILES = ("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035")
KEYS = {
    "name",
    "runs",
    "commits",
    "virtual_seconds",
    "views",
    "distinct_views",
    "bogus",
    "insecure_unasked",
}


def test_the_demo_shows_no_bogus_view_and_leaves_a_record(
    tmp_path: Path, reconcile: Reconcile
) -> None:
    root = tmp_path / "demo"
    ended = reconcile("demo", root, "--format", "json")
    assert ended.code == 0, ended.err
    stories = ended.json["stories"]
    assert {story["name"] for story in stories} >= {
        "sign a zone",
        "algorithm rollover",
        "move to another provider",
    }
    for story in stories:
        assert set(story) >= KEYS
        assert (story["bogus"], story["insecure_unasked"], story["unanswered"]) == (0, 0, 0)
        assert story["distinct_views"] > 0
        assert story["mixes_per_step"]
        assert set(story["profiles"]) == {*PROFILES}, story
        assert min(story["mixes_per_step"].values()) >= 1, story
    _check_repository(root)
    _check_page((root / "report.html").read_text())
    assert reconcile("status", "-C", root).code == 0
    assert reconcile("plan", "-C", root, "--detailed-exitcode").code == 0


def _git(root: Path, *arguments: str) -> str:
    ran = subprocess.run(
        ["git", "-C", str(root), *arguments], check=True, capture_output=True, text=True
    )
    return ran.stdout


def _check_repository(root: Path) -> None:
    assert _git(root, "fsck", "--strict") == ""
    assert _git(root, "status", "--porcelain") == ""
    subjects = _git(root, "log", "--reverse", "--format=%s", "reconcile/log").splitlines()
    open_steps: set[str] = set()
    outcomes = 0
    for subject in subjects:
        kind, _, about = subject.partition(": ")
        step = about.partition(" — ")[0]
        if kind == "intent":
            open_steps.add(step)
        elif kind == "outcome":
            assert step in open_steps, subject
            open_steps.remove(step)
            outcomes += 1
    assert outcomes >= 10
    assert not open_steps


def _check_page(page: str) -> None:
    assert page.startswith("<!doctype html>")
    assert not re.search(r"<script|<link|<img|src=|url\(|@import|https?://", page)
    assert "roll its KSK" in page


def test_every_wait_that_is_cut_is_caught(tmp_path: Path, reconcile: Reconcile) -> None:
    ended = reconcile("demo", tmp_path / "unused", "--unsafe", "--format", "json")
    assert ended.code == 8
    waits = json.loads(ended.out)["waits"]
    assert len(waits) >= 7
    assert all(wait["bogus"] > 0 and wait["example"] for wait in waits)
    assert not (tmp_path / "unused").exists()
