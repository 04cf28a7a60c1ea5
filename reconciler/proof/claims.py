"""What the plan tells signers of the parent must be true of every server of the parent (I11).

A signer that rolls by its own policy counts its own waits from what it is told (RFC 7583 §3.3.5),
so that it is told too early what some server of the parent does not show yet. TTLs do not count
here: what the signer then does is a version of its own, with the windows of any other.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.moves import DsConfirm
from reconciler.model.plan import Step
from reconciler.model.timeline import DsVersion
from reconciler.proof.installs import installed_by_cds
from reconciler.proof.profiles import Finding, Status
from reconciler.proof.views import Fault
from reconciler.proof.windows import Bound, Stay, Window
from reconciler.proof.words import describe
from reconciler.proof.world import DS, Part, World

RULE = "I11"
"""Takes the place of a validator profile where no validator is concerned."""


def untrue_claims(world: World) -> Iterator[Fault]:
    """Yield for each word given to a signer the DS sets that would make it untrue."""
    told = [
        (step, move)
        for step in world.steps.values()
        for move in step.moves
        if isinstance(move, DsConfirm)
    ]
    served = tuple(_served(world)) if told else ()
    for step, move in told:
        claim = _claim(world, step, move)
        for part in served:
            if not _bears_out(part, move):
                yield Fault(parts=(claim, part), profile=RULE, finding=_finding(move))


def _finding(move: DsConfirm) -> Finding:
    where = "on every server" if move.present else "gone from every server"
    why = f"the DS of {move.key} must be {where} of the parent before {move.signer} is told so"
    return Finding(Status.UNTRUE, why)


def _claim(world: World, step: Step, move: DsConfirm) -> Part:
    begin = Bound(world.nodes[step.id], 0)
    stands = "is at the parent" if move.present else "is gone from the parent"
    return Part(
        version=world.lanes[DS][-1].version,
        windows=(Window((begin,), (begin.later(1),)),),
        text=f"the word to {move.signer} that the DS of {move.key} {stands} (at {step.id})",
        source=world.lanes[DS][-1].version,
        of_start=False,
    )


def _served(world: World) -> Iterator[Part]:
    """Yield the DS sets that some server of the parent may give, and while which it may."""
    for stay in world.lanes[DS]:
        version = stay.version
        yield Part(
            version=version,
            windows=(_giving(stay),),
            text=f"{describe(version)} at some server",
            source=version,
            of_start=version.step is None,
        )
    yield from installed_by_cds(world, kept=False)


def _giving(stay: Stay) -> Window:
    begins = () if stay.begin is None else (stay.begin,)
    ends = () if stay.served is None else (stay.served,)
    return Window(begins, ends)


def _bears_out(part: Part, move: DsConfirm) -> bool:
    version = part.version
    if version.unknown or not isinstance(version, DsVersion):
        return False
    return (move.key in {ref.key for ref in version.ds}) is move.present
