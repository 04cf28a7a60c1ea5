"""Every member of every entry changed: by an attacker who leaves the chain as it is, and by one who
makes number, chain, policy references and checkpoints fit again.

What the second can change without a finding is listed here, whole; there, signatures tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model.entries import Event
from tests.audit.forge import Entry, Forged, asking_for_signatures, judged, path_of
from tests.audit.prefixes import Prefixes

Place = tuple[str, ...]
MEMBERS = ("v", "seq", "prev", "at", "event", "zone", "plan", "change", "step", "idem", "policy",
           "actor", "tool", "deadline", "data")  # fmt: skip
SET_AGAIN = {"seq", "prev", "policy"}
"""Members that the careful attacker's chain sets again, whatever they were changed to."""
UNTOLD = {
    "*": {"actor.id", "tool"},
    "abandon": {"actor.run", "data.reason"},
    "accepted": {"data.message"},
    "adopt": {"actor.run", "zone"},
    "annotate": {"actor.run", "data.reason", "data.rrset", "data.seen"},
    "approval": {"actor.run"},
    "blocked": {"actor.run", "data.why"},
    "checkpoint": {"actor.run"},
    "evidence": {"actor.run", "data.servers"},
    "genesis": {"actor.run"},
    "heartbeat": {"actor.run"},
    "intent": {"actor.run"},
    "outcome": {"actor.run", "data.message", "data.ok", "data.resolved"},
    "plan": {"actor.run", "data.authors", "data.commit", "data.rollback.why"},
    "policy": {"actor.run"},
    "refine": {"actor.run"},
    "resolve": {"actor.run", "data.done", "data.reason"},
    "resume": {"actor.run", "data.reason"},
    "revoke": {"actor.run", "data.reason"},
    "suspend": {"actor.run", "data.reason"},
}
"""By event (`*`: all), members whose change breaks no rule at some entry: words, by whom and for
whom, and how a step ended on which nothing rests (its plan was given up; a person settled it)."""


def changed(value: object) -> object:
    """Return something else of the same kind."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value[:-1] + ("0" if value[-1:] != "0" else "1")
        case [first, *_]:
            return [changed(first), *value[1:]]
        case dict() if value:
            name = min(value)
            return {**value, name: changed(value[name])}
        case _:
            return "x"


def members(entry: Entry) -> Iterator[Place]:
    """Yield every member of an entry, and of the objects inside of it, however deep."""
    for name, value in entry.items():
        inner = list(members(value)) if isinstance(value, dict) else []
        yield from ((name, *place) for place in inner) if inner else ((name,),)


def flipped(place: Place, entry: Entry) -> Entry:
    """Return a copy of an entry with something else in one place."""
    name, *inner = place
    value = entry[name]
    return {**entry, name: flipped(tuple(inner), value) if inner else changed(value)}


def flips(record: Forged) -> Iterator[tuple[int, Place]]:
    for at, entry in enumerate(record.entries):
        yield from ((at, place) for place in members(entry))


def with_flip(record: Forged, at: int, place: Place, *, rechained: bool) -> Forged:
    def edit(entries: list[Entry]) -> None:
        entries[at] = flipped(place, entries[at])

    return record.edited(edit, rechained=rechained)


def told(record: Forged, at: int, place: Place, *, rechained: bool) -> bool:
    """True if a whole audit finds a flip, and names an entry."""
    audit = judged(with_flip(record, at, place, rechained=rechained))
    return any((found.file or "").startswith("entries/") for found in audit.findings)


@pytest.fixture(scope="module")
def records(ledger: Forged, eventful: Forged) -> tuple[Prefixes, ...]:
    return Prefixes(ledger), Prefixes(eventful)


def test_every_member_that_an_entry_can_have_is_tried(records: tuple[Prefixes, ...]) -> None:
    tried = [place for prefixes in records for _, place in flips(prefixes.record)]
    assert {place[0] for place in tried} == set(MEMBERS)
    assert len(tried) > 1000


def test_every_event_that_is_written_is_tried(records: tuple[Prefixes, ...]) -> None:
    tried = {entry["event"] for prefixes in records for entry in prefixes.record.entries}
    reserved = {Event.BREAK_GLASS_OPEN, Event.BREAK_GLASS_CLOSE}
    assert tried == set(Event) - reserved


def test_a_flip_of_any_member_breaks_the_chain_and_names_an_entry(
    records: tuple[Prefixes, ...],
) -> None:
    """The last entry has none after it that would tell; signatures and witnesses do."""
    for prefixes in records:
        last = len(prefixes.record.entries) - 1
        for at, place in flips(prefixes.record):
            entry = flipped(place, prefixes.record.entries[at])
            where = f"entry {at + 1}: {'.'.join(place)}"
            assert at == last or prefixes.tells(at, entry, rechained=False), where


def untold(prefixes: Prefixes) -> Iterator[tuple[int, Place]]:
    """Yield the flips of which no judge of entries tells once the chain is made to fit."""
    for at, place in flips(prefixes.record):
        entry = prefixes.record.entries[at]
        set_again = place[0] in SET_AGAIN
        if entry["event"] == "checkpoint":
            set_again |= place[0] == "data"
        if not set_again and not prefixes.tells(at, flipped(place, entry), rechained=True):
            yield at, place


def test_what_can_be_changed_with_the_chain_made_to_fit_is_known_and_needs_signatures(
    records: tuple[Prefixes, ...], tmp_path: Path
) -> None:
    found: dict[str, set[str]] = {}
    for number, prefixes in enumerate(records):
        record = prefixes.record
        signed = asking_for_signatures(record, tmp_path / str(number))
        for at, place in untold(prefixes):
            names, name = found.setdefault(record.entries[at]["event"], set()), ".".join(place)
            if name in names or told(record, at, place, rechained=True):
                continue
            names.add(name)
            lie = with_flip(replace(signed, signed_to=at), at, place, rechained=True)
            codes = {(f.file, f.code) for f in judged(lie).findings}
            assert (path_of(lie.entries[at]), "audit-signature") in codes
    events = {entry["event"] for prefixes in records for entry in prefixes.record.entries}
    assert found == {event: UNTOLD["*"] | UNTOLD.get(event, set()) for event in events}
