"""When a snapshot shows what a step publishes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from reconciler.audit.shown import not_shown
from reconciler.model.entries import Json
from reconciler.model.keys import DsRef, Key
from reconciler.model.plan import Status, ZonePlan
from reconciler.model.timeline import DnskeyVersion, DsVersion, Timeline, Version
from reconciler.spec.timeline_file import version_json

OLD, NEW = "257 3 13 AAAA", "257 3 13 BBBB"
ZSK, OTHER_ZSK = "256 3 13 AAAA", "256 3 13 BBBB"
NOBODY: Mapping[str, str] = {}


def plan(version: Version) -> ZonePlan:
    keys = {
        "ksk": Key(label="ksk", algorithm=13, flags=257, public_key=b"\0\0\0"),
        "zsk": Key(label="zsk", algorithm=13, flags=256, public_key=b"\0\0\0"),
        "ksk@13/2": Key(label="ksk@13/2", algorithm=13, flags=257),
        "zsk@13/2": Key(label="zsk@13/2", algorithm=13, flags=256),
    }
    timeline = Timeline(
        profiles=(), assumptions=(), insecure_allowed=False, keys=keys, versions=(version,)
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return ZonePlan(zone="x.", status=Status.PLANNED, at=at, timeline=timeline)


def dnskey(*keys: str, step: str | None = None) -> DnskeyVersion:
    found = frozenset(keys)
    return DnskeyVersion(step=step, ttl=1, propagation=0, signer="a", keys=found, signed_by=found)


@pytest.mark.parametrize(
    ("wanted", "shown", "created", "fits"),
    [
        (["ksk"], [OLD], NOBODY, True),
        (["ksk"], [NEW], NOBODY, False),
        (["ksk"], [], NOBODY, False),
        (["ksk"], [OLD, NEW], NOBODY, False),
        (["ksk", "ksk@13/2"], [OLD, NEW], {"ksk@13/2": NEW}, True),
        (["ksk", "ksk@13/2"], [OLD, NEW], {"ksk@13/2": "257 3 13 CCCC"}, False),
        (["ksk", "ksk@13/2"], [OLD, NEW], NOBODY, True),
        (["ksk", "ksk@13/2"], [OLD], NOBODY, False),
        (["ksk", "zsk"], [OLD, OTHER_ZSK], NOBODY, True),
        (["ksk", "zsk"], [OLD], NOBODY, False),
        (["ksk", "zsk@13/2"], [OLD, OTHER_ZSK], NOBODY, True),
        (["ksk", "zsk@13/2"], [OLD], NOBODY, False),
        (["ksk"], [OLD, ZSK], NOBODY, False),
    ],
)
def test_keys_are_compared_by_what_they_are(
    wanted: list[str], shown: list[str], created: Mapping[str, str], *, fits: bool
) -> None:
    seen: list[Json] = [version_json(dnskey(*shown))]
    lacking = list(not_shown(plan(dnskey(*wanted, step="s1")), "s1", seen, created))
    assert lacking == ([] if fits else ["DNSKEY at a"])


def test_a_delegation_is_compared_exactly() -> None:
    wanted = DsVersion(step="s1", ttl=1, propagation=0, ds=frozenset({DsRef("ksk", 2)}))
    for key, digest_type, fits in ((OLD, 2, True), (OLD, 4, False), (NEW, 2, False)):
        shown = DsVersion(ttl=9, propagation=0, ds=frozenset({DsRef(key, digest_type)}))
        lacking = list(not_shown(plan(wanted), "s1", [version_json(shown)], NOBODY))
        assert lacking == ([] if fits else ["DS at the parent"])
    assert list(not_shown(plan(wanted), "s2", [], NOBODY)) == []
    assert list(not_shown(None, "s1", [], NOBODY)) == []
