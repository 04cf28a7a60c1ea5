"""Plans for many zones: each situation is planned, proved and put into canonical text once.

Two zones are in one situation if they differ in nothing but name, owner, tags, the instant of the
observation and the material of their keys: planner and proof look at none of these, and the change
digest only at the order of the keys. A zone for which that is not certain (a DS without its key,
keys with colliding tags or called by name, a signer that ends at an instant) is planned on its own.
Source: design, "two zones in the same situation".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

from reconciler.execute.propose import Prove, judged, propose, rules
from reconciler.model.desired import DesiredZone, Portfolio
from reconciler.model.keys import Key, KeyEntry
from reconciler.model.observed import ObservedZone
from reconciler.model.plan import ZonePlan
from reconciler.model.timeline import Timeline
from reconciler.planning import plan_zone
from reconciler.spec.canonical import bytes_digest
from reconciler.spec.canonical import digest as json_digest
from reconciler.spec.digests import change_text, desired_json

_ZONE = "situation."
_DESIRED = "situation"
_AT = datetime(1970, 1, 1, tzinfo=UTC)
_MATERIAL = "{:04}situationkey"
"""Base64 of the key that stands for the n-th in order; its first figures are its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A situation's plan and the canonical text of its change, about the keys that stand in."""

    plan: ZonePlan
    text: bytes


class Situations:
    """Proposes plans as `propose` does, with the work of a situation done once."""

    def __init__(self, portfolio: Portfolio, prove: Prove) -> None:
        """Plan for zones of `portfolio`; `prove` judges each situation's plan."""
        self._portfolio = portfolio
        self._prove = prove
        self._known: dict[Hashable, _Known] = {}

    def propose(self, desired: DesiredZone, observed: ObservedZone) -> ZonePlan:
        """Return the plan of one zone, equal to that of `propose`."""
        masks = _masks(observed.keys)
        if masks is None or desired.named_keys or desired.ends:
            return self._plan(desired, observed)
        bare = replace(desired, zone=_ZONE, owner="", tags={})
        seen = replace(observed, zone=_ZONE, at=_AT, keys=masks)
        situation = _members(bare), _members(seen)
        known = self._known.get(situation)
        if known is None:
            known = self._known[situation] = self._solve(bare, seen)
        return _restored(known, desired, observed, masks)

    def _plan(self, desired: DesiredZone, observed: ObservedZone) -> ZonePlan:
        return propose(self._portfolio, desired, observed, self._prove)

    def _solve(self, desired: DesiredZone, observed: ObservedZone) -> _Known:
        plan = judged(plan_zone(desired, observed), self._prove)
        asked = rules(self._portfolio, plan.risk)
        text = change_text(plan, _DESIRED, asked)
        return _Known(plan=replace(plan, rules=asked), text=text)


def _masks(keys: Mapping[str, KeyEntry]) -> dict[str, KeyEntry] | None:
    """Return stand-ins for keys, in the same order, or None where keys may tell zones apart."""
    known = [key for key in keys.values() if isinstance(key, Key)]
    made = sorted((key for key in known if key.public_key is not None), key=Key.text)
    if len(known) < len(keys) or not _told_apart(made):
        return None
    stand_ins = [_stand_in(key, place) for place, key in enumerate(made)]
    masks = dict(keys) | {key.label: key for key in stand_ins}
    return masks if _told_apart(stand_ins) else None


def _stand_in(key: Key, place: int) -> Key:
    return replace(key, public_key=base64.b64decode(_MATERIAL.format(place)))


def _told_apart(keys: list[Key]) -> bool:
    """True if no two keys share algorithm and tag, which a plan may refuse."""
    return len({(key.algorithm, key.tag) for key in keys}) == len(keys)


def _members(value: DesiredZone | ObservedZone) -> Hashable:
    """Return every field of a value; mappings of hashable values as sets of their items."""
    members = (getattr(value, field.name) for field in fields(value))
    return tuple(frozenset(m.items()) if isinstance(m, Mapping) else m for m in members)


def _restored(
    known: _Known, desired: DesiredZone, observed: ObservedZone, masks: Mapping[str, KeyEntry]
) -> ZonePlan:
    """Return a situation's plan as that of one of its zones."""
    plan, keys = known.plan, observed.keys
    shall = desired_json(desired)
    wanted = json_digest(shall)
    text = _with_member(known.text, "zone", _ZONE, observed.zone)
    text = _with_member(text, "desired", _DESIRED, wanted)
    for label, entry in keys.items():
        text = text.replace(_quoted(masks[label]), _quoted(entry))
    return replace(
        plan,
        zone=observed.zone,
        at=observed.at,
        observed=observed,
        timeline=_about(keys, plan.timeline) if plan.timeline else None,
        rollback=tuple(replace(b, timeline=_about(keys, b.timeline)) for b in plan.rollback),
        alternatives=tuple(
            replace(other, timeline=_about(keys, other.timeline)) for other in plan.alternatives
        ),
        desired=shall,
        desired_digest=wanted,
        change_digest=bytes_digest(text),
    )


def _about(keys: Mapping[str, KeyEntry], timeline: Timeline) -> Timeline:
    return replace(
        timeline, keys={**timeline.keys, **{k: keys[k] for k in timeline.keys if k in keys}}
    )


def _with_member(text: bytes, name: str, stand_in: str, real: str) -> bytes:
    """Return canonical text with another value for a member; no string can hold its bare quotes."""
    return text.replace(f'"{name}":"{stand_in}"'.encode(), f'"{name}":{json.dumps(real)}'.encode())


def _quoted(entry: KeyEntry) -> bytes:
    return f'"{entry.text() if isinstance(entry, Key) else entry.label}"'.encode()
