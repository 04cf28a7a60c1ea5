"""Golden timelines: what the proof must say of each, and which waits are tight.

Figures are those of published rollover tests and of RFC 7583, worked out by hand.
"""

from collections.abc import Callable

from reconciler.model.keys import DsRef
from reconciler.model.moves import (
    ApexNsSet,
    DsAdd,
    DsRemove,
    NsSet,
    TtlSet,
    ZoneSign,
    ZoneUnsign,
)
from reconciler.model.timeline import RRsetKind
from tests.proof.stories import (
    ALL,
    LIBERAL,
    Golden,
    add,
    ds,
    golden,
    krrsig,
    remove,
    sign_with,
)
from tests.proof.worlds import World, hours, keys, minutes, step


def zsk_pre_publication() -> Golden:
    w = World(keys=keys("k1 z1 z2"), data_ttl=hours(24), child=hours(1), signing=hours(168))
    return golden(
        w.timeline(
            w.ds(None, "k1"),
            w.dnskey(None, "k1 z1", "k1"),
            w.dnskey("s1", "k1 z1 z2", "k1"),
            w.dnskey("s3", "k1 z2", "k1"),
            w.data(None, "z1"),
            w.data("s2", "z2"),
            profiles=ALL,
        ),
        step("s1", {}, add("z2")),
        step("s2", {"s1": hours(2)}, sign_with("z2")),
        step("s3", {"s2": hours(193)}, remove("z1")),
    )


def ksk_double_signature() -> Golden:
    w = World(keys=keys("k1 z1 k2"), dnskey_ttl=hours(2), child=hours(1), ds_ttl=hours(1))
    return golden(
        w.timeline(
            w.ds(None, "k1"),
            w.ds("s2", "k2"),
            w.dnskey(None, "k1 z1", "k1"),
            w.dnskey("s1", "k1 z1 k2", "k1 k2"),
            w.dnskey("s3", "z1 k2", "k2"),
            w.data(None, "z1"),
            profiles=ALL,
        ),
        step("s1", {}, add("k2", sign=True)),
        step("s2", {"s1": hours(3)}, ds("k2")),
        step("s3", {"s2": hours(2)}, remove("k1")),
    )


def enabling(negative_ttl: int = 5, wait: int = 725) -> Golden:
    w = World(
        keys=keys("k1 z1"),
        dnskey_ttl=minutes(5),
        child=minutes(5),
        data_ttl=minutes(720),
        negative_ttl=minutes(negative_ttl),
        ds_ttl=minutes(120),
        parent=minutes(60),
    )
    return golden(
        w.timeline(
            w.ds(None),
            w.ds("s2", "k1"),
            w.dnskey(None, ""),
            w.dnskey("s1", "k1 z1", "k1"),
            w.data(None),
            w.data("s1", "z1"),
            profiles=ALL,
        ),
        step("s1", {}, ZoneSign(signer="a", keys=frozenset({"k1", "z1"}))),
        step("s2", {"s1": minutes(wait)}, ds("k1")),
    )


def going_insecure() -> Golden:
    w = World(keys=keys("k1"), ds_ttl=hours(24), dnskey_ttl=hours(2), child=minutes(5))
    return golden(
        w.timeline(
            w.ds(None, "k1"),
            w.ds("s1"),
            w.dnskey(None, "k1", "k1"),
            w.dnskey("s2", ""),
            w.data(None, "k1"),
            w.data("s2"),
            profiles=ALL,
            insecure_allowed=True,
        ),
        step("s1", {}, ds()),
        step("s2", {"s1": hours(25)}, ZoneUnsign(signer="a")),
    )


ROLL_8_TO_13 = World(
    keys=keys("o:8 n:13"),
    child=hours(1),
    data_ttl=hours(6),
    ds_ttl=hours(2),
)


def algorithm_liberal(profiles: tuple[str, ...] = LIBERAL) -> Golden:
    w = ROLL_8_TO_13
    return golden(
        w.timeline(
            w.ds(None, "o"),
            w.ds("s2", "n"),
            w.dnskey(None, "o", "o"),
            w.dnskey("s1", "o n", "o n"),
            w.dnskey("s3", "n", "n"),
            w.data(None, "o"),
            w.data("s1", "o n"),
            w.data("s3", "n"),
            profiles=profiles,
        ),
        step("s1", {}, add("n", sign=True), sign_with("o", "n")),
        step("s2", {"s1": hours(7)}, ds("n")),
        step("s3", {"s2": hours(3)}, remove("o"), sign_with("n")),
    )


def algorithm_conservative() -> Golden:
    w = ROLL_8_TO_13
    return golden(
        w.timeline(
            w.ds(None, "o"),
            w.ds("s3", "n"),
            w.dnskey(None, "o", "o"),
            w.dnskey("s2", "o n", "o n"),
            w.dnskey("s4", "n", "n"),
            w.data(None, "o"),
            w.data("s1", "o n"),
            w.data("s5", "n"),
            profiles=ALL,
        ),
        step("s1", {}, sign_with("o", "n")),
        step("s2", {"s1": hours(7)}, add("n", sign=True)),
        step("s3", {"s2": hours(2)}, ds("n")),
        step("s4", {"s3": hours(3)}, remove("o")),
        step("s5", {"s4": hours(2)}, sign_with("n")),
    )


def csk_roll() -> Golden:
    w = World(
        keys=keys("c1 c2"), child=hours(1), ds_ttl=hours(1), data_ttl=hours(24), signing=hours(600)
    )
    return golden(
        w.timeline(
            w.ds(None, "c1"),
            w.ds("s2", "c2"),
            w.dnskey(None, "c1", "c1"),
            w.dnskey("s1", "c1 c2", "c1 c2"),
            w.dnskey("s3", "c1 c2", "c2"),
            w.dnskey("s4", "c2", "c2"),
            w.data(None, "c1"),
            w.data("s2", "c2"),
            profiles=ALL,
        ),
        step("s1", {}, add("c2", sign=True)),
        step("s2", {"s1": hours(2)}, ds("c2"), sign_with("c2")),
        step("s3", {"s2": hours(2)}, krrsig("c2")),
        step("s4", {"s2": hours(625), "s3": 0}, remove("c1")),
    )


def csk_roll_slow_parent() -> Golden:
    w = World(
        keys=keys("c1 c2"),
        child=hours(1),
        parent=hours(168),
        ds_ttl=hours(1),
        data_ttl=hours(24),
        signing=hours(12),
    )
    return golden(
        w.timeline(
            w.ds(None, "c1"),
            w.ds("s2", "c2"),
            w.dnskey(None, "c1", "c1"),
            w.dnskey("s1", "c1 c2", "c1 c2"),
            w.dnskey("s3", "c2", "c2"),
            w.data(None, "c1"),
            w.data("s2", "c2"),
            profiles=ALL,
        ),
        step("s1", {}, add("c2", sign=True)),
        step("s2", {"s1": hours(2)}, ds("c2"), sign_with("c2")),
        step("s3", {"s2": hours(169)}, remove("c1")),
    )


def double_ds(last: int = 3) -> Golden:
    """The DNSKEY swap is the signer's own, in one piece."""
    w = World(keys=keys("k1 z1 k2"), ds_ttl=hours(24), dnskey_ttl=hours(2), child=hours(1))
    return golden(
        w.timeline(
            w.ds(None, "k1"),
            w.ds("s1", "k1", "k2"),
            w.ds("s3", "k2"),
            w.dnskey(None, "k1 z1", "k1"),
            w.dnskey("s2", "k2 z1", "k2"),
            w.data(None, "z1"),
            profiles=ALL,
        ),
        step("s1", {}, DsAdd(ds=DsRef("k2", 2))),
        step("s2", {"s1": hours(25)}, actor="signer-itself:a"),
        step("s3", {"s2": hours(last)}, DsRemove(ds=DsRef("k1", 2))),
    )


def double_rrset() -> Golden:
    w = World(keys=keys("k1 z1 k2"), ds_ttl=hours(24), dnskey_ttl=hours(2), child=hours(1))
    return golden(
        w.timeline(
            w.ds(None, "k1"),
            w.ds("s2", "k1", "k2"),
            w.ds("s3", "k2"),
            w.dnskey(None, "k1 z1", "k1"),
            w.dnskey("s1", "k1 z1 k2", "k1 k2"),
            w.dnskey("s3", "z1 k2", "k2"),
            w.data(None, "z1"),
            profiles=ALL,
        ),
        step("s1", {}, add("k2", sign=True)),
        step("s2", {None: hours(6)}, DsAdd(ds=DsRef("k2", 2))),
        step("s3", {"s1": hours(3), "s2": hours(25)}, DsRemove(ds=DsRef("k1", 2)), remove("k1")),
        slack={"s2<": hours(6)},
    )


def zsk_double_signature(ttl_key: int = 2, signing: int = 0, wait: int = 25) -> Golden:
    w = World(
        keys=keys("k1 z1 z2"),
        dnskey_ttl=hours(ttl_key),
        data_ttl=hours(24),
        child=hours(1),
        signing=hours(signing),
    )
    return golden(
        w.timeline(
            w.ds(None, "k1"),
            w.dnskey(None, "k1 z1", "k1"),
            w.dnskey("s1", "k1 z1 z2", "k1"),
            w.dnskey("s2", "k1 z2", "k1"),
            w.data(None, "z1"),
            w.data("s1", "z1 z2"),
            w.data("s2", "z2"),
            profiles=ALL,
        ),
        step("s1", {}, add("z2"), sign_with("z1", "z2")),
        step("s2", {"s1": hours(wait)}, remove("z1"), sign_with("z2")),
    )


def csk_to_split() -> Golden:
    w = World(
        keys=keys("c k z"),
        ds_ttl=hours(24),
        data_ttl=hours(24),
        dnskey_ttl=hours(2),
        child=hours(1),
    )
    return golden(
        w.timeline(
            w.ds(None, "c"),
            w.ds("s2", "k"),
            w.dnskey(None, "c", "c"),
            w.dnskey("s1", "c k z", "c k"),
            w.dnskey("s3", "k z", "k"),
            w.data(None, "c"),
            w.data("s2", "z"),
            profiles=ALL,
        ),
        step("s1", {}, add("k", sign=True), add("z")),
        step("s2", {"s1": hours(3)}, ds("k"), sign_with("z")),
        step("s3", {"s2": hours(25)}, remove("c")),
    )


def ttl_lowered(wait: int = 25) -> Golden:
    w = World(keys=keys("k1 z1 z2"), child=hours(1), dnskey_ttl=hours(24))
    return golden(
        w.timeline(
            w.ds(None, "k1"),
            w.dnskey(None, "k1 z1", "k1"),
            w.dnskey("s1", "k1 z1", "k1", ttl=hours(1)),
            w.dnskey("s2", "k1 z1 z2", "k1", ttl=hours(1)),
            w.data(None, "z1"),
            w.data("s3", "z2"),
            profiles=ALL,
        ),
        step("s1", {}, TtlSet(signer="a", rrset=RRsetKind.DNSKEY, ttl=hours(1))),
        step("s2", {"s1": minutes(6)}, add("z2")),
        step("s3", {"s1": hours(wait), "s2": hours(2)}, sign_with("z2")),
        slack={"s2<s1": minutes(6)},
    )


def ttl_raised(wait: int = 25) -> Golden:
    w = World(keys=keys("k1 z1 z2"), child=hours(1), dnskey_ttl=hours(24))
    return golden(
        w.timeline(
            w.ds(None, "k1"),
            w.dnskey(None, "k1 z1", "k1", ttl=hours(1)),
            w.dnskey("s1", "k1 z1", "k1"),
            w.dnskey("s2", "k1 z1 z2", "k1"),
            w.data(None, "z1"),
            w.data("s3", "z2"),
            profiles=ALL,
        ),
        step("s1", {}, TtlSet(signer="a", rrset=RRsetKind.DNSKEY, ttl=hours(24))),
        step("s2", {"s1": minutes(30)}, add("z2")),
        step("s3", {"s2": hours(wait)}, sign_with("z2")),
        slack={"s2<s1": minutes(30)},
    )


def ds_swap_with_both_keys(wait: int = hours(25)) -> Golden:
    """The old DS lived a day, the new one is published with ten minutes."""
    w = World(keys=keys("k1 z1 k2"), ds_ttl=hours(24), child=hours(1))
    return golden(
        w.timeline(
            w.ds(None, "k1"),
            w.ds("s1", "k2", ttl=minutes(10)),
            w.dnskey(None, "k1 z1 k2", "k1 k2"),
            w.dnskey("s2", "z1 k2", "k2"),
            w.data(None, "z1"),
            profiles=ALL,
        ),
        step("s1", {}, ds("k2")),
        step("s2", {"s1": wait}, remove("k1")),
    )


def standby_takes_over() -> Golden:
    w = World(keys=keys("k1 z1 k2"), ds_ttl=hours(24))
    return golden(
        w.timeline(
            w.ds(None, "k1", "k2"),
            w.ds("s1", "k2"),
            w.dnskey(None, "k1 z1 k2", "k1 k2"),
            w.dnskey("s1", "z1 k2", "k2"),
            w.data(None, "z1"),
            profiles=ALL,
        ),
        step("s1", {}, DsRemove(ds=DsRef("k1", 2)), remove("k1")),
    )


def digest_change() -> Golden:
    """A SHA-1 DS goes once the SHA-256 one of the same key stands: no wait is needed."""
    w = World(keys=keys("k1 z1"))
    return golden(
        w.timeline(
            w.ds(None, "k1/1"),
            w.ds("s1", "k1/1", "k1/2"),
            w.ds("s2", "k1/2"),
            w.dnskey(None, "k1 z1", "k1"),
            w.data(None, "z1"),
            profiles=ALL,
        ),
        step("s1", {}, DsAdd(ds=DsRef("k1", 2))),
        step("s2", {"s1": 0}, DsRemove(ds=DsRef("k1", 1))),
    )


def digest_trap() -> Golden:
    """Where the new key's DS has the higher digest, it must chain alone from the first moment."""
    w = World(keys=keys("k1 z1 k2"), child=hours(1), dnskey_ttl=hours(2))
    return golden(
        w.timeline(
            w.ds(None, "k1/1"),
            w.ds("s2", "k1/1", "k2/2"),
            w.dnskey(None, "k1 z1", "k1"),
            w.dnskey("s1", "k1 z1 k2", "k1 k2"),
            w.data(None, "z1"),
            profiles=("loose", "sha1-ignored", "top-digest"),
        ),
        step("s1", {}, add("k2", sign=True)),
        step("s2", {"s1": hours(3)}, DsAdd(ds=DsRef("k2", 2))),
    )


def migration(*, apex: bool = True) -> Golden:
    """T8; without `apex` the leaving signer's own NS set names it for ever."""
    w = World(
        keys=keys("ka za kb zb"),
        ds_ttl=hours(24),
        data_ttl=hours(24),
        ns_ttl=hours(48),
        child=minutes(6),
    )
    left = (w.ns("s3", "b", at="a", ttl=hours(24)),) if apex else ()
    moved = (ApexNsSet(signer="a", signers=frozenset({"b"})),) if apex else ()
    reach = hours(1 + 48) if apex else hours(1 + 48 + 24)
    return golden(
        w.timeline(
            w.ns(None, "a"),
            w.ns("s3", "b"),
            w.ns(None, "a", at="a", ttl=hours(24)),
            *left,
            w.ns(None, "b", at="b", ttl=hours(24)),
            w.ds(None, "ka"),
            w.ds("s2", "ka", "kb"),
            w.ds("s4", "kb"),
            w.dnskey(None, "ka za", "ka"),
            w.dnskey("s1", "ka za zb", "ka"),
            w.dnskey(None, "kb zb", "kb", signer="b"),
            w.dnskey("s1", "kb zb za", "kb", signer="b"),
            w.dnskey("s5", "kb zb", "kb", signer="b"),
            w.data(None, "za"),
            w.data(None, "zb", signer="b"),
            profiles=ALL,
            ns=False,
        ),
        step("s1", {}, add("zb"), add("za", signer="b")),
        step("s2", {"s1": minutes(66)}, DsAdd(ds=DsRef("kb", 2))),
        step(
            "s3",
            {"s2": hours(25), "s1": minutes(66)},
            NsSet(signers=frozenset({"b"})),
            *moved,
        ),
        step("s4", {"s3": reach + hours(1)}, DsRemove(ds=DsRef("ka", 2))),
        step("s5", {"s3": reach + hours(24)}, remove("za", "b")),
        slack={"s2<s1": minutes(66), "s3<s1": minutes(66)},
    )


PROVED: dict[str, Callable[[], Golden]] = {
    "T1 ZSK pre-publication": zsk_pre_publication,
    "T2 KSK double-signature": ksk_double_signature,
    "T3 enabling": enabling,
    "T3 enabling, long negative TTL": lambda: enabling(1440, 1445),
    "T4 going insecure": going_insecure,
    "T5 algorithm rollover, liberal": algorithm_liberal,
    "T5c algorithm rollover, conservative": algorithm_conservative,
    "T6 CSK rollover": csk_roll,
    "T7 CSK rollover, slow parent": csk_roll_slow_parent,
    "T8 migration between signers": migration,
    "T8 migration, apex NS of the leaving signer stays": lambda: migration(apex=False),
    "T9 double-DS": double_ds,
    "T10 double-RRset": double_rrset,
    "T11 ZSK double-signature": zsk_double_signature,
    "T11 ZSK double-signature, long DNSKEY TTL": lambda: zsk_double_signature(48, 0, 49),
    "T11 ZSK double-signature, slow signing": lambda: zsk_double_signature(2, 5, 30),
    "T12 CSK to KSK and ZSK": csk_to_split,
    "T13 DNSKEY TTL lowered": ttl_lowered,
    "T13 DNSKEY TTL raised": ttl_raised,
    "T13 DS TTL cut with the change, T14 guide with the wait": ds_swap_with_both_keys,
    "T16 standby takes over": standby_takes_over,
    "digest change": digest_change,
    "digest trap": digest_trap,
}
