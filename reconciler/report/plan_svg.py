"""A plan as a picture: for each RRset which version stands when, and how long caches remember.

The SVG needs nothing else: no script, no font, no link. It is readable on light and dark grounds,
and says in words what it shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape

from reconciler.model.durations import duration_words
from reconciler.model.plan import Plan, ZonePlan
from reconciler.model.timeline import Slot
from reconciler.report.axis import Axis, axis_over, tick_words, ticks
from reconciler.report.console import visible
from reconciler.report.picture import Bar, Lane, Mark, Picture, Wait, picture_of
from reconciler.report.plan_view import headline
from reconciler.report.svg import STYLE, line, rect, text
from reconciler.report.version_words import SIGNS, place_words, short, version_label, version_words
from reconciler.report.words import who

WIDTH = 1000
_NAMES = 16.0
_BEFORE = 168.0
_LEFT = 214.0
_RIGHT = 936.0
_AFTER = 984.0
"""Places from left to right: names, all time before what is known, the axis, all time after."""
_HEAD = 84.0
_ROW = 30.0
_LANE_GAP = 12.0
_WAIT_ROW = 26.0
_FOOT = 76.0
_NOTE = 20.0
_LETTER = 6.9
"""Width of a letter at the size of labels; most system fonts are narrower."""
_INDENT = 3.0
_HUES = 3
_MARK = 11.0
_LABEL_ROOM = 10.0


def plan_svg(plan: Plan) -> str:
    """Return the pictures of all zones that change, one below the other, as one SVG document."""
    drawn = [_sized(plan.zones[name]) for name in sorted(plan.zones)]
    height = sum(one.height for one in drawn) or _HEAD
    parts, top = [], 0.0
    for one in drawn:
        parts.append(f'<g transform="translate(0 {top:g})">\n{one.body}\n</g>')
        top += one.height
    body = "\n".join(parts) or text(_NAMES, _HEAD / 2, "the plan has no zones", "dim")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rp" role="img" width="{WIDTH}" '
        f'height="{height:g}" viewBox="0 0 {WIDTH} {height:g}">\n<style>\n{STYLE}\n</style>\n'
        f"{body}\n</svg>\n"
    )


def zone_svg(plan: ZonePlan) -> str:
    """Return the picture of one zone for a page that has `STYLE`; empty where nothing changes."""
    if picture_of(plan) is None:
        return ""
    drawn = _sized(plan)
    name = f"plan-{sha256(plan.zone.encode(errors='replace')).hexdigest()[:12]}"
    return (
        f'<svg class="rp" role="img" aria-labelledby="{name}-t {name}-d" width="{WIDTH}" '
        f'height="{drawn.height:g}" viewBox="0 0 {WIDTH} {drawn.height:g}">\n'
        f'<title id="{name}-t">{escape(drawn.title)}</title>\n'
        f'<desc id="{name}-d">{escape(drawn.told)}</desc>\n{drawn.body}\n</svg>'
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawn:
    title: str
    told: str
    height: float
    body: str


def _sized(plan: ZonePlan) -> _Drawn:
    picture = picture_of(plan)
    title = f"{visible(plan.zone)}: {headline(plan)}"
    if picture is None:
        return _Drawn(title=title, told="", height=_HEAD / 2, body=text(_NAMES, 26, title, "name"))
    steps = [mark.at for mark in picture.marks]
    axis = axis_over(picture.instants, steps, _LEFT, _RIGHT)
    lanes, bottom = _lanes(picture.lanes, axis)
    waits, end = _waits(picture.waits, axis, bottom)
    height = end + _FOOT
    parts = (
        f'<rect class="ground" width="{WIDTH}" height="{height:g}" rx="8"/>',
        text(_NAMES, 26, title, "name"),
        *_marks(picture.marks, axis, end),
        *_grid(axis, steps, bottom),
        *lanes,
        *waits,
        *_legend(picture, axis, end),
    )
    told = " ".join(_told(picture))
    return _Drawn(title=title, told=told, height=height, body="\n".join(parts))


def _told(picture: Picture) -> Iterator[str]:
    """Yield in sentences what the picture shows."""
    for mark in picture.marks:
        yield f"{visible(mark.step.id)} at {tick_words(mark.at)} by {who(mark.step.actor)}."
    for lane in picture.lanes:
        for bar in lane.bars:
            yield f"{_bar_words(lane.slot, bar)}."
    for wait in picture.waits:
        yield f"{_wait_words(wait)}."


def _bar_words(where: Slot, bar: Bar) -> str:
    begins = "before" if bar.begins is None else tick_words(bar.begins)
    what = f"{version_words(bar.version)} at {place_words(where)} from {begins}"
    if bar.replaced is None or bar.cached is None:
        return f"{what} on"
    return f"{what} until {tick_words(bar.replaced)}, in caches until {tick_words(bar.cached)}"


def _wait_words(wait: Wait) -> str:
    after = "the observation" if wait.need.step is None else visible(wait.need.step)
    why = f": {visible(wait.need.why)}" if wait.need.why else ""
    return f"{visible(wait.step)} waits {_length(wait)} after {after}, {_reason(wait)}{why}"


def _length(wait: Wait) -> str:
    margin = f" + {duration_words(wait.need.margin)} margin" if wait.need.margin else ""
    return f"{duration_words(wait.need.wait_min)}{margin}"


def _reason(wait: Wait) -> str:
    return visible(wait.need.reason)


def _grid(axis: Axis, steps: Iterable[int], bottom: float) -> Iterator[str]:
    for at, words in ticks(axis, steps):
        x = axis.place(at)
        kind = "origin" if at == 0 else "line"
        middle = min(x, _AFTER - len(words) * _LETTER / 2)
        yield line(x, _HEAD - 6, x, bottom, kind)
        yield text(middle, _HEAD - 12, words, "dim on", anchor="middle")


def _marks(marks: Sequence[Mark], axis: Axis, end: float) -> Iterator[str]:
    """Yield a line and a disc for each step; discs keep clear of each other."""
    free = 0.0
    for mark in sorted(marks, key=lambda mark: mark.at):
        x = axis.place(mark.at)
        name = short(mark.step.id)
        half = max(_MARK, len(name) * _LETTER / 2 + 5)
        shown = max(x, free + half + 2)
        free = shown + half
        words = f"{visible(mark.step.id)} at {tick_words(mark.at)}: {who(mark.step.actor)}"
        yield (
            f"<g><title>{escape(words)}</title>"
            f'<path class="mark" d="M{shown:.1f} 50L{x:.1f} {_HEAD - 8:g}V{end:g}" fill="none"/>'
            f'<rect class="disc" x="{shown - half:.1f}" y="36" width="{2 * half:.1f}" height="18" '
            f'rx="9"/>{text(shown, 49.5, name, "id", anchor="middle")}</g>'
        )


def _lanes(lanes: Sequence[Lane], axis: Axis) -> tuple[list[str], float]:
    """Draw the lanes, and return where they end."""
    parts: list[str] = []
    top = _HEAD
    for lane in lanes:
        rows: list[float] = []
        parts += [text(_NAMES, top + 15, _kind(lane.slot), "name")]
        parts += [text(_NAMES, top + 30, short(_place(lane.slot)), "dim")]
        for number, bar in enumerate(lane.bars):
            begins, ends = _extent(bar, axis)
            width = len(version_label(bar.version)) * _LETTER
            label = min(begins + _INDENT, _AFTER - width)
            row = _row(rows, min(begins, label), max(ends, label + width))
            place = _Place(top=top + row * _ROW, label=label, hue=_hue(bar, number))
            parts.append(_bar(lane.slot, bar, axis, place))
        top += max(2 * _ROW - 14, len(rows) * _ROW) + _LANE_GAP
        parts.append(line(_NAMES, top - _LANE_GAP / 2, _AFTER, top - _LANE_GAP / 2, "line"))
    return parts, top


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where a bar is drawn from the top, where its label begins, and in which colour."""

    top: float
    label: float
    hue: str


def _hue(bar: Bar, number: int) -> str:
    """Return the class of a bar: what stood before the plan is grey, steps' versions take turns."""
    if bar.version.unknown:
        return "unknown"
    return "v0" if bar.version.step is None else f"v{1 + (number - 1) % _HUES}"


def _kind(where: Slot) -> str:
    return str(where[0])


def _place(where: Slot) -> str:
    return "parent" if where[1] is None else where[1]


def _row(rows: list[float], begins: float, ends: float) -> int:
    """Return the first row that is free from `begins` on, and take it until `ends`."""
    for number, free in enumerate(rows):
        if free + _LABEL_ROOM <= begins:
            rows[number] = ends
            return number
    rows.append(ends)
    return len(rows) - 1


def _extent(bar: Bar, axis: Axis) -> tuple[float, float]:
    begins = _BEFORE if bar.begins is None else axis.place(bar.begins)
    return begins, _AFTER if bar.cached is None else axis.place(bar.cached)


def _bar(where: Slot, bar: Bar, axis: Axis, place: _Place) -> str:
    begins, ends = _extent(bar, axis)
    replaced = ends if bar.replaced is None else axis.place(bar.replaced)
    served = ends if bar.served is None else axis.place(bar.served)
    y, hue = place.top + 17, place.hue
    pieces = [
        rect(begins, replaced, y, hue),
        rect(replaced, served, y, f"{hue} served"),
        rect(served, ends, y, f"{hue} cached"),
    ]
    if bar.version.unknown:
        pieces = [rect(begins, ends, y, hue)]
    label = text(place.label, place.top + 12, version_label(bar.version), "on")
    words = f"<title>{escape(_bar_words(where, bar))}</title>"
    return f"<g>{words}{''.join(pieces)}{label}</g>"


def _waits(waits: Sequence[Wait], axis: Axis, top: float) -> tuple[list[str], float]:
    """Draw the waits below the lanes, and return where they end."""
    parts: list[str] = []
    for wait in waits:
        parts.append(_wait(wait, axis, top))
        top += _WAIT_ROW
    return parts, top


def _wait(wait: Wait, axis: Axis, top: float) -> str:
    left, right, taken = (axis.place(at) for at in (wait.begins, wait.ends, wait.taken))
    kind = "wait" if wait.need.reason == "proof" else "wait rule"
    y = top + 18
    words = f"{_length(wait)} ({_reason(wait)})"
    width = len(words) * _LETTER
    at = min(max(_LEFT + 4, (left + right - width) / 2), _AFTER - width)
    after = "from 0" if wait.need.step is None else f"for {short(wait.need.step)}"
    name = text(_NAMES, y + 2, f"{short(wait.step)} waits {after}", "dim")
    rest = line(right, y, taken, y, "rest") if taken > right else ""
    return (
        f"<g><title>{escape(_wait_words(wait))}</title>{name}"
        f'<path class="{kind}" d="M{left:.1f} {y - 4:g}v8M{left:.1f} {y:g}H{right:.1f}'
        f'M{right:.1f} {y - 4:g}v8"/>{rest}{text(at, y - 6, words, "on")}</g>'
    )


def _legend(picture: Picture, axis: Axis, end: float) -> Iterator[str]:
    y = end + 24
    x = _NAMES
    for kind, words in (
        ("v1", "served"),
        ("v1 served", "some server may still give it"),
        ("v1 cached", "caches may hold it"),
        ("unknown", "nobody knows what"),
    ):
        yield rect(x, x + 22, y - 9, kind)
        yield text(x + 28, y, words, "dim")
        x += 52 + len(words) * _LETTER
    yield text(x, y, f"{SIGNS} signs the DNSKEY RRset", "dim")
    for number, note in enumerate(_notes(picture, axis), start=1):
        yield text(_NAMES, y + number * _NOTE, note, "dim")


def _notes(picture: Picture, axis: Axis) -> Iterator[str]:
    """Yield at most two lines about the picture as a whole."""
    scale = "" if axis.to_scale else " Time is not to scale: long stretches are shortened."
    yield f"Each step at its earliest, margins left out; 0 is the observation.{scale}"
    if picture.still:
        yield f"Unchanged: {', '.join(f'{_kind(s)} at {short(_place(s))}' for s in picture.still)}"
