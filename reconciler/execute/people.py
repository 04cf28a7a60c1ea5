"""Who is here: the person of the portfolio that git's identity, or the actor's name, stands for."""

from __future__ import annotations

from reconciler.execute.outside import Outside
from reconciler.governance.people import normal


def person_here(outside: Outside) -> str | None:
    """Return the name in the portfolio of whoever acts; None for CI and for strangers."""
    mine = normal(outside.actor.id)
    for name, person in outside.portfolio.people.items():
        if mine == normal(name) or mine in {normal(email) for email in person.emails}:
            return name
    return None
