"""Virtual time: who sees a change when, signatures made anew, and hosted keys that roll."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import dns.message
import dns.rdatatype
import pytest

from reconciler.model.keys import DsRef
from reconciler.model.moves import DnskeyAdd, DsReplace, ZoneSign
from reconciler.sandbox.layout import example_layout
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.sandbox.worlds import DAY, HOSTED, SHOP, START, TLD, Client, sign

ZONE = "shop.example."
SECOND = timedelta(seconds=1)


def dnskeys(client: Client, address: str, zone: str = ZONE) -> int:
    answer = client.ask(address, zone, "DNSKEY", dnssec=False)
    return len(answer.answer[0]) if answer.answer else 0


@pytest.mark.parametrize(
    ("address", "lag"), [("192.0.2.1", 0), ("192.0.2.2", 60), ("192.0.2.3", 300)]
)
def test_each_server_follows_after_exactly_its_lag(
    world: World, client: Client, address: str, lag: int
) -> None:
    world.leap_to(START + DAY)
    move = ZoneSign(signer="a", keys=frozenset({"ksk@13/1", "zsk@13/1"}))
    signer(world, "a").apply(ZONE, move, {}, "1")
    if lag:
        world.leap_to(START + DAY + timedelta(seconds=lag) - SECOND)
        assert dnskeys(client, address) == 0
        world.leap_to(START + DAY + timedelta(seconds=lag))
    assert dnskeys(client, address) == 2


def test_a_change_at_the_very_start_is_not_seen_early(world: World, client: Client) -> None:
    signer(world, "a").apply(ZONE, ZoneSign(signer="a", keys=frozenset({"csk@13/1"})), {}, "1")
    assert dnskeys(client, "192.0.2.1") == 1
    assert dnskeys(client, "192.0.2.3") == 0


def test_a_registrar_publishes_after_its_delay_and_the_registry_follows(
    world: World, client: Client
) -> None:
    created = (
        signer(world, "a")
        .apply(ZONE, ZoneSign(signer="a", keys=frozenset({"csk@13/1"})), {}, "1")
        .created
    )
    registrar = parent(world, "registrar")
    registrar.apply(ZONE, DsReplace(ds=frozenset({DsRef("csk@13/1", 2)})), created, "2")

    def seen(address: str) -> bool:
        return bool(client.ask(address, ZONE, "DS").answer)

    assert not seen(TLD)
    world.leap_to(START + timedelta(seconds=600) - SECOND)
    assert not seen(TLD)
    world.leap_to(START + timedelta(seconds=600))
    assert seen(TLD)
    assert not seen("203.0.113.12")
    assert not seen("203.0.113.13")
    world.leap_to(START + timedelta(seconds=4200))
    assert seen("203.0.113.12")
    assert seen("203.0.113.13")


def test_people_at_a_manual_parent_take_their_time_unless_told_to_act(
    world: World, client: Client
) -> None:
    zone = "bank.example."
    created = (
        signer(world, "a")
        .apply(zone, ZoneSign(signer="a", keys=frozenset({"csk@13/1"})), {}, "1")
        .created
    )
    manual = parent(world, "by-hand")
    manual.apply(zone, DsReplace(ds=frozenset({DsRef("csk@13/1", 2)})), created, "2")
    world.leap_to(START + timedelta(seconds=172799))
    assert not client.ask(TLD, zone, "DS").answer
    world.leap_to(START + timedelta(seconds=172800))
    assert client.ask(TLD, zone, "DS").answer
    manual.apply(zone, DsReplace(ds=frozenset()), created, "3")
    assert client.ask(TLD, zone, "DS").answer
    world.act(zone)
    assert not client.ask(TLD, zone, "DS").answer


def test_every_zone_stays_secure_over_two_months_on_every_server(world: World) -> None:
    sign(world, ZONE, "ksk@13/1", "zsk@13/1")
    client = Client(world)
    shop = [i.address for i in world.instances(ZONE) if i.role == "a"]
    ends = set()
    while (stop := world.next_change(world.now())) and stop < START + 60 * DAY:
        world.leap_to(stop)
        for address in shop:
            answer = client.secure(address, ZONE, "nope.shop.example.", "A")
            rrsig = next(r for r in answer.authority if r.rdtype == dns.rdatatype.RRSIG)[0]
            ends.add(rrsig.expiration)
            left = datetime.fromtimestamp(rrsig.expiration, world.now().tzinfo) - world.now()
            assert left > timedelta(seconds=432000 - 300), "signatures are refreshed in time"
            assert rrsig.expiration - rrsig.inception == 1209600
            assert rrsig.inception < world.now().timestamp()
        client.secure(TLD, "example.", ZONE, "DS")
    assert len(ends) == 7


def test_serials_grow_with_each_change_and_each_refresh(world: World, client: Client) -> None:
    seen = [client.serial(SHOP, ZONE)]
    for index in range(1, 4):
        move = DnskeyAdd(signer="a", key=f"zsk@13/{index}", sign=False)
        signer(world, "a").apply(ZONE, move, {}, f"{index}")
        seen.append(client.serial(SHOP, ZONE))
    sign(world, "legacy.example.", "ksk@8/1", "zsk@8/1")
    above = client.serial(TLD, "example.")
    world.leap_to(START + 10 * DAY)
    seen.append(client.serial(SHOP, ZONE))
    assert seen == sorted(set(seen))
    assert client.serial(TLD, "example.") > above


def test_no_answer_changes_between_the_announced_instants(world: World) -> None:
    sign(world, ZONE, "ksk@13/1", "zsk@13/1")
    hosted = ZoneSign(signer="hosted", keys=frozenset({"ksk@13/1", "zsk@13/1"}))
    signer(world, "hosted").apply("blog.example.", hosted, {}, "1")
    addresses = [i.address for zone in (ZONE, "blog.example.") for i in world.instances(zone)]

    def look() -> list[bytes | None]:
        questions = [
            dns.message.make_query(name, rdtype, want_dnssec=True, id=1).to_wire()
            for name in (ZONE, "blog.example.")
            for rdtype in ("SOA", "DNSKEY", "DS")
        ]
        return [world.respond(a, q) for a in addresses for q in questions]

    for _ in range(15):
        before, stop = look(), world.next_change(world.now())
        assert stop is not None
        halfway = world.now() + (stop - world.now()) / 2
        world.leap_to(max(halfway - SECOND, world.now()))
        assert look() == before
        world.leap_to(stop - SECOND)
        assert look() == before
        world.leap_to(stop)


def test_those_who_listen_are_called_at_every_change(world: World) -> None:
    seen: list[datetime] = []
    sign(world, ZONE, "ksk@13/1", "zsk@13/1")
    world.on_change(seen.append)
    begin = world.now()
    signer(world, "a").apply(ZONE, DnskeyAdd(signer="a", key="zsk@13/2", sign=False), {}, "1")
    world.leap_to(begin + DAY)
    offsets = [int((instant - begin).total_seconds()) for instant in seen]
    assert offsets == [0, 60, 300, 86400]


def test_time_never_goes_back_and_ticks_in_seconds(world: World) -> None:
    world.leap_to(START + timedelta(seconds=1.5))
    assert world.now() == START + timedelta(seconds=2)
    with pytest.raises(ValueError, match="time cannot go back"):
        world.leap_to(START)


def test_a_hosted_signer_rolls_its_zsk_and_stays_secure(
    make_world: Callable[..., World],
) -> None:
    layout = example_layout()
    hosted = replace(layout.signers[1], zsk_period=10 * 86400)
    world = make_world(replace(layout, signers=(layout.signers[0], hosted)))
    zone = "blog.example."
    sign(world, zone, "ksk@13/1", "zsk@13/1")
    client, tags, counts = Client(world), set(), set()
    while (stop := world.next_change(world.now())) and stop < START + 45 * DAY:
        world.leap_to(stop)
        for address in (HOSTED, "198.51.100.2"):
            answer = client.secure(address, zone, zone, "SOA")
            tags.add(answer.answer[1][0].key_tag)
            counts.add(dnskeys(client, address, zone))
    assert len(tags) == 5
    assert counts == {2, 3}
    labels = [key.label for key in signer(world, "hosted").observe(zone).keys]
    assert labels == ["ksk@13/1", *(f"zsk@13/{number}" for number in range(1, 6))]


def test_a_hosted_signer_publishes_and_withdraws_with_the_waits_of_rfc_7583(
    make_world: Callable[..., World],
) -> None:
    layout = example_layout()
    hosted = replace(layout.signers[1], zsk_period=10 * 86400)
    world = make_world(replace(layout, signers=(layout.signers[0], hosted)))
    keys = frozenset({"ksk@13/1", "zsk@13/1"})
    signer(world, "hosted").apply("blog.example.", ZoneSign(signer="hosted", keys=keys), {}, "1")
    client = Client(world)
    activation = START + 10 * DAY
    published = activation - timedelta(seconds=3600 + 300 + 3600)
    withdrawn = activation + timedelta(seconds=86400 + 300 + 3600)
    for instant, count in ((published, 3), (withdrawn, 2)):
        world.leap_to(instant - SECOND)
        assert dnskeys(client, HOSTED, "blog.example.") == 5 - count
        world.leap_to(instant)
        assert dnskeys(client, HOSTED, "blog.example.") == count


def test_a_leap_over_many_events_leads_where_small_leaps_lead(
    make_world: Callable[..., World],
) -> None:
    worlds = [make_world(name=name) for name in ("big", "small")]
    for world in worlds:
        keys = frozenset({"ksk@13/1", "zsk@13/1"})
        move = ZoneSign(signer="hosted", keys=keys)
        signer(world, "hosted").apply("blog.example.", move, {}, "1")
    worlds[0].leap_to(START + 200 * DAY)
    while (stop := worlds[1].next_change(worlds[1].now())) and stop < START + 200 * DAY:
        worlds[1].leap_to(stop)
    worlds[1].leap_to(START + 200 * DAY)
    query = dns.message.make_query("blog.example.", "SOA", want_dnssec=True, id=7).to_wire()
    assert worlds[0].respond(HOSTED, query) == worlds[1].respond(HOSTED, query)


def test_the_same_seed_makes_the_same_world_and_another_makes_another(
    make_world: Callable[..., World],
) -> None:
    anchors = [
        make_world(seed=seed, name=name).trust_anchors
        for seed, name in ((1, "one"), (1, "again"), (2, "two"))
    ]
    assert anchors[0] == anchors[1] != anchors[2]
