"""Putting on record that a difference is known: exactly this one, and not for ever."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reconciler.diagnostics import ReconcileError
from reconciler.execute.control import Word, put, refusal, require_future
from reconciler.execute.drift import zone_drift
from reconciler.execute.lookout import lookout
from reconciler.execute.outside import Outside
from reconciler.ledger.history import History
from reconciler.ledger.records import About, annotate_draft
from reconciler.model.desired import DesiredZone
from reconciler.model.drift import Difference, DriftKind, rrset_named
from reconciler.model.entries import Draft


def annotate(
    outside: Outside, desired: DesiredZone, rrset: str, until: datetime, word: Word
) -> Difference:
    """Record that what is published now at `rrset` (such as `DNSKEY@own`) is known until a date.

    Refused where nothing unexplained is there: what may come one day cannot be known.
    """
    require_future(outside, until)
    drift = zone_drift(lookout(outside), desired)
    found = _unexplained(drift.differences, rrset_named(rrset))
    if found is None:
        names = [d.rrset for d in drift.differences if d.kind is DriftKind.UNEXPLAINED]
        summary = f"nothing at {rrset} of {desired.zone} is unexplained"
        hint = f"unexplained: {', '.join(names) or 'nothing'}; see `reconcile drift`"
        raise ReconcileError(refusal("nothing-unexplained", summary, hint))

    def judge(_history: History) -> Sequence[Draft]:
        draft = annotate_draft(
            About(zone=desired.zone),
            rrset=found.rrset,
            seen=found.seen,
            until=until,
            reason=word.reason,
            person=word.person,
        )
        return [draft]

    put(outside, judge)
    return found


def _unexplained(differences: Sequence[Difference], rrset: str) -> Difference | None:
    """Return the difference to explain; one that is known already may be known for longer."""
    kinds = {DriftKind.UNEXPLAINED, DriftKind.KNOWN}
    return next((d for d in differences if d.rrset == rrset and d.kind in kinds), None)
