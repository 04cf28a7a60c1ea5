"""Entries in canonical form, read with the standard library alone: a record holds very many.

Nothing is refused here: what is not read is for `entry_file` to judge, which says why and where.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import TypeGuard

from reconciler.diagnostics import SpecError
from reconciler.model.entries import Actor, ActorKind, Draft, Entry, Event, Json
from reconciler.spec.canonical import canonical

_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_TEXTS = ("prev", "at", "tool")
_OPTIONAL_TEXTS = ("zone", "plan", "change", "step", "idem", "deadline")
_EVENTS = {event.value: event for event in Event}
_KINDS = {kind.value: kind for kind in ActorKind}


def canonical_value(data: bytes) -> Json:
    """Return the value whose one canonical form (RFC 8785) `data` is; None for anything else."""
    try:
        value: Json = json.loads(data)
        return value if canonical(value) == data else None
    except (SpecError, ValueError, RecursionError):
        return None


def canonical_entry(data: bytes, version: int) -> Entry | None:
    """Return the entry of this version of the format whose canonical form `data` is, or None.

    Wherever it returns an entry, it is the one that `entry_from_bytes` would return.
    """
    file = canonical_value(data)
    if not isinstance(file, dict) or not _is_number(file.get("v")) or file["v"] != version:
        return None
    try:
        return _entry(file)
    except ValueError:
        return None


def _entry(file: dict[str, Json]) -> Entry | None:
    seq, policy, actor = file.get("seq"), file.get("policy"), file.get("actor")
    event = _EVENTS.get(_text(file, "event"))
    if not (_is_sequence(seq) and event and isinstance(policy, dict) and isinstance(actor, dict)):
        return None
    policy_seq, kind = policy.get("seq"), _KINDS.get(_text(actor, "kind"))
    if not (_is_sequence(policy_seq) and kind):
        return None
    prev, at, tool = (_text(file, name) for name in _TEXTS)
    return Entry(
        seq=seq,
        prev=prev,
        at=_instant(at),
        policy_seq=policy_seq,
        policy_digest=_text(policy, "digest"),
        actor=Actor(kind=kind, id=_text(actor, "id"), run=_text(actor, "run", "")),
        tool=tool,
        draft=_draft(event, file),
    )


def _draft(event: Event, file: dict[str, Json]) -> Draft:
    zone, plan, change, step, idem, deadline = (_text_or_none(file, n) for n in _OPTIONAL_TEXTS)
    data = file.get("data", {})
    if not isinstance(data, dict):
        raise ValueError  # noqa: TRY004 - one way to say that it is for `entry_file`
    return Draft(
        event=event,
        zone=zone,
        plan=plan,
        change=change,
        step=step,
        idem=idem,
        deadline=None if deadline is None else _instant(deadline),
        data=data,
    )


def _is_number(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_sequence(value: Json) -> TypeGuard[int]:
    return _is_number(value) and 0 <= value < SEQUENCES


SEQUENCES = 10**12
"""Numbers of entries have twelve digits in the names of their files."""


def _text(members: Mapping[str, Json], name: str, default: str | None = None) -> str:
    value = members.get(name, default)
    if not isinstance(value, str):
        raise ValueError  # noqa: TRY004 - one way to say that it is for `entry_file`
    return value


def _text_or_none(members: Mapping[str, Json], name: str) -> str | None:
    return None if members.get(name) is None else _text(members, name)


def _instant(text: str) -> datetime:
    if not _INSTANT.fullmatch(text):
        raise ValueError
    return datetime.fromisoformat(text)
