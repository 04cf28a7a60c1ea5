"""Commit messages of the ledger: a story for `git log`, trailers as an index, no free text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.model.entries import Entry, Json

_WORDS = {
    "dnskey.add": "add DNSKEY",
    "dnskey.remove": "remove DNSKEY",
    "dnskey.sign": "set who signs DNSKEY",
    "dnskey.set": "set DNSKEY",
    "data.sign": "set who signs the data",
    "zone.sign": "sign the zone",
    "zone.unsign": "unsign the zone",
    "ds.replace": "replace DS",
    "ds.add": "add DS",
    "ds.remove": "remove DS",
}
_MANY = 5
"""More entries than this are counted, not told one by one."""


def commit_message(entries: Sequence[Entry]) -> str:
    """Return the message of a commit that carries `entries`; verification never trusts it."""
    stories = [_story(entry) for entry in entries]
    if len(stories) == 1:
        text = f"{stories[0]}\n"
    else:
        told = stories if len(stories) <= _MANY else []
        text = "\n".join([_summary(entries), "", *(f"* {story}" for story in told)])
        text = text.rstrip("\n") + "\n"
    return f"{text}\n{_trailers(entries)}"


def _story(entry: Entry) -> str:
    where = " of ".join(_plain(text) for text in (entry.draft.step, entry.draft.zone) if text)
    what = ", ".join(_moves(entry.draft.data.get("moves")))
    event = "rollback" if "rollback" in entry.draft.data else entry.event
    return f"{event}{': ' if where else ''}{where}{' — ' if what else ''}{what}"


def _moves(moves: Json) -> list[str]:
    found = moves if isinstance(moves, list) else []
    ops = [move.get("op") for move in found if isinstance(move, dict)]
    words = [_WORDS[op] for op in ops if isinstance(op, str) and op in _WORDS]
    return list(dict.fromkeys(words))


def _summary(entries: Sequence[Entry]) -> str:
    events = ", ".join(dict.fromkeys(entry.event for entry in entries))
    zones = {entry.draft.zone for entry in entries if entry.draft.zone}
    of = "" if not zones else f" of {_plain(zones.pop())}" if len(zones) == 1 else ""
    return f"{events}: {len(entries)} entries{of or (f' of {len(zones)} zones' if zones else '')}"


def _trailers(entries: Sequence[Entry]) -> str:
    first, last = entries[0].seq, entries[-1].seq
    zones = dict.fromkeys(_plain(e.draft.zone) for e in entries if e.draft.zone)
    steps = dict.fromkeys(_plain(e.draft.step) for e in entries if e.draft.step)
    lines = [
        f"Reconcile-Seq: {first}" if first == last else f"Reconcile-Seq: {first}-{last}",
        *(f"Reconcile-Event: {event}" for event in dict.fromkeys(e.event for e in entries)),
        *(f"Reconcile-Zone: {zone}" for zone in zones),
        *(f"Reconcile-Step: {step}" for step in steps),
    ]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._@/:-]", "?", text)
