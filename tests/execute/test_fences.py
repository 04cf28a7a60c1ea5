"""In time or not at all: deadlines of steps, operations that are worked on, signals in a call."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.audit.verify import audit
from reconciler.demo.scenery import Scene, layout
from reconciler.demo.stage import build
from reconciler.demo.stories import opening
from reconciler.execute.act import make
from reconciler.execute.outside import interruptible
from reconciler.execute.propose import propose, rules
from reconciler.execute.run import apply_zones
from reconciler.execute.turn import gather
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.record import open_record
from reconciler.model.capabilities import SignerCapabilities
from reconciler.model.desired import DesiredZone, Portfolio
from reconciler.model.entries import Event
from reconciler.model.keys import Key
from reconciler.model.moves import SignerMove
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Deadline, Step, ZonePlan
from reconciler.model.results import Failed, Result, WaitingForApproval, WaitingForTime
from reconciler.ports import Idempotency, Receipt, Signer, SignerClaim
from reconciler.proof import prove
from reconciler.spec.digests import change_digest
from reconciler.spec.load import load_valid
from tests.execute.acts import TESTER, Play, desired, opened

ROLLOVER = ["dnskey.add", "ds.replace", "dnskey.remove"]


class Killed(BaseException):
    """A run ends here, without a word."""


def problems(play: Play) -> tuple[str, ...]:
    ledger = GitLedger(play.stage.root, actor=TESTER)
    with open_record(ledger.git, ledger.refresh() or "") as record:
        return tuple(f"{f.file}: {f.summary}" for f in audit(record).findings)


def limited(step: Step, after: str, wait: timedelta) -> Step:
    limit = Deadline(step=after, wait_max=int(wait.total_seconds()), reason="rule:test")
    return replace(step, not_after=(limit,))


# --- a step that is too late -----------------------------------------------------------------


def hurried(play: Play) -> Play:
    """Let every plan say that its last step must be made within 30 days of the one before."""
    portfolio = load_valid(play.stage.root)

    def hurry(wanted: DesiredZone, observed: ObservedZone) -> ZonePlan:
        return _hurried(portfolio, propose(portfolio, wanted, observed, prove))

    return Play(replace(play.stage, setting=replace(play.stage.setting, propose=hurry)))


def _hurried(portfolio: Portfolio, plan: ZonePlan) -> ZonePlan:
    if not plan.steps:
        return plan
    *first, before, last = plan.steps
    steps = (*first, before, limited(last, before.id, timedelta(days=30)))
    plan = replace(plan, steps=steps)
    wanted = plan.desired_digest
    digest = change_digest(plan, wanted, rules(portfolio, plan.risk))
    return replace(plan, change_digest=digest)


def test_a_step_that_can_be_made_in_time_no_more_turns_the_plan_back(play: Play) -> None:
    play.want(desired(ksk=2))
    late = hurried(play)
    result = late.on_the_way_to("s3")
    late.leap(days=31)
    result = late.run()
    (turning,) = [e for e in play.entries(Event.PLAN) if "rollback" in e.draft.data]
    told = turning.draft.data["rollback"]
    assert isinstance(told, dict)
    assert (told["after"], told["cause"]) == ("s2", "too-late")
    assert "step s3 had to be made by" in result.rollback
    for _ in range(40):
        if not isinstance(result, WaitingForTime | WaitingForApproval):
            break
        late.answer(result)
        result = late.run()
    assert play.calls() == ["dnskey.add", "ds.replace", "ds.replace", "dnskey.remove"]
    assert problems(play) == ()
    play.check()


# --- the fence of a call ---------------------------------------------------------------------


def due(play: Play) -> None:
    """Play on until s3, which is of the signer, may be made by the next run."""
    play.want(desired(ksk=2))
    play.answer(play.on_the_way_to("s3"))


def made_by(play: Play, left: timedelta) -> Result | None:
    """Make s3 as a step that has `left` until its deadline."""
    with play.stage.open() as workspace:
        turn = gather(workspace.outside, workspace.portfolio.zones[play.zone])
        position = turn.position
        assert position is not None
        wait = turn.now - position.done["s2"] + left
        return make(turn, position.plan, limited(position.plan.steps[2], "s2", wait))


def test_no_call_is_made_so_late_that_a_deadline_of_its_step_would_be_missed(play: Play) -> None:
    due(play)

    def sleep(name: str) -> None:
        if name == "before-call":
            play.leap(minutes=5)

    began = play.stage.world.now()
    result = made_by(play.at_checkpoint(sleep), timedelta(minutes=5))
    assert isinstance(result, WaitingForTime)
    assert "held up past its own deadline" in result.reason
    intent = play.entries(Event.INTENT)[-1]
    assert intent.draft.deadline == began + timedelta(minutes=5)
    assert play.calls() == ROLLOVER[:2]
    play.converge()
    assert play.calls() == ROLLOVER
    assert problems(play) == ()


def test_a_deadline_far_away_leaves_an_intent_its_usual_life(play: Play) -> None:
    due(play)
    began = play.stage.world.now()
    assert made_by(play, timedelta(days=2)) is None
    assert play.entries(Event.INTENT)[-1].draft.deadline == began + timedelta(minutes=20)
    assert play.calls() == ROLLOVER


# --- an operation that a system works on -----------------------------------------------------


@pytest.fixture(scope="module")
def unhurried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registrar that publishes two hours after it has accepted."""
    root = tmp_path_factory.mktemp("unhurried") / "portfolio"
    usual = layout(worst_case=False)
    slow = tuple(replace(parent, registration_delay=7200) for parent in usual.parents)
    build(root, scene=Scene(layout=replace(usual, parents=slow), files=opening()))
    return root


def test_what_a_parent_still_works_on_is_asked_after_and_not_made_again(unhurried: Path) -> None:
    def deadly(name: str) -> None:
        if name == "before-outcome":
            raise Killed

    with opened(unhurried) as play:
        play.want(desired(ksk=2))
        play.answer(play.on_the_way_to("s2"))
        play.until(lambda r: isinstance(r, WaitingForApproval))
        play.answer(play.run())
        with pytest.raises(Killed):
            play.at_checkpoint(deadly).run()
        (accepted,) = play.entries(Event.ACCEPTED)
        play.answer(play.run())
        asked = play.run()
        assert isinstance(asked, WaitingForTime)
        operation = accepted.draft.data["operation"]
        assert asked.reason == f"operation {operation}, which the parent is still working on"
        assert play.calls() == ROLLOVER[:2]
        play.converge()
        assert play.calls() == ROLLOVER
        assert len([e for e in play.entries(Event.INTENT) if e.draft.step == "s2"]) == 1
        assert problems(play) == ()
        play.check()


# --- a signal while a call is made -----------------------------------------------------------


@dataclass(slots=True)
class Interrupting:
    """A signer whose run is asked to stop while it works."""

    name: str
    capabilities: SignerCapabilities
    signer: Signer
    number: signal.Signals

    def idempotency(self, move: SignerMove) -> Idempotency:
        return self.signer.idempotency(move)

    def observe(self, zone: str) -> SignerClaim:
        return self.signer.observe(zone)

    def apply(self, zone: str, move: SignerMove, keys: Mapping[str, Key], idem: str) -> Receipt:
        os.kill(os.getpid(), self.number)
        return self.signer.apply(zone, move, keys, idem)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_call_in_flight_is_finished_and_told_when_a_run_is_to_stop(
    play: Play, number: signal.Signals
) -> None:
    play.want(desired(ksk=2))
    play.answer(play.run())
    with play.stage.open() as workspace:
        own = workspace.outside.signers["own"]
        ringing = Interrupting(own.name, own.capabilities, own, number)
        signers: dict[str, Signer] = {**workspace.outside.signers, "own": ringing}
        outside = interruptible(replace(workspace.outside, signers=signers))
        with outside.stop.listening():
            (result,) = apply_zones(outside, [workspace.portfolio.zones[play.zone]])
    assert isinstance(result, Failed)
    assert result.diagnostics[0].code == "interrupted"
    assert [e.draft.data["ok"] for e in play.entries(Event.OUTCOME)] == [True]
    assert play.calls() == ROLLOVER[:1]
    play.converge()
    assert play.calls() == ROLLOVER
    assert problems(play) == ()
