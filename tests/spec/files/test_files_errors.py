"""Every mistake in a file is named with what, where and often what to write instead."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import Diagnostic, Severity, SpecError
from reconciler.model.keys import DsRef, UnmatchedDs
from reconciler.model.timeline import DsVersion
from reconciler.spec.entry_file import entry_from_bytes, entry_path, is_canonical
from reconciler.spec.observed_file import load_observed
from reconciler.spec.plan_file import load_plan

PATIENT = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no bug; the values are large."""

Observation = dict[str, Any]
Change = Callable[[Any], object]
DEAD = f"7 13 2 {'AB' * 32}"


def _load(observation: Observation) -> tuple[Diagnostic, ...]:
    return load_observed(json.dumps(observation, indent=1).encode(), "o.json").diagnostics


def _mistakes(observation: Observation) -> list[tuple[str, str]]:
    """Return code and summary of each error, and check that its line says what it is about."""
    lines = json.dumps(observation, indent=1).splitlines()
    with pytest.raises(SpecError) as caught:
        _load(observation)
    for found in caught.value.diagnostics:
        assert found.file == "o.json"
        assert found.line is not None
        assert found.column is not None
        assert found.column <= len(lines[found.line - 1])
    return [(found.code, found.summary) for found in caught.value.diagnostics]


WRONG: dict[str, tuple[Change, str, str]] = {
    "a member that is missing": (
        lambda zone: zone["parent"].pop("ds_ttl"),
        "missing-member",
        "parent: the member 'ds_ttl' is missing",
    ),
    "a unit": (
        lambda zone: zone["parent"].update(ds_ttl="1h"),
        "invalid-value",
        'parent.ds_ttl: input should be a valid integer: "1h"',
    ),
    "a truth for a number": (
        lambda zone: zone["parent"].update(ds_ttl=True),
        "invalid-value",
        "parent.ds_ttl: input should be a valid integer: true",
    ),
    "a negative TTL": (
        lambda zone: zone["signers"]["a"].update(dnskey_ttl=-1),
        "invalid-value",
        "signers.a.dnskey_ttl: input should be greater than or equal to 0: -1",
    ),
    "no base64": (
        lambda zone: zone["keys"]["k1"].update(public_key="not base64"),
        "invalid-value",
        'keys.k1.public_key: expected base64: "not base64"',
    ),
    "a DS without anything": (
        lambda zone: zone["parent"]["ds"].append({"key": None}),
        "invalid-value",
        'parent.ds[1]: a DS without a key needs its `rdata`: {"key": null}',
    ),
    "a DS without digest type": (
        lambda zone: zone["parent"]["ds"].append({"key": "k1"}),
        "invalid-value",
        'parent.ds[1]: a DS of a key needs its `digest_type`: {"key": "k1"}',
    ),
    "a DS that is none": (
        lambda zone: zone["parent"]["ds"].append({"key": None, "rdata": "70000 8 2 ab"}),
        "invalid-value",
        'parent.ds[1].rdata: expected a DS, `tag algorithm digest_type digest`: "70000 8 2 ab"',
    ),
    "a capability that nobody has": (
        lambda zone: zone["parent"].update(capabilities={"takes": "maybe"}),
        "invalid-value",
        "parent.capabilities.takes: input should be 'ds' or 'key': \"maybe\"",
    ),
    "a key that nobody describes": (
        lambda zone: zone["signers"]["a"]["dnskeys"].append("k9"),
        "unknown-key",
        "signers.a.dnskeys: no key has the label 'k9'",
    ),
    "a signer that nobody describes": (
        lambda zone: zone["parent"]["ns"].append("b"),
        "unknown-signer",
        "parent.ns: 'b' is not described under `signers`",
    ),
    "two labels for one key": (
        lambda zone: zone["keys"].update(again=zone["keys"]["k1"]),
        "duplicate-key",
        "keys.again: this is the same DNSKEY as 'k1'",
    ),
    "history that is still to come": (
        lambda zone: zone.update(history=[{"rrset": "DS", "ttl": 1, "propagation": 1, "at": 5}]),
        "invalid-history",
        "history[0].at: history began before the observation: `at` is negative or 0",
    ),
    "history made by a step": (
        lambda zone: zone.update(
            history=[{"rrset": "DS", "ttl": 1, "propagation": 1, "step": "s1"}]
        ),
        "invalid-history",
        "history[0].step: history comes before every step",
    ),
    "two beginnings": (
        lambda zone: zone.update(history=[{"rrset": "DS", "ttl": 1, "propagation": 1}] * 2),
        "invalid-history",
        "history: 2 versions of DS at the parent without `at`",
    ),
    "digest types of another key": (
        lambda zone: zone.update(
            history=[{"rrset": "DS", "ttl": 1, "propagation": 1, "digest_types": {"k1": [2]}}]
        ),
        "unknown-key",
        "history[0].digest_types: digest types for 'k1', which `keys` does not name",
    ),
}


@pytest.mark.parametrize(("change", "code", "summary"), WRONG.values(), ids=WRONG.keys())
def test_an_observation_is_refused_for(
    observation: Observation, change: Change, code: str, summary: str
) -> None:
    change(observation["zones"]["example.com."])
    mistakes = _mistakes(observation)
    assert (code, f'zones["example.com."].{summary}') in mistakes
    assert {found for found, _ in mistakes} == {code}


def test_all_mistakes_are_told_at_once_each_at_its_line(observation: Observation) -> None:
    zone = observation["zones"]["example.com."]
    zone["parent"]["ds_ttl"], zone["signers"]["a"]["ns_ttl"] = "1h", None
    text = json.dumps(observation, indent=1)
    with pytest.raises(SpecError) as caught:
        load_observed(text.encode(), "o.json")
    found = [text.splitlines()[d.line - 1].strip() for d in caught.value.diagnostics if d.line]
    assert found == ['"ds_ttl": "1h",', '"ns_ttl": null,']


@pytest.mark.parametrize(
    ("name", "hint"), [("Example.com.", "example.com."), ("example.com", "example.com.")]
)
def test_zone_names_are_absolute_and_lower_case(
    observation: Observation, name: str, hint: str
) -> None:
    observation["zones"] = {name: observation["zones"]["example.com."]}
    ((code, summary),) = _mistakes(observation)
    assert code == "invalid-value"
    assert f"write '{hint}'" in summary


@pytest.mark.parametrize("at", [12345, "2026-11-21T23:00:00", "yesterday", None])
def test_an_instant_needs_its_offset_from_utc(observation: Observation, at: object) -> None:
    observation["at"] = at
    assert [code for code, _ in _mistakes(observation)] == ["invalid-value"]


@pytest.mark.parametrize("value", ["reconcile-observed/2", "reconcile-capture/1", 1, None])
def test_another_format_is_refused(observation: Observation, value: object) -> None:
    observation["format"] = value
    assert [code for code, _ in _mistakes(observation)] == ["unsupported-format"]


def test_an_unknown_member_is_a_warning_at_its_line(observation: Observation) -> None:
    observation["zones"]["example.com."]["parent"]["propogation"] = 1
    (warning,) = _load(observation)
    assert warning.severity is Severity.WARNING
    assert warning.code == "unknown-member"
    assert warning.summary == 'zones["example.com."].parent.propogation: nothing reads this member'


def test_a_key_that_no_validator_can_use_is_a_warning(observation: Observation) -> None:
    observation["zones"]["example.com."]["keys"]["k1"]["public_key"] = "AAAA"
    assert [d.code for d in _load(observation)] == ["implausible-key"]


@pytest.mark.parametrize(("octets", "codes"), [(64 + 4, []), (8, ["implausible-key"])])
def test_the_length_of_an_rsa_key_is_that_of_its_modulus(
    observation: Observation, octets: int, codes: list[str]
) -> None:
    public = b"\3\1\0\1" + b"\7" * (octets - 4)
    text = base64.b64encode(public).decode()
    key = {"algorithm": 8, "flags": 257, "public_key": text}
    observation["zones"]["example.com."]["keys"]["rsa"] = key
    assert [d.code for d in _load(observation)] == codes


def test_a_largest_ttl_below_that_of_the_apex_ns_is_a_warning(observation: Observation) -> None:
    observation["zones"]["example.com."]["signers"]["a"] |= {"max_zone_ttl": 60, "ns_ttl": 61}
    (warning,) = _load(observation)
    assert (warning.code, warning.severity) == ("ttl-too-small", Severity.WARNING)


def test_colliding_tags_are_a_warning(observation: Observation) -> None:
    keys = observation["zones"]["example.com."]["keys"]
    for label, octets in (("x", (1, 2, 3, 4)), ("y", (3, 4, 1, 2))):
        public = base64.b64encode(bytes(octets) + bytes(60)).decode()
        keys[label] = {"algorithm": 13, "flags": 256, "public_key": public}
    assert [d.code for d in _load(observation)] == ["colliding-tags"]


def test_a_ds_without_key_stands_under_a_label_of_its_own(observation: Observation) -> None:
    zone = observation["zones"]["example.com."]
    zone["parent"]["ds"].append({"key": None, "rdata": DEAD})
    zone["history"] = [
        {"rrset": "DS", "at": -9, "ttl": 1, "propagation": 1, "keys": ["ds-7-13-2-abababab"]}
    ]
    loaded = load_observed(json.dumps(observation).encode(), "o.json").zones["example.com."]
    label = "ds-7-13-2-abababab"
    assert loaded.keys[label] == UnmatchedDs(label=label, algorithm=13, rdata=DEAD.lower())
    assert loaded.parent.ds == {DsRef("k1", 2), DsRef(label, 2)}
    assert loaded.history == (
        DsVersion(at=-9, ttl=1, propagation=1, ds=frozenset({DsRef(label, 2)})),
    )


NOT_JSON: dict[str, tuple[bytes, str, int, int]] = {
    "nothing": (b"", "invalid-json", 1, 1),
    "half": (b'{"a":\n [1,', "invalid-json", 2, 5),
    "twice": (b'{"a": [{"b": 1,\n "b": 2}]}', "duplicate-member", 2, 2),
    "not UTF-8": (b'{"a":\n"\xff"}', "invalid-utf8", 2, 2),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "invalid-utf8", 1, 1),
    "NaN": (b'{"a": NaN}', "invalid-json", 1, 1),
    "endless number": (b"9" * 5000, "invalid-json", 1, 1),
    "half a character": (b'{"a": "\\ud800"}', "invalid-json", 1, 1),
    "too deep": (b"[" * 200_000, "too-deep", 1, 1),
}


@pytest.mark.parametrize(("data", "code", "line", "column"), NOT_JSON.values(), ids=NOT_JSON.keys())
@pytest.mark.parametrize("load", [load_observed, load_plan, entry_from_bytes])
def test_what_is_not_json_is_refused_with_its_place(
    load: Callable[[bytes, str], object], data: bytes, code: str, line: int, column: int
) -> None:
    with pytest.raises(SpecError) as caught:
        load(data, "file.json")
    (found,) = caught.value.diagnostics
    assert (found.code, found.line, found.column) == (code, line, column)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["zones", "format", "steps", "timeline", "v", ""]), inner)
    ),
    max_leaves=6,
)


@PATIENT
@given(data=st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_but_spec_errors_escapes(data: bytes) -> None:
    for load in (load_observed, load_plan, entry_from_bytes):
        with suppress(SpecError):
            load(data, "file.json")


@PATIENT
@given(data=st.data())
def test_a_damaged_observation_never_ends_in_a_traceback(
    strategies: SimpleNamespace, data: st.DataObject
) -> None:
    written = bytearray(data.draw(strategies.observed_bytes()))
    for _ in range(data.draw(st.integers(1, 3))):
        written[data.draw(st.integers(0, len(written) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = load_observed(bytes(written), "o.json").diagnostics
    except SpecError as error:
        found = error.diagnostics
    assert all(diagnostic.line and diagnostic.column for diagnostic in found)


STEPS: Any = {
    "steps": [
        {
            "id": "s1",
            "moves": [{"system": "parent", "op": "ds.replace", "args": {"ds": []}}],
            "needs": [{"step": None, "wait_min": 60, "from": "effect"}],
        }
    ],
    "timeline": {
        "keys": {
            "k": {"algorithm": 13, "flags": 257, "tag": 2371},
            "dead": {"algorithm": 13, "unmatched": True},
        },
        "versions": [
            {"rrset": "DS", "step": None, "at": None, "ttl": 1, "propagation": 2, "keys": ["k"]}
        ],
    },
}


def _plan_mistakes(value: object) -> list[tuple[str, str]]:
    with pytest.raises(SpecError) as caught:
        load_plan(json.dumps(value).encode(), "p.json")
    return [(found.code, found.summary) for found in caught.value.diagnostics]


def test_steps_and_timeline_alone_are_a_plan() -> None:
    plan = load_plan(json.dumps(STEPS).encode(), "p.json")
    (zone,) = plan.zones.values()
    assert zone.timeline is not None
    assert zone.timeline.versions == (
        DsVersion(ttl=1, propagation=2, ds=frozenset({DsRef("k", 2)})),
    )
    named = load_plan(json.dumps({"zone": "example.org.", **STEPS}).encode(), "p.json")
    assert set(named.zones) == {"example.org."}
    under_zones = load_plan(json.dumps({"zones": {"example.org.": STEPS}}).encode(), "p.json")
    assert under_zones == named


def test_members_of_a_later_minor_version_are_ignored() -> None:
    later = {"format_version": "1.7", "zones": {"a.": {**STEPS, "colour": "red"}}, "more": 1}
    assert load_plan(json.dumps(later).encode(), "p.json").zones["a."].steps[0].id == "s1"


@pytest.mark.parametrize("version", ["2.0", "2", "10.1"])
def test_a_higher_major_version_is_refused(version: str) -> None:
    assert _plan_mistakes({"format_version": version, "zones": {}}) == [
        (
            "unsupported-format",
            f"format_version: format {version} is newer than this release reads (1.x)",
        )
    ]


def test_a_move_that_nobody_can_make_is_refused() -> None:
    plan = json.loads(json.dumps(STEPS))
    plan["steps"][0]["moves"][0]["op"] = "ds.shuffle"
    ((code, summary),) = _plan_mistakes(plan)
    assert code == "invalid-value"
    assert summary.startswith("steps[0].moves[0]: input tag 'ds.shuffle' found using 'op'")


def test_a_move_of_the_parent_is_not_a_signers() -> None:
    plan = json.loads(json.dumps(STEPS))
    plan["steps"][0]["moves"][0]["system"] = "signer:a"
    assert _plan_mistakes(plan) == [
        ("invalid-value", "steps[0].moves[0].system: input should be 'parent': \"signer:a\"")
    ]


def test_a_proof_says_either_that_or_why_not() -> None:
    assert _plan_mistakes({"zones": {"a.": {"proof": {"proved": False}}}}) == [
        ("missing-member", "zones[\"a.\"].proof: the member 'counterexample' is missing")
    ]


ENTRY: dict[str, Any] = {
    "v": 1,
    "seq": 417,
    "prev": "sha256:0",
    "at": "2026-11-21T23:22:05Z",
    "event": "break-glass-open",
    "policy": {"seq": 12, "digest": "sha256:1"},
    "actor": {"kind": "ci", "id": "x", "run": "7"},
    "tool": "0.1.0",
    "data": {},
}


def test_an_entry_has_its_place_by_its_number() -> None:
    entry = entry_from_bytes(json.dumps({**ENTRY, "later": 1}).encode(), "e.json")
    assert entry_path(entry) == "entries/000000/0004/000000000417-break-glass-open.json"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"v": 2}, "unsupported-format"),
        ({"v": 0}, "invalid-value"),
        ({"v": True}, "invalid-value"),
        ({"seq": -1}, "invalid-value"),
        ({"seq": 10**12}, "invalid-value"),
        ({"event": "party"}, "invalid-value"),
        ({"at": "now"}, "invalid-value"),
        ({"data": []}, "invalid-value"),
        ({"actor": {"kind": "robot", "id": "x"}}, "invalid-value"),
        ({"policy": {"seq": 1}}, "missing-member"),
    ],
)
def test_an_entry_is_refused_for(change: dict[str, Any], code: str) -> None:
    with pytest.raises(SpecError) as caught:
        entry_from_bytes(json.dumps({**ENTRY, **change}).encode(), "e.json")
    assert [found.code for found in caught.value.diagnostics] == [code]


def test_an_entry_without_data_has_none() -> None:
    members = {name: value for name, value in ENTRY.items() if name != "data"}
    assert entry_from_bytes(json.dumps(members).encode(), "e.json").draft.data == {}


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 200_000, b"1e999", b'{"a":1.0}'])
def test_what_has_no_canonical_form_is_not_canonical(data: bytes) -> None:
    assert not is_canonical(data)
