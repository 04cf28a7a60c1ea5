"""Who serves a zone: the parent's NS RRset, and that of each signer's apex, move by move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import dns.flags
import dns.rdatatype
import pytest

from reconciler.diagnostics import AdapterError
from reconciler.model.capabilities import PARENT_KINDS
from reconciler.model.moves import ApexNsSet, NsSet
from reconciler.sandbox.layout import (
    ServerLayout,
    SignerLayout,
    SignerRecords,
    WorldLayout,
    example_layout,
)
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.sandbox.worlds import SHOP, START, TLD, Client

ZONE = "shop.example."
OTHER = "192.0.2.11"
LATE = "203.0.113.12"
A, B = frozenset("a"), frozenset("b")


def layout(*, parent_name: str = "registrar", **changes: object) -> WorldLayout:
    """`shop.example.` is served by `a` and `b`, and delegated to `a` alone."""
    base = example_layout()
    server = ServerLayout(name="ns1.b.example.", address=OTHER)
    other = SignerLayout(name="b", kind="sandbox-multi", servers=(server,), propagation_delay=0)
    shop = replace(
        base.zones[0],
        signers=("a", "b"),
        delegated=("a",),
        parent=parent_name,
        **changes,  # type: ignore[arg-type]
    )
    return replace(base, signers=(*base.signers, other), zones=(shop, *base.zones[1:]))


@pytest.fixture
def moving(make_world: Callable[..., World]) -> World:
    return make_world(layout())


def named(world: World, address: str) -> set[str]:
    """Return what a server says that serves the zone, in an answer or a referral."""
    answer = Client(world).ask(address, ZONE, "NS")
    section = answer.answer if answer.flags & dns.flags.AA else answer.authority
    return {r.to_text() for s in section if s.rdtype == dns.rdatatype.NS for r in s}


def test_only_those_delegated_to_are_named_at_first(moving: World) -> None:
    own = {"ns1.a.example.", "ns2.a.example."}
    assert named(moving, TLD) == own
    assert named(moving, SHOP) == own
    assert named(moving, OTHER) == {"ns1.b.example."}


def test_each_server_of_the_parent_follows_a_new_delegation_in_its_time(moving: World) -> None:
    parent(moving, "registrar").apply(ZONE, NsSet(signers=B), {}, "1")
    moving.leap_to(START + timedelta(seconds=600))
    assert named(moving, TLD) == {"ns1.b.example."}
    assert named(moving, LATE) == {"ns1.a.example.", "ns2.a.example."}
    moving.leap_to(START + timedelta(seconds=1200))
    assert named(moving, LATE) == {"ns1.b.example."}
    assert named(moving, SHOP) == {"ns1.a.example.", "ns2.a.example."}, "the apex is another's"


def test_an_apex_names_whom_it_is_told_to(moving: World) -> None:
    for name, address in (("a", SHOP), ("b", OTHER)):
        signer(moving, name).apply(ZONE, ApexNsSet(signer=name, signers=A | B), {}, "1")
        assert named(moving, address) == {"ns1.a.example.", "ns2.a.example.", "ns1.b.example."}


def test_a_person_is_told_which_servers_to_name(make_world: Callable[..., World]) -> None:
    world = make_world(layout(parent_name="by-hand"))
    told = parent(world, "by-hand").apply(ZONE, NsSet(signers=B), {}, "1").instructions
    assert told is not None
    assert told.endswith("shop.example. IN NS ns1.b.example.")
    world.act(ZONE)
    assert named(world, TLD) == {"ns1.b.example."}


@pytest.mark.parametrize("signers", [frozenset[str](), frozenset({"hosted"}), A | {"nobody"}])
def test_nobody_is_named_who_does_not_serve_the_zone(
    moving: World, signers: frozenset[str]
) -> None:
    before = moving.dump()
    with pytest.raises(AdapterError):
        parent(moving, "registrar").apply(ZONE, NsSet(signers=signers), {}, "1")
    with pytest.raises(AdapterError):
        signer(moving, "a").apply(ZONE, ApexNsSet(signer="a", signers=signers), {}, "1")
    assert moving.dump() == before


def test_a_hosted_signer_does_not_let_its_apex_be_changed(moving: World) -> None:
    move = ApexNsSet(signer="hosted", signers=frozenset({"hosted"}))
    with pytest.raises(AdapterError, match=r"does not offer apex_ns\.set"):
        signer(moving, "hosted").apply("blog.example.", move, {}, "1")


def test_delegations_can_be_changed_at_every_kind_of_parent_that_says_so(moving: World) -> None:
    assert {p.name for p in moving.layout.parents if PARENT_KINDS[p.kind].capabilities.sets_ns} == {
        "registrar",
        "by-hand",
    }


def test_signers_that_serve_other_records_say_so(make_world: Callable[..., World]) -> None:
    other = SignerRecords(signer="b", records=("www 60 A 192.0.2.99",))
    world = make_world(layout(differing=(other,)))
    client = Client(world)
    (shown,) = client.ask(OTHER, f"www.{ZONE}", "A", dnssec=False).answer[0]
    assert shown.to_text() == "192.0.2.99"
    digests = [signer(world, name).observe(ZONE).content_digest for name in ("a", "b")]
    assert digests[0] != digests[1]
