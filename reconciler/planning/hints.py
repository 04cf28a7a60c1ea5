"""What a person should know beside a plan: what is left alone, and what would make it better."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.model.capabilities import Signing
from reconciler.model.desired import DenialKind, DesiredZone
from reconciler.model.durations import duration_words
from reconciler.model.keys import REVOKE_FLAG, Key, UnmatchedDs
from reconciler.model.observed import ObservedZone
from reconciler.planning.choice import FIRST_GENERATION
from reconciler.planning.goal import Goal
from reconciler.planning.named import unwanted


def hints_on(desired: DesiredZone, observed: ObservedZone, goal: Goal) -> tuple[str, ...]:
    """Return one sentence for each thing that nobody declared, and for what to declare better."""
    return (
        *_undeclared_keys(desired, observed, goal),
        *_undeclared_ds(observed, goal),
        *_spoiled_generations(desired, observed),
        *_ending_signatures(desired, observed),
        *_first_denials(desired, observed),
        *_revoked(desired, observed),
        *_tags_once_revoked(goal),
    )


def _undeclared_keys(desired: DesiredZone, observed: ObservedZone, goal: Goal) -> Iterator[str]:
    for name in desired.signers:
        if observed.signers[name].capabilities.signing is not Signing.KEYS:
            continue
        kept = goal.publication.signers[name].dnskeys & observed.signers[name].dnskeys
        for label in sorted(kept - goal.declared):
            yield (
                f"the DNSKEY {label} is published, is no part of the desired state, and is left"
                " alone; named `remove` it would be withdrawn"
            )


def _undeclared_ds(observed: ObservedZone, goal: Goal) -> Iterator[str]:
    standing = {ref.key for ref in observed.parent.ds}
    wished = {ref.key for ref in goal.publication.ds}
    for label in sorted(standing & wished - goal.declared):
        yield (
            f"the DS for {label} stands, is no part of the desired state, and is left alone; named"
            " `remove` it would be removed"
        )
    for label in sorted(standing - wished):
        if isinstance(observed.keys[label], UnmatchedDs):
            yield f"the DS {label} fits no key that is published; named `keep` it would stay"


def _spoiled_generations(desired: DesiredZone, observed: ObservedZone) -> Iterator[str]:
    """A generation asked for whose key was named to go is replaced; the files should say so."""
    for label in sorted(unwanted(desired, observed)):
        key = observed.keys[label]
        if not isinstance(key, Key):
            continue
        generation = FIRST_GENERATION if key.generation is None else key.generation
        for role, wanted in sorted(desired.generations.items()):
            if role.flags == key.flags and wanted == generation:
                yield (
                    f"generation {wanted} of {role} was {label}, which was named to go; ask for a"
                    " later generation"
                )


def _ending_signatures(desired: DesiredZone, observed: ObservedZone) -> Iterator[str]:
    for name in sorted(observed.parent.ns & observed.signers.keys()):
        expires = observed.signers[name].signatures.expires
        if expires is not None and expires > 0 and desired.signed and observed.parent.ds:
            yield (
                f"the first signature at {name} ends"
                f" {duration_words(expires)} after the observation, and nobody"
                " refreshes it"
            )


def _first_denials(desired: DesiredZone, observed: ObservedZone) -> Iterator[str]:
    """Whoever signs first and is told nothing denies with NSEC, as its capability allows."""
    for name in desired.signers if desired.signed and desired.policy.denial is None else ():
        facts = observed.signers[name]
        if not facts.zrrsig and DenialKind.NSEC in facts.capabilities.denials:
            yield f"the policy says nothing of `denial`, so that {name} begins with NSEC"


def _revoked(desired: DesiredZone, observed: ObservedZone) -> Iterator[str]:
    for name in sorted({*desired.signers, *observed.parent.ns} & observed.signers.keys()):
        for label in sorted(observed.signers[name].dnskeys):
            key = observed.keys[label]
            if isinstance(key, Key) and key.flags & REVOKE_FLAG:
                yield (
                    f"the DNSKEY {label} at {name} is revoked (RFC 5011): no chain of trust can use"
                    " it, and for how long those who trusted it must see it nobody here knows"
                )


def _tags_once_revoked(goal: Goal) -> Iterator[str]:
    """Revoking a key gives it another tag, which another key may have (I9)."""
    for name, part in sorted(goal.publication.signers.items()):
        found = (goal.keys[label] for label in sorted(part.dnskeys))
        keys = [key for key in found if isinstance(key, Key) and key.tag is not None]
        for key in keys:
            revoked = replace(key, flags=key.flags | REVOKE_FLAG)
            for other in keys:
                same = (other.algorithm, other.tag) == (revoked.algorithm, revoked.tag)
                if same and other is not key and not key.flags & REVOKE_FLAG:
                    yield (
                        f"at {name} the key {key.label}, once revoked, would have the tag"
                        f" {other.tag} of {other.label} (I9): it could not be revoked beside it"
                    )
