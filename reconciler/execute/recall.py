"""What the ledger tells, folded once and then only as far as it has grown."""

from __future__ import annotations

from reconciler.ledger.fold import fold
from reconciler.ledger.history import History
from reconciler.ports import Ledger


class Memory:
    """Folds a ledger; each look pays only for what is new since the one before."""

    def __init__(self, ledger: Ledger) -> None:
        """Begin without having read anything."""
        self._ledger = ledger
        self._history = History()

    def recall(self) -> History:
        """Return the whole ledger folded as of its tip now."""
        self._history = fold(self._ledger.entries(self._history.seq + 1), self._history)
        return self._history
