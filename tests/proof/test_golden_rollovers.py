"""Golden timelines of one signer: each wait as it stands is proved, one second less is refuted."""

from dataclasses import dataclass, replace

import pytest

from reconciler.model.keys import DsRef
from reconciler.model.moves import (
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySign,
    DsAdd,
    DsRemove,
    DsReplace,
    Move,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.model.plan import Need, Proved, Refuted, Step
from reconciler.model.timeline import Timeline
from reconciler.proof import prove
from tests.proof.conftest import World, hours, keys, minutes, refs, step


def add(key: str, *, sign: bool = False) -> DnskeyAdd:
    return DnskeyAdd(signer="a", key=key, sign=sign)


def remove(key: str) -> DnskeyRemove:
    return DnskeyRemove(signer="a", key=key)


def sign_with(*labels: str) -> DataSign:
    return DataSign(signer="a", keys=frozenset(labels))


def krrsig(*labels: str) -> DnskeySign:
    return DnskeySign(signer="a", keys=frozenset(labels))


def ds(*names: str) -> DsReplace:
    return DsReplace(ds=refs(*names))


@dataclass(frozen=True)
class Golden:
    """Steps and timeline; `loose` waits are those that need not be tight."""

    steps: tuple[Step, ...]
    timeline: Timeline
    loose: frozenset[tuple[str, str | None]] = frozenset()


def zsk_pre_publication() -> Golden:
    """T1: min 2 h and 193 h."""
    w = World(
        keys=keys("k1 z1 z2"), dnskey_ttl=3600, data_ttl=hours(24), child=3600, signing=hours(168)
    )
    timeline = w.timeline(
        w.ds(None, "k1"),
        w.dnskey(None, "k1 z1", "k1"),
        w.dnskey("s1", "k1 z1 z2", "k1"),
        w.dnskey("s3", "k1 z2", "k1"),
        w.data(None, "z1"),
        w.data("s2", "z2"),
        profiles=("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035"),
    )
    steps = (
        step("s1", {}, add("z2")),
        step("s2", {"s1": hours(2)}, sign_with("z2")),
        step("s3", {"s2": hours(193)}, remove("z1")),
    )
    return Golden(steps, timeline)


def ksk_double_signature() -> Golden:
    """T2: min 3 h and 2 h."""
    w = World(keys=keys("k1 z1 k2"), dnskey_ttl=hours(2), child=hours(1), ds_ttl=hours(1))
    timeline = w.timeline(
        w.ds(None, "k1"),
        w.ds("s2", "k2"),
        w.dnskey(None, "k1 z1", "k1"),
        w.dnskey("s1", "k1 z1 k2", "k1 k2"),
        w.dnskey("s3", "z1 k2", "k2"),
        w.data(None, "z1"),
        profiles=("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035"),
    )
    steps = (
        step("s1", {}, add("k2", sign=True)),
        step("s2", {"s1": hours(3)}, ds("k2")),
        step("s3", {"s2": hours(2)}, remove("k1")),
    )
    return Golden(steps, timeline)


GOLDEN = {
    "T1 ZSK pre-publication": zsk_pre_publication,
    "T2 KSK double-signature": ksk_double_signature,
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_timeline_is_proved_with_every_wait_tight(name: str) -> None:
    golden = GOLDEN[name]()
    verdict = prove(golden.steps, golden.timeline)
    assert isinstance(verdict, Proved), verdict
    assert {(s.step, s.need) for s in verdict.slack if s.seconds} == golden.loose


def cut(steps: tuple[Step, ...], at: str, need: Need) -> tuple[Step, ...]:
    """Take one second off one wait."""
    shorter = replace(need, wait_min=need.wait_min - 1)
    return tuple(
        replace(s, needs=tuple(shorter if s.id == at and n == need else n for n in s.needs))
        for s in steps
    )


@pytest.mark.parametrize("name", GOLDEN)
def test_one_second_less_of_any_wait_is_refuted(name: str) -> None:
    golden = GOLDEN[name]()
    for s in golden.steps:
        for need in s.needs:
            if (s.id, need.step) not in golden.loose:
                verdict = prove(cut(golden.steps, s.id, need), golden.timeline)
                assert isinstance(verdict, Refuted), (s.id, need)
                assert verdict.ends == verdict.begins + 1
