"""What a person is told about what was seen: errors where facts are missing, warnings elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.keys import UnmatchedDs
from reconciler.observe.chain import Cause, Insecure, broken_chain
from reconciler.observe.child_view import ChildView
from reconciler.observe.labels import Labels
from reconciler.observe.parent_view import ParentView
from reconciler.observe.versions import shows
from reconciler.ports import SignerClaim


def insecure_parent(insecure: Insecure, zone: str) -> Diagnostic:
    """Return what to say about a zone below an unsigned one: DNSSEC cannot reach it."""
    return Diagnostic(
        code="parent-insecure",
        summary=f"{insecure.zone}, above {zone}, is not signed: no DS below it can be trusted",
        hint=f"ask the operator of {insecure.zone} for DNSSEC, or leave the zone out",
        where=zone,
    )


def of_names(
    zone: str,
    claims: Mapping[str, SignerClaim],
    parents: Sequence[ParentView],
    children: Sequence[ChildView],
) -> tuple[Diagnostic, ...]:
    """Every name server that parent or apex names must belong to exactly one signer."""
    named = {name for view in parents for name in view.ns}
    named |= {name for view in children for name in view.ns}
    owners = {n: [s for s, claim in claims.items() if n in claim.nameservers] for n in named}
    return tuple(
        _shared_server(zone, name, found) if found else _unknown_server(zone, name)
        for name, found in sorted(owners.items())
        if len(found) != 1
    )


def of_parents(zone: str, views: Sequence[ParentView]) -> tuple[Diagnostic, ...]:
    """Say which of the parent's servers told nothing usable, and where they disagree."""
    failed = [view for view in views if view.error is not None]
    if len(failed) == len(views):
        unproven = [v.broken for v in failed if v.broken and v.broken.cause is not Cause.UNHEARD]
        if unproven:
            return (broken_chain(unproven[0]),)
        return (_nobody(f"the parent of {zone}", failed),)
    return (*(_server(v) for v in failed), *_disagreement(f"the parent of {zone}", views))


def of_children(
    claims: Mapping[str, SignerClaim], views: Sequence[ChildView]
) -> tuple[Diagnostic, ...]:
    """Say which of the signers' servers told nothing usable, disagree or serve old signatures."""
    problems: list[Diagnostic] = []
    for signer in claims:
        own = [view for view in views if view.signer == signer]
        failed = [view for view in own if view.error is not None]
        if len(failed) == len(own):
            problems.append(_nobody(f"signer {signer}", failed))
        else:
            problems += [_server(view) for view in failed]
            problems += _disagreement(f"signer {signer}", own)
    problems += [_stale(view) for view in views if view.stale]
    return tuple(problems)


def of_ds(parents: Sequence[ParentView], labels: Labels) -> tuple[Diagnostic, ...]:
    """Name every DS at the parent that fits no key anybody knows."""
    refs = {ref.key for view in parents for ref in labels.of_ds(view.ds)}
    entries = [labels.entries[label] for label in sorted(refs)]
    return tuple(_unmatched(entry) for entry in entries if isinstance(entry, UnmatchedDs))


def _unknown_server(zone: str, name: str) -> Diagnostic:
    return Diagnostic(
        code="unknown-name-server",
        summary=f"{zone} names {name} as its name server, which no signer serves from",
        hint="add the signer that runs it to the portfolio and to the zone, or take the name out"
        " of the delegation and the zone's own NS records",
        where=name,
    )


def _shared_server(zone: str, name: str, signers: Sequence[str]) -> Diagnostic:
    return Diagnostic(
        code="ambiguous-name-server",
        summary=f"{name} serves {zone} for several signers: {', '.join(signers)}",
        hint="a name server can show one version of a zone only; give each signer its own",
        where=name,
    )


def _nobody(whom: str, failed: Sequence[ParentView | ChildView]) -> Diagnostic:
    reasons = [f"{view.server.where}: {view.error}" for view in failed]
    return Diagnostic(
        code="nothing-observed",
        summary=f"no server of {whom} gives a usable answer",
        detail="; ".join(reasons) or "it has no server with a known address",
        hint="check these servers and the way to them (port 53, UDP and TCP), then run again",
        where=whom,
    )


def _server(view: ParentView | ChildView) -> Diagnostic:
    return Diagnostic(
        severity=Severity.WARNING,
        code="server-not-observed",
        summary=f"{view.server.where} gives no usable answer: {view.error}",
        hint="what this server shows counts as unknown; mend it or take it out of the delegation,"
        " then run again",
        where=view.server.where,
    )


def _disagreement(
    whom: str, views: Sequence[ParentView] | Sequence[ChildView]
) -> tuple[Diagnostic, ...]:
    """Warn where servers show different things at one serial; a lag behind it is ordinary."""
    usable = [view for view in views if view.error is None]
    shown = {view.serial: {shows(v) for v in usable if v.serial == view.serial} for view in usable}
    return tuple(
        Diagnostic(
            severity=Severity.WARNING,
            code="servers-disagree",
            summary=f"servers of {whom} show different records at serial {serial}",
            detail="; ".join(v.server.where for v in usable if v.serial == serial),
            hint="one of them does not follow its primary; until all agree every version counts",
            where=whom,
        )
        for serial, contents in sorted(shown.items())
        if len(contents) > 1
    )


def _stale(view: ChildView) -> Diagnostic:
    return Diagnostic(
        severity=Severity.WARNING,
        code="signature-out-of-period",
        summary=f"{view.server.where} serves signatures out of their validity period over"
        f" {', '.join(sorted(view.stale))}",
        hint="check that the signer still signs and that this server still follows it; compare"
        " this machine's clock with another",
        where=view.server.where,
    )


def _unmatched(entry: UnmatchedDs) -> Diagnostic:
    return Diagnostic(
        severity=Severity.WARNING,
        code="ds-without-key",
        summary=f"the DS {entry.rdata} at the parent fits no key that is published or held",
        hint="nothing can validate through it; the plan removes it where the desired state allows",
        where=entry.label,
    )
