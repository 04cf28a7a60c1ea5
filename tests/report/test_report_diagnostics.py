"""Findings say what, where and what to do, to people, programs and GitHub."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.durations import duration_words
from reconciler.report.console import make_console, visible
from reconciler.report.diagnostics import (
    diagnostics_json,
    github_annotations,
    print_diagnostics,
)
from reconciler.report.times import clock_words, instant_words

IN_FILE = Diagnostic(
    code="unknown-owner",
    summary="no owner is named 'pay'",
    hint="write 'payments'",
    file="zones/a.yaml",
    line=3,
    column=8,
)
ELSEWHERE = Diagnostic(
    severity=Severity.WARNING,
    code="lame-delegation",
    summary="ns1.example. does not answer for example.com.",
    detail="it refused",
    where="ns1.example. 192.0.2.1",
)


def _printed(*diagnostics: Diagnostic) -> str:
    file = io.StringIO()
    print_diagnostics(make_console(file, no_color=True), diagnostics)
    return file.getvalue()


def test_a_person_reads_what_where_and_what_to_do() -> None:
    assert _printed(IN_FILE, ELSEWHERE) == (
        "error[unknown-owner] zones/a.yaml:3:8: no owner is named 'pay'\n"
        "  hint: write 'payments'\n"
        "warning[lame-delegation] ns1.example. 192.0.2.1: ns1.example. does not answer for "
        "example.com.\n"
        "  it refused\n"
    )


def test_a_finding_without_a_place_is_told_without_one() -> None:
    assert _printed(Diagnostic(code="x", summary="y")) == "error[x] y\n"


def test_long_and_hostile_words_stay_on_their_line(hostile_words: str) -> None:
    finding = Diagnostic(code="x", summary=hostile_words * 5, hint=hostile_words, file="f\n")
    assert len(_printed(finding).splitlines()) == 2
    assert "[red]x[/red]" in _printed(finding)


def test_a_program_gets_every_member() -> None:
    assert diagnostics_json([IN_FILE, ELSEWHERE])[1] == {
        "severity": "warning",
        "code": "lame-delegation",
        "file": None,
        "line": None,
        "column": None,
        "where": "ns1.example. 192.0.2.1",
        "summary": "ns1.example. does not answer for example.com.",
        "detail": "it refused",
        "hint": "",
    }


def test_github_shows_findings_beside_the_file(hostile_words: str) -> None:
    tricky = Diagnostic(
        severity=Severity.NOTICE,
        code="c",
        summary=f"50% ::error::x {hostile_words}",
        file="a,b:c.yaml",
    )
    lines = github_annotations([IN_FILE, ELSEWHERE, tricky]).splitlines()
    assert lines[0] == (
        "::error file=zones/a.yaml,line=3,col=8,title=unknown-owner::"
        "no owner is named 'pay'%0Awrite 'payments'"
    )
    assert lines[1] == (
        "::warning title=lame-delegation::ns1.example. 192.0.2.1: ns1.example. does not answer for "
        "example.com.%0Ait refused"
    )
    assert lines[2].startswith("::notice file=a%2Cb%3Ac.yaml,title=c::50%25 ::error::x ")
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("example.com.", "example.com."),
        ("münchen ☃", "münchen ☃"),
        ("a\nb\tc\x1b[0m", "a\\nb\\tc\\x1b[0m"),
        ("\u202eabc\u2028\ud800", "\\u202eabc\\u2028\\ud800"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (3900, "1 h 5 min"),
        (93600, "1 d 2 h"),
        (90061, "1 d 1 h 1 min 1 s"),
        (864000, "10 d"),
    ],
)
def test_durations_are_exact_and_short(seconds: int, words: str) -> None:
    assert duration_words(seconds) == words


NOW = datetime(2026, 11, 21, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("offset", "words"),
    [
        (0, "2026-11-21 23:00 UTC (now)"),
        (7500, "2026-11-22 01:05 UTC (in 2 h 5 min)"),
        (90061, "2026-11-23 00:01:01 UTC (in 1 d 1 h)"),
        (-60, "2026-11-21 22:59 UTC (1 min ago)"),
    ],
)
def test_instants_are_told_with_their_distance(offset: int, words: str) -> None:
    assert instant_words(NOW + timedelta(seconds=offset), NOW) == words


def test_a_fraction_of_a_second_is_not_shown() -> None:
    assert clock_words(NOW + timedelta(microseconds=999_999)) == "2026-11-21 23:00 UTC"
