"""Until when: an instant or a duration, as people type them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from pydantic_core import PydanticCustomError

from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.spec.fields import positive_seconds

Until = Annotated[
    str | None,
    typer.Option("--until", metavar="TIME", help="Until when, such as `2026-12-01T08:00Z`."),
]
For = Annotated[
    str | None, typer.Option("--for", metavar="DURATION", help="For how long, such as `36h`.")
]


def until_when(until: str | None, duration: str | None, now: datetime) -> datetime:
    """Return the instant that exactly one of `--until` and `--for` says; else SpecError."""
    if (until is None) == (duration is None):
        raise SpecError(_wrong("say either `--until TIME` or `--for DURATION`", "never both"))
    return _instant(until) if until is not None else _from_now(duration or "", now)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip().removesuffix(" UTC") + _zone(text))
        return _in_utc(found)
    except (ValueError, OverflowError):
        why = f"`{text[:40]}` is not an instant with its time zone"
        hint = "write `2026-12-01T08:00Z`, `2026-12-01 08:00 UTC` or `2026-12-01T09:00+01:00`"
        raise SpecError(_wrong(why, hint)) from None


def _zone(text: str) -> str:
    return "+00:00" if text.strip().endswith(" UTC") else ""


def _in_utc(found: datetime) -> datetime:
    if found.tzinfo is None:
        message = "without a time zone"
        raise ValueError(message)
    return found.astimezone(UTC).replace(microsecond=0)


def _from_now(text: str, now: datetime) -> datetime:
    try:
        return now + timedelta(seconds=positive_seconds(text))
    except PydanticCustomError as error:
        context = error.context or {}
        raise SpecError(_wrong(str(context.get("why")), str(context.get("hint")))) from None
    except OverflowError:
        raise SpecError(_wrong(f"`{text[:40]}` ends after all dates", "say less")) from None


def _wrong(summary: str, hint: str) -> Diagnostic:
    return Diagnostic(code="until", summary=summary, hint=hint)
