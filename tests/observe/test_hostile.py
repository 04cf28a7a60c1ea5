"""Whatever bytes come back: no exception escapes, nothing forged is believed, work is bounded."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import dns.message
import dns.name
import dns.rrset
import pytest
from dns.rdatatype import RdataType
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.sightings import Observation
from reconciler.observe.gather import gather
from reconciler.observe.wire import Question, parse, question_of, read
from reconciler.ports import Answer, Parent, ParentClaim, Signer, SignerClaim
from reconciler.sandbox.layout import example_layout
from reconciler.sandbox.world import World

if TYPE_CHECKING:
    from tests.observe.conftest import LabOf

SIGNED = "legacy.example."
Mutate = Callable[[str, bytes, bytes], bytes | None]


@dataclass(frozen=True)
class Claims:
    """A signer and a parent that say the same for ever."""

    name: str
    capabilities: object
    claim: SignerClaim | ParentClaim

    def observe(self, _zone: str) -> SignerClaim | ParentClaim:
        return self.claim


class Replay:
    """Every answer of a world to one run, and what a mutation makes of them."""

    def __init__(self, answers: Mapping[tuple[str, bytes], bytes], mutate: Mutate) -> None:
        self._answers, self._mutate = answers, mutate
        self.asked = 0

    def exchange(self, server: str, address: str, query: bytes) -> Answer:
        self.asked += 1
        wire = self._answers.get((address, query))
        changed = self._mutate(address, query, wire) if wire else None
        error = None if changed is not None else "no answer"
        return Answer(server=server, address=address, transport="udp", wire=changed, error=error)


class Recording:
    """One honest observation: all that went over the wire, and what came of it."""

    def __init__(
        self,
        answers: Mapping[tuple[str, bytes], bytes],
        observe: Callable[[Replay], Observation],
        honest: Observation,
    ) -> None:
        self.answers, self.observe, self.honest = answers, observe, honest

    def __repr__(self) -> str:
        """Keep the report of a failing example short."""
        return "the recording"


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory, lab_over: LabOf) -> Recording:
    path: Path = tmp_path_factory.mktemp("world") / "world"
    answers: dict[tuple[str, bytes], bytes] = {}
    layout = example_layout()
    with World.create(path, start=lab_over.start, layout=layout, seed=7) as world:
        lab = lab_over.make(world)
        signer = Claims("a", lab.signer("a").capabilities, lab.signer("a").observe(SIGNED))
        parent = Claims("p", lab.parent(SIGNED).capabilities, ParentClaim())
        desired, observers, now = lab.desired(SIGNED), lab.observers, world.now()

        def observe(exchange: Replay) -> Observation:
            signers = {"a": cast("Signer", signer)}
            return gather(desired, signers, cast("Parent", parent), exchange, observers, now)

        for address in lab.addresses():

            def keep(query: bytes, wire: bytes, address: str = address) -> bytes:
                answers[address, query] = wire
                return wire

            lab.exchange.meddlers[address] = keep
        honest = observe(cast("Replay", lab.exchange))
    return Recording(answers=answers, observe=observe, honest=honest)


def unchanged(_address: str, _query: bytes, wire: bytes) -> bytes:
    return wire


def test_a_recording_replays_to_the_same_observation(recording: Recording) -> None:
    assert recording.honest.complete
    assert recording.observe(Replay(recording.answers, unchanged)) == recording.honest


def damage(wire: bytes, seed: int) -> bytes:
    """Return `wire` with some octets changed, cut, doubled or swapped; id and question kept."""
    rng = random.Random(seed)  # noqa: S311 - repeatable damage, not a secret
    body = bytearray(wire)
    for _ in range(rng.randint(1, 6)):
        place = rng.randrange(2, len(body))
        match rng.randrange(4):
            case 0:
                body[place] = rng.randrange(256)
            case 1:
                del body[place:]
            case 2:
                body[place:place] = body[place : place + rng.randrange(40)]
            case _:
                body[place] ^= 1 << rng.randrange(8)
        if len(body) < 4:
            break
    return bytes(body)


ADDRESSES = ("203.0.113.1", "203.0.113.11", "203.0.113.12", "192.0.2.1", "192.0.2.2")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    victims=st.sets(st.sampled_from(ADDRESSES), min_size=1),
    share=st.sampled_from([1, 3]),
)
def test_damaged_answers_never_raise_and_never_add_a_signature(
    recording: Recording, seed: int, victims: set[str], share: int
) -> None:
    def spoil(address: str, query: bytes, wire: bytes) -> bytes:
        number = random.Random(repr((seed, address, query))).randrange(2**32)  # noqa: S311 - repeatable
        spared = address not in victims or number % share
        return wire if spared else damage(wire, number)

    replay = Replay(recording.answers, spoil)
    seen = recording.observe(replay)
    assert replay.asked < 400
    honest = {sight.address: sight for sight in recording.honest.children}
    for sight in seen.children:
        if sight.address in honest:
            assert sight.krrsig <= honest[sight.address].krrsig
            assert sight.zrrsig <= honest[sight.address].zrrsig
    for parent in seen.parent:
        assert parent.error is not None or parent.ds == recording.honest.parent[0].ds


@settings(max_examples=300, deadline=None)
@given(wire=st.binary(max_size=300))
def test_random_bytes_are_no_message_or_a_message_but_never_an_exception(wire: bytes) -> None:
    parse(wire)
    question_of(wire)
    question = Question(server="ns.", address="192.0.2.1", name=dns.name.root, rdtype=RdataType.SOA)
    answer = Answer(server="ns.", address="192.0.2.1", transport="udp", wire=wire)
    response = read(question, answer)
    assert (response.message is None) == (response.error is not None)


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 2**32), data=st.data())
def test_damaged_real_answers_parse_or_do_not(
    recording: Recording, seed: int, data: st.DataObject
) -> None:
    (address, query), wire = data.draw(st.sampled_from(sorted(recording.answers.items())))
    question = dns.message.from_wire(query).question[0]
    asked = Question(
        server="ns.", address=address, name=question.name, rdtype=RdataType(question.rdtype)
    )
    spoilt = Answer(server="ns.", address=address, transport="udp", wire=damage(wire, seed))
    response = read(asked, spoilt)
    for rrset in response.rrsets():
        response.signatures(rrset)
    response.glue()


def test_many_keys_with_one_tag_and_many_signatures_cost_little(recording: Recording) -> None:
    """KeyTrap (CVE-2023-50387): colliding keys times signatures must not multiply without bound."""
    verified: list[int] = []

    def crowd(_address: str, _query: bytes, wire: bytes) -> bytes:
        message = dns.message.from_wire(wire)
        for rrset in list(message.answer):
            if rrset.rdtype == RdataType.RRSIG:
                for count in range(100):
                    (first,) = rrset[:1]
                    rrset.add(first.replace(signature=bytes([count]) * 256), rrset.ttl)
        verified.append(len(message.answer))
        return message.to_wire(max_size=65535)

    seen = recording.observe(Replay(recording.answers, crowd))
    assert verified
    assert seen.zone is None or seen.zone.signers["a"].krrsig <= {"ksk@8/1"}


def test_silence_everywhere_is_told_once(recording: Recording) -> None:
    seen = recording.observe(Replay({}, unchanged))
    assert seen.zone is None
    assert [d.code for d in seen.diagnostics] == ["no-usable-server"]


def test_records_of_another_class_are_not_mistaken_for_the_zones_own(recording: Recording) -> None:
    def chaos(_address: str, _query: bytes, wire: bytes) -> bytes:
        message = dns.message.from_wire(wire)
        for kind, text in (
            ("A", r"\# 4 01020304"),
            ("SOA", "a. b. 9 9 9 9 9"),
            ("NSEC", "a. A"),
            ("DNSKEY", "257 3 8 AQAB"),
        ):
            record = dns.rrset.from_text("legacy.example.", 9, "HS", kind, text)
            for section in (message.answer, message.authority, message.additional):
                section.append(record)
        return message.to_wire()

    assert recording.observe(Replay(recording.answers, chaos)) == recording.honest
