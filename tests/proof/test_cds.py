"""CDS authorises: a polling parent may install what it has seen, at any time or never."""

from dataclasses import replace

from reconciler.model.keys import DsRef
from reconciler.model.moves import DsAdd
from reconciler.model.plan import Proved, Refuted
from reconciler.proof import prove
from tests.proof.stories import add, ds, remove
from tests.proof.worlds import World, hours, keys, step

W = World(
    keys=keys("k1 z1 k2"), dnskey_ttl=hours(2), child=hours(1), ds_ttl=hours(2), parent=hours(1)
)


def test_cds_is_published_only_when_its_key_is_in_every_cache() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey("s1", "k1 z1 k2", "k1 k2"),
        W.cds(None),
        W.cds("s2", "k2"),
        W.data(None, "z1"),
    )
    for wait, expected in ((hours(3), Proved), (hours(3) - 1, Refuted)):
        steps = (step("s1", {}, add("k2", sign=True)), step("s2", {"s1": wait}))
        assert isinstance(prove(steps, timeline), expected)


def test_cds_that_nobody_polls_authorises_nothing() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.cds(None, "k2", polled=False),
        W.data(None, "z1"),
    )
    assert isinstance(prove((), timeline), Proved)


def test_the_delete_form_is_insecure_unasked_for() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.cds(None, delete=True),
        W.data(None, "z1"),
    )
    verdict = prove((), timeline)
    assert isinstance(verdict, Refuted)
    assert verdict.verdict == "insecure"


def test_a_withdrawn_cds_counts_until_the_parent_must_have_acted_on_it() -> None:
    """The parent may install k2 until CDS is out of its cache and processed; then DS k1 is set
    again, and k2 goes once the installed DS is out of every cache.
    """
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.ds("s2", "k1", ttl=hours(2)),
        W.dnskey(None, "k1 z1 k2", "k1 k2"),
        W.dnskey("s3", "k1 z1", "k1"),
        W.cds(None, "k2", ttl=hours(1), processing_max=hours(24)),
        W.cds("s1"),
        W.data(None, "z1"),
    )
    settled = hours(1 + 1 + 24)
    for first, last, expected in (
        (settled, hours(3), Proved),
        (settled - 1, hours(3), Refuted),
        (settled, hours(3) - 1, Refuted),
    ):
        steps = (
            step("s1"),
            step("s2", {"s1": first}, ds("k1")),
            step("s3", {"s2": last}, remove("k2")),
        )
        assert isinstance(prove(steps, timeline), expected), (first, last)


def test_a_ds_is_added_to_whatever_the_parent_installed_by_itself() -> None:
    """Long after CDS is withdrawn, adding k2 to an installed {k2} leaves it without k1."""
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.ds("s2", "k1", "k2"),
        W.dnskey(None, "k1 z1 k2", "k1 k2"),
        W.dnskey("s3", "k1 z1", "k1"),
        W.cds(None, "k2"),
        W.cds("s1"),
        W.data(None, "z1"),
    )
    steps = (
        step("s1"),
        step("s2", {"s1": hours(1000)}, DsAdd(ds=DsRef("k2", 2))),
        step("s3", {"s2": hours(1000)}, remove("k2")),
    )
    verdict = prove(steps, timeline)
    assert isinstance(verdict, Refuted)
    assert "installed by CDS, then s2" in verdict.versions[0]


def test_what_was_seen_at_the_start_was_not_replaced_before() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.cds(None, "k2", ttl=0, processing_max=60),
        W.cds(-W.child - 60, processing_max=60),
        W.data(None, "z1"),
    )
    assert isinstance(prove((), timeline), Proved)


def test_an_unknown_cds_set_spoils_what_the_plan_does() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.dnskey(None, "k1 z1", "k1"),
        W.dnskey("s1", "k1 z1 k2", "k1"),
        W.unknown(W.cds(None)),
        W.cds(0),
        W.data(None, "z1"),
    )
    steps = (step("s1", {}, add("k2")),)
    assert isinstance(prove(steps, timeline), Refuted)


def test_the_parent_may_change_ds_by_itself_where_cds_says_so() -> None:
    timeline = W.timeline(
        W.ds(None, "k1"),
        W.ds("s1", "k2"),
        W.dnskey(None, "k1 z1 k2", "k1 k2"),
        W.dnskey("s2", "z1 k2", "k2"),
        W.cds(None, "k2"),
        W.data(None, "z1"),
    )
    for wait, expected in ((hours(3), Proved), (hours(3) - 1, Refuted)):
        steps = (step("s1"), step("s2", {"s1": wait}, remove("k1")))
        assert isinstance(prove(steps, timeline), expected)


def test_what_a_cds_set_told_before_is_no_doing_of_a_plan_beside_an_unknown_past() -> None:
    """Whatever was there before keeps the data for an hour, with the plan or without it."""
    past = replace(W.data(None, ""), unknown=True, ttl=hours(1))
    for told, why in (("k1", Proved), ("k2", Refuted)):
        timeline = W.timeline(
            W.ds(None, "k1"),
            W.dnskey(None, "k1 z1", "k1"),
            W.dnskey("s1", "k1 z1 k2", "k1 k2"),
            W.cds(None, told),
            past,
            replace(W.data(None, "z1"), at=0),
        )
        steps = (step("s1", {None: hours(2)}, add("k2", sign=True)),)
        assert isinstance(prove(steps, timeline), why)
