"""A plan with everything that a report shows, and hostile words in every place for words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.model.desired import Denial, DenialKind, RiskClass
from reconciler.model.keys import DsRef, Key, KeyEntry, UnmatchedDs
from reconciler.model.moves import (
    ApexNsSet,
    CdsSet,
    DataSign,
    DenialSet,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsAdd,
    DsConfirm,
    DsRemove,
    DsReplace,
    NsSet,
    RollStart,
    TtlSet,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.model.plan import (
    Alternative,
    Deadline,
    FreezeClass,
    Malformed,
    Need,
    Plan,
    Proved,
    Refusal,
    Refuted,
    Rollback,
    Status,
    Step,
    WaitFrom,
    WaitSlack,
    ZonePlan,
)
from reconciler.model.timeline import RRsetKind, Timeline

AT = datetime(2026, 11, 21, 23, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script> [red]x[/red] **b** `c` |d| @all #12 https://e.example "
    "\x1b[31m\u202e\n# h"
)


def _timeline(*assumptions: str) -> Timeline:
    keys: dict[str, KeyEntry] = {
        "ksk-13-9262": Key(
            label="ksk-13-9262", algorithm=13, flags=257, public_key=b"\1" * 64, home="a"
        ),
        "ksk@13/2": Key(label="ksk@13/2", algorithm=13, flags=257),
        "ds-7-8-1-abababab": UnmatchedDs(
            label="ds-7-8-1-abababab", algorithm=8, rdata=f"7 8 1 {'ab' * 20}"
        ),
    }
    return Timeline(
        profiles=("loose", "ds-alg"),
        assumptions=assumptions,
        insecure_allowed=False,
        keys=keys,
        versions=(),
    )


def _roll() -> ZonePlan:
    steps = (
        Step(
            id="s1",
            moves=(DnskeyAdd(signer="a", key="ksk@13/2", sign=True),),
            actor="signer:a",
            freeze_class=FreezeClass.START,
            why="the DS must name a key that every cache knows (I6)",
        ),
        Step(
            id="s2",
            moves=(DsReplace(ds=frozenset({DsRef("ksk@13/2", 2)})),),
            actor="parent",
            needs=(
                Need(
                    step="s1",
                    wait_min=3900,
                    margin=3600,
                    why="the DNSKEY RRset without ksk@13/2 may be cached for 1 h",
                ),
            ),
            risk=RiskClass.R3,
        ),
        Step(
            id="s3",
            moves=(DnskeyRemove(signer="a", key="ksk-13-9262"),),
            actor="signer:a",
            needs=(Need(step="s2", wait_min=7200, margin=3600),),
            not_after=(Deadline(step="s1", wait_max=864000, reason="the contract ends"),),
            risk=RiskClass.R3,
        ),
    )
    timeline = _timeline("caches keep TTLs", "every clock is within 5 min")
    return ZonePlan(
        zone="example.com.",
        status=Status.PLANNED,
        at=AT,
        steps=steps,
        timeline=timeline,
        duration_min=11100,
        clean_min=15000,
        verdict=Proved(
            profiles=("loose", "ds-alg"),
            slack=(
                WaitSlack(step="s2", need="s1", seconds=0),
                WaitSlack(step="s3", need="s2", seconds=0),
            ),
        ),
        rollback=(Rollback(after="s1", steps=steps[:1], timeline=timeline),),
        risk=RiskClass.R3,
        change_digest=f"sha256:{'c4' * 32}",
    )


def _every_move() -> ZonePlan:
    dead, old = DsRef("ds-7-8-1-abababab", 1), DsRef("ksk-13-9262", 4)
    moves = (
        DnskeySign(signer="a", keys=frozenset({"ksk-13-9262", "ksk@13/2"})),
        DnskeySet(
            signer="a",
            keys=frozenset({"ksk-13-9262", "ksk@13/2"}),
            signed_by=frozenset({"ksk@13/2"}),
        ),
        DataSign(signer="a", keys=frozenset()),
        ZoneSign(signer="a", keys=frozenset({"ksk@13/2"})),
        ZoneUnsign(signer="a"),
        DsReplace(ds=frozenset()),
        DsAdd(ds=old),
        DsRemove(ds=dead),
        NsSet(signers=frozenset({"a", "b"})),
        ApexNsSet(signer="a", signers=frozenset({"b"})),
        CdsSet(signer="a", cds=None),
        CdsSet(signer="a", cds="delete"),
        CdsSet(signer="a", cds=frozenset({old})),
        DenialSet(signer="a", denial=Denial(kind=DenialKind.NSEC3)),
        TtlSet(signer="a", rrset=RRsetKind.DNSKEY, ttl=300),
        TtlSet(signer="a", rrset=RRsetKind.DATA, ttl=3660),
        RollStart(signer="a", old="ksk-13-9262", new="ksk@13/2"),
        DsConfirm(signer="a", key="ksk@13/2", present=True),
        DsConfirm(signer="a", key="ksk-13-9262", present=False),
    )
    steps = (
        Step(id="s1", moves=moves, actor="parent, signer-itself:a", risk=RiskClass.R4),
        Step(
            id="s2",
            moves=(),
            actor="person",
            needs=(
                Need(step=None, wait_min=90061, reason="rule:I4"),
                Need(step="s1", wait_min=0, wait_from=WaitFrom.EFFECT, reason="policy"),
            ),
            freeze_class=FreezeClass.RESCUE,
            risk=RiskClass.R0,
        ),
    )
    return ZonePlan(
        zone="every.example.",
        status=Status.PLANNED,
        at=AT,
        steps=steps,
        timeline=_timeline(),
        verdict=Refuted(
            profile="ds-alg",
            verdict="bogus",
            schedule={"s1": 0},
            begins=60,
            ends=None,
            versions=(),
            why="no DS fits",
        ),
        risk=RiskClass.R4,
    )


def _emergency() -> ZonePlan:
    """A compromised key: the way that keeps the chain, and a quicker one beside it."""
    safe = _roll()
    assert safe.timeline is not None
    quick = Alternative(
        name="fastest-distrust",
        summary="no DS at all until others stand",
        steps=(
            Step(id="s1", moves=(DsReplace(ds=frozenset()),), actor="parent"),
            Step(
                id="s2",
                moves=(DnskeyRemove(signer="a", key="ksk-13-9262"),),
                actor="signer:a",
                needs=(Need(step="s1", wait_min=7200),),
            ),
        ),
        timeline=safe.timeline,
        verdict=Proved(profiles=("loose",)),
        duration_min=7200,
        distrusted_min=7200,
        exposure_insecure=15600,
    )
    return replace(
        safe,
        zone="stolen.example.",
        distrusted_min=15000,
        alternatives=(quick,),
        hints=("a standby KSK that signs would have cost no time at all",),
    )


def _refused() -> ZonePlan:
    return ZonePlan(
        zone="stuck.example.",
        status=Status.NO_SAFE_PATH,
        at=AT,
        refusals=(
            Refusal(
                rule="I6",
                summary="signer b cannot publish foreign keys",
                detail="both signers must publish each other's ZSK first",
                opens="a signer with foreign_zsk",
                exposure_bogus=0,
                exposure_insecure=90000,
            ),
        ),
    )


@pytest.fixture
def plan() -> Plan:
    quiet = [
        ZonePlan(zone=f"{name}.example.", status=Status.NO_CHANGE, at=AT) for name in ("quiet", "b")
    ]
    zones = (_roll(), _every_move(), _refused(), _emergency(), *quiet)
    return Plan(zones={zone.zone: zone for zone in zones}, plan_digest=f"sha256:{'f0' * 32}")


@pytest.fixture
def hostile_words() -> str:
    return HOSTILE


@pytest.fixture
def hostile_plan() -> Plan:
    step = Step(
        id=HOSTILE,
        moves=(DnskeyAdd(signer=HOSTILE, key=HOSTILE, sign=True),),
        actor=f"signer:{HOSTILE}",
        needs=(Need(step=HOSTILE, wait_min=1, reason=HOSTILE, why=HOSTILE),),
        not_after=(Deadline(step=HOSTILE, wait_max=1, reason=HOSTILE),),
        why=HOSTILE,
    )
    refusal = Refusal(rule=HOSTILE, summary=HOSTILE, detail=HOSTILE, opens=HOSTILE)
    timeline = _timeline(HOSTILE)
    way = Alternative(
        name=HOSTILE,
        summary=HOSTILE,
        steps=(step,),
        timeline=timeline,
        verdict=Malformed(why=HOSTILE),
    )
    zone = ZonePlan(
        zone=HOSTILE,
        status=Status.PLANNED,
        at=AT,
        steps=(step,),
        timeline=timeline,
        verdict=Malformed(why=HOSTILE),
        rollback=(Rollback(after=HOSTILE, steps=(step,), timeline=timeline),),
        refusals=(refusal,),
        alternatives=(way,),
        hints=(HOSTILE,),
        change_digest=HOSTILE,
    )
    quiet = ZonePlan(zone=f"quiet {HOSTILE}", status=Status.NO_CHANGE, at=AT)
    return Plan(zones={zone.zone: zone, quiet.zone: quiet}, plan_digest=HOSTILE)
