"""What would follow if a step did not wait as it does: the proof, asked again."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.plan import Need, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterfactual:
    """One need of a step, and what the proof says of the plan with less of it.

    `left`: the seconds that were left of the wait; None: the need was left out as a whole. `ahead`
    tells, a clause each, which DS would then be submitted before its key is in every cache (I6).
    """

    need: Need
    left: int | None
    verdict: Verdict
    ahead: tuple[str, ...] = ()
