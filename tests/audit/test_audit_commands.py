"""`audit verify`, `log` and `export`, as a person who has only a clone uses them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.cli.app import run
from reconciler.ledger.git_ledger import GitLedger
from reconciler.ledger.records import About, suspend_draft
from reconciler.ledger.witness import push_witness
from reconciler.model.entries import Actor, ActorKind, Draft, Event
from tests.audit.forge import LOG, Forged, find, line_of, write

Told = Callable[..., tuple[int, str]]


@pytest.fixture
def clone(played: Path, tmp_path: Path) -> Path:
    """A clone with nothing but git in it: no world, no keys."""
    path = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(played), str(path)], check=True)
    subprocess.run(
        ["git", "fetch", "-q", "origin", "reconcile/log:reconcile/log"], cwd=path, check=True
    )
    return path


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    def ask(*arguments: str) -> tuple[int, str]:
        code = run(["audit", *arguments])
        got = capsys.readouterr()
        return code, got.out + got.err

    return ask


def test_a_whole_record_is_said_to_be_whole(clone: Path, told: Told) -> None:
    code, text = told("verify", "-C", str(clone))
    assert code == 0
    assert "whole; first commit" in text
    code, text = told("verify", "-C", str(clone), "--format", "json")
    found = json.loads(text)
    assert (code, found["ok"], found["findings"]) == (0, True, [])
    assert told("verify", "-C", str(clone), "--root", found["root"])[0] == 0
    assert told("verify", "-C", str(clone), "--root", "0" * 40)[0] == 8
    assert told("verify", "-C", str(clone), "--root", "abc")[0] == 1
    assert told("verify", "-C", str(clone), "--heartbeat", "1h")[0] == 8


def test_a_clone_without_the_branch_is_told_how_to_get_it(
    played: Path, tmp_path: Path, told: Told
) -> None:
    subprocess.run(["git", "clone", "-q", str(played), str(tmp_path / "bare-clone")], check=True)
    code, text = told("verify", "-C", str(tmp_path / "bare-clone"))
    assert code == 1
    assert "git fetch origin reconcile/log:reconcile/log" in text


@pytest.mark.parametrize("event", ["policy", "plan", "approval", "intent", "outcome", "evidence"])
def test_a_dropped_entry_of_a_rewritten_branch_exits_8_and_names_an_entry(
    ledger: Forged, clone: Path, told: Told, event: str
) -> None:
    def drop(entries: list[dict[str, object]]) -> None:
        entries.pop(find(ledger, event))

    write(clone, line_of(ledger.edited(drop, rechained=True)))
    code, text = told("verify", "-C", str(clone), "--format", "json")
    assert code == 8
    assert any("entries/" in str(f["file"]) for f in json.loads(text)["findings"])


def test_a_rewritten_branch_is_found_by_its_checkpoints(
    ledger: Forged, clone: Path, told: Told
) -> None:
    """The very same entries in other commits: only the commits that checkpoints name differ."""
    write(clone, line_of(ledger))
    code, text = told("verify", "-C", str(clone), "--format", "json")
    assert code == 8
    assert {f["code"] for f in json.loads(text)["findings"]} == {"audit-checkpoint"}


@pytest.fixture
def witness(clone: Path, tmp_path: Path) -> str:
    path = tmp_path / "witness.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    push_witness(_ledger(clone), str(path))
    return str(path)


def _ledger(root: Path) -> GitLedger:
    for name, value in (("user.name", "A"), ("user.email", "a@x.example")):
        subprocess.run(["git", "config", name, value], cwd=root, check=True)
    return GitLedger(root, actor=Actor(kind=ActorKind.PERSON, id="ann@shop.example"))


@pytest.mark.parametrize("cut", [1, 2, 5, 13])
def test_a_record_cut_short_is_found_by_a_witness(
    ledger: Forged, clone: Path, witness: str, told: Told, cut: int
) -> None:
    asked = ("verify", "-C", str(clone), "--witness", witness)
    assert told(*asked)[0] == 0
    tip = f"{LOG}~{cut}"
    subprocess.run(["git", "update-ref", LOG, tip], cwd=clone, check=True)
    code, text = told(*asked)
    assert code == 8
    assert "entries/000000/0000/0000000000" in text
    assert told("verify", "-C", str(clone))[0] == 0, "only a witness can tell"
    assert len(ledger.entries) > cut


def test_a_fork_is_found_by_a_witness(clone: Path, witness: str, told: Told) -> None:
    subprocess.run(["git", "update-ref", LOG, f"{LOG}~1"], cwd=clone, check=True)
    forked = _ledger(clone)
    forked.refresh()
    last = list(forked.entries())[-1]
    forked.append([Draft(event=Event.HEARTBEAT)], last.at)
    code, text = told("verify", "-C", str(clone), "--witness", witness)
    assert code == 8
    assert "which this ledger does not hold" in text


def test_the_log_reads_as_a_story(clone: Path, told: Told) -> None:
    code, text = told("log", "shop.example", "-C", str(clone))
    assert code == 0
    lines = text.splitlines()
    assert "shop.example.  taken into care as seen (5 RRsets)" in lines[0]
    assert any("ann approved" in line and "(signed)" in line for line in lines)
    assert any("step s1 begins, attempt 1: dnskey.add at signer:own" in line for line in lines)
    assert not any("legacy.example." in line for line in lines)


def test_the_log_is_told_by_person_and_time(clone: Path, ledger: Forged, told: Told) -> None:
    _, text = told("log", "-C", str(clone), "--person", "bob", "--format", "json")
    assert {(e["event"], e["person"]) for e in json.loads(text)} == {("approval", "bob")}
    first = ledger.entries[0]["at"].removesuffix("Z")
    _, before = told("log", "-C", str(clone), "--until", first, "--format", "json")
    _, after = told("log", "-C", str(clone), "--since", first, "--format", "json")
    assert (len(json.loads(before)), len(json.loads(after))) == (0, len(ledger.entries))


def test_hostile_words_cannot_move_what_a_reader_sees(clone: Path, told: Told) -> None:
    ledger = _ledger(clone)
    last = list(ledger.entries())[-1]
    reason = "=cmd|' /C calc'!A0\n\x1b[31mapproved by everyone\u202e"
    about = About(zone="shop.example.")
    ledger.append([suspend_draft(about, until=last.at, reason=reason)], last.at)
    for arguments in (("log",), ("log", "--format", "json"), ("export", "--format", "csv")):
        _, text = told(*arguments, "-C", str(clone))
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "approved by everyone" in text
        assert "\napproved" not in text


def test_an_export_holds_every_entry(clone: Path, ledger: Forged, told: Told) -> None:
    _, text = told("export", "-C", str(clone), "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["seq"] for row in rows] == [str(e["seq"]) for e in ledger.entries]
    assert json.loads(rows[0]["data"]) == ledger.entries[0]["data"]
    _, lines = told("export", "-C", str(clone))
    assert [json.loads(line)["event"] for line in lines.splitlines()] == [
        e["event"] for e in ledger.entries
    ]


def test_a_zone_that_is_no_name_is_wrong_usage(clone: Path, told: Told) -> None:
    assert told("log", "no name", "-C", str(clone))[0] == 1


def test_an_empty_wait_is_no_heartbeat(clone: Path, told: Told) -> None:
    assert told("verify", "-C", str(clone), "--heartbeat", "soon")[0] == 1
