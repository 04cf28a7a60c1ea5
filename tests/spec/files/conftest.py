"""One plan and one observation that say something, and the strategies by name."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.model.desired import DesiredZone, DnssecPolicy, KeyScheme
from reconciler.model.keys import DsRef, Key, KeyRole, UnmatchedDs
from reconciler.model.moves import (
    DnskeyAdd,
    DnskeyRemove,
    DsReplace,
)
from reconciler.model.plan import (
    Deadline,
    FreezeClass,
    Need,
    Proved,
    Rollback,
    Status,
    Step,
    WaitSlack,
    ZonePlan,
)
from reconciler.model.timeline import (
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Timeline,
)
from tests.spec.files.values import (
    AT,
    entry,
    observed,
    observed_bytes,
    plan,
    timeline,
    zone_plan,
)


@pytest.fixture(scope="session")
def strategies() -> SimpleNamespace:
    """The strategies of this folder, by the name of what they make."""
    return SimpleNamespace(
        plan=plan,
        observed=observed,
        observed_bytes=observed_bytes,
        entry=entry,
        timeline=timeline,
        zone_plan=zone_plan,
    )


def dnskey(label: str, role: KeyRole, byte: int) -> Key:
    return Key(
        label=label,
        algorithm=13,
        flags=role.flags,
        public_key=bytes([byte]) * 64,
        home="a",
        generation=1,
    )


@pytest.fixture
def roll() -> ZonePlan:
    """A KSK rollover with everything in it that a digest covers."""
    old = frozenset({DsRef("k1", 2), DsRef("dead", 2)})
    new = frozenset({DsRef("ksk@13/2", 2)})
    table: dict[str, Key | UnmatchedDs] = {
        "k1": dnskey("k1", KeyRole.KSK, 1),
        "z1": dnskey("z1", KeyRole.ZSK, 2),
        "ksk@13/2": Key(label="ksk@13/2", algorithm=13, flags=257),
        "dead": UnmatchedDs(label="dead", algorithm=8, rdata=f"7 8 2 {'ab' * 32}"),
    }
    both, first, second = (frozenset(s.split()) for s in ("k1 ksk@13/2", "k1", "ksk@13/2"))
    zsk = frozenset({"z1"})
    versions = (
        DsVersion(ttl=3600, propagation=3600, ds=old),
        NsVersion(ttl=86400, propagation=3600, signers=frozenset({"a"})),
        NsVersion(ttl=86400, propagation=300, signer="a", signers=frozenset({"a"})),
        DnskeyVersion(ttl=3600, propagation=300, signer="a", keys=first | zsk, signed_by=first),
        DataVersion(ttl=86400, propagation=300, signer="a", signed_by=zsk, expires=86400 * 5),
        DnskeyVersion(
            step="s1", at=0, ttl=3600, propagation=300, signer="a", keys=both | zsk, signed_by=both
        ),
        DsVersion(step="s2", at=3900, ttl=3600, propagation=3600, ds=new),
        DnskeyVersion(
            step="s3",
            at=11100,
            ttl=3600,
            propagation=300,
            signer="a",
            keys=second | zsk,
            signed_by=second,
        ),
    )
    steps = (
        Step(
            id="s1",
            moves=(DnskeyAdd(signer="a", key="ksk@13/2", sign=True),),
            actor="signer:a",
            freeze_class=FreezeClass.START,
            why="the new KSK has to be known first",
        ),
        Step(
            id="s2",
            moves=(DsReplace(ds=new),),
            actor="parent",
            needs=(Need(step="s1", wait_min=3900, margin=3600, why="caches know the new KSK"),),
        ),
        Step(
            id="s3",
            moves=(DnskeyRemove(signer="a", key="k1"),),
            actor="signer:a",
            needs=(Need(step="s2", wait_min=7200, margin=3600),),
            not_after=(Deadline(step="s1", wait_max=864000, reason="the contract ends"),),
        ),
    )
    line = Timeline(
        profiles=("loose", "ds-alg"),
        assumptions=("caches keep TTLs",),
        insecure_allowed=False,
        keys=table,
        versions=versions,
    )
    back = Rollback(
        after="s1",
        steps=(
            Step(
                id="r1",
                moves=(DnskeyRemove(signer="a", key="ksk@13/2"),),
                actor="signer:a",
                needs=(Need(step="s1", wait_min=60, reason="policy"),),
            ),
        ),
        timeline=Timeline(
            profiles=("loose",),
            assumptions=(),
            insecure_allowed=False,
            keys=table,
            versions=versions[:6],
        ),
    )
    return ZonePlan(
        zone="example.com.",
        status=Status.PLANNED,
        at=AT,
        steps=steps,
        timeline=line,
        duration_min=11100,
        clean_min=15000,
        verdict=Proved(
            profiles=("loose", "ds-alg"), slack=(WaitSlack(step="s2", need="s1", seconds=0),)
        ),
        rollback=(back,),
    )


@pytest.fixture
def desired() -> DesiredZone:
    return DesiredZone(
        zone="example.com.",
        owner="payments",
        policy=DnssecPolicy(name="standard", keys=KeyScheme.SPLIT),
        signed=True,
        signers=("a", "b"),
        parent="p",
        generations={KeyRole.KSK: 2},
        tags={"criticality": "high"},
    )


@pytest.fixture
def observation() -> dict[str, Any]:
    """One signed zone at one signer, as the value of a file."""
    public = [base64.b64encode(bytes([n]) * 64).decode() for n in range(2)]
    signer = {
        "dnskeys": ["k1", "z1"],
        "krrsig": ["k1"],
        "zrrsig": ["z1"],
        "cds": None,
        "ns": ["a"],
        "denial": {"kind": "nsec"},
        "dnskey_ttl": 3600,
        "max_zone_ttl": 86400,
        "negative_ttl": 3600,
        "ns_ttl": 86400,
        "propagation_delay": 300,
        "signing_delay": 0,
    }
    zone = {
        "keys": {
            "k1": {"algorithm": 13, "flags": 257, "public_key": public[0], "home": "a"},
            "z1": {"algorithm": 13, "flags": 256, "public_key": public[1], "home": "a"},
        },
        "parent": {
            "ds": [{"key": "k1", "digest_type": 2}],
            "ds_ttl": 3600,
            "ds_negative_ttl": 900,
            "ns": ["a"],
            "ns_ttl": 86400,
            "propagation_delay": 3600,
        },
        "signers": {"a": signer},
        "settled": True,
    }
    document = {
        "format": "reconcile-observed/1",
        "at": "2026-11-21T23:00:00Z",
        "zones": {"example.com.": zone},
    }
    copy: dict[str, Any] = json.loads(json.dumps(document))
    return copy
