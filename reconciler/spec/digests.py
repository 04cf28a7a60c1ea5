"""What people approve, as one digest: the content of a change without its accidents.

`change_digest` covers zone, desired state, rules, start, steps with moves, waits and deadlines,
profiles, assumptions and rollback. Labels of keys, ids and order of steps, instants and prose are
left out, so that a digest survives another observation of the same start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import lru_cache
from itertools import chain

from reconciler.model.desired import DesiredZone, DnssecPolicy
from reconciler.model.entries import Json
from reconciler.model.plan import Plan, Status, ZonePlan
from reconciler.spec.canonical import (
    bytes_digest,
    canonical,
    canonical_object,
    pieces_digest,
)
from reconciler.spec.change_content import change_content
from reconciler.spec.plan_json import plan_to_json, zone_plan_json
from reconciler.spec.wire_types import instant_text


def desired_digest(desired: DesiredZone) -> str:
    """Return the digest of what a zone shall be: of its `desired_text`."""
    return bytes_digest(desired_text(desired))


def desired_text(desired: DesiredZone) -> bytes:
    """Return the canonical text that `desired_digest` covers."""
    return canonical(desired_json(desired))


def desired_json(desired: DesiredZone) -> dict[str, Json]:
    """Return what `desired_text` holds, as a plan file does.

    It is every field but the name of the policy, whose content counts, and no order of signers.
    """
    members = {name: _normal(value) for name, value in _fields(desired) if name != "policy"}
    policy = _policy(desired.policy)
    content = members | {"policy": policy, "signers": list[Json](sorted(desired.signers))}
    return {"format": "reconcile-desired/1", "desired": content}


def change_digest(plan: ZonePlan, desired_digest: str, policy_rules: Json) -> str:
    """Return the digest that people approve.

    `policy_rules` are the requirements of change control for the risk classes of this plan.
    """
    return bytes_digest(change_text(plan, desired_digest, policy_rules))


def change_text(plan: ZonePlan, desired_digest: str, policy_rules: Json) -> bytes:
    """Return the canonical text that `change_digest` covers.

    Zone, desired digest and each key (`Key.text()`) stand in it as whole strings, and plans that
    differ in them alone have texts that do, as long as their keys have the same order.
    """
    return canonical(
        {
            "format": "reconcile-change/1",
            "desired": desired_digest,
            "rules": policy_rules,
            "change": change_content(plan),
        }
    )


def plan_digest(plan: Plan) -> str:
    """Return the digest of the whole plan file without its own member `plan_digest`."""
    head, _, tail = canonical(plan_to_json(Plan())).partition(b"{}")
    zones = canonical_object(plan.zones, lambda name: zone_plan_json(plan.zones[name]))
    return pieces_digest(chain([head], zones, [tail]))


def with_digests(
    plan: Plan, desired: Mapping[str, DesiredZone], policy_rules: Callable[[ZonePlan], Json]
) -> Plan:
    """Return the plan with all of its digests; only a planned zone has a change to approve."""
    zones = {
        name: _with_digests(zone, desired_digest(desired[name]), policy_rules)
        for name, zone in plan.zones.items()
    }
    complete = Plan(zones=zones)
    return replace(complete, plan_digest=plan_digest(complete))


def _with_digests(
    plan: ZonePlan, desired: str, policy_rules: Callable[[ZonePlan], Json]
) -> ZonePlan:
    planned = plan.status is Status.PLANNED
    change = change_digest(plan, desired, policy_rules(plan)) if planned else ""
    return replace(plan, desired_digest=desired, change_digest=change)


@lru_cache(maxsize=64)
def _policy(policy: DnssecPolicy) -> Json:
    """Return the content of a policy, which many zones share."""
    return {name: _normal(value) for name, value in _fields(policy) if name != "name"}


def _members(value: object) -> dict[str, Json]:
    return {name: _normal(member) for name, member in _fields(value)}


def _fields(value: object) -> Iterator[tuple[str, object]]:
    if not is_dataclass(value):
        raise TypeError(type(value).__name__)
    return ((field.name, getattr(value, field.name)) for field in fields(value))


def _normal(value: object) -> Json:
    """Return a value of the model as JSON; sets and mappings lose their order."""
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return str(value.value)
        case str():
            return value
        case bytes():
            return value.hex()
        case datetime():
            return instant_text(value)
        case frozenset():
            return sorted((_normal(item) for item in value), key=canonical)
        case tuple():
            return [_normal(item) for item in value]
        case Mapping():
            return {str(_normal(name)): _normal(item) for name, item in value.items()}
        case _:
            return _members(value)
