"""A timeline that is brighter than what was observed is found out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.desired import Denial
from reconciler.model.keys import DsRef, Key, UnmatchedDs
from reconciler.model.moves import TtlSet
from reconciler.model.observed import ObservedZone, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.plan import Step
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Timeline,
    Version,
)
from reconciler.proof.start import start_flaws

K, Z = (
    Key(label=n, algorithm=13, flags=f, public_key=n.encode()) for n, f in (("k", 257), ("z", 256))
)
DEAD = UnmatchedDs(label="dead", algorithm=8, rdata="7 8 2 ab")
DS = frozenset({DsRef("k", 2), DsRef("dead", 2)})
A, KS, ZS = (frozenset(name) for name in ("a", "k", "z"))
OBSERVED = ObservedZone(
    zone="z.example.",
    at=datetime(2026, 11, 22, tzinfo=UTC),
    keys={"k": K, "z": Z, "dead": DEAD},
    parent=ParentFacts(
        ds=DS,
        ds_ttl=3600,
        ds_negative_ttl=900,
        ns=A,
        ns_ttl=86400,
        propagation_delay=60,
        capabilities=ParentCapabilities(polls_cds=True, processing_max=500),
    ),
    signers={
        "a": SignerFacts(
            dnskeys=KS | ZS,
            krrsig=KS,
            zrrsig=ZS,
            cds=frozenset({DsRef("k", 2)}),
            ns=A,
            denial=Denial(),
            dnskey_ttl=7200,
            max_zone_ttl=86400,
            negative_ttl=300,
            ns_ttl=80000,
            propagation_delay=5,
            signing_delay=0,
            signatures=SignatureFacts(expires=900000),
            capabilities=SignerCapabilities(),
        )
    },
    settled=True,
)
DS_NOW = DsVersion(ds=DS, ttl=3600, propagation=60)
NS_NOW = NsVersion(signers=A, ttl=86400, propagation=60)
APEX_NOW = NsVersion(signer="a", signers=A, ttl=80000, propagation=5)
KEYS_NOW = DnskeyVersion(
    signer="a", keys=KS | ZS, signed_by=KS, ttl=7200, propagation=5, expires=900000
)
DATA_NOW = DataVersion(signer="a", signed_by=ZS, ttl=86400, propagation=5, expires=900000)
CDS_NOW = CdsVersion(
    signer="a",
    cds=frozenset({DsRef("k", 2)}),
    ttl=3600,
    propagation=5,
    polled=True,
    processing_max=500,
)
NOW: tuple[Version, ...] = (DS_NOW, NS_NOW, APEX_NOW, KEYS_NOW, DATA_NOW, CDS_NOW)
LATER = DsVersion(step="s1", at=0, ds=frozenset({DsRef("k", 2)}), ttl=3600, propagation=60)
UNSIGNED = DnskeyVersion(
    step="s2", at=0, signer="a", keys=frozenset(), signed_by=frozenset(), ttl=300, propagation=5
)


def flaws(
    versions: tuple[Version, ...], observed: ObservedZone = OBSERVED, *steps: Step
) -> list[str]:
    timeline = Timeline(
        profiles=("loose",),
        assumptions=(),
        insecure_allowed=False,
        keys={"k": K, "z": Z, "dead": DEAD},
        versions=versions,
    )
    return list(start_flaws(observed, steps, timeline))


def test_what_was_observed_is_a_start() -> None:
    assert flaws((*NOW, LATER, UNSIGNED)) == []


def test_a_darker_start_is_one_too() -> None:
    darker = replace(KEYS_NOW, ttl=7201, propagation=6, expires=5)
    assert flaws((DS_NOW, NS_NOW, APEX_NOW, darker, DATA_NOW, CDS_NOW)) == []


def test_signatures_that_had_ended_when_observed_count_as_none_or_as_ended() -> None:
    facts = replace(OBSERVED.signers["a"], signatures=SignatureFacts(expires=0))
    observed = replace(OBSERVED, signers={"a": facts})
    bare = (
        replace(version, signed_by=frozenset(), expires=None) for version in (KEYS_NOW, DATA_NOW)
    )
    assert flaws((DS_NOW, NS_NOW, APEX_NOW, *bare, CDS_NOW), observed) == []
    ended = (replace(version, expires=0) for version in (KEYS_NOW, DATA_NOW))
    assert flaws((DS_NOW, NS_NOW, APEX_NOW, *ended, CDS_NOW), observed) == []
    assert len(flaws(NOW, observed)) == 2  # as if they lasted


def test_signatures_that_still_last_do_not_count_as_none() -> None:
    bare = replace(DATA_NOW, signed_by=frozenset(), expires=None)
    assert len(flaws((DS_NOW, NS_NOW, APEX_NOW, KEYS_NOW, bare, CDS_NOW))) == 1


BRIGHTER: dict[str, Callable[[], tuple[Version, Version]]] = {
    "TTL of the DS": lambda: (DS_NOW, replace(DS_NOW, ttl=3599)),
    "bound of the DS": lambda: (DS_NOW, replace(DS_NOW, propagation=59)),
    "a dead DS left out": lambda: (DS_NOW, replace(DS_NOW, ds=frozenset({DsRef("k", 2)}))),
    "TTL of the delegation": lambda: (NS_NOW, replace(NS_NOW, ttl=1)),
    "TTL of the apex NS": lambda: (APEX_NOW, replace(APEX_NOW, ttl=1)),
    "signers of the apex": lambda: (APEX_NOW, replace(APEX_NOW, signers=frozenset("ab"))),
    "TTL of the keys": lambda: (KEYS_NOW, replace(KEYS_NOW, ttl=1)),
    "a key": lambda: (KEYS_NOW, replace(KEYS_NOW, keys=KS)),
    "a signature": lambda: (KEYS_NOW, replace(KEYS_NOW, signed_by=KS | ZS)),
    "the end of its signature": lambda: (KEYS_NOW, replace(KEYS_NOW, expires=None)),
    "a later end of signatures": lambda: (DATA_NOW, replace(DATA_NOW, expires=900001)),
    "TTL of the data": lambda: (DATA_NOW, replace(DATA_NOW, ttl=1)),
    "CDS that nobody polls": lambda: (CDS_NOW, replace(CDS_NOW, polled=False)),
    "a quicker parental agent": lambda: (CDS_NOW, replace(CDS_NOW, processing_max=499)),
    "another CDS": lambda: (CDS_NOW, replace(CDS_NOW, cds=None)),
    "an unknown start": lambda: (DATA_NOW, replace(DATA_NOW, unknown=True)),
}


@pytest.mark.parametrize("change", BRIGHTER.values(), ids=BRIGHTER.keys())
def test_a_brighter_start_is_found(change: Callable[[], tuple[Version, Version]]) -> None:
    old, new = change()
    assert len(flaws(tuple(new if version is old else version for version in NOW))) == 1


@pytest.mark.parametrize("version", NOW)
def test_a_slot_left_out_is_found(version: Version) -> None:
    (found,) = flaws(tuple(other for other in NOW if other is not version))
    assert found.endswith("was observed, and is left out of the timeline")


def test_a_slot_that_nobody_observed_is_found() -> None:
    (found,) = flaws((*NOW, replace(DATA_NOW, signer="b")))
    assert found == "data at b stands in the timeline, and nothing of it was observed"


def test_other_key_material_is_found() -> None:
    observed = replace(OBSERVED, keys={**OBSERVED.keys, "k": replace(K, public_key=b"x")})
    assert flaws(NOW, observed) == ["k is another key or DS than the one observed"]


@pytest.mark.parametrize(
    "version",
    [replace(LATER, ttl=3599), replace(LATER, propagation=59), replace(UNSIGNED, ttl=299)],
)
def test_what_a_step_publishes_is_not_shorter_lived_than_what_stood_there(version: Version) -> None:
    assert len(flaws((*NOW, version))) == 1


def slow(negative_ttl: int) -> ObservedZone:
    """A signer that takes a day to sign everything anew."""
    facts = replace(OBSERVED.signers["a"], signing_delay=86400, negative_ttl=negative_ttl)
    return replace(OBSERVED, signers={"a": facts})


def test_signatures_are_replaced_no_sooner_than_the_signer_replaces_them() -> None:
    start = (*NOW[:4], replace(DATA_NOW, propagation=86405), CDS_NOW)
    quick = replace(DATA_NOW, step="s1", at=0, expires=None, propagation=86404)
    assert len(flaws((*start, quick), slow(300))) == 1
    assert flaws((*start, replace(quick, propagation=86405)), slow(300)) == []


def test_data_is_kept_as_long_as_the_word_that_a_name_does_not_exist() -> None:
    start = replace(DATA_NOW, propagation=86405, ttl=90000)
    assert flaws((*NOW[:4], start, CDS_NOW), slow(90000)) == []
    assert len(flaws((*NOW[:4], replace(start, ttl=89999), CDS_NOW), slow(90000))) == 1


def test_a_step_may_lower_a_ttl() -> None:
    lower = TtlSet(signer="a", rrset=RRsetKind.DNSKEY, ttl=60)
    step = Step(id="s1", moves=(lower,), actor="signer:a")
    assert flaws((*NOW, replace(KEYS_NOW, step="s1", ttl=60)), OBSERVED, step) == []
    assert len(flaws((*NOW, replace(KEYS_NOW, step="s1", ttl=59)), OBSERVED, step)) == 1


BEFORE = DnskeyVersion(at=-9000, signer="a", keys=KS, signed_by=KS, ttl=7200, propagation=5)
SINCE = replace(KEYS_NOW, at=-100)


def unsettled(*history: Version) -> ObservedZone:
    others = [replace(v, at=-(10**6)) for v in NOW if v is not KEYS_NOW]
    return replace(OBSERVED, settled=False, history=(*others, *history))


def without(*gone: Version) -> tuple[Version, ...]:
    return tuple(version for version in NOW if version not in gone)


def test_what_caches_may_still_hold_is_told() -> None:
    told = (*without(KEYS_NOW), replace(BEFORE, at=None), SINCE)
    assert flaws(told, unsettled(BEFORE, SINCE)) == []
    (found,) = flaws(NOW, unsettled(BEFORE, SINCE))
    assert found.startswith("caches may hold DNSKEY {k} at a signed by {k}")


def test_what_was_replaced_is_served_for_as_long_as_observed() -> None:
    slow = replace(BEFORE, at=-300), replace(BEFORE, at=-200, keys=KS | ZS, propagation=60), SINCE
    past = replace(slow[0], at=None), slow[1], SINCE
    assert flaws((*without(KEYS_NOW), *past), unsettled(*slow)) == []
    sooner = past[0], replace(past[1], propagation=59), SINCE
    (found,) = flaws((*without(KEYS_NOW), *sooner), unsettled(*slow))
    assert found.startswith("caches may hold DNSKEY {k} at a signed by {k}")


def test_a_wildcard_stands_for_what_was_there() -> None:
    wild = replace(BEFORE, at=None, keys=frozenset(), signed_by=frozenset(), unknown=True)
    assert flaws((*without(KEYS_NOW), wild, SINCE), unsettled(BEFORE, SINCE)) == []


def test_what_left_every_cache_need_not_be_told() -> None:
    assert flaws(NOW, unsettled(BEFORE, replace(KEYS_NOW, at=-7205))) == []
    assert len(flaws(NOW, unsettled(BEFORE, replace(KEYS_NOW, at=-7204)))) == 1


def test_a_version_that_ends_too_soon_is_no_memory_of_it() -> None:
    told = (*without(KEYS_NOW), replace(BEFORE, at=None), replace(SINCE, at=-101))
    assert len(flaws(told, unsettled(BEFORE, SINCE))) == 1


def test_an_unknown_past_is_not_taken_as_settled() -> None:
    (found,) = flaws(NOW, unsettled())
    assert found == "nothing is known of DNSKEY at a before, and the timeline takes it as settled"
    wild = replace(KEYS_NOW, unknown=True)
    assert flaws((*without(KEYS_NOW), wild, replace(KEYS_NOW, at=0)), unsettled()) == []
    short = replace(wild, ttl=7199)
    assert len(flaws((*without(KEYS_NOW), short, replace(KEYS_NOW, at=0)), unsettled())) == 1


GONE = replace(CDS_NOW, cds="delete", at=-900, ttl=300)
SILENT = replace(CDS_NOW, cds=None)


def silent(since: int) -> ObservedZone:
    """A zone whose CDS set that asks for no DS was withdrawn `-since` seconds ago."""
    facts = replace(OBSERVED.signers["a"], cds=None)
    unknown = replace(OBSERVED, signers={"a": facts}, settled=False)
    history = (*(replace(v, at=-90000) for v in NOW[:5]), GONE, replace(SILENT, at=since))
    return replace(unknown, history=history)


def test_what_a_withdrawn_cds_set_told_the_parent_is_not_forgotten() -> None:
    """Seen until 305 s after it was replaced, acted upon 500 s later."""
    assert len(flaws(NOW[:5], silent(-804))) == 1
    assert len(flaws((*NOW[:5], SILENT), silent(-804))) == 1
    told = (replace(GONE, at=None), replace(SILENT, at=-804))
    assert flaws((*NOW[:5], *told), silent(-804)) == []
    assert flaws(NOW[:5], silent(-805)) == []
