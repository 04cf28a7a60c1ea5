"""What a signer is told of TTLs and denial counts once every one of its servers shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.execute.readback import reader
from reconciler.execute.readback_moves import nowhere, untold
from reconciler.model.desired import Denial, DenialKind
from reconciler.model.keys import Key
from reconciler.model.moves import DenialSet, DnskeyRemove, TtlSet
from reconciler.model.observed import ObservedZone
from reconciler.model.sightings import ChildSighting, Observation
from reconciler.model.timeline import NsVersion, RRsetKind
from tests.planning.conftest import Builders

AT = datetime(2026, 1, 1, tzinfo=UTC)
SHOWN = ChildSighting(
    server="ns1.a.example.",
    address="192.0.2.1",
    signer="a",
    at=AT,
    ns=frozenset({"ns1.a.example."}),
    denial="nsec3",
    dnskey_ttl=300,
    data_ttl=600,
    ns_ttl=600,
)
LATE = replace(
    SHOWN, server="ns2.a.example.", denial="nsec", dnskey_ttl=3600, data_ttl=86400, ns_ttl=86400
)
ELSEWHERE = replace(LATE, server="ns1.b.example.", signer="b", ns=frozenset({"ns1.b.example."}))
MOVES = (
    DenialSet(signer="a", denial=Denial(kind=DenialKind.NSEC3)),
    TtlSet(signer="a", rrset=RRsetKind.DNSKEY, ttl=300),
    TtlSet(signer="a", rrset=RRsetKind.NS, ttl=600),
    TtlSet(signer="a", rrset=RRsetKind.DATA, ttl=900),
)


def seen(*children: ChildSighting, zone: ObservedZone | None = None) -> Observation:
    return Observation(zone=zone, parent=(), children=children)


@pytest.mark.parametrize("move", MOVES)
def test_a_server_that_does_not_show_it_lags(move: DenialSet | TtlSet) -> None:
    assert untold(seen(SHOWN, ELSEWHERE), [move]) == ()
    (lag,) = untold(seen(SHOWN, LATE, ELSEWHERE), [move])
    assert lag.server == "ns2.a.example."
    assert lag.shows
    assert not lag.silent


@pytest.mark.parametrize("move", MOVES)
def test_it_is_nowhere_until_some_server_of_the_signer_shows_it(move: DenialSet | TtlSet) -> None:
    assert nowhere(seen(LATE, replace(SHOWN, signer="b")), [move])
    assert not nowhere(seen(LATE, SHOWN), [move])


def test_a_silent_server_is_missing_evidence() -> None:
    (lag,) = untold(seen(SHOWN, replace(SHOWN, error="timed out")), [MOVES[0]])
    assert lag.silent


def test_other_moves_are_read_back_by_the_versions_they_publish() -> None:
    other = DnskeyRemove(signer="a", key="k")
    assert untold(seen(LATE), [other]) == ()
    assert not nowhere(seen(LATE), [other])


def test_an_ns_set_counts_once_every_server_names_exactly_its_signers() -> None:
    observed = Builders().signed()
    both = frozenset({"ns1.a.example.", "ns1.b.example."})
    told, other = replace(SHOWN, ns=both), replace(ELSEWHERE, ns=both)
    keys: dict[str, Key] = {}
    version = NsVersion(signer="a", ttl=600, propagation=0, signers=frozenset("ab"))
    assert reader(seen(told, other, zone=observed), keys).laggards([version]) == ()
    (lag,) = reader(seen(SHOWN, other, zone=observed), keys).laggards([version])
    assert "ns1.a.example." in lag.shows
    (lag,) = reader(seen(told, zone=observed), keys).laggards([version])
    assert lag.server == "ns1.a.example.", "a name that nobody knows is no signer of the zone"
