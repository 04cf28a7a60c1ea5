"""Entries of the ledger as files: canonical bytes, their digest and their place."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field, JsonValue

from reconciler.diagnostics import SpecError
from reconciler.model.entries import Actor, ActorKind, Draft, Entry, Event, Json
from reconciler.spec.canonical import bytes_digest, canonical
from reconciler.spec.entry_canonical import SEQUENCES, canonical_entry, canonical_value
from reconciler.spec.json_document import Document, Wire, parse
from reconciler.spec.wire_types import Instant, instant_text

VERSION = 1
_DIGITS = 12
Sequence = Annotated[int, Field(ge=0, lt=SEQUENCES)]
"""Position of an entry: twelve digits in its file's name."""


class PolicyFile(Wire):
    """The entry whose governance rules were in force, and their digest."""

    seq: Sequence
    digest: str


class ActorFile(Wire):
    """Who acted."""

    kind: ActorKind
    id: str
    run: str = ""


class EntryFileV1(Wire):
    """An entry of the ledger."""

    v: Annotated[int, Field(ge=VERSION, le=VERSION)]
    seq: Sequence
    prev: str
    at: Instant
    event: Event
    zone: str | None = None
    plan: str | None = None
    change: str | None = None
    step: str | None = None
    idem: str | None = None
    policy: PolicyFile
    actor: ActorFile
    tool: str
    deadline: Instant | None = None
    data: dict[str, JsonValue] = Field(default_factory=dict)


def entry_to_bytes(entry: Entry) -> bytes:
    """Return the canonical form (RFC 8785) of an entry; members that are None are left out."""
    draft = entry.draft
    members: dict[str, Json] = {
        "v": VERSION,
        "seq": entry.seq,
        "prev": entry.prev,
        "at": instant_text(entry.at),
        "event": draft.event.value,
        "zone": draft.zone,
        "plan": draft.plan,
        "change": draft.change,
        "step": draft.step,
        "idem": draft.idem,
        "policy": {"seq": entry.policy_seq, "digest": entry.policy_digest},
        "actor": {"kind": entry.actor.kind.value, "id": entry.actor.id, "run": entry.actor.run},
        "tool": entry.tool,
        "deadline": None if draft.deadline is None else instant_text(draft.deadline),
        "data": dict[str, Json](draft.data),
    }
    return canonical({name: value for name, value in members.items() if value is not None})


class ReadEntry(NamedTuple):
    """An entry, and whether its file is in the one canonical form."""

    entry: Entry
    canonical: bool


def read_entry(data: bytes, source: str) -> ReadEntry:
    """Return the entry in `data`, a file named `source` in messages, and how it is written.

    Unknown members are ignored. A higher `v`, and every mistake, raise SpecError with line and
    column.
    """
    found = canonical_entry(data, VERSION)
    if found is not None:
        return ReadEntry(found, canonical=True)
    return ReadEntry(_entry_from_any(data, source), canonical=is_canonical(data))


def draft_to_bytes(draft: Draft) -> bytes:
    """Return the canonical form of what an entry would have said, for a file of its own."""
    members: dict[str, Json] = {
        "event": draft.event.value,
        "zone": draft.zone,
        "plan": draft.plan,
        "change": draft.change,
        "step": draft.step,
        "idem": draft.idem,
        "data": dict[str, Json](draft.data),
    }
    return canonical({name: value for name, value in members.items() if value is not None})


def entry_from_bytes(data: bytes, source: str) -> Entry:
    """Return the entry in `data`, in whatever form it is written; errors as for `read_entry`."""
    return canonical_entry(data, VERSION) or _entry_from_any(data, source)


def _entry_from_any(data: bytes, source: str) -> Entry:
    document = parse(data, source)
    _require_version(document)
    file = document.read(EntryFileV1)
    return Entry(
        seq=file.seq,
        prev=file.prev,
        at=file.at,
        policy_seq=file.policy.seq,
        policy_digest=file.policy.digest,
        actor=Actor(kind=file.actor.kind, id=file.actor.id, run=file.actor.run),
        tool=file.tool,
        draft=Draft(
            event=file.event,
            zone=file.zone,
            plan=file.plan,
            change=file.change,
            step=file.step,
            idem=file.idem,
            deadline=file.deadline,
            data=_data(document),
        ),
    )


def entry_digest(data: bytes) -> str:
    """Return the digest of an entry's file, which the next entry's `prev` repeats."""
    return bytes_digest(data)


def entry_path(entry: Entry) -> str:
    """Return the path of an entry's file in the ledger.

    Folders are the leading digits of the twelve-digit `seq`, so that one holds at most 100 entries
    and an append touches one path: `entries/000000/0004/000000000417-intent.json`.
    """
    digits = f"{entry.seq:0{_DIGITS}}"
    return f"entries/{digits[:6]}/{digits[6:10]}/{digits}-{entry.event.value}.json"


def is_canonical(data: bytes) -> bool:
    """True if `data` is JSON in its one canonical form (RFC 8785)."""
    return data == b"null" or canonical_value(data) is not None


def _data(document: Document) -> dict[str, Json]:
    match document.value:
        case {"data": dict() as data}:
            return data
        case _:
            return {}


def _require_version(document: Document) -> None:
    value = document.value
    version = value.get("v") if isinstance(value, dict) else None
    if isinstance(version, int) and version > VERSION:
        raise SpecError(
            document.problem(
                ("v",),
                "unsupported-format",
                f"version {version} is newer than this release reads ({VERSION})",
                hint="use the release that wrote the ledger, or a newer one",
            )
        )
