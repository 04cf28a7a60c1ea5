"""The composition root: the only place that knows which concrete class stands behind which port."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from reconciler.clock import Clock, SystemClock
from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.execute.outside import Checkpoint, Outside, Propose, pass_by
from reconciler.execute.propose import Prove, propose
from reconciler.execute.recall import Memory
from reconciler.ledger.authors import authors_of, require_committed
from reconciler.ledger.checkpoints import checkpoint_if_due, heartbeat_if_due
from reconciler.ledger.fold import fold
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.history import History
from reconciler.ledger.home import open_ledger, require_kept, require_whole
from reconciler.ledger.identity import email, head, is_built_on
from reconciler.ledger.plumbing import Plumbing, open_plumbing
from reconciler.ledger.start import ensure_started
from reconciler.model.desired import DesiredZone, LedgerHome, Observers, Portfolio, SystemSpec
from reconciler.model.entries import Actor, ActorKind
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import ZonePlan
from reconciler.model.sightings import Observation
from reconciler.observe.gather import gather
from reconciler.observe.transport import DnsExchange, SystemRoutes
from reconciler.ports import Parent, Routes, Signer
from reconciler.proof import prove
from reconciler.sandbox.parents import parent as sandbox_parent
from reconciler.sandbox.signers import signer as sandbox_signer
from reconciler.sandbox.world import World
from reconciler.spec.load import load_valid


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """One portfolio with everything wired: `world` is None unless it lives in a sandbox."""

    root: Path
    portfolio: Portfolio
    clock: Clock
    world: World | None
    ledger: GitLedger
    outside: Outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What may stand in for the usual: a world already open and served, another proof, a watcher,
    a clock other than the world's or the system's.

    `propose` and `prove` are replaced only by the demo's `--unsafe`, which shows that the judges
    can say no.
    """

    world: World | None = None
    routes: Routes | None = None
    clock: Clock | None = None
    propose: Propose | None = None
    prove: Prove = prove
    checkpoint: Checkpoint = pass_by
    actor: Actor | None = None


@contextmanager
def open_workspace(root: Path, setting: Setting | None = None) -> Iterator[Workspace]:
    """Open the portfolio at `root`, serve its sandbox if it has one, and close both at the end."""
    setting = setting or Setting()
    portfolio = load_valid(root)
    with ExitStack() as stack:
        world = setting.world or _world(root, portfolio, stack)
        routes = setting.routes or _routes(world, stack)
        yield _wired(root, portfolio, setting, world, routes)


def _wired(
    root: Path,
    portfolio: Portfolio,
    setting: Setting,
    world: World | None,
    routes: Routes,
) -> Workspace:
    clock: Clock = setting.clock or world or SystemClock()
    signers, parents = _signers(portfolio, world), _parents(portfolio, world)
    git = open_plumbing(root)
    actor, here = setting.actor or whoever_runs(git), head(git)

    def look(desired: DesiredZone) -> Observation:
        exchange = DnsExchange(routes)
        parent = parents[desired.parent]
        observers = _observers(portfolio.observers, world)
        return gather(desired, signers, parent, exchange, observers, clock.now())

    def plan(desired: DesiredZone, observed: ObservedZone) -> ZonePlan:
        return propose(portfolio, desired, observed, setting.prove)

    ledger = open_ledger(root, portfolio.ledger, actor)
    outside = Outside(
        portfolio=portfolio,
        clock=clock,
        ledger=ledger,
        recall=Memory(ledger).recall,
        signers=signers,
        parents=parents,
        observe=look,
        authors=lambda zone, since: authors_of(root, _files(portfolio, zone), since),
        commit=here,
        newer=lambda commit: here is not None and is_built_on(git, commit, here),
        propose=setting.propose or plan,
        prove=setting.prove,
        actor=actor,
        checkpoint=setting.checkpoint,
        leave=lambda name, data: write_out(root / name, data),
    )
    return Workspace(
        root=root, portfolio=portfolio, clock=clock, world=world, ledger=ledger, outside=outside
    )


def write_out(path: Path, data: bytes) -> None:
    """Write a file for people that the ledger could not take."""
    path.write_bytes(data)


def sign_off(workspace: Workspace) -> None:
    """Let the ledger say that a run was there, and how much it holds, where either is due."""
    history = workspace.outside.recall()
    if history.seq:
        seconds = workspace.portfolio.governance.heartbeat
        every = None if seconds is None else timedelta(seconds=seconds)
        history = heartbeat_if_due(workspace.ledger, workspace.clock.now(), history, every)
        checkpoint_if_due(workspace.ledger, workspace.clock.now(), history)


def require_clean(workspace: Workspace) -> None:
    """Refuse to act on desired state that git does not hold."""
    git = open_plumbing(workspace.root)
    zones = (workspace.root / "zones").resolve().relative_to(git.root.resolve())
    require_committed(git, [zones.as_posix()])


def read_history(root: Path, home: LedgerHome) -> History:
    """Return what the ledger of the repository at `root` tells, without opening anything else."""
    return fold(open_ledger(root, home, whoever_runs(open_plumbing(root))).entries())


def start_ledger(workspace: Workspace) -> None:
    """Write what a ledger begins with, and the governance now in force, if it is not there yet.

    Refuses a ledger that would not be kept (LedgerError), or that lacks what its witness has seen
    (VerificationError).
    """
    outside, home = workspace.outside, workspace.portfolio.ledger
    require_kept(workspace.ledger, home, outside.actor)
    require_whole(workspace.ledger, home)
    ensure_started(outside.ledger, workspace.portfolio, workspace.clock.now(), outside.recall())


def whoever_runs(git: Plumbing) -> Actor:
    """Return who acts: the CI run that the environment tells of, else the git identity."""
    run = os.environ.get("GITHUB_RUN_ID")
    if run:
        attempt = os.environ.get("GITHUB_RUN_ATTEMPT", "1")
        repository = os.environ.get("GITHUB_REPOSITORY", "unknown")
        return Actor(kind=ActorKind.CI, id=f"github/{repository}", run=f"{run}.{attempt}")
    return Actor(
        kind=ActorKind.PERSON,
        id=email(git),
        run=f"{socket.gethostname()}/{os.getpid()}",
    )


def _world(root: Path, portfolio: Portfolio, stack: ExitStack) -> World | None:
    """Open the world that the portfolio's sandbox systems name; all must name the same."""
    systems = [*portfolio.signers.values(), *portfolio.parents.values()]
    named = {spec.name: _world_path(root, spec) for spec in systems if _is_sandbox(spec)}
    if not named:
        return None
    real = sorted(spec.name for spec in systems if not _is_sandbox(spec) and _used(portfolio, spec))
    if real or len(set(named.values())) > 1:
        raise SpecError(
            Diagnostic(
                code="mixed-worlds",
                summary="a portfolio lives in one sandbox or in the real world, not in both",
                detail=f"sandboxes: {sorted(set(map(str, named.values())))}; real: {real}",
                hint="keep sandbox signers and parents in a portfolio of their own",
                file="zones/portfolio.yaml",
            )
        )
    return stack.enter_context(World.open(next(iter(named.values()))))


def _used(portfolio: Portfolio, spec: SystemSpec) -> bool:
    return any(
        spec.name in zone.signers or spec.name == zone.parent for zone in portfolio.zones.values()
    )


def _is_sandbox(spec: SystemSpec) -> bool:
    return spec.kind.startswith("sandbox")


def _world_path(root: Path, spec: SystemSpec) -> Path:
    return (root / str(spec.options.get("world", "world"))).resolve()


def _routes(world: World | None, stack: ExitStack) -> Routes:
    return SystemRoutes() if world is None else stack.enter_context(world.serve())


def _signers(portfolio: Portfolio, world: World | None) -> Mapping[str, Signer]:
    if world is None:
        return {}
    names = (name for name, spec in portfolio.signers.items() if _is_sandbox(spec))
    return {name: sandbox_signer(world, name) for name in names}


def _parents(portfolio: Portfolio, world: World | None) -> Mapping[str, Parent]:
    if world is None:
        return {}
    names = (name for name, spec in portfolio.parents.items() if _is_sandbox(spec))
    return {name: sandbox_parent(world, name) for name in names}


def _observers(observers: Observers, world: World | None) -> Observers:
    """Return where to look from; a sandbox has its own root."""
    if world is None:
        return observers
    return replace(observers, hints=world.hints, trust_anchors=world.trust_anchors)


def _files(portfolio: Portfolio, zone: str) -> tuple[str, ...]:
    """Return the files that a zone's desired state is made of, its own first."""
    return portfolio.sources[zone], "zones/portfolio.yaml"
