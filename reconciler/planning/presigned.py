"""DNSKEY RRsets that one signer signs and others publish as they are (RFC 8901 §2.1.1, model 1).

The owner of the KSK signs one RRset with everybody's ZSKs in it; each signer signs data with a ZSK
of its own. Whether a signer takes such an RRset says its capability `presigned`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.model.capabilities import Signing
from reconciler.model.desired import DesiredZone
from reconciler.model.keys import Key
from reconciler.model.observed import ObservedZone
from reconciler.planning.publication import SignerPart


def owner_for(desired: DesiredZone, observed: ObservedZone, signer: str) -> str | None:
    """Return the desired signer whose KSK signs for this one; None where it signs by itself.

    A signer goes on as it is. One with no key yet takes an RRset signed elsewhere only if it could
    not publish the ZSKs of others beside a KSK of its own (model 2).
    """
    facts = observed.signers[signer]
    if not facts.capabilities.presigned or signer not in desired.signers:
        return None
    if facts.krrsig:
        homes = {_home(observed, label) for label in facts.krrsig}
        owners = homes if len(homes) == 1 else set()
    else:
        owners = set() if facts.capabilities.foreign_zsk else _able(desired, observed)
    return min((o for o in owners if o and o != signer and o in desired.signers), default=None)


def _home(observed: ObservedZone, label: str) -> str | None:
    entry = observed.keys[label]
    return entry.home if isinstance(entry, Key) else None


def _able(desired: DesiredZone, observed: ObservedZone) -> set[str | None]:
    """The signers that can sign an RRset with the ZSKs of others in it."""
    can = {name: observed.signers[name].capabilities for name in desired.signers}
    return {
        name
        for name, each in can.items()
        if each.signing is Signing.KEYS and each.foreign_zsk and not each.presigned
    }


def lend(
    desired: DesiredZone, observed: ObservedZone, parts: Mapping[str, SignerPart]
) -> Mapping[str, SignerPart]:
    """Return what signers shall publish, with the owner's keys and signatures where one signs."""
    lent = dict(parts)
    for name, part in parts.items():
        owner = owner_for(desired, observed, name)
        if owner is not None and desired.signed:
            anchors = parts[owner].krrsig
            lent[name] = replace(part, dnskeys=part.dnskeys | anchors, krrsig=anchors)
    return lent
