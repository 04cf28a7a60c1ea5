"""Policies on record: the rules as values, and what a policy entry must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.audit.scene import Problem, Scene
from reconciler.audit.shape import Node, ShapeError
from reconciler.governance.approvals import Rules
from reconciler.governance.requirements import requirement_for
from reconciler.model.desired import (
    FreezeWindow,
    Governance,
    Owner,
    Person,
    Requirement,
    RiskClass,
)
from reconciler.model.entries import Json
from reconciler.spec.canonical import digest


def policy_problems(scene: Scene) -> Iterator[Problem]:
    """Yield what is wrong with a policy entry: the digest must be that of rules that make sense."""
    data = scene.data
    rules = dict(data.mapping("rules"))
    if data.text("digest") != digest(rules):
        yield Problem("audit-policy", "its digest is not that of the rules that it records")
    if data.text("digest") == scene.entry.policy_digest:
        yield Problem("audit-policy", "it changes nothing: the same policy was in force before it")
    try:
        rules_from(rules)
    except (ShapeError, ValueError) as error:
        yield Problem("audit-policy", f"its rules make no sense: {error}")


def rules_from(value: Mapping[str, Json]) -> Rules:
    """Return recorded rules as values; ShapeError or ValueError where they are none."""
    rules = Node(dict(value), "rules")
    people = rules.member("people").members()
    owners = rules.member("owners").members()
    return Rules(
        people={name: _person(name, node) for name, node in people.items()},
        owners={
            name: Owner(name=name, people=frozenset(node.member("people").texts()))
            for name, node in owners.items()
        },
        governance=_governance(rules.member("governance")),
    )


def _person(name: str, node: Node) -> Person:
    github, ssh = node.member("github"), node.member("ssh")
    return Person(
        name=name,
        github=github.number() if github.given else None,
        ssh=ssh.text() if ssh.given else None,
        emails=frozenset(node.member("emails").texts()),
    )


def _governance(node: Node) -> Governance:
    group, heartbeat = node.member("critical_group"), node.member("heartbeat")
    return Governance(
        critical_group=group.text() if group.given else None,
        separation_of_duties=node.member("separation_of_duties").flag(),
        requirements={
            RiskClass(risk): _requirement(need)
            for risk, need in node.member("requirements").members().items()
        },
        freeze=tuple(_window(window) for window in node.member("freeze").items()),
        ledger_signers=node.member("ledger_signers").texts(),
        heartbeat=heartbeat.number() if heartbeat.given else None,
    )


def _requirement(node: Node) -> Requirement:
    return Requirement(
        approvers=node.member("approvers").number(),
        from_owner=node.member("from_owner").number(),
        from_critical=node.member("from_critical").number(),
        signed=node.member("signed").flag(),
        max_age=node.member("max_age").number(),
    )


def _window(node: Node) -> FreezeWindow:
    return FreezeWindow(
        start=node.member("start").instant(),
        end=node.member("end").instant(),
        reason=node.member("reason").text(),
    )


def rules_in_digest(rules: Rules, risk: RiskClass) -> Json:
    """Return the rules for `risk` in the form that change digests cover (`docs/ledger.md`)."""
    need = requirement_for(risk, rules.governance)
    return {
        "risk": risk.value,
        "approvers": need.approvers,
        "from_owner": need.from_owner,
        "from_critical": need.from_critical,
        "signed": need.signed,
        "max_age": need.max_age,
        "separation_of_duties": rules.governance.separation_of_duties,
    }
