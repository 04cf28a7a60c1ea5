"""What portfolio.yaml says about policies and systems, beyond its shape."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.capabilities import (
    PARENT_KINDS,
    SIGNER_KINDS,
    ParentKind,
    RollsByItself,
    SignerKind,
    Signing,
)
from reconciler.spec.fields import ALGORITHMS, mnemonic
from reconciler.spec.policies import Nsec3DenialSpec, PolicySpec
from reconciler.spec.portfolio import PortfolioSpec, SystemFileSpec
from reconciler.spec.sources import Path, Source, suggestion

_SHA1_ALGORITHMS = frozenset({5, 7})
_NSEC3_UNAWARE = frozenset({5})
"""Algorithms whose validators may not know NSEC3 (RFC 5155 §2)."""
_SHA1_DIGEST = 1


def findings(spec: PortfolioSpec, source: Source) -> Iterator[Diagnostic]:
    """Yield what is wrong or surprising in the policies and the systems."""
    for name, policy in spec.policies.items():
        yield from _policy(policy, ("policies", name), source)
    yield from _kinds(spec.signers, SIGNER_KINDS, "signers", source)
    yield from _kinds(spec.parents, PARENT_KINDS, "parents", source)
    yield from _observers(spec, source)


def _policy(policy: PolicySpec, path: Path, source: Source) -> Iterator[Diagnostic]:
    yield from _weak(policy, path, source)
    yield from _signatures(policy, path, source)
    yield from _denial(policy, path, source)
    yield from _lifetimes(policy, path, source)
    if policy.drop_strict:
        yield source.finding(
            "drops-strict",
            (*path, "drop_strict"),
            "plans may let validators that want a chain for each algorithm see bogus data",
            hint="leave it out unless a plan cannot be found otherwise",
            severity=Severity.WARNING,
        )


def _weak(policy: PolicySpec, path: Path, source: Source) -> Iterator[Diagnostic]:
    if policy.algorithm in _SHA1_ALGORITHMS:
        yield source.finding(
            "sha1-algorithm",
            (*path, "algorithm"),
            f"{mnemonic(ALGORITHMS, policy.algorithm)} signs with SHA-1, which must not be used "
            "(RFC 8624 §3.1); many validators treat such zones as insecure",
            hint="write ECDSAP256SHA256",
        )
    types = policy.ds.digest_types or ()
    if _SHA1_DIGEST in types:
        yield source.finding(
            "sha1-digest",
            (*path, "ds", "digest_types", types.index(_SHA1_DIGEST)),
            "a DS with a SHA-1 digest must not be published (RFC 8624 §3.3)",
            hint="write SHA256",
        )


def _signatures(policy: PolicySpec, path: Path, source: Source) -> Iterator[Diagnostic]:
    validity, refresh = policy.signatures.validity, policy.signatures.refresh
    place = (*path, "signatures", "refresh")
    if refresh >= validity:
        yield source.finding(
            "refresh-too-long",
            place,
            f"signatures would be refreshed {refresh} s before their end, and live {validity} s",
            hint="make `refresh` shorter than `validity`",
        )
    bounds = policy.bounds
    if bounds.max_zone_ttl is None:
        return
    cached = bounds.max_zone_ttl + (bounds.propagation or 0)
    if refresh < cached:
        written = "refresh" in policy.signatures.model_fields_set
        yield source.finding(
            "refresh-too-short",
            place if written else (*path, "bounds", "max_zone_ttl"),
            f"signatures are refreshed {refresh} s before their end, and caches may keep them for "
            f"{cached} s (I4: max_zone_ttl + propagation): some would expire there",
            hint=f"make `refresh` at least {cached}s, or lower `max_zone_ttl`",
        )


def _denial(policy: PolicySpec, path: Path, source: Source) -> Iterator[Diagnostic]:
    place = (*path, "denial")
    if policy.algorithm in _NSEC3_UNAWARE and policy.denial not in {None, "nsec", "compact"}:
        yield source.finding(
            "nsec3-unaware-algorithm",
            place,
            f"{mnemonic(ALGORITHMS, policy.algorithm)} is not for zones with NSEC3 (RFC 5155 §2)",
            hint="write `denial: nsec`, or another algorithm",
        )
    if not isinstance(policy.denial, Nsec3DenialSpec):
        return
    nsec3 = policy.denial.nsec3
    for name, odd, rule in (
        ("iterations", nsec3.iterations > 0, "must be 0 (RFC 9276 §3.1)"),
        ("salt", nsec3.salt != "none", "should be `none` (RFC 9276 §3.1)"),
    ):
        if odd:
            yield source.finding(
                f"nsec3-{name}",
                (*place, "nsec3", name),
                f"NSEC3 {name} {rule}: it costs servers and validators, and protects nothing",
                hint=f"write `{name}: {'0' if name == 'iterations' else 'none'}`",
                severity=Severity.WARNING,
            )


def _lifetimes(policy: PolicySpec, path: Path, source: Source) -> Iterator[Diagnostic]:
    unused = ("ksk", "zsk") if policy.keys == "csk" else ("csk",)
    for role in unused:
        if getattr(policy, role).lifetime is not None:
            yield source.finding(
                "role-not-in-scheme",
                (*path, role),
                f"keys are `{policy.keys}`, so there is no {role.upper()} to live that long",
                hint=f"remove `{role}:`, or change `keys:`",
                key=True,
            )


def _kinds(
    systems: Mapping[str, SystemFileSpec],
    kinds: Mapping[str, SignerKind] | Mapping[str, ParentKind],
    section: str,
    source: Source,
) -> Iterator[Diagnostic]:
    for name, system in systems.items():
        kind = kinds.get(system.kind)
        what = section.removesuffix("s")
        if kind is None:
            yield source.finding(
                f"unknown-{what}-kind",
                (section, name, "kind"),
                f"`{system.kind}` is no kind of {what}",
                hint=suggestion(system.kind, list(kinds), "kinds"),
            )
        elif not kind.built:
            yield source.finding(
                "kind-not-built",
                (section, name, "kind"),
                f"this release can plan for `{system.kind}` (`plan --observed`), "
                "and cannot yet observe it or apply with it",
                severity=Severity.NOTICE,
            )


def _observers(spec: PortfolioSpec, source: Source) -> Iterator[Diagnostic]:
    if spec.observers.resolvers:
        yield source.finding(
            "resolvers-not-asked",
            ("observers", "resolvers"),
            "this release asks authoritative servers only; `resolvers` has no effect yet",
            severity=Severity.NOTICE,
        )
    for i, anchor in enumerate(spec.observers.trust_anchors):
        if not _is_ds(anchor):
            yield source.finding(
                "trust-anchor",
                ("observers", "trust_anchors", i),
                "this is no DS record",
                hint="write it like `. 172800 IN DS 20326 8 2 e06d44b8...`",
            )


def _is_ds(text: str) -> bool:
    words = text.split()
    upper = [word.upper() for word in words]
    if "DS" not in upper[1:4]:
        return False
    rdata = " ".join(words[upper.index("DS", 1) + 1 :])
    try:
        dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.DS, rdata)
    except (dns.exception.DNSException, ValueError):
        return False
    return True


def lifetimes_ignored(
    spec: PortfolioSpec, source: Source, used: Collection[tuple[str, str]]
) -> Iterator[Diagnostic]:
    """Yield a notice for each ZSK lifetime that a signer in `used` does not look at."""
    for name, signer in sorted(used):
        able = SIGNER_KINDS[spec.signers[signer].kind].capabilities
        alone = able.rolls_by_itself is RollsByItself.ZSK or able.signing is Signing.SWITCH
        if spec.policies[name].zsk.lifetime is not None and alone:
            yield source.finding(
                "zsk-lifetime-ignored",
                ("policies", name, "zsk", "lifetime"),
                f"signer `{signer}` rolls its ZSK alone and does not look at this lifetime",
                severity=Severity.NOTICE,
            )
