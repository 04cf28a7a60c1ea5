"""Starting a ledger, and putting on record under which governance its entries are written."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from reconciler.diagnostics import LostRaceError
from reconciler.ledger.fold import fold
from reconciler.ledger.history import History
from reconciler.model.desired import Governance, Portfolio
from reconciler.model.entries import Draft, Event, Json
from reconciler.ports import Ledger
from reconciler.spec.wire_types import instant_text

_ATTEMPTS = 5
"""How often to read again when others write at the same time; each of them may be the one that
records what is missing, after which nothing is left to do."""


def ensure_started(
    ledger: Ledger, portfolio: Portfolio, now: datetime, history: History | None = None
) -> History:
    """Return the ledger's history, having begun it and recorded the governance in force.

    Writes `genesis` where there is no ledger, and `policy` where the portfolio's governance is not
    that of the last policy entry. `history` is what the caller has read so far.
    """
    history = history or History()
    for _ in range(_ATTEMPTS):
        history = fold(ledger.entries(history.seq + 1), history)
        drafts = tuple(_missing(history, portfolio))
        try:
            return fold(ledger.append(drafts, now), history) if drafts else history
        except LostRaceError as error:
            lost = error
    raise lost


def _missing(history: History, portfolio: Portfolio) -> Iterable[Draft]:
    if history.seq == 0:
        yield Draft(event=Event.GENESIS, data={"ledger": secrets.token_hex(16)})
    if history.policy is None or history.policy.digest != portfolio.governance_digest:
        data: dict[str, Json] = {
            "digest": portfolio.governance_digest,
            "rules": governance_json(portfolio),
        }
        yield Draft(event=Event.POLICY, data=data)


def governance_json(portfolio: Portfolio) -> Json:
    """Return people, owners and governance as JSON, so that approvals can be judged offline.

    Its canonical form (RFC 8785) is what `governance_digest` is over.
    """
    return {
        "people": {
            name: {"github": person.github, "ssh": person.ssh, "emails": [*sorted(person.emails)]}
            for name, person in portfolio.people.items()
        },
        "owners": {
            name: {"people": [*sorted(owner.people)], "contacts": {**owner.contacts}}
            for name, owner in portfolio.owners.items()
        },
        "governance": _rules_json(portfolio.governance),
    }


def _rules_json(rules: Governance) -> Json:
    """Return the rules; members that came later are left out where they are empty."""
    signers: dict[str, Json] = (
        {"ledger_signers": [*sorted(rules.ledger_signers)]} if rules.ledger_signers else {}
    )
    beats: dict[str, Json] = {"heartbeat": rules.heartbeat} if rules.heartbeat else {}
    return {
        **signers,
        **beats,
        "critical_group": rules.critical_group,
        "separation_of_duties": rules.separation_of_duties,
        "requirements": {
            risk.value: {
                "approvers": need.approvers,
                "from_owner": need.from_owner,
                "from_critical": need.from_critical,
                "signed": need.signed,
                "max_age": need.max_age,
            }
            for risk, need in rules.requirements.items()
        },
        "freeze": [
            {
                "start": instant_text(window.start),
                "end": instant_text(window.end),
                "reason": window.reason,
            }
            for window in rules.freeze
        ],
    }
