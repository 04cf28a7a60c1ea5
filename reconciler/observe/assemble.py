"""An observation put together from views: pure, one zone at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.desired import DesiredZone
from reconciler.model.keys import Key
from reconciler.model.observed import ObservedZone
from reconciler.model.sightings import ChildSighting, Observation, ParentSighting
from reconciler.observe import findings
from reconciler.observe.child_view import ChildView
from reconciler.observe.facts import Context, ParentResult, SignerResult, parent_facts, signer_facts
from reconciler.observe.labels import Labels
from reconciler.observe.parent_view import ParentView
from reconciler.observe.versions import ranked
from reconciler.ports import ParentClaim, SignerClaim

_FATAL = frozenset({Severity.ERROR, Severity.CRITICAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wanted of a zone, what its systems can do, and what their APIs say."""

    desired: DesiredZone
    signers: Mapping[str, SignerCapabilities]
    claims: Mapping[str, SignerClaim]
    parent: ParentCapabilities
    parent_claim: ParentClaim
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the servers of one zone showed; `notes` what else there is to know about them."""

    parents: tuple[ParentView, ...]
    children: tuple[ChildView, ...]
    labels: Labels
    notes: tuple[Diagnostic, ...] = ()


def assemble(asked: Asked, seen: Seen) -> Observation:
    """Return the observation; its zone is None where a finding is an error."""
    signer_of = _signer_of(asked.claims)
    problems = (
        *findings.of_names(asked.desired.zone, asked.claims, seen.parents, seen.children),
        *findings.of_parents(asked.desired.zone, seen.parents),
        *findings.of_children(asked.claims, seen.children),
        *findings.of_ds(seen.parents, seen.labels),
        *seen.notes,
    )
    context = Context(
        policy=asked.desired.policy,
        labels=seen.labels,
        signer_of=signer_of,
        parent=asked.parent,
        now=asked.now,
    )
    complete = not any(problem.severity in _FATAL for problem in problems)
    return Observation(
        zone=_zone(asked, seen, context) if complete else None,
        parent=tuple(_parent_sighting(view, context) for view in seen.parents),
        children=tuple(_child_sighting(view, context) for view in seen.children),
        diagnostics=problems,
        key_text={k: v.text() for k, v in seen.labels.entries.items() if isinstance(v, Key)},
        pending=asked.parent_claim.pending,
    )


def _signer_of(claims: Mapping[str, SignerClaim]) -> dict[str, str]:
    return {name: signer for signer, claim in claims.items() for name in claim.nameservers}


def _zone(asked: Asked, seen: Seen, context: Context) -> ObservedZone:
    parent = parent_facts(ranked(seen.parents), asked.parent_claim, context)
    signers = {
        name: signer_facts(
            name,
            ranked(view for view in seen.children if view.signer == name),
            claim,
            asked.signers[name],
            context,
        )
        for name, claim in asked.claims.items()
    }
    results: tuple[ParentResult | SignerResult, ...] = (parent, *signers.values())
    return ObservedZone(
        zone=asked.desired.zone,
        at=asked.now,
        keys=seen.labels.entries,
        parent=parent.facts,
        signers={name: result.facts for name, result in signers.items()},
        content_equal=_content_equal(asked.claims),
        settled=False,
        history=tuple(version for result in results for version in result.history),
        assumed=(
            *(sentence for result in results for sentence in result.assumed),
            *(f"{note.summary}: its bound is relied on" for note in seen.notes),
        ),
    )


def _content_equal(claims: Mapping[str, SignerClaim]) -> dict[str, frozenset[str]]:
    """Return for each signer the others that are known to serve the same content."""
    digests = {name: claim.content_digest for name, claim in claims.items()}
    return {
        name: frozenset(other for other in digests if other != name and digests[other] == digest)
        for name, digest in digests.items()
        if digest is not None
    }


def _parent_sighting(view: ParentView, context: Context) -> ParentSighting:
    known = view.error is None
    return ParentSighting(
        server=view.server.name,
        address=view.server.address,
        at=context.now,
        ds=context.labels.of_ds(view.ds),
        ds_ttl=view.ds_ttl,
        negative_ttl=view.negative_ttl if known else None,
        ns=view.ns,
        ns_ttl=view.ns_ttl if known else None,
        error=view.error,
    )


def _child_sighting(view: ChildView, context: Context) -> ChildSighting:
    known = view.error is None
    return ChildSighting(
        server=view.server.name,
        address=view.server.address,
        signer=view.signer,
        at=context.now,
        serial=view.serial if known else None,
        dnskeys=context.labels.of_keys(view.dnskeys),
        krrsig=context.labels.of_keys(view.krrsig),
        zrrsig=context.labels.of_keys(view.zrrsig),
        cds=context.cds(view),
        ns=view.ns,
        denial=view.denial.kind.value,
        dnskey_ttl=view.dnskey_ttl,
        data_ttl=view.data_ttl if known else None,
        negative_ttl=view.negative_ttl if known else None,
        ns_ttl=view.ns_ttl if known else None,
        signatures_end=view.ends,
        signature_span=view.span,
        error=view.error,
    )
