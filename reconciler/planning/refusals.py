"""Why there is no plan: the gates before the search, and what stands in the way after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.model.desired import DesiredZone
from reconciler.model.durations import duration_words
from reconciler.model.keys import Key, KeyEntry
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Refusal, Status
from reconciler.model.timeline import CdsVersion, DataVersion, DnskeyVersion, DsVersion
from reconciler.planning.delegation import delegation_gate, half_crossed, no_cross_publication
from reconciler.planning.early import early_gate
from reconciler.planning.goal import Goal, named_anywhere
from reconciler.planning.limits import Event, Missed
from reconciler.planning.named import ambiguous
from reconciler.planning.parent import parent_gate
from reconciler.planning.publication import DS_SLOT
from reconciler.planning.safety import DS_ALG
from reconciler.planning.task import Task
from reconciler.planning.variants import Variant, Way, Ways

NEVER = float("inf")


def gate(desired: DesiredZone, observed: ObservedZone) -> tuple[Status, Refusal] | None:
    """Return why this zone cannot be planned at all, None where it can."""
    if desired.variant not in (None, *Variant):
        return Status.BLOCKED, Refusal(
            rule="desired-state",
            summary=f"there is no variant {desired.variant}",
            opens=f"one of {', '.join(Variant)}",
        )
    if not desired.signers:
        return Status.BLOCKED, Refusal(
            rule="desired-state",
            summary="no signer is desired, and a zone must be served by one",
            opens="at least one name under `signers`",
        )
    named = named_anywhere(observed) | frozenset(desired.signers)
    if unseen := sorted(named - observed.signers.keys()):
        return Status.BLOCKED, Refusal(
            rule="observation",
            summary=f"nothing was observed of signer {', '.join(unseen)}",
            detail="what each signer publishes that is desired or that some NS RRset names must"
            " be known before anything is changed",
            opens="an observation in which this signer's servers answer",
        )
    unsound = _unsound(observed, involved_or_named(desired, observed))
    if unsound is None and (unclear := ambiguous(desired, observed)):
        return Status.BLOCKED, unclear
    return unsound


def involved_or_named(desired: DesiredZone, observed: ObservedZone) -> tuple[str, ...]:
    """Return the signers whose keys must be described."""
    return tuple(sorted(named_anywhere(observed) | frozenset(desired.signers)))


def _unsound(observed: ObservedZone, signers: tuple[str, ...]) -> tuple[Status, Refusal] | None:
    """Keys that are named and not described, and keys that validators mix up."""
    if missing := sorted(_named(observed, signers) - observed.keys.keys()):
        return Status.BLOCKED, Refusal(
            rule="observation",
            summary=f"the observation names {', '.join(missing)} and does not describe it",
            detail="every DNSKEY, DS and history entry refers to a member of `keys`",
            opens="an observation that is whole",
        )
    for signer in signers:
        if twins := _twins(observed.keys, observed.signers[signer].dnskeys):
            return Status.BLOCKED, twins
    return None


def _named(observed: ObservedZone, signers: Iterable[str]) -> frozenset[str]:
    named = {ref.key for ref in observed.parent.ds}
    for signer in signers:
        facts = observed.signers[signer]
        named |= facts.dnskeys | facts.krrsig | facts.zrrsig
        if isinstance(facts.cds, frozenset):
            named |= {ref.key for ref in facts.cds}
    for version in () if observed.settled else observed.history:
        match version:
            case DsVersion(ds=ds):
                named |= {ref.key for ref in ds}
            case DnskeyVersion(keys=keys, signed_by=signed_by):
                named |= keys | signed_by
            case DataVersion(signed_by=signed_by):
                named |= signed_by
            case CdsVersion(cds=frozenset() as cds):
                named |= {ref.key for ref in cds}
            case _:
                pass
    return frozenset(named)


def _twins(keys: Mapping[str, KeyEntry], together: Iterable[str]) -> Refusal | None:
    """Two keys served together with one algorithm and one tag (I9)."""
    seen: dict[tuple[int, int | None], str] = {}
    for label in sorted(together):
        key = keys[label]
        if not isinstance(key, Key) or key.tag is None:
            continue
        twin = seen.setdefault((key.algorithm, key.tag), label)
        if twin != label:
            return Refusal(
                rule="I9",
                summary=f"the keys {twin} and {label} share algorithm {key.algorithm} and tag"
                f" {key.tag}",
                detail="some validators and tools take one for the other",
                opens="a person who removes the one that is not needed",
            )
    return None


def change_gate(
    desired: DesiredZone, observed: ObservedZone, task: Task, goal: Goal
) -> Refusal | None:
    """Return why this change cannot be made at all, None where the search may begin."""
    return (
        next(filter(None, (_twin_gate(observed, goal, n) for n in desired.signers)), None)
        or early_gate(desired, observed, goal)
        or parent_gate(observed, task)
        or delegation_gate(observed, task)
    )


def _twin_gate(observed: ObservedZone, goal: Goal, signer: str) -> Refusal | None:
    """Keys that are to be served together with those that are."""
    served = observed.signers[signer].dnskeys
    return _twins(goal.keys, served | goal.publication.signers[signer].dnskeys)


def no_path(task: Task, ways: Ways, stuck: Refusal | None) -> tuple[Refusal, ...]:
    """Return why there is no safe way, with what the ways outside the rules would cost.

    `stuck`: keys that are not ours to roll; only signing off and on again could bring others.
    """
    outside = tuple(_priced_way(way) for way in ways.found)
    if stuck is not None:
        return (_around(stuck, outside),)
    if ways.cut_at is not None:
        return _cut_short(ways.cut_at), *outside
    if ways.late:
        return too_late(task, ways.late), *outside
    lacking = no_cross_publication(task) or half_crossed(task) or _cannot_sign(task)
    if lacking is not None:
        return _priced(lacking, outside), *outside
    return outside or (
        Refusal(
            rule="I1",
            summary="no sequence of the moves that these systems offer leads there",
            detail="every order of them lets some cache hold parts that do not fit together",
            opens="a signer or a parent that offers more moves",
        ),
    )


def _cut_short(nodes: int) -> Refusal:
    """Return that nothing was found, which here does not mean that there is nothing to find."""
    return Refusal(
        rule="search",
        summary=f"the search was cut short at {nodes} nodes, before it found a safe path in time",
        detail="whether there is one is not known: this change has more orders of moves than are"
        " looked at",
        opens="the same change in parts, one after the other: first the signers, then the algorithm"
        " or the keys",
    )


def _around(stuck: Refusal, outside: Iterable[Refusal]) -> Refusal:
    priced = _priced(stuck, outside)
    if priced.exposure_insecure is None:
        return stuck
    return replace(
        priced,
        detail=(
            f"{stuck.detail}; turning signing off and on again would leave the zone"
            f" insecure for {duration_words(priced.exposure_insecure)}"
        ),
        opens=f"{stuck.opens}; or {_ASKING}",
    )


def _priced(refusal: Refusal, outside: Iterable[Refusal]) -> Refusal:
    """Say with a refusal what the cheapest way outside the rules would cost."""
    way = next((r for r in outside if r.exposure_insecure is not None), None)
    if way is None:
        return refusal
    return replace(
        refusal, exposure_bogus=way.exposure_bogus, exposure_insecure=way.exposure_insecure
    )


_ASKING = f"`variant: {Variant.INSECURE}` in the zone's file, approved"


def _priced_way(way: Way) -> Refusal:
    """Return the rule that a way outside the rules breaks, and what that exposes."""
    if way.name is Variant.ANY_CHAIN:
        return Refusal(
            rule=DS_ALG.name,
            summary="the only path found is for validators that accept any one chain",
            detail=(
                "validators that ask for a chain of each algorithm in the DS RRset would find"
                " the zone bogus on the way"
            ),
            opens=f"`drop_strict: true` in the policy, or `variant: {way.name}`, approved",
        )
    return Refusal(
        rule="I2",
        summary="the only path found leads through an insecure delegation",
        detail=(
            f"for {duration_words(way.exposure.insecure)} validators would"
            " find no DS and accept anything"
        ),
        opens=_ASKING,
        exposure_bogus=way.exposure.bogus,
        exposure_insecure=way.exposure.insecure,
    )


def too_late(task: Task, missed: Sequence[Missed]) -> Refusal:
    """Return what the quickest way would miss, and by how much (I4)."""
    worst = max(missed, key=lambda each: NEVER if each.late is None else each.late)
    event = worst.event
    rolls = event is Event.ROLLS
    rule = "I18" if rolls else "I4"
    if worst.late is None:
        return Refusal(
            rule=rule,
            summary=f"{event} in {duration_words(worst.end)}, and no step makes that harmless",
            detail="whatever is planned, some view is bogus from then on",
            opens="a signer that signs again before anything is changed",
        )
    late, slow = duration_words(worst.late), duration_words(task.parent.processing_max)
    return Refusal(
        rule=rule,
        summary=(
            f"{event} in {duration_words(worst.end)}, and the quickest way is {late} too late"
        ),
        detail="what depends on it would still be in some cache then; the parent may take up to"
        f" {slow} more for each of its changes",
        opens="a plan made when that is over, or TTLs and delays that are as much shorter"
        if rolls
        else f"{late} more of signatures or service, or TTLs and delays that are as much shorter",
    )


def _cannot_sign(task: Task) -> Refusal | None:
    """A lost key can neither sign itself out of the DNSKEY RRset nor another key into it."""
    if not task.lost & task.world.anchors(task.start[DS_SLOT]):
        return None
    lost = ", ".join(sorted(task.world.names(task.lost)))
    return Refusal(
        rule="I5",
        summary=f"{lost} is lost and cannot sign a DNSKEY RRset with another key in it",
        detail="a DS for a new key would be the first to name it, for no cached DNSKEY RRset holds"
        " it (I6)",
        opens="a standby key in the DNSKEY RRset; or `ksk_rollover: double-ds`, at a parent that"
        " takes a DS unseen",
    )
