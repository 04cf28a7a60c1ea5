"""Who serves a zone: found by iterating from the root, never from a resolver (RFC 1034 §5.3.3).

Names are walked label by label (as in RFC 9156), so that a cut is found even where one server
serves both sides of it. One `Hierarchy` remembers what it learned for as long as it lives: make a
new one for every run, since what it remembers does not age.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import dns.name
from dns.name import Name
from dns.rdatatype import RdataType
from dns.rrset import RRset

from reconciler.diagnostics import Diagnostic, ObservationError, Severity
from reconciler.model.desired import Observers
from reconciler.observe.ask import ask
from reconciler.observe.roots import ROOT_HINTS
from reconciler.observe.wire import Response, Server, question
from reconciler.ports import Exchange

MAX_SERVERS = 32
"""Name servers of one zone; the largest delegations in use have 13 to 20."""
MAX_DEPTH = 6
"""How many names may need another name's address first, nested (Unbound's default is 6 as well)."""
MAX_WORK = 300
"""Queries and name servers looked at for one errand (finding the servers of one zone or name):
healthy ones need under thirty; mazes of delegations without addresses (NXNSAttack) end here."""

_FAMILIES = {"ipv4": RdataType.A, "ipv6": RdataType.AAAA}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A zone as delegated: its name servers, each with the addresses the delegation came with."""

    zone: Name
    nameservers: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Every address found for some name servers. `lost`: those whose addresses could not be found
    (the address is empty), with the reason; `notes`: what else there is to know.
    """

    found: tuple[Server, ...]
    lost: tuple[tuple[Server, str], ...] = ()
    notes: tuple[Diagnostic, ...] = ()


@dataclass(slots=True)
class _Errand:
    """The work left for one question asked of a `Hierarchy`, and the names it waits for."""

    work: int = MAX_WORK
    trail: list[Name] = field(default_factory=list)

    def spend(self, name: Name) -> None:
        """Count one piece of work for `name`; the last one ends the errand."""
        self.work -= 1
        if self.work < 0:
            raise _TooMuchWorkError(_too_much_work(name))


class _TooMuchWorkError(ObservationError):
    """The errand is over: not a fault of one server but of the maze they make together."""


class Hierarchy:
    """Finds zone cuts and addresses; remembers them for its life."""

    def __init__(self, exchange: Exchange, observers: Observers) -> None:
        """Start from the observers' root hints, or the Internet's where they name none."""
        self._exchange = exchange
        self._families = tuple(_FAMILIES[f] for f in sorted(observers.address_families))
        hints = observers.hints or ROOT_HINTS
        by_name = {name: self.counted(addresses) for name, addresses in sorted(hints.items())}
        self._root = Cut(zone=dns.name.root, nameservers=by_name)
        self._cuts: dict[Name, Cut | None] = {}
        self._lost: dict[Name, ObservationError] = {}
        self._addresses: dict[Name, tuple[str, ...]] = {}
        self._failures: dict[Name, ObservationError] = {}
        self._servers: dict[Name, Servers] = {}

    def ancestors(self, zone: Name) -> tuple[Cut, ...]:
        """Return the zones above `zone`, from the root down to its parent.

        Raises ObservationError where no server of one of them could be used.
        """
        return self._ancestors(zone, _Errand())

    def servers(self, cut: Cut) -> Servers:
        """Return every address of every name server that the delegation or the apex names."""
        if cut.zone not in self._servers:
            self._servers[cut.zone] = self._all_servers(cut)
        return self._servers[cut.zone]

    def resolve(self, nameservers: Mapping[str, tuple[str, ...]]) -> Servers:
        """Return every address of these name servers; given ones (glue) are taken as they are."""
        found: list[Server] = []
        lost: list[tuple[Server, str]] = []
        notes = [_too_many_servers(len(nameservers))] if len(nameservers) > MAX_SERVERS else []
        for name, glue in sorted(nameservers.items())[:MAX_SERVERS]:
            try:
                addresses = glue or self.addresses(dns.name.from_text(name))
            except ObservationError as error:
                lost.append((Server(name=name, address=""), _reason(error.diagnostics[0])))
            else:
                found += [Server(name=name, address=a) for a in addresses]
                notes += [] if addresses else [_no_address(name)]
        return Servers(found=tuple(found), lost=tuple(lost), notes=tuple(notes))

    def addresses(self, name: Name) -> tuple[str, ...]:
        """Return a host's addresses of the observed families, from its zone's own servers.

        Raises ObservationError for hosts that cannot be resolved, loops included.
        """
        if name in self._failures:
            raise self._failures[name]
        try:
            return self._addresses_of(name, _Errand())
        except ObservationError as error:
            self._failures[name] = error
            raise

    def _counted_glue(self, response: Response, bailiwick: Name) -> dict[str, tuple[str, ...]]:
        """Return a referral's glue for names at or below `bailiwick` (others: not its business)."""
        return {
            str(name).lower(): self.counted(addresses)
            for name, addresses in response.glue().items()
            if name.is_subdomain(bailiwick)
        }

    def counted(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """Return the addresses that are of the observed families, sorted."""
        six = RdataType.AAAA in self._families
        four = RdataType.A in self._families
        return tuple(sorted(a for a in addresses if (six if ":" in a else four)))

    def _ancestors(self, zone: Name, errand: _Errand) -> tuple[Cut, ...]:
        cuts = [self._root]
        for depth in range(2, len(zone)):
            below = self._cut_at(cuts[-1], zone.split(depth)[1], errand)
            if below is not None:
                cuts.append(below)
        return tuple(cuts)

    def _cut_at(self, above: Cut, name: Name, errand: _Errand) -> Cut | None:
        """Return the zone cut at `name` as the servers of `above` tell it; None: no cut."""
        if name in self._lost:
            raise self._lost[name]
        if name not in self._cuts:
            try:
                self._cuts[name] = self._find_cut(above, name, errand)
            except ObservationError as error:
                if not errand.trail:  # otherwise another way to it may still be found
                    self._lost[name] = error
                raise
        return self._cuts[name]

    def _find_cut(self, above: Cut, name: Name, errand: _Errand) -> Cut | None:
        faults: list[str] = []
        for server in self._usable(above, errand, faults):
            response = self._ask(server, name, RdataType.NS, errand)
            delegation = delegation_in(response)
            if delegation is not None:
                glue = self._counted_glue(response, above.zone)
                named = {host: glue.get(host, ()) for host in hosts(delegation)}
                return Cut(zone=name, nameservers=named)
            if response.error is None and response.authoritative:
                return None
            faults.append(f"{server.where}: {fault(response, above.zone)}")
        raise ObservationError(_nobody_answers(above.zone, name, faults))

    def _usable(self, cut: Cut, errand: _Errand, faults: list[str]) -> Iterator[Server]:
        """Yield the servers of a cut, those with glue first; resolve others only when needed."""
        glue_first = sorted(cut.nameservers.items(), key=lambda item: not item[1])
        for host, addresses in glue_first[:MAX_SERVERS]:
            try:
                known = addresses or self._addresses_of(dns.name.from_text(host), errand)
            except _TooMuchWorkError:
                raise
            except ObservationError as error:
                faults.append(_reason(error.diagnostics[0]))
            else:
                yield from (Server(name=host, address=a) for a in known)

    def _all_servers(self, cut: Cut) -> Servers:
        named = dict(cut.nameservers)
        errand = _Errand()
        for server in self._usable(cut, errand, []):
            response = self._ask(server, cut.zone, RdataType.NS, errand)
            apex = response.answer() if response.authoritative else None
            if apex is not None:
                glue = self._counted_glue(response, cut.zone)
                for host in hosts(apex):
                    named[host] = named.get(host) or glue.get(host, ())
                break
        return self.resolve(named)

    def _addresses_of(self, name: Name, errand: _Errand) -> tuple[str, ...]:
        if name not in self._addresses:
            errand.spend(name)
            if name in errand.trail or len(errand.trail) >= MAX_DEPTH:
                raise ObservationError(_loop(name, errand.trail))
            errand.trail.append(name)
            try:
                self._addresses[name] = self._look_up(name, errand)
            finally:
                errand.trail.pop()
        return self._addresses[name]

    def _look_up(self, name: Name, errand: _Errand) -> tuple[str, ...]:
        above = self._ancestors(name, errand)[-1]
        cut = (self._cut_at(above, name, errand) if len(name) > 1 else None) or above
        found: list[str] = []
        for family in self._families:
            found += self._records(cut, name, family, errand)
        return tuple(sorted(found))

    def _records(self, cut: Cut, name: Name, family: RdataType, errand: _Errand) -> list[str]:
        faults: list[str] = []
        for server in self._usable(cut, errand, faults):
            response = self._ask(server, name, family, errand)
            if response.error is None and response.authoritative:
                rrset = response.answer()
                return [rdata.address for rdata in rrset] if rrset else []
            faults.append(f"{server.where}: {fault(response, cut.zone)}")
        raise ObservationError(_nobody_answers(cut.zone, name, faults))

    def _ask(self, server: Server, name: Name, rdtype: RdataType, errand: _Errand) -> Response:
        errand.spend(name)
        return ask(self._exchange, question(server, name, rdtype))


def delegation_in(response: Response) -> RRset | None:
    """Return the NS RRset of the name asked about: from a referral, or from the zone itself where
    one server serves both sides of the cut.
    """
    own = response.answer(RdataType.NS) if response.authoritative else None
    return own or response.authority(response.question.name, RdataType.NS)


def hosts(rrset: RRset) -> tuple[str, ...]:
    """Return the names in an NS RRset, lower case and sorted."""
    return tuple(sorted(str(rdata.target).lower() for rdata in rrset))


def fault(response: Response, zone: Name) -> str:
    """Return why a server's answer about a name in `zone` is of no use: lame, or worse."""
    if response.error is not None:
        return response.error
    for rrset in response.message.authority if response.message else ():
        if rrset.rdtype == RdataType.NS and zone.is_subdomain(rrset.name):
            return f"lame: it refers upward to {rrset.name}"
        if rrset.rdtype == RdataType.NS:
            return f"lame: it refers to {rrset.name}"
    return f"lame: it does not answer with authority for {zone}"


def _reason(problem: Diagnostic) -> str:
    """Return a problem on the way as one of the reasons for another, cut to a readable length."""
    detail = f" ({problem.detail})" if problem.detail else ""
    return textwrap.shorten(problem.summary + detail, 300)


def _nobody_answers(zone: Name, name: Name, faults: list[str]) -> Diagnostic:
    return Diagnostic(
        code="no-usable-server",
        summary=f"no server of {zone} gives a usable answer about {name}",
        detail="; ".join(faults) or "no address of any of its servers is known",
        hint="check that this machine can reach these servers on port 53 by UDP and TCP, and that"
        f" the delegation of {zone} names the right ones",
        where=str(zone),
    )


def _loop(name: Name, trail: list[Name]) -> Diagnostic:
    return Diagnostic(
        code="delegation-loop",
        summary=f"the address of {name} cannot be found: it needs itself, or too many others first",
        detail=" needs ".join(str(n) for n in (*trail, name)),
        hint="the zone of this name server needs glue, or name servers in another zone",
        where=str(name),
    )


def _too_much_work(name: Name) -> Diagnostic:
    return Diagnostic(
        code="too-much-work",
        summary=f"gave up at {name} after {MAX_WORK} pieces of work",
        detail="the delegations lead through a maze of name servers without addresses",
        hint="look at the delegation with `dig +trace`; its name servers need glue",
        where=str(name),
    )


def _too_many_servers(count: int) -> Diagnostic:
    return Diagnostic(
        code="too-many-servers",
        summary=f"{count} name servers for one zone; only {MAX_SERVERS} are asked",
        hint="what the others serve is not known: take servers out of the delegation",
    )


def _no_address(name: str) -> Diagnostic:
    return Diagnostic(
        severity=Severity.WARNING,
        code="no-address",
        summary=f"name server {name} has no address in the observed families",
        hint="add its address record, or count its family in observers.address_families",
        where=name,
    )
