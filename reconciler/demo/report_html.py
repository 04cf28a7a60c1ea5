"""The demo's report: one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from reconciler.demo.stage import Played
from reconciler.execute.propose import bundled
from reconciler.model.durations import duration_words
from reconciler.report.plan_html import plan_body, plan_page
from reconciler.report.times import clock_words


def demo_html(played: Sequence[Played], history: Sequence[str]) -> str:
    """Return the page: a table over all stories, each story's plan, and the ledger's story."""
    stories = "\n".join(_story(p) for p in played)
    lines = "\n".join(escape(line) for line in history)
    body = (
        "<h1>The demo of reconcile</h1>\n"
        "<p>Every change went from a commit of desired state through plan, proof, approval and "
        "apply, in virtual time, on real DNS packets and signatures. The judges asked every "
        "authoritative server at every change, kept each answer for as long as some cache may, "
        "and validated every mix.</p>\n"
        f"{_table(played)}\n{stories}\n"
        f"<h2>What the ledger tells</h2>\n<pre>{lines}</pre>\n"
    )
    return plan_page("reconcile: demo", body)


_HEADINGS = (
    "story",
    "runs",
    "commits",
    "virtual time",
    "views",
    "distinct views",
    "bogus",
    "insecure, unasked",
)


def _table(played: Sequence[Played]) -> str:
    head = "".join(f"<th>{heading}</th>" for heading in _HEADINGS)
    rows = "\n".join(_row(p) for p in played)
    return f"<table><tr>{head}</tr>\n{rows}</table>"


def _row(p: Played) -> str:
    took = duration_words(int((p.ended - p.began).total_seconds()))
    bad = p.bogus or p.insecure_unasked
    cells = (
        p.story.name,
        p.runs,
        p.commits,
        took,
        p.views,
        p.distinct_views,
        p.bogus,
        p.insecure_unasked,
    )
    row = "".join(f"<td>{escape(str(cell))}</td>" for cell in cells)
    return f'<tr class="{"bad" if bad else "good"}">{row}</tr>'


def _story(p: Played) -> str:
    mixes = ", ".join(f"{escape(step)}: {count}" for step, count in p.mixes)
    return (
        f"<h2>{escape(p.story.name)} <small>{escape(p.story.zone)}</small></h2>\n"
        f"<p>{escape(clock_words(p.began))} to {escape(clock_words(p.ended))}; mixes of old and "
        f"new parts judged for each step: {mixes}</p>\n"
        f"{plan_body(bundled({p.story.zone: p.plan}))}"
    )
