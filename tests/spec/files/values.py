"""Random values of the model, and one plan and one observation that say something."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.desired import Denial, DenialKind
from reconciler.model.entries import Actor, Draft, Entry
from reconciler.model.keys import DsRef, Key, UnmatchedDs
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
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import (
    Alternative,
    Deadline,
    Malformed,
    Need,
    Plan,
    Proved,
    Refusal,
    Refuted,
    Rollback,
    Separation,
    Step,
    WaitSlack,
    ZonePlan,
)
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Timeline,
)
from reconciler.spec.observed_file import dump_observed

AT = datetime(2026, 11, 21, 23, tzinfo=UTC)
TEXT = st.text(max_size=6)
SECONDS = st.integers(0, 2**31 - 1)
OFFSET = st.integers(-(2**31) + 1, 2**31 - 1)
OCTET = st.integers(0, 255)
INSTANT = st.datetimes(timezones=st.just(UTC), min_value=datetime(1990, 1, 1))  # noqa: DTZ001 (Hypothesis wants naive bounds)
SIGNER = st.sampled_from(["a", "b"])
SIGNERS = st.frozensets(SIGNER)
LABEL = st.sampled_from(["k1", "z1", "ksk@13/2", "weird \N{SNOWMAN} label"])
LABELS = st.frozensets(LABEL)
DS = st.builds(DsRef, LABEL, OCTET)
CDS = st.none() | st.just("delete") | st.frozensets(DS)
STEP_ID = st.sampled_from(["s1", "s2", "s3"])
HEX = st.text("0123456789abcdef", min_size=8, max_size=16)


def key(label: st.SearchStrategy[str] = LABEL) -> st.SearchStrategy[Key]:
    return st.builds(
        Key,
        label=label,
        algorithm=OCTET,
        flags=st.integers(0, 65535),
        public_key=st.none() | st.binary(min_size=1, max_size=70),
        home=st.none() | SIGNER,
        generation=st.none() | st.integers(0, 99),
    )


@st.composite
def unmatched_text(draw: st.DrawFn) -> str:
    tag, octets = draw(st.integers(0, 65535)), [draw(OCTET) for _ in range(2)]
    return f"{tag} {octets[0]} {octets[1]} {draw(HEX)}"


def unmatched(label: str, rdata: str | None) -> UnmatchedDs:
    return UnmatchedDs(label=label, algorithm=int(rdata.split()[1]) if rdata else 8, rdata=rdata)


@st.composite
def keys(draw: st.DrawFn) -> dict[str, Key | UnmatchedDs]:
    table: dict[str, Key | UnmatchedDs] = {}
    for label in ("k1", "z1", "ksk@13/2"):
        table[label] = draw(key(st.just(label)))
    label = "weird \N{SNOWMAN} label"
    table[label] = unmatched(label, draw(st.none() | unmatched_text()))
    return table


def version(**fixed: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 (Hypothesis passes them on)
    common = {"ttl": SECONDS, "propagation": SECONDS, "unknown": st.booleans()} | fixed
    expires = st.none() | OFFSET
    return st.one_of(
        st.builds(DsVersion, ds=st.frozensets(DS), **common),
        st.builds(NsVersion, signer=st.none() | SIGNER, signers=SIGNERS, **common),
        st.builds(
            DnskeyVersion, signer=SIGNER, keys=LABELS, signed_by=LABELS, expires=expires, **common
        ),
        st.builds(DataVersion, signer=SIGNER, signed_by=LABELS, expires=expires, **common),
        st.builds(
            CdsVersion,
            signer=SIGNER,
            cds=CDS,
            polled=st.booleans(),
            processing_max=SECONDS,
            **common,
        ),
    )


def timeline() -> st.SearchStrategy[Timeline]:
    return st.builds(
        Timeline,
        profiles=st.lists(TEXT, max_size=2).map(tuple),
        assumptions=st.lists(TEXT, max_size=2).map(tuple),
        keys=keys(),
        versions=st.lists(version(step=st.none() | STEP_ID, at=st.none() | OFFSET), max_size=4).map(
            tuple
        ),
    )


DENIAL = st.builds(Denial, iterations=st.integers(0, 65535), salt=st.binary(max_size=8))
MOVE = st.one_of(
    st.builds(DnskeyAdd, signer=SIGNER, key=LABEL),
    st.builds(DnskeyRemove, signer=SIGNER, key=LABEL),
    st.builds(DnskeySign, signer=SIGNER, keys=LABELS),
    st.builds(DnskeySet, signer=SIGNER, keys=LABELS, signed_by=LABELS),
    st.builds(DataSign, signer=SIGNER, keys=LABELS),
    st.builds(ZoneSign, signer=SIGNER, keys=LABELS),
    st.builds(ZoneUnsign, signer=SIGNER),
    st.builds(DsReplace, ds=st.frozensets(DS)),
    st.builds(DsAdd, ds=DS),
    st.builds(DsRemove, ds=DS),
    st.builds(NsSet, signers=SIGNERS),
    st.builds(ApexNsSet, signer=SIGNER, signers=SIGNERS),
    st.builds(CdsSet, signer=SIGNER, cds=CDS),
    st.builds(DenialSet, signer=SIGNER, denial=DENIAL),
    st.builds(
        TtlSet,
        signer=SIGNER,
        rrset=st.sampled_from([RRsetKind.DNSKEY, RRsetKind.NS, RRsetKind.DATA]),
        ttl=SECONDS,
    ),
    st.builds(RollStart, signer=SIGNER, old=LABEL, new=LABEL),
    st.builds(DsConfirm, signer=SIGNER, key=LABEL),
)
NEED = st.builds(
    Need, step=st.none() | STEP_ID, wait_min=SECONDS, margin=SECONDS, reason=TEXT, why=TEXT
)
DEADLINE = st.builds(Deadline, step=st.none() | STEP_ID, wait_max=SECONDS, reason=TEXT)


def step(step_id: str) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        id=st.just(step_id),
        moves=st.lists(MOVE, max_size=2).map(tuple),
        actor=TEXT,
        needs=st.lists(NEED, max_size=2).map(tuple),
        not_after=st.lists(DEADLINE, max_size=1).map(tuple),
        why=TEXT,
    )


STEPS = st.tuples(step("s1"), step("s2"), step("s3"))
VERDICT = st.one_of(
    st.builds(Malformed, why=TEXT),
    st.builds(
        Refuted,
        profile=TEXT,
        verdict=TEXT,
        schedule=st.dictionaries(STEP_ID, OFFSET),
        begins=OFFSET,
        ends=st.none() | OFFSET,
        versions=st.lists(TEXT, max_size=2).map(tuple),
        why=TEXT,
    ),
    st.builds(
        Proved,
        profiles=st.lists(TEXT, max_size=2).map(tuple),
        slack=st.lists(
            st.builds(WaitSlack, step=STEP_ID, need=st.none() | STEP_ID, seconds=OFFSET), max_size=1
        ).map(tuple),
        separations=st.lists(
            st.builds(
                Separation,
                profile=TEXT,
                verdict=TEXT,
                versions=st.just(("x", "y")),
                apart=st.tuples(TEXT, TEXT),
                seconds=OFFSET,
            ),
            max_size=1,
        ).map(tuple),
        exposure_until=st.none() | OFFSET,
        unmended=st.booleans(),
    ),
)
ALTERNATIVE = st.builds(
    Alternative,
    name=TEXT,
    summary=TEXT,
    steps=st.tuples(step("s1")),
    timeline=timeline(),
    verdict=VERDICT,
    duration_min=SECONDS,
    distrusted_min=st.none() | SECONDS,
    exposure_bogus=SECONDS,
    exposure_insecure=SECONDS,
)
REFUSAL = st.builds(
    Refusal,
    rule=TEXT,
    summary=TEXT,
    detail=TEXT,
    opens=TEXT,
    exposure_bogus=st.none() | OFFSET,
    exposure_insecure=st.none() | OFFSET,
)


def zone_plan(zone: str, line: st.SearchStrategy[Timeline | None]) -> st.SearchStrategy[ZonePlan]:
    rollback = st.builds(Rollback, after=st.just("s1"), steps=STEPS, timeline=timeline())
    return st.builds(
        ZonePlan,
        zone=st.just(zone),
        at=INSTANT,
        steps=STEPS,
        timeline=line,
        duration_min=SECONDS,
        clean_min=SECONDS,
        verdict=st.none() | VERDICT,
        rollback=st.lists(rollback, max_size=1).map(tuple),
        refusals=st.lists(REFUSAL, max_size=1).map(tuple),
        distrusted_min=st.none() | SECONDS,
        alternatives=st.lists(ALTERNATIVE, max_size=1).map(tuple),
        hints=st.lists(TEXT, max_size=1).map(tuple),
        desired_digest=TEXT,
        change_digest=TEXT,
    )


def plan() -> st.SearchStrategy[Plan]:
    line = st.none() | timeline()
    zones = st.fixed_dictionaries(
        {"example.com.": zone_plan("example.com.", line)},
        optional={".": st.builds(ZonePlan, zone=st.just("."), at=INSTANT)},
    )
    return st.builds(Plan, zones=zones, plan_digest=TEXT)


SIGNER_FACTS = st.builds(
    SignerFacts,
    dnskeys=LABELS,
    krrsig=LABELS,
    zrrsig=LABELS,
    cds=CDS,
    ns=SIGNERS,
    denial=DENIAL,
    dnskey_ttl=SECONDS,
    max_zone_ttl=SECONDS,
    negative_ttl=SECONDS,
    ns_ttl=SECONDS,
    propagation_delay=SECONDS,
    signing_delay=SECONDS,
    signatures=st.builds(
        SignatureFacts, validity=SECONDS, refresh=SECONDS, expires=st.none() | OFFSET
    ),
    capabilities=st.builds(
        SignerCapabilities,
        denials=st.frozensets(st.sampled_from(DenialKind)),
        algorithms=st.frozensets(OCTET, max_size=3),
        max_ksk=st.none() | st.integers(1, 9),
    ),
    next_roll=st.none() | SECONDS,
)


@st.composite
def observed_zone(draw: st.DrawFn, zone: str) -> ObservedZone:
    table = draw(keys())
    ds = set(draw(st.frozensets(DS)))
    for rdata in draw(st.lists(unmatched_text(), max_size=2)):
        tag, algorithm, digest_type, digest = rdata.split()
        label = draw(st.sampled_from([f"ds-{tag}-{algorithm}-{digest_type}-{digest[:8]}", "x"]))
        table[label] = unmatched(label, rdata)
        ds.add(DsRef(label, draw(st.sampled_from([int(digest_type), 2]))))
    parent = st.builds(
        ParentFacts,
        ds=st.just(frozenset(ds)),
        ds_ttl=SECONDS,
        ds_negative_ttl=SECONDS,
        ns=SIGNERS,
        ns_ttl=SECONDS,
        propagation_delay=SECONDS,
        capabilities=st.builds(ParentCapabilities, processing_max=SECONDS, weight=SECONDS),
    )
    history = draw(st.lists(version(step=st.none(), at=st.integers(-9, -1)), max_size=3))
    return ObservedZone(
        zone=zone,
        at=draw(INSTANT),
        keys={label: _distinct(entry, label) for label, entry in table.items()},
        parent=draw(parent),
        signers={"a": draw(SIGNER_FACTS), "b": draw(SIGNER_FACTS)},
        content_equal=draw(st.dictionaries(SIGNER, SIGNERS)),
        settled=draw(st.booleans()),
        history=tuple(history),
        assumed=draw(st.lists(TEXT, max_size=2).map(tuple)),
    )


def _distinct(entry: Key | UnmatchedDs, label: str) -> Key | UnmatchedDs:
    if isinstance(entry, UnmatchedDs) or entry.public_key is None:
        return entry
    return Key(
        label=entry.label,
        algorithm=entry.algorithm,
        flags=entry.flags,
        public_key=label.encode() + entry.public_key,
        home=entry.home,
        generation=entry.generation,
    )


def observed() -> st.SearchStrategy[dict[str, ObservedZone]]:
    return st.fixed_dictionaries(
        {"example.com.": observed_zone("example.com.")}, optional={".": observed_zone(".")}
    )


def observed_bytes() -> st.SearchStrategy[bytes]:
    return observed().map(dump_observed)


def entry() -> st.SearchStrategy[Entry]:
    json_value = st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
        max_leaves=4,
    )
    draft = st.builds(
        Draft,
        zone=st.none() | TEXT,
        plan=st.none() | TEXT,
        change=st.none() | TEXT,
        step=st.none() | TEXT,
        idem=st.none() | TEXT,
        deadline=st.none() | INSTANT,
        data=st.dictionaries(TEXT, json_value, max_size=3),
    )
    return st.builds(
        Entry,
        seq=st.integers(0, 10**12 - 1),
        prev=TEXT,
        at=INSTANT,
        policy_seq=st.integers(0, 10**12 - 1),
        policy_digest=TEXT,
        actor=st.builds(Actor, id=TEXT, run=TEXT),
        tool=TEXT,
        draft=draft,
    )
