"""Plans on record: intact, named by their content, proved, and with the digest people approve."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from reconciler.audit.digests import digest_of
from reconciler.audit.scene import Problem, Scene
from reconciler.diagnostics import ReconcileError
from reconciler.ledger.history import ZoneLog
from reconciler.model.entries import Json
from reconciler.model.keys import Key, KeyEntry
from reconciler.model.plan import Proved, Status, Step, Verdict, ZonePlan
from reconciler.model.timeline import Timeline, Version
from reconciler.proof import prove
from reconciler.spec.canonical import bytes_digest
from reconciler.spec.canonical import digest as json_digest
from reconciler.spec.plan_file import load_plan

_EVER = datetime.min.replace(tzinfo=UTC)
_SITUATIONS = 4096
"""Proofs that are remembered: zones in the same situation have the same plan."""


def plan_on_record(scene: Scene) -> ZonePlan | None:
    """Return the plan that a plan entry names, None where it cannot be read."""
    name = scene.data.text("blob")
    data = scene.blob(name)
    return None if data is None else _plan_in(data, name, scene.zone)


@lru_cache(maxsize=1)
def _plan_in(data: bytes, name: str, zone: str) -> ZonePlan | None:
    try:
        return load_plan(data, name).zones.get(zone)
    except ReconcileError:
        return None


def plan_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with a plan entry."""
    yield from _too_early(scene)
    name = scene.data.text("blob")
    content = scene.blob(name)
    if content is None:
        yield Problem("audit-blob-missing", f"the ledger does not hold its plan, `{name}`")
        return
    digest = bytes_digest(content)
    if digest != scene.data.member("plan"):
        yield Problem("audit-plan", "its plan file has another digest")
    if name != f"plans/{digest.removeprefix('sha256:')}.json":
        yield Problem("audit-plan", "its plan file is not named by its content")
    plan = plan_on_record(scene)
    if plan is None:
        yield Problem("audit-plan", "its plan file cannot be read as a plan of this zone")
        return
    if not _is_intact(content):
        yield Problem("audit-plan", "the digest inside of its plan file does not hold")
    yield from _summary(scene, plan)
    yield from _substance(scene, plan)


def _is_intact(content: bytes) -> bool:
    """True if the digest inside of a plan file that can be read is that of all the rest."""
    members: dict[str, Json] = json.loads(content)
    return members.pop("plan_digest", None) == json_digest(members)


def _too_early(scene: Scene) -> Iterator[Problem]:
    log = scene.log
    turning = bool(scene.data.text_mapping("rollback", default={}))
    if log.plan is not None and not log.complete and not turning:
        yield Problem("audit-order", f"the plan of entry {log.plan.seq} was still under way")
    if log.adopted is None:
        yield Problem("audit-order", "the zone had not been adopted")
    under_way = log.under_way_at(scene.entry.at)
    if under_way is not None:
        yield Problem("audit-order", f"effects might still come until {under_way.until:%FT%TZ}")


def _summary(scene: Scene, plan: ZonePlan) -> Iterator[Problem]:
    """Compare what the entry says of the plan with the plan."""
    if scene.data.texts("steps") != tuple(step.id for step in plan.steps):
        yield Problem("audit-plan", "its steps are not those of the plan")
    if scene.data.text("risk") != plan.risk.value:
        yield Problem("audit-plan", "its risk class is not that of the plan")
    if scene.data.member("change") != plan.change_digest:
        yield Problem("audit-change-digest", "its change digest is not that of the plan")
    if plan.status is not Status.PLANNED or not plan.steps:
        yield Problem("audit-plan", f"a plan that is {plan.status} has nothing to carry out")


def _substance(scene: Scene, plan: ZonePlan) -> Iterator[Problem]:
    """Prove the plan, and compute the digest that people approve, once more."""
    verdict = None if plan.timeline is None else proof_of(plan.steps, plan.timeline)
    if not isinstance(verdict, Proved):
        why = verdict.why if verdict is not None else "it has no timeline"
        yield Problem("audit-proof", f"its plan is not proved safe: {why}")
    if scene.rules is not None and digest_of(plan, scene.rules) != plan.change_digest:
        yield Problem("audit-change-digest", "its plan and the policy give another change digest")
    if plan.at > scene.entry.at:
        yield Problem("audit-time", "its plan was made from an observation after it")
    if plan.at < _last_seen(scene.log):
        yield Problem(
            "audit-time", "its plan was made from an observation before the last on record"
        )


def _last_seen(log: ZoneLog) -> datetime:
    """Return when the zone was last seen, by the record: a plan starts from there or later."""
    adopted = [log.adopted.at] if log.adopted else []
    return max([_EVER, *adopted, *(evidence.seen_at for evidence in log.seen)])


def proof_of(steps: tuple[Step, ...], timeline: Timeline) -> Verdict:
    """Return the proof's verdict, once for all zones in one situation: no key material matters."""
    bare = {label: _without_material(key) for label, key in timeline.keys.items()}
    rest = timeline.profiles, timeline.assumptions, timeline.insecure_allowed, timeline.versions
    return _proof(steps, tuple(sorted(bare.items(), key=_label)), rest)


def _label(item: tuple[str, KeyEntry]) -> str:
    return item[0]


def _without_material(key: KeyEntry) -> KeyEntry:
    return replace(key, public_key=None) if isinstance(key, Key) else key


@lru_cache(maxsize=_SITUATIONS)
def _proof(
    steps: tuple[Step, ...],
    keys: tuple[tuple[str, KeyEntry], ...],
    rest: tuple[tuple[str, ...], tuple[str, ...], bool, tuple[Version, ...]],
) -> Verdict:
    profiles, assumptions, insecure_allowed, versions = rest
    timeline = Timeline(
        profiles=profiles,
        assumptions=assumptions,
        insecure_allowed=insecure_allowed,
        keys=dict(keys),
        versions=versions,
    )
    return prove(steps, timeline)


def refined(plan: ZonePlan, created: Mapping[str, str]) -> ZonePlan:
    """Return `plan` with created DNSKEYs (text by symbol) in place of symbols.

    ValueError where a text is no DNSKEY in presentation form (RFC 4034 §2.2).
    """
    if plan.timeline is None or not created:
        return plan
    keys = dict(plan.timeline.keys)
    for symbol, text in created.items():
        entry = keys.get(symbol)
        if isinstance(entry, Key):
            keys[symbol] = _with_text(entry, text)
    return replace(plan, timeline=replace(plan.timeline, keys=keys))


def keys_to_come(plan: ZonePlan | None) -> bool:
    """True if some key of `plan` is a symbol: what became of it may still be put on record."""
    keys = plan.timeline.keys.values() if plan and plan.timeline else ()
    return any(isinstance(key, Key) and key.public_key is None for key in keys)


def _with_text(key: Key, text: str) -> Key:
    flags, _protocol, algorithm, *public = text.split()
    try:
        material = base64.b64decode("".join(public), validate=True)
    except binascii.Error as error:
        raise ValueError(text) from error
    return replace(key, flags=int(flags), algorithm=int(algorithm), public_key=material)
