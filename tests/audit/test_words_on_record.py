"""What systems and people said on record, changed by somebody who makes the chain fit again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.audit.forge import Entry, Forged, find, judged, path_of, put, shift

OTHER = "sha256:" + "5" * 64
NONE = "0" * 32

Case = tuple[str, int, Callable[[Entry], object], str]
"""Event, which one of it, what is changed, and the code of the finding at that entry."""
CASES: dict[str, Case] = {
    "accepted for another plan": ("accepted", 0, put("plan", value=OTHER), "audit-no-plan"),
    "accepted for another change": (
        "accepted", 0, put("change", value=OTHER), "audit-no-plan"),
    "accepted for another step": ("accepted", 0, put("step", value="s1"), "audit-no-intent"),
    "accepted for no intent": ("accepted", 0, put("idem", value=NONE), "audit-no-intent"),
    "accepted in another zone": (
        "accepted", 0, put("zone", value="blog.example."), "audit-no-intent"),
    "accepted from another run": ("accepted", 0, put("actor", "run", value="9"), "audit-no-intent"),
    "accepted without an id": ("accepted", 0, put("data", "operation", value=""),
                               "audit-operation"),
    "an outcome of another change": (
        "outcome", 1, put("change", value=OTHER), "audit-no-plan"),
    "an outcome of another operation": (
        "outcome", 2, put("data", "operation", value="x"), "audit-operation"),
    "blocked for another plan": ("blocked", 0, put("plan", value=OTHER), "audit-no-plan"),
    "blocked for another change": ("blocked", 0, put("change", value=OTHER), "audit-change-digest"),
    "blocked at no step": ("blocked", 0, put("step", value="s9"), "audit-no-plan"),
    "blocked without a word": ("blocked", 0, put("data", "why", value=""), "audit-blocked"),
    "settled for another plan": ("resolve", 0, put("plan", value=OTHER), "audit-no-plan"),
    "settled for another change": ("resolve", 0, put("change", value=OTHER), "audit-change-digest"),
    "settled for no intent": ("resolve", 0, put("idem", value=NONE), "audit-no-intent"),
    "settled at another step": ("resolve", 0, put("step", value="s2"), "audit-no-intent"),
    "settled otherwise than recorded": (
        "resolve", 0, put("data", "done", value=True), "audit-outcome"),
    "a block ended elsewhere": ("resolve", 1, put("step", value="s1"), "audit-blocked"),
    "a way back ended elsewhere": ("resolve", 2, put("step", value="s1"), "audit-blocked"),
    "ended by nobody": ("resolve", 2, put("data", "person", value="mallory"), "audit-person"),
    "given up: another plan": ("abandon", 0, put("plan", value=OTHER), "audit-no-plan"),
    "given up: another change": ("abandon", 0, put("change", value=OTHER), "audit-change-digest"),
    "given up: what was never begun": (
        "abandon", 0, put("data", "under_way", value=["s2"]), "audit-order"),
    "suspended by nobody": ("suspend", 0, put("data", "person", value="mallory"), "audit-person"),
    "suspended until before": ("suspend", 0, shift("data", "until", days=-9), "audit-suspended"),
    "explained until before": ("annotate", 0, shift("data", "until", days=-9), "audit-annotation"),
}  # fmt: skip


def codes_at(record: Forged, at: int) -> set[str]:
    here = path_of(record.entries[at])
    return {found.code for found in judged(record).findings if found.file == here}


def test_everything_that_people_and_mishaps_bring_is_whole(eventful: Forged) -> None:
    assert judged(eventful).findings == ()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_changed_word_is_found_where_it_stands(eventful: Forged, case: Case) -> None:
    event, nth, edit, code = case
    at = find(eventful, event, nth)
    assert code in codes_at(eventful.changed(at, edit), at)


@pytest.mark.parametrize(
    ("event", "nth", "code"),
    [
        ("accepted", 0, "audit-operation"),
        ("approval", 1, "audit-not-approved"),
        ("blocked", 0, "audit-blocked"),
        ("resolve", 1, "audit-blocked"),
        ("suspend", 0, "audit-suspended"),
    ],
)
def test_a_dropped_word_is_found_by_what_rests_on_it(
    eventful: Forged, event: str, nth: int, code: str
) -> None:
    dropped = eventful.edited(partial(_drop, find(eventful, event, nth)), rechained=True)
    assert code in {found.code for found in judged(dropped).findings}


def _drop(at: int, entries: list[Entry]) -> None:
    entries.pop(at)


@pytest.mark.parametrize("event", ["revoke", "resume", "abandon"])
def test_a_word_told_twice_is_found(eventful: Forged, event: str) -> None:
    at = find(eventful, event)

    def twice(entries: list[Entry]) -> None:
        entries.insert(at, entries[at])

    assert codes_at(eventful.edited(twice, rechained=True), at + 1)
