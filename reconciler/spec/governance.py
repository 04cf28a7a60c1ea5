"""What decides who may agree to what, as JSON for the ledger, and its digest."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.desired import Governance, Owner, Person
from reconciler.model.entries import Json
from reconciler.spec.canonical import digest
from reconciler.spec.wire_types import instant_text


def governance_digest(
    people: Mapping[str, Person], owners: Mapping[str, Owner], rules: Governance
) -> str:
    """Return `sha256:...` over the canonical form of `governance_json`.

    It covers values, never how they are written: order and comments do not change it.
    """
    return digest(governance_json(people, owners, rules))


def governance_json(
    people: Mapping[str, Person], owners: Mapping[str, Owner], rules: Governance
) -> Json:
    """Return people, owners and governance as a `policy` entry holds them (docs/ledger.md), so that
    approvals can be judged offline.
    """
    return {
        "people": {
            name: {"github": person.github, "ssh": person.ssh, "emails": [*sorted(person.emails)]}
            for name, person in people.items()
        },
        "owners": {
            name: {"people": [*sorted(owner.people)], "contacts": {**owner.contacts}}
            for name, owner in owners.items()
        },
        "governance": _rules_json(rules),
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
