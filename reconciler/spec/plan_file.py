"""Plans as files: loading, writing, and whether a file is intact."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field, JsonValue

from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.model.desired import RiskClass
from reconciler.model.entries import Json
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import Plan, Status, ZonePlan
from reconciler.spec.canonical import canonical, digest
from reconciler.spec.json_document import Document, Path, Wire, parse, pretty_part
from reconciler.spec.observed_file import zone_value
from reconciler.spec.observed_wire import AdapterDefaults, ObservedZoneFile
from reconciler.spec.plan_json import FORMAT_VERSION, plan_to_json, zone_plan_json
from reconciler.spec.plan_wire import AlternativeFile, RefusalFile, RollbackFile, StepFile
from reconciler.spec.proof_wire import ProofFile
from reconciler.spec.timeline_file import TimelineFile
from reconciler.spec.wire_types import Instant, Seconds, ZoneName

_NO_INSTANT = datetime(1970, 1, 1, tzinfo=UTC)
"""When a plan was made that does not say so: nothing but text depends on it."""
_UNNAMED = "unnamed."
"""Zone of a file by hand that holds the steps and timeline of one zone without its name."""
_LEVELS = 5
"""Down to here a plan file has one member to a line: each step, need and version on its own."""
_MAJOR = int(FORMAT_VERSION.partition(".")[0])


class ZonePlanFile(Wire):
    """The plan of one zone; a file written by hand may hold steps and timeline alone."""

    status: Status = Status.PLANNED
    at: Instant = _NO_INSTANT
    risk: RiskClass = RiskClass.R0
    duration_min: Seconds = 0
    clean_min: Seconds = 0
    distrusted_min: Seconds | None = None
    steps: tuple[StepFile, ...] = ()
    timeline: TimelineFile | None = None
    proof: ProofFile | None = None
    rollback: dict[str, RollbackFile] = Field(default_factory=dict)
    alternatives: tuple[AlternativeFile, ...] = ()
    hints: tuple[str, ...] = ()
    observed: ObservedZoneFile | None = None
    desired: JsonValue = None
    rules: JsonValue = None
    refusals: tuple[RefusalFile, ...] = ()
    desired_digest: str = ""
    change_digest: str = ""

    def value(self, zone: str) -> ZonePlan:
        """Return the plan as a value."""
        return ZonePlan(
            zone=zone,
            status=self.status,
            at=self.at,
            steps=tuple(step.value() for step in self.steps),
            timeline=self.timeline.value() if self.timeline else None,
            duration_min=self.duration_min,
            clean_min=self.clean_min,
            distrusted_min=self.distrusted_min,
            alternatives=tuple(each.value() for each in self.alternatives),
            hints=self.hints,
            observed=self._observed(zone),
            desired=self.desired,
            rules=self.rules,
            verdict=self.proof.value() if self.proof else None,
            rollback=tuple(back.value(after) for after, back in self.rollback.items()),
            risk=self.risk,
            refusals=tuple(refusal.value() for refusal in self.refusals),
            desired_digest=self.desired_digest,
            change_digest=self.change_digest,
        )

    def _observed(self, zone: str) -> ObservedZone | None:
        if self.observed is None:
            return None
        return zone_value(zone, self.observed, self.at, AdapterDefaults())


class PlanFileV1(Wire):
    """Plans of several zones."""

    format_version: Annotated[str, Field(pattern=r"^1(\.\d+)?$")] = FORMAT_VERSION
    zones: dict[ZoneName, ZonePlanFile]
    plan_digest: str = ""


class _OneZoneFile(ZonePlanFile):
    """Steps and timeline of one zone at the top of a file, as a person writes them."""

    zone: ZoneName = _UNNAMED
    steps: tuple[StepFile, ...]
    timeline: TimelineFile


def load_plan(data: bytes, source: str) -> Plan:
    """Return the plan in `data`, a file named `source` in messages.

    Unknown members are ignored; a higher major format version, and every mistake, raise SpecError
    with line and column. Whether the file is intact is for `plan_file_problem` to say.
    """
    document = parse(data, source)
    _require_version(document)
    if isinstance(document.value, dict) and "zones" not in document.value:
        one = document.read(_OneZoneFile)
        return Plan(zones={one.zone: one.value(one.zone)})
    file = document.read(PlanFileV1)
    zones = {name: zone.value(name) for name, zone in file.zones.items()}
    return Plan(zones=zones, plan_digest=file.plan_digest)


def dump_plan(plan: Plan) -> bytes:
    """Return the file that `load_plan` turns into `plan` again; equal plans give equal bytes."""
    return "".join(plan_file_text(plan)).encode()


def plan_file_text(plan: Plan) -> Iterator[str]:
    """Yield the text of a plan file zone by zone, for plans whose whole text is large."""
    frame = plan_to_json(replace(plan, zones={}))
    head, zones, tail = f"{pretty_part(frame, 1)}\n".partition('"zones": {')
    yield head + zones
    between = "\n  "
    for name in sorted(plan.zones):
        zone = pretty_part(zone_plan_json(plan.zones[name]), _LEVELS - 2, "\n  ")
        yield f"{between}{json.dumps(name, ensure_ascii=False)}: {zone}"
        between = ",\n  "
    yield f"\n {tail}" if plan.zones else tail


def plan_file_problem(data: bytes, source: str) -> Diagnostic | None:
    """Return what is wrong with the `plan_digest` of a plan file: it is missing or does not hold.

    The digest covers the whole file, members that no reader knows included.
    """
    document = parse(data, source)
    members = document.value if isinstance(document.value, dict) else {}
    named = members.get("plan_digest")
    if named is None:
        return document.problem(
            (),
            "no-plan-digest",
            "the file has no `plan_digest`, so nobody can tell if it is intact",
        )
    actual = digest({name: value for name, value in members.items() if name != "plan_digest"})
    if named == actual:
        return None
    return document.problem(
        ("plan_digest",),
        "plan-digest-mismatch",
        f"the file was changed after it was written: its content has {actual}",
        hint="make a new plan with `reconcile plan --out FILE`",
    )


_DRAWN = frozenset({"zone", "steps", "timeline", "format_version"})
"""Members of an example that a person wrote: what is published when, and no more."""


def is_example(data: bytes, source: str) -> bool:
    """True if a file holds steps and timelines alone, so that it claims to be nobody's plan.

    `data` is a valid plan file.
    """
    value = parse(data, source).value
    file = value if isinstance(value, dict) else {}
    zones = file.get("zones", {})
    held = zones.values() if isinstance(zones, dict) else ()
    members = file.keys() - {"zones"}
    return members.union(*(zone for zone in held if isinstance(zone, dict))) <= _DRAWN


_DERIVED = frozenset({"tag", "profiles", "assumptions", "ds_records"})
"""Members that say again, for people and other programs, what stands elsewhere in the file."""


def derived_problems(data: bytes, source: str) -> Iterator[Diagnostic]:
    """Yield where a plan file says again, otherwise, what follows from the rest of it.

    Key tags and DS records follow from public keys, the profiles of a plan from its timeline. Such
    members are not read; what is not in the file is not missed. `data` is a valid plan file.
    """
    document = parse(data, source)
    value = document.value
    if not isinstance(value, dict) or "zones" not in value:
        return
    written = json.loads(dump_plan(load_plan(data, source)))
    for path in _differing(value, written, ()):
        yield document.problem(
            path, "plan-contradicts-itself", "this does not follow from the rest of the file"
        )


def _differing(told: Json, derived: Json, path: tuple[str | int, ...]) -> Iterator[Path]:
    """Yield the paths of derived members that stand in both values and differ."""
    if isinstance(told, dict) and isinstance(derived, dict):
        for name in told.keys() & derived.keys():
            if name not in _DERIVED:
                yield from _differing(told[name], derived[name], (*path, name))
            elif _unordered(told[name]) != _unordered(derived[name]):
                yield (*path, name)
    elif isinstance(told, list) and isinstance(derived, list):
        for index, (one, other) in enumerate(zip(told, derived, strict=False)):
            yield from _differing(one, other, (*path, index))


def _unordered(value: Json) -> Json:
    return sorted(value, key=canonical) if isinstance(value, list) else value


def _require_version(document: Document) -> None:
    value = document.value
    version = value.get("format_version") if isinstance(value, dict) else None
    major = version.partition(".")[0] if isinstance(version, str) else ""
    if major.isascii() and major.isdecimal() and int(major) > _MAJOR:
        raise SpecError(
            document.problem(
                ("format_version",),
                "unsupported-format",
                f"format {version} is newer than this release reads ({_MAJOR}.x)",
                hint="use the release that wrote the plan, or make a new plan",
            )
        )
