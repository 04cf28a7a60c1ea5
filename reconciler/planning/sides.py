"""Start and goal of what a node holds beside views, and which of it a problem must speak of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.model.capabilities import DsWrite, Signing
from reconciler.model.desired import DesiredZone
from reconciler.model.observed import ObservedZone
from reconciler.model.timeline import CdsVersion, RRsetKind
from reconciler.planning import cds, denial, itself
from reconciler.planning.publication import Kind, Publication, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Start and goal in full, and the slots in which they differ or may come to."""

    start: Publication
    goal: Publication
    extras: tuple[tuple[Kind, str], ...]
    polling: int | None


def ends_of(
    desired: DesiredZone, observed: ObservedZone, start: Publication, goal: Publication
) -> Ends:
    """Return start and goal with what no view is made of; slots only where something changes."""
    first, last = {}, {}
    extras: list[tuple[Kind, str]] = []
    looks = _parent_looks(desired, observed, tuple(start.signers))
    for name, part in start.signers.items():
        now, then = cds.standing(observed, name), cds.wished(desired, observed, name, goal.ds)
        if looks or now != then:
            extras.append((RRsetKind.CDS, name))
        is_, shall = observed.signers[name].denial, denial.wished(desired, observed, name)
        if shall != is_:
            extras.append((Side.DENIAL, name))
        knows, learns = itself.told_at(observed, name, goal.signers[name], goal.ds)
        same = knows == learns and _stays(observed, name, goal)
        if name in desired.signers and not same:
            extras += [(Side.ASKED, name), (Side.TOLD, name)]
        first[name] = replace(part, denial=is_, cds=now, told=knows)
        last[name] = replace(goal.signers[name], denial=shall, cds=then, told=learns)
    return Ends(
        start=replace(start, signers=first),
        goal=replace(goal, signers=last),
        extras=tuple(extras),
        polling=observed.parent.capabilities.processing_max if looks else None,
    )


def _stays(observed: ObservedZone, name: str, goal: Publication) -> bool:
    """True unless a signer that rolls by itself is to come to other keys."""
    facts, part = observed.signers[name], goal.signers[name]
    same = facts.dnskeys == part.dnskeys and facts.zrrsig == part.zrrsig
    return facts.capabilities.signing is not Signing.POLICY or same


def notes_on_cds(observed: ObservedZone, polling: int | None) -> tuple[str, ...]:
    """Return what a plan takes for granted of CDS sets that nobody knows of."""
    if polling is None or observed.settled:
        return ()
    return (
        "no CDS set was published lately but those known, or the parent has acted on it already",
    )


def _parent_looks(desired: DesiredZone, observed: ObservedZone, signers: tuple[str, ...]) -> bool:
    """True if the parent looks at CDS, and there is, was or must be a set to look at."""
    parent = observed.parent.capabilities
    return parent.polls_cds and (
        parent.write is DsWrite.NONE
        or desired.policy.publish_cds
        or any(observed.signers[name].cds for name in signers)
        or any(isinstance(version, CdsVersion) for version in observed.history)
    )
