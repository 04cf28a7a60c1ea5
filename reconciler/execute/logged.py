"""The plan on record: read from the ledger, with real keys in place of created symbols."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace

from reconciler.execute.position import Position
from reconciler.ledger.history import ZoneLog
from reconciler.model.keys import Key
from reconciler.model.plan import ZonePlan
from reconciler.spec.plan_file import load_plan


def logged_plan(blob: Callable[[str], bytes], zone: str, log: ZoneLog) -> ZonePlan | None:
    """Return the plan being carried out for `zone`, refined as far as the ledger tells; `blob`
    reads a file of the ledger.
    """
    if log.plan is None:
        return None
    plan = load_plan(blob(log.plan.blob), log.plan.blob).zones[zone]
    created = {k: v for refined in log.refined.values() for k, v in refined.keys.items()}
    return refined_plan(plan, created)


def position_in(plan: ZonePlan, log: ZoneLog) -> Position:
    """Return where `plan`, the running one, stands by what the ledger tells."""
    done = {step: seen.seen_at for step, seen in log.evidence.items()}
    made = {step for step, outcome in log.outcomes.items() if outcome.ok}
    return Position(plan=plan, done=done, called=frozenset(made - set(done)))


def refined_plan(plan: ZonePlan, created: Mapping[str, str]) -> ZonePlan:
    """Return `plan` with the DNSKEYs of `created` (text by symbol) in place of the symbols."""
    if plan.timeline is None or not created:
        return plan
    keys = dict(plan.timeline.keys)
    for symbol, text in created.items():
        entry = keys.get(symbol)
        if isinstance(entry, Key):
            keys[symbol] = with_text(entry, text)
    return replace(plan, timeline=replace(plan.timeline, keys=keys))


def with_text(key: Key, text: str) -> Key:
    """Return `key` with the flags, algorithm and public key of a DNSKEY in presentation form."""
    flags, _protocol, algorithm, *public = text.split()
    material = base64.b64decode("".join(public))
    return replace(key, flags=int(flags), algorithm=int(algorithm), public_key=material)
