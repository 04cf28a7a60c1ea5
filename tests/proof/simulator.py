"""A second opinion by brute force: one schedule, every second, every mix of caches.

Written from the definition of what a cache may hold, without symbols: an instant set is an integer
whose bit `PAST + t` stands for the second that begins at t.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations, product

from reconciler.model.keys import Key, KeyEntry
from reconciler.model.moves import (
    ApexNsSet,
    DataSign,
    DnskeyAdd,
    DnskeyRemove,
    DnskeySet,
    DnskeySign,
    DsAdd,
    DsConfirm,
    DsRemove,
    DsReplace,
    Move,
    NsSet,
    TtlSet,
)
from reconciler.model.plan import Step
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    RRsetKind,
    Slot,
    Timeline,
    Version,
    slot,
)

PAST = 24
FUTURE = 90
NEVER = 10_000

Content = tuple[frozenset[object], ...]
State = tuple[Content, int]
"""What stands in an RRset, and its TTL."""


def seconds(start: int, end: int) -> int:
    """The instants from `start` until before `end`."""
    low, high = max(start + PAST, 0), min(end + PAST, PAST + FUTURE)
    return (1 << high) - (1 << low) if high > low else 0


def kept(fetched: int, ttl: int) -> int:
    """The instants at which something fetched may still be in a cache."""
    found = fetched
    for _ in range(ttl):
        found |= fetched << 1
        fetched = found
    return found & ((1 << PAST + FUTURE) - 1)


@dataclass(frozen=True)
class Held:
    """Something a cache may hold, and when."""

    content: Content
    unknown: bool
    when: int
    source: Version
    of_start: bool
    gone: bool


@dataclass(frozen=True)
class Bad:
    """A bad mix under a profile, and at which instants it may be cached."""

    profile: str
    verdict: str
    when: int
    excused: bool = False
    unknown: bool = False


class Simulation:
    """What caches may hold if the steps are taken at `times`."""

    def __init__(self, timeline: Timeline, steps: Sequence[Step], times: Mapping[str, int]) -> None:
        self.timeline = timeline
        self.steps = {step.id: step for step in steps}
        self.times = times
        self.lanes: dict[Slot, list[Version]] = {}
        for version in timeline.versions:
            self.lanes.setdefault(slot(version), []).append(version)

    def begin(self, version: Version) -> int:
        if version.step is not None:
            return self.times[version.step]
        return -PAST if version.at is None else version.at

    def stays(self, place: Slot) -> Iterator[tuple[Version, Version | None, int]]:
        lane = self.lanes.get(place, [])
        for version, after in zip(lane, [*lane[1:], None], strict=False):
            last = NEVER if after is None else self.begin(after) + after.propagation
            yield version, after, seconds(self.begin(version), last)

    def reach(self, signer: str, avoid: frozenset[str] = frozenset()) -> int:
        """When some cache may name `signer`, by ways that do not pass `avoid`."""
        named = 0
        for place in list(self.lanes):
            if place[0] is RRsetKind.NS and place[1] != signer and place[1] not in avoid:
                asked = -1 if place[1] is None else self.reach(place[1], avoid | {signer})
                named |= self._naming(place, signer, asked)
        return named | self._naming((RRsetKind.NS, signer), signer, named)

    def _naming(self, place: Slot, signer: str, asked: int) -> int:
        found = 0
        standing = [version for version in self.lanes.get(place, ()) if version.step is None]
        before: Version | None = None
        for version, _, served in self.stays(place):
            named = [version, *(standing[-1:] if version.unknown else ())]
            if any(isinstance(ns, NsVersion) and signer in ns.signers for ns in named):
                found |= kept(served & asked, version.ttl)
            if before is not None:
                for (signers,), when in self._left(before, version, asked):
                    found |= when if signer in signers else 0
            before = version
        return found

    def held(self, kind: RRsetKind) -> Iterator[Held]:
        for place in self.lanes:
            if place[0] is kind:
                asked = -1 if place[1] is None else self.reach(place[1])
                before: Version | None = None
                for version, after, served in self.stays(place):
                    gone = after is not None and after.step is None
                    yield from self._standing(version, kept(served & asked, version.ttl), gone)
                    if before is not None:
                        yield from self._half_done(before, version, asked)
                    before = version
        if kind is RRsetKind.DS:
            yield from self._installed()

    def _standing(self, version: Version, when: int, gone: bool) -> Iterator[Held]:  # noqa: FBT001 - a column
        started = version.step is None
        content = content_of(version)
        if isinstance(version, DnskeyVersion | DataVersion) and version.expires is not None:
            fresh = seconds(-PAST, version.expires)
            stale = (*content[:-1], frozenset[object]())
            yield Held(stale, version.unknown, when & ~fresh, version, started, gone)
            when &= fresh
        yield Held(content, version.unknown, when, version, started, gone)

    def _half_done(self, before: Version, after: Version, asked: int) -> Iterator[Held]:
        for content, when in self._left(before, after, asked):
            yield Held(content, False, when, after, False, False)  # noqa: FBT003 - columns

    def _left(self, before: Version, after: Version, asked: int) -> Iterator[tuple[Content, int]]:
        """What some of the moves of a step leave, and when a cache may keep it."""
        moves = [] if after.step is None else self._moves(after)
        start = self.begin(after)
        ttl = max(before.ttl, after.ttl)
        when = kept(seconds(start, start + after.propagation) & asked, ttl)
        if not after.propagation:
            when = kept(seconds(start, start + 1) & asked, ttl - 1) if ttl else 0
        whole = {(content_of(before), before.ttl), (content_of(after), after.ttl)}
        seen: set[State] = set()
        for order in permutations(moves):
            state = content_of(before), before.ttl
            for move in order[:-1]:
                state = moved(move, state)
                seen.add(state)
        for content, _ in seen - whole:
            yield content, when

    def _moves(self, version: Version) -> list[Move]:
        kinds: dict[RRsetKind, tuple[type[Move], ...]] = {
            RRsetKind.DS: (DsReplace, DsAdd, DsRemove),
            RRsetKind.DNSKEY: (DnskeyAdd, DnskeyRemove, DnskeySign, DnskeySet),
            RRsetKind.DATA: (DataSign,),
            RRsetKind.NS: (NsSet, ApexNsSet),
        }
        kind, signer = slot(version)
        assert version.step is not None
        return [
            move
            for move in self.steps[version.step].moves
            if (isinstance(move, TtlSet) and (move.rrset, move.signer) == (kind, signer))
            or (isinstance(move, kinds.get(kind, ())) and getattr(move, "signer", None) == signer)
        ]

    def _installed(self, ttl: int | None = None) -> Iterator[Held]:
        for place in self.lanes:
            for version, _, served in self.stays(place):
                if not isinstance(version, CdsVersion) or not version.polled:
                    continue
                if version.cds or version.unknown:
                    assert place[1] is not None
                    seen = kept(served & self.reach(place[1]), version.ttl)
                    deciding = kept(seen, version.processing_max)
                    largest = max(ds.ttl for ds in self.lanes[RRsetKind.DS, None])
                    yield from self._from_cds(version, deciding, largest if ttl is None else ttl)

    def _from_cds(self, cds: CdsVersion, deciding: int, ttl: int) -> Iterator[Held]:
        lane = self.lanes[RRsetKind.DS, None]
        wanted: Content = (frozenset(cds.cds or ()) if cds.cds != "delete" else frozenset(),)
        observed = [self.begin(version) for version in lane if version.step is None][-1]
        for start in [*range(-PAST, observed), *range(FUTURE)]:
            if deciding >> start + PAST & 1:
                content, begin, free = wanted, start, cds.unknown
                for version in [v for v in lane if self.begin(v) > start]:
                    when = kept(seconds(begin, self.begin(version) + version.propagation), ttl)
                    yield Held(content, cds.unknown, when, cds, free, free)
                    moves = self._moves(version) if version.step else []
                    if not moves or any(isinstance(move, DsReplace) for move in moves):
                        break
                    for move in moves:
                        content, _ = moved(move, (content, ttl))
                    begin = self.begin(version)
                else:
                    yield Held(content, cds.unknown, seconds(begin, NEVER), cds, free, free)

    def bad(self) -> list[Bad]:
        """Every bad mix that some cache may hold at or after 0 by the plan's fault."""
        return [found for found in self._all() if not found.excused] + list(self._untrue())

    def exposure(self) -> int | None:
        """Until when what was broken at the start may be seen; None: never, or for ever."""
        found = [b.when for b in self._all() if b.excused and not b.unknown]
        last = max((when.bit_length() - PAST for when in found), default=0)
        return None if last >= FUTURE else last or None

    def _untrue(self) -> Iterator[Bad]:
        """What signers are told of the parent while some server of it shows something else."""
        told = [(s.id, m) for s in self.steps.values() for m in s.moves if isinstance(m, DsConfirm)]
        for name, move in told:
            now = seconds(self.times[name], self.times[name] + 1)
            lane = self.stays((RRsetKind.DS, None))
            given = [(content_of(v)[0], v.unknown, served) for v, _, served in lane]
            given += [(h.content[0], h.unknown, h.when) for h in self._installed(ttl=0)]
            for ds, unknown, when in given:
                holds = move.key in {ref.key for ref in ds}  # type: ignore[attr-defined]  # a DsRef
                if now & when and (unknown or holds is not move.present):
                    yield Bad("I11", "untrue", now & when)

    def _all(self) -> list[Bad]:
        found = []
        never = Simulation(
            self.timeline, tuple(self.steps.values()), dict.fromkeys(self.times, NEVER)
        )
        kinds = (RRsetKind.DS, RRsetKind.DNSKEY, RRsetKind.DATA)
        parts = [list(self.held(kind)) for kind in kinds]
        at_start = {
            (id(part.source), part.content)
            for kind in kinds
            for part in never.held(kind)
            if part.of_start and part.when >> PAST & 1
        }
        for profile in self.timeline.profiles:
            fits, started = set(), set()
            for view in product(*parts):
                if all((id(part.source), part.content) in at_start for part in view):
                    started |= {id(part.source) for part in view if not part.unknown}
                    if status(profile, self.timeline.keys, view) != "bogus":
                        fits |= {id(part.source) for part in view}
            dead = started - fits
            for view in product(*parts):
                when = view[0].when & view[1].when & view[2].when & seconds(0, NEVER)
                if when and status(profile, self.timeline.keys, view) == "bogus":
                    there = all((id(part.source), part.content) in at_start for part in view)
                    excused = any(part.of_start and id(part.source) in dead for part in view)
                    excused = excused or (there and any(part.gone for part in view))
                    unknown = any(part.unknown for part in view)
                    found.append(Bad(profile, "bogus", when, excused, unknown))
            found += self._insecure(profile, parts[0])
            found += self._lost(profile, parts[0], [*parts[1], *parts[2]])
        return found

    def _insecure(self, profile: str, parts: Sequence[Held]) -> Iterator[Bad]:
        lane = self.lanes[RRsetKind.DS, None]
        start = [v for v in lane if v.step is None][-1]
        assert isinstance(start, DsVersion)
        assert isinstance(lane[-1], DsVersion)
        keys = self.timeline.keys
        goal = not lane[-1].ds or usable(profile, keys, lane[-1].ds)
        if self.timeline.insecure_allowed or not (usable(profile, keys, start.ds) and goal):
            return
        for part in parts:
            when = part.when & seconds(0, NEVER)
            if when and not part.of_start and not usable(profile, keys, part.content[0]):
                yield Bad(profile, "insecure", when)

    def _lost(self, profile: str, ds: Sequence[Held], parts: Sequence[Held]) -> Iterator[Bad]:
        keys = self.timeline.keys
        for ns, top in product(self.held(RRsetKind.NS), ds):
            if ns.unknown and (top.unknown or usable(profile, keys, top.content[0])):
                for part in (top, *parts):
                    when = ns.when & top.when & part.when & seconds(0, NEVER)
                    if when and not part.of_start:
                        yield Bad(profile, "bogus", when)


def content_of(version: Version) -> Content:
    match version:
        case DsVersion():
            return (frozenset(version.ds),)
        case DnskeyVersion():
            return frozenset(version.keys), frozenset(version.signed_by)
        case DataVersion():
            return (frozenset(version.signed_by),)
        case NsVersion():
            return (frozenset(version.signers),)
        case CdsVersion():
            return ()


def moved(move: Move, state: State) -> State:  # noqa: C901 - one case per move
    content, ttl = state
    match move:
        case TtlSet():
            return content, move.ttl
        case DsReplace():
            content = (frozenset(move.ds),)
        case DsAdd():
            content = (content[0] | {move.ds},)
        case DsRemove():
            content = (content[0] - {move.ds},)
        case DnskeyAdd():
            signing = {move.key} if move.sign else set()
            content = content[0] | {move.key}, content[1] | signing
        case DnskeyRemove():
            content = content[0] - {move.key}, content[1] - {move.key}
        case DnskeySign():
            content = content[0], frozenset(move.keys)
        case DnskeySet():
            content = frozenset(move.keys), frozenset(move.signed_by)
        case DataSign():
            content = (frozenset(move.keys),)
        case NsSet() | ApexNsSet():
            content = (frozenset(move.signers),)
        case _:
            raise AssertionError(move)
    return content, ttl


def usable(
    profile: str, keys: Mapping[str, KeyEntry], ds: frozenset[object]
) -> set[tuple[str, int, int]]:
    """The DS that count, as (key, algorithm, digest type)."""
    known = {(ref.key, keys[ref.key].algorithm, ref.digest_type) for ref in ds}  # type: ignore[attr-defined]
    known = {row for row in known if profile != f"without-alg({row[1]})"}
    if profile == "top-digest":
        return {row for row in known if row[2] == max(other[2] for other in known)}
    if profile == "sha1-ignored" and any(row[2] > 1 for row in known):
        return {row for row in known if row[2] > 1}
    return known


def status(profile: str, keys: Mapping[str, KeyEntry], view: Sequence[Held]) -> str:
    """What a validator says, chain by chain."""
    ds, dnskey, data = view
    if ds.unknown:
        return "bogus"
    counted = usable(profile, keys, ds.content[0])
    if not counted:
        return "insecure"
    if dnskey.unknown or data.unknown:
        return "bogus"
    served = {
        (label, entry.algorithm)
        for label, entry in keys.items()
        if label in dnskey.content[0] and isinstance(entry, Key)
        if entry.flags & 0x100 and not entry.flags & 0x80
        if profile != f"without-alg({entry.algorithm})"
    }
    chains = {
        (top_algorithm, leaf_algorithm)
        for top, top_algorithm, _ in counted
        for leaf, leaf_algorithm in served
        if (top, top_algorithm) in served and top in dnskey.content[1] and leaf in data.content[0]
    }
    wanted = {algorithm for _, algorithm, _ in counted}
    each = profile in {"ds-alg", "top-digest", "rfc4035"}
    if each and any((algorithm, algorithm) not in chains for algorithm in wanted):
        return "bogus"
    if profile == "rfc4035":
        for _, algorithm in served:
            signing = {label for label, other in served if other == algorithm}
            if not (signing & dnskey.content[1] and signing & data.content[0]):
                return "bogus"
    return "secure" if chains else "bogus"
