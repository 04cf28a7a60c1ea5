"""The stage: a portfolio repository beside a world, on which stories are played by the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reconciler.demo.repository import Repository, make_key
from reconciler.demo.scenery import (
    AUTHOR,
    START,
    Person,
    Scene,
    layout,
    portfolio_yaml,
    with_public,
)
from reconciler.demo.stories import Story, opening
from reconciler.demo.watch import Watch
from reconciler.diagnostics import Diagnostic, ReconcileError, SpecError
from reconciler.execute.approve import approve
from reconciler.execute.run import apply_zones
from reconciler.execute.turn import gather
from reconciler.model.entries import Actor, ActorKind
from reconciler.model.plan import ZonePlan
from reconciler.model.results import Converged, Result, WaitingForApproval, WaitingForTime
from reconciler.sandbox.judge import CHAIN, BadView, Report, ValidationStatus
from reconciler.sandbox.world import World
from reconciler.spec.schemas import schemas
from reconciler.wiring import Setting, Workspace, open_workspace, start_ledger

RUNS_MAX = 500
"""A story that takes more runs than this goes in circles."""
MOMENT = timedelta(minutes=1)
"""Between the first look of the judges and the change, so that they know what was there before."""
SETTLE = timedelta(days=9)
"""Longer than anything a cache may hold from before the demo: the 7 days that the planner takes
for zone data about which nothing is known, and their bounds."""

_RUNNER = Person(name="reconcile", email="ci@shop.example")
_CI = Actor(kind=ActorKind.CI, id="demo", run="1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What one story came to. `before` is what the judges of its zone had seen when it began,
    `report` what they had seen when no cache could hold anything of it any more.
    """

    story: Story
    plan: ZonePlan
    runs: int
    commits: int
    began: datetime
    ended: datetime
    report: Report
    before: Report
    insecure_unasked: int
    mixes: tuple[tuple[str, int], ...] = ()

    @property
    def views(self) -> int:
        """Views that the judges saw in this story."""
        return self.report.views - self.before.views

    @property
    def distinct_views(self) -> int:
        """Distinct mixes of this story that were not in an earlier one."""
        return self.report.distinct_views - self.before.distinct_views

    @property
    def profiles(self) -> tuple[str, ...]:
        """The validators that the plan claims safety for, and that judge it therefore."""
        return self.plan.timeline.profiles if self.plan.timeline else ()

    @property
    def bogus(self) -> int:
        """Distinct bogus mixes that this story brought to validators of its profiles."""
        return len(self._bogus(self.report)) - len(self._bogus(self.before))

    @property
    def example(self) -> str:
        """What the earliest bogus mix lacks; empty where there is none."""
        return next((view.why for view in self._bogus(self.report)), "")

    def _bogus(self, report: Report) -> tuple[BadView, ...]:
        counted = {*self.profiles, CHAIN}
        return tuple(
            view
            for view in report.bad_views
            if view.verdict is ValidationStatus.BOGUS and view.profile in counted
        )


@dataclass(slots=True, kw_only=True)
class Stage:
    """An open stage. `approvers` are the people who approve, with the paths of their keys."""

    root: Path
    world: World
    repository: Repository
    watch: Watch
    approvers: dict[str, Path]
    setting: Setting

    def play(self, story: Story, told: Callable[[Result], None] = lambda _: None) -> Played:
        """Commit the change, then run until the zone is as desired: apply, approve, wait."""
        self.world.leap_to(self.world.now() + MOMENT)
        began, commits = self.world.now(), self.repository.count()
        before = self.watch.report(story.zone)
        name = f"zones/{story.zone.removesuffix('.')}.yaml"
        self.repository.commit({name: story.after}, story.message, AUTHOR, began)
        plan = self.plan(story.zone)
        runs = 0
        while not isinstance(result := self.run(story.zone), Converged):
            runs += 1
            told(result)
            self._answer(result, runs)
        told(result)
        ended = self.world.now()
        self.world.leap_to(ended + timedelta(seconds=plan.clean_min) + SETTLE)
        report = self.watch.report(story.zone)
        return Played(
            story=story,
            plan=plan,
            runs=runs + 1,
            commits=self.repository.count() - commits,
            began=began,
            ended=ended,
            report=report,
            before=before,
            insecure_unasked=_unasked(story, report, began),
            mixes=tuple(self._mixes(story.zone, report, began)),
        )

    def plan(self, zone: str) -> ZonePlan:
        """Return the plan as `reconcile plan` would show it now."""
        with self.open() as workspace:
            turn = gather(workspace.outside, workspace.portfolio.zones[zone])
            if turn.observed is None:
                raise ReconcileError(*turn.observation.diagnostics)
            return workspace.outside.propose(turn.desired, turn.observed)

    def run(self, zone: str) -> Result:
        """Do what one `reconcile apply` does."""
        with self.open() as workspace:
            start_ledger(workspace)
            (result,) = apply_zones(workspace.outside, [workspace.portfolio.zones[zone]])
            return result

    @contextmanager
    def open(self) -> Iterator[Workspace]:
        """Open the portfolio over the world that is already served and watched."""
        with open_workspace(self.root, self.setting) as workspace:
            yield workspace

    def _answer(self, result: Result, runs: int) -> None:
        """Do what people and time do between two runs."""
        if runs > RUNS_MAX or not isinstance(result, WaitingForApproval | WaitingForTime):
            raise ReconcileError(_stuck(result))
        if isinstance(result, WaitingForTime):
            self.world.leap_to(result.until)
            return
        with self.open() as workspace:
            for person, key in self.approvers.items():
                approve(workspace.outside, result.digest, person=person, key=key)

    def _mixes(self, zone: str, report: Report, began: datetime) -> Iterable[tuple[str, int]]:
        """Yield for each step how many mixes of what it replaced and brought were judged."""
        with self.open() as workspace:
            log = workspace.outside.recall().zone(zone)
        made = sorted((o.at, step) for step, o in log.outcomes.items() if o.at >= began)
        for at, step in made:
            yield step, report.mixed_between(at)


def _stuck(result: Result) -> Diagnostic:
    findings = getattr(result, "diagnostics", ())
    return Diagnostic(
        code="demo-stuck",
        summary=f"the demo came to {type(result).__name__} at {result.zone} and cannot go on",
        detail="; ".join(f"{d.summary} {d.detail}" for d in findings),
        hint="this is a fault of the tool, not yours: please report it with this output",
    )


def _unasked(story: Story, report: Report, began: datetime) -> int:
    """Count insecure views while the zone had to be secure: to the end, or until asked to go."""
    return report.insecure_unasked(secure_until=None if story.secure else began)


def require_empty(root: Path) -> None:
    """Refuse to play where something is already: the demo overwrites nothing."""
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise SpecError(
            Diagnostic(
                code="not-empty",
                summary=f"{root} exists and is not an empty directory",
                hint="name another directory, or remove this one: `reconcile demo DIR`",
                file=str(root),
            )
        )


def build(
    root: Path,
    *,
    worst_case: bool = False,
    margins: bool = True,
    start: datetime = START,
    scene: Scene | None = None,
) -> None:
    """Make the repository and the world in `root`, adopt its zones, and let time settle them.

    Virtual time begins at `start`; without a `scene` it is the demo's.
    """
    scene = scene or Scene(layout=layout(worst_case=worst_case), files=opening())
    root.mkdir(parents=True, exist_ok=True)
    repository = Repository.begin(root, _RUNNER)
    people = tuple(
        with_public(Person(name=name, email=f"{name}@shop.example"), make_key(path, name))
        for name, path in _approvers(root).items()
    )
    files = {f"zones/{z.removesuffix('.')}.yaml": text for z, text in scene.files.items()}
    files["zones/portfolio.yaml"] = portfolio_yaml("world", scene.layout, people, margins=margins)
    files[".gitignore"] = "/world/\n/keys/\n/report.html\n"
    files |= {f"schemas/{name}": text.decode() for name, text in schemas().items()}
    repository.commit(files, "Begin the portfolio", AUTHOR, start)
    repository.close()
    World.create(root / "world", start=start, layout=scene.layout).close()
    with open_stage(root) as stage:
        for zone in scene.files:
            stage.run(zone)
        stage.world.leap_to(start + SETTLE)


def _approvers(root: Path) -> dict[str, Path]:
    """Return who approves in the demo, with the private keys that they sign with."""
    return {name: root / "keys" / name for name in ("ann", "bob")}


@contextmanager
def open_stage(root: Path) -> Iterator[Stage]:
    """Open what `build` made: serve the world, and let the judges look from now on."""
    with World.open(root / "world") as world, world.serve() as serving:
        repository = Repository(root)
        yield Stage(
            root=root,
            world=world,
            repository=repository,
            watch=Watch(world, serving, [zone.zone for zone in world.layout.zones]),
            approvers=_approvers(root),
            setting=Setting(world=world, routes=serving, actor=_CI),
        )
        repository.close()
