"""Changes that nobody asks for one by one: signers that roll by themselves, parents that poll CDS.

Each is played as a user does, by plan, approval and apply, and judges look on at every change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.demo.scenery import AUTHOR, Scene, layout, zone_yaml
from reconciler.demo.stage import Played, build, open_stage
from reconciler.demo.stories import Story
from reconciler.execute.status import statuses
from reconciler.model.plan import Status
from reconciler.model.results import Converged
from reconciler.sandbox.layout import ParentLayout, SignerKindName, WorldLayout
from tests.execute.acts import opened

ZONE = "shop.example."
KEYS = ("ksk@13/1", "zsk@13/1")


def world(signer: SignerKindName, parent: str) -> WorldLayout:
    """The demo's world with one zone only, at a signer and a parent of these kinds."""
    base = layout(worst_case=False)
    own = replace(base.signers[0], kind=signer)
    poller = ParentLayout(name="poller", kind="sandbox-cds", acts_after=86400)
    shop = replace(base.zones[0], parent=parent, keys=KEYS)
    return replace(base, signers=(own,), parents=(*base.parents, poller), zones=(shop,))


def played(folder: Path, made: WorldLayout, change: str, policy: str = "standard") -> Played:
    """Play one change of the keys of a signed zone."""
    parent = made.zones[0].parent
    before = zone_yaml(ZONE, "own", parent, signed=True)
    build(folder, scene=Scene(layout=made, files={ZONE: before}))
    story = Story(
        name="a change",
        zone=ZONE,
        before=before,
        after=zone_yaml(ZONE, "own", parent, signed=True, keys=change, policy=policy),
        message="Change keys",
    )
    with open_stage(folder) as stage:
        ended = stage.play(story)
        assert stage.plan(ZONE).status is Status.NO_CHANGE
    return ended


@pytest.mark.parametrize(
    ("signer", "parent", "change"),
    [
        ("sandbox", "poller", "{ksk: {generation: 2}}"),
        ("sandbox-policy", "registrar", "{zsk: {generation: 2}}"),
        ("sandbox-policy", "registrar", "{ksk: {generation: 2}}"),
        ("sandbox-policy", "by-hand", "{ksk: {generation: 2}}"),
    ],
)
def test_a_key_is_rolled_where_others_act_by_themselves(
    tmp_path: Path, signer: SignerKindName, parent: str, change: str
) -> None:
    ended = played(tmp_path / "stage", world(signer, parent), change)
    assert len(ended.plan.steps) > 1
    assert (ended.bogus, ended.insecure_unasked, ended.report.unanswered) == (0, 0, 0)
    assert ended.views


def test_status_is_as_patient_as_apply_with_what_a_signer_does_by_itself(tmp_path: Path) -> None:
    """What nobody asked for may take as long as the signer's signatures last: nothing is late."""
    made = world("sandbox-policy", "registrar")
    before = zone_yaml(ZONE, "own", "registrar", signed=True)
    after = zone_yaml(ZONE, "own", "registrar", signed=True, keys="{ksk: {generation: 2}}")
    build(tmp_path / "stage", scene=Scene(layout=made, files={ZONE: before}))
    slowest = timedelta(0)
    with opened(tmp_path / "stage") as opened_play:
        play = replace(opened_play, zone=ZONE)
        file = {"zones/shop.example.yaml": after}
        play.stage.repository.commit(file, "Roll", AUTHOR, play.stage.world.now())
        while not isinstance(result := play.run(), Converged):
            play.answer(result)
            with play.stage.open() as workspace:
                (found,) = statuses(workspace.outside, [workspace.portfolio.zones[ZONE]])
            assert "effect-overdue" not in {finding.code for finding in found.findings}
            made_at = [o.at for s, o in play.log().outcomes.items() if s not in play.log().evidence]
            slowest = max([slowest, *(play.stage.world.now() - at for at in made_at)])
    assert slowest > timedelta(days=1), "longer than what is asked for may take"
