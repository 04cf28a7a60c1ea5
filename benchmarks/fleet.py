"""A portfolio of many zones and an observation of them, as a registrar's customer may have them.

Half of the zones are as desired; the others roll a ZSK or a KSK, are signed, or go insecure. Keys
differ from zone to zone; TTLs and delays are those of some hundred distinct situations.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from benchmarks.validate import FILES_PER_DIRECTORY, PORTFOLIO
from reconciler.model.capabilities import PARENT_KINDS, SIGNER_KINDS
from reconciler.model.desired import Denial, DesiredZone, DnssecPolicy
from reconciler.model.keys import DsRef, Key, KeyRole, symbol
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.spec.observed_file import dump_observed

AT = datetime(2026, 11, 21, 23, tzinfo=UTC)
MIX = (*["as desired"] * 10, *["ZSK"] * 4, *["KSK"] * 3, *["sign"] * 2, "unsign")
"""What twenty zones in a row are about to do."""
CHANGES = tuple(dict.fromkeys(MIX))[1:]
_TTLS = tuple(product((300, 3600, 14400, 86400), (3600, 86400), (900, 3600, 86400), (60, 300, 900)))
"""TTLs of data, DNSKEY and DS, and the delay of the child's servers, seconds."""

_ZONE = """\
zone: {zone}
owner: web
tags: {{criticality: high, region: eu}}
policy: standard
dnssec: {dnssec}
signers: [primary]
parent: registrar
keys:
  ksk: {{generation: {ksk}}}
  zsk: {{generation: {zsk}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One zone of the fleet: its number, and what it is about to do."""

    number: int
    doing: str

    @property
    def zone(self) -> str:
        """The name, absolute."""
        return f"zone-{self.number}.example."

    @property
    def generations(self) -> dict[KeyRole, int]:
        """The generations that are desired; those observed are 1."""
        return {
            KeyRole.KSK: 2 if self.doing == "KSK" else 1,
            KeyRole.ZSK: 2 if self.doing == "ZSK" else 1,
        }


def fleet(size: int, mix: tuple[str, ...] = MIX) -> list[Member]:
    """Return `size` zones that do in turn what `mix` says."""
    return [Member(number=i, doing=mix[i % len(mix)]) for i in range(size)]


def write_fleet(root: Path, members: list[Member]) -> Path:
    """Write the portfolio below `root`, and return the file that observes it."""
    zones = root / "zones"
    zones.mkdir(parents=True)
    (zones / "portfolio.yaml").write_text(PORTFOLIO)
    for member in members:
        folder = zones / f"{member.number // FILES_PER_DIRECTORY:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"{member.zone}yaml").write_text(_zone_file(member))
    observed = root / "observed.json"
    observed.write_bytes(dump_observed({m.zone: observation(m) for m in members}))
    return observed


def _zone_file(member: Member) -> str:
    numbers = {role.value: number for role, number in member.generations.items()}
    dnssec = "unsigned" if member.doing == "unsign" else "signed"
    return _ZONE.format(zone=member.zone.removesuffix("."), dnssec=dnssec, **numbers)


def desire(member: Member) -> DesiredZone:
    """Return what a zone of the fleet shall be, as its file says."""
    return DesiredZone(
        zone=member.zone,
        owner="web",
        policy=DnssecPolicy(name="standard"),
        signed=member.doing != "unsign",
        signers=("primary",),
        parent="registrar",
        generations=member.generations,
    )


def observation(member: Member) -> ObservedZone:
    """Return what is published of a zone of the fleet: one KSK and one ZSK, or nothing yet."""
    data_ttl, dnskey_ttl, ds_ttl, delay = _TTLS[member.number // len(MIX) % len(_TTLS)]
    ksk, zsk = _key(member, KeyRole.KSK), _key(member, KeyRole.ZSK)
    seen = ObservedZone(
        zone=member.zone,
        at=AT,
        keys={key.label: key for key in (ksk, zsk)},
        parent=ParentFacts(
            ds=frozenset({DsRef(ksk.label, 2)}),
            ds_ttl=ds_ttl,
            ds_negative_ttl=900,
            ns=frozenset({"primary"}),
            ns_ttl=86400,
            propagation_delay=3600,
            capabilities=PARENT_KINDS["sandbox-registrar"].capabilities,
        ),
        signers={
            "primary": SignerFacts(
                dnskeys=frozenset({ksk.label, zsk.label}),
                krrsig=frozenset({ksk.label}),
                zrrsig=frozenset({zsk.label}),
                cds=None,
                ns=frozenset({"primary"}),
                denial=Denial(),
                dnskey_ttl=dnskey_ttl,
                max_zone_ttl=max(data_ttl, 3600),
                negative_ttl=min(data_ttl, 3600),
                ns_ttl=3600,
                propagation_delay=delay,
                signing_delay=0,
                signatures=SignatureFacts(),
                capabilities=SIGNER_KINDS["sandbox"].capabilities,
            )
        },
        settled=True,
    )
    return _unsigned(seen) if member.doing == "sign" else seen


def _unsigned(seen: ObservedZone) -> ObservedZone:
    nothing: frozenset[str] = frozenset()
    signer = replace(seen.signers["primary"], dnskeys=nothing, krrsig=nothing, zrrsig=nothing)
    parent = replace(seen.parent, ds=frozenset())
    return replace(seen, keys={}, parent=parent, signers={"primary": signer})


def _key(member: Member, role: KeyRole) -> Key:
    """Return a key of the first generation with 64 octets of its own (ECDSA P-256, RFC 6605)."""
    return Key(
        label=symbol(role, 13, 1),
        algorithm=13,
        flags=role.flags,
        public_key=hashlib.sha512(f"{member.zone} {role}".encode()).digest(),
        home="primary",
        generation=1,
    )
