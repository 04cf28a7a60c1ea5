"""How an authoritative server answers a question from one zone (RFC 1034 §4.3.2, RFC 4035 §3.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import dns.name
import dns.rcode
import dns.rdataset
import dns.rdatatype
import dns.rrset
from dns.name import Name
from dns.rcode import Rcode
from dns.rdataset import Rdataset
from dns.rdatatype import RdataType
from dns.rrset import RRset

from reconciler.sandbox.contents import Contents, ancestors
from reconciler.sandbox.denial import Chain, Proof, chain, wildcard
from reconciler.sandbox.signatures import signatures

_MAX_ALIASES = 8
"""CNAMEs followed within one answer; BIND follows 16 restarts, a chain of 8 is long already."""

_CNAME, _NS, _DS, _A, _ANY, _RRSIG, _NSEC = (
    dns.rdatatype.CNAME,
    dns.rdatatype.NS,
    dns.rdatatype.DS,
    dns.rdatatype.A,
    dns.rdatatype.ANY,
    dns.rdatatype.RRSIG,
    dns.rdatatype.NSEC,
)


@dataclass(slots=True)
class Reply:
    """The sections of an answer, filled in as the question is followed."""

    rcode: Rcode = dns.rcode.NOERROR
    authoritative: bool = True
    answer: list[RRset] = field(default_factory=list)
    authority: list[RRset] = field(default_factory=list)
    additional: list[RRset] = field(default_factory=list)


class Zone:
    """One version of a zone that can be asked."""

    def __init__(self, contents: Contents) -> None:
        """Take the contents; the denial chain is made when it is first needed."""
        self.contents = contents
        self._chain: Chain | None = None

    def lookup(self, name: Name, rdtype: RdataType, *, dnssec: bool) -> Reply:
        """Answer one question about a name at or below the apex."""
        reply = Reply()
        for _ in range(_MAX_ALIASES):
            target = self._step(reply, name, rdtype, dnssec=dnssec)
            if target is None or not target.is_subdomain(self.contents.origin):
                break
            name = target
        return reply

    def _step(self, reply: Reply, name: Name, rdtype: RdataType, *, dnssec: bool) -> Name | None:
        cut = self.contents.cut_above(name)
        if cut is not None and not (cut == name and rdtype == _DS):
            self._refer(reply, cut, dnssec=dnssec)
            return None
        if name in self.contents.names:
            return self._answer_at(reply, name, name, rdtype, dnssec=dnssec)
        encloser = self._encloser(name)
        source = wildcard(encloser)
        if source in self.contents.names:
            return self._answer_at(reply, name, source, rdtype, dnssec=dnssec)
        reply.rcode = dns.rcode.NXDOMAIN
        self._negative(reply, lambda denial: denial.no_name(name, encloser), dnssec=dnssec)
        return None

    def _answer_at(
        self, reply: Reply, name: Name, source: Name, rdtype: RdataType, *, dnssec: bool
    ) -> Name | None:
        """Answer for `name` from the node `source`: itself or the wildcard; return an alias."""
        node = self._node(source)
        aliased = _CNAME in node and rdtype not in {_CNAME, _ANY, _RRSIG, _NSEC}
        found = self._matching(source, _CNAME if aliased else rdtype)
        if not found:
            self._no_data(reply, name, source, dnssec=dnssec)
            return None
        for rdataset in found:
            self._put(reply.answer, name, rdataset, dnssec=dnssec, source=source)
        if name != source and self._signed(dnssec=dnssec):
            proof = self._denial().expanded(name, source.parent())
            self._put_proof(reply.authority, proof)
        return found[0][0].target if aliased else None

    def _matching(self, source: Name, rdtype: RdataType) -> list[Rdataset]:
        node = self._node(source)
        if rdtype == _ANY:
            return list(node.values())
        if rdtype == _RRSIG:
            made = (signatures(self.contents, source, rdataset) for rdataset in node.values())
            return [rrsig for rrsig in made if rrsig is not None]
        return [node[rdtype]] if rdtype in node else []

    def _node(self, name: Name) -> dict[RdataType, Rdataset]:
        node = dict(self.contents.nodes.get(name, {}))
        if name in self.contents.cuts:
            node = {rdtype: node[rdtype] for rdtype in (_NS, _DS) if rdtype in node}
        nsec = self._denial().record(name) if self.contents.zrrsig else None
        return node if nsec is None else {**node, _NSEC: nsec}

    def _no_data(self, reply: Reply, name: Name, source: Name, *, dnssec: bool) -> None:
        if name == source:
            self._negative(reply, lambda denial: denial.no_data(name), dnssec=dnssec)
        else:
            encloser = source.parent()
            self._negative(
                reply, lambda denial: denial.wildcard_no_data(name, encloser), dnssec=dnssec
            )

    def _negative(self, reply: Reply, prove: Callable[[Chain], Proof], *, dnssec: bool) -> None:
        soa = self.contents.soa
        ttl = self.contents.negative_ttl
        self._put(reply.authority, self.contents.origin, soa, dnssec=dnssec, ttl=ttl)
        if self._signed(dnssec=dnssec):
            self._put_proof(reply.authority, prove(self._denial()))

    def _refer(self, reply: Reply, cut: Name, *, dnssec: bool) -> None:
        reply.authoritative = bool(reply.answer)
        node = self.contents.nodes[cut]
        reply.authority.append(_rrset(cut, node[_NS]))
        if self._signed(dnssec=dnssec):
            if _DS in node:
                self._put(reply.authority, cut, node[_DS], dnssec=True)
            else:
                self._put_proof(reply.authority, self._denial().no_ds(cut))
        for server in sorted(rdata.target for rdata in node[_NS]):
            addresses = self.contents.nodes.get(server, {}).get(_A)
            if addresses is not None:
                reply.additional.append(_rrset(server, addresses))

    def _encloser(self, name: Name) -> Name:
        above = ancestors(name, until=self.contents.origin)
        return next(parent for parent in above if parent in self.contents.names)

    def _signed(self, *, dnssec: bool) -> bool:
        return dnssec and bool(self.contents.zrrsig)

    def _denial(self) -> Chain:
        if self._chain is None:
            self._chain = chain(self.contents)
        return self._chain

    def _put_proof(self, section: list[RRset], proof: Proof) -> None:
        for owner, rdataset in proof:
            self._put(section, owner, rdataset, dnssec=True)

    def _put(  # noqa: PLR0913  an RRset, where it goes, and how it is shown
        self,
        section: list[RRset],
        name: Name,
        rdataset: Rdataset,
        *,
        dnssec: bool,
        source: Name | None = None,
        ttl: int | None = None,
    ) -> None:
        """Add an RRset as `name`, with its signatures (made for `source`) where they were asked."""
        shown = [rdataset]
        if dnssec and rdataset.rdtype != _RRSIG:
            shown.extend(_present(signatures(self.contents, source or name, rdataset)))
        known = {(rrset.name, rrset.rdtype, rrset.covers) for rrset in section}
        section.extend(
            _rrset(name, each, ttl)
            for each in shown
            if (name, each.rdtype, each.covers) not in known
        )


def _present(rdataset: Rdataset | None) -> Iterable[Rdataset]:
    return () if rdataset is None else (rdataset,)


def _rrset(name: Name, rdataset: Rdataset, ttl: int | None = None) -> RRset:
    lowered = rdataset.ttl if ttl is None else min(ttl, rdataset.ttl)
    return dns.rrset.from_rdata_list(name, lowered, list(rdataset))
