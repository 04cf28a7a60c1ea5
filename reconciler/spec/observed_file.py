"""Observations as files: what `plan --observed` reads and `plan --save-observed` writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.diagnostics import Diagnostic, Severity, SpecError
from reconciler.model.capabilities import ParentCapabilities, SignerCapabilities
from reconciler.model.entries import Json
from reconciler.model.keys import DsRef, KeyEntry, UnmatchedDs
from reconciler.model.observed import ObservedZone, ParentFacts, SignerFacts
from reconciler.spec.json_document import Document, parse, pretty, unknown_members
from reconciler.spec.observed_checks import zone_problems
from reconciler.spec.observed_wire import (
    FORMAT,
    AdapterDefaults,
    ObservedDsFile,
    ObservedFileV1,
    ObservedZoneFile,
    ParentFile,
    SignerFile,
)
from reconciler.spec.timeline_file import cds_json, cds_value, keys_json, version_json
from reconciler.spec.wire_types import (
    denial_json,
    ds_json,
    instant_text,
    names_json,
    unmatched_label,
)

_LEVELS = 5
"""Down to here an observation has one member to a line: each key and each fact on its own."""


WARNINGS_OF_A_KIND = 10
"""Warnings of one kind that a file is given: finding a place in a large file costs time, and nobody
reads the same sentence about a thousand zones. Errors are all told. No official reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedFile:
    """An observation file as values; `diagnostics` are its warnings, never errors."""

    at: datetime
    zones: Mapping[str, ObservedZone]
    diagnostics: tuple[Diagnostic, ...] = ()


def load_observed(
    data: bytes, source: str, defaults: AdapterDefaults | None = None
) -> ObservedFile:
    """Return the observation in `data`, a file named `source` in messages.

    Capabilities that the file leaves out come from `defaults`. Raises SpecError with every mistake,
    each with line and column.
    """
    document = parse(data, source)
    _require_format(document)
    file = document.read(ObservedFileV1)
    problems = tuple(_problems(document, file))
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise SpecError(*(p for p in problems if p.severity is Severity.ERROR))
    known = defaults or AdapterDefaults()
    zones = {name: zone_value(name, zone, file.at, known) for name, zone in file.zones.items()}
    return ObservedFile(at=file.at, zones=zones, diagnostics=problems)


def dump_observed(zones: Mapping[str, ObservedZone]) -> bytes:
    """Return the file that `load_observed` turns into `zones` again; at least one zone."""
    at = min(zone.at for zone in zones.values())
    document: Json = {
        "format": FORMAT,
        "at": instant_text(at),
        "zones": {name: zone_json(zones[name], at) for name in sorted(zones)},
    }
    return pretty(document, _LEVELS)


def _require_format(document: Document) -> None:
    value = document.value
    found = value.get("format") if isinstance(value, dict) else None
    if found != FORMAT:
        path = ("format",) if isinstance(value, dict) and "format" in value else ()
        raise SpecError(
            document.problem(
                path,
                "unsupported-format",
                f"expected an observation in the format {FORMAT!r}",
                hint="write one with `reconcile plan --save-observed FILE`",
            )
        )


def _problems(document: Document, file: ObservedFileV1) -> Iterator[Diagnostic]:
    for path in unknown_members(file):
        yield document.problem(
            path, "unknown-member", "nothing reads this member", severity=Severity.WARNING
        )
    told: Counter[str] = Counter()
    for name, zone in file.zones.items():
        for problem in zone_problems(zone):
            told[problem.code] += 1
            if problem.severity is Severity.WARNING and told[problem.code] > WARNINGS_OF_A_KIND:
                continue
            yield document.problem(
                ("zones", name, *problem.path),
                problem.code,
                problem.summary,
                hint=problem.hint,
                severity=problem.severity,
            )


def zone_value(
    name: str, file: ObservedZoneFile, at: datetime, defaults: AdapterDefaults
) -> ObservedZone:
    """Return one zone of a file as a value; it was observed `at` where it does not say when."""
    unmatched = [_unmatched(ds) for ds in file.parent.ds if ds.key is None]
    keys: dict[str, KeyEntry] = {label: key.value(label) for label, key in file.keys.items()}
    signers = defaults.signers
    return ObservedZone(
        zone=name,
        at=file.at or at,
        keys=keys | {ds.label: ds for ds in unmatched},
        parent=_parent(file.parent, defaults.parents.get(name, ParentCapabilities())),
        signers={
            signer: _signer(facts, signers.get(signer, SignerCapabilities()))
            for signer, facts in file.signers.items()
        },
        content_equal=file.content_equal,
        settled=file.settled,
        history=tuple(version.value() for version in file.history),
        assumed=file.assumed,
    )


def _unmatched(ds: ObservedDsFile) -> UnmatchedDs:
    """Return the entry for a DS that the file gives by its `rdata` alone."""
    rdata = ds.rdata or ""
    return UnmatchedDs(label=unmatched_label(rdata), algorithm=int(rdata.split()[1]), rdata=rdata)


def _parent(file: ParentFile, default: ParentCapabilities) -> ParentFacts:
    return ParentFacts(
        ds=frozenset(_ds(ds) for ds in file.ds),
        ds_ttl=file.ds_ttl,
        ds_negative_ttl=file.ds_negative_ttl,
        ns=file.ns,
        ns_ttl=file.ns_ttl,
        propagation_delay=file.propagation_delay,
        capabilities=file.capabilities.over(default),
    )


def _ds(file: ObservedDsFile) -> DsRef:
    if file.key is not None and file.digest_type is not None:
        return DsRef(file.key, file.digest_type)
    rdata = file.rdata or ""
    return DsRef(unmatched_label(rdata), int(rdata.split()[2]))


def _signer(file: SignerFile, default: SignerCapabilities) -> SignerFacts:
    return SignerFacts(
        dnskeys=file.dnskeys,
        krrsig=file.krrsig,
        zrrsig=file.zrrsig,
        cds=cds_value(file.cds),
        ns=file.ns,
        denial=file.denial.value(),
        dnskey_ttl=file.dnskey_ttl,
        max_zone_ttl=file.max_zone_ttl,
        negative_ttl=file.negative_ttl,
        ns_ttl=file.ns_ttl,
        propagation_delay=file.propagation_delay,
        signing_delay=file.signing_delay,
        signatures=file.signatures.value(),
        next_roll=file.next_roll,
        capabilities=file.capabilities.over(default),
    )


def zone_json(zone: ObservedZone, file_at: datetime) -> dict[str, Json]:
    """Return one zone as it stands in a file that holds observations made at `file_at`."""
    bare = _bare_ds(zone)
    tabled = {label: entry for label, entry in zone.keys.items() if label not in bare}
    return {
        **({} if zone.at == file_at else {"at": instant_text(zone.at)}),
        "keys": keys_json(tabled),
        "parent": _parent_json(zone.parent, bare),
        "signers": {name: _signer_json(zone.signers[name]) for name in sorted(zone.signers)},
        "content_equal": {
            name: names_json(zone.content_equal[name]) for name in sorted(zone.content_equal)
        },
        "settled": zone.settled,
        "history": [version_json(version) for version in zone.history],
        **({"assumed": list[Json](zone.assumed)} if zone.assumed else {}),
    }


def _bare_ds(zone: ObservedZone) -> dict[str, str]:
    """Return label and rdata of each DS that its `rdata` alone says completely."""
    ds = {(ref.key, str(ref.digest_type)) for ref in zone.parent.ds}
    texts = {e.label: e.rdata for e in zone.keys.values() if isinstance(e, UnmatchedDs) and e.rdata}
    return {
        label: rdata
        for label, rdata in texts.items()
        if label == unmatched_label(rdata)
        and {d for key, d in ds if key == label} == {rdata.split()[2]}
    }


def _parent_json(parent: ParentFacts, bare: Mapping[str, str]) -> Json:
    can = parent.capabilities
    return {
        "ds": [
            {"key": None, "rdata": bare[ds.key]} if ds.key in bare else ds_json(ds)
            for ds in sorted(parent.ds)
        ],
        "ds_ttl": parent.ds_ttl,
        "ds_negative_ttl": parent.ds_negative_ttl,
        "ns": names_json(parent.ns),
        "ns_ttl": parent.ns_ttl,
        "propagation_delay": parent.propagation_delay,
        "capabilities": {
            "write": can.write.value,
            "takes": can.takes.value,
            "polls_cds": can.polls_cds,
            "bootstraps": can.bootstraps,
            "checks_ds": can.checks_ds.value,
            "sets_ns": can.sets_ns,
            "processing_max": can.processing_max,
            "weight": can.weight,
            "manual": can.manual,
        },
    }


def _signer_json(signer: SignerFacts) -> Json:
    return {
        "dnskeys": names_json(signer.dnskeys),
        "krrsig": names_json(signer.krrsig),
        "zrrsig": names_json(signer.zrrsig),
        "cds": cds_json(signer.cds),
        "ns": names_json(signer.ns),
        "denial": denial_json(signer.denial),
        "dnskey_ttl": signer.dnskey_ttl,
        "max_zone_ttl": signer.max_zone_ttl,
        "negative_ttl": signer.negative_ttl,
        "ns_ttl": signer.ns_ttl,
        "propagation_delay": signer.propagation_delay,
        "signing_delay": signer.signing_delay,
        "signatures": {
            "validity": signer.signatures.validity,
            "refresh": signer.signatures.refresh,
            "expires": signer.signatures.expires,
        },
        "next_roll": signer.next_roll,
        "capabilities": _signer_capabilities_json(signer.capabilities),
    }


def _signer_capabilities_json(can: SignerCapabilities) -> Json:
    return {
        "signing": can.signing.value,
        "foreign_zsk": can.foreign_zsk,
        "foreign_ksk": can.foreign_ksk,
        "sets_apex_ns": can.sets_apex_ns,
        "sets_ttl": can.sets_ttl,
        "sets_cds": can.sets_cds,
        "sets_dnskeys": can.sets_dnskeys,
        "denials": names_json(can.denials),
        "presigned": can.presigned,
        "algorithms": list[Json](sorted(can.algorithms)),
        "max_ksk": can.max_ksk,
        "rolls_by_itself": can.rolls_by_itself.value,
    }
