"""One entry in its scene: all that stands on record before it, for a judge to compare it with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from reconciler.governance.approvals import Rules
from reconciler.ledger.history import ZoneLog
from reconciler.ledger.read_data import Data
from reconciler.model.entries import Entry
from reconciler.model.plan import ZonePlan


class Problem(NamedTuple):
    """What is wrong with an entry: a stable code, and a clause that goes on from the entry."""

    code: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An intent on record, of a plan that may have given way to another since: what it was about,
    and the keys that its plan creates. `operations` are the ids under which systems took it in
    hand; `answered`: its own run has put its outcome on record.
    """

    step: str
    plan: str
    change: str
    symbols: frozenset[str]
    run: str
    deadline: datetime | None
    operations: frozenset[str] = frozenset()
    answered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One entry, and what stands on record before it.

    `log` is what is known of its zone, `plan` the plan on record with the real keys in place of
    symbols, None where there is none that can be read. `rules` are those in force, None where they
    cannot be read. `attempts` are the intents of the entry's idempotency id, oldest first. `blob`
    reads a content-addressed file by its name in entries; None: the ledger does not hold it.
    """

    entry: Entry
    log: ZoneLog
    plan: ZonePlan | None
    rules: Rules | None
    ledger_id: str
    attempts: tuple[Attempt, ...]
    blob: Callable[[str], bytes | None]

    @property
    def data(self) -> Data:
        """The entry's data, to be read with the types that its event asks for."""
        return Data(self.entry)

    @property
    def zone(self) -> str:
        """The entry's zone; LedgerError where it names none."""
        return self.data.member("zone")
