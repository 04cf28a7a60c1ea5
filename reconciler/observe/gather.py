"""One zone gathered: DNS says what is published, the APIs say what DNS cannot show.

What stands in the way is told in diagnostics, never raised: a run looks at many zones, and one that
cannot be observed must not hide the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import dns.name
from dns.name import Name

from reconciler.diagnostics import AdapterError, ObservationError
from reconciler.model.desired import DesiredZone, Observers
from reconciler.model.sightings import Observation
from reconciler.observe import findings
from reconciler.observe.assemble import Asked, Seen, assemble
from reconciler.observe.chain import Broken, Chain, Insecure, broken_chain
from reconciler.observe.child_view import ChildView, ask_children, published_keys, see_child
from reconciler.observe.iterate import Hierarchy, Servers
from reconciler.observe.labels import Labels, as_dnskey, label_all
from reconciler.observe.parent_view import ParentView, sight_parents
from reconciler.ports import Exchange, Parent, Signer, SignerClaim


def gather(  # noqa: PLR0913, PLR0917 - everything that touches one zone meets here
    desired: DesiredZone,
    signers: Mapping[str, Signer],
    parent: Parent,
    exchange: Exchange,
    observers: Observers,
    now: datetime,
    *,
    chain: Chain | None = None,
) -> Observation:
    """Observe one zone at every server of its signers and of its parent.

    `signers`: those that may serve the zone; one that the desired state does not name may decline.
    `chain`: share one among the zones of a run, so that common parents are asked once. The zone is
    None where anything the facts rest on is missing; diagnostics then say what, where and what to
    do. It is given, with warnings, where some servers of each side answered and others did not.
    """
    try:
        claims = _claims(desired, signers)
        asked = Asked(
            desired=desired,
            signers={name: signers[name].capabilities for name in claims},
            claims=claims,
            parent=parent.capabilities,
            parent_claim=parent.observe(desired.zone),
            now=now,
        )
        return assemble(asked, _look(asked, exchange, chain or Chain(exchange, observers, now)))
    except (AdapterError, ObservationError) as error:
        return Observation(zone=None, parent=(), children=(), diagnostics=error.diagnostics)


def _claims(desired: DesiredZone, signers: Mapping[str, Signer]) -> dict[str, SignerClaim]:
    """Return what each signer says; one that the zone is not meant for may not know it."""
    claims = {}
    for name, signer in sorted(signers.items()):
        try:
            claims[name] = signer.observe(desired.zone)
        except AdapterError:
            if name in desired.signers:
                raise
    return claims


def _look(asked: Asked, exchange: Exchange, chain: Chain) -> Seen:
    """Ask every server. Raises ObservationError where the way to the parent does not validate."""
    zone = dns.name.from_text(asked.desired.zone)
    cuts = chain.hierarchy.ancestors(zone)
    trust = chain.trust(cuts)
    if isinstance(trust, Broken):
        raise ObservationError(broken_chain(trust))
    if isinstance(trust, Insecure):
        raise ObservationError(findings.insecure_parent(trust, asked.desired.zone))
    above = chain.hierarchy.servers(cuts[-1])
    answered = sight_parents(exchange, above.found, zone, trust, asked.now)
    lost = [ParentView(server=server, error=why) for server, why in above.lost]
    parents = (*answered, *lost)
    places = _places(asked.claims, chain.hierarchy, parents)
    children, labels = _children(asked, exchange, zone, places, parents)
    notes = tuple(note for servers in (above, *places.values()) for note in servers.notes)
    return Seen(parents=parents, children=children, labels=labels, notes=notes)


def _places(
    claims: Mapping[str, SignerClaim], hierarchy: Hierarchy, parents: Sequence[ParentView]
) -> dict[str, Servers]:
    """Return every address of every server of every signer; glue goes before resolution."""
    glue: dict[str, set[str]] = {}
    for view in parents:
        for name, addresses in view.glue.items():
            glue.setdefault(name, set()).update(addresses)
    return {
        signer: hierarchy.resolve({n: hierarchy.counted(glue.get(n, ())) for n in c.nameservers})
        for signer, c in claims.items()
    }


def _children(
    asked: Asked,
    exchange: Exchange,
    zone: Name,
    places: Mapping[str, Servers],
    parents: Sequence[ParentView],
) -> tuple[tuple[ChildView, ...], Labels]:
    """Ask every child server, then judge each with the keys of all, published or only held."""
    placed = [(signer, server) for signer, place in places.items() for server in place.found]
    answers = ask_children(exchange, [server for _, server in placed], zone)
    held = [as_dnskey(key) for claim in asked.claims.values() for key in claim.keys]
    keys = published_keys(response for responses in answers for response in responses)
    keys |= {key for key in held if key is not None}
    judged = [
        see_child(server, signer, responses, keys, asked.now)
        for (signer, server), responses in zip(placed, answers, strict=True)
    ]
    lost = [
        ChildView(server=server, signer=signer, error=why)
        for signer, place in places.items()
        for server, why in place.lost
    ]
    delegated = [ds for view in parents for ds in view.ds]
    requested = [cds for view in judged if view.cds != "delete" for cds in view.cds or ()]
    labels = label_all(zone, keys, asked.claims, [*delegated, *requested])
    return (*judged, *lost), labels
