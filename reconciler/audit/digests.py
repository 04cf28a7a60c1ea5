"""Change digests of plans on record: the work is done once for all zones in the same situation.

The text that a change digest covers holds zone, digest of the desired state and keys as whole
strings, and of the keys only the order counts for where they stand (`change_text`). So it is made
once, about stand-ins, and each zone's own strings are put in their place. Where a plan holds a text
that could be taken for a stand-in or for a key, its digest is computed by itself.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from reconciler.audit.policy import rules_in_digest
from reconciler.governance.approvals import Rules
from reconciler.model.desired import RiskClass
from reconciler.model.keys import Key, KeyEntry, UnmatchedDs
from reconciler.model.plan import Rollback, Status, Step, ZonePlan
from reconciler.model.timeline import Timeline, Version
from reconciler.spec.canonical import bytes_digest, canonical
from reconciler.spec.digests import change_digest, change_text

_SITUATIONS = 1024
"""Texts that are remembered, some 10 KiB each. No official reference."""
_EVER = datetime.min.replace(tzinfo=UTC)
_KEY_TEXT = re.compile(rb'"[0-9]+ 3 [0-9]+ ')
"""How the text of a DNSKEY begins; where it stands depends on the key from here on."""


def digest_of(plan: ZonePlan, rules: Rules) -> str:
    """Return the change digest of a plan under these rules."""
    asked = rules_in_digest(rules, plan.risk)
    texts = _key_texts(plan)
    few = len(texts) < _MOST_KEYS
    found = _text_about(_situation(plan, texts), canonical(asked)) if few else None
    if found is None:
        return change_digest(plan, plan.desired_digest, asked)
    text = _FIRST.keys.sub(lambda match: f'"{texts[int(match[1])]}"'.encode(), found)
    return bytes_digest(_renamed(text, _FIRST, plan.zone, plan.desired_digest))


@dataclass(frozen=True, slots=True)
class _StandIns:
    """Texts that stand for a zone, for a digest, and for keys in their order."""

    word: str
    keys: re.Pattern[bytes]

    def material(self, place: int) -> bytes:
        """Return the public key that stands for the one at `place`, in the order of their texts."""
        return base64.b64decode(f"{place:04}{self.word}")


def _stand_ins(word: str) -> _StandIns:
    """Return stand-ins with a word whose eight characters are base64."""
    return _StandIns(word, re.compile(rb'"[0-9]+ 3 [0-9]+ ([0-9]{4})%b"' % word.encode()))


_FIRST, _SECOND = _stand_ins("some/one"), _stand_ins("any/body")
_MOST_KEYS = 10**4


@dataclass(frozen=True, slots=True)
class _Place:
    """A key, known by its place among all of the plan; None: still to be created."""

    label: str
    flags: int
    algorithm: int
    place: int | None


_Keys = tuple[_Place | UnmatchedDs, ...]
_Bare = tuple[_Keys, tuple[str, ...], tuple[str, ...], bool, tuple[Version, ...]]


@dataclass(frozen=True, slots=True)
class _Situation:
    """All of a plan that its change digest covers, but for zone, desired state and keys."""

    status: Status
    risk: RiskClass
    steps: tuple[Step, ...]
    timeline: _Bare | None
    rollback: tuple[tuple[str, tuple[Step, ...], _Bare], ...]


def _timelines(plan: ZonePlan) -> Iterator[Timeline]:
    if plan.timeline is not None:
        yield plan.timeline
    yield from (back.timeline for back in plan.rollback)


def _key_texts(plan: ZonePlan) -> list[str]:
    """Return the text of each key that is known, in order."""
    keys = (key for timeline in _timelines(plan) for key in timeline.keys.values())
    return sorted({k.text() for k in keys if isinstance(k, Key) and k.public_key is not None})


def _situation(plan: ZonePlan, texts: list[str]) -> _Situation:
    places = {text: place for place, text in enumerate(texts)}
    return _Situation(
        plan.status,
        plan.risk,
        plan.steps,
        _bare(plan.timeline, places) if plan.timeline else None,
        tuple((b.after, b.steps, _bare(b.timeline, places)) for b in plan.rollback),
    )


def _bare(timeline: Timeline, places: Mapping[str, int]) -> _Bare:
    keys = tuple(_placed(timeline.keys[label], places) for label in sorted(timeline.keys))
    rest = timeline.profiles, timeline.assumptions, timeline.insecure_allowed
    return (keys, *rest, timeline.versions)


def _placed(key: KeyEntry, places: Mapping[str, int]) -> _Place | UnmatchedDs:
    if isinstance(key, UnmatchedDs):
        return key
    place = None if key.public_key is None else places[key.text()]
    return _Place(key.label, key.flags, key.algorithm, place)


@lru_cache(maxsize=_SITUATIONS)
def _text_about(situation: _Situation, rules: bytes) -> bytes | None:
    """Return the text about the first stand-ins; None where they cannot be told from other texts.

    Texts about two sets of stand-ins must differ in these alone, and nothing else may begin as the
    text of a key does, for then its order would depend on the key.
    """
    text, other = (_made(situation, rules, stand_ins) for stand_ins in (_FIRST, _SECOND))
    word = _SECOND.word.encode()
    changed, ours = _FIRST.keys.subn(lambda match: _with_word(match, word), text)
    changed = _renamed(changed, _FIRST, _SECOND.word, _SECOND.word)
    certain = changed == other and len(_KEY_TEXT.findall(text)) == ours
    return text if certain else None


def _with_word(match: re.Match[bytes], word: bytes) -> bytes:
    """Return the text of a key for which another word stands at the same place."""
    text: bytes = match[0]
    return text[: match.end(1) - match.start()] + word + b'"'


def _made(situation: _Situation, rules: bytes, stand_ins: _StandIns) -> bytes:
    plan = ZonePlan(
        zone=stand_ins.word,
        status=situation.status,
        at=_EVER,
        risk=situation.risk,
        steps=situation.steps,
        timeline=_about(situation.timeline, stand_ins) if situation.timeline else None,
        rollback=tuple(
            Rollback(after=after, steps=steps, timeline=_about(bare, stand_ins))
            for after, steps, bare in situation.rollback
        ),
    )
    return change_text(plan, stand_ins.word, json.loads(rules))


def _about(bare: _Bare, stand_ins: _StandIns) -> Timeline:
    keys, profiles, assumptions, insecure_allowed, versions = bare
    return Timeline(
        profiles=profiles,
        assumptions=assumptions,
        insecure_allowed=insecure_allowed,
        keys={key.label: _stand_in(key, stand_ins) for key in keys},
        versions=versions,
    )


def _stand_in(key: _Place | UnmatchedDs, stand_ins: _StandIns) -> KeyEntry:
    if isinstance(key, UnmatchedDs):
        return key
    material = None if key.place is None else stand_ins.material(key.place)
    return Key(label=key.label, flags=key.flags, algorithm=key.algorithm, public_key=material)


def _renamed(text: bytes, stand_ins: _StandIns, zone: str, desired: str) -> bytes:
    """Return a text about another zone and desired state; no string holds a bare quote."""
    for name, real in (("zone", zone), ("desired", desired)):
        old = f'"{name}":"{stand_ins.word}"'.encode()
        text = text.replace(old, b'"%b":%b' % (name.encode(), canonical(real)))
    return text
