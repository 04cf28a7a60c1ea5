"""What planning costs for two signers: who joins, leaves, moves or rolls, settled and not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.fleet import Member, desire, observation
from reconciler.model.capabilities import SIGNER_KINDS, ParentCapabilities
from reconciler.model.desired import DesiredZone
from reconciler.model.keys import DsRef, Key, KeyRole, symbol
from reconciler.model.observed import ObservedZone, SignerFacts
from reconciler.planning import plan_zone

ALONE, BOTH = frozenset("a"), frozenset("ab")
CAPABLE = replace(
    SIGNER_KINDS["sandbox"].capabilities,
    foreign_zsk=True,
    foreign_ksk=True,
    sets_apex_ns=True,
    algorithms=frozenset({8, 13}),
)


def figures() -> Iterator[str]:
    """Yield one line for each change, with the CPU time of its plan."""
    for name, (wished, seen) in changes().items():
        costs = []
        for settled in (True, False):
            begin = time.process_time()
            plan = plan_zone(wished, replace(seen, settled=settled))
            spent = (time.process_time() - begin) * 1000
            start = "settled" if settled else "unsettled"
            costs.append(f"{spent:7.1f} ms {start} ({plan.status}, {len(plan.steps)} steps)")
        yield f"plan, {name:42} {', '.join(costs)}"


def changes() -> dict[str, tuple[DesiredZone, ObservedZone]]:
    """Return what is wished and what is seen, by name; keys are split, TTLs the fleet's first."""
    apart, together = seen_of(ALONE), seen_of(BOTH)
    mixed = seen_of(ALONE, algorithms={"a": 13, "b": 8})
    return {
        "move from one signer to another": (wish("b"), apart),
        "a second signer joins": (wish("ab"), apart),
        "one of two signers leaves": (wish("b"), together),
        "every key of both rolls": (wish("ab", generation=2), together),
        "both change their algorithm": (wish("ab", algorithm=8), together),
        "a second joins, both change their algorithm": (wish("ab", algorithm=8), apart),
        "move to a signer of another algorithm": (wish("b", algorithm=8), mixed),
    }


def wish(signers: str, *, algorithm: int = 13, generation: int = 1) -> DesiredZone:
    """Return a zone to be served by these signers, a letter each."""
    wished = desire(Member(number=0, doing="two"))
    return replace(
        wished,
        signers=tuple(signers),
        policy=replace(wished.policy, algorithm=algorithm),
        generations=dict.fromkeys((KeyRole.KSK, KeyRole.ZSK), generation),
    )


def seen_of(delegated: frozenset[str], algorithms: dict[str, int] | None = None) -> ObservedZone:
    """Return a zone signed at `a` and `b`, of which the parent names those `delegated`."""
    seen = observation(Member(number=0, doing="two"))
    numbers = algorithms or {"a": 13, "b": 13}
    keys = {name: tuple(_key(name, role, numbers[name]) for role in _ROLES) for name in "ab"}
    published = {name: frozenset(k.label for k in keys[name]) for name in "ab"}
    if delegated == BOTH:
        zsks = {keys[name][1].label for name in "ab"}
        published = {name: published[name] | zsks for name in "ab"}
    facts = seen.signers["primary"]
    return replace(
        seen,
        keys={key.label: key for pair in keys.values() for key in pair},
        parent=replace(
            seen.parent,
            ds=frozenset(DsRef(keys[name][0].label, 2) for name in delegated),
            ns=delegated,
            capabilities=ParentCapabilities(sets_ns=True),
        ),
        signers={
            name: _facts(
                facts,
                published[name],
                keys[name],
                delegated if name in delegated else frozenset(name),
            )
            for name in "ab"
        },
        content_equal={"a": frozenset("b"), "b": frozenset("a")},
    )


_ROLES = (KeyRole.KSK, KeyRole.ZSK)


def _key(home: str, role: KeyRole, algorithm: int) -> Key:
    label = f"{symbol(role, algorithm, 1)}@{home}"
    return Key(
        label=label,
        algorithm=algorithm,
        flags=role.flags,
        public_key=label.encode(),
        home=home,
        generation=1,
    )


def _facts(
    facts: SignerFacts, published: frozenset[str], keys: tuple[Key, ...], named: frozenset[str]
) -> SignerFacts:
    ksk, zsk = keys
    return replace(
        facts,
        dnskeys=published,
        krrsig=frozenset({ksk.label}),
        zrrsig=frozenset({zsk.label}),
        ns=frozenset(named),
        capabilities=CAPABLE,
    )
