"""Whatever happens in whatever order, the record and the world stay as a small model has them.

Runs go on, die, are frozen, meet another run, have a wrong clock; people approve, take back, stop
and go on; somebody else changes the zone, the desired state, or writes to the ledger. After every
step: no effect without an intent on record, none twice, none that was not approved and due then,
the fold is what the entries say, and an audit of the whole record finds nothing.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reconciler.audit.verify import audit
from reconciler.diagnostics import ReconcileError
from reconciler.execute.control import Word, resume, revoke, suspend
from reconciler.execute.outside import Outside
from reconciler.ledger.git_ledger import GitLedger, place_of
from reconciler.ledger.record import Record, open_record
from reconciler.model.entries import Actor, ActorKind, Draft, Event
from reconciler.model.moves import DnskeyAdd, DnskeyRemove
from reconciler.model.results import (
    Converged,
    Failed,
    Frozen,
    Raced,
    Result,
    WaitingForApproval,
    WaitingForTime,
)
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.execute.acts import TESTER, ZONE, Play, desired, opened
from tests.execute.small_model import CLOCKS, Json, Model

EXAMPLES, STEPS = 6, 30
"""So that all of it takes less than a minute."""
POINTS = (
    "observed", "planned", "before-intent", "after-intent", "before-call", "after-call",
    "before-outcome", "after-outcome", "before-evidence", "after-evidence",
)  # fmt: skip
PEOPLE = ("ann", "bob")
OTHER_RUN = Actor(kind=ActorKind.CI, id="demo", run="2")
FOREIGN = "zsk@13/77"
DRIFTS, WISHES = 3, 4
"""So often somebody else changes the zone or what is wanted; more leave no time for a change."""
RUNS_TO_THE_END = 60

points = st.sampled_from(POINTS)
people = st.sampled_from(PEOPLE)
ready = st.booleans()
"""Whether people and time did first what the last run waits for."""


class KilledError(BaseException):
    """A run that ends here, as if its process had been killed."""


@dataclass(frozen=True, slots=True)
class WrongClock:
    """The clock of a machine that is `off` from the world's."""

    world: World
    off: timedelta

    def now(self) -> datetime:
        return self.world.now() + self.off


class Machine(RuleBasedStateMachine):
    """The real loop, ledger and sandbox, beside the model."""

    prepared: Path

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.last: Result | None = None
        self.asked: str | None = None
        self.foreign = False
        self.drifts = self.wishes = 0
        self.keys = {"ksk": 1, "zsk": 1}
        self.rolled = dict(self.keys)
        self.read = 0
        self.judged = 0
        self.stack = ExitStack()

    @initialize()
    def begin(self) -> None:
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        root = Path(shutil.copytree(self.prepared, folder / "portfolio"))
        self.play = self.stack.enter_context(opened(root))
        self.judged = len(self.calls())
        self.wish("ksk")

    # --- runs --------------------------------------------------------------------------------

    @rule(turns=st.integers(1, 4))
    def go_on(self, turns: int) -> None:
        """Run, and do what is asked of people and time."""
        for _ in range(turns):
            result = self.run(self.play)
            if isinstance(result, Frozen | Converged):
                return
            self.answer(result)

    @rule(point=points, ready=ready)
    def crash(self, point: str, *, ready: bool) -> None:
        self.get(ready=ready)

        def die(name: str) -> None:
            if name == point:
                raise KilledError

        try:
            self.run(self.play.at_checkpoint(die))
        except KilledError:
            return

    @rule(point=points, minutes=st.integers(1, 45), ready=ready)
    def freeze(self, point: str, minutes: int, *, ready: bool) -> None:
        """The process stands still at a checkpoint while time goes on."""
        self.get(ready=ready)
        self.run(self.play.at_checkpoint(self.once(point, lambda: self.leap(minutes=minutes))))

    @rule(point=points, ready=ready)
    def second_runner(self, point: str, *, ready: bool) -> None:
        """Another run comes in between, from its beginning to its end."""
        self.get(ready=ready)
        stage = self.play.stage
        other = Play(replace(stage, setting=replace(stage.setting, actor=OTHER_RUN)))
        self.run(self.play.at_checkpoint(self.once(point, lambda: self.run(other))))

    @rule(point=points, ready=ready)
    def append(self, point: str, *, ready: bool) -> None:
        """Somebody else writes to the ledger in the middle of a run."""
        self.get(ready=ready)
        beat = Draft(event=Event.HEARTBEAT, zone=ZONE)
        self.run(
            self.play.at_checkpoint(
                self.once(point, lambda: self.allowed(lambda: self.play.record(beat)))
            )
        )

    @rule(minutes=st.integers(-40, 40), ready=ready)
    def wrong_clock(self, minutes: int, *, ready: bool) -> None:
        """A machine whose clock is before or behind, by less than the margin."""
        self.get(ready=ready)
        assert abs(timedelta(minutes=minutes)) <= CLOCKS
        stage = self.play.stage
        clock = WrongClock(stage.world, timedelta(minutes=minutes))
        self.run(Play(replace(stage, setting=replace(stage.setting, clock=clock))))

    # --- people ------------------------------------------------------------------------------

    @precondition(lambda self: self.asked)
    @rule(person=people)
    def approve(self, person: str) -> None:
        digest = self.asked or ""
        if self.allowed(lambda: self.play.approve(digest, person)):
            self.model.words.setdefault(digest, set()).add(person)

    @precondition(lambda self: any(self.model.words.values()))
    @rule(person=people)
    def take_back(self, person: str) -> None:
        for digest in sorted(d for d, names in self.model.words.items() if person in names):
            word = Word(person=person, reason="on second thoughts")
            if self.said(partial(_revoke, digest, word)):
                self.model.words[digest].discard(person)

    @precondition(lambda self: self.running)
    @rule(hours=st.integers(1, 72))
    def stop(self, hours: int) -> None:
        until = self.play.stage.world.now() + timedelta(hours=hours)
        word = Word(person="ann", reason="month end")
        self.said(lambda outside: suspend(outside, [ZONE], until, word))

    @precondition(lambda self: not self.running)
    @rule()
    def start_again(self) -> None:
        word = Word(person="bob", reason="it is over")
        self.said(lambda outside: resume(outside, [ZONE], word, named=True))

    # --- the world ---------------------------------------------------------------------------

    @rule(hours=st.integers(1, 100))
    def clock_jumps(self, hours: int) -> None:
        self.leap(hours=hours)

    @precondition(lambda self: self.drifts < DRIFTS)
    @rule()
    def drift(self) -> None:
        """Somebody publishes a key by hand, or takes it away."""
        made = (
            DnskeyRemove(signer="own", key=FOREIGN)
            if self.foreign
            else DnskeyAdd(signer="own", key=FOREIGN, sign=False)
        )
        self.judged += self.allowed(
            lambda: signer(self.play.stage.world, "own").apply(
                ZONE, made, {}, f"by hand {len(self.calls())}"
            )
        )
        self.foreign = not self.foreign
        self.drifts += 1

    @precondition(lambda self: self.wishes < WISHES)
    @rule(role=st.sampled_from(["ksk", "zsk"]))
    def wish(self, role: str) -> None:
        """The desired state changes, perhaps in the middle of a change, perhaps back again."""
        before = self.rolled[role]
        self.keys[role] = before + 1 if self.keys[role] == before else before
        wanted = desired(ksk=self.keys["ksk"], zsk=self.keys["zsk"])
        self.play.want(wanted, f"Roll to {self.keys}")
        self.asked = None
        self.wishes += 1

    # --- what must hold ----------------------------------------------------------------------

    @invariant()
    def the_record_and_the_world_are_as_the_model_has_them(self) -> None:
        self.catch_up()
        assert self.model.faults == []
        self.compare()
        report = self.play.stage.watch.report(ZONE)
        assert report.bogus == 0, report.examples

    def teardown(self) -> None:
        """Whatever was left behind: it goes on to the end."""
        try:
            if hasattr(self, "play"):
                self.to_the_end()
        finally:
            self.stack.close()

    def to_the_end(self) -> None:
        for _ in range(RUNS_TO_THE_END):
            result = self.run(self.play)
            if isinstance(result, Converged):
                break
            self.answer(result)
        else:
            message = f"no end in {RUNS_TO_THE_END} runs: {result}"
            raise AssertionError(message)
        self.the_record_and_the_world_are_as_the_model_has_them()

    # --- how ---------------------------------------------------------------------------------

    def run(self, play: Play) -> Result:
        result = self.last = play.run()
        if isinstance(result, WaitingForApproval):
            self.asked = result.digest
        if isinstance(result, Converged):
            self.rolled = dict(self.keys)
        self.catch_up()
        return result

    @property
    def running(self) -> bool:
        """Nobody has suspended the zone until later than now."""
        until = self.model.suspended
        return until is None or until <= self.play.stage.world.now()

    def get(self, *, ready: bool) -> None:
        if ready and isinstance(self.last, WaitingForApproval | WaitingForTime):
            self.answer(self.last)

    def answer(self, result: Result) -> None:
        match result:
            case WaitingForApproval():
                for person in PEOPLE:
                    self.approve(person)
            case Raced():
                pass
            case Failed():
                self.leap(hours=6)
            case Frozen(until=until) if until is not None:
                self.play.stage.world.leap_to(until)
            case _:
                self.play.answer(result)

    def once(self, point: str, do: Callable[[], object]) -> Callable[[str], None]:
        left = [do]

        def hook(name: str) -> None:
            if name == point and left:
                left.pop()()

        return hook

    def allowed(self, do: Callable[[], object]) -> bool:
        """Do it, and return whether it was not refused."""
        try:
            do()
        except ReconcileError:
            return False
        return True

    def said(self, say: Callable[[Outside], object]) -> bool:
        with self.play.stage.open() as workspace:
            return self.allowed(lambda: say(workspace.outside))

    def leap(self, **span: int) -> None:
        self.play.leap(**span)

    def calls(self) -> list[Json]:
        dumped: Any = self.play.stage.world.dump()["calls"]
        return [call for call in dumped if call["zone"] == ZONE]

    def catch_up(self) -> None:
        """Let the model judge what is new on record, and then what is new in the world."""
        ledger = GitLedger(self.play.stage.root, actor=TESTER)
        with open_record(ledger.git, ledger.refresh() or "") as record:
            for _, data in list(record.entries)[self.read :]:
                self.read += 1
                entry = json.loads(data)
                if entry.get("zone") == ZONE:
                    self.model.take_in(entry, self.steps(record))
        for call in self.calls()[self.judged :]:
            self.judged += 1
            self.model.check_call(call)

    def steps(self, record: Record) -> dict[str, Json]:
        if self.model.plan is None:
            return {}
        plan = json.loads(record.others[place_of(self.model.plan["data"]["blob"])])
        return {step["id"]: step for step in plan["zones"][ZONE]["steps"]}

    def compare(self) -> None:
        """The fold is what the entries say, no effect came twice, and an audit finds nothing."""
        log, now = self.play.log(), self.play.stage.world.now()
        model = self.model
        assert (log.plan.plan if log.plan else None) == (model.plan or {}).get("plan")
        assert {i.idem for i in log.open_intents} == set(model.open)
        assert {step: seen.seen_at for step, seen in log.evidence.items()} == model.seen
        stopped = log.suspended_at(now)
        until = model.suspended if model.suspended and model.suspended > now else None
        assert (stopped.until if stopped else None) == until
        for digest, given in log.approvals.items():
            in_force = {a.person for a in given if a.revoked is None}
            assert in_force == model.words.get(digest, set()), digest
        idems = [call["idem"] for call in self.calls()]
        assert len(idems) == len(set(idems))
        ledger = GitLedger(self.play.stage.root, actor=TESTER)
        with open_record(ledger.git, ledger.refresh() or "") as record:
            assert audit(record).findings == ()


def _revoke(digest: str, word: Word, outside: Outside) -> None:
    revoke(outside, digest, word)


@pytest.mark.usefixtures("_own_git_settings")
def test_whatever_happens_the_record_and_the_world_agree_with_the_model(prepared: Path) -> None:
    machine = type("Prepared", (Machine,), {"prepared": prepared})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            phases=[Phase.generate],  # a run is long: to make a failure smaller takes too long
            suppress_health_check=list(HealthCheck),
        ),
    )
