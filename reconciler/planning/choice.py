"""Which key fills a role at a signer: the one there, or the next generation.

A key is replaced where its role's generation was raised, where its algorithm is not the policy's,
or where its role is not part of the key scheme. A generation not known counts as 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.model.capabilities import Signing
from reconciler.model.desired import DesiredZone
from reconciler.model.keys import Key, KeyEntry, KeyRole, parse_symbol, symbol
from reconciler.model.observed import ObservedZone, SignerFacts
from reconciler.model.plan import Refusal

FIRST_GENERATION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The key chosen for one role, and the keys it replaces."""

    role: KeyRole
    key: Key
    replaced: frozenset[str]


def home_of(entry: KeyEntry) -> str | None:
    """Return the signer that holds a key, None where nobody known does."""
    return entry.home if isinstance(entry, Key) else None


def is_foreign(label: str, observed: ObservedZone, signer: str) -> bool:
    """True if the private key is held by another signer, and nothing is signed with it here."""
    key, facts = observed.keys[label], observed.signers[signer]
    elsewhere = isinstance(key, Key) and key.home not in (None, signer)
    return elsewhere and label not in facts.krrsig | facts.zrrsig


def role_of(key: Key, observed: ObservedZone, signer: str) -> KeyRole:
    """Return the role of a key: its symbol's, else what its flags and its use tell."""
    named = parse_symbol(key.label)
    if named:
        return named[0]
    facts = observed.signers[signer]
    signs_data = key.label in facts.zrrsig
    if key.is_sep:
        return KeyRole.CSK if signs_data else KeyRole.KSK
    anchors = key.label in facts.krrsig and _has_ds(key.label, observed)
    return KeyRole.CSK if anchors and signs_data else KeyRole.ZSK


def _has_ds(label: str, observed: ObservedZone) -> bool:
    return any(ref.key == label for ref in observed.parent.ds)


def roles_of(desired: DesiredZone, observed: ObservedZone, signer: str) -> tuple[KeyRole, ...]:
    """The roles to fill. Where a signer makes its own keys they count in whatever roles they have.

    A signer with KSK slots leaves us the KSK; a switch, once on, nothing but what it has.
    """
    facts = observed.signers[signer]
    if facts.capabilities.signing in (Signing.SWITCH, Signing.POLICY) and own_keys(
        observed, signer
    ):
        served = (observed.keys[label] for label in sorted(own_keys(observed, signer)))
        roles = {role_of(key, observed, signer) for key in served if isinstance(key, Key)}
        return tuple(role for role in KeyRole if role in roles)
    return desired.policy.keys.roles


def own_keys(observed: ObservedZone, signer: str) -> frozenset[str]:
    """Return the keys that a signer serves and that no other one holds."""
    served = observed.signers[signer].dnskeys
    return frozenset(label for label in served if not is_foreign(label, observed, signer))


def choose(
    desired: DesiredZone, observed: ObservedZone, signer: str, role: KeyRole, *, several: bool
) -> Choice | Refusal:
    """Return the key that fills `role`; `several`: the zone has signers whose keys must differ."""
    held = tuple(held_keys(observed, signer))
    same = [k for k in held if role_of(k, observed, signer) is role]
    fitting = [k for k in same if k.algorithm == desired.policy.algorithm]
    wanted = desired.generations.get(role)
    newest = max((_generation(k) for k in same), default=FIRST_GENERATION)
    if wanted is None:
        served = [k for k in fitting if _in_use(k, observed, signer)] or [
            k for k in fitting if k.label in observed.signers[signer].dnskeys
        ]
        generation = max((_generation(k) for k in served), default=newest)
    else:
        generation = wanted
    named = symbol(role, desired.policy.algorithm, generation)
    if several or _is_anothers(observed.keys.get(named), signer):
        named = symbol(role, desired.policy.algorithm, generation, signer)
    candidates = [k for k in fitting if _generation(k) == generation]
    known = observed.keys.get(named)
    if isinstance(known, Key) and known not in candidates:
        candidates.append(known)
    if not candidates and wanted is not None and wanted < newest:
        return _goes_back(role, wanted, newest)
    key = min(candidates, key=lambda k: _preference(k, named, observed, signer), default=None)
    if key is None:
        key = Key(
            label=named,
            algorithm=desired.policy.algorithm,
            flags=role.flags,
            home=signer,
            generation=generation,
        )
    ours = [k for k in same if is_ours(k, observed.signers[signer], signer)]
    replaced = _replaced(key, ours, wanted, twins=key.label == named)
    return Choice(role=role, key=key, replaced=replaced)


def _is_anothers(entry: KeyEntry | None, signer: str) -> bool:
    return isinstance(entry, Key) and entry.home not in (None, signer)


def held_keys(observed: ObservedZone, signer: str) -> Iterator[Key]:
    """Every key of the zone that this signer serves or holds, in a fixed order."""
    facts = observed.signers[signer]
    for label in sorted(observed.keys):
        entry = observed.keys[label]
        here = label in facts.dnskeys and not is_foreign(label, observed, signer)
        if isinstance(entry, Key) and (here or entry.home == signer):
            yield entry


def _generation(key: Key) -> int:
    return FIRST_GENERATION if key.generation is None else key.generation


def _in_use(key: Key, observed: ObservedZone, signer: str) -> bool:
    facts = observed.signers[signer]
    if role_of(key, observed, signer) is KeyRole.ZSK:
        return key.label in facts.zrrsig
    return key.label in facts.krrsig and _has_ds(key.label, observed)


def _preference(
    key: Key, named: str, observed: ObservedZone, signer: str
) -> tuple[bool, bool, bool, str]:
    served = key.label in observed.signers[signer].dnskeys
    return key.label != named, not _in_use(key, observed, signer), not served, key.label


def _replaced(
    chosen: Key, others: Iterable[Key], wanted: int | None, *, twins: bool
) -> frozenset[str]:
    """Keys of one role that give way: another algorithm or generation, or a twin of the symbol."""
    return frozenset(
        k.label
        for k in others
        if k.label != chosen.label
        and (
            k.algorithm != chosen.algorithm
            or (wanted is not None and _generation(k) != _generation(chosen))
            or (twins and _generation(k) == _generation(chosen))
        )
    )


def is_ours(key: Key, facts: SignerFacts, signer: str) -> bool:
    """Return whether this signer holds a key, or shows that it does by signing with it."""
    return key.home == signer or key.label in facts.krrsig | facts.zrrsig


def _goes_back(role: KeyRole, wanted: int, newest: int) -> Refusal:
    return Refusal(
        rule="generation",
        summary=f"{role} generation {wanted} is asked for, but {newest} is there already",
        detail="a generation counts rollovers, and a key that was retired does not come back",
        opens=f"set the generation of {role} to {newest} to keep that key, or higher to roll it",
    )
