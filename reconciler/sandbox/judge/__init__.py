"""Judges of the embedded DNS world: could any resolver have seen a bogus or insecure view?

They know nothing of plans. They ask the authoritative servers at every instant at which something
may have changed, remember what caches may hold, and validate every mix with real cryptography.
"""

from reconciler.sandbox.judge.instances import Ask, Instance, Trust
from reconciler.sandbox.judge.judge import Judge
from reconciler.sandbox.judge.profiles import ValidationStatus
from reconciler.sandbox.judge.report import CHAIN, BadView, Report
from reconciler.sandbox.judge.wire import WireClient

__all__ = [
    "CHAIN",
    "Ask",
    "BadView",
    "Instance",
    "Judge",
    "Report",
    "Trust",
    "ValidationStatus",
    "WireClient",
]
