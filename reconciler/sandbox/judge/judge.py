"""The judge of one zone: looks at every server at every change, and reports what could be seen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

import dns.name

from reconciler.sandbox.judge.ancestry import Ancestry
from reconciler.sandbox.judge.answers import Content, Question, Reading, read
from reconciler.sandbox.judge.history import History, Kept, Run, kept, reach_of
from reconciler.sandbox.judge.instances import PARENT, Ask, Instance, Trust
from reconciler.sandbox.judge.profiles import ValidationStatus, profile_named
from reconciler.sandbox.judge.report import CHAIN, BadView, Report
from reconciler.sandbox.judge.signatures import Verifier
from reconciler.sandbox.judge.snapshots import Snapshots
from reconciler.sandbox.judge.spans import FOREVER
from reconciler.sandbox.judge.tally import Tally
from reconciler.sandbox.judge.views import Validator, mixes, segments


def absent_name(zone: str) -> str:
    """Return a name below `zone` that nobody would choose; always the same for one zone."""
    return f"{hashlib.blake2b(zone.encode(), digest_size=8).hexdigest()}.{zone}"


class Judge:
    """Watches one zone and decides whether any resolver could have seen a bad view of it.

    `instances` may be a live list: it is read at every look. `ask` is the only way to the servers.
    `probes` are questions about the zone's data beside SOA and NS at the apex and a name that does
    not exist. With `trust` the parent's DS answers are themselves validated from the trust anchor;
    without it they are believed. `look` comes first, then `report`, as often as wanted.
    """

    def __init__(  # noqa: PLR0913 (one argument for each thing a judge needs)
        self,
        zone: str,
        instances: Sequence[Instance],
        ask: Ask,
        *,
        profiles: Sequence[str],
        probes: Sequence[Question] = (),
        trust: Trust | None = None,
    ) -> None:
        """Begin to watch; unknown profiles raise ValueError."""
        self._zone = dns.name.from_text(zone).canonicalize().to_text()
        self._instances = instances
        self._ask = ask
        self._profiles = tuple(profile_named(name) for name in profiles)
        apex: list[Question] = [(self._zone, "SOA"), (self._zone, "NS")]
        given = [(dns.name.from_text(n).canonicalize().to_text(), t) for n, t in probes]
        self._probes = tuple(dict.fromkeys([*apex, *given, (absent_name(self._zone), "A")]))
        self._verifier = Verifier()
        self._ancestry = Ancestry(trust, self._verifier) if trust else None
        self._history = History()
        self._snapshots = Snapshots(self._zone, self._probes)
        self._readings: dict[tuple[Question, bytes], Reading | None] = {}
        self._looks: list[datetime] = []
        self._broken: list[tuple[datetime, str]] = []
        self._unanswered = 0

    def look(self, now: datetime) -> None:
        """Ask every server everything; answers are taken to stand until the next look.

        Several looks at one instant show the order in which changes land. Going back in time
        raises ValueError.
        """
        if self._looks and now < self._looks[-1]:
            message = f"the last look was at {self._looks[-1]:%FT%TZ}, after {now:%FT%TZ}"
            raise ValueError(message)
        self._looks.append(now)
        instances = tuple(self._instances)
        self._history.gone(now, (i.address for i in instances))
        for instance in instances:
            for question in self._questions(instance):
                reading = self._read(instance.address, question)
                self._unanswered += reading is None
                self._history.saw(now, instance, question, reading)
        self._snapshots.take(now, self._history.current())
        problem = self._ancestry.look(now, self._content) if self._ancestry else ""
        if problem:
            self._broken.append((now, problem))

    def report(self) -> Report:
        """Judge everything seen so far, up to the last look."""
        if not self._looks:
            message = "nothing was looked at yet"
            raise ValueError(message)
        since, until = self._looks[0], self._looks[-1]
        tally = self._tally(until)
        bad = (*self._broken_chain(), *tally.bad_views())
        return Report(
            views=tally.views,
            distinct_views=tally.distinct_views,
            bogus=sum(view.verdict is ValidationStatus.BOGUS for view in bad),
            insecure=sum(view.verdict is ValidationStatus.INSECURE for view in bad),
            bad_views=bad,
            first_secure=tally.first_secure(since, until),
            origins=tally.origins(),
            verified=self._verifier.verified,
            unanswered=self._unanswered,
        )

    def _tally(self, until: datetime) -> Tally:
        validator = self._validator()
        tally = Tally(self._profiles)
        for mix, span in mixes(*self._parts()):
            for segment in segments(span, validator.bounds(mix), until):
                tally.count(mix, validator.glance(mix, segment[0]), segment)
        for mix, at in self._snapshots.views():
            tally.count(mix, validator.glance(mix, at), (at, at))
        return tally

    def _validator(self) -> Validator:
        parent = (self._ancestry.parent, frozenset(self._ancestry.keys)) if self._ancestry else None
        return Validator(dns.name.from_text(self._zone), self._verifier, parent)

    def _parts(self) -> tuple[tuple[Kept, ...], tuple[Kept, ...], tuple[Kept, ...]]:
        """Return what caches may hold: DS, DNSKEY, and data of every probe."""
        reach = reach_of(self._history.runs, self._zone)
        ds, dnskey, data = [
            kept(runs, reach) for runs in (self._runs("DS"), self._runs("DNSKEY"), self._data())
        ]
        return ds, dnskey, data

    def _runs(self, rdtype: str) -> Iterator[Run]:
        question = (self._zone, rdtype)
        return (run for run in self._history.runs if run.content.question == question)

    def _data(self) -> Iterator[Run]:
        runs = (run for run in self._history.runs if run.instance.role != PARENT)
        return (run for run in runs if run.content.question in self._probes)

    def _broken_chain(self) -> Iterator[BadView]:
        """Yield one bogus view for each time in which the chain above was seen broken."""
        for at, why in self._broken:
            ends = next((look for look in self._looks if look > at), FOREVER)
            yield BadView(
                profile=CHAIN,
                verdict=ValidationStatus.BOGUS,
                spans=((at, ends),),
                ds="",
                dnskey="",
                data="",
                why=why,
            )

    def _questions(self, instance: Instance) -> tuple[Question, ...]:
        if instance.role == PARENT:
            return (self._zone, "DS"), (self._zone, "NS")
        return (self._zone, "DNSKEY"), *self._probes

    def _content(self, address: str, question: Question) -> Content | None:
        reading = self._read(address, question)
        return reading[0] if reading else None

    def _read(self, address: str, question: Question) -> Reading | None:
        """Ask, and read; equal answers (but for their ID) are read once."""
        wire = self._ask(address, *question)
        if wire is None:
            return None
        place = (question, wire[2:])
        if place not in self._readings:
            self._readings[place] = read(wire, question)
        return self._readings[place]
