"""Which key fills a role at a signer: the one there, or the next generation.

A key is replaced where its role's generation was raised, where its algorithm is not the policy's,
or where its role is not part of the key scheme. A generation not known counts as 1. One that no
validator may use (revoked, or without the ZONE flag) fills no role.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.model.capabilities import DsInput, Signing
from reconciler.model.desired import DesiredZone, DnssecPolicy, KeyState, StandbyKsk
from reconciler.model.keys import SHA256, DsRef, Key, KeyEntry, KeyRole, parse_symbol, symbol
from reconciler.model.observed import ObservedZone, SignerFacts
from reconciler.model.plan import Refusal
from reconciler.planning.named import unwanted
from reconciler.planning.presigned import owner_for

FIRST_GENERATION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The key chosen for one role, the keys it replaces, and the one that stands by for it."""

    role: KeyRole
    key: Key
    replaced: frozenset[str]
    standby: Key | None = None


def home_of(entry: KeyEntry) -> str | None:
    """Return the signer that holds a key, None where nobody known does."""
    return entry.home if isinstance(entry, Key) else None


def is_foreign(label: str, observed: ObservedZone, signer: str) -> bool:
    """True if the private key is held by another signer, and nothing is signed with it here.

    A signature over a DNSKEY RRset that was signed elsewhere was not made here.
    """
    key, facts = observed.keys[label], observed.signers[signer]
    elsewhere = isinstance(key, Key) and key.home not in (None, signer)
    made = facts.zrrsig if facts.capabilities.presigned else facts.krrsig | facts.zrrsig
    return elsewhere and label not in made


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

    A signer with KSK slots leaves us the KSK; a switch, once on, nothing but what it has. One for
    which another signs the DNSKEY RRset has a ZSK.
    """
    if owner_for(desired, observed, signer) is not None:
        return (KeyRole.ZSK,)
    facts = observed.signers[signer]
    if facts.capabilities.signing in (Signing.SWITCH, Signing.POLICY) and own_keys(
        observed, signer
    ):
        served = (observed.keys[label] for label in sorted(own_keys(observed, signer)))
        roles = {role_of(key, observed, signer) for key in served if isinstance(key, Key)}
        return tuple(role for role in KeyRole if role in roles)
    return desired.policy.keys.roles


MAY_BE_NEW = frozenset({SHA256, 4})
"""Digest types that a DS to come may have (RFC 8624 §3.3: SHA-256 and SHA-384)."""


def ds_for(keys: Iterable[str], desired: DesiredZone, observed: ObservedZone) -> frozenset[DsRef]:
    """Return the DS that shall stand for these keys, by the digest types of the policy.

    A parent that makes the DS goes on with the types it used, and of one that has none SHA-256 is
    expected. Where the policy names no types, a key keeps those of its DS, and a new one is given
    the same as far as they are still to be made, else SHA-256.
    """
    standing = frozenset(ref.digest_type for ref in observed.parent.ds)
    asked = desired.policy.digest_types
    if observed.parent.capabilities.takes is DsInput.KEY:
        asked = standing or frozenset({SHA256})
    usual = asked or standing & MAY_BE_NEW or frozenset({SHA256})
    kept = observed.parent.ds if asked is None else frozenset[DsRef]()
    own = {key: frozenset(ref for ref in kept if ref.key == key) for key in keys}
    return frozenset[DsRef]().union(
        *(refs or {DsRef(key, n) for n in usual} for key, refs in own.items())
    )


def own_keys(observed: ObservedZone, signer: str) -> frozenset[str]:
    """Return the keys that a signer serves and that no other one holds."""
    served = observed.signers[signer].dnskeys
    return frozenset(label for label in served if not is_foreign(label, observed, signer))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """The keys of one role at one signer: `same` role, and of those the ones `fitting` the policy.

    `bad`: labels of keys that were named to go. None of them is ever chosen, nor any key `spent`.
    """

    role: KeyRole
    signer: str
    observed: ObservedZone
    algorithm: int
    same: tuple[Key, ...]
    fitting: tuple[Key, ...]
    bad: frozenset[str]
    several: bool

    @property
    def spent(self) -> frozenset[str]:
        """The keys named to go, and those that no validator may use (RFC 4034 §2.1.1, RFC 5011)."""
        return self.bad | {k.label for k in self.same if not k.is_zone_key}

    @property
    def newest(self) -> int:
        """The last generation made."""
        return max((_generation(k) for k in self.same), default=FIRST_GENERATION)

    def symbol(self, generation: int) -> str:
        """Return the symbol of a generation, with the signer's name where it could be another's."""
        named = symbol(self.role, self.algorithm, generation)
        if self.several or _is_anothers(self.observed.keys.get(named), self.signer):
            return symbol(self.role, self.algorithm, generation, self.signer)
        return named

    def key(self, generation: int) -> Key | None:
        """Return the best key there is of a generation, None where none is."""
        named = self.symbol(generation)
        known = self.observed.keys.get(named)
        candidates = [k for k in self.fitting if _generation(k) == generation]
        if isinstance(known, Key) and known not in candidates and named not in self.spent:
            candidates.append(known)
        return min(candidates, key=lambda k: self._preference(k, named), default=None)

    def made(self, generation: int) -> Key:
        """Return a key to come."""
        return Key(
            label=self.symbol(generation),
            algorithm=self.algorithm,
            flags=self.role.flags,
            home=self.signer,
            generation=generation,
        )

    def _preference(self, key: Key, named: str) -> tuple[bool, bool, bool, str]:
        served = key.label in self.observed.signers[self.signer].dnskeys
        in_use = _in_use(key, self.observed, self.signer)
        return key.label != named, not in_use, not served, key.label


def choose(
    desired: DesiredZone, observed: ObservedZone, signer: str, role: KeyRole, *, several: bool
) -> Choice | Refusal:
    """Return the key that fills `role`; `several`: the zone has signers whose keys must differ."""
    field = _field(desired, observed, signer, role, several=several)
    standing_by = stands_by(desired.policy, role)
    wanted = _asked(desired, field)
    if wanted is None and not standing_by:
        wanted = _under_way(field)
    generation = _present(field, lowest=standing_by) if wanted is None else wanted
    key = field.key(generation)
    if key is None and wanted is not None and wanted < field.newest:
        return _goes_back(role, wanted, field.newest)
    key = key or field.made(generation)
    ours = [k for k in field.same if is_ours(k, observed.signers[signer], signer)]
    replaced = _replaced(key, ours, wanted, twins=key.label == field.symbol(generation))
    standby = _standby(field, key) if standing_by else None
    if _is_silent(desired.policy, role):
        replaced -= _standing_by(field, key)
    replaced |= {k.label for k in field.same} & field.bad
    return Choice(role=role, key=key, replaced=replaced - _labels(standby), standby=standby)


def _field(
    desired: DesiredZone, observed: ObservedZone, signer: str, role: KeyRole, *, several: bool
) -> _Field:
    bad = unwanted(desired, observed)
    held = held_keys(observed, signer)
    same = tuple(k for k in held if _fills(k, observed, signer, role))
    usable = (k for k in same if k.is_zone_key and k.label not in bad)
    return _Field(
        role=role,
        signer=signer,
        observed=observed,
        algorithm=desired.policy.algorithm,
        same=same,
        fitting=tuple(k for k in usable if k.algorithm == desired.policy.algorithm),
        bad=bad,
        several=several,
    )


def _fills(key: Key, observed: ObservedZone, signer: str, role: KeyRole) -> bool:
    """True if a key is one of this role.

    A CSK that signs no data yet looks like a KSK; where another key signs as a CSK it is one.
    """
    found = role_of(key, observed, signer)
    if found is role or role is not KeyRole.CSK or found is not KeyRole.KSK:
        return found is role
    return any(
        isinstance(entry := observed.keys[k], Key) and role_of(entry, observed, signer) is role
        for k in observed.signers[signer].zrrsig
        if not is_foreign(k, observed, signer)
    )


def _asked(desired: DesiredZone, field: _Field) -> int | None:
    """Return the generation asked for, None where it is for the planner to say.

    A generation whose key was named to go cannot be meant any more.
    """
    wanted = desired.generations.get(field.role)
    spoiled = {_generation(k) for k in field.same if k.label in field.spent}
    if wanted is None or wanted in spoiled:
        return None
    named = any(state is not KeyState.KEEP for state in desired.named_keys.values())
    gone = named and wanted < field.newest and field.key(wanted) is None
    return None if gone else wanted


def _under_way(field: _Field) -> int | None:
    """Return the generation to which a signer rolls a key with a DS by itself, None if to none."""
    facts = field.observed.signers[field.signer]
    if facts.capabilities.signing is not Signing.POLICY or field.role is KeyRole.ZSK:
        return None
    serving = {_generation(k) for k in field.fitting if k.label in facts.krrsig & facts.dnskeys}
    return max(serving) if len(serving) > 1 else None


def _present(field: _Field, *, lowest: bool) -> int:
    """Return the generation in use, else one that is published, else one with a DS, else the next
    one to make.

    Of several in use the last; the first (`lowest`) where a standby key is another one of them.
    """
    facts = field.observed.signers[field.signer]
    used = [k for k in field.fitting if _in_use(k, field.observed, field.signer)]
    served = [k for k in field.fitting if k.label in facts.dnskeys]
    anchored = [k for k in field.fitting if _has_ds(k.label, field.observed)]
    if present := used or served or anchored:
        return (min if lowest else max)(_generation(k) for k in present)
    spoiled = [_generation(k) for k in field.same if k.label in field.spent]
    if not spoiled:
        return field.newest
    made = [g for g in map(_generation, field.fitting) if g > max(spoiled)]
    return min(made, default=field.newest + 1)


def stands_by(policy: DnssecPolicy, role: KeyRole) -> bool:
    """Return whether the policy asks for a standby key of this role."""
    if role is KeyRole.ZSK:
        return bool(policy.standby_zsk)
    return policy.standby_ksk not in (None, StandbyKsk.NONE)


def _is_silent(policy: DnssecPolicy, role: KeyRole) -> bool:
    """Return whether the policy says nothing of standby keys of this role."""
    return (policy.standby_zsk if role is KeyRole.ZSK else policy.standby_ksk) is None


def _standing_by(field: _Field, active: Key) -> frozenset[str]:
    """Return the keys that look like standby keys beside the one in use.

    They are later ones that sign no data, and sign the DNSKEY RRset only if they have a DS: without
    one that is a rollover begun. Where the key asked for is not in use, the way leads back, and
    none of them stays.
    """
    facts = field.observed.signers[field.signer]
    if not _in_use(active, field.observed, field.signer):
        return frozenset()
    begun = {k for k in facts.krrsig if not _has_ds(k, field.observed)} | facts.zrrsig
    return frozenset(
        k.label
        for k in field.fitting
        if _generation(k) > _generation(active) and k.label not in begun
    )


def _standby(field: _Field, active: Key) -> Key:
    """Return the key that stands by: the next generation there is, else the next one to make."""
    later = [_generation(k) for k in field.fitting if _generation(k) > _generation(active)]
    generation = min(later, default=max(field.newest, _generation(active)) + 1)
    return field.key(generation) or field.made(generation)


def _labels(key: Key | None) -> frozenset[str]:
    return frozenset() if key is None else frozenset({key.label})


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
