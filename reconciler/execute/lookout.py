"""The outside world for those who only look: eyes, and no hands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reconciler.execute.outside import Observe, Outside, Propose, Recall
from reconciler.model.desired import Portfolio

Blob = Callable[[str], bytes]
Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookout:
    """Functions that read: no signer, no parent, no ledger that could be appended to.

    `blob` returns a content-addressed file of the ledger; the others are those of `Outside`.
    """

    portfolio: Portfolio
    now: Now
    recall: Recall
    blob: Blob
    observe: Observe
    propose: Propose


def lookout(outside: Outside) -> Lookout:
    """Return what of the outside world can be looked at."""
    return Lookout(
        portfolio=outside.portfolio,
        now=outside.clock.now,
        recall=outside.recall,
        blob=outside.ledger.blob,
        observe=outside.observe,
        propose=outside.propose,
    )
