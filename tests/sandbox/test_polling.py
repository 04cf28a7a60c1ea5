"""A parent that polls CDS: what it believes, what it does, and how late (RFC 7344, RFC 8078)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import dns.rdatatype
import pytest

from reconciler.diagnostics import AdapterError
from reconciler.model.keys import DsRef, Key
from reconciler.model.moves import ApexNsSet, CdsSet, DnskeyAdd, DsReplace, SignerMove
from reconciler.sandbox import polling
from reconciler.sandbox.faults import Fault, FaultKind
from reconciler.sandbox.layout import ParentLayout, ServerLayout, WorldLayout, example_layout
from reconciler.sandbox.parents import parent
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.sandbox.worlds import SHOP, START, TLD, Client

ZONE = "shop.example."
POLLER = ParentLayout(name="poller", kind="sandbox-cds", acts_after=86400)
WITHIN = timedelta(seconds=2 * POLLER.poll_period + POLLER.acts_after)


def layout(**changes: object) -> WorldLayout:
    base = example_layout()
    server = ServerLayout(name="ns1.b.example.", address="192.0.2.11")
    other = replace(base.signers[0], name="b", servers=(server,))
    shop = replace(
        base.zones[0],
        parent="poller",
        keys=("ksk@13/1", "zsk@13/1"),
        **changes,  # type: ignore[arg-type]
    )
    return replace(
        base,
        signers=(*base.signers, other),
        parents=(*base.parents, POLLER),
        zones=(shop, *base.zones[1:]),
    )


class Hands:
    """Makes moves at a signer, and looks at the DS that are published."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.keys: dict[str, Key] = {k.label: k for k in signer(world, "a").observe(ZONE).keys}
        self.count = 0

    def make(self, move: SignerMove) -> None:
        self.count += 1
        receipt = signer(self.world, move.signer).apply(ZONE, move, self.keys, f"{self.count}")
        self.keys |= receipt.created

    def ask(self, *labels: str, by: str = "a") -> None:
        self.make(CdsSet(signer=by, cds=frozenset(DsRef(label, 2) for label in labels)))

    def ds(self) -> set[int]:
        answer = Client(self.world).ask(TLD, ZONE, "DS").answer
        return {r.key_tag for rrset in answer if rrset.rdtype == dns.rdatatype.DS for r in rrset}

    def tags(self, *labels: str) -> set[int | None]:
        return {self.keys[label].tag for label in labels}

    def wait(self, span: timedelta = WITHIN) -> None:
        self.world.leap_to(self.world.now() + span)


@pytest.fixture
def hands(make_world: Callable[..., World]) -> Hands:
    made = Hands(make_world(layout()))
    made.make(DnskeyAdd(signer="a", key="ksk@13/2", sign=True))
    return made


def test_what_a_zone_asks_for_is_published_within_the_bound(hands: Hands) -> None:
    hands.ask("ksk@13/1", "ksk@13/2")
    assert hands.ds() == hands.tags("ksk@13/1"), "accepted by nobody yet"
    hands.wait()
    assert hands.ds() == hands.tags("ksk@13/1", "ksk@13/2")
    hands.ask("ksk@13/2")
    hands.wait()
    assert hands.ds() == hands.tags("ksk@13/2")


def test_a_request_is_served_signed_and_in_both_forms(hands: Hands) -> None:
    hands.ask("ksk@13/2")
    client = Client(hands.world)
    for rdtype in ("CDS", "CDNSKEY"):
        (shown,) = client.secure(SHOP, ZONE, ZONE, rdtype).answer[0]
        signers = {s.key_tag for s in client.ask(SHOP, ZONE, rdtype).answer[1]}
        assert signers >= hands.tags("ksk@13/1"), "by a key that the parent trusts"
        assert "13" in shown.to_text()


def test_the_delete_form_ends_the_chain_of_trust(hands: Hands) -> None:
    hands.make(CdsSet(signer="a", cds="delete"))
    hands.wait()
    assert hands.ds() == set()
    hands.ask("ksk@13/1")
    hands.wait()
    assert hands.ds() == set(), "nobody vouches for a zone without DS"


def test_what_would_break_the_zone_is_not_done(hands: Hands) -> None:
    hands.keys["stray"] = Key(label="stray", algorithm=13, flags=257, public_key=bytes(64))
    hands.ask("stray")
    hands.wait()
    assert hands.ds() == hands.tags("ksk@13/1")


def test_servers_that_differ_are_not_believed(make_world: Callable[..., World]) -> None:
    hands = Hands(make_world(layout(signers=("a", "b"))))
    hands.make(ApexNsSet(signer="b", signers=frozenset("ab")))
    hands.make(CdsSet(signer="a", cds="delete"))
    hands.wait()
    assert hands.ds() == hands.tags("ksk@13/1")


def test_a_silent_server_is_not_taken_for_agreement(hands: Hands) -> None:
    hands.world.inject(Fault(kind=FaultKind.SERVER_DOWN, target="ns2.a.example."))
    hands.make(CdsSet(signer="a", cds="delete"))
    hands.wait()
    assert hands.ds() == hands.tags("ksk@13/1")


def test_it_takes_no_orders(hands: Hands) -> None:
    with pytest.raises(AdapterError):
        parent(hands.world, "poller").apply(ZONE, DsReplace(ds=frozenset()), {}, "1")


def _late(world: World) -> int:
    """Return an instant at which the parent looks, to act as late as it may."""
    now = int(world.now().timestamp())
    looks = polling.polls(POLLER, world.keyring.seed, now, now + 100 * POLLER.poll_period)
    latest = POLLER.acts_after
    return next(at for at in looks if polling.delay(POLLER, world.keyring.seed, ZONE, at) == latest)


def test_what_is_withdrawn_after_it_was_seen_may_be_published_days_later(hands: Hands) -> None:
    look = _late(hands.world)
    now = int(hands.world.now().timestamp())
    hands.wait(timedelta(seconds=look - now - 60))
    hands.ask("ksk@13/2")
    hands.wait(timedelta(seconds=61))
    hands.make(CdsSet(signer="a", cds=None))
    assert "CDS" not in str(Client(hands.world).ask(SHOP, ZONE, "CDS").answer)
    hands.wait(timedelta(seconds=POLLER.acts_after - 2))
    assert hands.ds() == hands.tags("ksk@13/1")
    hands.wait(timedelta(seconds=2))
    assert hands.ds() == hands.tags("ksk@13/2")


def test_whoever_listens_is_told_when_it_acts(hands: Hands) -> None:
    seen: list[set[int]] = []
    hands.world.on_change(lambda _: seen.append(hands.ds()))
    hands.ask("ksk@13/1", "ksk@13/2")
    hands.wait()
    at = int(START.timestamp())
    looks = list(polling.polls(POLLER, hands.world.keyring.seed, at, at + 200000))
    assert looks == sorted(set(looks))
    assert next(s for s in seen if s != hands.tags("ksk@13/1")) == hands.ds()
