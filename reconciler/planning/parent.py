"""What stands in the way where the parent shall change the DS RRset."""

from __future__ import annotations

from reconciler.model.capabilities import DsWrite, ParentCapabilities
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Refusal
from reconciler.model.timeline import RRsetKind
from reconciler.planning.publication import DS_SLOT, reached_at
from reconciler.planning.task import Task


def parent_gate(observed: ObservedZone, task: Task) -> Refusal | None:
    """Return why the DS RRset cannot come to be as desired, None where the search may begin."""
    if task.start[DS_SLOT] == task.goal[DS_SLOT]:
        return None
    parent = observed.parent.capabilities
    if parent.write is not DsWrite.NONE:
        return _contradicted(task)
    if not parent.polls_cds:
        return Refusal(
            rule="capability:write",
            summary="the DS RRset must change, and the parent offers no way to change it",
            detail="the capability `write` of this parent is `none`",
            opens="a parent adapter that writes DS, or one that asks a person (`manual`)",
        )
    return _first_ds(task, parent) or _cannot_tell(task)


def _contradicted(task: Task) -> Refusal | None:
    """CDS sets that nobody can change, and that ask for something else."""
    if task.world.polling is None:
        return None
    for index, slot in task.world.slots_of(RRsetKind.CDS).items():
        fixed = not task.signers[index].capabilities.sets_cds
        if fixed and task.start[slot] not in (0, task.goal[DS_SLOT]):
            return Refusal(
                rule="I10",
                summary="the parent polls CDS, and the signer publishes a CDS set",
                detail="the parent may install that set at any time, also after our change",
                opens="a signer that publishes no CDS while the DS is changed by other means",
            )
    return None


def _first_ds(task: Task, parent: ParentCapabilities) -> Refusal | None:
    if task.start[DS_SLOT] or parent.bootstraps:
        return None
    return Refusal(
        rule="capability:bootstraps",
        summary="the parent changes DS as CDS says, and takes no first DS from it",
        detail="nothing secures the CDS set of a zone that has no DS yet (RFC 8078 §3)",
        opens="a parent that bootstraps from authenticated signals (RFC 9615), or a person who"
        " submits the first DS at the registrar",
    )


def _cannot_tell(task: Task) -> Refusal | None:
    """A parent acts only on what every server of the zone says."""
    world, count = task.world, len(task.signers)
    reached = 1 if count == 1 else reached_at(task.start, count) | reached_at(task.goal, count)
    dumb = [
        name
        for index, name in enumerate(world.signers)
        if reached >> index & 1 and not task.signers[index].capabilities.sets_cds
    ]
    if not dumb:
        return None
    return Refusal(
        rule="capability:sets_cds",
        summary=f"the parent changes DS only as CDS says, and {', '.join(dumb)} cannot be asked to"
        " publish a CDS set",
        detail="all signers must publish the same set, or the parent leaves the DS as it is",
        opens=f"capability `sets_cds` at {dumb[0]}, or a parent adapter that writes DS",
    )
