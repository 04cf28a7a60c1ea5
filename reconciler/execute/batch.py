"""What was seen of many zones, put on record together: one commit, however many zones.

Nothing is lost where a run ends in between: the next run sees the same again. An intent and its
outcome never wait for others (design/change-control.md §3, last paragraph).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.diagnostics import LostRaceError
from reconciler.execute.outside import Outside
from reconciler.execute.turn import FACT_TRIES
from reconciler.ledger.history import History, Outcome
from reconciler.model.entries import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A step of the plan with digest `plan` that every server was seen to show after it was `made`;
    `drafts` are the entries that say so.
    """

    zone: str
    plan: str
    made: Outcome
    drafts: tuple[Draft, ...]

    def is_news(self, history: History) -> bool:
        """True if nobody has put it on record, nor said anything else of the step meanwhile."""
        log = history.zone(self.zone)
        runs = log.plan is not None and log.plan.plan == self.plan
        unchanged = log.outcomes.get(self.made.step) == self.made
        return runs and unchanged and self.made.step not in log.evidence


def put_on_record(outside: Outside, found: Sequence[Seen]) -> None:
    """Append all that is news of `found` as one commit.

    What was seen stays true when a race is lost: read again, and append on the new tip. Raises
    LostRaceError where others are faster each time.
    """
    for _ in range(FACT_TRIES):
        history = outside.recall()
        drafts = [d for seen in found if seen.is_news(history) for d in seen.drafts]
        outside.checkpoint("before-evidence")
        try:
            outside.ledger.append(drafts, outside.clock.now())
        except LostRaceError as race:
            lost = race
        else:
            outside.checkpoint("after-evidence")
            return
    raise lost
