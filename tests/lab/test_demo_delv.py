"""BIND's validator confirms what the demo leaves behind (skipped where `delv` is not installed)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.clock import SystemClock
from reconciler.demo.stage import MOMENT, SETTLE, build, open_stage
from reconciler.demo.stories import STORIES, Story
from reconciler.sandbox.judge.profiles import ValidationStatus
from reconciler.sandbox.judge.witness import applies, delv, witness, write_anchor
from reconciler.sandbox.world import World

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(delv() is None, reason="delv is not installed"),
]

SIGNED = [s for s in STORIES if s.name in {"sign a zone", "turn DNSSEC off for one"}]
STORY = timedelta(days=3)
"""Longer than each of those stories takes before its zone settles."""


@pytest.mark.parametrize("story", SIGNED, ids=lambda s: s.name)
def test_delv_agrees_with_what_a_story_leaves(story: Story, tmp_path: Path) -> None:
    """The world begins so long ago that the story ends about now: delv knows no other time."""
    real = SystemClock().now().replace(microsecond=0)
    build(tmp_path, start=real - 2 * SETTLE - STORY - MOMENT)
    with open_stage(tmp_path) as stage:
        stage.play(story)
        stage.world.leap_to(real)
        verdicts = _verdicts(stage.world, tmp_path / "anchors", story.zone)
    signed = "dnssec: signed" in story.after
    expected = ValidationStatus.SECURE if signed else ValidationStatus.INSECURE
    assert verdicts == dict.fromkeys(verdicts, expected)


def _verdicts(world: World, anchors: Path, zone: str) -> dict[str, ValidationStatus | None]:
    program = delv()
    assert program is not None
    assert applies(world.now(), SystemClock().now())
    write_anchor(anchors, world.trust_anchors)
    names = {f"www.{zone}": "A", zone: "TXT", f"x.apps.{zone}": "A", f"nowhere.{zone}": "A"}
    with world.serve() as serving:
        endpoint = serving.resolver_endpoint
        return {
            f"{name} {rdtype}": witness(program, endpoint, anchors, name, rdtype)
            for name, rdtype in names.items()
        }
