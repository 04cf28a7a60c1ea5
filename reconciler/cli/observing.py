"""The live half of `reconcile plan`: look at every server, then plan from what they serve."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.cli.options import chosen
from reconciler.cli.output import complain
from reconciler.cli.progress import steps_of
from reconciler.execute.outside import unbuilt
from reconciler.execute.snapshot import with_history
from reconciler.execute.snapshot_json import snapshots
from reconciler.execute.words import not_built
from reconciler.model.desired import DesiredZone
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import ZonePlan
from reconciler.wiring import Workspace, open_workspace


def plan_live(
    root: Path, names: list[str] | None
) -> tuple[Mapping[str, ObservedZone], Mapping[str, ZonePlan], bool]:
    """Observe every server, then plan from what they serve and what the ledger remembers.

    A zone that cannot be seen is complained of and left out; the last value is then False.
    """
    with open_workspace(root) as workspace:
        wanted = chosen(workspace.portfolio, names)
        observed = {z.zone: _look(workspace, z) for z in steps_of(wanted, "observing")}
        seen = {name: zone for name, zone in observed.items() if zone is not None}
        plans = {
            z.zone: workspace.outside.propose(z, seen[z.zone]) for z in wanted if z.zone in seen
        }
        return seen, plans, len(seen) == len(wanted)


def _look(workspace: Workspace, desired: DesiredZone) -> ObservedZone | None:
    outside = workspace.outside
    if kinds := unbuilt(workspace.portfolio, desired):
        complain((not_built(desired.zone, kinds),))
        return None
    observation = outside.observe(desired)
    complain(observation.diagnostics)
    if observation.zone is None:
        return None
    log = outside.recall().zone(desired.zone)
    return with_history(observation.zone, snapshots(log))
