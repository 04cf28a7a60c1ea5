"""The live half of `reconcile plan`: look at every server, then plan from what they serve."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.cli.options import chosen
from reconciler.cli.output import complain
from reconciler.cli.progress import steps_of
from reconciler.diagnostics import ObservationError, SpecError
from reconciler.execute.outside import unbuilt
from reconciler.execute.snapshot import with_history
from reconciler.execute.snapshot_json import snapshots
from reconciler.execute.words import not_built
from reconciler.ledger.fold import fold
from reconciler.model.desired import DesiredZone, Portfolio
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import ZonePlan
from reconciler.wiring import Workspace, open_workspace


def plan_live(
    root: Path, names: list[str] | None
) -> tuple[Portfolio, Mapping[str, ObservedZone], Mapping[str, ZonePlan]]:
    """Observe every server, then plan from what they serve and what the ledger remembers."""
    with open_workspace(root) as workspace:
        wanted = chosen(workspace.portfolio, names)
        observed = {z.zone: _look(workspace, z) for z in steps_of(wanted, "observing")}
        plans = {z.zone: workspace.outside.propose(z, observed[z.zone]) for z in wanted}
        return workspace.portfolio, observed, plans


def _look(workspace: Workspace, desired: DesiredZone) -> ObservedZone:
    outside = workspace.outside
    if kinds := unbuilt(workspace.portfolio, desired):
        raise SpecError(not_built(desired.zone, kinds))
    log = fold(outside.ledger.entries()).zone(desired.zone)
    observation = outside.observe(desired)
    complain(observation.diagnostics)
    if observation.zone is None:
        raise ObservationError(*observation.diagnostics)
    return with_history(observation.zone, snapshots(log))
