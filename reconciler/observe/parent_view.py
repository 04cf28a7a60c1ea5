"""The delegation as each address of each of the parent's servers serves it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from dns.name import Name
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.DS import DS

from reconciler.observe.ask import ask_all
from reconciler.observe.chain import Broken, Trusted, judge_ds
from reconciler.observe.iterate import delegation_in, fault, hosts
from reconciler.observe.ttl import negative_ttl, served_ttl
from reconciler.observe.wire import Response, Server, question
from reconciler.ports import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class ParentView:
    """The delegation as one server serves it; TTLs in seconds. `lag`: the zone's own SOA refresh
    plus retry, the time in which a secondary that missed a NOTIFY follows (RFC 1035 §3.3.13).
    `broken`: why what it says about the DS does not validate, where that is the error.
    """

    server: Server
    error: str | None = None
    broken: Broken | None = None
    ds: frozenset[DS] = frozenset()
    ds_ttl: int | None = None
    negative_ttl: int = 0
    ns: frozenset[str] = frozenset()
    ns_ttl: int = 0
    serial: int = 0
    lag: int = 0
    glue: Mapping[str, frozenset[str]] = field(default_factory=dict)


def sight_parents(
    exchange: Exchange,
    servers: Sequence[Server],
    zone: Name,
    parent: Trusted,
    now: datetime,
) -> tuple[ParentView, ...]:
    """Ask every server of the parent for the delegation of `zone`, and judge each by itself."""
    types = ((zone, RdataType.DS), (zone, RdataType.NS), (parent.zone, RdataType.SOA))
    questions = [question(server, name, rdtype) for server in servers for name, rdtype in types]
    responses = ask_all(exchange, questions)
    count = len(types)
    groups = [responses[i : i + count] for i in range(0, len(responses), count)]
    return tuple(
        _see_parent(server, group, parent, now)
        for server, group in zip(servers, groups, strict=True)
    )


def _see_parent(
    server: Server, responses: Sequence[Response], parent: Trusted, now: datetime
) -> ParentView:
    of_ds, of_ns, of_soa = responses
    soa = of_soa.answer()
    if soa is None or not of_soa.authoritative:
        return ParentView(server=server, error=fault(of_soa, parent.zone))
    delegation = delegation_in(of_ns)
    if delegation is None:
        absent = of_ns.error is None and of_ns.authoritative
        error = (
            f"it does not delegate {of_ns.question.name}" if absent else fault(of_ns, parent.zone)
        )
        return ParentView(server=server, error=error)
    ds = judge_ds(of_ds, parent, now)
    if isinstance(ds, Broken):
        return ParentView(server=server, error=ds.why, broken=ds)
    return ParentView(
        server=server,
        ds=frozenset(ds or ()),
        ds_ttl=served_ttl(of_ds, ds, parent.keys, parent.zone) if ds else None,
        negative_ttl=negative_ttl(of_soa, of_ds),
        ns=frozenset(hosts(delegation)),
        ns_ttl=delegation.ttl,
        serial=soa[0].serial,
        lag=soa[0].refresh + soa[0].retry,
        glue={
            str(name).lower(): frozenset(found)
            for name, found in of_ns.glue().items()
            if name.is_subdomain(parent.zone)
        },
    )
