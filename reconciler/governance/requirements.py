"""Who must agree to a change of a risk class (design/change-control.md §2)."""

from __future__ import annotations

from reconciler.model.desired import DEFAULT_REQUIREMENTS, Governance, Requirement, RiskClass


def requirement_for(risk: RiskClass, governance: Governance) -> Requirement:
    """Return the requirement for `risk`: the portfolio's own where it states one, else the default.

    A stated requirement replaces the default as a whole.
    """
    return governance.requirements.get(risk, DEFAULT_REQUIREMENTS[risk])


def is_empty(requirement: Requirement, risk: RiskClass) -> bool:
    """True if a requirement asks for nobody though the class needs somebody; it is never met.

    Only R0, which changes nothing on the wire, may go without a person.
    """
    return requirement.approvers < 1 and risk is not RiskClass.R0
