"""Effects that come after everybody stopped waiting for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.demo.scenery import AUTHOR, zone_yaml
from reconciler.model.results import WaitingForApproval, WaitingForTime
from tests.execute.acts import Play


class Killed(BaseException):
    """A run that ends here, as if its process had been killed."""


def test_a_call_that_nobody_saw_land_is_waited_out_when_people_change_their_minds(
    play: Play,
) -> None:
    """Killed after the call; the person at the parent acts hours later, when all want it undone."""
    blog = replace(play, zone="blog.example.")
    sign, back = (
        zone_yaml(blog.zone, "hosted", "by-hand", signed=signed) for signed in (True, False)
    )
    blog.stage.repository.commit(
        {"zones/blog.example.yaml": sign}, "Sign", AUTHOR, blog.stage.world.now()
    )
    blog.until(lambda r: isinstance(r, WaitingForTime) and r.step == "s2")
    blog.until(lambda r: isinstance(r, WaitingForApproval))
    blog.answer(blog.run())

    def die(name: str) -> None:
        if name == "after-call":
            raise Killed

    mortal = replace(blog.stage, setting=replace(blog.stage.setting, checkpoint=die))
    with pytest.raises(Killed):
        mortal.run(blog.zone)
    blog.stage.world.leap_to(blog.stage.world.now() + timedelta(hours=1))
    blog.stage.repository.commit(
        {"zones/blog.example.yaml": back}, "Back", AUTHOR, blog.stage.world.now()
    )
    waiting = blog.run()
    assert isinstance(waiting, WaitingForTime)
    assert "an abandoned plan may still bring about: s2" in waiting.reason
    assert waiting.until >= blog.stage.world.now() + timedelta(days=10)
    blog.converge()
    assert blog.stage.watch.report(blog.zone).bogus == 0
