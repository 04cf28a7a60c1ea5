"""Whether a timeline begins with what was observed, and forgets nothing that caches may hold.

A timeline may be darker than the observation (longer TTLs, earlier ends, more of the past), never
brighter. Sources: design/planning.md §1, §2 and §6; `model.observed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from reconciler.model.durations import duration_words
from reconciler.model.keys import Key
from reconciler.model.moves import TtlSet
from reconciler.model.observed import ObservedZone, ParentFacts, SignerFacts
from reconciler.model.plan import Step
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Slot,
    Timeline,
    Version,
    slot,
)
from reconciler.proof.effects import content
from reconciler.proof.words import describe, place


def start_flaws(observed: ObservedZone, steps: Iterable[Step], timeline: Timeline) -> Iterator[str]:
    """Yield, as clauses, where a timeline begins otherwise than what was observed.

    What steps publish must not be shorter-lived than what stood there when it was observed, unless
    a step lowers that TTL.
    """
    yield from _key_flaws(observed, timeline)
    seen = dict(_seen(observed, timeline))
    for where in dict.fromkeys(slot(version) for version in timeline.versions):
        if where not in seen:
            yield f"{place(where)} stands in the timeline, and nothing of it was observed"
    for where, version in seen.items():
        past = [v for v in timeline.versions if slot(v) == where and v.step is None]
        if not past:
            yield f"{place(where)} was observed, and is left out of the timeline"
            continue
        yield from _brighter(past[-1], version)
        yield from _forgotten(observed, version, past)
    yield from _step_flaws(observed, steps, timeline)


def _step_flaws(observed: ObservedZone, steps: Iterable[Step], timeline: Timeline) -> Iterator[str]:
    lowered: dict[Slot, int] = {}
    for step in steps:
        for move in step.moves:
            if isinstance(move, TtlSet):
                where = (move.rrset, move.signer)
                lowered[where] = min(move.ttl, lowered.get(where, move.ttl))
    for version in timeline.versions:
        if version.step is None:
            continue
        floor = min(_ttl(observed, version), lowered.get(slot(version), _ttl(observed, version)))
        if version.ttl < floor:
            told = (
                f"{place(slot(version))} has a TTL of"
                f" {duration_words(version.ttl)} from {version.step} on"
            )
            yield f"{told}, and one of {duration_words(floor)} was observed"
        if version.propagation < _delay(observed, version):
            yield f"{place(slot(version))} changes sooner at {version.step} than was observed"


def _ttl(observed: ObservedZone, version: Version) -> int:
    """Return the TTL with which such a version was observed, or would be."""
    parent = observed.parent
    match version:
        case DsVersion():
            return parent.ds_ttl if version.ds else parent.ds_negative_ttl
        case NsVersion(signer=None):
            return parent.ns_ttl
        case NsVersion(signer=str() as name) if name in observed.signers:
            return observed.signers[name].ns_ttl
        case DnskeyVersion() if version.signer in observed.signers:
            signer = observed.signers[version.signer]
            return signer.dnskey_ttl if version.keys else signer.negative_ttl
        case DataVersion() if version.signer in observed.signers:
            return _data_ttl(observed.signers[version.signer])
        case _:
            return 0


def _delay(observed: ObservedZone, version: Version) -> int:
    signer = slot(version)[1]
    if signer is None:
        return observed.parent.propagation_delay
    found = observed.signers.get(signer)
    if found is None:
        return 0
    return _data_delay(found) if isinstance(version, DataVersion) else found.propagation_delay


def _data_ttl(signer: SignerFacts) -> int:
    """Return the longest that an answer may be kept, that a name does not exist included."""
    return max(signer.max_zone_ttl, signer.negative_ttl)


def _data_delay(signer: SignerFacts) -> int:
    """Return for how long a signature may still be served that is being replaced."""
    return signer.propagation_delay + signer.signing_delay


def _key_flaws(observed: ObservedZone, timeline: Timeline) -> Iterator[str]:
    for label, entry in timeline.keys.items():
        known = observed.keys.get(label)
        to_come = isinstance(entry, Key) and entry.public_key is None
        if known != entry and not (known is None and to_come):
            yield f"{label} is another key or DS than the one observed"


def _seen(observed: ObservedZone, timeline: Timeline) -> Iterator[tuple[Slot, Version]]:
    """Yield what stands in each slot that matters to the timeline, as it was observed."""
    parent = observed.parent
    yield from ((slot(version), version) for version in _at_parent(parent))
    told = {slot(version) for version in timeline.versions}
    for name, signer in observed.signers.items():
        named = name in parent.ns or any(where[1] == name for where in told)
        for version in _at_signer(name, signer, parent):
            lingers = any(_may_act(past, after) for past, after in _memory(observed, version))
            if slot(version) in told or (named and (_matters(version) or lingers)):
                yield slot(version), version


def _matters(version: Version) -> bool:
    """True for what no timeline may leave out of a signer that is asked: all but a silent CDS."""
    return not isinstance(version, CdsVersion) or (version.polled and version.cds is not None)


def _at_parent(parent: ParentFacts) -> Iterator[Version]:
    yield DsVersion(
        ds=parent.ds,
        ttl=parent.ds_ttl if parent.ds else parent.ds_negative_ttl,
        propagation=parent.propagation_delay,
    )
    yield NsVersion(signers=parent.ns, ttl=parent.ns_ttl, propagation=parent.propagation_delay)


def _at_signer(name: str, signer: SignerFacts, parent: ParentFacts) -> Iterator[Version]:
    delay, ends = signer.propagation_delay, signer.signatures.expires
    yield NsVersion(signer=name, signers=signer.ns, ttl=signer.ns_ttl, propagation=delay)
    yield DnskeyVersion(
        signer=name,
        keys=signer.dnskeys,
        signed_by=signer.krrsig,
        ttl=signer.dnskey_ttl if signer.dnskeys else signer.negative_ttl,
        propagation=delay,
        expires=ends if signer.krrsig else None,
    )
    yield DataVersion(
        signer=name,
        signed_by=signer.zrrsig,
        ttl=_data_ttl(signer),
        propagation=_data_delay(signer),
        expires=ends if signer.zrrsig else None,
    )
    yield CdsVersion(
        signer=name,
        cds=signer.cds,
        ttl=0,
        propagation=delay,
        polled=parent.capabilities.polls_cds,
        processing_max=parent.capabilities.processing_max,
    )


def _brighter(told: Version, seen: Version) -> Iterator[str]:
    """Yield in what a version of the timeline promises more than the one observed."""
    where = place(slot(seen))
    if told.unknown or content(told) not in (content(seen), content(_without_ended(seen))):
        yield f"{where} begins as {describe(told)}, and {describe(seen)} was observed"
        return
    if told.ttl < seen.ttl:
        yield (
            f"{where} begins with a TTL of {duration_words(told.ttl)}, and"
            f" {duration_words(seen.ttl)} was observed"
        )
    if told.propagation < seen.propagation:
        yield f"{where} begins with a propagation bound of {told.propagation} s, not that observed"
    if _is_signed(told) and _lasts(told) > _lasts(seen):
        yield f"{where} begins with signatures that end later than those observed"
    if isinstance(told, CdsVersion) and isinstance(seen, CdsVersion) and _kinder(told, seen):
        yield f"{where} begins as if the parent acted on it less than it does"


def _is_signed(version: Version) -> bool:
    return isinstance(version, DnskeyVersion | DataVersion) and bool(version.signed_by)


def _without_ended(seen: Version) -> Version:
    """Return a version as validators see it: signatures that had ended when seen count as none."""
    if isinstance(seen, DnskeyVersion | DataVersion) and _lasts(seen) <= 0:
        return replace(seen, signed_by=frozenset[str]())
    return seen


def _kinder(told: CdsVersion, seen: CdsVersion) -> bool:
    return seen.polled and (not told.polled or told.processing_max < seen.processing_max)


def _lasts(version: Version) -> float:
    """Return when the signatures of a version end, in seconds from the origin."""
    ends = version.expires if isinstance(version, DnskeyVersion | DataVersion) else None
    return float("inf") if ends is None else ends


def _forgotten(observed: ObservedZone, standing: Version, past: Sequence[Version]) -> Iterator[str]:
    """Yield what some cache may still hold of a slot, and the timeline does not tell."""
    if observed.settled:
        return
    where = slot(standing)
    history = _memory(observed, standing)
    if not history and standing.ttl == 0:
        return
    if not history:
        if not _harmless(observed, where) and not any(_unknown(v, standing) for v in past[:-1]):
            yield f"nothing is known of {place(where)} before, and the timeline takes it as settled"
        return
    for version, after in history:
        until = (after.at or 0) + after.propagation + version.ttl
        held = until > 0 or _may_act(version, after)
        same = content(version) == content(after)
        if held and not same and not _told(version, after, past):
            yield f"caches may hold {describe(version)}, and the timeline does not tell of it"


def _memory(observed: ObservedZone, standing: Version) -> list[tuple[Version, Version]]:
    """Return what stood in a slot before, each with what replaced it; nothing where settled."""
    if observed.settled:
        return []
    history = [version for version in observed.history if slot(version) == slot(standing)]
    return [*pairwise([*history, standing])]


def _may_act(version: Version, after: Version) -> bool:
    """True if the parent may still do what a CDS set that was replaced told it (RFC 7344 §6)."""
    if not isinstance(version, CdsVersion) or not version.polled or not version.cds:
        return False
    last = (after.at or 0) + after.propagation + version.ttl
    return last + version.processing_max > 0


def _harmless(observed: ObservedZone, where: Slot) -> bool:
    """True for the past of a signer that nothing names (only its own apex does)."""
    signer = where[1]
    return signer is not None and signer not in observed.parent.ns


def _unknown(version: Version, standing: Version) -> bool:
    return version.unknown and version.ttl >= standing.ttl


def _told(version: Version, replaced: Version, past: Sequence[Version]) -> bool:
    """True if the timeline has a version of this content, or an unknown one, for as long."""
    return any(
        (other.unknown or content(other) == content(version))
        and other.ttl >= version.ttl
        and (after.at or 0) >= (replaced.at or 0)
        and after.propagation >= replaced.propagation
        for other, after in pairwise(past)
    )
