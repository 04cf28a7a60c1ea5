"""From views to facts: what stands at each place, and how long everything takes.

A bound is never lower than what was seen, and each figure that nobody measured or declared is named
in a sentence (`assumed`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.desired import DnssecPolicy
from reconciler.model.keys import SHA256
from reconciler.model.observed import Cds, ParentFacts, SignatureFacts, SignerFacts
from reconciler.model.timeline import (
    CdsVersion,
    DataVersion,
    DnskeyVersion,
    DsVersion,
    NsVersion,
    Version,
)
from reconciler.observe.child_view import ChildView
from reconciler.observe.labels import Labels
from reconciler.observe.parent_view import ParentView
from reconciler.observe.versions import earlier
from reconciler.ports import ParentClaim, SignerClaim

DEFAULT_PARENT_TTL = 172800
"""TTL of a DS where none was seen: 48 h, the largest in use at TLDs (the root's NS TTL)."""
DEFAULT_ZONE_TTL = 604800
"""Largest TTL of a zone that nobody declares: 7 d, to which resolvers cap (RFC 8767 §4)."""
DEFAULT_PROPAGATION = 300
"""Least propagation delay of a signer that nobody declares (BIND's dnssec-policy default)."""
DEFAULT_PARENT_PROPAGATION = 3600
"""Least propagation delay of a parent that nobody declares (BIND's dnssec-policy default)."""
CLOCK_SKEW = 300
"""Seconds by which a validator's clock may be wrong (the allowance that BIND and Knot sign with
is an hour before; five minutes is what time services keep)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What all facts of one zone are derived with. `signer_of` maps name servers to signers."""

    policy: DnssecPolicy
    labels: Labels
    signer_of: Mapping[str, str]
    parent: ParentCapabilities
    now: datetime

    def signers(self, nameservers: Iterable[str]) -> frozenset[str]:
        """Return the signers that serve from these name servers."""
        return frozenset(self.signer_of[name] for name in nameservers)

    def cds(self, view: ChildView) -> Cds:
        """Return what a server's CDS and CDNSKEY ask the parent for."""
        if view.cds is None or view.cds == "delete":
            return view.cds
        listed = self.labels.of_ds(view.cds)
        types = self.policy.digest_types or {ref.digest_type for ref in listed} or {SHA256}
        return listed | self.labels.of_cdnskeys(view.cdnskeys, frozenset(types))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bound:
    """A figure, and the sentence to print where it was assumed."""

    seconds: int
    assumed: tuple[str, ...] = ()


def _bound(what: str, declared: Iterable[int | None], seen: int, default: int) -> _Bound:
    """Return the largest of what was declared and seen; the default where nothing was declared."""
    known = [seconds for seconds in declared if seconds is not None]
    if known:
        return _Bound(seconds=max(seen, *known))
    seconds = max(seen, default)
    return _Bound(seconds=seconds, assumed=(f"{what}: {seconds} s, as nobody declares it",))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentResult:
    """The parent's facts, what some of its servers still show, and what was assumed."""

    facts: ParentFacts
    history: tuple[Version, ...]
    assumed: tuple[str, ...]


def parent_facts(views: Sequence[ParentView], claim: ParentClaim, context: Context) -> ParentResult:
    """Return the delegation as it stands. `views` ranked, at least one."""
    declared = (context.policy.bounds.parent_propagation, claim.propagation_delay)
    lag = max(DEFAULT_PARENT_PROPAGATION, *(view.lag for view in views))
    delay = _bound("propagation delay of the parent", declared, 0, lag)
    seen = [view.ds_ttl for view in views if view.ds_ttl is not None]
    ns_ttl = max(view.ns_ttl for view in views)
    least = [] if seen else [max(DEFAULT_PARENT_TTL, ns_ttl)]
    ds_ttl = max(seen + least)
    facts = ParentFacts(
        ds=context.labels.of_ds(views[0].ds),
        ds_ttl=ds_ttl,
        ds_negative_ttl=max(view.negative_ttl for view in views),
        ns=context.signers(views[0].ns),
        ns_ttl=ns_ttl,
        propagation_delay=delay.seconds,
        capabilities=context.parent,
    )
    assumed = () if seen else (f"TTL of a DS: {ds_ttl} s, as the parent publishes none now",)
    history = (
        *earlier(views, lambda view: _ds_version(view, context, delay.seconds)),
        *earlier(views, lambda view: _ns_version(None, view, context, delay.seconds)),
    )
    return ParentResult(facts=facts, history=history, assumed=(*delay.assumed, *assumed))


def _ds_version(view: ParentView, context: Context, delay: int) -> DsVersion:
    ttl = view.negative_ttl if view.ds_ttl is None else view.ds_ttl
    return DsVersion(ttl=ttl, propagation=delay, ds=context.labels.of_ds(view.ds))


def _ns_version(
    signer: str | None, view: ParentView | ChildView, context: Context, delay: int
) -> NsVersion:
    signers = context.signers(view.ns)
    return NsVersion(signer=signer, ttl=view.ns_ttl, propagation=delay, signers=signers)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerResult:
    """A signer's facts, what some of its servers still show, and what was assumed."""

    facts: SignerFacts
    history: tuple[Version, ...]
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Timing:
    """One signer's figures in seconds."""

    propagation: _Bound
    signing: _Bound
    zone_ttl: _Bound
    dnskey_ttl: _Bound


def signer_facts(
    signer: str,
    views: Sequence[ChildView],
    claim: SignerClaim,
    capabilities: SignerCapabilities,
    context: Context,
) -> SignerResult:
    """Return a signer's zone as it stands. `views` ranked, at least one."""
    timing = _timing(signer, views, claim, context.policy)
    standing = views[0]
    facts = SignerFacts(
        dnskeys=context.labels.of_keys(standing.dnskeys),
        krrsig=context.labels.of_keys(standing.krrsig),
        zrrsig=context.labels.of_keys(standing.zrrsig),
        cds=context.cds(standing),
        ns=context.signers(standing.ns),
        denial=standing.denial,
        dnskey_ttl=timing.dnskey_ttl.seconds,
        max_zone_ttl=timing.zone_ttl.seconds,
        negative_ttl=max(view.negative_ttl for view in views),
        ns_ttl=max(view.ns_ttl for view in views),
        propagation_delay=timing.propagation.seconds,
        signing_delay=timing.signing.seconds,
        signatures=_signatures(views, claim, timing, context),
        capabilities=capabilities,
    )
    bounds = (timing.propagation, timing.signing, timing.zone_ttl, timing.dnskey_ttl)
    assumed = tuple(sentence for bound in bounds for sentence in bound.assumed)
    return SignerResult(
        facts=facts, history=_history(signer, views, facts, context), assumed=assumed
    )


def _timing(
    signer: str, views: Sequence[ChildView], claim: SignerClaim, policy: DnssecPolicy
) -> _Timing:
    bounds = policy.bounds
    lag = max(DEFAULT_PROPAGATION, *(view.lag for view in views))
    smooth = policy.signature_validity - policy.signature_refresh
    largest = max(max(view.data_ttl, view.dnskey_ttl or 0) for view in views)
    declared = bounds.max_zone_ttl if claim.max_zone_ttl is None else claim.max_zone_ttl
    zone_ttl = _bound(f"largest TTL at {signer}", [declared], largest, DEFAULT_ZONE_TTL)
    return _Timing(
        propagation=_bound(
            f"propagation delay of {signer}", [bounds.propagation, claim.propagation_delay], 0, lag
        ),
        signing=_bound(
            f"signing delay of {signer}", [bounds.signing_delay, claim.signing_delay], 0, smooth
        ),
        zone_ttl=zone_ttl,
        dnskey_ttl=_dnskey_ttl(signer, views, zone_ttl.seconds),
    )


def _dnskey_ttl(signer: str, views: Sequence[ChildView], zone_ttl: int) -> _Bound:
    """Return the largest DNSKEY TTL seen. Before there is a DNSKEY nobody knows what TTL a signer
    will choose for it; the largest TTL of the zone holds for it too.
    """
    seen = [view.dnskey_ttl for view in views if view.dnskey_ttl is not None]
    if seen:
        return _Bound(seconds=max(seen))
    sentence = f"DNSKEY TTL at {signer}: {zone_ttl} s, the zone's largest, as it has none now"
    return _Bound(seconds=zone_ttl, assumed=(sentence,))


def _signatures(
    views: Sequence[ChildView], claim: SignerClaim, timing: _Timing, context: Context
) -> SignatureFacts:
    """Return signature life. A signer that signs is taken to refresh in time while what it serves
    outlives every cache; otherwise the earliest end counts. A zone that stands unsigned has none.
    """
    policy = context.policy
    spans = [view.span for view in views if view.span is not None]
    signed = views[0].krrsig or views[0].zrrsig
    ends = [view.ends for view in views if view.ends is not None and signed]
    needed = timing.zone_ttl.seconds + timing.propagation.seconds + CLOCK_SKEW
    left = int((min(ends) - context.now).total_seconds()) if ends else None
    refreshed = left is None or (claim.signing and left >= needed)
    return SignatureFacts(
        validity=max(spans, default=policy.signature_validity),
        refresh=policy.signature_refresh,
        expires=None if refreshed else left,
    )


def _history(
    signer: str, views: Sequence[ChildView], facts: SignerFacts, context: Context
) -> tuple[Version, ...]:
    delay = facts.propagation_delay
    data_delay = delay + facts.signing_delay

    def dnskey(view: ChildView) -> Version:
        ttl = view.negative_ttl if view.dnskey_ttl is None else view.dnskey_ttl
        keys, signed_by = (context.labels.of_keys(s) for s in (view.dnskeys, view.krrsig))
        return DnskeyVersion(
            signer=signer, ttl=ttl, propagation=delay, keys=keys, signed_by=signed_by
        )

    def data(view: ChildView) -> Version:
        signed_by = context.labels.of_keys(view.zrrsig)
        ttl = facts.max_zone_ttl
        return DataVersion(signer=signer, ttl=ttl, propagation=data_delay, signed_by=signed_by)

    def cds(view: ChildView) -> Version:
        return CdsVersion(
            signer=signer,
            ttl=facts.max_zone_ttl,
            propagation=delay,
            cds=context.cds(view),
            polled=context.parent.polls_cds,
            processing_max=context.parent.processing_max,
        )

    return (
        *earlier(views, lambda view: _ns_version(signer, view, context, delay)),
        *earlier(views, dnskey),
        *earlier(views, data),
        *earlier(views, cds),
    )
