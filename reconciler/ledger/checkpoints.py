"""What the ledger says of itself: how much it holds, where it stands in git, that runs go on."""

from __future__ import annotations

from datetime import datetime, timedelta

from reconciler.diagnostics import LostRaceError
from reconciler.ledger.fold import fold
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.history import History
from reconciler.model.entries import Draft, Event, Json

EVERY = timedelta(days=1)
"""Source: design/change-control.md §3, gitops.md c.9."""
ENTRIES = 1000
"""Source: as many as are read in a moment. No official reference."""


def checkpoint_if_due(ledger: GitLedger, now: datetime, history: History) -> History:
    """Append a checkpoint if the last one is a day or 1,000 entries old; return what is on record.

    Nothing is written after which nothing else was. Whoever loses a race leaves it to the next run.
    """
    history = fold(ledger.entries(history.seq + 1), history)
    head = ledger.head()
    if head is None or not _is_due(history, now):
        return history
    data: dict[str, Json] = {"count": head.seq, "commit": head.commit, "head": head.digest}
    try:
        return fold(ledger.append([Draft(event=Event.CHECKPOINT, data=data)], now), history)
    except LostRaceError:
        return history


def heartbeat_if_due(
    ledger: GitLedger, now: datetime, history: History, every: timedelta | None
) -> History:
    """Append a heartbeat if nothing was recorded for `every`; return what is on record.

    So a silence of longer means that no run was there. Whoever loses a race leaves it: somebody
    else wrote. `every` None: never.
    """
    if every is None or history.at is None or now - history.at < every:
        return history
    try:
        return fold(ledger.append([Draft(event=Event.HEARTBEAT)], now), history)
    except LostRaceError:
        return fold(ledger.entries(history.seq + 1), history)


def _is_due(history: History, now: datetime) -> bool:
    last = history.checkpoint
    if last is None:
        return history.seq > 0
    if last.seq == history.seq:
        return False
    return now - last.at >= EVERY or history.seq - last.seq >= ENTRIES
