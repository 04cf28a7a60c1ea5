"""What people see of a plan. `UPDATE_GOLDEN=1 pytest tests/report` writes the files anew."""

from __future__ import annotations

import io
import os
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from reconciler.model.plan import Need, Plan, Status, Step
from reconciler.report.console import make_console
from reconciler.report.plan_html import plan_html
from reconciler.report.plan_markdown import code, plan_markdown, prose
from reconciler.report.plan_text import print_plan
from reconciler.report.times import earliest

GOLDEN = Path(__file__).parent / "golden"


def _text(plan: Plan, width: int | None = None, *, terminal: bool = False) -> str:
    file = io.StringIO()
    console = make_console(file, no_color=not terminal)
    if width:
        console.width = width
    print_plan(console, plan)
    return file.getvalue()


DRAWN = {"plan.txt": _text, "plan.md": plan_markdown, "plan.html": plan_html}


@pytest.mark.parametrize("name", DRAWN)
def test_a_plan_looks_as_reviewed(plan: Plan, name: str) -> None:
    drawn = DRAWN[name](plan)
    if os.environ.get("UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(drawn)
    assert drawn == (GOLDEN / name).read_text()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_command_to_approve_is_never_broken(plan: Plan, width: int) -> None:
    digest = plan.zones["example.com."].change_digest
    assert f"reconcile approve {digest}" in _text(plan, width)


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_hidden_reaches_a_reader(hostile_plan: Plan, name: str) -> None:
    drawn = DRAWN[name](hostile_plan)
    assert not set(drawn) & {"\x1b", "\u202e"}
    assert "\n# h" not in drawn


def test_brackets_are_not_markup_on_a_terminal(hostile_plan: Plan) -> None:
    assert "[red]x[/red]" in _text(hostile_plan, 300)


class _Page(HTMLParser):
    """Collects elements, and every address that a page would fetch from."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href"}]


def test_a_page_holds_no_foreign_element_and_fetches_nothing(hostile_plan: Plan) -> None:
    page = _Page()
    page.feed(plan_html(hostile_plan))
    assert not page.elements & {"script", "img", "link", "iframe", "a"}
    assert page.fetched == []
    assert "url(" not in plan_html(hostile_plan)


def test_a_comment_mentions_and_links_nobody(hostile_plan: Plan) -> None:
    drawn = re.sub(r"(`+).*?\1", "", plan_markdown(hostile_plan), flags=re.DOTALL)
    assert "<script" not in drawn
    assert not re.search(r"@\w|#\d|\w://|\*\*b\*\*", drawn)


def test_a_hostile_cell_stays_one_cell(hostile_plan: Plan) -> None:
    rows = [line for line in plan_markdown(hostile_plan).splitlines() if line.startswith("| ")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [6] * 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("", "`  `"), ("a|b", "`a\\|b`")],
)
def test_code_spans_hold_any_text(text: str, expected: str) -> None:
    assert code(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 h 5 min (proof).", "1 h 5 min (proof)."),
        ("<b> & [c]", "&lt;b&gt; &amp; \\[c\\]"),
        ("@all", "\\@<!-- -->all"),
        ("www.e.example", "www<!-- -->.e<!-- -->.example"),
        ("https://e", "https<!-- -->://e"),
    ],
)
def test_prose_is_shown_as_it_is(text: str, expected: str) -> None:
    assert prose(text) == expected


def test_many_zones_without_a_change_are_counted_not_listed(plan: Plan) -> None:
    quiet = plan.zones["quiet.example."]
    many = {f"{n}.example.": replace(quiet, zone=f"{n}.example.") for n in range(6)}
    assert _text(Plan(zones=many)) == "6 zones are as desired\n"
    assert _text(Plan(zones={"0.example.": many["0.example."]})) == (
        "1 zone is as desired: 0.example.\n"
    )


def test_only_a_terminal_gets_colour(plan: Plan) -> None:
    assert "\x1b" not in _text(plan)

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for no_color, coloured in ((False, True), (True, False)):
        file = Terminal()
        console = make_console(file, no_color=no_color)
        console._environ = {"TERM": "xterm-256color"}
        print_plan(console, plan)
        assert bool(re.search(r"\x1b\[[0-9;]*3[0-9]m", file.getvalue())) is coloured


def test_a_plan_that_waits_in_a_circle_is_drawn_too(plan: Plan) -> None:
    zone = plan.zones["example.com."]
    step = replace(zone.steps[0], needs=(Need(step="s1", wait_min=60), Need(step="x", wait_min=1)))
    drawn = _text(Plan(zones={zone.zone: replace(zone, steps=(step,), status=Status.BLOCKED)}))
    assert "blocked" in drawn


def test_the_earliest_time_is_the_longest_chain_of_waits_with_margins() -> None:
    def step(name: str, *needs: tuple[str | None, int, int]) -> Step:
        waits = tuple(Need(step=s, wait_min=w, margin=m) for s, w, m in needs)
        return Step(id=name, moves=(), actor="person", needs=waits)

    steps = (
        step("last", ("a", 10, 1), ("b", 5, 0)),
        step("b", ("a", 10, 10), (None, 2, 0)),
        step("a", (None, 3, 0)),
        step("free"),
    )
    assert earliest(steps) == {"a": 3, "b": 23, "last": 28, "free": 0}
