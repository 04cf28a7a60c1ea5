"""Many questions at once: order, bounds, and servers that are down."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import dns.message
import dns.name
import pytest
from dns.rdatatype import RdataType

from reconciler.observe.ask import ask_all
from reconciler.observe.wire import Question
from reconciler.ports import Answer

TYPES = (RdataType.SOA, RdataType.NS, RdataType.DNSKEY, RdataType.CDS, RdataType.TXT, RdataType.A)


@dataclass
class CountingExchange:
    """Echoes questions as empty answers, and counts how many are in flight."""

    down: frozenset[str] = frozenset()
    lock: threading.Lock = field(default_factory=threading.Lock)
    flying: dict[str, int] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def exchange(self, server: str, address: str, query: bytes) -> Answer:
        for place in (address, "all"):
            with self.lock:
                self.flying[place] = self.flying.get(place, 0) + 1
                self.most[place] = max(self.most.get(place, 0), self.flying[place])
        self.asked.append(address)
        if address in self.down:
            answer = Answer(
                server=server, address=address, transport="tcp", wire=None, error="no answer"
            )
        else:
            wire = dns.message.make_response(dns.message.from_wire(query)).to_wire()
            answer = Answer(server=server, address=address, transport="udp", wire=wire)
        for place in (address, "all"):
            with self.lock:
                self.flying[place] -= 1
        return answer


def questions(addresses: int) -> list[Question]:
    name = dns.name.from_text("shop.example.")
    return [
        Question(server=f"ns{i}.example.", address=f"192.0.2.{i}", name=name, rdtype=rdtype)
        for rdtype in TYPES
        for i in range(addresses)
    ]


def test_answers_come_in_the_order_of_the_questions() -> None:
    asked = questions(20)
    responses = ask_all(CountingExchange(), asked)
    assert [response.question for response in responses] == asked


@pytest.mark.parametrize(("per_address", "in_total"), [(1, 1), (2, 4), (3, 16)])
def test_no_more_questions_fly_than_allowed(per_address: int, in_total: int) -> None:
    exchange = CountingExchange()
    ask_all(exchange, questions(12), per_address=per_address, in_total=in_total)
    assert exchange.most.pop("all") <= in_total
    assert max(exchange.most.values()) <= per_address


def test_a_dead_server_costs_one_time_out_per_lane_and_errors_for_all_its_questions() -> None:
    exchange = CountingExchange(down=frozenset({"192.0.2.1"}))
    responses = ask_all(exchange, questions(3), per_address=2)
    assert exchange.asked.count("192.0.2.1") == 2
    dead = [r for r in responses if r.question.address == "192.0.2.1"]
    assert [r.error for r in dead] == ["no answer"] * len(TYPES)
    assert all(r.error is None for r in responses if r.question.address != "192.0.2.1")


def test_no_question_needs_no_answer() -> None:
    assert ask_all(CountingExchange(), []) == ()
