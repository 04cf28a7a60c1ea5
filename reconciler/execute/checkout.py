"""Is what is checked out here behind what is being carried out?"""

from __future__ import annotations

from reconciler.diagnostics import Diagnostic
from reconciler.execute.turn import Turn


def older_checkout(turn: Turn) -> Diagnostic | None:
    """Return that the running plan was made from a commit built on the one checked out here, which
    therefore has no say in it; None where it was not, or where the history here cannot tell.
    """
    plan, here = turn.log.plan, turn.outside.commit
    if plan is None or plan.commit is None or here is None or turn.log.complete:
        return None
    if not turn.outside.newer(plan.commit):
        return None
    return Diagnostic(
        code="older-checkout",
        summary=f"the running plan of {turn.zone} was made from commit {plan.commit[:12]}, which "
        f"is newer than {here[:12]}, checked out here",
        hint="check out the newest commit and run again; to go back on purpose, commit a revert, "
        f"or give the plan up first: `reconcile abandon {turn.zone} --reason TEXT`",
        where=turn.zone,
    )
