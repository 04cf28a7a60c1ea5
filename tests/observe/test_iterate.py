"""Finding servers from the root, through delegations that are lame, circular or endless."""

from __future__ import annotations

from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rrset
import pytest

from reconciler.diagnostics import ObservationError
from reconciler.model.desired import Observers
from reconciler.observe.iterate import MAX_SERVERS, MAX_WORK, Hierarchy
from reconciler.observe.roots import ROOT_HINTS
from reconciler.ports import Answer

ROOT = "203.0.113.1"
TLD = "203.0.113.11"


@dataclass
class Net:
    """Servers in memory. `says`: address and question to AA flag and records by section."""

    says: dict[tuple[str, str], tuple[bool, list[str], list[str], list[str]]] = field(
        default_factory=dict
    )
    asked: list[tuple[str, str]] = field(default_factory=list)

    def refers(self, address: str, question: str, ns: list[str], glue: list[str]) -> None:
        self.says[address, question] = (False, [], ns, glue)

    def answers(self, address: str, question: str, *records: str) -> None:
        self.says[address, question] = (True, list(records), [], [])

    def exchange(self, server: str, address: str, query: bytes) -> Answer:
        message = dns.message.from_wire(query)
        question = message.question[0]
        text = f"{question.name} {dns.rdatatype.to_text(question.rdtype)}"
        self.asked.append((address, text))
        response = dns.message.make_response(message)
        said = self.says.get((address, text)) or self.says.get((address, "*"))
        if said is None:
            response.set_rcode(dns.rcode.REFUSED)
        else:
            authoritative, *sections = said
            response.flags |= dns.flags.AA if authoritative else dns.flags.Flag(0)
            response.answer, response.authority, response.additional = map(_rrsets, sections)
        return Answer(server=server, address=address, transport="udp", wire=response.to_wire())


def _rrsets(records: list[str]) -> list[dns.rrset.RRset]:
    found: list[dns.rrset.RRset] = []
    for record in records:
        name, kind, rdata = record.split(maxsplit=2)
        rrset = dns.rrset.from_text(name, 3600, "IN", kind, rdata)
        same = [r for r in found if (r.name, r.rdtype) == (rrset.name, rrset.rdtype)]
        if same:
            same[0].add(rrset[0])
        else:
            found.append(rrset)
    return found


@pytest.fixture
def net() -> Net:
    """A root that delegates `example.` to one server with glue."""
    net = Net()
    net.refers(ROOT, "example. NS", ["example. NS ns.nic.example."], [f"ns.nic.example. A {TLD}"])
    net.answers(TLD, "example. NS", "example. NS ns.nic.example.")
    return net


def hierarchy(net: Net, *families: str) -> Hierarchy:
    observers = Observers(
        hints={"a.root.": (ROOT, "2001:db8::1")},
        address_families=frozenset(families or ("ipv4",)),
    )
    return Hierarchy(net, observers)


def name(text: str) -> dns.name.Name:
    return dns.name.from_text(text)


def zones(net: Net, zone: str) -> list[str]:
    return [str(cut.zone) for cut in hierarchy(net).ancestors(name(zone))]


def test_the_ancestors_of_a_zone_lead_from_the_root_to_its_parent(net: Net) -> None:
    assert zones(net, "shop.example.") == [".", "example."]
    assert zones(net, "example.") == ["."]


def test_an_empty_non_terminal_is_no_cut(net: Net) -> None:
    net.answers(TLD, "b.example. NS")
    assert zones(net, "a.b.example.") == [".", "example."]


def test_a_cut_is_found_where_one_server_serves_both_sides(net: Net) -> None:
    net.answers(TLD, "co.example. NS", "co.example. NS ns.nic.example.")
    net.answers("203.0.113.12", "*")
    assert zones(net, "shop.co.example.") == [".", "example.", "co.example."]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ((False, [], [". NS a.root."], []), "refers upward to ."),
        ((False, [], ["elsewhere. NS a.root."], []), "refers to elsewhere."),
        ((False, ["example. NS ns.nic.example."], [], []), "does not answer with authority"),
        ((False, [], [], []), "does not answer with authority"),
        (None, "answered REFUSED"),
    ],
)
def test_a_lame_server_is_named_with_what_it_does(
    net: Net, said: tuple[bool, list[str], list[str], list[str]] | None, why: str
) -> None:
    net.says.pop((ROOT, "example. NS"))
    if said is not None:
        net.says[ROOT, "example. NS"] = said
    with pytest.raises(ObservationError) as caught:
        hierarchy(net).ancestors(name("shop.example."))
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "no-usable-server"
    assert f"a.root. ({ROOT})" in diagnostic.detail
    assert why in diagnostic.detail
    assert diagnostic.hint


def test_a_lame_server_is_passed_over_for_a_good_one(net: Net) -> None:
    observers = Observers(hints={"a.lame.": ("203.0.113.9",), "b.root.": (ROOT,)})
    cuts = Hierarchy(net, observers).ancestors(name("shop.example."))
    assert str(cuts[-1].zone) == "example."
    assert net.asked[0][0] == "203.0.113.9"


def test_servers_are_those_of_the_delegation_and_of_the_apex(net: Net) -> None:
    net.answers(TLD, "example. NS", "example. NS ns.nic.example.", "example. NS new.nic.example.")
    net.answers(TLD, "nic.example. NS")
    net.answers(TLD, "ns.nic.example. NS")
    net.answers(TLD, "new.nic.example. NS")
    net.answers(TLD, "new.nic.example. A", "new.nic.example. A 203.0.113.12")
    found = hierarchy(net)
    servers = found.servers(found.ancestors(name("shop.example."))[-1])
    assert [s.where for s in servers.found] == [
        "new.nic.example. (203.0.113.12)",
        f"ns.nic.example. ({TLD})",
    ]
    assert servers.lost == ()


def test_glue_out_of_the_delegating_zones_reach_is_not_believed(net: Net) -> None:
    net.refers(
        TLD,
        "sub.example. NS",
        ["sub.example. NS ns.other."],
        ["ns.other. A 192.0.2.66", "ns.sub.example. A 192.0.2.1"],
    )
    net.refers(ROOT, "other. NS", ["other. NS ns.other."], ["ns.other. A 192.0.2.7"])
    net.answers("192.0.2.7", "ns.other. NS")
    net.answers("192.0.2.7", "ns.other. A", "ns.other. A 192.0.2.8")
    net.answers("192.0.2.8", "sub.example. NS", "sub.example. NS ns.other.")
    found = hierarchy(net)
    cut = found.ancestors(name("www.sub.example."))[-1]
    assert [s.address for s in found.servers(cut).found] == ["192.0.2.8"]


def test_addresses_are_remembered(net: Net) -> None:
    net.answers(TLD, "host.example. NS")
    net.answers(TLD, "host.example. A", "host.example. A 192.0.2.1")
    found = hierarchy(net)
    for _ in range(3):
        assert found.addresses(name("host.example.")) == ("192.0.2.1",)
    assert len(net.asked) == 3


def test_only_observed_address_families_are_used(net: Net) -> None:
    net.answers(TLD, "host.example. NS")
    net.answers(TLD, "host.example. A", "host.example. A 192.0.2.1")
    net.answers(TLD, "host.example. AAAA", "host.example. AAAA 2001:db8::7")
    both = hierarchy(net, "ipv4", "ipv6")
    assert both.addresses(name("host.example.")) == ("192.0.2.1", "2001:db8::7")
    assert hierarchy(net).addresses(name("host.example.")) == ("192.0.2.1",)


def test_a_host_without_address_in_the_observed_families_is_a_note(net: Net) -> None:
    net.answers(TLD, "host.example. NS")
    net.answers(TLD, "host.example. A")
    servers = hierarchy(net).resolve({"host.example.": ()})
    assert servers.found == ()
    assert [note.code for note in servers.notes] == ["no-address"]


def test_two_zones_that_need_each_other_are_a_loop_not_a_hang(net: Net) -> None:
    net.refers(ROOT, "one. NS", ["one. NS ns.two."], [])
    net.refers(ROOT, "two. NS", ["two. NS ns.one."], [])
    with pytest.raises(ObservationError) as caught:
        hierarchy(net).addresses(name("ns.one."))
    assert "the address of ns.one. cannot be found" in caught.value.diagnostics[0].detail
    assert len(net.asked) < 10


def test_a_zone_whose_only_server_is_inside_it_without_glue_is_a_loop(net: Net) -> None:
    net.refers(TLD, "sub.example. NS", ["sub.example. NS ns.sub.example."], [])
    found = hierarchy(net)
    with pytest.raises(ObservationError) as caught:
        found.addresses(name("ns.sub.example."))
    assert "ns.sub.example. cannot be found: it needs itself" in str(caught.value.diagnostics)
    with pytest.raises(ObservationError):
        found.addresses(name("ns.sub.example."))


def test_a_maze_of_name_servers_without_addresses_ends(net: Net) -> None:
    """NXNSAttack: each zone needs many names in zones that need many names."""
    for zone in range(40):
        targets = [f"z{zone}. NS n{i}.z{(zone * 7 + i) % 40}." for i in range(20)]
        net.refers(ROOT, f"z{zone}. NS", targets, [])
    with pytest.raises(ObservationError):
        hierarchy(net).addresses(name("www.z0."))
    assert len(net.asked) <= MAX_WORK


def test_more_servers_than_are_asked_is_an_error_note(net: Net) -> None:
    crowd = {f"ns{i:02}.example.": (f"192.0.2.{i}",) for i in range(1, MAX_SERVERS + 2)}
    servers = hierarchy(net).resolve(crowd)
    assert len(servers.found) == MAX_SERVERS
    assert [note.code for note in servers.notes] == ["too-many-servers"]


def test_the_internets_root_is_the_default() -> None:
    asked = Net()
    with pytest.raises(ObservationError):
        Hierarchy(asked, Observers()).ancestors(name("shop.example."))
    assert {address for address, _ in asked.asked} == {
        address for both in ROOT_HINTS.values() for address in both if ":" not in address
    }
