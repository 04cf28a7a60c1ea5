"""The desired state of a whole portfolio: every file read once, every finding reported at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reconciler.diagnostics import Diagnostic, Severity, SpecError
from reconciler.model.desired import DesiredZone, DnssecPolicy, FreezeWindow, Portfolio
from reconciler.spec import check_portfolio, check_rules, check_zone, secrets
from reconciler.spec.governance import governance_digest
from reconciler.spec.ledger_home import ledger_home
from reconciler.spec.names import BadNameError, zone_name
from reconciler.spec.portfolio import PORTFOLIO, PortfolioSpec, portfolio_schema
from reconciler.spec.shapes import check_shape
from reconciler.spec.sources import Source, Suggester
from reconciler.spec.tree import PORTFOLIO_FILE, Tree, find_tree, read, read_portfolio, zone_files
from reconciler.spec.yaml_nodes import parse
from reconciler.spec.zones import ZONE, ZoneSpec, zone_schema

_ERRORS = frozenset({Severity.ERROR, Severity.CRITICAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a directory desires: `portfolio` only where no finding is an error.

    `zones` counts the zone files that were found, whether or not they could be understood.
    """

    portfolio: Portfolio | None
    diagnostics: tuple[Diagnostic, ...]
    zones: int

    @property
    def ok(self) -> bool:
        """True if the desired state can be planned for."""
        return self.portfolio is not None


def load_portfolio(root: Path) -> Loaded:
    """Load `root`: a repository that holds `zones/`, or a zones directory itself.

    Never raises on what the files hold. Work is linear in their total size.
    """
    tree = find_tree(root)
    if isinstance(tree, Diagnostic):
        return Loaded(portfolio=None, diagnostics=(tree,), zones=0)
    return _Loading(tree).run()


def load_valid(root: Path) -> Portfolio:
    """Return the portfolio at `root`; one that is not valid raises SpecError with every error."""
    loaded = load_portfolio(root)
    if loaded.portfolio is None:
        raise SpecError(*(d for d in loaded.diagnostics if d.severity in _ERRORS))
    return loaded.portfolio


def validate_json(loaded: Loaded) -> dict[str, Any]:
    """Return what `reconcile validate --format json` prints."""
    shown = ("code", "file", "line", "column", "summary", "hint")
    return {
        "ok": loaded.ok,
        "zones": loaded.zones,
        "diagnostics": [
            {"severity": d.severity.value, **{name: getattr(d, name) for name in shown}}
            for d in loaded.diagnostics
        ],
    }


class _Loading:
    """One run over one tree; holds what was found so far."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._found: list[Diagnostic] = []
        self._suggest = Suggester()
        self._zone_schema = cache(zone_schema)
        self._zones: dict[str, DesiredZone] = {}
        self._sources: dict[str, str] = {}

    def run(self) -> Loaded:
        spec, source, freeze = self._portfolio()
        policies = {name: p.to_domain(name) for name, p in spec.policies.items()} if spec else {}
        context = check_zone.Context(spec, self._suggest) if spec else None
        count = 0
        for path in zone_files(self._tree):
            if isinstance(path, Diagnostic):
                self._found.append(path)
                continue
            count += 1
            self._zone(path, policies, context)
        if spec is not None and source is not None and context is not None:
            self._found.extend(check_portfolio.lifetimes_ignored(spec, source, context.used))
        failed = spec is None or any(d.severity in _ERRORS for d in self._found)
        return Loaded(
            portfolio=None if failed or spec is None else self._build(spec, policies, freeze),
            diagnostics=tuple(sorted(self._found, key=_order)),
            zones=count,
        )

    def _portfolio(
        self,
    ) -> tuple[PortfolioSpec | None, Source | None, tuple[FreezeWindow, ...]]:
        source = self._source(PORTFOLIO_FILE, read_portfolio(self._tree))
        if source is None:
            return None, None, ()
        spec: PortfolioSpec | None
        spec, problems = check_shape(PORTFOLIO, source, portfolio_schema)
        self._found.extend(problems)
        self._found.extend(secrets.findings(source))
        if spec is None:
            return None, source, ()
        freeze, problems = check_rules.freeze_windows(spec, source, self._suggest)
        self._found.extend(problems)
        self._found.extend(check_portfolio.findings(spec, source))
        self._found.extend(check_rules.findings(spec, source, self._suggest))
        return spec, source, freeze

    def _zone(
        self, path: str, policies: dict[str, DnssecPolicy], context: check_zone.Context | None
    ) -> None:
        source = self._source(path, read(self._tree, path))
        if source is None:
            return
        spec: ZoneSpec | None
        spec, problems = check_shape(ZONE, source, self._zone_schema)
        self._found.extend(problems)
        if spec is None:
            return
        name = self._name(spec, source, path)
        if context is None:
            return
        self._found.extend(check_zone.findings(spec, source, context))
        if name is not None and spec.policy in policies:
            self._zones[name] = spec.to_domain(name, policies[spec.policy])

    def _name(self, spec: ZoneSpec, source: Source, path: str) -> str | None:
        try:
            name = zone_name(spec.zone)
        except BadNameError as error:
            self._found.append(
                source.finding(
                    "zone-name",
                    ("zone",),
                    f"this is no zone name: {error}",
                    hint="write it like `example.com`",
                )
            )
            return None
        self._found.extend(check_zone.file_name(name, path, source))
        if name in self._sources:
            first = self._sources[name]
            self._found.append(
                source.finding(
                    "zone-twice",
                    ("zone",),
                    f"{name} is desired in two files, and first in {first}",
                    hint="keep one of them",
                )
            )
            return None
        self._sources[name] = source.file
        return name

    def _source(self, path: str, data: bytes | Diagnostic) -> Source | None:
        if isinstance(data, Diagnostic):
            self._found.append(data)
            return None
        file = self._tree.name(path)
        parsed = parse(data, file)
        self._found.extend(parsed.problems)
        if parsed.root is None or parsed.problems:
            return None
        return Source(file, parsed.root)

    def _build(
        self,
        spec: PortfolioSpec,
        policies: dict[str, DnssecPolicy],
        freeze: tuple[FreezeWindow, ...],
    ) -> Portfolio:
        people = {name: person.to_domain(name) for name, person in spec.people.items()}
        owners = {name: owner.to_domain(name) for name, owner in spec.owners.items()}
        rules = spec.governance.to_domain(freeze)
        return Portfolio(
            signers={name: system.to_domain(name) for name, system in spec.signers.items()},
            parents={name: system.to_domain(name) for name, system in spec.parents.items()},
            policies=policies,
            people=people,
            owners=owners,
            governance=rules,
            observers=spec.observers.to_domain(),
            zones=dict(sorted(self._zones.items())),
            sources=dict(sorted(self._sources.items())),
            governance_digest=governance_digest(people, owners, rules),
            ledger=ledger_home(spec.ledger, spec.witness),
        )


def _order(finding: Diagnostic) -> tuple[str, int, int]:
    return finding.file or "", finding.line or 0, finding.column or 0
