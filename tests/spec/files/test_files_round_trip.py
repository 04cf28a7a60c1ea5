"""Whatever is written is read back as the same value, and fits the schema of its file."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.plan import Plan
from reconciler.spec.canonical import digest
from reconciler.spec.digests import plan_digest
from reconciler.spec.entry_file import entry_from_bytes, entry_to_bytes, is_canonical
from reconciler.spec.json_document import pretty
from reconciler.spec.observed_file import dump_observed, load_observed
from reconciler.spec.observed_wire import AdapterDefaults
from reconciler.spec.plan_file import dump_plan, load_plan
from reconciler.spec.plan_json import plan_to_json

PATIENT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no bug; the values are large."""

OTHER = AdapterDefaults(
    signers={"a": SignerCapabilities(foreign_ksk=True, max_ksk=7)},
    parents={"example.com.": ParentCapabilities(weight=9, manual=True)},
)


@PATIENT
@given(data=st.data())
def test_a_plan_survives_its_file(strategies: SimpleNamespace, data: st.DataObject) -> None:
    plan = data.draw(strategies.plan())
    assert load_plan(dump_plan(plan), "plan.json") == plan


@PATIENT
@given(data=st.data())
def test_a_plan_is_written_and_digested_zone_by_zone_as_if_at_once(
    strategies: SimpleNamespace, data: st.DataObject
) -> None:
    plan = replace(data.draw(strategies.plan()), plan_digest=data.draw(st.sampled_from(["", "x"])))
    assert dump_plan(plan) == pretty(plan_to_json(plan), 5)
    assert plan_digest(plan) == digest(plan_to_json(replace(plan, plan_digest="")))


def test_a_plan_of_no_zones_is_written_and_digested_as_if_at_once() -> None:
    assert dump_plan(Plan()) == pretty(plan_to_json(Plan()), 5)
    assert plan_digest(Plan()) == digest(plan_to_json(Plan()))


@PATIENT
@given(data=st.data())
def test_an_observation_survives_its_file_whatever_the_defaults(
    strategies: SimpleNamespace, data: st.DataObject
) -> None:
    zones = data.draw(strategies.observed())
    assert load_observed(dump_observed(zones), "observed.json", OTHER).zones == zones


@PATIENT
@given(data=st.data())
def test_an_entry_survives_its_canonical_file(
    strategies: SimpleNamespace, data: st.DataObject
) -> None:
    entry = data.draw(strategies.entry())
    written = entry_to_bytes(entry)
    assert entry_from_bytes(written, "entry.json") == entry
    assert is_canonical(written)


@PATIENT
@given(data=st.data())
def test_other_spacing_and_order_is_not_canonical(
    strategies: SimpleNamespace, data: st.DataObject
) -> None:
    written = entry_to_bytes(data.draw(strategies.entry()))
    members = json.loads(written)
    assert not is_canonical(json.dumps(members).encode())
    assert not is_canonical(written + b"\n")
