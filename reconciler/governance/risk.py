"""How much can go wrong, computed from effects and not taken from whoever made the plan.

Source: the table of design/change-control.md §2. The result is never below what the plan says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import assert_never

from reconciler.model.desired import RiskClass
from reconciler.model.keys import Key, KeyEntry
from reconciler.model.moves import DsReplace, ZoneUnsign
from reconciler.model.plan import Proved, Step, ZonePlan
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


def risk_of_plan(plan: ZonePlan) -> RiskClass:
    """Return the class of the whole plan: its riskiest step, and R4 where it may take a chain of
    trust away or is not proved. A plan without steps has no effect: R0 at least.
    """
    risks = [plan.risk, *(risk_of_step(step, plan.timeline) for step in plan.steps)]
    insecure = plan.timeline is not None and _may_lose_a_chain(plan.timeline)
    if plan.steps and (insecure or not isinstance(plan.verdict, Proved)):
        risks.append(RiskClass.R4)
    return max(risks)


def _may_lose_a_chain(timeline: Timeline) -> bool:
    """True where insecure views are allowed although a DS stands at the start, or may stand."""
    standing = [v for v in timeline.versions if isinstance(v, DsVersion) and v.step is None][-1:]
    without = bool(standing) and not standing[0].unknown and not standing[0].ds
    return timeline.insecure_allowed and not without


def risk_of_step(step: Step, timeline: Timeline | None) -> RiskClass:
    """Return the class of one step by what it publishes in `timeline`; a step that only waits: R0.

    Moves whose effect the timeline does not show are taken for R3, or R4 if they go insecure.
    """
    if not step.moves:
        return RiskClass.R0
    changes = () if timeline is None else tuple(_changes(step.id, timeline))
    keys = {} if timeline is None else timeline.keys
    named = _named_by_ds(timeline)
    effects = [_risk_of_change(before, after, keys, named) for before, after in changes]
    insecure = [RiskClass.R4] if _goes_insecure(step) else []
    return max([step.risk, *(effects or [RiskClass.R3]), *insecure])


def _goes_insecure(step: Step) -> bool:
    """True if a move by itself says so, whatever the timeline shows."""
    return any(
        isinstance(move, ZoneUnsign) or (isinstance(move, DsReplace) and not move.ds)
        for move in step.moves
    )


def _changes(step: str, timeline: Timeline) -> Iterable[tuple[Version | None, Version]]:
    """Yield what the step publishes, each with the version that it replaces."""
    last: dict[Slot, Version] = {}
    for version in timeline.versions:
        if version.step == step:
            yield last.get(slot(version)), version
        last[slot(version)] = version


def _named_by_ds(timeline: Timeline | None) -> frozenset[str]:
    """Return every key that some DS of the timeline names: a cache may hold any of them."""
    versions = () if timeline is None else timeline.versions
    return frozenset(
        ref.key for version in versions if isinstance(version, DsVersion) for ref in version.ds
    )


def _risk_of_change(
    before: Version | None, after: Version, keys: Mapping[str, KeyEntry], named: frozenset[str]
) -> RiskClass:
    match after:
        case DsVersion():
            return _risk_of_ds(before, after)
        case DnskeyVersion():
            return _risk_of_dnskey(before, after, keys, named)
        case DataVersion():
            return _risk_of_data(before, after, keys)
        case CdsVersion():
            return _risk_of_cds(after)
        case NsVersion():
            return RiskClass.R3
        case _:
            assert_never(after)


def _risk_of_ds(before: Version | None, after: DsVersion) -> RiskClass:
    if not after.ds:
        return RiskClass.R4
    if not isinstance(before, DsVersion) or before.unknown or not before.ds:
        return RiskClass.R3
    return RiskClass.R3 if before.ds - after.ds else RiskClass.R2


def _risk_of_dnskey(
    before: Version | None,
    after: DnskeyVersion,
    keys: Mapping[str, KeyEntry],
    named: frozenset[str],
) -> RiskClass:
    if not isinstance(before, DnskeyVersion) or before.unknown:
        return RiskClass.R3
    if before.keys and not after.keys:
        return RiskClass.R4
    gone = before.keys - after.keys
    silent = before.signed_by - after.signed_by
    if (gone | silent) & named or any(_may_be_named(keys.get(label)) for label in gone):
        return RiskClass.R3
    return _risk_of_algorithms(before.keys, after.keys, keys)


def _risk_of_data(
    before: Version | None, after: DataVersion, keys: Mapping[str, KeyEntry]
) -> RiskClass:
    if not isinstance(before, DataVersion) or before.unknown:
        return RiskClass.R3
    if before.signed_by and not after.signed_by:
        return RiskClass.R4
    return _risk_of_algorithms(before.signed_by, after.signed_by, keys)


def _risk_of_algorithms(
    before: frozenset[str], after: frozenset[str], keys: Mapping[str, KeyEntry]
) -> RiskClass:
    """Return R3 where an algorithm comes or goes; signing for the first time is no such change."""
    old, new = _algorithms(before, keys), _algorithms(after, keys)
    return RiskClass.R3 if before and old != new else RiskClass.R2


def _risk_of_cds(after: CdsVersion) -> RiskClass:
    """Return the class of a CDS set: a parent that polls will do what it says."""
    if after.cds == "delete":
        return RiskClass.R4
    return RiskClass.R3 if after.polled else RiskClass.R1


def _algorithms(labels: frozenset[str], keys: Mapping[str, KeyEntry]) -> frozenset[int]:
    return frozenset(keys[label].algorithm for label in labels if label in keys)


def _may_be_named(key: KeyEntry | None) -> bool:
    """True unless the key is known to be a ZSK: a DS may name it in some cache."""
    return not isinstance(key, Key) or key.is_sep
