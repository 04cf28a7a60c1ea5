"""A record with every event that people and mishaps bring: made by runs, commands and faults."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.demo.stage import build
from reconciler.execute.abandon import abandon
from reconciler.execute.annotate import annotate
from reconciler.execute.control import Word, resolve, resume, revoke, suspend
from reconciler.ledger.checkpoints import checkpoint_if_due
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.history import History
from reconciler.model.entries import Draft, Event
from reconciler.model.moves import DnskeyAdd, DnskeyRemove
from reconciler.model.results import Blocked, Result
from reconciler.sandbox.faults import Fault, FaultKind
from reconciler.sandbox.signers import signer
from tests.execute.acts import TESTER, ZONE, Play, desired, opened

ANN = Word(person="ann", reason="looked at it myself")
FOREIGN = "zsk@13/7"
SHOWN_AFTER = timedelta(minutes=10)


class KilledError(BaseException):
    """A run ends here, as if its process had been killed."""


def build_eventful(root: Path) -> None:
    """Build a portfolio at `root` and let everything happen to it that an entry can tell."""
    build(root)
    with opened(root) as play:
        play.record(Draft(event=Event.HEARTBEAT))
        _stopped_and_explained(play)
        play.want(desired(ksk=2))
        _begun_and_settled(play)
        _blocked_and_turned_back(play)
        _given_up(play)
        play.leap(days=1)
        ledger = GitLedger(root, actor=TESTER)
        checkpoint_if_due(ledger, play.stage.world.now(), History())
        play.record(Draft(event=Event.HEARTBEAT))


def _stopped_and_explained(play: Play) -> None:
    """Suspend and resume the zone, and explain a key that somebody publishes for a while."""
    add, remove = (DnskeyAdd(signer="own", key=FOREIGN, sign=False),
                   DnskeyRemove(signer="own", key=FOREIGN))  # fmt: skip
    by_hand = signer(play.stage.world, "own")
    by_hand.apply(ZONE, add, {}, "by hand")
    play.stage.world.leap_to(play.stage.world.now() + SHOWN_AFTER)
    with play.stage.open() as workspace:
        outside, until = workspace.outside, workspace.clock.now() + timedelta(days=2)
        suspend(outside, [ZONE], until, ANN)
        resume(outside, [ZONE], ANN, named=True)
        annotate(outside, workspace.portfolio.zones[ZONE], "DNSKEY@own", until, ANN)
    by_hand.apply(ZONE, remove, {}, "by hand again")
    play.leap(days=9)


def _begun_and_settled(play: Play) -> None:
    """Approve, take back, approve again; a run dies, and a person says that nothing was made."""
    digest = getattr(play.run(), "digest", "")
    play.approve(digest)
    with play.stage.open() as workspace:
        revoke(workspace.outside, digest, ANN)
    play.approve(digest, "ann")

    def die(name: str) -> None:
        if name == "after-intent":
            raise KilledError

    with pytest.raises(KilledError):
        play.at_checkpoint(die).run()
    play.leap(minutes=21)
    _resolve(play, "s1")


def _blocked_and_turned_back(play: Play) -> None:
    """The registrar publishes another DS when no approval of the way back is in force."""
    result = play.on_the_way_to("s2")
    play.stage.world.inject(Fault(kind=FaultKind.GARBLE, target="registrar", count=1))
    while "s2" not in play.log().outcomes:
        play.answer(result)
        result = play.run()
    (refined,) = play.log().refined.values()
    with play.stage.open() as workspace:
        revoke(workspace.outside, refined.digest, ANN)
    _until_blocked(play, result)
    play.approve(refined.digest, "ann")
    _resolve(play, "s2")
    _until_blocked(play, play.run())
    assert play.log().turned is not None
    _resolve(play, "s2")


def _given_up(play: Play) -> None:
    """The same change once more, given up in the middle."""
    result = play.run()
    while "s1" not in play.log().outcomes:
        play.answer(result)
        result = play.run()
    with play.stage.open() as workspace:
        assert abandon(workspace.outside, workspace.portfolio.zones[ZONE], ANN) == ("s1",)


def _resolve(play: Play, step: str) -> None:
    with play.stage.open() as workspace:
        resolve(workspace.outside, ZONE, step, ANN, done=False)


def _until_blocked(play: Play, result: Result) -> None:
    while not isinstance(result, Blocked):
        play.answer(result)
        result = play.run()
