"""What somebody says of one key or DS by name: kept, to be removed, compromised or lost.

A name is `algorithm/tag`, a DNSKEY or a DS in presentation form, or the symbol of a key. Only an
`algorithm/tag` can mean two keys, and then nothing is done (I9).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.model.desired import DesiredZone, KeyState
from reconciler.model.keys import REVOKE_FLAG, Key, KeyEntry, UnmatchedDs, dnskey_rdata
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Refusal

DIGESTS = {1: hashlib.sha1, 2: hashlib.sha256, 4: hashlib.sha384}
"""How a DS digest is made (RFC 4034 §5.1.4, RFC 4509, RFC 6605)."""


def states_of(desired: DesiredZone, observed: ObservedZone) -> Mapping[str, KeyState]:
    """Return by label what is said of the keys and DS observed; of the others nothing is known."""
    return {
        label: state
        for name, state in desired.named_keys.items()
        for label in _matching(name, observed)
    }


def unwanted(desired: DesiredZone, observed: ObservedZone) -> frozenset[str]:
    """Return the labels of everything that shall go because somebody named it."""
    states = states_of(desired, observed)
    return frozenset(label for label, state in states.items() if state is not KeyState.KEEP)


def labelled(desired: DesiredZone, observed: ObservedZone, *wanted: KeyState) -> frozenset[str]:
    """Return the labels of which one of these states is said."""
    states = states_of(desired, observed)
    return frozenset(label for label, state in states.items() if state in wanted)


def ambiguous(desired: DesiredZone, observed: ObservedZone) -> Refusal | None:
    """Return why a name does not tell which key is meant, or what is said of it; None if each does.

    Nor can it be asked for that a key be revoked: no move does that (P22).
    """
    said: dict[str, tuple[str, KeyState]] = {}
    for name in sorted(desired.named_keys):
        keys = [k for k in _matching(name, observed) if isinstance(observed.keys[k], Key)]
        if len(keys) > 1:
            return Refusal(
                rule="I9",
                summary=f"{name} may mean each of {', '.join(keys)}",
                detail="nothing is done to a key as long as another one may be meant",
                opens="the DNSKEY in presentation form in the place of algorithm and tag",
            )
        for label in keys:
            before = said.setdefault(label, (name, desired.named_keys[name]))
            if before[1] is not desired.named_keys[name]:
                return _said_twice(label, before, (name, desired.named_keys[name]))
        if not keys and (active := _unrevoked(name, observed)):
            return _revoking(active)
    return None


def _said_twice(label: str, one: tuple[str, KeyState], other: tuple[str, KeyState]) -> Refusal:
    return Refusal(
        rule="desired-state",
        summary=f"{label} is named twice: `{one[0]}` is {one[1]}, and `{other[0]}` is {other[1]}",
        detail="one key cannot be both, and nobody knows which was meant",
        opens="one of the two members of `named_keys`",
    )


def _unrevoked(name: str, observed: ObservedZone) -> str | None:
    """Return the published key of which a name is the revoked form (RFC 5011 §2.1), if any."""
    words = " ".join(name.split())
    served = frozenset[str]().union(*(facts.dnskeys for facts in observed.signers.values()))
    for label in sorted(served):
        key = observed.keys[label]
        if isinstance(key, Key) and replace(key, flags=key.flags | REVOKE_FLAG).text() == words:
            return label
    return None


def _revoking(label: str) -> Refusal:
    return Refusal(
        rule="I17",
        summary=f"the revoked form of {label} is named, and no plan revokes a key",
        detail="revocation tells those who follow trust anchors by RFC 5011, whose hold-down times"
        " are not planned for; a DS for the key would fit it no more",
        opens=f"the name of {label} as it is published, with `remove` or `compromised`",
    )


def _matching(name: str, observed: ObservedZone) -> tuple[str, ...]:
    """Return the labels of the keys that a name means, else those of DS without a key."""
    words = " ".join(name.split())
    known = sorted(observed.keys.items())
    keys = tuple(k for k, e in known if isinstance(e, Key) and words in _names(e, observed.zone))
    return keys or tuple(k for k, e in known if isinstance(e, UnmatchedDs) and _is_ds(words, e))


def _names(key: Key, zone: str) -> Iterator[str]:
    yield key.text()
    if key.public_key is None:
        return
    yield f"{key.algorithm}/{key.tag}"
    if key.label.partition("@")[2]:
        yield key.label
    rdata = dnskey_rdata(key.flags, key.algorithm, key.public_key)
    for number, make in DIGESTS.items():
        digest = make(_wire(zone) + rdata).hexdigest()
        yield f"{key.tag} {key.algorithm} {number} {digest}"


def _is_ds(name: str, entry: KeyEntry) -> bool:
    rdata = (entry.rdata or "") if isinstance(entry, UnmatchedDs) else ""
    tag, algorithm, *_ = [*rdata.split(), "", ""]
    return bool(rdata) and name.lower() in (rdata, f"{algorithm}/{tag}")


def _wire(zone: str) -> bytes:
    """Return a name in canonical wire form (RFC 4034 §6.2)."""
    labels = [label.encode() for label in zone.lower().strip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def unmatched(labels: Iterable[str], observed: ObservedZone) -> frozenset[str]:
    """Return those of `labels` that are DS without a key."""
    return frozenset(k for k in labels if isinstance(observed.keys.get(k), UnmatchedDs))
