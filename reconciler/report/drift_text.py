"""What differs from the record and the desired state, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.text import Text

from reconciler.model.drift import Difference, DriftKind, ZoneDrift
from reconciler.model.entries import Json
from reconciler.report.console import visible
from reconciler.report.diagnostics import diagnostics_json, print_diagnostics
from reconciler.report.times import instant_words

_STYLES = {
    DriftKind.IN_PROGRESS: "cyan",
    DriftKind.NOT_YET_APPLIED: "yellow",
    DriftKind.UNEXPLAINED: "bold red",
    DriftKind.KNOWN: "green",
}
_WORDS = {
    DriftKind.IN_PROGRESS: "in progress",
    DriftKind.NOT_YET_APPLIED: "not yet applied",
    DriftKind.UNEXPLAINED: "unexplained",
    DriftKind.KNOWN: "known",
}


def print_drifts(console: Console, drifts: Sequence[ZoneDrift], now: datetime) -> None:
    """Print each zone with what differs in it, kind by kind."""
    for drift in drifts:
        headline = Text.assemble((visible(drift.zone), "bold"), "  ", _headline(drift))
        console.print(headline, soft_wrap=True)
        for difference in drift.differences:
            _print_difference(console, difference)
        if drift.differences:
            console.print(Text(f"  {_recorded(drift, now)}", style="dim"), soft_wrap=True)
        print_diagnostics(console, drift.findings)


def _headline(drift: ZoneDrift) -> Text:
    found = {difference.kind for difference in drift.differences}
    if not found:
        return Text("no drift", style="green") if drift.complete else Text("not seen", style="red")
    told = [(_WORDS[kind], _STYLES[kind]) for kind in DriftKind if kind in found]
    return Text(", ").join(Text(words, style=style) for words, style in told)


def _print_difference(console: Console, difference: Difference) -> None:
    kind = Text(_WORDS[difference.kind], style=_STYLES[difference.kind])
    console.print(Text.assemble(f"  {visible(difference.rrset)}: ", kind), soft_wrap=True)
    for name, text in (
        ("published", difference.shows),
        ("expected", difference.expected),
        ("because", difference.why),
    ):
        console.print(Text(f"    {name}: {visible(text)}"), soft_wrap=True)


def _recorded(drift: ZoneDrift, now: datetime) -> str:
    if drift.recorded_at is None:
        return "nothing is on record yet: the next `reconcile apply` takes the zone into care"
    return f"last recorded {instant_words(drift.recorded_at, now)}"


def drift_json(drift: ZoneDrift) -> dict[str, Json]:
    """Return the drift of one zone for programs."""
    return {
        "complete": drift.complete,
        "recorded_at": _instant(drift.recorded_at),
        "differences": [
            {
                "rrset": difference.rrset,
                "kind": difference.kind.value,
                "published": difference.shows,
                "expected": difference.expected,
                "why": difference.why,
                "seen": difference.seen or None,
                "until": _instant(difference.until),
            }
            for difference in drift.differences
        ],
        "findings": diagnostics_json(drift.findings),
    }


def _instant(instant: datetime | None) -> str | None:
    return None if instant is None else f"{instant:%FT%TZ}"
