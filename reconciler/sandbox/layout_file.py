"""Layouts as JSON: read strictly, checked for worlds that could not work, and written back."""

from __future__ import annotations

import dataclasses
import ipaddress
import json
import types
import typing
from collections.abc import Iterator, Mapping
from enum import Enum

import dns.exception
import dns.name

from reconciler.diagnostics import Diagnostic, SpecError
from reconciler.model.capabilities import PARENT_KINDS
from reconciler.model.desired import DenialKind
from reconciler.model.keys import parse_symbol
from reconciler.sandbox.history import Ttls
from reconciler.sandbox.hosted import ALGORITHM, ROLLING
from reconciler.sandbox.keymaker import ALGORITHMS
from reconciler.sandbox.layout import (
    SKEW,
    ParentLayout,
    RegistryLayout,
    ServerLayout,
    WorldLayout,
    ZoneLayout,
)
from reconciler.sandbox.ttls import max_zone_ttl


def dump_layout(layout: WorldLayout) -> str:
    """Return a layout as JSON that `load_layout` reads back to an equal value."""
    return json.dumps(_plain(layout), indent=2, sort_keys=True)


def load_layout(text: str) -> WorldLayout:
    """Return the layout that a JSON text holds; anything wrong with it raises SpecError."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise SpecError(_finding("layout", f"it is not JSON: {error}")) from error
    layout = _value(WorldLayout, data, "layout")
    if not isinstance(layout, WorldLayout):
        raise SpecError(_finding("layout", "a layout is a JSON object"))
    require_sound(layout)
    return layout


def require_sound(layout: WorldLayout) -> None:
    """Raise SpecError with everything that makes a layout impossible."""
    findings = [_finding(where, why) for where, why in _flaws(layout)]
    if findings:
        raise SpecError(*findings)


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: _plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value.hex() if isinstance(value, bytes) else value


def _value(kind: object, data: object, where: str) -> object:
    """Return `data` as a value of the annotated type `kind`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and isinstance(data, list):
        return tuple(_value(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(data))
    if origin is types.UnionType:
        return None if data is None else _value(arguments[0], data, where)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type) and isinstance(data, dict):
        return _dataclass(kind, data, where)
    return _scalar(kind, data, where)


def _dataclass(kind: type, data: Mapping[str, object], where: str) -> object:
    hints = typing.get_type_hints(kind)
    unknown = sorted(data.keys() - hints.keys())
    if unknown:
        why = f"unknown field {unknown[0]}; known are {', '.join(sorted(hints))}"
        raise SpecError(_finding(where, why))
    values = {name: _value(hints[name], item, f"{where}.{name}") for name, item in data.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise SpecError(_finding(where, str(error).partition("() ")[2])) from error


def _scalar(kind: object, data: object, where: str) -> object:
    try:
        if typing.get_origin(kind) is typing.Literal and data in typing.get_args(kind):
            return data
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(data)
        if kind is bytes and isinstance(data, str):
            return bytes.fromhex(data)
    except ValueError as error:
        raise SpecError(_finding(where, str(error))) from error
    if isinstance(kind, type) and type(data) is kind:
        return data
    raise SpecError(_finding(where, f"{data!r} does not belong here"))


def _flaws(layout: WorldLayout) -> Iterator[tuple[str, str]]:
    yield from _bad_names(layout)
    yield from _bad_servers(layout)
    for registry in layout.registries:
        yield from _bad_signing(registry.zone, registry, 0)
    for parent in layout.parents:
        yield from _bad_parent(parent)
    for zone in layout.zones:
        yield from _bad_zone(layout, zone)


def _bad_names(layout: WorldLayout) -> Iterator[tuple[str, str]]:
    zones = [registry.zone for registry in layout.registries]
    zones += [zone.zone for zone in layout.zones]
    systems = [*(s.name for s in layout.signers), *(p.name for p in layout.parents)]
    for group in (zones, systems, [server.name for server in layout.servers]):
        for name in {name for name in group if group.count(name) > 1}:
            yield name, "this name stands twice"
    for name in (*zones, *(server.name for server in layout.servers)):
        if not name.endswith(".") or name != name.lower() or not _is_name(name):
            yield name, "names are absolute (they end in a dot) and lower case"


def _is_name(name: str) -> bool:
    try:
        dns.name.from_text(name)
    except dns.exception.DNSException:
        return False
    return True


def _bad_servers(layout: WorldLayout) -> Iterator[tuple[str, str]]:
    addresses = [server.address for server in layout.servers]
    for server in layout.servers:
        if addresses.count(server.address) > 1:
            yield server.name, f"the address {server.address} stands twice"
        if not _is_ipv4(server.address):
            yield server.name, f"{server.address} is not an IPv4 address"
    for registry in layout.registries:
        yield from _bad_lags(registry.zone, registry.servers, registry.propagation_delay)
    for signer in layout.signers:
        yield from _bad_lags(signer.name, signer.servers, signer.propagation_delay)


def _bad_lags(
    where: str, servers: tuple[ServerLayout, ...], delay: int
) -> Iterator[tuple[str, str]]:
    if not any(server.lag == 0 and not server.hidden for server in servers):
        yield where, "one visible server must have no lag: the primary"
    if any(not 0 <= server.lag <= delay for server in servers):
        yield where, "lags are between 0 and the declared propagation_delay"


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _bad_signing(
    where: str, place: RegistryLayout | ZoneLayout, longest: int
) -> Iterator[tuple[str, str]]:
    if place.signing.period <= 0:
        yield where, f"signatures.refresh must be less than validity - {SKEW} s"
    if place.signing.refresh <= longest:
        yield where, "signatures would end in caches: refresh is not above TTL + propagation"
    if place.signing.denial.kind not in {DenialKind.NSEC, DenialKind.NSEC3}:
        yield where, "denial is nsec or nsec3; a zone without keys is unsigned by itself"
    if place.signing.denial.opt_out:
        yield where, "opt-out is not built"


def _bad_parent(parent: ParentLayout) -> Iterator[tuple[str, str]]:
    longest = PARENT_KINDS[parent.kind].capabilities.processing_max
    for name, delay in (
        ("registration_delay", parent.registration_delay),
        ("acts_after", parent.acts_after),
    ):
        if delay < 0:
            yield parent.name, f"{name} is not negative"
    if parent.poll_period <= 0:
        yield parent.name, "poll_period is above zero"
    direct = parent.kind == "sandbox-registrar"
    delay = parent.registration_delay if direct else parent.acts_after
    if delay > longest:
        yield parent.name, f"it promises to act within {longest} s, not {delay} s"


def _bad_zone(layout: WorldLayout, zone: ZoneLayout) -> Iterator[tuple[str, str]]:
    if zone.zone.partition(".")[2] not in {tld.zone for tld in layout.tlds}:
        yield zone.zone, "zones stand directly below a TLD of the layout"
    signers = [signer for signer in layout.signers if signer.name in zone.signers]
    if not signers or len(signers) != len(set(zone.signers)):
        yield zone.zone, "each of its signers must be a signer of the layout"
        return
    if not zone.first_ns <= set(zone.signers):
        yield zone.zone, "it is delegated to a signer that does not serve it"
    if zone.parent not in {parent.name for parent in layout.parents}:
        yield zone.zone, f"there is no parent {zone.parent}"
    yield from _bad_keys(zone)
    try:
        longest = max(max_zone_ttl(zone, signer.name, Ttls()) for signer in signers)
    except (dns.exception.DNSException, ValueError) as error:
        yield zone.zone, f"its records cannot be read: {error}"
        return
    slowest = max(signer.propagation_delay for signer in signers)
    yield from _bad_signing(zone.zone, zone, longest + slowest)
    for signer in signers:
        roll = zone.dnskey_ttl + longest + 2 * (signer.propagation_delay + SKEW)
        if signer.kind in ROLLING and signer.zsk_period <= roll:
            yield signer.name, f"zsk_period is too short for a rollover of {ALGORITHM} ({roll} s)"


def _bad_keys(zone: ZoneLayout) -> Iterator[tuple[str, str]]:
    for key in zone.keys:
        parsed = parse_symbol(key)
        if parsed is None:
            yield zone.zone, f"{key} is not a symbol such as ksk@13/1"
        elif parsed[1] not in ALGORITHMS:
            yield zone.zone, f"a key of algorithm {parsed[1]} cannot be made"


def _finding(where: str, why: str) -> Diagnostic:
    return Diagnostic(
        code="layout-invalid",
        summary=f"{where}: {why}",
        where=where,
        hint="`reconcile sandbox create` without --layout writes an example to start from",
    )
