"""Commands that read files: init, validate, plan from a file, show, verify."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.model.capabilities import PARENT_KINDS, SIGNER_KINDS
from tests.e2e.places import Place, Reconcile


def test_what_init_writes_is_valid_and_is_never_overwritten(
    scaffolded: Place, reconcile: Reconcile
) -> None:
    assert reconcile("validate", scaffolded.root).out == "1 zone, valid\n"
    again = reconcile("init", scaffolded.root)
    assert again.code == 1
    assert "error[file-exists]" in again.err


def test_init_takes_a_first_zone(tmp_path: Path, reconcile: Reconcile) -> None:
    assert reconcile("init", tmp_path, "--zone", "Example.NET").code == 0
    assert (tmp_path / "zones/example.net.yaml").exists()
    assert reconcile("init", tmp_path / "x", "--zone", "a..b").code == 1


def test_findings_come_in_four_forms(scaffolded: Place, reconcile: Reconcile) -> None:
    scaffolded.edit(scaffolded.zone, "owner: everybody", "owner: nobody")
    text = reconcile("validate", scaffolded.root)
    assert text.code == 1
    assert "error[" in text.out
    assert "zones/shop.example.yaml:2:8" in text.out
    assert text.out.endswith("1 zone, not valid\n")
    found = reconcile("validate", scaffolded.root, "--format", "json").json
    assert set(found) == {"ok", "zones", "diagnostics"}
    keys = {"severity", "code", "file", "line", "column", "summary", "hint"}
    assert all(set(finding) == keys for finding in found["diagnostics"])
    github = reconcile("validate", scaffolded.root, "--format", "github").out
    assert github.startswith(f"::error file={scaffolded.zone},line=2,col=8,title=")
    (run,) = reconcile("validate", scaffolded.root, "--format", "sarif").json["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == str(scaffolded.zone)
    assert place["region"] == {"startLine": 2, "startColumn": 8}


def test_sarif_of_the_zones_directory_names_the_same_file(
    scaffolded: Place, reconcile: Reconcile
) -> None:
    scaffolded.zone.write_bytes(b"\xff")
    (run,) = reconcile("validate", scaffolded.root / "zones", "--format", "sarif").json["runs"]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == str(scaffolded.zone)


def test_a_saved_observation_gives_the_same_plan(
    place: Place, reconcile: Reconcile, tmp_path: Path
) -> None:
    live, offline, seen = tmp_path / "live.json", tmp_path / "off.json", tmp_path / "seen.json"
    where = ("-C", place.root)
    assert reconcile("plan", *where, "--out", live, "--save-observed", seen).code == 0
    assert reconcile("plan", *where, "--out", offline, "--observed", seen).code == 0
    assert live.read_bytes() == offline.read_bytes()


@pytest.fixture
def observed(place: Place, reconcile: Reconcile, tmp_path: Path) -> Path:
    file = tmp_path / "seen.json"
    assert reconcile("plan", "-C", place.root, "--save-observed", file).code == 0
    return file


KINDS = [
    *(("signers", kind) for kind in SIGNER_KINDS),
    *(("parents", kind) for kind in PARENT_KINDS),
]
REAL = [(role, kind) for role, kind in KINDS if not kind.startswith("sandbox")]


@pytest.mark.parametrize(("role", "kind"), REAL)
def test_every_planned_adapter_can_be_planned_for_and_refuses_to_apply(
    role: str, kind: str, place: Place, observed: Path, reconcile: Reconcile
) -> None:
    portfolio = place.root / "zones/portfolio.yaml"
    other = "bind" if role == "parents" else "route53domains"
    signer, parent = (kind, other) if role == "signers" else (other, kind)
    place.edit(portfolio, "{kind: sandbox, world: build/world}", f"{{kind: {signer}}}")
    place.edit(portfolio, "{kind: sandbox-registrar, world: build/world}", f"{{kind: {parent}}}")
    assert reconcile("validate", place.root).code == 0
    planned = reconcile("plan", "-C", place.root, "--observed", observed, "--format", "json")
    assert planned.code in {0, 5}, planned.err
    assert list(planned.json["zones"]) == ["shop.example."]
    place.commit("Another adapter")
    for command in ("apply", "plan"):
        ended = reconcile(command, "-C", place.root)
        assert ended.code == 1
        assert kind in ended.out + ended.err
        assert "Traceback" not in ended.err


@pytest.fixture
def plan_file(place: Place, reconcile: Reconcile, tmp_path: Path) -> Path:
    file = tmp_path / "plan.json"
    assert reconcile("plan", "-C", place.root, "--out", file).code == 0
    return file


def test_a_plan_file_is_verified_and_shown_again(
    place: Place, plan_file: Path, reconcile: Reconcile
) -> None:
    verified = reconcile("verify", plan_file)
    assert (verified.code, verified.err) == (0, "")
    assert verified.out.endswith("verified\n")
    shown = reconcile("show", plan_file, "-C", place.root)
    assert (shown.code, shown.err) == (0, "")
    assert "change planned" in shown.out
    again = reconcile("show", plan_file, "-C", place.root, "--format", "json").json
    assert again == json.loads(plan_file.read_bytes())
    answer = reconcile("verify", plan_file, "--format", "json").json
    assert (answer["ok"], answer["intact"]) == (True, True)
    assert answer["zones"]["shop.example."]["verdict"] == "proved"


Change = Callable[[dict[str, Any]], None]


def tampered(plan_file: Path, change: Change, *, keep_digest: bool = True) -> Path:
    plan = json.loads(plan_file.read_bytes())
    change(plan["zones"]["shop.example."])
    if not keep_digest:
        del plan["plan_digest"]
    plan_file.write_text(json.dumps(plan))
    return plan_file


def _hurry(zone: dict[str, Any]) -> None:
    for step in zone["steps"]:
        for need in step["needs"]:
            need["wait_min"] = max(0, need["wait_min"] - 1)


def _lose_timeline(zone: dict[str, Any]) -> None:
    del zone["timeline"]


def _lose_steps(zone: dict[str, Any]) -> None:
    zone["steps"] = []


@pytest.mark.parametrize("change", [_hurry, _lose_timeline, _lose_steps])
@pytest.mark.parametrize("digest", ["plan-digest-mismatch", "no-plan-digest"])
def test_a_plan_that_was_tampered_with_is_never_verified(
    change: Change, digest: str, plan_file: Path, reconcile: Reconcile
) -> None:
    keep = digest == "plan-digest-mismatch"
    ended = reconcile("verify", tampered(plan_file, change, keep_digest=keep))
    assert ended.code == 8
    assert ended.out.endswith("NOT verified\n")
    assert digest in ended.err


def test_the_counterexample_of_a_shortened_wait_can_be_read(
    plan_file: Path, reconcile: Reconcile
) -> None:
    ended = reconcile("verify", tampered(plan_file, _hurry))
    assert "Refuted under loose" in ended.out
    assert "some cache may hold together" in ended.out


def test_show_says_that_a_file_is_damaged_or_out_of_date(
    place: Place, plan_file: Path, reconcile: Reconcile
) -> None:
    place.edit(place.zone, "generation: 1", "generation: 2")
    stale = reconcile("show", plan_file, "-C", place.root)
    assert stale.code == 7
    assert "stale-plan" in stale.err
    assert "the desired state is another" in stale.err
    damaged = reconcile("show", tampered(plan_file, _hurry), "-C", place.root)
    assert damaged.code == 8
    assert "plan-digest-mismatch" in damaged.err


def test_a_newer_plan_on_record_makes_an_older_file_stale(
    place: Place, plan_file: Path, reconcile: Reconcile
) -> None:
    reconcile("sandbox", "leap", place.world, "--by", "1h")
    assert reconcile("apply", "-C", place.root).code == 0
    assert reconcile("show", plan_file, "-C", place.root).code == 0, "the same change is on record"
    again = ("abandon", "shop.example", "--reason", "again", "--as", "ann", "-C", place.root)
    assert reconcile(*again).code == 0
    reconcile("sandbox", "leap", place.world, "--by", "2h")
    assert reconcile("apply", "-C", place.root).code == 0
    stale = reconcile("show", plan_file, "-C", place.root)
    assert stale.code == 7
    assert "is on record since 2026-01-05 03:00 UTC" in stale.err


@pytest.mark.parametrize("command", ["show", "verify"])
@pytest.mark.parametrize(
    ("data", "code"), [(b"{", "invalid-json"), (b"\xff", ""), (b"[]", ""), (b'{"zones": 1}', "")]
)
def test_what_is_no_plan_is_an_error(
    command: str, data: bytes, code: str, tmp_path: Path, reconcile: Reconcile
) -> None:
    file = tmp_path / "x.json"
    file.write_bytes(data)
    ended = reconcile(command, file)
    assert ended.code == 1
    assert f"error[{code}" in ended.err


def test_an_empty_plan_is_not_verified(tmp_path: Path, reconcile: Reconcile) -> None:
    file = tmp_path / "x.json"
    file.write_text('{"zones": {}}')
    assert reconcile("verify", file).code == 8
