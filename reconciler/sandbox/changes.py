"""When answers change by themselves: delays that pass, signatures made anew, keys that roll."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.sandbox import hosted, policy, polling
from reconciler.sandbox.contents import Moment
from reconciler.sandbox.faults import FaultKind
from reconciler.sandbox.history import History, SignerState
from reconciler.sandbox.layout import (
    RegistryLayout,
    ServerLayout,
    SignerLayout,
    SigningLayout,
    ZoneLayout,
)


def next_change(moment: Moment) -> int | None:
    """Return the first instant after `moment` at which some server may answer differently.

    It may name an instant at which nothing changes, and never misses one at which something does.
    """
    return min((at for at in _candidates(moment) if at > moment.at), default=None)


def _candidates(moment: Moment) -> Iterator[int]:
    history = moment.history
    for fault in history.faults:
        yield fault.since
        if fault.until is not None:
            yield fault.until
    for registry in moment.layout.registries:
        yield from _registry_changes(moment, registry)
    for signer in moment.layout.signers:
        for zone in moment.layout.zones:
            if signer.name in zone.signers:
                yield from _signer_changes(moment, signer, zone)


def _registry_changes(moment: Moment, registry: RegistryLayout) -> Iterator[int]:
    lags = _lags(registry.servers, moment.history)
    yield from _next_turns(moment, registry.signing, lags)
    for zone in moment.layout.zones:
        if zone.zone.endswith("." + registry.zone):
            yield from _poll_changes(moment, zone)
            beginnings = [v.at for v in moment.history.delegations[zone.zone]]
            yield from _next_begins(beginnings, moment, lags)


def _poll_changes(moment: Moment, zone: ZoneLayout) -> Iterator[int]:
    parent = polling.poller(moment.layout, zone)
    if parent is not None and polling.asks(moment.history, zone):
        yield polling.next_poll(parent, moment.seed, moment.at)


def _signer_changes(moment: Moment, signer: SignerLayout, zone: ZoneLayout) -> Iterator[int]:
    lags = _lags(signer.servers, moment.history)
    versions = moment.history.signers[signer.name, zone.zone]
    yield from _next_begins([v.at for v in versions], moment, lags)
    if any(v.state.krrsig or v.state.zrrsig for v in versions):
        yield from _next_turns(moment, zone.signing, lags)
    if signer.kind in hosted.ROLLING:
        for at in _rolls(signer, zone, versions[-1].state, moment.at):
            yield from (at + lag for lag in lags)
    if signer.kind == policy.KIND:
        due = policy.next_event(signer, zone, versions[-1].state)
        if due is not None:
            yield due.at


def _lags(servers: Iterable[ServerLayout], history: History) -> set[int]:
    lags = {server.lag for server in servers}
    behind = (
        server.lag + fault.seconds
        for server in servers
        for fault in history.faults
        if fault.kind is FaultKind.LAG and fault.target == server.name
    )
    return lags | set(behind)


def _next_begins(beginnings: list[int], moment: Moment, lags: set[int]) -> Iterator[int]:
    for lag in lags:
        index = bisect_right(beginnings, moment.at - lag)
        if index < len(beginnings):
            yield beginnings[index] + lag


def _next_turns(moment: Moment, signing: SigningLayout, lags: set[int]) -> Iterator[int]:
    for lag in lags:
        turn = max(0, (moment.at - lag - moment.start) // signing.period)
        yield moment.start + (turn + 1) * signing.period + lag


def _rolls(signer: SignerLayout, zone: ZoneLayout, state: SignerState, after: int) -> Iterator[int]:
    """Yield the instants of events to come, up to the first after `after`."""
    while (due := hosted.next_event(signer, zone, state)) is not None:
        yield due.at
        if due.at > after:
            return
        state = replace(state, events=state.events + 1)
