"""Bad input and faults: a clear message, the documented exit code, nothing half done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.places import Place, Reconcile


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["plan", "--nope"],
        ["plan", "--format", "yaml"],
        ["approve"],
        ["sandbox", "nonsense"],
        ["sandbox", "leap", "w"],
        ["sandbox", "leap", "w", "--by", "1d", "--until", "2026-01-01"],
        ["sandbox", "fault", "w", "nonsense", "x"],
        ["sandbox", "fault", "w", "lag", "x", "--count", "0"],
    ],
)
def test_wrong_usage_is_1_and_says_where_to_look(
    arguments: list[str], reconcile: Reconcile
) -> None:
    ended = reconcile(*arguments)
    assert ended.code == 1
    assert "error[usage]" in ended.err
    assert "--help`" in ended.err


def test_help_is_one_letter_away(reconcile: Reconcile) -> None:
    assert reconcile("plan", "-h").code == 0
    assert reconcile("-h").out == reconcile("--help").out
    bare = reconcile()
    assert (bare.code, bare.err) == (1, "")
    assert "Usage: reconcile" in bare.out
    assert reconcile("--version").out.count(".") == 2


@pytest.mark.parametrize("command", ["plan", "apply", "status"])
def test_missing_pieces_are_named_with_what_to_do(
    command: str, scaffolded: Place, reconcile: Reconcile
) -> None:
    where = ("-C", scaffolded.root)
    ended = reconcile(command, *where)
    assert (ended.code, "reconcile sandbox create" in ended.err) == (1, True)
    reconcile("sandbox", "create", scaffolded.world)
    ended = reconcile(command, *where)
    assert (ended.code, "git init" in ended.err) == (1, True)
    scaffolded.zone.write_text("zone: [")
    ended = reconcile(command, *where)
    assert ended.code == 1
    assert "zones/shop.example.yaml:1:" in ended.err
    ended = reconcile(command, "-C", scaffolded.root / "nowhere")
    assert (ended.code, "reconcile init" in ended.err) == (1, True)


def test_an_unborn_branch_can_be_planned_and_not_applied(
    scaffolded: Place, reconcile: Reconcile
) -> None:
    reconcile("sandbox", "create", scaffolded.world)
    scaffolded.git("init", "--quiet")
    assert reconcile("plan", "-C", scaffolded.root).code == 0
    ended = reconcile("apply", "-C", scaffolded.root)
    assert (ended.code, "error[uncommitted-change]" in ended.err) == (1, True)


def test_what_git_does_not_hold_is_not_applied(place: Place, reconcile: Reconcile) -> None:
    place.edit(place.zone, "generation: 1", "generation: 2")
    ended = reconcile("apply", "-C", place.root)
    assert (ended.code, "error[uncommitted-change]" in ended.err) == (1, True)
    assert place.git("branch", "--list", "reconcile/log") == ""


def test_without_an_identity_nothing_is_written(
    place: Place, reconcile: Reconcile, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.git("config", "user.useConfigOnly", "true")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    ended = reconcile("apply", "-C", place.root)
    assert (ended.code, "error[git-identity-missing]" in ended.err) == (1, True)
    assert "\\n" not in ended.err
    assert place.git("branch", "--list", "reconcile/log") == ""


def test_a_repository_that_refuses_writes_is_explained(place: Place, reconcile: Reconcile) -> None:
    hook = place.root / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho closed for today >&2\nexit 1\n")
    hook.chmod(0o755)
    ended = reconcile("apply", "-C", place.root)
    assert (ended.code, "error[ledger-not-writable]" in ended.err) == (1, True)
    assert "closed for today" in ended.err
    assert place.git("branch", "--list", "reconcile/log") == ""


def test_servers_that_are_silent_are_named(place: Place, reconcile: Reconcile) -> None:
    for server in ("ns1.a.example.", "ns2.a.example."):
        assert reconcile("sandbox", "fault", place.world, "server-down", server).code == 0
    ended = reconcile("plan", "-C", place.root)
    assert ended.code == 1
    assert ended.err.count("error[nothing-observed]") == 1
    assert "ns1.a.example. (192.0.2.1)" in ended.err
    status = reconcile("status", "-C", place.root, "--format", "json").json
    assert status["zones"]["shop.example."]["stand"] == "unseen"
    assert status["zones"]["shop.example."]["findings"]
    assert reconcile("sandbox", "heal", place.world).code == 0
    assert reconcile("plan", "-C", place.root).code == 0


def test_one_zone_that_cannot_be_seen_does_not_hide_the_others(
    place: Place, reconcile: Reconcile
) -> None:
    parked = place.zone.read_text().replace("shop.example", "parked.example")
    lost = place.zone.read_text().replace("shop.example", "lost.example")
    (place.root / "zones/parked.example.yaml").write_text(parked)
    (place.root / "zones/lost.example.yaml").write_text(lost)
    ended = reconcile("plan", "-C", place.root, "--format", "json")
    assert ended.code == 1
    assert "lost.example." in ended.err
    assert set(ended.json["zones"]) == {"parked.example.", "shop.example."}


@pytest.mark.parametrize("option", ["--out", "--save-observed"])
@pytest.mark.parametrize("target", ["missing/x.json", "."])
def test_files_that_cannot_be_written_are_named(
    option: str, target: str, place: Place, reconcile: Reconcile
) -> None:
    ended = reconcile("plan", "-C", place.root, option, place.root / target)
    assert (ended.code, "error[unwritable]" in ended.err) == (1, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--observed", "missing.json"],
        ["show", "missing.json"],
        ["verify", "."],
        ["sandbox", "create", "w", "--layout", "missing.json"],
        ["sandbox", "dump", "missing"],
        ["sandbox", "leap", "missing", "--by", "1d"],
        ["demo", "/dev/null/x"],
        ["demo", "/proc/nowhere"],
        ["init", "/proc/nowhere"],
        ["validate", "missing"],
    ],
)
def test_files_that_are_not_there_are_errors_of_one_line_and_a_hint(
    arguments: list[str], scaffolded: Place, reconcile: Reconcile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(scaffolded.root)
    ended = reconcile(*arguments)
    assert ended.code == 1
    assert "hint: " in ended.err + ended.out
    assert "Traceback" not in ended.err


def test_the_demo_overwrites_nothing(scaffolded: Place, reconcile: Reconcile) -> None:
    ended = reconcile("demo", scaffolded.root)
    assert (ended.code, "error[not-empty]" in ended.err) == (1, True)


def test_a_sandbox_can_be_made_led_and_looked_into(tmp_path: Path, reconcile: Reconcile) -> None:
    world, layout = tmp_path / "w", tmp_path / "layout.json"
    layout.write_text(reconcile("sandbox", "layout").out)
    assert reconcile("sandbox", "create", world, "--layout", layout).code == 0
    assert reconcile("sandbox", "create", world).code == 1
    assert reconcile("sandbox", "leap", world, "--by", "1h30m").code == 0
    back = reconcile("sandbox", "leap", world, "--until", "2000-01-01")
    assert (back.code, "time-goes-forward" in back.err) == (1, True)
    assert reconcile("sandbox", "leap", world, "--by", "1y").code == 1
    assert reconcile("sandbox", "act", world, "shop.example").code == 0
    assert reconcile("sandbox", "act", world, "nope.example").code == 1
    assert reconcile("sandbox", "fault", world, "lag", "nobody").code == 1
    assert reconcile("sandbox", "fault", world, "lag", "ns1.a.example.", "--for", "2h").code == 0
    assert reconcile("sandbox", "dump", world).json["format"] == "reconcile-world/1"


def test_hostile_names_cannot_paint_on_the_terminal(place: Place, reconcile: Reconcile) -> None:
    ended = reconcile("plan", "\x1b[31mred\x1b[0m.example", "-C", place.root)
    assert ended.code == 1
    assert "\x1b" not in ended.err
