"""The ledger as tables and lines for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from reconciler.model.entries import Entry
from reconciler.report.console import visible

COLUMNS = (
    "seq", "at", "event", "zone", "plan", "change", "step", "idem", "deadline",
    "policy_seq", "policy_digest", "actor_kind", "actor_id", "actor_run", "tool", "prev", "data",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 (the wide forms are meant)
"""How a cell begins that spreadsheets would compute (OWASP, CSV injection); tabs are escaped."""


def csv_lines(entries: Iterable[Entry]) -> Iterator[str]:
    """Yield a table (RFC 4180), its header first; `data` as JSON.

    Invisible characters are escaped, and an apostrophe stands before what a spreadsheet would
    compute.
    """
    yield _line(COLUMNS)
    for entry in entries:
        yield _line([_cell(value) for value in _row(entry)])


def _row(entry: Entry) -> tuple[object, ...]:
    draft = entry.draft
    deadline = f"{draft.deadline:%FT%TZ}" if draft.deadline else None
    data = json.dumps(dict(draft.data), sort_keys=True, separators=(",", ":"))
    return (
        entry.seq, f"{entry.at:%FT%TZ}", entry.event, draft.zone, draft.plan, draft.change,
        draft.step, draft.idem, deadline, entry.policy_seq, entry.policy_digest, entry.actor.kind,
        entry.actor.id, entry.actor.run, entry.tool, entry.prev, data,
    )  # fmt: skip


def _cell(value: object) -> str:
    text = "" if value is None else visible(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
