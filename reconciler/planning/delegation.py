"""What stands in the way of several signers, or of a change of signer."""

from __future__ import annotations

from itertools import combinations

from reconciler.model.keys import Key
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Refusal
from reconciler.planning.publication import (
    DS_SLOT,
    NS_SLOT,
    apex_slot,
    data_slot,
    dnskey_slot,
    reached_at,
)
from reconciler.planning.rolling import notes_on_rolls, roll_gate
from reconciler.planning.task import Task


def delegation_gate(observed: ObservedZone, task: Task) -> Refusal | None:
    """Return why the delegation cannot come to be as desired, None where the search may begin."""
    if len(task.signers) == 1:
        return None
    return (
        _parent_gate(task)
        or _content_gate(observed, task)
        or _lingering_gate(task)
        or roll_gate(task)
    )


def _parent_gate(task: Task) -> Refusal | None:
    if task.start[NS_SLOT] == task.goal[NS_SLOT] or task.parent.sets_ns:
        return None
    return Refusal(
        rule="capability:sets_ns",
        summary="the delegation must change, and the parent offers no way to change its NS RRset",
        detail="the capability `sets_ns` of this parent is false",
        opens="a parent adapter that sets NS, or one that asks a person (`manual`)",
    )


def _content_gate(observed: ObservedZone, task: Task) -> Refusal | None:
    """Resolvers that are sent to another signer must find the same zone there."""
    count = len(task.signers)
    before, after = reached_at(task.start, count), reached_at(task.goal, count)
    if before == after:
        return None
    equal = observed.content_equal
    for one, other in combinations(sorted(task.world.signer_names(before | after)), 2):
        if other not in equal.get(one, ()) and one not in equal.get(other, ()):
            return Refusal(
                rule="content",
                summary=f"signers {one} and {other} are not known to serve the same zone",
                detail="all records but SOA, NS and those of DNSSEC must be equal at both before"
                " the delegation names the one beside the other, or after it",
                opens="equal content, seen by transfer or API, or attested by a person",
            )
    return None


def _lingering_gate(task: Task) -> Refusal | None:
    """A signer that an apex goes on naming is never out of reach (I8)."""
    if not task.start[DS_SLOT] and not task.goal[DS_SLOT]:
        return None
    world, count = task.world, len(task.signers)
    asked = reached_at(task.goal, count)
    for index, stand in enumerate(task.signers):
        if not (stand.free and asked >> index & 1):
            continue
        holders = [
            name
            for i, name in enumerate(world.signers)
            if i != index and asked >> i & 1 and task.goal[apex_slot(i)] >> index & 1
        ]
        return Refusal(
            rule="I8",
            summary=f"signer {world.signers[index]} cannot leave: the apex NS RRset of"
            f" {', '.join(holders)} names it and cannot be changed",
            detail="resolvers that follow that RRset may ask it for ever, so its keys and its DS"
            " can never be withdrawn",
            opens="capability `sets_apex_ns` at the signer whose NS RRset names it",
        )
    return None


def no_cross_publication(task: Task) -> Refusal | None:
    """Return which signer would have to publish another's keys and cannot (I7), None if all can."""
    world, count = task.world, len(task.signers)
    if count == 1 or not task.start[DS_SLOT] or not task.goal[DS_SLOT]:
        return None
    met = reached_at(task.start, count) | reached_at(task.goal, count)
    for index, stand in enumerate(task.signers):
        wanted = 0
        for other in range(count):
            if other != index and met >> other & met >> index & 1:
                wanted |= task.start[data_slot(other)] | task.goal[data_slot(other)]
        lacking = wanted & ~stand.own & ~stand.lent & ~task.start[dnskey_slot(index)]
        if lacking:
            labels = sorted(world.names(lacking))
            return Refusal(
                rule="I7",
                summary=f"signer {world.signers[index]} cannot publish {', '.join(labels)}, the"
                " key with which another signer signs",
                detail="resolvers mix what they cached from both signers, so that each must"
                " publish the signing keys of the other (RFC 8901)",
                opens=f"capability `{_capability(task, labels[0])}` or `presigned` at"
                f" {world.signers[index]}, or the zone desired unsigned while it moves",
            )
    return None


def half_crossed(task: Task) -> Refusal | None:
    """Return which signer lacks the key of another already (I7), None if none does.

    Both answer, so that what is bogus is their mix and no part is beyond repair (planning.md §6):
    the mix outlives every step, and no plan can be proved.
    """
    world, reached = task.world, reached_at(task.start, len(task.signers))
    together = [i for i in range(len(task.signers)) if reached >> i & 1]
    for index in together if task.start[DS_SLOT] else ():
        served = world.dnskey_parts(task.start[dnskey_slot(index)])[0]
        for other in together:
            lacking = task.start[data_slot(other)] & ~served
            if served and lacking and not task.start[data_slot(other)] & served:
                here, there = world.signers[index], world.signers[other]
                keys = ", ".join(sorted(world.names(lacking)))
                return Refusal(
                    rule="I7",
                    summary=f"the zone is bogus now to whoever asks both {here} and {there}:"
                    f" {here} does not publish {keys}, with which {there} signs",
                    detail="each alone is whole; their mix stays in caches whatever is done, so"
                    " that no plan can be proved",
                    opens=f"{keys} published at {here} by hand, which harms no mix, and then"
                    " another plan",
                )
    return None


def _capability(task: Task, label: str) -> str:
    key = task.world.keys[label]
    return "foreign_ksk" if isinstance(key, Key) and key.is_sep else "foreign_zsk"


def notes_on(observed: ObservedZone, task: Task) -> tuple[str, ...]:
    """Return what a plan with several signers takes for granted beside the usual."""
    if len(task.signers) == 1:
        return ()
    return (*_lasting_names(task), *notes_on_rolls(task, observed))


def _lasting_names(task: Task) -> tuple[str, ...]:
    """Apexes that go on naming a signer, or leave one out, for nobody can change them."""
    world, named = task.world, task.goal[NS_SLOT]
    return tuple(
        f"the apex NS RRset of {name} cannot be changed and is not as the delegation is in the end;"
        " resolvers that hold it return to the parent"
        for i, name in enumerate(world.signers)
        if not task.signers[i].capabilities.sets_apex_ns and task.start[apex_slot(i)] != named
    )
