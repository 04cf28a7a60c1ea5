"""What portfolio.yaml says about people, owners and governance, beyond its shape."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from zoneinfo import available_timezones

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.desired import DEFAULT_REQUIREMENTS, FreezeWindow, Requirement, RiskClass
from reconciler.spec.portfolio import PortfolioSpec
from reconciler.spec.rules import RequirementSpec
from reconciler.spec.sources import Path, Source, Suggester


def findings(spec: PortfolioSpec, source: Source, suggest: Suggester) -> Iterator[Diagnostic]:
    """Yield what is wrong or surprising in people, owners and governance."""
    yield from _people(spec, source)
    yield from _owners(spec, source, suggest)
    yield from _critical_group(spec, source, suggest)
    for risk, requirement in spec.governance.requirements.items():
        yield from _requirement(RiskClass(risk), requirement, source, len(spec.people))
    if not spec.governance.separation_of_duties:
        yield source.finding(
            "loosens-default",
            ("governance", "separation_of_duties"),
            "authors may approve their own changes: this loosens the default",
            hint="keep it only if that is what you want",
            severity=Severity.WARNING,
        )


def freeze_windows(
    spec: PortfolioSpec, source: Source, suggest: Suggester
) -> tuple[tuple[FreezeWindow, ...], tuple[Diagnostic, ...]]:
    """Return the freeze windows in UTC, and what is wrong with them."""
    windows: list[FreezeWindow] = []
    found: list[Diagnostic] = []
    for i, freeze in enumerate(spec.governance.freeze):
        path: Path = ("governance", "freeze", i)
        try:
            window = freeze.to_domain()
        except (LookupError, ValueError, OSError):
            hint = suggest.hint(freeze.zone, _time_zones(), "time zones")
            summary = f"`{freeze.zone[:40]}` is no time zone of the IANA database"
            found.append(source.finding("time-zone", (*path, "zone"), summary, hint=hint))
            continue
        except OverflowError:
            summary = "this is too close to the end of all dates"
            found.append(source.finding("local-time", (*path, "until"), summary))
            continue
        if window.end <= window.start:
            found.append(
                source.finding(
                    "freeze-window",
                    (*path, "until"),
                    "this freeze window ends before it begins",
                    hint="make `until` later than `from`; `until` itself is not frozen",
                )
            )
        windows.append(window)
    return tuple(windows), tuple(found)


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _people(spec: PortfolioSpec, source: Source) -> Iterator[Diagnostic]:
    bearers: dict[tuple[str, object], list[str]] = defaultdict(list)
    for name, person in spec.people.items():
        if person.github is None and person.ssh is None and not person.emails:
            yield source.finding(
                "person-without-identity",
                ("people", name),
                f"nothing says who `{name}` is, so no approval of theirs can count",
                hint="add `github:`, `ssh:` or `emails:`",
                severity=Severity.WARNING,
                key=True,
            )
        identities = [("github", person.github), ("ssh", person.ssh)]
        identities += [("emails", email) for email in {e.casefold() for e in person.emails}]
        for kind, value in identities:
            if value is not None:
                bearers[kind, value].append(name)
    for (kind, _), names in bearers.items():
        if len(names) > 1:
            yield source.finding(
                "identity-shared",
                ("people", names[1], kind),
                f"`{names[0]}` and `{names[1]}` share this identity: one person would count twice",
                hint="approvals of two people need two people; give each their own",
            )


def _owners(spec: PortfolioSpec, source: Source, suggest: Suggester) -> Iterator[Diagnostic]:
    for name, owner in spec.owners.items():
        path = ("owners", name, "people")
        if not owner.people:
            yield source.finding(
                "owner-without-people",
                path,
                f"nobody can approve for `{name}`",
                hint="name at least one person of `people:`",
            )
        for i, person in enumerate(owner.people):
            if person not in spec.people:
                yield source.finding(
                    "unknown-person",
                    (*path, i),
                    f"`{person}` is no person of this portfolio",
                    hint=suggest.hint(person, spec.people, "people"),
                )


def _critical_group(
    spec: PortfolioSpec, source: Source, suggest: Suggester
) -> Iterator[Diagnostic]:
    group = spec.governance.critical_group
    path = ("governance", "critical_group")
    if group is not None and group not in spec.owners:
        yield source.finding(
            "unknown-owner",
            path,
            f"`{group}` is no owner of this portfolio",
            hint=suggest.hint(group, spec.owners, "owners"),
        )
    needing = [risk for risk in RiskClass if _in_force(spec, risk).from_critical > 0]
    if group is None and needing:
        yield source.finding(
            "no-critical-group",
            path,
            f"changes of class {', '.join(needing)} need somebody of the critical group, and none "
            "is named: they could never be approved",
            hint="name an owner under `governance: {critical_group: ...}`",
            severity=Severity.WARNING,
        )


def _in_force(spec: PortfolioSpec, risk: RiskClass) -> Requirement:
    written = spec.governance.requirements.get(risk.value)
    return DEFAULT_REQUIREMENTS[risk] if written is None else written.to_domain(risk)


def _requirement(
    risk: RiskClass, written: RequirementSpec, source: Source, people: int
) -> Iterator[Diagnostic]:
    path: Path = ("governance", "requirements", risk.value)
    if not written.model_fields_set:
        yield source.finding(
            "empty-requirement",
            path,
            f"the requirement for {risk} is empty",
            hint="write `approvers: 2`, or leave the class out to keep its default",
        )
        return
    need, default = written.to_domain(risk), DEFAULT_REQUIREMENTS[risk]
    for name in _loosened(need, default):
        yield source.finding(
            "loosens-default",
            (*path, name),
            f"{risk} `{name}` is {getattr(need, name)}: this loosens the default, "
            f"{getattr(default, name)}",
            hint="keep it only if that is what you want",
            severity=Severity.WARNING,
        )
    for name in ("from_owner", "from_critical"):
        if getattr(need, name) > need.approvers:
            yield source.finding(
                "requirement-unmeetable",
                (*path, name),
                f"{getattr(need, name)} of {need.approvers} approvers cannot be",
                hint="raise `approvers`",
            )
    if need.approvers > people:
        yield source.finding(
            "requirement-unmeetable",
            (*path, "approvers"),
            f"{risk} asks for {need.approvers} approvers, and {people} people are named",
            hint="add people, or ask for fewer",
            severity=Severity.WARNING,
        )


def _loosened(need: Requirement, default: Requirement) -> Iterator[str]:
    for name in ("approvers", "from_owner", "from_critical", "signed"):
        if getattr(need, name) < getattr(default, name):
            yield name
    if need.max_age > default.max_age:
        yield "max_age"
