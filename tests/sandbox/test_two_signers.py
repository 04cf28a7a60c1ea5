"""A zone at two signers (RFC 8901): each with its own keys, each publishing the other's ZSK."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from reconciler.model.keys import DsRef
from reconciler.model.moves import DnskeyAdd, DsReplace, ZoneSign
from reconciler.sandbox.layout import ServerLayout, WorldLayout, example_layout
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.sandbox.worlds import DAY, SHOP, TLD, Client

ZONE = "shop.example."
SECOND = "192.0.2.11"


def layout() -> WorldLayout:
    base = example_layout()
    server = ServerLayout(name="ns1.b.example.", address=SECOND)
    other = replace(base.signers[0], name="b", servers=(server,))
    shop = replace(base.zones[0], signers=("a", "b"))
    return replace(base, signers=(*base.signers, other), zones=(shop, *base.zones[1:]))


def test_either_signer_validates_with_the_keys_of_both(make_world: Callable[..., World]) -> None:
    world = make_world(layout())
    pair = frozenset({"ksk@13/1", "zsk@13/1"})
    created = {
        name: signer(world, name).apply(ZONE, ZoneSign(signer=name, keys=pair), {}, "1").created
        for name in ("a", "b")
    }
    for own, other in (("a", "b"), ("b", "a")):
        keys = {"their-zsk": created[other]["zsk@13/1"]}
        move = DnskeyAdd(signer=own, key="their-zsk", sign=False)
        signer(world, own).apply(ZONE, move, keys, "2")
    refs = {f"ksk-{name}": keys["ksk@13/1"] for name, keys in created.items()}
    ds = frozenset(DsRef(label, 2) for label in refs)
    parent(world, "registrar").apply(ZONE, DsReplace(ds=ds), refs, "3")
    world.leap_to(world.now() + DAY)
    client = Client(world)
    assert len(client.ask(TLD, ZONE, "DS").answer[0]) == 2
    for address in (SHOP, SECOND):
        client.secure(address, ZONE, ZONE, "SOA")
        names = {rdata.to_text() for rdata in client.secure(address, ZONE, ZONE, "NS").answer[0]}
        assert names == {"ns1.a.example.", "ns2.a.example.", "ns1.b.example."}
        assert len(client.keys(address, ZONE)[1]) == 3
    claims = {name: signer(world, name).observe(ZONE) for name in ("a", "b")}
    assert claims["a"].content_digest == claims["b"].content_digest
    assert claims["b"].nameservers == {"ns1.b.example."}
    roles = {instance.role for instance in world.instances(ZONE)}
    assert roles == {"parent", "a", "b"}


def test_keys_of_two_signers_never_share_algorithm_and_tag(
    make_world: Callable[..., World],
) -> None:
    world = make_world(layout())
    pair = frozenset({"ksk@13/1", "zsk@13/1"})
    for name in ("a", "b"):
        signer(world, name).apply(ZONE, ZoneSign(signer=name, keys=pair), {}, "1")
    tags = [key.tag for name in ("a", "b") for key in signer(world, name).observe(ZONE).keys]
    assert len(set(tags)) == 4
