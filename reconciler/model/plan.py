"""Plans: steps with their needs, the timeline they make, and what was decided about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from reconciler.model.desired import RiskClass
from reconciler.model.entries import Json
from reconciler.model.moves import Move
from reconciler.model.observed import ObservedZone
from reconciler.model.timeline import Timeline


class WaitFrom(StrEnum):
    """What a wait is counted from: the effect, or the evidence that every server shows it."""

    EFFECT = "effect"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """This step may be taken `wait_min` + `margin` seconds after `step`, never earlier.

    `step` None: after the origin of the plan, its observation. `wait_min` alone is what the proof
    uses, and holds the declared propagation bound once; `reason` is `proof` (tight: one second less
    and the proof fails), `rule:<invariant>` or `policy`.
    """

    step: str | None
    wait_min: int
    margin: int = 0
    wait_from: WaitFrom = WaitFrom.EVIDENCE
    reason: str = "proof"
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """This step must be taken at most `wait_max` seconds after `step` (None: the origin)."""

    step: str | None
    wait_max: int
    reason: str


class FreezeClass(StrEnum):
    """What a freeze window may stop (design/change-control.md §2)."""

    START = "start"
    CONTINUE = "continue"
    RESCUE = "rescue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Moves made together, landing in any order. A step without moves only waits.

    `actor`: `parent`, `signer:<name>`, `signer-itself:<name>` or `person`; several are joined by
    a comma where a step's moves are made by several systems.
    """

    id: str
    moves: tuple[Move, ...]
    actor: str
    needs: tuple[Need, ...] = ()
    not_after: tuple[Deadline, ...] = ()
    freeze_class: FreezeClass = FreezeClass.CONTINUE
    risk: RiskClass = RiskClass.R2
    why: str = ""


class Status(StrEnum):
    """What planning a zone came to."""

    NO_CHANGE = "no-change"
    PLANNED = "planned"
    NO_SAFE_PATH = "no-safe-path"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why there is no safe path, or why a zone cannot be planned at all.

    `rule` is the invariant or gate in the way; `opens` the capability or act that would open a
    path; exposures are seconds of the best path that is not safe, None where none was found.
    """

    rule: str
    summary: str
    detail: str = ""
    opens: str = ""
    exposure_bogus: int | None = None
    exposure_insecure: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitSlack:
    """How many seconds longer than the proof asks one need waits (0: tight)."""

    step: str
    need: str | None
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """Why one bad combination can never be cached together: two windows that never overlap.

    `profile` in which `versions` (texts) would be `verdict` together; `apart` names the two whose
    windows the needs keep apart by at least `seconds`.
    """

    profile: str
    verdict: str
    versions: tuple[str, ...]
    apart: tuple[str, str]
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """For every delay that the needs allow, no view is bogus, or insecure unasked for."""

    profiles: tuple[str, ...]
    slack: tuple[WaitSlack, ...] = ()
    separations: tuple[Separation, ...] = ()
    exposure_until: int | None = None
    """Where the start is already bogus: seconds until no cache can show its dead parts, with each
    step as soon as its needs allow; a step that is late prolongs it.
    """
    unmended: bool = False
    """True where some of those parts are seen for ever: the plan does not mend them."""
    versions_only: bool = False
    """True where no step names a move, so that there was nothing to hold the versions against."""

    @property
    def broken(self) -> bool:
        """True if some view was bogus before the plan began, and may still be seen."""
        return self.unmended or self.exposure_until is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuted:
    """A schedule within the needs under which some cache holds a bad combination."""

    profile: str
    verdict: str
    schedule: Mapping[str, int]
    begins: int
    ends: int | None
    versions: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A timeline or steps that cannot be proved because they do not make sense."""

    why: str


Verdict = Proved | Refuted | Malformed


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """The way back to where the plan started, once `after` has taken effect."""

    after: str
    steps: tuple[Step, ...]
    timeline: Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """Another way to the goal, shown beside the plan; carried out only where asked for by name.

    `verdict` is added by the caller of the planner. `distrusted_min`: seconds until no cache leads
    a validator to a compromised key (None: none is named); exposures are seconds in which some
    cache may hold a bogus or an insecure view.
    """

    name: str
    summary: str
    steps: tuple[Step, ...]
    timeline: Timeline
    verdict: Verdict | None = None
    duration_min: int = 0
    distrusted_min: int | None = None
    exposure_bogus: int = 0
    exposure_insecure: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ZonePlan:
    """The plan of one zone. Durations are seconds from its first step, margins left out.

    `distrusted_min` as in `Alternative`; `hints`: sentences on what would make the plan better.
    `observed` is what the plan was made from, `desired` the canonical value that `desired_digest`
    is of, `rules` what change control asks for, as `change_digest` covers it: whoever holds the
    plan alone can check them all.
    """

    zone: str
    status: Status
    at: datetime
    steps: tuple[Step, ...] = ()
    timeline: Timeline | None = None
    duration_min: int = 0
    clean_min: int = 0
    verdict: Verdict | None = None
    rollback: tuple[Rollback, ...] = ()
    risk: RiskClass = RiskClass.R0
    refusals: tuple[Refusal, ...] = ()
    distrusted_min: int | None = None
    alternatives: tuple[Alternative, ...] = ()
    hints: tuple[str, ...] = ()
    observed: ObservedZone | None = None
    rules: Json = None
    desired: Json = None
    desired_digest: str = ""
    change_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plans of several zones, as one file."""

    zones: Mapping[str, ZonePlan] = field(default_factory=dict)
    plan_digest: str = ""
