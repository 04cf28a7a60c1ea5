"""Plans as JSON: the form of `plan --format json`, of plan files and of digests."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.entries import Json
from reconciler.model.keys import DsRef, Key, KeyEntry, UnmatchedDs, ds_text
from reconciler.model.plan import (
    Alternative,
    Deadline,
    Need,
    Plan,
    Refusal,
    Rollback,
    Step,
    ZonePlan,
)
from reconciler.model.timeline import DsVersion
from reconciler.spec.move_wire import move_json
from reconciler.spec.observed_file import zone_json
from reconciler.spec.proof_wire import proof_json
from reconciler.spec.timeline_file import timeline_json
from reconciler.spec.wire_types import ds_json, instant_text

FORMAT_VERSION = "1.0"


def plan_to_json(plan: Plan) -> dict[str, Json]:
    """Return the plan file's value; digests that are not known yet are left out."""
    zones: dict[str, Json] = {name: zone_plan_json(plan.zones[name]) for name in sorted(plan.zones)}
    digest: dict[str, Json] = {"plan_digest": plan.plan_digest} if plan.plan_digest else {}
    return {"format_version": FORMAT_VERSION, "zones": zones, **digest}


def zone_plan_json(plan: ZonePlan) -> dict[str, Json]:
    """Return the part of a plan file that is about one zone."""
    timeline = plan.timeline
    members: dict[str, Json] = {
        "status": plan.status.value,
        "at": instant_text(plan.at),
        "risk": plan.risk.value,
        "duration_min": plan.duration_min,
        "clean_min": plan.clean_min,
        "distrusted_min": plan.distrusted_min,
        "profiles": list[Json](timeline.profiles if timeline else ()),
        "assumptions": list[Json](timeline.assumptions if timeline else ()),
        "steps": steps_json(plan.steps),
        "timeline": timeline_json(timeline) if timeline else None,
        "proof": proof_json(plan.verdict) if plan.verdict else None,
        "rollback": _rollbacks_json(plan.rollback),
        "alternatives": [_alternative_json(each) for each in plan.alternatives],
        "hints": list[Json](plan.hints),
        "ds_records": _ds_records_json(plan) or None,
        "observed": zone_json(plan.observed, plan.at) if plan.observed else None,
        "desired": plan.desired,
        "rules": plan.rules,
        "refusals": [_refusal_json(refusal) for refusal in plan.refusals],
        "desired_digest": plan.desired_digest or None,
        "change_digest": plan.change_digest or None,
    }
    return {name: value for name, value in members.items() if value is not None}


def _ds_records_json(plan: ZonePlan) -> list[Json]:
    """Return every DS that the plan is about as the parent publishes it, where that is known."""
    timeline = plan.timeline
    versions = timeline.versions if timeline else ()
    named = {ds for version in versions if isinstance(version, DsVersion) for ds in version.ds}
    keys = timeline.keys if timeline else {}
    found = ((ds, _ds_text(plan.zone, keys.get(ds.key), ds)) for ds in sorted(named))
    return [{**ds_json(ds), "rdata": text} for ds, text in found if text]


def _ds_text(zone: str, entry: KeyEntry | None, ds: DsRef) -> str | None:
    match entry:
        case Key():
            return ds_text(zone, entry, ds.digest_type)
        case UnmatchedDs():
            return entry.rdata
        case None:
            return None


def steps_json(steps: Iterable[Step]) -> list[Json]:
    """Return steps as they stand in plan files."""
    return [_step_json(step) for step in steps]


def _step_json(step: Step) -> Json:
    return {
        "id": step.id,
        "moves": [move_json(move) for move in step.moves],
        "actor": step.actor,
        "needs": [_need_json(need) for need in step.needs],
        "not_after": [_deadline_json(deadline) for deadline in step.not_after],
        "freeze_class": step.freeze_class.value,
        "risk": step.risk.value,
        "why": step.why,
    }


def _need_json(need: Need) -> Json:
    return {
        "step": need.step,
        "wait_min": need.wait_min,
        "margin": need.margin,
        "from": need.wait_from.value,
        "reason": need.reason,
        "why": need.why,
    }


def _deadline_json(deadline: Deadline) -> Json:
    return {"step": deadline.step, "wait_max": deadline.wait_max, "reason": deadline.reason}


def _rollbacks_json(rollbacks: Iterable[Rollback]) -> dict[str, Json]:
    return {
        rollback.after: {
            "steps": steps_json(rollback.steps),
            "timeline": timeline_json(rollback.timeline),
        }
        for rollback in rollbacks
    }


def _refusal_json(refusal: Refusal) -> Json:
    return {
        "rule": refusal.rule,
        "summary": refusal.summary,
        "detail": refusal.detail,
        "opens": refusal.opens,
        "exposure_bogus": refusal.exposure_bogus,
        "exposure_insecure": refusal.exposure_insecure,
    }


def _alternative_json(alternative: Alternative) -> Json:
    return {
        "name": alternative.name,
        "summary": alternative.summary,
        "duration_min": alternative.duration_min,
        "distrusted_min": alternative.distrusted_min,
        "exposure_bogus": alternative.exposure_bogus,
        "exposure_insecure": alternative.exposure_insecure,
        "steps": steps_json(alternative.steps),
        "timeline": timeline_json(alternative.timeline),
        "proof": proof_json(alternative.verdict) if alternative.verdict else None,
    }
