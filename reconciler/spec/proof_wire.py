"""The form of a proof inside of a plan file, in both directions."""

from __future__ import annotations

from typing import Annotated, Any, Literal, assert_never

from pydantic import Discriminator, Tag

from reconciler.model.entries import Json
from reconciler.model.plan import Malformed, Proved, Refuted, Separation, Verdict, WaitSlack
from reconciler.spec.json_document import Wire


class SlackFile(Wire):
    """By how many seconds one wait is longer than the proof asks."""

    step: str
    need: str | None = None
    seconds: int

    def value(self) -> WaitSlack:
        """Return the slack as a value."""
        return WaitSlack(step=self.step, need=self.need, seconds=self.seconds)


class SeparationFile(Wire):
    """Why one bad combination can never be cached together."""

    profile: str
    verdict: str
    versions: tuple[str, ...]
    apart: tuple[str, str]
    seconds: int

    def value(self) -> Separation:
        """Return the separation as a value."""
        return Separation(
            profile=self.profile,
            verdict=self.verdict,
            versions=self.versions,
            apart=self.apart,
            seconds=self.seconds,
        )


class ProvedFile(Wire):
    """The plan is safe under `profiles`."""

    proved: Literal[True]
    profiles: tuple[str, ...]
    slack: tuple[SlackFile, ...] = ()
    separations: tuple[SeparationFile, ...] = ()
    exposure: int | None = None
    unmended: bool = False

    def value(self) -> Proved:
        """Return the verdict as a value."""
        return Proved(
            profiles=self.profiles,
            slack=tuple(slack.value() for slack in self.slack),
            separations=tuple(separation.value() for separation in self.separations),
            exposure_until=self.exposure,
            unmended=self.unmended,
        )


class CounterexampleFile(Wire):
    """A schedule under which some cache holds a bad combination."""

    profile: str
    verdict: str
    schedule: dict[str, int]
    begins: int
    ends: int | None = None
    versions: tuple[str, ...]
    why: str


class RefutedFile(Wire):
    """The plan is not safe."""

    proved: Literal[False]
    counterexample: CounterexampleFile

    def value(self) -> Refuted:
        """Return the verdict as a value."""
        found = self.counterexample
        return Refuted(
            profile=found.profile,
            verdict=found.verdict,
            schedule=found.schedule,
            begins=found.begins,
            ends=found.ends,
            versions=found.versions,
            why=found.why,
        )


class MalformedFile(Wire):
    """The plan makes no sense."""

    proved: Literal[False]
    malformed: str

    def value(self) -> Malformed:
        """Return the verdict as a value."""
        return Malformed(why=self.malformed)


def _kind_of_proof(value: Any) -> str:  # noqa: ANN401 (pydantic hands over what stands in the file)
    if not isinstance(value, dict):
        return "proved"
    if value.get("proved") is True:
        return "proved"
    return "malformed" if "malformed" in value else "refuted"


ProofFile = Annotated[
    Annotated[ProvedFile, Tag("proved")]
    | Annotated[RefutedFile, Tag("refuted")]
    | Annotated[MalformedFile, Tag("malformed")],
    Discriminator(_kind_of_proof),
]


def proof_json(verdict: Verdict) -> dict[str, Json]:
    """Return a verdict as it stands in plan files."""
    match verdict:
        case Proved():
            return {
                "proved": True,
                "profiles": list[Json](verdict.profiles),
                "slack": [_slack_json(slack) for slack in verdict.slack],
                "separations": [_separation_json(each) for each in verdict.separations],
                "exposure": verdict.exposure_until,
                "unmended": verdict.unmended,
            }
        case Refuted():
            return {"proved": False, "counterexample": _counterexample_json(verdict)}
        case Malformed():
            return {"proved": False, "malformed": verdict.why}
        case _:
            assert_never(verdict)


def _slack_json(slack: WaitSlack) -> Json:
    return {"step": slack.step, "need": slack.need, "seconds": slack.seconds}


def _separation_json(separation: Separation) -> Json:
    return {
        "profile": separation.profile,
        "verdict": separation.verdict,
        "versions": list[Json](separation.versions),
        "apart": list[Json](separation.apart),
        "seconds": separation.seconds,
    }


def _counterexample_json(refuted: Refuted) -> Json:
    return {
        "profile": refuted.profile,
        "verdict": refuted.verdict,
        "schedule": dict[str, Json](refuted.schedule),
        "begins": refuted.begins,
        "ends": refuted.ends,
        "versions": list[Json](refuted.versions),
        "why": refuted.why,
    }
