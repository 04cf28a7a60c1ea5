"""How far behind a server is: by its own lag, and by the faults that strike it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.sandbox.contents import Moment
from reconciler.sandbox.faults import FaultKind
from reconciler.sandbox.history import ActiveFault
from reconciler.sandbox.layout import ServerLayout


def seen_by(server: ServerLayout, moment: Moment) -> Moment:
    """Return the moment as of which a server answers; one that falls behind never goes back."""
    seen = replace(moment, at=moment.at - server.lag)
    for fault in moment.history.faults:
        if fault.kind is FaultKind.LAG and fault.target == server.name and fault.active(moment.at):
            behind = _behind(fault, server, moment)
            seen = behind if behind.at <= seen.at else seen
    return seen


def _behind(fault: ActiveFault, server: ServerLayout, moment: Moment) -> Moment:
    """Return what stood when the fault began, until that is `fault.seconds` ago."""
    late, frozen = moment.at - server.lag - fault.seconds, fault.since - server.lag
    if late >= frozen:
        return replace(moment, at=late)
    return replace(moment, at=frozen, history=moment.history.until(fault.seen))
