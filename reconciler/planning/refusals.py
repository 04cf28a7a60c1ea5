"""Why there is no plan: the gates before the search, and what stands in the way after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.capabilities import DsWrite, Signing
from reconciler.model.desired import DesiredZone
from reconciler.model.keys import Key, KeyEntry
from reconciler.model.observed import ObservedZone, SignerFacts
from reconciler.model.plan import Refusal, Status
from reconciler.model.timeline import DataVersion, DnskeyVersion, DsVersion, NsVersion
from reconciler.planning.goal import Goal
from reconciler.planning.publication import DS_SLOT
from reconciler.planning.safety import DS_ALG
from reconciler.planning.search import find_path
from reconciler.planning.solve import Task, problem_of, solve, tightened

LATER = "a release that plans several signers and moves of the delegation"


def gate(desired: DesiredZone, observed: ObservedZone) -> tuple[Status, Refusal] | None:
    """Return why this zone cannot be planned at all, None where it can."""
    if len(desired.signers) != 1:
        return Status.NO_SAFE_PATH, Refusal(
            rule="scope:one-signer",
            summary=f"{len(desired.signers)} signers are desired, and one is planned for",
            detail="two signers of one zone must publish each other's keys (RFC 8901)",
            opens=LATER,
        )
    (signer,) = desired.signers
    if signer not in observed.signers:
        return Status.BLOCKED, Refusal(
            rule="observation",
            summary=f"nothing was observed of signer {signer}",
            detail="what it publishes must be known before anything is changed",
            opens="an observation in which this signer's servers answer",
        )
    if others := sorted(_delegated(observed) - {signer}):
        return Status.NO_SAFE_PATH, Refusal(
            rule="scope:one-signer",
            summary=f"the delegation names {', '.join(others)} beside the desired {signer}",
            detail="moving a zone between signers changes NS, DNSKEY and DS together",
            opens=LATER,
        )
    return _unsound(observed, signer)


def _delegated(observed: ObservedZone) -> frozenset[str]:
    """Every signer that some NS RRset names or lately named."""
    named = observed.parent.ns
    for facts in observed.signers.values():
        named |= facts.ns if facts.ns & observed.parent.ns else frozenset()
    for version in () if observed.settled else observed.history:
        if isinstance(version, NsVersion):
            named |= version.signers
    return named


def _unsound(observed: ObservedZone, signer: str) -> tuple[Status, Refusal] | None:
    """Keys that are named and not described, and keys that validators mix up."""
    if missing := sorted(_named(observed, signer) - observed.keys.keys()):
        return Status.BLOCKED, Refusal(
            rule="observation",
            summary=f"the observation names {', '.join(missing)} and does not describe it",
            detail="every DNSKEY, DS and history entry refers to a member of `keys`",
            opens="an observation that is whole",
        )
    twins = _twins(observed.keys, observed.signers[signer].dnskeys)
    return (Status.BLOCKED, twins) if twins else None


def _named(observed: ObservedZone, signer: str) -> frozenset[str]:
    facts = observed.signers[signer]
    named = facts.dnskeys | facts.krrsig | facts.zrrsig | {r.key for r in observed.parent.ds}
    for version in () if observed.settled else observed.history:
        match version:
            case DsVersion(ds=ds):
                named |= {ref.key for ref in ds}
            case DnskeyVersion(keys=keys, signed_by=signed_by):
                named |= keys | signed_by
            case DataVersion(signed_by=signed_by):
                named |= signed_by
            case _:
                pass
    return named


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


def change_gate(observed: ObservedZone, task: Task, goal: Goal, signer: str) -> Refusal | None:
    """Return why this change cannot be made at all, None where the search may begin."""
    facts = observed.signers[signer]
    return (
        _policy_gate(facts, signer)
        or _custody_gate(task, goal)
        or _twin_gate(facts, goal, signer)
        or _parent_gate(observed, task, signer)
        or _signature_gate(facts, task)
    )


def _twin_gate(facts: SignerFacts, goal: Goal, signer: str) -> Refusal | None:
    """Keys that are to be served together with those that are."""
    return _twins(goal.keys, facts.dnskeys | goal.publication.signers[signer].dnskeys)


def _policy_gate(facts: SignerFacts, signer: str) -> Refusal | None:
    if facts.capabilities.signing is not Signing.POLICY:
        return None
    return Refusal(
        rule="capability:signing",
        summary=f"signer {signer} rolls its keys by its own policy",
        detail="its moves cannot be asked for one by one, only waited for and confirmed",
        opens="a release that drives signers with capability `policy`",
    )


def _custody_gate(task: Task, goal: Goal) -> Refusal | None:
    """Keys that are not ours to roll: only signing off and on again could bring others."""
    if goal.stuck is None:
        return None
    seconds = insecure_exposure(task)
    if seconds is None:
        return goal.stuck
    return replace(
        goal.stuck,
        detail=(
            f"{goal.stuck.detail}; turning signing off and on again would leave the zone"
            f" insecure for {seconds} s"
        ),
        opens=f"{goal.stuck.opens}; or the zone desired unsigned first and signed again later",
        exposure_bogus=0,
        exposure_insecure=seconds,
    )


def _signature_gate(facts: SignerFacts, task: Task) -> Refusal | None:
    """Signatures that nobody refreshes end under any plan; only removing the DS outruns that."""
    expires = facts.signatures.expires
    if expires is None:
        return None
    leaves = task.timings[DS_SLOT].remembered(task.start[DS_SLOT])
    if not task.goal[DS_SLOT] and (not task.start[DS_SLOT] or leaves <= expires):
        return None
    return Refusal(
        rule="I4",
        summary=f"the first signature ends in {expires} s, and the signer does not refresh it",
        detail="whatever is planned, views with an ended signature are bogus",
        opens="a signer that signs again before anything is changed",
    )


def _parent_gate(observed: ObservedZone, task: Task, signer: str) -> Refusal | None:
    parent = observed.parent.capabilities
    if task.start[DS_SLOT] != task.goal[DS_SLOT]:
        if parent.write is DsWrite.NONE:
            return Refusal(
                rule="capability:write",
                summary="the DS RRset must change, and the parent offers no way to change it",
                detail="the capability `write` of this parent is `none`",
                opens="a parent adapter that writes DS, or one that asks a person (`manual`)",
            )
        if parent.polls_cds and observed.signers[signer].cds is not None:
            return Refusal(
                rule="I10",
                summary="the parent polls CDS, and the signer publishes a CDS set",
                detail="the parent may install that set at any time, also after our change",
                opens="a signer that publishes no CDS while the DS is changed by other means",
            )
    return None


def no_path(task: Task) -> tuple[Refusal, ...]:
    """Return why the search found nothing, with what the ways outside the rules would cost."""
    return tuple(_ways_outside(task)) or (
        Refusal(
            rule="I1",
            summary="no sequence of the moves that these systems offer leads there",
            detail="every order of them lets some cache hold parts that do not fit together",
            opens="a signer or a parent that offers more moves",
        ),
    )


def _ways_outside(task: Task) -> Iterator[Refusal]:
    if not task.drop_strict and solve(replace(task, drop_strict=True)) is not None:
        yield Refusal(
            rule=DS_ALG.name,
            summary="a path exists only for validators that accept any one chain",
            detail=(
                "validators that ask for a chain of each algorithm in the DS RRset would find"
                " the zone bogus on the way"
            ),
            opens="`drop_strict: true` in the policy, approved",
        )
    exposure = insecure_exposure(task)
    if exposure is not None:
        yield Refusal(
            rule="I2",
            summary="the only path found leads through an insecure delegation",
            detail=f"for {exposure} s validators would find no DS and accept anything",
            opens="desire the zone unsigned first, then signed again, each approved",
            exposure_bogus=0,
            exposure_insecure=exposure,
        )


def insecure_exposure(task: Task) -> int | None:
    """Return for how many seconds the best path without I2 is insecure, None where none exists.

    From the removal of the DS until no cache holds its absence any more.
    """
    problem = problem_of(task, insecure=True)
    path = find_path(problem, 1)
    if path is None:
        return None
    solution = tightened(task, problem.views, path, 1)
    bare = [w for w in solution.windows[DS_SLOT] if w.value == 0]
    times = solution.waits.earliest()
    return sum(times[w.ends] + w.lasts - times[w.begins] for w in bare if w.ends)
