"""A DS is submitted only for a key that is in every cached DNSKEY RRset of its signer (I6)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.keys import DsRef, Key, UnmatchedDs
from reconciler.model.moves import DnskeyAdd
from reconciler.model.plan import Need, Step
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Timeline,
    Version,
)
from reconciler.proof import unready_ds

HOUR = 3600
A, B = frozenset("a"), frozenset("b")


def ds(*labels: str) -> frozenset[DsRef]:
    return frozenset(DsRef(label, 2) for label in labels)


def dnskey(*labels: str, signer: str = "a", step: str | None = None) -> DnskeyVersion:
    return DnskeyVersion(
        signer=signer,
        step=step,
        ttl=2 * HOUR,
        propagation=HOUR,
        keys=frozenset(labels),
        signed_by=frozenset(labels),
    )


NS = NsVersion(signers=A, ttl=HOUR, propagation=HOUR)
DATA = DataVersion(signer="a", ttl=HOUR, propagation=HOUR, signed_by=frozenset("k"))
START = DsVersion(ds=ds("k"), ttl=HOUR, propagation=HOUR)
NEXT = replace(START, ds=ds("k", "n"), step="s2")


def timeline(*versions: Version) -> Timeline:
    return Timeline(
        profiles=("loose",),
        assumptions=(),
        insecure_allowed=False,
        keys={
            "k": Key(label="k", algorithm=13, flags=257, home="a"),
            "n": Key(label="n", algorithm=13, flags=257, home="a"),
            "b": Key(label="b", algorithm=13, flags=257, home="b"),
            "r": Key(label="r", algorithm=13, flags=385, home="a"),
            "x": UnmatchedDs(label="x", algorithm=13),
        },
        versions=(
            NS,
            NsVersion(signer="a", signers=A, ttl=HOUR, propagation=HOUR),
            DATA,
            *versions,
        ),
    )


def steps(wait: int) -> tuple[Step, ...]:
    add = DnskeyAdd(signer="a", key="n", sign=True)
    first = Step(id="s1", moves=(add,), actor="signer:a")
    return first, Step(id="s2", moves=(), actor="parent", needs=(Need(step="s1", wait_min=wait),))


ROLL = (START, NEXT, dnskey("k"), dnskey("k", "n", step="s1"))
LAST = (
    "s2 submits the DS of n when some cache may hold"
    " DNSKEY {k} at a signed by {k} (from before), without that key (I6)"
)


def test_a_key_in_every_cache_is_ready() -> None:
    assert list(unready_ds(steps(3 * HOUR), timeline(*ROLL), delegated=True)) == []


def test_one_second_less_and_a_cache_may_lack_the_key() -> None:
    assert list(unready_ds(steps(3 * HOUR - 1), timeline(*ROLL), delegated=False)) == [LAST]


def test_a_key_that_is_withdrawn_meanwhile_is_not_ready() -> None:
    third = Step(id="s3", moves=(), actor="signer:a", needs=(Need(step="s1", wait_min=0),))
    versions = (*ROLL, dnskey("k", step="s3"))
    (found,) = unready_ds((*steps(3 * HOUR), third), timeline(*versions), delegated=False)
    assert "(since s3)" in found


def test_a_ds_that_stands_is_not_submitted() -> None:
    standing = replace(START, ds=ds("k", "x"))
    kept = replace(standing, step="s2")
    assert list(unready_ds(steps(0), timeline(standing, kept, *ROLL[2:]), delegated=True)) == []


@pytest.mark.parametrize("label", ["x", "r"])
def test_no_ds_is_submitted_for_what_no_validator_may_use(label: str) -> None:
    new = replace(START, ds=ds("k", label), step="s2")
    keys = (dnskey("k", "r"), dnskey("k", "n", "r", step="s1"))
    (found,) = unready_ds(steps(3 * HOUR), timeline(START, new, *keys), delegated=False)
    assert found == f"s2 submits the DS of {label}, which is no key that a validator may use (I6)"


def test_a_cds_set_that_is_polled_submits_as_well() -> None:
    cds = CdsVersion(
        signer="a", cds=ds("k"), ttl=HOUR, propagation=HOUR, polled=True, processing_max=HOUR
    )
    told = replace(cds, cds=ds("k", "n"), step="s2")
    versions = (START, *ROLL[2:], cds, told)
    (found,) = unready_ds(steps(0), timeline(*versions), delegated=False)
    assert found.startswith("s2 submits by CDS the DS of n")
    unread = (START, *ROLL[2:], replace(cds, polled=False), replace(told, polled=False))
    assert list(unready_ds(steps(0), timeline(*unread), delegated=False)) == []


def test_a_parent_that_checks_wants_the_key_at_a_server_that_it_delegates_to() -> None:
    joining = replace(START, ds=ds("k", "b"), step="s2")
    versions = (START, joining, *ROLL[2:], dnskey("b", signer="b"))
    assert list(unready_ds(steps(0), timeline(*versions), delegated=False)) == []
    (found,) = unready_ds(steps(0), timeline(*versions), delegated=True)
    assert "which the parent checks at the servers of NS {a} at the parent" in found


def test_a_key_that_is_served_and_delegated_to_passes_the_check() -> None:
    assert list(unready_ds(steps(3 * HOUR), timeline(*ROLL), delegated=True)) == []
    found = list(unready_ds(steps(0), timeline(*ROLL), delegated=True))
    assert len(found) == 2
