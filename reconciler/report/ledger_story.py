"""The ledger as a story: one sentence for each entry, with names, times and short digests.

Everything that people wrote is shown with what cannot be seen escaped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from rich.console import Console
from rich.text import Text

from reconciler.model.entries import ActorKind, Entry, Event, Json
from reconciler.report.console import visible
from reconciler.report.times import clock_words

_SHORT = 12
"""Hexadecimal digits of a digest that are enough to name it, as in `reconcile approve`."""

_STYLES = {
    Event.APPROVAL: "green",
    Event.EVIDENCE: "green",
    Event.INTENT: "cyan",
    Event.BLOCKED: "red",
    Event.ABANDON: "red",
    Event.REVOKE: "yellow",
    Event.SUSPEND: "yellow",
    Event.POLICY: "magenta",
}


def print_story(console: Console, entry: Entry) -> None:
    """Print one entry: when, its number, which zone, and what happened by whom."""
    text = Text(f"{clock_words(entry.at)}  #{entry.seq}  ")
    if entry.draft.zone:
        text.append(f"{visible(entry.draft.zone)}  ", style="bold")
    text.append(sentence(entry), style=_STYLES.get(entry.event, ""))
    text.append(f"  ({_actor(entry)})", style="dim")
    console.print(text, soft_wrap=True)


def story_json(entry: Entry) -> dict[str, Json]:
    """Return one entry for programs: what it is about, its sentence, and its data as recorded."""
    draft = entry.draft
    return {
        "seq": entry.seq,
        "at": f"{entry.at:%FT%TZ}",
        "event": entry.event.value,
        "zone": draft.zone,
        "plan": draft.plan,
        "change": draft.change,
        "step": draft.step,
        "by": {"kind": entry.actor.kind.value, "id": entry.actor.id, "run": entry.actor.run},
        "person": person_of(entry),
        "told": sentence(entry),
        "data": dict(draft.data),
    }


def person_of(entry: Entry) -> str | None:
    """Return whose word an entry records, None where it is nobody's."""
    named = entry.draft.data.get("person")
    if isinstance(named, str):
        return named
    return entry.actor.id if entry.actor.kind is ActorKind.PERSON else None


def sentence(entry: Entry) -> str:
    """Return what an entry says, in one line that is safe to print anywhere."""
    return _SENTENCES[entry.event](_Words(entry))


class _Words:
    """An entry's members as words that are safe to print; what is missing is `?`."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry
        self._data: Mapping[str, Json] = entry.draft.data

    def text(self, name: str) -> str:
        value = self._data.get(name)
        return visible(value) if isinstance(value, str) else "?"

    def texts(self, name: str) -> list[str]:
        value = self._data.get(name)
        items: list[Json] = value if isinstance(value, list) else []
        return [visible(item) for item in items if isinstance(item, str)]

    def many(self, name: str) -> int:
        value = self._data.get(name)
        return len(value) if isinstance(value, list | dict) else 0

    def short(self, name: str) -> str:
        return _short(self._data.get(name))

    def number(self, name: str) -> int:
        value = self._data.get(name)
        return value if isinstance(value, int) else 0

    def has(self, name: str) -> bool:
        return bool(self._data.get(name))

    def instant(self, name: str) -> str:
        try:
            return clock_words(datetime.fromisoformat(self.text(name)))
        except ValueError:
            return self.text(name)

    @property
    def step(self) -> str:
        return visible(self._entry.draft.step or "?")

    @property
    def change(self) -> str:
        return _short(self._entry.draft.change)

    @property
    def plan(self) -> str:
        return _short(self._entry.draft.plan)

    @property
    def person(self) -> str:
        return f"{self.text('person')} " if self.has("person") else ""

    @property
    def rollback(self) -> str:
        value = self._data.get("rollback")
        told = value if isinstance(value, dict) else {}
        steps = _counted(self.many("steps"), "step")
        why = f"{_word(told.get('why'))}; its approved way back from {_word(told.get('after'))}"
        return f"{why} is proved from here and has {steps}"

    @property
    def moves(self) -> str:
        value = self._data.get("moves")
        found = [m for m in value if isinstance(m, dict)] if isinstance(value, list) else []
        told = [f"{_word(m.get('op'))} at {_word(m.get('system'))}" for m in found]
        return ", ".join(told) or "no move"


def _word(value: Json) -> str:
    return visible(value) if isinstance(value, str) else "?"


def _short(value: Json) -> str:
    return visible(value.removeprefix("sha256:")[:_SHORT]) if isinstance(value, str) else "?"


def _people(names: list[str]) -> str:
    return ", ".join(names) or "nobody knows whom"


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _actor(entry: Entry) -> str:
    run = f", run {visible(entry.actor.run)}" if entry.actor.run else ""
    return f"{entry.actor.kind} {visible(entry.actor.id)}{run}"


def _plan(w: _Words) -> str:
    if w.has("rollback"):
        return f"the plan is turned back: {w.rollback}"
    return (
        f"a plan of {_counted(w.many('steps'), 'step')}, class {w.text('risk')}, is to be carried "
        f"out: change {w.change}, written by {_people(w.texts('authors'))}"
    )


def _outcome(w: _Words) -> str:
    how = "was accepted" if w.has("ok") else "was refused"
    told = "; told from what was seen" if w.has("resolved") else ""
    keys = f"; keys made: {_counted(w.many('created'), 'key')}" if w.has("created") else ""
    message = w.text("message")
    said = "" if message == "accepted" else f": {message}"
    return f"step {w.step} {how}{said}{keys}{told}"


def _resolve(w: _Words) -> str:
    done = "its effect is there" if w.has("done") else "its effect is not there"
    return f"{w.person or 'somebody '}decided about step {w.step}: {done}: {w.text('reason')}"


def _abandon(w: _Words) -> str:
    later = f"; effects may still come until {w.instant('until')}" if w.has("until") else ""
    return f"{w.person or 'the tool '}gave up plan {w.plan}: {w.text('reason')}{later}"


_SENTENCES: dict[Event, Callable[[_Words], str]] = {
    Event.GENESIS: lambda w: f"the ledger {w.text('ledger')} begins",
    Event.POLICY: lambda w: f"governance is from now on {w.short('digest')}",
    Event.ADOPT: lambda w: f"taken into care as seen ({_counted(w.many('seen'), 'RRset')})",
    Event.PLAN: _plan,
    Event.REFINE: lambda w: (
        f"step {w.step} made {_counted(w.many('keys'), 'key')}; with them the change is "
        f"{w.short('digest')}"
    ),
    Event.APPROVAL: lambda w: (
        f"{w.text('person')} approved {w.short('digest')} "
        f"({'signed' if w.has('signature') else w.text('channel')})"
    ),
    Event.REVOKE: lambda w: f"{w.text('person')} took back {w.short('digest')}: {w.text('reason')}",
    Event.INTENT: lambda w: f"step {w.step} begins, attempt {w.number('attempt')}: {w.moves}",
    Event.ACCEPTED: lambda w: f"step {w.step} is worked on as {w.text('operation')}",
    Event.OUTCOME: _outcome,
    Event.EVIDENCE: lambda w: (
        f"step {w.step} was seen at {_counted(w.many('servers'), 'server')} "
        f"at {w.instant('seen_at')}"
    ),
    Event.BLOCKED: lambda w: f"a person is needed: {w.text('why')}",
    Event.RESOLVE: _resolve,
    Event.SUSPEND: lambda w: f"{w.person}suspended until {w.instant('until')}: {w.text('reason')}",
    Event.RESUME: lambda w: f"{w.person}resumed: {w.text('reason')}",
    Event.BREAK_GLASS_OPEN: lambda w: f"{w.person}broke the glass: {w.text('reason')}",
    Event.BREAK_GLASS_CLOSE: lambda w: f"{w.person}closed the emergency: {w.text('reason')}",
    Event.ABANDON: _abandon,
    Event.HEARTBEAT: lambda _: "nothing to do",
    Event.CHECKPOINT: lambda w: (
        f"{w.number('count')} entries stand before this, the last in commit {w.short('commit')}"
    ),
    Event.ANNOTATE: lambda w: (
        f"{w.person}knows of {w.text('rrset')} until {w.instant('until')}: {w.text('reason')}"
    ),
}
