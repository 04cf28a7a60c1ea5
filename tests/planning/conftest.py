"""Builders of desired state and observations, in the words of the tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.desired import Denial, DesiredZone, DnssecPolicy, KeyScheme
from reconciler.model.keys import DsRef, Key, KeyEntry, KeyRole, UnmatchedDs
from reconciler.model.observed import Cds, ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.timeline import Version

HOUR = 3600
DAY = 86400
AT = datetime(2026, 11, 21, 23, tzinfo=UTC)
ROLES = {"k": KeyRole.KSK, "z": KeyRole.ZSK, "c": KeyRole.CSK, "x": KeyRole.ZSK}


@dataclass(frozen=True)
class Times:
    """Every TTL and delay of a world, seconds."""

    ds: int = HOUR
    ds_negative: int = 900
    ns: int = DAY
    parent: int = HOUR
    dnskey: int = HOUR
    data: int = DAY
    negative: int = HOUR
    child: int = 300
    signing: int = 0


USUAL = Times()
REPLACING = ParentCapabilities()


def key_of(label: str) -> KeyEntry:
    """`k1`: KSK, generation 1, algorithm 13; `k2@8`: algorithm 8; `dead`: a DS without key."""
    name, _, algorithm = label.partition("@")
    number = int(algorithm) if algorithm else 13
    if name.startswith("dead"):
        return UnmatchedDs(label=label, algorithm=number, rdata=f"7 {number} 2 00")
    return Key(
        label=label,
        algorithm=number,
        flags=ROLES[name[0]].flags,
        public_key=label.encode(),
        home="a",
        generation=int(name[1:] or 1),
    )


def observe(
    *,
    ds: Iterable[str] = (),
    keys: Iterable[str] = (),
    signed_by: Iterable[str] | None = None,
    data: Iterable[str] = (),
    held: Iterable[str] = (),
    digests: Iterable[int] = (2,),
    times: Times = USUAL,
    settled: bool = True,
    history: tuple[Version, ...] = (),
    parent: ParentCapabilities = REPLACING,
    signer: SignerCapabilities | None = None,
    cds: Cds = None,
    entries: Iterable[KeyEntry] = (),
) -> ObservedZone:
    """One zone at signer `a`; `signed_by` defaults to the KSKs and CSKs among `keys`."""
    keys, ds, data = tuple(keys), tuple(ds), tuple(data)
    given = {entry.label: entry for entry in entries}
    labels = {*ds, *keys, *data, *held, *(signed_by or ())} - given.keys()
    known = {label: key_of(label) for label in sorted(labels)} | given
    if signed_by is None:
        signed_by = [label for label in keys if label[0] in "kc"]
    capabilities = signer or SignerCapabilities(
        algorithms=frozenset({8, 13, 15}), foreign_zsk=True, foreign_ksk=True
    )
    return ObservedZone(
        zone="example.com.",
        at=AT,
        keys=known,
        parent=ParentFacts(
            ds=frozenset(DsRef(label, digest) for label in ds for digest in digests),
            ds_ttl=times.ds,
            ds_negative_ttl=times.ds_negative,
            ns=frozenset({"a"}),
            ns_ttl=times.ns,
            propagation_delay=times.parent,
            capabilities=parent,
        ),
        signers={
            "a": SignerFacts(
                dnskeys=frozenset(keys),
                krrsig=frozenset(signed_by),
                zrrsig=frozenset(data),
                cds=cds,
                ns=frozenset({"a"}),
                denial=Denial(),
                dnskey_ttl=times.dnskey,
                max_zone_ttl=times.data,
                negative_ttl=times.negative,
                ns_ttl=times.ns,
                propagation_delay=times.child,
                signing_delay=times.signing,
                signatures=SignatureFacts(),
                capabilities=capabilities,
            )
        },
        settled=settled,
        history=history,
    )


def desire(
    *,
    signed: bool = True,
    scheme: KeyScheme = KeyScheme.SPLIT,
    algorithm: int = 13,
    signers: tuple[str, ...] = ("a",),
    ksk: int | None = None,
    zsk: int | None = None,
    csk: int | None = None,
    **policy: object,
) -> DesiredZone:
    """Desired state; generations left out mean: keep."""
    asked = {KeyRole.KSK: ksk, KeyRole.ZSK: zsk, KeyRole.CSK: csk}
    base = DnssecPolicy(name="p", algorithm=algorithm, keys=scheme)
    return DesiredZone(
        zone="example.com.",
        owner="o",
        policy=replace(base, **policy),  # type: ignore[arg-type]
        signed=signed,
        signers=signers,
        parent="p",
        generations={role: n for role, n in asked.items() if n is not None},
    )


class Builders:
    """What tests build their worlds from, handed to them as the fixture `b`."""

    HOUR = HOUR
    DAY = DAY
    CSK = KeyScheme.CSK
    Times = Times
    observe = staticmethod(observe)
    desire = staticmethod(desire)
    key_of = staticmethod(key_of)

    @staticmethod
    def signed(**more: object) -> ObservedZone:
        """A zone with KSK k1 and ZSK z1, secure."""
        return observe(**{"ds": ["k1"], "keys": ["k1", "z1"], "data": ["z1"]} | more)  # type: ignore[arg-type]

    @staticmethod
    def signed_csk(**more: object) -> ObservedZone:
        """A zone with CSK c1, secure."""
        return observe(**{"ds": ["c1"], "keys": ["c1"], "data": ["c1"]} | more)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def b() -> Builders:
    """Builders of worlds."""
    return Builders()
