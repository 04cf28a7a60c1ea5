"""What a zone file says beside what the portfolio allows."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from reconciler.diagnostics import Diagnostic, Severity
from reconciler.model.capabilities import (
    PARENT_KINDS,
    SIGNER_KINDS,
    DsCheck,
    DsWrite,
    SignerCapabilities,
    Signing,
)
from reconciler.model.desired import KeyScheme, KskRollover
from reconciler.model.keys import KeyRole
from reconciler.spec.fields import ALGORITHMS, mnemonic
from reconciler.spec.key_names import key_name
from reconciler.spec.names import BadNameError, zone_name
from reconciler.spec.policies import PolicySpec
from reconciler.spec.portfolio import PortfolioSpec
from reconciler.spec.sources import Source, Suggester
from reconciler.spec.zones import ZoneSpec


@dataclass(slots=True)
class Context:
    """What zones are checked against, and the pairs of policy and signer that signed zones use."""

    portfolio: PortfolioSpec
    suggest: Suggester
    used: set[tuple[str, str]] = field(default_factory=set)


def file_name(zone: str, path: str, source: Source) -> Iterator[Diagnostic]:
    """Yield a finding where a zone stands outside the file of its name."""
    stem = PurePosixPath(path).name.removesuffix(".yaml")
    try:
        named = zone_name(stem)
    except BadNameError:
        named = ""
    if named != zone:
        yield source.finding(
            "zone-outside-its-file",
            ("zone",),
            f"{zone} stands in a file of another name",
            hint=f"rename the file to `{zone.removesuffix('.')}.yaml`, or correct the name",
        )


def findings(spec: ZoneSpec, source: Source, context: Context) -> Iterator[Diagnostic]:
    """Yield what is wrong or surprising in one zone."""
    portfolio = context.portfolio
    yield from _reference(source, context, "owner", spec.owner, portfolio.owners)
    yield from _reference(source, context, "policy", spec.policy, portfolio.policies)
    yield from _reference(source, context, "parent", spec.parent, portfolio.parents)
    yield from _signers(spec, source, context)
    yield from _ends(spec, source, context)
    yield from _keys_named_twice(source)
    policy = portfolio.policies.get(spec.policy)
    if policy is not None:
        yield from _generations(spec, policy, source)
        if spec.dnssec == "signed":
            yield from _abilities(spec, policy, source, context)
            yield from _rollover(spec, policy, source, context)


_SECTIONS = {
    "owner": "owners",
    "policy": "policies",
    "parent": "parents",
    "signers": "signers",
    "ends": "signers",
}


def _reference(
    source: Source, context: Context, name: str, value: str, known: Collection[str]
) -> Iterator[Diagnostic]:
    if value not in known:
        yield _unknown(source, context, (name,), value, known)


def _signers(spec: ZoneSpec, source: Source, context: Context) -> Iterator[Diagnostic]:
    known = context.portfolio.signers
    for i, signer in enumerate(spec.signers):
        if signer not in known:
            yield _unknown(source, context, ("signers", i), signer, known)
        if signer in spec.signers[:i]:
            yield source.finding(
                "signer-twice", ("signers", i), f"`{signer}` stands twice", hint="keep one of them"
            )


def _ends(spec: ZoneSpec, source: Source, context: Context) -> Iterator[Diagnostic]:
    known = context.portfolio.signers
    for signer in spec.ends.keys() - known.keys():
        yield _unknown(source, context, ("ends", signer), signer, known)


def _keys_named_twice(source: Source) -> Iterator[Diagnostic]:
    """Algorithms have a number and a mnemonic, so that two names can be one."""
    named = source.root.children.get("named_keys")
    first: dict[str, str] = {}
    for written in named.keys if named is not None else ():
        before = first.setdefault(key_name(written), written)
        if before != written:
            line, column = source.place(("named_keys", before), key=True)
            yield source.finding(
                "key-named-twice",
                ("named_keys", written),
                f"`{written}` is the key that `{before}` in line {line}, column {column} names",
                hint="say of each key one thing",
                key=True,
            )


def _rollover(
    spec: ZoneSpec, policy: PolicySpec, source: Source, context: Context
) -> Iterator[Diagnostic]:
    """A DS ahead of its DNSKEY is for parents that look at none."""
    system = context.portfolio.parents.get(spec.parent)
    kind = PARENT_KINDS.get(system.kind) if system else None
    if kind is None or KskRollover(policy.ksk_rollover) is KskRollover.DOUBLE_KSK:
        return
    able = kind.capabilities
    if able.checks_ds is not DsCheck.NONE or able.write is DsWrite.NONE:
        yield source.finding(
            "rollover-unsupported",
            ("policy",),
            f"`{spec.parent}` takes no DS whose DNSKEY is not published, and policy "
            f"`{spec.policy}` asks for `{policy.ksk_rollover}`: no KSK can be rolled",
            hint="take a policy with `ksk_rollover: double-ksk`",
            severity=Severity.WARNING,
        )


def _unknown(
    source: Source,
    context: Context,
    path: tuple[str | int, ...],
    value: str,
    known: Collection[str],
) -> Diagnostic:
    section = _SECTIONS[str(path[0])]
    what = section.removesuffix("s") if section != "policies" else "policy"
    return source.finding(
        f"unknown-{what}",
        path,
        f"`{value}` is no {what} of this portfolio",
        hint=context.suggest.hint(value, known, section),
    )


def _generations(spec: ZoneSpec, policy: PolicySpec, source: Source) -> Iterator[Diagnostic]:
    roles = KeyScheme(policy.keys).roles
    for role in spec.generations():
        if role not in roles:
            yield source.finding(
                "role-not-in-scheme",
                ("keys", role.value),
                f"policy `{spec.policy}` has no {role.upper()}: its keys are `{policy.keys}`",
                hint=f"write {' or '.join(f'`{r}`' for r in roles)}, or change the policy",
                key=True,
            )


def _abilities(
    spec: ZoneSpec, policy: PolicySpec, source: Source, context: Context
) -> Iterator[Diagnostic]:
    for i, signer in enumerate(spec.signers):
        system = context.portfolio.signers.get(signer)
        kind = SIGNER_KINDS.get(system.kind) if system else None
        if kind is None:
            continue
        context.used.add((spec.policy, signer))
        able = kind.capabilities
        if policy.algorithm not in able.algorithms:
            can = ", ".join(mnemonic(ALGORITHMS, n) for n in sorted(able.algorithms))
            yield source.finding(
                "algorithm-unsupported",
                ("signers", i),
                f"`{signer}` cannot sign with {mnemonic(ALGORITHMS, policy.algorithm)}, "
                f"the algorithm of policy `{spec.policy}`",
                hint=f"it can sign with {can}",
            )
        if policy.keys == "csk" and able.signing is Signing.KSK_SLOTS:
            yield source.finding(
                "scheme-unsupported",
                ("signers", i),
                f"`{signer}` always signs with a ZSK of its own, and policy `{spec.policy}` wants "
                "one key in both roles",
                hint="take a policy with `keys: split`",
            )
        for role in spec.generations():
            if not _rolls_on_request(role, able):
                yield source.finding(
                    "generation-ignored",
                    ("keys", role.value, "generation"),
                    f"`{signer}` cannot be asked to roll its {role.upper()}",
                    hint="leave it out: this signer decides by itself",
                    severity=Severity.WARNING,
                )


def _rolls_on_request(role: KeyRole, able: SignerCapabilities) -> bool:
    match able.signing:
        case Signing.KEYS | Signing.POLICY:
            return True
        case Signing.KSK_SLOTS:
            return role is not KeyRole.ZSK
        case Signing.SWITCH:
            return False
