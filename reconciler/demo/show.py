"""What the demo shows: each story as it goes, a table at the end, and the same for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reconciler.demo.stage import Played, Stage
from reconciler.demo.stories import Story
from reconciler.demo.unsafe import Caught
from reconciler.execute.propose import bundled
from reconciler.model.durations import duration_words
from reconciler.model.entries import Json
from reconciler.model.results import Result, WaitingForTime
from reconciler.report.plan_text import print_plan
from reconciler.report.result_text import print_result


def print_played(out: Console, story: Story, stage: Stage) -> Callable[[Result], None]:
    """Print how a story begins, and return what prints each of its runs.

    Runs that only wait for the same thing as the run before are left out.
    """
    out.print()
    out.rule(Text(f"{story.name}: {story.zone}", style="bold"), align="left")
    waited: list[str] = []

    def told(result: Result) -> None:
        if not waited:
            print_plan(out, bundled({story.zone: stage.plan(story.zone)}))
        kind = (
            f"{type(result).__name__} {result.step}" if isinstance(result, WaitingForTime) else ""
        )
        if not kind or not waited or waited[-1] != kind or result.done:
            print_result(out, result, stage.world.now())
        waited.append(kind)

    return told


def print_table(out: Console, played: Sequence[Played]) -> None:
    """Print what each story took and what its judges saw."""
    out.print()
    table = Table(title="what the judges saw", title_justify="left", header_style="bold", box=None)
    for number, heading in enumerate(_COLUMNS):
        text = number < _TEXTS
        table.add_column(heading, justify="left" if text else "right", no_wrap=not text)
    for p in played:
        good = not p.bogus and not p.insecure_unasked
        table.add_row(*_cells(p), style=None if good else "bold red")
    out.print(table)
    least = min((count for p in played for _, count in p.mixes), default=0)
    asked = sum(p.report.unanswered for p in played)
    out.print(
        f"every step was judged in at least {least} mixes of old and new parts, by validators of"
        f" the profiles that its plan claims; {asked} questions of the judges went unanswered"
    )


_COLUMNS = (
    "story",
    "zone",
    "runs",
    "commits",
    "virtual time",
    "views",
    "distinct",
    "bogus",
    "insecure, unasked",
)
_TEXTS = 2
"""Columns that hold text; the rest are figures."""


def _cells(p: Played) -> Iterable[str]:
    took = duration_words(int((p.ended - p.began).total_seconds()))
    yield from (p.story.name, p.story.zone, str(p.runs), str(p.commits), took)
    yield from (str(p.views), str(p.distinct_views))
    yield from (str(p.bogus), str(p.insecure_unasked))


def stories_json(played: Iterable[Played]) -> list[Json]:
    """Return the stories for programs."""
    return [
        {
            "name": p.story.name,
            "zone": p.story.zone,
            "runs": p.runs,
            "commits": p.commits,
            "virtual_seconds": int((p.ended - p.began).total_seconds()),
            "views": p.views,
            "distinct_views": p.distinct_views,
            "bogus": p.bogus,
            "insecure_unasked": p.insecure_unasked,
            "mixes_per_step": dict(p.mixes),
            "profiles": [*p.profiles],
            "unanswered": p.report.unanswered,
        }
        for p in played
    ]


def print_caught(out: Console, caught: Caught) -> None:
    """Print what the judges said of one wait that was cut."""
    wait = caught.wait
    verdict = f"{caught.bogus} bogus views" if caught.bogus else "NOT CAUGHT"
    line = Text(f"{wait.story.name}: {wait.step} one second early ({wait.seconds} - 1 s): ")
    line.append(verdict, style="green" if caught.bogus else "bold red")
    if caught.example:
        line.append(f", such as: {caught.example}")
    out.print(line)


def caught_json(found: Iterable[Caught]) -> list[Json]:
    """Return what the judges said of each cut wait, for programs."""
    return [
        {
            "story": c.wait.story.name,
            "zone": c.wait.story.zone,
            "step": c.wait.step,
            "after": c.wait.after,
            "wait": c.wait.seconds,
            "bogus": c.bogus,
            "example": c.example,
        }
        for c in found
    ]
