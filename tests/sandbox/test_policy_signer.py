"""A signer that rolls its keys by its own policy: what it does by itself, and what it waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import dns.rdatatype
import pytest

from reconciler.diagnostics import AdapterError
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import (
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsConfirm,
    DsReplace,
    RollStart,
    SignerMove,
)
from reconciler.sandbox import policy
from reconciler.sandbox.judge import Judge
from reconciler.sandbox.layout import WorldLayout, example_layout
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.sandbox.worlds import SHOP, Client

ZONE = "shop.example."
WEEK = timedelta(days=7)
PROFILES = ("loose", "ds-alg", "rfc4035")


def layout(*keys: str) -> WorldLayout:
    base = example_layout()
    own = replace(base.signers[0], kind="sandbox-policy")
    shop = replace(base.zones[0], keys=keys)
    return replace(base, signers=(own, *base.signers[1:]), zones=(shop, *base.zones[1:]))


class Hands:
    """Tells the signer what to do; a judge looks on."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.signer = signer(world, "a")
        self.keys = {key.label: key for key in self.signer.observe(ZONE).keys}
        self.count = 0
        self.judge = Judge(ZONE, world.instances(ZONE), self._ask, profiles=PROFILES)
        self.judge.look(world.now())
        world.on_change(self.judge.look)

    def _ask(self, address: str, qname: str, rdtype: str) -> bytes | None:
        return Client(self.world).ask(address, qname, rdtype).to_wire()

    def make(self, move: SignerMove) -> None:
        self.count += 1
        self.keys |= self.signer.apply(ZONE, move, self.keys, f"{self.count}").created

    def roll(self, old: str, new: str) -> None:
        self.make(RollStart(signer="a", old=old, new=new))

    def confirm(self, key: str, *, present: bool) -> None:
        self.make(DsConfirm(signer="a", key=key, present=present))

    def delegate(self, *labels: str) -> None:
        """Submit the DS of these keys, and wait until every server of the parent shows them."""
        self.count += 1
        move = DsReplace(ds=frozenset(DsRef(label, 2) for label in labels))
        parent(self.world, "registrar").apply(ZONE, move, self.keys, f"{self.count}")
        self.wait(timedelta(hours=3))

    def wait(self, span: timedelta = WEEK) -> None:
        self.world.leap_to(self.world.now() + span)

    def published(self) -> set[str]:
        shown = Client(self.world).ask(SHOP, ZONE, "DNSKEY").answer[0]
        tags = {(r.algorithm, r.flags, r.key) for r in shown}
        return {
            label for label, k in self.keys.items() if (k.algorithm, k.flags, k.public_key) in tags
        }

    def signing(self, rdtype: str) -> set[str]:
        answer = Client(self.world).ask(SHOP, ZONE, rdtype).answer
        tags = {r.key_tag for s in answer if s.rdtype == dns.rdatatype.RRSIG for r in s}
        return {label for label, key in self.keys.items() if key.tag in tags}


@pytest.fixture
def hands(make_world: Callable[..., World]) -> Hands:
    return Hands(make_world(layout("ksk@13/1", "zsk@13/1")))


def test_a_zsk_is_rolled_by_the_clock_alone(hands: Hands) -> None:
    hands.roll("zsk@13/1", "zsk@13/2")
    assert hands.published() == {"ksk@13/1", "zsk@13/1", "zsk@13/2"}
    assert hands.signing("SOA") == {"zsk@13/1"}
    hands.wait(timedelta(seconds=3600 + 300 + policy.SAFETY - 1))
    assert hands.signing("SOA") == {"zsk@13/1"}
    hands.wait(timedelta(seconds=1))
    assert hands.signing("SOA") == {"zsk@13/2"}
    hands.wait(timedelta(seconds=86400 + 300 + policy.SAFETY - 1))
    assert hands.published() == {"ksk@13/1", "zsk@13/1", "zsk@13/2"}
    hands.wait(timedelta(seconds=1))
    assert hands.published() == {"ksk@13/1", "zsk@13/2"}
    hands.wait()
    assert hands.judge.report().bad_views == ()


@pytest.mark.parametrize("keys", [("ksk@13/1", "zsk@13/1"), ("csk@13/1",)])
def test_a_key_with_a_ds_waits_for_word_of_the_parent(
    make_world: Callable[..., World], keys: tuple[str, ...]
) -> None:
    hands = Hands(make_world(layout(*keys)))
    old, new = keys[0], keys[0].replace("/1", "/2")
    hands.roll(old, new)
    hands.wait()
    assert hands.published() == {*keys, new}, "nobody said anything"
    assert hands.signing("DNSKEY") == {old, new}
    hands.delegate(new)
    hands.confirm(new, present=True)
    hands.wait()
    assert hands.published() == {*keys, new}, "the old one may be there still"
    hands.confirm(old, present=False)
    assert hands.published() == {*keys, new}, "it may be in caches still"
    hands.wait()
    assert hands.published() == {*keys[1:], new}
    assert hands.signing("DNSKEY") == {new}
    hands.wait()
    assert hands.judge.report().bad_views == ()


def test_word_of_both_ds_may_come_in_any_order(hands: Hands) -> None:
    hands.roll("ksk@13/1", "ksk@13/2")
    hands.wait()
    hands.delegate("ksk@13/2")
    hands.confirm("ksk@13/1", present=False)
    hands.wait()
    assert hands.published() == {"ksk@13/1", "ksk@13/2", "zsk@13/1"}, "the new may not be there"
    hands.confirm("ksk@13/2", present=True)
    hands.wait()
    assert hands.published() == {"ksk@13/2", "zsk@13/1"}


def test_word_of_a_ds_that_nothing_waits_for_changes_nothing(hands: Hands) -> None:
    before = hands.world.dump()["signers"]
    hands.confirm("ksk@13/1", present=True)
    hands.confirm("ksk@13/1", present=False)
    assert hands.world.dump()["signers"] == before


def test_asking_twice_starts_one_rollover(hands: Hands) -> None:
    hands.roll("zsk@13/1", "zsk@13/2")
    once = hands.published()
    hands.roll("zsk@13/1", "zsk@13/2")
    assert hands.published() == once
    hands.wait()
    assert hands.published() == {"ksk@13/1", "zsk@13/2"}


@pytest.mark.parametrize(
    ("old", "new"),
    [("zsk@13/1", "ksk@13/2"), ("zsk@13/9", "zsk@13/2"), ("zsk@13/1", "zsk@5/2")],
)
def test_a_rollover_that_makes_no_sense_is_refused(hands: Hands, old: str, new: str) -> None:
    before = hands.world.dump()
    with pytest.raises(AdapterError):
        hands.roll(old, new)
    assert hands.world.dump() == before


def test_a_key_is_replaced_by_one_other_at_a_time(hands: Hands) -> None:
    hands.roll("zsk@13/1", "zsk@13/2")
    for old in ("zsk@13/1", "zsk@13/2"):
        with pytest.raises(AdapterError):
            hands.roll(old, "zsk@13/3")


def test_its_own_keys_are_not_changed_one_by_one(hands: Hands) -> None:
    refused: list[SignerMove] = [
        DnskeyAdd(signer="a", key="ksk@13/2", sign=True),
        DnskeyRemove(signer="a", key="zsk@13/1"),
        DnskeySign(signer="a", keys=frozenset()),
        DnskeySet(signer="a", keys=frozenset(), signed_by=frozenset()),
        DataSign(signer="a", keys=frozenset()),
    ]
    before = hands.world.dump()
    for move in refused:
        with pytest.raises(AdapterError, match="own policy"):
            hands.make(move)
    assert hands.world.dump() == before


def test_a_zsk_of_another_signer_is_kept_through_a_rollover(hands: Hands) -> None:
    hands.keys["theirs"] = Key(
        label="theirs", algorithm=13, flags=256, public_key=bytes(range(64)), home="b"
    )
    hands.make(DnskeyAdd(signer="a", key="theirs", sign=False))
    hands.roll("zsk@13/1", "zsk@13/2")
    hands.wait()
    assert hands.published() == {"ksk@13/1", "zsk@13/2", "theirs"}
    hands.make(DnskeyRemove(signer="a", key="theirs"))
    assert hands.published() == {"ksk@13/1", "zsk@13/2"}
