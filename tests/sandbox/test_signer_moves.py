"""What the full-control signer does for each move, as it shows on the wire."""

from __future__ import annotations

import base64

import dns.rdatatype
import pytest

from reconciler.diagnostics import AdapterError
from reconciler.model.keys import Key
from reconciler.model.moves import (
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsReplace,
    SignerMove,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signer_full import SandboxSigner
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.sandbox.worlds import SHOP, Client, sign

ZONE = "shop.example."
FOREIGN = Key(label="b", algorithm=13, flags=256, public_key=bytes(range(64)), home="b")


class Hands:
    """Makes moves one after the other, each with its own idempotency key."""

    def __init__(self, world: World) -> None:
        self.signer = signer(world, "a")
        self.client = Client(world)
        self.count = 0
        self.tags: dict[str, int] = {}

    def make(self, move: SignerMove, **keys: Key) -> None:
        self.count += 1
        receipt = self.signer.apply(ZONE, move, keys, f"m{self.count}")
        self.tags |= {label: key.tag or 0 for label, key in receipt.created.items()}

    def published(self) -> set[int]:
        return {
            Key(label="", algorithm=r.algorithm, flags=r.flags, public_key=r.key).tag or 0
            for rrset in self.client.ask(SHOP, ZONE, "DNSKEY").answer
            if rrset.rdtype == dns.rdatatype.DNSKEY
            for r in rrset
        }

    def signing(self, rdtype: str) -> set[int]:
        return {
            rrsig.key_tag
            for rrset in self.client.ask(SHOP, ZONE, rdtype).answer
            if rrset.rdtype == dns.rdatatype.RRSIG
            for rrsig in rrset
        }


@pytest.fixture
def hands(world: World) -> Hands:
    made = Hands(world)
    made.make(ZoneSign(signer="a", keys=frozenset({"ksk@13/1", "zsk@13/1"})))
    return made


def test_a_key_is_published_alone_or_with_its_signature(hands: Hands) -> None:
    hands.make(DnskeyAdd(signer="a", key="zsk@13/2", sign=False))
    assert hands.tags["zsk@13/2"] in hands.published()
    assert hands.signing("DNSKEY") == {hands.tags["ksk@13/1"]}
    hands.make(DnskeyAdd(signer="a", key="ksk@13/2", sign=True))
    assert hands.signing("DNSKEY") == {hands.tags["ksk@13/1"], hands.tags["ksk@13/2"]}
    assert hands.signing("SOA") == {hands.tags["zsk@13/1"]}


def test_withdrawing_a_key_takes_its_signature_over_the_dnskey_rrset_too(hands: Hands) -> None:
    hands.make(DnskeyAdd(signer="a", key="ksk@13/2", sign=True))
    hands.make(DnskeyRemove(signer="a", key="ksk@13/1"))
    assert hands.published() == {hands.tags["ksk@13/2"], hands.tags["zsk@13/1"]}
    assert hands.signing("DNSKEY") == {hands.tags["ksk@13/2"]}


def test_a_withdrawn_key_may_go_on_signing_the_data(hands: Hands) -> None:
    hands.make(DnskeyRemove(signer="a", key="zsk@13/1"))
    assert hands.signing("SOA") == {hands.tags["zsk@13/1"]}


def test_signing_sets_are_exact_and_keys_need_not_be_published(hands: Hands) -> None:
    hands.make(DataSign(signer="a", keys=frozenset({"zsk@13/1", "zsk@15/1"})))
    assert hands.signing("SOA") == {hands.tags["zsk@13/1"], hands.tags["zsk@15/1"]}
    assert hands.tags["zsk@15/1"] not in hands.published()
    hands.make(DataSign(signer="a", keys=frozenset({"zsk@15/1"})))
    assert hands.signing("SOA") == {hands.tags["zsk@15/1"]}
    hands.make(DnskeySign(signer="a", keys=frozenset({"ksk@13/1", "ksk@15/1"})))
    assert hands.signing("DNSKEY") == {hands.tags["ksk@13/1"], hands.tags["ksk@15/1"]}


def test_a_dnskey_rrset_is_replaced_in_one_version_with_those_who_sign_it(hands: Hands) -> None:
    serial = hands.client.serial(SHOP, ZONE)
    wanted = frozenset({"ksk@13/1", "zsk@13/1", "ksk@15/1", "zsk@15/1"})
    signed_by = frozenset({"ksk@13/1", "ksk@15/1"})
    hands.make(DnskeySet(signer="a", keys=wanted | {"b"}, signed_by=signed_by), b=FOREIGN)
    assert hands.published() == {FOREIGN.tag, *(hands.tags[label] for label in wanted)}
    assert hands.signing("DNSKEY") == {hands.tags[label] for label in signed_by}
    assert hands.client.serial(SHOP, ZONE) == serial + 1
    assert hands.signing("SOA") == {hands.tags["zsk@13/1"]}


def test_a_foreign_key_is_published_and_cannot_sign(hands: Hands) -> None:
    hands.make(DnskeyAdd(signer="a", key="b", sign=False), b=FOREIGN)
    assert FOREIGN.tag in hands.published()
    assert "b" not in {key.label for key in hands.signer.observe(ZONE).keys}
    for move in (
        DataSign(signer="a", keys=frozenset({"b"})),
        DnskeyAdd(signer="a", key="b", sign=True),
        DnskeySet(signer="a", keys=frozenset({"b"}), signed_by=frozenset({"b"})),
    ):
        with pytest.raises(AdapterError, match="cannot sign here"):
            hands.make(move, b=FOREIGN)
    hands.make(DnskeyRemove(signer="a", key="b"), b=FOREIGN)
    assert FOREIGN.tag not in hands.published()


def test_an_own_key_can_be_named_by_any_label_with_its_public_key(hands: Hands) -> None:
    own = next(key for key in hands.signer.observe(ZONE).keys if key.label == "zsk@13/1")
    alias = Key(label="zsk-13-1", algorithm=13, flags=256, public_key=own.public_key)
    hands.make(DnskeyRemove(signer="a", key="zsk-13-1"), **{"zsk-13-1": alias})
    assert own.tag not in hands.published()


@pytest.mark.parametrize(
    ("move", "words"),
    [
        (DnskeyRemove(signer="a", key="zsk@13/7"), "does not know the key"),
        (DnskeyAdd(signer="a", key="my key", sign=False), "does not know the key"),
        (DnskeyAdd(signer="a", key="zsk@14/1", sign=False), "cannot sign with algorithm 14"),
        (ZoneSign(signer="a", keys=frozenset()), "with no key"),
        (ZoneSign(signer="a", keys=frozenset({"csk@13/1"})), "signed with other keys"),
        (DsReplace(ds=frozenset()), "does not publish DS"),
    ],
)
def test_what_makes_no_sense_is_refused(hands: Hands, move: SignerMove, words: str) -> None:
    before = hands.published(), hands.signing("SOA")
    with pytest.raises(AdapterError, match=words):
        hands.make(move)
    assert (hands.published(), hands.signing("SOA")) == before


def test_removing_what_is_not_published_is_done_already(hands: Hands) -> None:
    serial = hands.client.serial(SHOP, ZONE)
    hands.make(DnskeyAdd(signer="a", key="zsk@13/2", sign=False))
    hands.make(DnskeyRemove(signer="a", key="zsk@13/2"))
    hands.make(DnskeyRemove(signer="a", key="zsk@13/2"))
    assert hands.client.serial(SHOP, ZONE) == serial + 2


def test_no_two_keys_of_a_zone_share_algorithm_and_tag(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.sandbox.keymaker.key_tag", crowded)
    monkeypatch.setattr("reconciler.sandbox.keyring.tags", lambda _: {(13, 0), (13, 1)})
    hands.make(DnskeyAdd(signer="a", key="zsk@13/2", sign=False))
    added = next(key for key in hands.signer.observe(ZONE).keys if key.label == "zsk@13/2")
    assert crowded(base64.b64decode(added.text().split()[3])) == 2


def crowded(rdata: bytes) -> int:
    """Sort keys into three tags, so that they collide."""
    return sum(rdata[-64:]) % 3


def test_a_hosted_signer_unsigns_under_a_ds_and_signs_again_with_its_keys(world: World) -> None:
    zone = "blog.example."
    sign(world, zone, "ksk@13/1", "zsk@13/1")
    hosted = signer(world, "hosted")
    assert not isinstance(hosted, SandboxSigner)
    hosted.apply(zone, ZoneUnsign(signer="hosted"), {}, "off")
    assert not hosted.observe(zone).signing
    again = hosted.apply(zone, ZoneSign(signer="hosted", keys=frozenset()), {}, "on")
    assert again.created.keys() == {"ksk@13/1", "zsk@13/1"}


def test_a_hosted_signer_wants_a_ksk_and_a_zsk(world: World) -> None:
    hosted = signer(world, "hosted")
    for labels in ({"csk@13/1"}, {"ksk@13/1"}, {"ksk@8/1", "zsk@8/1"}):
        move = ZoneSign(signer="hosted", keys=frozenset(labels))
        with pytest.raises(AdapterError, match="one KSK and one ZSK"):
            hosted.apply("blog.example.", move, {}, "1")


def test_unknown_systems_are_refused(world: World) -> None:
    with pytest.raises(AdapterError, match="no signer nobody"):
        signer(world, "nobody")
    with pytest.raises(AdapterError, match="no parent nobody"):
        parent(world, "nobody")
