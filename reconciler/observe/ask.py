"""Many questions at once: bounded per address and in total, with answers in the order asked."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from reconciler.observe.wire import Question, Response, build_query, read
from reconciler.ports import Answer, Exchange

PER_ADDRESS = 2
"""Questions in flight to one address: politeness; authoritative servers rate-limit bursts."""
IN_TOTAL = 16
"""Questions in flight altogether; each is a thread that waits."""


def ask(exchange: Exchange, question: Question) -> Response:
    """Ask one question and read the answer; failures are values."""
    query = build_query(question.name, question.rdtype)
    return read(question, exchange.exchange(question.server, question.address, query))


def ask_all(
    exchange: Exchange,
    questions: Sequence[Question],
    *,
    per_address: int = PER_ADDRESS,
    in_total: int = IN_TOTAL,
) -> tuple[Response, ...]:
    """Ask all questions and return the responses in the order of the questions.

    At most `per_address` questions are in flight to one address and `in_total` altogether. Where
    an address gave no answer at all, the rest of its lane is not asked and bears the same error,
    so that a dead server costs one time-out and not one per question.
    """
    lanes = _lanes(questions, per_address)
    if len(lanes) <= 1:
        answered = [_ask_lane(exchange, questions, lane) for lane in lanes]
    else:
        with ThreadPoolExecutor(max_workers=min(in_total, len(lanes))) as pool:
            answered = list(pool.map(lambda lane: _ask_lane(exchange, questions, lane), lanes))
    by_index = {index: response for lane in answered for index, response in lane}
    return tuple(by_index[index] for index in range(len(questions)))


def _lanes(questions: Sequence[Question], per_address: int) -> list[list[int]]:
    """Return the indices of the questions, dealt to `per_address` lanes for each address."""
    lanes: dict[tuple[str, int], list[int]] = {}
    dealt: dict[str, int] = {}
    for index, question in enumerate(questions):
        count = dealt.get(question.address, 0)
        dealt[question.address] = count + 1
        lanes.setdefault((question.address, count % per_address), []).append(index)
    return list(lanes.values())


def _ask_lane(
    exchange: Exchange, questions: Sequence[Question], lane: list[int]
) -> list[tuple[int, Response]]:
    """Ask one after another, until one gets no answer."""
    responses: list[tuple[int, Response]] = []
    dead: Answer | None = None
    for index in lane:
        question = questions[index]
        if dead is None:
            query = build_query(question.name, question.rdtype)
            answer = exchange.exchange(question.server, question.address, query)
            dead = answer if answer.wire is None else None
        else:
            answer = dead
        responses.append((index, read(question, answer)))
    return responses
