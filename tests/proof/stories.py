"""Steps with their moves, and a timeline: what a proof is asked about."""

from dataclasses import dataclass, replace

from reconciler.model.moves import DataSign, DnskeyAdd, DnskeyRemove, DnskeySign, DsReplace
from reconciler.model.plan import Step
from reconciler.model.timeline import Timeline
from tests.proof.worlds import refs

ALL = ("loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035")
LIBERAL = ("loose", "ds-alg", "sha1-ignored", "top-digest")


@dataclass(frozen=True)
class Golden:
    """Steps and timeline; `slack` of the waits that are not tight, by step and need."""

    steps: tuple[Step, ...]
    timeline: Timeline
    slack: dict[tuple[str, str | None], int]


def golden(timeline: Timeline, *steps: Step, slack: dict[str, int] | None = None) -> Golden:
    """`slack`: seconds by `step<need`."""
    loose = {
        (name.partition("<")[0], name.partition("<")[2]): seconds
        for name, seconds in (slack or {}).items()
    }
    return Golden(steps, timeline, {(s, n or None): seconds for (s, n), seconds in loose.items()})


def add(key: str, *, sign: bool = False, signer: str = "a") -> DnskeyAdd:
    return DnskeyAdd(signer=signer, key=key, sign=sign)


def remove(key: str, signer: str = "a") -> DnskeyRemove:
    return DnskeyRemove(signer=signer, key=key)


def sign_with(*labels: str) -> DataSign:
    return DataSign(signer="a", keys=frozenset(labels))


def krrsig(*labels: str) -> DnskeySign:
    return DnskeySign(signer="a", keys=frozenset(labels))


def ds(*names: str) -> DsReplace:
    return DsReplace(ds=refs(*names))


def shortened(given: Golden, at: str, need: str | None, seconds: int) -> Golden:
    """Set one wait."""
    return replace(
        given,
        steps=tuple(
            replace(
                s,
                needs=tuple(
                    replace(n, wait_min=seconds) if (s.id, n.step) == (at, need) else n
                    for n in s.needs
                ),
            )
            for s in given.steps
        ),
    )
