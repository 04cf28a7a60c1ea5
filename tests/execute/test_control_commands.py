"""The commands by which people stop, settle and explain, as they are typed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.cli.app import run
from reconciler.cli.instants import until_when
from reconciler.demo.repository import Repository
from reconciler.demo.scenery import AUTHOR
from reconciler.demo.stories import opening
from reconciler.diagnostics import SpecError
from reconciler.ledger.git_ledger import GitLedger
from reconciler.model.entries import Entry, Event
from reconciler.model.moves import DnskeyAdd
from reconciler.sandbox.signers import signer
from reconciler.sandbox.world import World
from tests.execute.acts import FILE, TESTER, ZONE, desired

NOW = datetime(2026, 1, 14, 9, tzinfo=UTC)


@pytest.fixture
def here(portfolio: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(portfolio)
    return portfolio


def entries(root: Path, event: Event) -> list[Entry]:
    return [entry for entry in GitLedger(root, actor=TESTER).entries() if entry.event is event]


def test_a_zone_is_suspended_and_resumed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["suspend", "LEGACY.example", "--for", "2d", "--reason", "audit", "--as", "ann"]) == 0
    )
    assert (
        "legacy.example. is suspended until 2026-01-16T09:00:00Z (ann)" in capsys.readouterr().out
    )
    assert run(["apply", ZONE, "--detailed-exitcode"]) == 9
    assert run(["apply", ZONE]) == 0
    capsys.readouterr()
    assert run(["status", ZONE, "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)["zones"][ZONE]
    assert told["suspended"]["person"] == "ann"
    assert run(["resume", ZONE, "--reason", "done", "--as", "bob"]) == 0
    assert run(["apply", ZONE, "--detailed-exitcode"]) == 0
    assert [e.draft.data["person"] for e in entries(here, Event.RESUME)] == ["bob"]


def test_all_zones_are_suspended_where_none_is_named(here: Path) -> None:
    assert run(["suspend", "--until", "2026-02-01 00:00 UTC", "--reason", "r", "--as", "ann"]) == 0
    assert len(entries(here, Event.SUSPEND)) == len(opening())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["suspend", "--for", "1d", "--as", "ann"], "Missing option '--reason'"),
        (["suspend", "--for", "1d", "--reason", " ", "--as", "ann"], "a reason is one line"),
        (["suspend", "--for", "1d", "--reason", "r"], "is not one of the people"),
        (["suspend", "--for", "1d", "--reason", "r", "--as", "eve"], "eve is not one of"),
        (["suspend", "--reason", "r", "--as", "ann"], "either `--until TIME` or `--for"),
        (["suspend", "--until", "2020-01-01T00:00Z", "--reason", "r", "--as", "ann"], "not in the"),
        (["suspend", "no.such", "--for", "1d", "--reason", "r", "--as", "ann"], "no such zone"),
        (["resume", ZONE, "--reason", "r", "--as", "ann"], "not suspended"),
        (["resolve", ZONE, "--step", "s1", "--reason", "r", "--as", "ann"], "Missing option"),
        (["resolve", ZONE, "--step", "s1", "--done", "--reason", "r", "--as", "ann"], "no open"),
        (["resolve", "--step", "s1", "--done", "--reason", "r"], "Missing argument"),
        (["abandon", ZONE, "--reason", "r", "--as", "ann"], "no plan of"),
        (["abandon", "--reason", "r", "--as", "ann"], "Missing argument"),
        (["revoke", "sha256:abc", "--reason", "r", "--as", "ann"], "at least 12 digits"),
        (["revoke", "0123456789ab", "--reason", "r", "--as", "ann"], "no approvals in force"),
        (["annotate", ZONE, "DS", "--for", "1d", "--reason", "r", "--as", "ann"], "unexplained"),
    ],
)
def test_wrong_use_is_told_and_leaves_no_trace(
    here: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = GitLedger(here, actor=TESTER).refresh()
    assert run(words) == 1
    assert says in capsys.readouterr().err
    assert GitLedger(here, actor=TESTER).refresh() == before


def test_drift_exits_by_what_it_found(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["drift", "--detailed-exitcode"]) == 0
    capsys.readouterr()
    repository = Repository(here)
    repository.commit({FILE: desired(ksk=2)}, "Roll", AUTHOR, NOW)
    repository.close()
    assert run(["drift", ZONE]) == 0
    assert "not yet applied" in capsys.readouterr().out
    assert run(["drift", ZONE, "--detailed-exitcode", "--format", "json"]) == 2
    told = json.loads(capsys.readouterr().out)["zones"][ZONE]
    assert {d["kind"] for d in told["differences"]} == {"not-yet-applied"}


def test_a_known_difference_is_no_alarm(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with World.open(here / "world") as world:
        move = DnskeyAdd(signer="own", key="zsk@13/7", sign=False)
        signer(world, "own").apply(ZONE, move, {}, "by hand")
        world.leap_to(world.now() + timedelta(hours=1))
    assert run(["drift", ZONE, "--detailed-exitcode"]) == 2
    say = [
        "annotate",
        ZONE,
        "dnskey@own",
        "--for",
        "3d",
        "--reason",
        "\u00e9t\u00e9",
        "--as",
        "ann",
    ]
    assert run(say) == 0
    capsys.readouterr()
    assert run(["drift", ZONE, "--detailed-exitcode"]) == 0
    assert "(ann: \u00e9t\u00e9)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-02-01T00:00Z", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01T01:00+01:00", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01 00:00 UTC", datetime(2026, 2, 1, tzinfo=UTC)),
        (" 2026-02-01T00:00:00.5Z ", datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_instants_are_taken_with_their_zone(text: str, instant: datetime) -> None:
    assert until_when(text, None, NOW) == instant


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-02-01", "2026-02-01T00:00", "2026-13-01T00:00Z", "9" * 50, "2026 UTC",
     "0001-01-01T00:00+14:00", "\ud800", "2026-02-01T00:00Z UTC"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        until_when(text, None, NOW)


def test_durations_count_from_now() -> None:
    assert until_when(None, "1d12h", NOW) == NOW + timedelta(hours=36)


@pytest.mark.parametrize("text", ["", "0s", "-1d", "1y", "5", "99999999999w", "1d;"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        until_when(None, text, NOW)


def test_a_duration_beyond_all_dates_is_refused() -> None:
    with pytest.raises(SpecError):
        until_when(None, "60d", datetime(9999, 12, 1, tzinfo=UTC))


def test_one_end_is_said_once() -> None:
    for until, duration in ((None, None), ("2026-02-01T00:00Z", "1d")):
        with pytest.raises(SpecError):
            until_when(until, duration, NOW)
