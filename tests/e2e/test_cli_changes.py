"""From desired state to the world: plan, approve, apply, status."""

from __future__ import annotations

import json

import jsonschema

from reconciler.spec.schemas import schemas
from tests.e2e.places import Place, Reconcile


def test_a_newcomer_gets_from_init_to_a_plan_that_is_proved(
    place: Place, reconcile: Reconcile
) -> None:
    shown = reconcile("plan", "-C", place.root)
    assert shown.code == 0
    assert "shop.example.  change planned" in shown.out
    assert "proved for every delay" in shown.out
    assert "reconcile approve sha256:" in shown.out


def test_a_plan_as_json_is_what_the_schema_says(place: Place, reconcile: Reconcile) -> None:
    shown = reconcile("plan", "-C", place.root, "--format", "json")
    plan = shown.json
    jsonschema.validate(plan, json.loads(schemas()["plan.schema.json"]))
    assert plan["format_version"] == "1.0"
    assert plan["plan_digest"].startswith("sha256:")
    zone = plan["zones"]["shop.example."]
    assert zone["status"] == "planned"
    assert zone["proof"]["proved"] is True
    assert {"steps", "timeline", "duration_min", "clean_min", "profiles", "assumptions"} <= set(
        zone
    )
    assert {"assumptions", "rollback", "risk", "change_digest"} <= set(zone)


def test_other_forms_of_a_plan(place: Place, reconcile: Reconcile) -> None:
    markdown = reconcile("plan", "-C", place.root, "--format", "markdown").out
    assert "shop.example." in markdown
    assert "|" in markdown
    page = reconcile("plan", "-C", place.root, "--format", "html").out
    assert page.startswith("<!doctype html>")


def test_zones_are_named_in_any_case(place: Place, reconcile: Reconcile) -> None:
    shown = reconcile("plan", "SHOP.Example.", "-C", place.root, "--format", "json")
    assert list(shown.json["zones"]) == ["shop.example."]


def test_a_zone_that_is_not_there_is_named(place: Place, reconcile: Reconcile) -> None:
    for command in ("plan", "apply", "status", "approvals"):
        ended = reconcile(command, "nope.example", "-C", place.root)
        assert ended.code == 1
        assert "error[unknown-zone] nope.example" in ended.err


def test_detailed_exit_codes_tell_changes_waits_and_approvals(
    place: Place, reconcile: Reconcile
) -> None:
    where = ("-C", place.root)
    assert reconcile("plan", *where).code == 0
    assert reconcile("plan", *where, "--detailed-exitcode").code == 2
    waiting = reconcile("apply", *where, "--detailed-exitcode", "--format", "json")
    assert waiting.code == 3
    assert waiting.json["zones"]["shop.example."]["status"] == "waiting-for-time"
    assert reconcile("apply", *where).code == 0
    reconcile("sandbox", "leap", place.world, "--by", "10d")
    waiting = reconcile("apply", *where, "--detailed-exitcode", "--format", "json")
    assert waiting.code == 4
    assert waiting.json["zones"]["shop.example."]["exit_code"] == 4
    assert reconcile("apply", *where).code == 0


def test_a_change_goes_all_the_way(unsettled_past: Place, reconcile: Reconcile) -> None:
    place, where = unsettled_past, ("-C", unsettled_past.root)
    for _ in range(40):
        ended = reconcile("apply", *where, "--detailed-exitcode", "--format", "json")
        zone = ended.json["zones"]["shop.example."]
        match zone["status"]:
            case "converged":
                break
            case "waiting-for-time":
                until = zone["until"].removesuffix("Z")
                assert reconcile("sandbox", "leap", place.world, "--until", until).code == 0
            case "waiting-for-approval":
                for name in ("ann", "bob"):
                    key = ("--sign", place.keys / name)
                    given = reconcile("approve", zone["digest"], "--as", name, *key, *where)
                    assert given.code == 0, given.err
                assert "given: bob" in given.out
                assert "missing" not in given.out
            case other:
                raise AssertionError(other)
    status = reconcile("status", *where, "--format", "json").json
    assert status["zones"]["shop.example."]["stand"] == "converged"
    assert reconcile("plan", *where, "--detailed-exitcode").code == 0
    assert "nothing to approve" in reconcile("approvals", "shop.example", *where).out
    assert place.git("status", "--porcelain") == ""


def test_approvals_say_what_is_required_given_missing_and_does_not_count(
    unsettled_past: Place, reconcile: Reconcile
) -> None:
    place, where = unsettled_past, ("-C", unsettled_past.root)
    (before,) = reconcile("approvals", "shop.example", *where, "--format", "json").json["approvals"]
    assert before["requirement"]["approvers"] == 2
    assert not before["satisfied"]
    place.edit(place.root / "zones/portfolio.yaml", "ann@example.com", "dana@example.com")
    place.commit("Dana is Ann")
    given = reconcile("approve", before["digest"], "--sign", place.keys / "ann", *where)
    assert given.code == 0, given.err
    assert "does not count: ann" in given.out
    assert "ann wrote this change" in given.out
    (after,) = reconcile("approvals", "shop.example", *where, "--format", "json").json["approvals"]
    assert [one["person"] for one in after["ignored"]] == ["ann"]


def test_nobody_approves_by_mistake(unsettled_past: Place, reconcile: Reconcile) -> None:
    place, where = unsettled_past, ("-C", unsettled_past.root)
    (needed,) = reconcile("approvals", "shop.example", *where, "--format", "json").json["approvals"]
    digest = needed["digest"]
    entries = place.git("rev-parse", "reconcile/log")
    for code, arguments in {
        "unknown-approver": (digest,),
        "unknown-digest": ("sha256:abc", "--as", "ann", "--sign", place.keys / "ann"),
        "not-that-person": (digest, "--as", "ann"),
        "signature-refused": (digest, "--as", "ann", "--sign", place.keys / "bob"),
        "signing-key-unusable": (digest, "--as", "ann", "--sign", place.keys / "nobody"),
    }.items():
        ended = reconcile("approve", *arguments, *where)
        assert (ended.code, f"error[{code}]" in ended.err) == (4, True), ended
    ended = reconcile("approve", digest, "--as", "mallory", *where)
    assert "mallory is not one of the people" in ended.err
    assert place.git("rev-parse", "reconcile/log") == entries


def test_status_shows_the_steps_of_a_running_plan(
    unsettled_past: Place, reconcile: Reconcile
) -> None:
    where = ("-C", unsettled_past.root)
    shown = reconcile("status", *where)
    assert shown.code == 0
    assert "waiting-for-approval" in shown.out
    zone = reconcile("status", "shop.example", *where, "--format", "json").json["zones"]
    assert [step["id"] for step in zone["shop.example."]["steps"]] == ["s1", "s2"]
    assert zone["shop.example."]["change_digest"].startswith("sha256:")
