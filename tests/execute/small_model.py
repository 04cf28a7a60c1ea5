"""A model of the record that is small enough to be seen to be right: one zone, told by its entries.

It shares no code with the tool: entries come as the JSON that git holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

Json = dict[str, Any]
APPROVERS = {"R0": 0, "R1": 1, "R2": 1, "R3": 2, "R4": 2}
"""How many people must agree, by class (design/change-control.md §2)."""
RANKS = sorted(APPROVERS)
SIGNED_REFINEMENT = "R3"
"""From this class on, a plan's real keys need approval too."""


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass(slots=True)
class Model:
    """What stands on record of one zone, and what people really said, in the order of time."""

    words: dict[str, set[str]] = field(default_factory=dict)
    """Who approves which digest at this moment, by what people did and not by what is recorded."""
    plan: Json | None = None
    """The entry of the plan on record."""
    refined: str | None = None
    open: dict[str, Json] = field(default_factory=dict)
    """Intents without an end, by idempotency id."""
    intents: dict[str, list[Json]] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)
    """When each step of the plan was seen everywhere."""
    suspended: datetime | None = None
    faults: list[str] = field(default_factory=list)

    def take_in(self, entry: Json, steps: dict[str, Json]) -> None:
        """Judge the next entry and take it in; `steps` are those of the plan on record, by id."""
        event, data = entry["event"], entry["data"]
        match event:
            case "plan":
                if self.plan is None or self.plan["plan"] != entry["plan"]:
                    self.plan, self.seen, self.refined = entry, {}, None
            case "abandon":
                self.plan, self.seen, self.refined, self.open = None, {}, None, {}
            case "intent":
                self._judge(entry, steps[entry["step"]])
                self.open[entry["idem"]] = entry
                self.intents.setdefault(entry["idem"], []).append(entry)
            case "outcome":
                self._expect(entry["idem"] in self.intents, entry, "no intent stands before it")
                self.open.pop(entry["idem"], None)
            case "evidence":
                self.seen[entry["step"]] = instant(data["seen_at"])
            case "refine":
                self.refined = data["digest"]
            case "suspend":
                self.suspended = instant(data["until"])
            case "resume":
                self.suspended = None
            case _:  # it changes nothing that the model knows of
                pass

    def _judge(self, entry: Json, step: Json) -> None:
        """An intent: approved now, not stopped, not open already, and after its waits."""
        at = instant(entry["at"])
        self._expect(not self.open, entry, "another intent was open")
        self._expect(
            self.suspended is None or self.suspended <= at, entry, "the zone was suspended"
        )
        agreed = self.words.get(self._digest(step["risk"]), set())
        self._expect(len(agreed) >= self._needed(step), entry, f"only {agreed} had agreed")
        for need in step["needs"]:
            since = self.seen.get(need["step"]) if need["step"] else None
            wait = timedelta(seconds=need["wait_min"] + need["margin"])
            covered = need["step"] is None or (since is not None and at >= since + wait)
            self._expect(covered, entry, f"its wait after {need['step']} was not over")

    def _digest(self, risk: str) -> str:
        assert self.plan is not None
        if self.refined is not None and risk >= SIGNED_REFINEMENT:
            return self.refined
        return str(self.plan["change"])

    def _needed(self, step: Json) -> int:
        assert self.plan is not None
        refined = self.refined is not None and step["risk"] >= SIGNED_REFINEMENT
        return APPROVERS[step["risk"] if refined else self.plan["data"]["risk"]]

    def check_call(self, call: Json) -> None:
        """Judge an effect: an intent on record named it, and its writer still had time."""
        idem, _, number = call["idem"].rpartition("-")
        at = instant(call["at"])
        told = [i for i in self.intents.get(idem, []) if instant(i["at"]) <= at + CLOCKS]
        if not told:
            self.faults.append(f"a call without an intent: {call}")
            return
        move = told[-1]["data"]["moves"][int(number)]
        if move["op"] != call["move"]["op"]:
            self.faults.append(f"a call that is not the move of its intent: {call}")
        if at >= instant(told[-1]["deadline"]) + CLOCKS:
            self.faults.append(f"a call after the deadline of its intent: {call}")

    def _expect(self, holds: bool, entry: Json, what: str) -> None:  # noqa: FBT001 (an assertion)
        if not holds:
            self.faults.append(f"entry {entry['seq']} ({entry['event']}): {what}")


CLOCKS = timedelta(minutes=40)
"""By so much the clock of a run may be wrong: less than the margin of every wait."""
