"""Every member of every entry changed: by an attacker who leaves the chain as it is, and by one who
makes number, chain, policy references and checkpoints fit again.

What the second can change without a finding is listed here, whole; there, signatures tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from reconciler.audit.verify import Audit
from tests.audit.forge import Entry, Forged, judged, path_of

Place = tuple[str, ...]
MEMBERS = ("v", "seq", "prev", "at", "event", "zone", "plan", "change", "step", "idem", "policy",
           "actor", "tool", "deadline", "data")  # fmt: skip
SET_AGAIN = {"seq", "prev", "policy"}
"""Members that the careful attacker's chain sets again, whatever they were changed to."""
UNTOLD = {
    "*": {"actor.id", "tool"},
    "accepted": {"data.message", "data.operation"},
    "adopt": {"actor.run", "zone"},
    "approval": {"actor.run"},
    "evidence": {"actor.run", "data.servers"},
    "genesis": {"actor.run"},
    "outcome": {"data.message"},
    "plan": {"actor.run", "data.authors", "data.commit"},
    "policy": {"actor.run"},
    "refine": {"actor.run"},
    "checkpoint": {"actor.run"},
}
"""By event (`*`: all), members whose change may break no rule: words, and by whom and for whom."""


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
    """Yield every member of an entry, and of the objects right inside of it."""
    for name, value in entry.items():
        if isinstance(value, dict):
            yield from ((name, inner) for inner in value)
        else:
            yield (name,)


def flipped(place: Place, entry: Entry) -> None:
    inner = entry if len(place) == 1 else entry[place[0]]
    inner[place[-1]] = changed(inner[place[-1]])


def flips(record: Forged) -> Iterator[tuple[int, Place]]:
    for at, entry in enumerate(record.entries):
        yield from ((at, place) for place in members(entry))


def names_an_entry(audit: Audit) -> bool:
    return any((found.file or "").startswith("entries/") for found in audit.findings)


def test_every_member_that_an_entry_can_have_is_tried(ledger: Forged) -> None:
    tried = list(flips(ledger))
    assert {place[0] for _, place in tried} == set(MEMBERS)
    assert len(tried) > 500


def test_a_flip_of_any_member_breaks_the_chain_and_names_an_entry(ledger: Forged) -> None:
    """The last entry has none after it that would tell; signatures and witnesses do."""
    for at, place in flips(ledger):
        if at + 1 == len(ledger.entries):
            continue
        found = judged(ledger.changed(at, partial(flipped, place), rechained=False))
        assert names_an_entry(found), f"entry {at + 1}: {'.'.join(place)}"


def test_what_can_be_changed_with_the_chain_made_to_fit_is_known_and_needs_signatures(
    ledger: Forged, signed: Forged
) -> None:
    untold: dict[str, set[str]] = {}
    for at, place in flips(ledger):
        event, flip = ledger.entries[at]["event"], partial(flipped, place)
        if place[0] in SET_AGAIN or (event == "checkpoint" and place[0] == "data"):
            continue
        if not names_an_entry(judged(ledger.changed(at, flip))):
            untold.setdefault(event, set()).add(".".join(place))
            lie = replace(signed, signed_to=at).changed(at, flip)
            codes = {(f.file, f.code) for f in judged(lie).findings}
            assert (path_of(lie.entries[at]), "audit-signature") in codes
    events = {entry["event"] for entry in ledger.entries}
    assert untold == {event: UNTOLD["*"] | UNTOLD.get(event, set()) for event in events}
