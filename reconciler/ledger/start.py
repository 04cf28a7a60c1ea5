"""Starting a ledger, and putting on record under which governance its entries are written."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from reconciler.diagnostics import LostRaceError
from reconciler.ledger.fold import fold
from reconciler.ledger.history import History
from reconciler.model.desired import Portfolio
from reconciler.model.entries import Draft, Event, Json
from reconciler.ports import Ledger
from reconciler.spec.governance import governance_json

_ATTEMPTS = 5
"""How often to read again when others write at the same time; each of them may be the one that
records what is missing, after which nothing is left to do."""


def ensure_started(
    ledger: Ledger, portfolio: Portfolio, now: datetime, history: History | None = None
) -> History:
    """Return the ledger's history, having begun it and recorded the governance in force.

    Writes `genesis` where there is no ledger, and `policy` where the portfolio's governance is not
    that of the last policy entry. `history` is what the caller has read so far.
    """
    history = history or History()
    for _ in range(_ATTEMPTS):
        history = fold(ledger.entries(history.seq + 1), history)
        drafts = tuple(_missing(history, portfolio))
        try:
            return fold(ledger.append(drafts, now), history) if drafts else history
        except LostRaceError as error:
            lost = error
    raise lost


def _missing(history: History, portfolio: Portfolio) -> Iterable[Draft]:
    if history.seq == 0:
        yield Draft(event=Event.GENESIS, data={"ledger": secrets.token_hex(16)})
    if history.policy is None or history.policy.digest != portfolio.governance_digest:
        data: dict[str, Json] = {
            "digest": portfolio.governance_digest,
            "rules": governance_json(portfolio.people, portfolio.owners, portfolio.governance),
        }
        yield Draft(event=Event.POLICY, data=data)
