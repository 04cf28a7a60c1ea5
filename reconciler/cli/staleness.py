"""Is a plan file still the plan of its zones?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.execute.propose import rules
from reconciler.ledger.history import History, ZoneLog
from reconciler.model.desired import Portfolio
from reconciler.model.plan import Plan, ZonePlan
from reconciler.report.times import clock_words
from reconciler.spec.digests import change_digest, desired_digest
from reconciler.wiring import read_history


def stale_plans(bundle: Plan, portfolio: Portfolio, root: Path) -> tuple[Diagnostic, ...]:
    """Return which plans of a file are not current, by the portfolio and the ledger at `root`."""
    return tuple(_stale_plans(bundle, portfolio, read_history(root, portfolio.ledger)))


def _stale_plans(bundle: Plan, portfolio: Portfolio, history: History) -> Iterator[Diagnostic]:
    for zone, plan in bundle.zones.items():
        why = _stale(plan, portfolio, history.zone(zone))
        if why:
            yield Diagnostic(
                severity=Severity.WARNING,
                code="stale-plan",
                summary=f"this is not the plan of {zone} any more: {why}",
                hint=f"make a new one with `reconcile plan {zone}`",
            )


def _stale(plan: ZonePlan, portfolio: Portfolio, log: ZoneLog) -> str:
    desired = portfolio.zones.get(plan.zone)
    if desired is None:
        return "the portfolio has no such zone"
    wanted = desired_digest(desired)
    if plan.desired_digest != wanted:
        return "the desired state is another"
    if plan.change_digest != change_digest(plan, wanted, rules(portfolio, plan.risk)):
        return "its change digest does not stand for these steps under the portfolio's rules"
    logged = log.plan
    if logged is None or not plan.steps:
        return ""
    if logged.change == plan.change_digest:
        return "it was carried out" if log.complete else ""
    if logged.at > plan.at:
        return f"{logged.change} is on record since {clock_words(logged.at)}"
    return ""
