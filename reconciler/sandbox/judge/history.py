"""Who served what and when, what of it resolvers could reach, and how long caches may keep it.

The rules of design/planning.md §2, on answers as they were seen: a version is served from the look
that first showed it until the look that no longer does, and is kept for its TTL after that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.sandbox.judge.answers import Content, Question, Reading
from reconciler.sandbox.judge.instances import PARENT, Instance
from reconciler.sandbox.judge.spans import FOREVER, Span, Spans, later, union


@dataclass(slots=True)
class Run:
    """One stretch of time in which one instance gave the same answer; served at `begins` at least.

    A run that begins and ends at one look was served for no time, and may have been fetched.
    """

    instance: Instance
    content: Content
    ttl: int
    begins: datetime
    ends: datetime = FOREVER

    def fetched(self, reach: Spans) -> Iterator[Span]:
        """Yield first and last instants at which a resolver may have fetched it."""
        if self.begins == self.ends:
            if any(begins <= self.begins < ends for begins, ends in reach):
                yield self.begins, self.ends
            return
        for begins, ends in reach:
            first, last = max(self.begins, begins), min(self.ends, ends)
            if first < last:
                yield first, last

    def kept(self, reach: Spans) -> Spans:
        """Return when some cache may hold it."""
        return union((first, later(last, self.ttl)) for first, last in self.fetched(reach))


@dataclass(slots=True)
class History:
    """All runs of all instances of one zone, in the order in which they began."""

    runs: list[Run] = field(default_factory=list)
    _open: dict[tuple[str, Question], Run] = field(default_factory=dict)

    def saw(
        self, now: datetime, instance: Instance, question: Question, reading: Reading | None
    ) -> None:
        """Record what an instance answered at `now`; None where it gave no usable answer."""
        place = (instance.address, question)
        run = self._open.get(place)
        if run is not None and reading is not None and _same(run, reading):
            return
        self._close(place, now)
        if reading is not None:
            content, ttl = reading
            run = Run(instance, content, ttl, now)
            self._open[place] = run
            self.runs.append(run)

    def gone(self, now: datetime, addresses: Iterable[str]) -> None:
        """Record that instances other than these serve no more."""
        present = set(addresses)
        for place in [p for p in self._open if p[0] not in present]:
            self._close(place, now)

    def current(self) -> tuple[Run, ...]:
        """Return the runs that the last look found going on."""
        return tuple(self._open.values())

    def _close(self, place: tuple[str, Question], now: datetime) -> None:
        run = self._open.pop(place, None)
        if run is not None:
            run.ends = now


def _same(run: Run, reading: Reading) -> bool:
    return run.content.key == reading[0].key and run.ttl == reading[1]


@dataclass(frozen=True, slots=True)
class Kept:
    """One content and when caches may hold it, over all servers that ever gave it.

    `since` is when a server first gave it.
    """

    content: Content
    since: datetime
    spans: Spans


def kept(runs: Iterable[Run], reach: Reach) -> tuple[Kept, ...]:
    """Return what caches may hold of these runs, one entry for each content."""
    spans: dict[bytes, list[Span]] = {}
    first: dict[bytes, Run] = {}
    for run in runs:
        first.setdefault(run.content.key, run)
        spans.setdefault(run.content.key, []).extend(run.kept(reach.of(run.instance)))
    return tuple(
        Kept(run.content, run.begins, union(spans[key])) for key, run in first.items() if spans[key]
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """When resolvers may ask the servers of a zone, by role and server name."""

    named: Mapping[tuple[str, str], Spans]

    def of(self, instance: Instance) -> Spans:
        """Return when this instance may be asked; a hidden one, when any server of its role may.

        The parent's are always asked.
        """
        if instance.role == PARENT:
            return ALWAYS
        if instance.hidden:
            return union(
                s for (role, _), spans in self.named.items() for s in spans if role == instance.role
            )
        return self.named.get((instance.role, instance.server), ())


ALWAYS: Spans = ((datetime.min.replace(tzinfo=FOREVER.tzinfo), FOREVER),)
"""The reach of the parent's servers."""


def reach_of(runs: Sequence[Run], zone: str) -> Reach:
    """Return when resolvers may ask the servers of `zone`.

    A server is asked while a cache may hold an NS RRset that names it, from the parent or from the
    apex at a signer that is itself asked. Each signer's apex prolongs a chain of such NS RRsets
    once only: resolvers are assumed to return to the parent.
    """
    roles = {run.instance.server: run.instance.role for run in runs}
    naming = [run for run in runs if run.content.question == (zone, "NS")]
    found: dict[tuple[str, str], list[Span]] = {}
    _spread(_Naming(naming, roles), PARENT, Reach({}), frozenset(), found)
    return Reach({server: union(spans) for server, spans in found.items()})


@dataclass(frozen=True, slots=True)
class _Naming:
    """The runs of NS answers, and the role of each server that they may name."""

    runs: Sequence[Run]
    roles: Mapping[str, str]

    def named(self, source: str, reach: Reach) -> Reach:
        """Return the servers that `source` names while it can be asked, and for how long."""
        spans: dict[tuple[str, str], list[Span]] = {}
        for run in (r for r in self.runs if r.instance.role == source):
            for server in run.content.names() & self.roles.keys():
                place = (self.roles[server], server)
                spans.setdefault(place, []).extend(run.kept(reach.of(run.instance)))
        return Reach({place: union(held) for place, held in spans.items()})


def _spread(
    naming: _Naming,
    source: str,
    reach: Reach,
    passed: frozenset[str],
    found: dict[tuple[str, str], list[Span]],
) -> None:
    """Add to `found` the servers that the NS RRsets of `source` name, and follow their signers."""
    named = naming.named(source, reach)
    for place, spans in named.named.items():
        found.setdefault(place, []).extend(spans)
    passed |= {source}
    for signer in sorted({role for role, _ in named.named} - passed):
        _spread(naming, signer, named, passed, found)
