"""Durations as people say them; one spelling for every sentence, table and page."""

from __future__ import annotations

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def duration_words(seconds: int, units: int | None = None) -> str:
    """Return a duration exactly, such as `1 d 2 h`, `-5 min` or `0 s`.

    With `units`, only that many of the largest units that count: `2 d 3 h`, rounded down.
    """
    if seconds < 0:
        return f"-{duration_words(-seconds, units)}"
    parts: list[str] = []
    for size, name in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:units]) or "0 s"
