"""The classic check beside the caches: what one server alone gave a validator without a cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product

from reconciler.sandbox.judge.answers import Question
from reconciler.sandbox.judge.history import Kept, Run
from reconciler.sandbox.judge.instances import PARENT
from reconciler.sandbox.judge.views import Mix


@dataclass(slots=True)
class Snapshots:
    """Views of single servers that the delegation names, each with its first and last look.

    They also see answers that no cache may keep (TTL 0), served for no more than an instant.
    """

    zone: str
    probes: Sequence[Question]
    _seen: dict[tuple[bytes, ...], tuple[Mix, datetime]] = field(default_factory=dict)

    def take(self, now: datetime, runs: Iterable[Run]) -> None:
        """Note the views of every server named by the delegation, from the runs of this look."""
        current = list(runs)
        parent = [r for r in current if r.instance.role == PARENT]
        named = {n for r in parent if r.content.question[1] == "NS" for n in r.content.names()}
        ds = [r for r in parent if r.content.question[1] == "DS"]
        served: dict[str, list[Run]] = {}
        for run in current:
            if run.instance.server in named:
                served.setdefault(run.instance.address, []).append(run)
        for own in served.values():
            keys = [r for r in own if r.content.question == (self.zone, "DNSKEY")]
            data = [r for r in own if r.content.question in self.probes]
            for runs_of_view in product(ds, keys, data):
                self._note(now, runs_of_view)

    def _note(self, now: datetime, runs: tuple[Run, Run, Run]) -> None:
        place = tuple(run.content.key for run in runs)
        ds, dnskey, data = (Kept(run.content, run.begins, ()) for run in runs)
        first = self._seen[place][0] if place in self._seen else Mix(ds, dnskey, data)
        self._seen[place] = (first, now)

    def views(self) -> Iterator[tuple[Mix, datetime]]:
        """Yield each view at the last look that showed it, when its signatures were oldest."""
        yield from self._seen.values()
