"""TTLs and denial of existence, as a signer is told to serve them."""

from __future__ import annotations

import dns.rdatatype
import pytest

from reconciler.diagnostics import AdapterError
from reconciler.model.desired import Denial, DenialKind
from reconciler.model.moves import DenialSet, SignerMove, TtlSet
from reconciler.model.timeline import RRsetKind
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.sandbox.worlds import SHOP, Client, sign

ZONE = "shop.example."
NSEC3 = Denial(kind=DenialKind.NSEC3, salt=b"\xab", iterations=1)


@pytest.fixture
def signed(world: World) -> World:
    sign(world, ZONE, "ksk@13/1", "zsk@13/1")
    return world


def make(world: World, move: SignerMove) -> None:
    signer(world, "a").apply(ZONE, move, {}, repr(move))


def ttl(world: World, name: str, rdtype: str) -> int:
    return int(Client(world).ask(SHOP, name, rdtype).answer[0].ttl)


def denying(world: World) -> set[str]:
    """Return the types that prove that a name does not exist, each with a right signature."""
    answer = Client(world).secure(SHOP, ZONE, f"nobody.{ZONE}", "A")
    found = {dns.rdatatype.to_text(rrset.rdtype) for rrset in answer.authority}
    return found & {"NSEC", "NSEC3"}


def test_denial_changes_both_ways_and_validates(signed: World) -> None:
    assert denying(signed) == {"NSEC"}
    make(signed, DenialSet(signer="a", denial=NSEC3))
    assert denying(signed) == {"NSEC3"}
    (parameters,) = Client(signed).secure(SHOP, ZONE, ZONE, "NSEC3PARAM").answer[0]
    assert parameters.to_text() == "1 0 1 ab"
    make(signed, DenialSet(signer="a", denial=Denial()))
    assert denying(signed) == {"NSEC"}


@pytest.mark.parametrize(
    "denial", [Denial(kind=DenialKind.COMPACT), Denial(kind=DenialKind.NSEC3, opt_out=True)]
)
def test_denial_that_is_not_offered_is_refused(signed: World, denial: Denial) -> None:
    with pytest.raises(AdapterError):
        make(signed, DenialSet(signer="a", denial=denial))
    assert denying(signed) == {"NSEC"}


def test_the_ttl_of_the_dnskey_rrset_is_its_own(signed: World) -> None:
    make(signed, TtlSet(signer="a", rrset=RRsetKind.DNSKEY, ttl=120))
    assert ttl(signed, ZONE, "DNSKEY") == 120
    assert ttl(signed, ZONE, "NS") == 86400
    Client(signed).keys(SHOP, ZONE)


def test_the_ttl_of_data_is_a_ceiling_and_can_be_lifted(signed: World) -> None:
    assert signer(signed, "a").observe(ZONE).max_zone_ttl == 86400
    make(signed, TtlSet(signer="a", rrset=RRsetKind.DATA, ttl=600))
    assert ttl(signed, ZONE, "TXT") == 600
    assert ttl(signed, f"web.{ZONE}", "CNAME") == 300
    assert ttl(signed, ZONE, "NS") == 600
    assert ttl(signed, ZONE, "DNSKEY") == 3600, "a slot of its own"
    Client(signed).secure(SHOP, ZONE, ZONE, "TXT")
    make(signed, TtlSet(signer="a", rrset=RRsetKind.DATA, ttl=86400))
    assert ttl(signed, ZONE, "TXT") == 86400


def test_a_claim_follows_the_ttls_that_are_served(signed: World) -> None:
    make(signed, TtlSet(signer="a", rrset=RRsetKind.DATA, ttl=600))
    assert signer(signed, "a").observe(ZONE).max_zone_ttl == 3600, "that of the DNSKEY RRset"
    make(signed, TtlSet(signer="a", rrset=RRsetKind.DNSKEY, ttl=300))
    assert signer(signed, "a").observe(ZONE).max_zone_ttl == 600


@pytest.mark.parametrize("kind", [RRsetKind.DS, RRsetKind.CDS])
def test_ttls_that_are_not_the_signers_own_are_refused(signed: World, kind: RRsetKind) -> None:
    with pytest.raises(AdapterError):
        make(signed, TtlSet(signer="a", rrset=kind, ttl=60))
