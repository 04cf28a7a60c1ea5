"""From desired state to the publication to reach: which keys, and which DS.

Keys stay where nothing asks for others. A key is replaced where its role's generation was raised,
where its algorithm is not the policy's, or where its role is not part of the key scheme. A key that
nobody known holds and that signs nothing is left alone. A generation not known counts as 1.

Of several signers each publishes the keys with which the others sign data, and the DS RRset names
an anchor of each (RFC 8901 model 2). Nothing is asked of a signer that leaves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.model.capabilities import Signing
from reconciler.model.desired import DesiredZone
from reconciler.model.keys import DsRef, Key, KeyEntry, KeyRole, parse_symbol, symbol
from reconciler.model.observed import ObservedZone, SignerFacts
from reconciler.model.plan import Refusal
from reconciler.model.timeline import NsVersion
from reconciler.planning.publication import Publication, SignerPart

FIRST_GENERATION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """Where a plan leads. `keys` holds those observed and those to come; `notes` are for people.

    `stuck` says why no move leads there while the zone stays secure.
    """

    publication: Publication
    keys: Mapping[str, KeyEntry]
    notes: tuple[str, ...] = ()
    stuck: Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The key chosen for one role, and the keys it replaces."""

    role: KeyRole
    key: Key
    replaced: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnGoal:
    """What one signer shall publish by itself, and the DS that are to stand for it."""

    part: SignerPart
    keys: Mapping[str, KeyEntry]
    ds: frozenset[DsRef]
    notes: tuple[str, ...]
    stuck: Refusal | None


def start_of(observed: ObservedZone, signers: Iterable[str]) -> Publication:
    """Return what is published now by these signers and at the parent."""
    return Publication(
        ds=observed.parent.ds,
        ns=observed.parent.ns,
        signers={name: _part(observed.signers[name]) for name in signers},
    )


def _part(facts: SignerFacts) -> SignerPart:
    return SignerPart(dnskeys=facts.dnskeys, krrsig=facts.krrsig, zrrsig=facts.zrrsig, ns=facts.ns)


def goal_of(desired: DesiredZone, observed: ObservedZone) -> Goal | Refusal:
    """Return the publication that `desired` asks for, or why there is none."""
    signers = involved(desired, observed)
    if not desired.signed:
        bare = OwnGoal(part=SignerPart(), keys={}, ds=frozenset(), notes=(), stuck=None)
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
    for role in _roles(desired, observed, signer):
        choice = _choose(desired, observed, signer, role, several=several)
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
    goals = own.values()
    return Goal(
        publication=Publication(
            ds=frozenset[DsRef]().union(*(goal.ds for goal in goals)),
            ns=named if len(signers) > 1 else observed.parent.ns,
            signers=parts,
        ),
        keys={**observed.keys, **{k: v for goal in goals for k, v in goal.keys.items()}},
        notes=tuple(note for goal in goals for note in goal.notes),
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
            if (home := _home(observed.keys[label])) in observed.signers and home is not None
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


def _home(entry: KeyEntry) -> str | None:
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


def _roles(desired: DesiredZone, observed: ObservedZone, signer: str) -> tuple[KeyRole, ...]:
    """The roles to fill. Where a signer makes its own keys they count in whatever roles they have.

    A signer with KSK slots leaves us the KSK; a switch, once on, nothing but what it has.
    """
    facts = observed.signers[signer]
    if facts.capabilities.signing in (Signing.SWITCH, Signing.POLICY) and _own(observed, signer):
        served = (observed.keys[label] for label in sorted(_own(observed, signer)))
        roles = {role_of(key, observed, signer) for key in served if isinstance(key, Key)}
        return tuple(role for role in KeyRole if role in roles)
    return desired.policy.keys.roles


def _own(observed: ObservedZone, signer: str) -> frozenset[str]:
    served = observed.signers[signer].dnskeys
    return frozenset(label for label in served if not is_foreign(label, observed, signer))


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


def _choose(
    desired: DesiredZone, observed: ObservedZone, signer: str, role: KeyRole, *, several: bool
) -> Choice | Refusal:
    held = tuple(_held(observed, signer))
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
    ours = [k for k in same if _is_ours(k, observed.signers[signer], signer)]
    replaced = _replaced(key, ours, wanted, twins=key.label == named)
    return Choice(role=role, key=key, replaced=replaced)


def _is_anothers(entry: KeyEntry | None, signer: str) -> bool:
    return isinstance(entry, Key) and entry.home not in (None, signer)


def _held(observed: ObservedZone, signer: str) -> Iterator[Key]:
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


def _is_ours(key: Key, facts: SignerFacts, signer: str) -> bool:
    return key.home == signer or key.label in facts.krrsig | facts.zrrsig


def _goes_back(role: KeyRole, wanted: int, newest: int) -> Refusal:
    return Refusal(
        rule="generation",
        summary=f"{role} generation {wanted} is asked for, but {newest} is there already",
        detail="a generation counts rollovers, and a key that was retired does not come back",
        opens=f"set the generation of {role} to {newest} to keep that key, or higher to roll it",
    )


def _cannot_roll(choices: Iterable[Choice], observed: ObservedZone, signer: str) -> Refusal | None:
    """A signer that makes its own keys cannot be asked for others while it signs."""
    facts = observed.signers[signer]
    capabilities = facts.capabilities
    if not _own(observed, signer) or capabilities.signing is Signing.KEYS:
        return None
    ours = (KeyRole.KSK,) if capabilities.signing is Signing.KSK_SLOTS else ()
    stuck = [
        c
        for c in choices
        if c.role not in ours and (c.key.label not in facts.dnskeys or c.replaced)
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
    replaced = frozenset().union(*(c.replaced for c in choices))
    replaced |= _without_role(observed, signer, choices)
    replaced -= chosen.keys()
    anchors = {label for label, c in chosen.items() if c.role is not KeyRole.ZSK}
    signing = {label for label, c in chosen.items() if c.role is not KeyRole.KSK}
    lent = frozenset(
        label
        for label in facts.dnskeys
        if is_foreign(label, observed, signer) and _home(observed.keys[label]) in observed.signers
    )
    part = SignerPart(
        dnskeys=facts.dnskeys - replaced - lent | chosen.keys(),
        krrsig=facts.krrsig & (facts.dnskeys - replaced) | anchors,
        zrrsig=facts.zrrsig & (facts.dnskeys - replaced) | signing,
    )
    standing = {k.label for k in _held(observed, signer)} - replaced - chosen.keys()
    ds = {DsRef(key, digest) for key in anchors for digest in desired.policy.digest_types}
    ds |= {ref for ref in observed.parent.ds if ref.key in standing}
    ours = facts.capabilities.signing is Signing.KEYS
    return OwnGoal(
        part=part,
        keys={label: c.key for label, c in chosen.items()},
        ds=frozenset(ds),
        notes=tuple(
            f"the DNSKEY {label} is published, is no part of the desired state, and is left alone"
            for label in sorted(part.dnskeys - chosen.keys())
            if ours
        ),
        stuck=None,
    )


def _without_role(observed: ObservedZone, signer: str, choices: Iterable[Choice]) -> frozenset[str]:
    """Keys whose role is not part of the scheme, where the keys are ours to choose."""
    facts = observed.signers[signer]
    if facts.capabilities.signing is not Signing.KEYS:
        return frozenset()
    roles = {c.role for c in choices}
    return frozenset(
        k.label
        for k in _held(observed, signer)
        if role_of(k, observed, signer) not in roles and _is_ours(k, facts, signer)
    )
