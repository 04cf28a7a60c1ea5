"""What a validator must refuse, one fault at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import dns.dnssec
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from reconciler.sandbox.judge import Report, ValidationStatus
from reconciler.sandbox.judge.report import CHAIN
from tests.judge.conftest import (
    HOUR,
    ONE_SIGNER,
    START,
    Child,
    Delegation,
    Event,
    Pair,
    Server,
    Story,
    World,
    instant,
    key,
    new_pair,
    reflagged,
)

BOGUS, INSECURE = ValidationStatus.BOGUS, ValidationStatus.INSECURE
Tamper = Callable[[str, str, str, dns.message.Message], None]
Starts = dict[str, Child | Delegation]
STEADY_FROM = -30 * 24 * HOUR


def steady(
    child: Child,
    parent: Delegation | None = None,
    profiles: Sequence[str] = ("loose",),
    **extra: Pair,
) -> Report:
    """Judge a world in which nothing changes."""
    story = Story(
        starts={"parent": parent or Delegation(), "a": child},
        profiles=tuple(profiles),
        extra=extra,
    )
    return story.play([], HOUR)


def statuses(report: Report) -> set[ValidationStatus]:
    return {view.verdict for view in report.bad_views} or {ValidationStatus.SECURE}


def test_a_well_signed_zone_is_secure() -> None:
    report = steady(Child(), profiles=["loose", "ds-alg", "sha1-ignored", "top-digest", "rfc4035"])
    assert statuses(report) == {ValidationStatus.SECURE}
    assert report.first_secure["rfc4035"] == instant(STEADY_FROM)
    assert report.unanswered == 0
    assert report.verified > 0


@pytest.mark.parametrize(
    ("child", "parent", "why"),
    [
        pytest.param(Child(), Delegation(ds=(("k2", 2),)), "no DS matches", id="wrong DS"),
        pytest.param(
            Child(),
            Delegation(ds=((f"raw:1 13 2 {'00' * 32}", 2),)),
            "no DS matches",
            id="stray DS",
        ),
        pytest.param(Child(krrsig=("z1",)), None, "no DS matches", id="KSK does not sign DNSKEY"),
        pytest.param(Child(krrsig=()), None, "no DS matches", id="DNSKEY unsigned"),
        pytest.param(Child(keys=()), None, "no DS matches", id="no DNSKEY under a DS"),
        pytest.param(Child(keys=("k1",)), None, "signs the data", id="ZSK not published"),
        pytest.param(Child(zrrsig=()), None, "prove|signs the data", id="data unsigned"),
        pytest.param(Child(late=()), None, "signs the data", id="one RRset unsigned"),
        pytest.param(Child(denial=False), None, "nothing proves", id="denial without proof"),
        pytest.param(
            Child(keys=(), krrsig=(), zrrsig=()), None, "no DS matches", id="unsigned under a DS"
        ),
    ],
)
def test_a_broken_zone_is_bogus_for_ever(child: Child, parent: Delegation | None, why: str) -> None:
    report = steady(child, parent)
    assert statuses(report) == {BOGUS}
    assert all(view.ends is None for view in report.bad_views)
    assert any(part in report.examples[0].why for part in why.split("|"))


def test_no_ds_is_insecure_and_never_bogus() -> None:
    assert statuses(steady(Child(zrrsig=()), Delegation(ds=()))) == {INSECURE}


def test_a_signature_counts_as_ended_at_its_expiration() -> None:
    story = Story(starts={"parent": Delegation(), "a": Child(ends=10 * HOUR)})
    assert story.play([], 10 * HOUR - 1).bogus == 0
    report = story.play([], 10 * HOUR)
    assert report.times(BOGUS, "loose")[0][0] == instant(10 * HOUR)


def test_a_signature_may_not_end_while_a_cache_keeps_it() -> None:
    fresh = Event(9 * HOUR, "a", {"ends": 1000 * HOUR})
    story = Story(starts={"parent": Delegation(), "a": Child(ends=10 * HOUR)})
    assert story.play([fresh], 100 * HOUR).bogus == 0
    report = story.play([replace(fresh, at=9 * HOUR + 1)], 100 * HOUR)
    assert report.times(BOGUS, "loose") == ((instant(10 * HOUR), instant(10 * HOUR + 1)),)


def test_a_signature_from_the_future_is_bogus_until_then() -> None:
    story = Story(starts={"parent": Delegation(), "a": Child(starts=5 * HOUR)})
    report = story.play([], 100 * HOUR)
    assert report.times(BOGUS, "loose") == ((instant(STEADY_FROM), instant(5 * HOUR)),)
    assert report.first_secure["loose"] == instant(5 * HOUR)


def test_the_signature_of_an_expired_ds_is_bogus_where_trust_is_judged() -> None:
    starts: Starts = {"parent": Delegation(ends=10 * HOUR), "a": Child()}
    believed, judged = (Story(starts=starts, trusted=t) for t in (False, True))
    assert believed.play([], 20 * HOUR).bogus == 0
    report = judged.play([], 20 * HOUR)
    assert report.times(BOGUS, "loose")[0][0] == instant(10 * HOUR)
    assert "no key of the parent" in report.examples[0].why


def test_the_chain_from_the_anchor_to_the_ds_is_judged() -> None:
    report = Story(trusted=True).play([], HOUR)
    assert report.bogus == 0
    unsigned = Story(trusted=True, starts={"parent": Delegation(ds=()), "a": Child(zrrsig=())})
    assert statuses(unsigned.play([], HOUR)) == {INSECURE}


def test_a_parent_must_prove_that_there_is_no_ds() -> None:
    for tamper in (unsigned("example.test.", "DS"), emptied("example.test.", "DS")):
        world = World(ONE_SIGNER, tamper=tamper)
        world.states = dict.fromkeys(("parent-1", "parent-2"), Delegation(ds=()))
        world.states |= dict.fromkeys(("a-1", "a-2"), Child(keys=(), krrsig=(), zrrsig=()))
        judge = Story(trusted=True).judge(world)
        judge.look(START)
        assert statuses(judge.report()) == {BOGUS}


def unsigned(name: str, rdtype: str) -> Tamper:
    """Strip the signatures from one answer."""

    def tamper(_address: str, qname: str, asked: str, message: dns.message.Message) -> None:
        if (qname, asked) == (name, rdtype):
            for section in (message.answer, message.authority):
                section[:] = [r for r in section if r.rdtype != dns.rdatatype.RRSIG]

    return tamper


def emptied(name: str, rdtype: str) -> Tamper:
    """Leave one answer without any record."""

    def tamper(_address: str, qname: str, asked: str, message: dns.message.Message) -> None:
        if (qname, asked) == (name, rdtype):
            message.answer.clear()
            message.authority.clear()

    return tamper


@pytest.mark.parametrize(
    "tamper",
    [
        unsigned(".", "DNSKEY"),
        unsigned("test.", "DS"),
        unsigned("test.", "DNSKEY"),
        emptied("test.", "DS"),
        emptied("test.", "DNSKEY"),
    ],
)
def test_a_broken_chain_above_is_bogus_until_a_look_finds_it_whole(tamper: Tamper) -> None:
    story = Story(trusted=True)
    world = World(ONE_SIGNER)
    judge = story.judge(world)
    world.states = {s.address: story.starts[s.role] for s in ONE_SIGNER}
    world.tamper = tamper
    judge.look(instant(0))
    assert judge.report().bad_views[0].profile == CHAIN
    world.tamper = None
    judge.look(instant(7))
    report = judge.report()
    assert (report.bogus, statuses(report)) == (1, {BOGUS})
    assert (report.bad_views[0].begins, report.bad_views[0].ends) == (instant(0), instant(7))


def test_a_revoked_key_and_one_without_the_zone_flag_are_of_no_use() -> None:
    revoked, unzoned = reflagged("k1", 257 | 0x80), reflagged("k1", 1)
    assert statuses(steady(Child(), k1=revoked)) == {BOGUS}
    assert statuses(steady(Child(), k1=unzoned)) == {BOGUS}
    zsk = reflagged("z1", 256 | 0x80)
    assert statuses(steady(Child(), z1=zsk)) == {BOGUS}


def test_keys_of_one_tag_are_all_tried() -> None:
    one, two = colliding_pairs()
    assert dns.dnssec.key_id(one.dnskey) == dns.dnssec.key_id(two.dnskey)
    for signing in ("e1", "e2"):
        child = Child(keys=("e1", "e2"), krrsig=(signing,), zrrsig=(signing,))
        report = steady(child, Delegation(ds=((signing, 2),)), e1=one, e2=two)
        assert statuses(report) == {ValidationStatus.SECURE}
        other = "e2" if signing == "e1" else "e1"
        report = steady(child, Delegation(ds=((other, 2),)), e1=one, e2=two)
        assert statuses(report) == {BOGUS}


def colliding_pairs() -> tuple[Pair, Pair]:
    seen: dict[int, Pair] = {}
    while True:
        pair = new_pair("e")
        tag = dns.dnssec.key_id(pair.dnskey)
        if tag in seen:
            return seen[tag], pair
        seen[tag] = pair


@pytest.mark.parametrize(
    ("profile", "ds", "keys", "expected"),
    [
        ("loose", [("c1", 2), ("k2", 2)], ["c1"], None),
        ("loose", [("e1", 2), ("c1", 2)], ["c1"], None),
        ("ds-alg", [("e1", 2), ("c1", 2)], ["c1"], BOGUS),
        ("ds-alg", [("c1", 2)], ["c1", "e1"], None),
        ("sha1-ignored", [("c1", 1), ("k2", 2)], ["c1"], BOGUS),
        ("loose", [("c1", 1), ("k2", 2)], ["c1"], None),
        ("sha1-ignored", [("c1", 1)], ["c1"], None),
        ("sha1-ignored", [("c1", 1), ("c1", 2)], ["c1"], None),
        ("top-digest", [("c1", 2), ("k2", 4)], ["c1"], BOGUS),
        ("top-digest", [("k2", 2), ("c1", 4)], ["c1"], None),
        ("loose", [("c1", 2), ("k2", 4)], ["c1"], None),
        ("without-alg(15)", [("e1", 2)], ["e1"], INSECURE),
        ("without-alg(15)", [("e1", 2), ("c1", 2)], ["c1", "e1"], None),
        ("without-alg(13)", [("e1", 2), ("c1", 2)], ["c1"], BOGUS),
        ("loose", [(f"raw:1 13 9 {'00' * 32}", 9)], ["c1"], INSECURE),
        ("loose", [(f"raw:1 99 2 {'00' * 32}", 2)], ["c1"], INSECURE),
    ],
)
def test_profiles_differ(
    profile: str,
    ds: list[tuple[str, int]],
    keys: list[str],
    expected: ValidationStatus | None,
) -> None:
    names = tuple(keys)
    child = Child(keys=names, krrsig=names, zrrsig=names)
    report = steady(child, Delegation(ds=tuple(ds)), [profile])
    assert statuses(report) == {expected or ValidationStatus.SECURE}


def test_rfc4035_wants_every_algorithm_of_the_dnskey_rrset_to_sign_everything() -> None:
    published = Child(keys=("c1", "e1"), krrsig=("c1",), zrrsig=("c1",))
    half = replace(published, krrsig=("c1", "e1"))
    whole = replace(half, zrrsig=("c1", "e1"))
    verdicts = [
        statuses(steady(child, Delegation(ds=(("c1", 2),)), ["rfc4035"]))
        for child in (published, half, whole)
    ]
    assert verdicts == [{BOGUS}, {BOGUS}, {ValidationStatus.SECURE}]


def test_an_unknown_profile_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"strict.*ds-alg"):
        steady(Child(), profiles=["strict"])


def test_a_server_that_nobody_names_is_never_asked_by_a_resolver() -> None:
    stranger = Server("a", "ns3.a.", "a-3")
    broken = Server("a", "ns3.a.", "a-3", hidden=True)
    for server, expected in ((stranger, ValidationStatus.SECURE), (broken, BOGUS)):
        world = World((*ONE_SIGNER, server))
        story = Story(servers=world.servers)
        judge = story.judge(world)
        world.states = {s.address: story.starts[s.role] for s in ONE_SIGNER}
        world.states["a-3"] = Child(zrrsig=())
        judge.look(START)
        assert statuses(judge.report()) == {expected}


def test_a_signer_that_names_itself_is_asked_for_one_more_ttl() -> None:
    servers = (
        Server("parent", "p1.", "parent-1"),
        Server("a", "ns1.a.", "a-1"),
        Server("b", "ns1.b.", "b-1"),
    )
    left = Child(ns=("ns1.a.",), data_ttl=24 * HOUR)
    here = Child(ns=("ns1.b.",), data_ttl=24 * HOUR)
    starts: Starts = {"parent": Delegation(ns=("ns1.a.",), ns_ttl=48 * HOUR), "a": left, "b": here}
    moved = Event(0, "parent", {"ns": ("ns1.b.",)})
    story = Story(servers=servers, starts=starts, profiles=("loose",))
    off = {"keys": (), "krrsig": (), "zrrsig": ()}
    reach = 72 * HOUR
    assert story.play([moved, Event(reach, "a", off)], 1000 * HOUR).bogus == 0
    report = story.play([moved, Event(reach - 1, "a", off)], 1000 * HOUR)
    begins, _ = report.times(BOGUS)[0]
    assert begins == instant(reach - 1)


def test_the_order_of_landing_at_one_instant_is_cacheable() -> None:
    story = Story(profiles=("loose",))
    off = {"keys": ("k1", "z2"), "zrrsig": ("z2",)}
    passing = [Event(0, "a", off), Event(0, "a", {"keys": ("k1", "z1"), "zrrsig": ("z1",)})]
    report = story.play(passing, 100 * HOUR)
    assert report.times(BOGUS) == ((instant(0), instant(HOUR)),)


def test_a_server_alone_is_judged_even_if_nothing_can_be_cached() -> None:
    child = Child(data_ttl=0, key_ttl=0, negative_ttl=0)
    story = Story(starts={"parent": Delegation(ds_ttl=0), "a": child}, profiles=("loose",))
    broken = [Event(0, "a", {"zrrsig": ()}), Event(0, "a", {"zrrsig": ("z1",)})]
    report = story.play(broken, 10 * HOUR)
    assert {(view.begins, view.ends) for view in report.bad_views} == {(instant(0), instant(0))}


def test_a_silent_or_lame_server_is_counted_and_shows_nothing() -> None:
    world = World(ONE_SIGNER)
    story = Story()
    judge = story.judge(world)
    world.states = {s.address: story.starts[s.role] for s in ONE_SIGNER}
    world.silent = {"a-2"}
    judge.look(START)
    quiet = judge.report()
    assert quiet.bogus == 0
    assert quiet.unanswered == 4

    def refuse(address: str, _qname: str, _rdtype: str, message: dns.message.Message) -> None:
        if address == "a-1":
            message.set_rcode(dns.rcode.REFUSED)

    world.tamper = refuse
    judge.look(START)
    assert judge.report().unanswered == 4 + 8


def test_a_server_that_is_taken_away_serves_no_more() -> None:
    world = World(ONE_SIGNER)
    servers = list(ONE_SIGNER)
    story = Story(servers=servers)
    judge = story.judge(world)
    world.states = {s.address: story.starts[s.role] for s in ONE_SIGNER}
    world.states["a-2"] = Child(zrrsig=())
    judge.look(START)
    del servers[-1]
    judge.look(instant(100))
    judge.look(instant(10 * HOUR))
    ends = {view.ends for view in judge.report().bad_views}
    assert max(end for end in ends if end) == instant(100 + HOUR)
    assert None not in ends


def test_time_cannot_go_back_and_a_report_needs_a_look() -> None:
    world = World(ONE_SIGNER)
    judge = Story().judge(world)
    with pytest.raises(ValueError, match="nothing was looked at"):
        judge.report()
    judge.look(instant(1))
    with pytest.raises(ValueError, match="last look"):
        judge.look(instant(0))


def test_insecurity_counts_as_unasked_only_between_secure_and_asked() -> None:
    off = Event(50 * HOUR, "parent", {"ds": ()})
    on = Event(10 * HOUR, "parent", {"ds": (("k1", 2),)})
    starts: Starts = {"parent": Delegation(ds=()), "a": Child()}
    story = Story(starts=starts, profiles=("loose",))
    report = story.play([on, off], 60 * HOUR)
    assert report.bogus == 0
    assert report.insecure > 0
    assert report.first_secure["loose"] == instant(10 * HOUR + 60)
    assert report.insecure_unasked(secure_until=instant(50 * HOUR)) == 0
    assert report.insecure_unasked() > 0
    assert report.insecure_unasked(secure_from=instant(51 * HOUR), secure_until=START) == 0


def test_a_mix_of_old_and_new_parts_is_counted_for_each_change() -> None:
    first = Event(0, "a", {"keys": ("k1", "z1", "z2")})
    second = Event(5 * HOUR, "a", {"zrrsig": ("z2",)})
    report = Story().play([first, second], 50 * HOUR)
    times = [instant(0), instant(5 * HOUR)]
    assert report.mixed_between(times[0], times[1]) > 0
    assert report.mixed_between(times[1]) > 0
    assert report.mixed_between(instant(40 * HOUR)) == 0
    assert key("k1").algorithm == 13
