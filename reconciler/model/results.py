"""What a run of `apply` came to for one zone: values that say what, why, and what to do next.

`done` are the steps seen everywhere in this run; `rollback` says why the plan is being turned back,
where it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from reconciler.diagnostics import Diagnostic, ExitCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Converged:
    """The zone is as desired; nothing to do."""

    zone: str
    done: tuple[str, ...] = ()
    rollback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingForTime:
    """Nothing may be done before `until`; `step` is next, `reason` says what is waited for."""

    zone: str
    until: datetime
    step: str
    reason: str
    done: tuple[str, ...] = ()
    rollback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingForApproval:
    """`digest` must be approved first; `missing` says by whom, `ignored` what did not count."""

    zone: str
    digest: str
    step: str
    missing: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    rollback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A freeze window or a suspension stops the next step until `until`."""

    zone: str
    until: datetime | None
    reason: str
    done: tuple[str, ...] = ()
    rollback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A person has to decide; `diagnostics` say why and what next."""

    zone: str
    diagnostics: tuple[Diagnostic, ...]
    done: tuple[str, ...] = ()
    rollback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raced:
    """Somebody else appended first; nothing was done, run again."""

    zone: str
    diagnostics: tuple[Diagnostic, ...]
    done: tuple[str, ...] = ()
    rollback: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The run could not go on; nothing is half done that is not on record."""

    zone: str
    diagnostics: tuple[Diagnostic, ...]
    exit_code: ExitCode = ExitCode.ERROR
    done: tuple[str, ...] = ()
    rollback: str = ""


Result = Converged | WaitingForTime | WaitingForApproval | Frozen | Blocked | Raced | Failed


def exit_code(result: Result) -> ExitCode:
    """Return the exit code of one result (docs/cli.md); a plan that is being turned back is a case
    for a person, whatever it waits for.
    """
    found = _plain_code(result)
    return ExitCode.BLOCKED if result.rollback and found in _QUIET else found


def _plain_code(result: Result) -> ExitCode:
    match result:
        case Converged():
            return ExitCode.OK
        case WaitingForTime():
            return ExitCode.WAITING_TIME
        case WaitingForApproval():
            return ExitCode.WAITING_APPROVAL
        case Frozen():
            return ExitCode.FROZEN
        case Blocked():
            return ExitCode.BLOCKED
        case Raced():
            return ExitCode.LOST_RACE
        case Failed():
            return result.exit_code
        case _:
            assert_never(result)


_WORST_FIRST = (
    ExitCode.ERROR,
    ExitCode.VERIFICATION_FAILED,
    ExitCode.BLOCKED,
    ExitCode.STALE,
    ExitCode.LOST_RACE,
    ExitCode.FROZEN,
    ExitCode.WAITING_APPROVAL,
    ExitCode.WAITING_TIME,
    ExitCode.CHANGES,
    ExitCode.OK,
)
_QUIET = {
    ExitCode.WAITING_TIME,
    ExitCode.WAITING_APPROVAL,
    ExitCode.LOST_RACE,
    ExitCode.FROZEN,
    ExitCode.CHANGES,
}


def worst(codes: Iterable[ExitCode], *, detailed: bool) -> ExitCode:
    """Return the exit code of a run: the worst of its zones'.

    Without `detailed`, waiting, freezes and lost races are 0, so that a schedule stays green.
    """
    found = min(codes, key=_WORST_FIRST.index, default=ExitCode.OK)
    return ExitCode.OK if found in _QUIET and not detailed else found
