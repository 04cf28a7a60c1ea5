"""Whether a plan says what it takes for granted, and what it does not claim."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.timeline import Timeline
from reconciler.proof import ASSUMPTIONS, PROFILES


def taken_flaws(timeline: Timeline) -> Iterator[str]:
    """Yield, as clauses, which assumption of every plan is not told, and which profile is neither
    claimed nor said not to be (design/planning.md §3).
    """
    for assumption in ASSUMPTIONS:
        if assumption not in timeline.assumptions:
            yield f"it does not say that it takes for granted: {assumption}"
    for profile in PROFILES:
        named = (f"profile {profile}," in f"{text}," for text in timeline.assumptions)
        if profile not in timeline.profiles and not any(named):
            yield f"it claims no safety for the profile {profile}, and does not say so"
