"""A digest computed by way of its situation is the digest, whatever a plan holds."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from reconciler.audit import digests
from reconciler.audit.digests import digest_of
from reconciler.audit.policy import rules_from, rules_in_digest
from reconciler.governance.approvals import Rules
from reconciler.model.keys import Key, KeyEntry, UnmatchedDs
from reconciler.model.plan import ZonePlan
from reconciler.model.timeline import DnskeyVersion, Timeline
from reconciler.spec.digests import change_digest
from reconciler.spec.plan_file import load_plan
from tests.audit.forge import Forged, find

STAND_INS = ("0000some/one", "0001some/one", "0000any/body", "AAAA", "9999zzzz", "")


@pytest.fixture(scope="module")
def plans(ledger: Forged, eventful: Forged) -> list[ZonePlan]:
    return [
        plan
        for record in (ledger, eventful)
        for path, data in record.blobs.items()
        if path.startswith("plans/")
        for plan in load_plan(data, path).zones.values()
    ]


@pytest.fixture(scope="module")
def rules(ledger: Forged) -> Rules:
    return rules_from(ledger.entries[find(ledger, "policy")]["data"]["rules"])


def by_itself(plan: ZonePlan, rules: Rules) -> str:
    return change_digest(plan, plan.desired_digest, rules_in_digest(rules, plan.risk))


def with_keys(plan: ZonePlan, keys: Mapping[str, KeyEntry]) -> ZonePlan:
    """Return a plan with other keys under their labels, in all of its timelines."""

    def changed(timeline: Timeline) -> Timeline:
        known = {label: keys.get(label, key) for label, key in timeline.keys.items()}
        return replace(timeline, keys=known)

    return replace(
        plan,
        timeline=changed(plan.timeline) if plan.timeline else None,
        rollback=tuple(replace(b, timeline=changed(b.timeline)) for b in plan.rollback),
    )


def variants(plan: ZonePlan) -> Iterator[ZonePlan]:
    """Yield the plan of other zones, and of people who know how digests are computed here."""
    yield plan
    for zone in (
        "other.example.",
        '"zone":"some/one"',
        "257 3 13 0000some/one",
        "a\u20ac.example.",
    ):
        yield replace(plan, zone=zone)
    for desired in ("sha256:1", "some/one", '","desired":"some/one"'):
        yield replace(plan, desired_digest=desired)
    assert plan.timeline is not None
    keys = plan.timeline.keys
    real = sorted(label for label, key in keys.items() if isinstance(key, Key))
    for text in STAND_INS:
        public = base64.b64decode(text)
        made = {name: replace(keys[name], public_key=public) for name in real[:1]}  # type: ignore[arg-type]
        yield with_keys(plan, made)
        yield with_keys(plan, {real[0]: UnmatchedDs(label=real[0], algorithm=13, rdata=text)})
        yield with_label(plan, f"257 3 13 {text}")
    for turn in range(1, len(real)):
        moved = {
            name: replace(keys[name], public_key=getattr(keys[other], "public_key", None))  # type: ignore[arg-type]
            for name, other in zip(real, real[turn:] + real[:turn], strict=True)
        }
        yield with_keys(plan, moved)


def with_label(plan: ZonePlan, label: str) -> ZonePlan:
    """Return a plan that names a key which is not in its table of keys, by a text like a key's."""
    assert plan.timeline is not None
    versions = tuple(
        replace(v, keys=v.keys | {label}) if isinstance(v, DnskeyVersion) else v
        for v in plan.timeline.versions
    )
    return replace(plan, timeline=replace(plan.timeline, versions=versions))


def test_every_digest_is_what_it_is_without_a_situation(
    plans: list[ZonePlan], rules: Rules
) -> None:
    tried = [variant for plan in plans for variant in variants(plan)]
    assert len(tried) > 100
    for plan in tried:
        assert digest_of(plan, rules) == by_itself(plan, rules)


def test_zones_in_one_situation_share_the_work(
    plans: list[ZonePlan], rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the test above would try one way twice."""
    for plan in plans:
        digest_of(plan, rules)

    def refuse(*_: object) -> str:
        raise AssertionError

    monkeypatch.setattr(digests, "change_digest", refuse)
    for plan in plans:
        other = replace(plan, zone="other.example.")
        assert digest_of(other, rules) == by_itself(other, rules)
