"""From desired state to the publication to reach: which keys, and which DS.

Keys stay where nothing asks for others (`choice`). A key that nobody known holds and that signs
nothing is left alone, unless it was named to go (`named`).

Of several signers each publishes the keys with which the others sign data, and the DS RRset names
an anchor of each (RFC 8901 model 2). Nothing is asked of a signer that leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from reconciler.model.capabilities import Signing
from reconciler.model.desired import DesiredZone, KeyState, StandbyKsk
from reconciler.model.keys import DsRef, KeyEntry, KeyRole
from reconciler.model.observed import ObservedZone, SignerFacts
from reconciler.model.plan import Refusal
from reconciler.model.timeline import NsVersion
from reconciler.planning.choice import (
    Choice,
    choose,
    ds_for,
    held_keys,
    home_of,
    is_foreign,
    is_ours,
    own_keys,
    role_of,
    roles_of,
)
from reconciler.planning.named import labelled, unmatched, unwanted
from reconciler.planning.presigned import lend
from reconciler.planning.publication import Publication, SignerPart
from reconciler.planning.standby import standby_part


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where a plan leads.

    `keys` holds those observed and those to come, `declared` those that were asked for. `stuck`
    says why no move leads there while the zone stays secure.
    """

    publication: Publication
    keys: Mapping[str, KeyEntry]
    declared: frozenset[str] = frozenset()
    stuck: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnGoal:
    """What one signer shall publish by itself, and the DS that are to stand for it."""

    part: SignerPart
    keys: Mapping[str, KeyEntry]
    ds: frozenset[DsRef]
    stuck: Refusal | None = None


def start_of(observed: ObservedZone, signers: Iterable[str]) -> Publication:
    """Return what is published now by these signers and at the parent."""
    return Publication(
        ds=observed.parent.ds,
        ns=observed.parent.ns,
        signers={name: _part(observed.signers[name]) for name in signers},
    )


def _part(facts: SignerFacts) -> SignerPart:
    """Return what a signer shows; signatures that have ended are none."""
    ended = facts.signatures.expires is not None and facts.signatures.expires <= 0
    none: frozenset[str] = frozenset()
    return SignerPart(
        dnskeys=facts.dnskeys,
        krrsig=none if ended else facts.krrsig,
        zrrsig=none if ended else facts.zrrsig,
        ns=facts.ns,
    )


def goal_of(desired: DesiredZone, observed: ObservedZone) -> Goal | Refusal:
    """Return the publication that `desired` asks for, or why there is none."""
    signers = involved(desired, observed)
    if not desired.signed:
        bare = OwnGoal(part=SignerPart(), keys={}, ds=frozenset())
        return _joined(desired, observed, signers, dict.fromkeys(desired.signers, bare))
    own = {}
    for name in desired.signers:
        found = _own_goal(desired, observed, name, several=len(signers) > 1)
        if isinstance(found, Refusal):
            return found
        own[name] = found
    return _joined(desired, observed, signers, own)


def _own_goal(
    desired: DesiredZone, observed: ObservedZone, signer: str, *, several: bool
) -> OwnGoal | Refusal:
    choices: list[Choice] = []
    for role in roles_of(desired, observed, signer):
        choice = choose(desired, observed, signer, role, several=several)
        if isinstance(choice, Refusal):
            return choice
        choices.append(choice)
    facts = observed.signers[signer]
    if refusal := _cannot_sign(choices, facts, signer):
        return refusal
    goal = _assemble(desired, observed, signer, choices)
    return replace(goal, stuck=_cannot_roll(choices, observed, signer))


def _joined(
    desired: DesiredZone,
    observed: ObservedZone,
    signers: Iterable[str],
    own: Mapping[str, OwnGoal],
) -> Goal:
    """Let every desired signer publish the others' signing keys, and be named by every NS RRset."""
    signers = tuple(signers)
    shared = frozenset[str]().union(*(goal.part.zrrsig for goal in own.values()))
    named = frozenset(desired.signers)
    parts = {}
    for name in signers:
        facts = observed.signers[name]
        part = own[name].part if name in own else _part(facts)
        if name in own and desired.signed:
            part = replace(part, dnskeys=part.dnskeys | shared)
        moves = len(signers) > 1 and facts.capabilities.sets_apex_ns
        parts[name] = replace(part, ns=named if moves else facts.ns)
    goals, lent = own.values(), lend(desired, observed, parts)
    return Goal(
        publication=Publication(
            ds=frozenset[DsRef]().union(*(goal.ds for goal in goals)),
            ns=named if len(signers) > 1 else observed.parent.ns,
            signers=lent,
        ),
        keys={**observed.keys, **{k: v for goal in goals for k, v in goal.keys.items()}},
        declared=frozenset(k for goal in goals for k in goal.keys),
        stuck=next((goal.stuck for goal in goals if goal.stuck), None),
    )


def involved(desired: DesiredZone, observed: ObservedZone) -> tuple[str, ...]:
    """Return the signers that a plan must speak of: desired, or within reach of some resolver."""
    names = set(desired.signers) | named_anywhere(observed)
    if not observed.settled and not any(isinstance(v, NsVersion) for v in observed.history):
        names |= {
            home
            for name in desired.signers
            for label in observed.signers[name].dnskeys
            if (home := home_of(observed.keys[label])) in observed.signers and home is not None
        }
    return tuple(sorted(names))


def named_anywhere(observed: ObservedZone) -> frozenset[str]:
    """Return every signer that some NS RRset in reach names or lately named."""
    found = set(observed.parent.ns)
    for version in () if observed.settled else observed.history:
        if isinstance(version, NsVersion):
            found |= version.signers
    fresh = set(found)
    while fresh:
        apexes = (observed.signers[name].ns for name in fresh if name in observed.signers)
        fresh = set().union(*apexes) - found
        found |= fresh
    return frozenset(found)


def _cannot_sign(choices: Iterable[Choice], facts: SignerFacts, signer: str) -> Refusal | None:
    new = {c.key.algorithm for c in choices if c.key.label not in facts.dnskeys}
    unable = new - facts.capabilities.algorithms
    if not unable:
        return None
    able = ", ".join(str(n) for n in sorted(facts.capabilities.algorithms))
    return Refusal(
        rule="capability:algorithms",
        summary=f"signer {signer} cannot sign with algorithm {min(unable)}",
        detail=f"it can sign with {able}",
        opens=f"a policy with one of {able}, or another signer",
    )


def _cannot_roll(choices: Iterable[Choice], observed: ObservedZone, signer: str) -> Refusal | None:
    """A signer that makes its own keys cannot be asked for others while it signs."""
    facts = observed.signers[signer]
    capabilities = facts.capabilities
    if not own_keys(observed, signer) or capabilities.signing is Signing.KEYS:
        return None
    ours = (KeyRole.KSK,) if capabilities.signing is Signing.KSK_SLOTS else ()
    rolls = capabilities.signing is Signing.POLICY
    stuck = [
        c
        for c in choices
        if c.role not in ours
        and (c.key.label not in facts.dnskeys or c.replaced)
        and not (rolls and c.replaced)
    ]
    if not stuck:
        return None
    wished = ", ".join(c.key.label for c in stuck)
    return Refusal(
        rule="capability:signing",
        summary=f"signer {signer} makes its own keys and cannot be asked for {wished}",
        detail=(
            f"its capability is `{capabilities.signing}`: while it signs, it replaces keys"
            " by its own will or not at all"
        ),
        opens="a signer with capability `keys`, or desired state that keeps the signer's keys",
    )


def _assemble(
    desired: DesiredZone, observed: ObservedZone, signer: str, choices: Iterable[Choice]
) -> OwnGoal:
    facts = observed.signers[signer]
    choices = tuple(choices)
    chosen = {c.key.label: c for c in choices}
    bad = unwanted(desired, observed)
    urgent = bool(bad & _trusted(observed))
    ready = standby_part(
        desired.policy.standby_ksk, choices, known=observed.keys if urgent else None
    )
    kept = labelled(desired, observed, KeyState.KEEP)
    gone = frozenset().union(*(c.replaced for c in choices))
    gone |= _without_role(observed, signer, choices)
    gone = (gone - chosen.keys() - ready.keys.keys() - kept) | bad
    anchors = {label for label, c in chosen.items() if c.role is not KeyRole.ZSK}
    signing = {label for label, c in chosen.items() if c.role is not KeyRole.KSK}
    left = facts.dnskeys - gone
    part = SignerPart(
        dnskeys=left - _lent(observed, signer) - ready.hidden | chosen.keys() | ready.published,
        krrsig=facts.krrsig & left - _lent(observed, signer) - ready.silent
        | anchors
        | ready.signing,
        zrrsig=facts.zrrsig & left | signing,
    )
    usable = {k.label for k in held_keys(observed, signer) if k.is_zone_key}
    standing = usable - gone - chosen.keys() - ready.silent
    standing |= kept | _unmatched_to_keep(desired, observed)
    ds = ds_for(anchors | ready.anchored, desired, observed)
    ds |= {ref for ref in observed.parent.ds if ref.key in standing - ready.keys.keys()}
    keys = {label: c.key for label, c in chosen.items()} | dict(ready.keys)
    return OwnGoal(part=part, keys=keys, ds=ds)


def _trusted(observed: ObservedZone) -> frozenset[str]:
    """Keys that validators may be led to now."""
    served = (facts.dnskeys for facts in observed.signers.values())
    return frozenset(ref.key for ref in observed.parent.ds).union(*served)


def _lent(observed: ObservedZone, signer: str) -> frozenset[str]:
    """Keys that are published here only for another signer of the zone."""
    return frozenset(
        label
        for label in observed.signers[signer].dnskeys
        if is_foreign(label, observed, signer) and home_of(observed.keys[label]) in observed.signers
    )


def _unmatched_to_keep(desired: DesiredZone, observed: ObservedZone) -> frozenset[str]:
    """A DS without a key is dead, unless it may be that of a standby key not yet published."""
    if desired.policy.standby_ksk is not StandbyKsk.DS:
        return frozenset()
    found = unmatched((ref.key for ref in observed.parent.ds), observed)
    return found - unwanted(desired, observed)


def _without_role(observed: ObservedZone, signer: str, choices: Iterable[Choice]) -> frozenset[str]:
    """Keys whose role is not part of the scheme, where the keys are ours to choose."""
    facts = observed.signers[signer]
    if facts.capabilities.signing is not Signing.KEYS:
        return frozenset()
    roles = {c.role for c in choices}
    return frozenset(
        k.label
        for k in held_keys(observed, signer)
        if role_of(k, observed, signer) not in roles and is_ours(k, facts, signer)
    )
