"""Names of keys and DS, and the order of versions."""

from __future__ import annotations

from dataclasses import replace

import dns.dnssec
import dns.name
import dns.rdata
import pytest
from dns.dnssectypes import DSDigest
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.keys import DsRef, Key, UnmatchedDs
from reconciler.model.timeline import DsVersion
from reconciler.observe.labels import Labels, as_dnskey, label_all
from reconciler.observe.parent_view import ParentView
from reconciler.observe.versions import earlier, ranked, serial_order
from reconciler.observe.wire import Server
from reconciler.ports import SignerClaim

ZONE = dns.name.from_text("shop.example.")


def key(label: str, fill: int, flags: int = 257, **more: object) -> Key:
    made = Key(label=label, algorithm=13, flags=flags, public_key=bytes([fill]) * 64)
    return replace(made, **more)  # type: ignore[arg-type]


def record(one: Key) -> DNSKEY:
    made = as_dnskey(one)
    assert made is not None
    return made


def claim(*keys: Key) -> SignerClaim:
    return SignerClaim(keys=keys, nameservers=frozenset(), signing=True)


def ds(one: Key, kind: int = 2) -> DS:
    return dns.dnssec.make_ds(
        ZONE, record(one), DSDigest(kind), policy=dns.dnssec.allow_all_policy, validating=True
    )


def labels(seen: list[Key], claims: dict[str, SignerClaim], *records: DS) -> Labels:
    return label_all(ZONE, [record(k) for k in seen], claims, records)


def test_a_symbol_stays_and_brings_home_and_generation() -> None:
    made = key("ksk@13/2", 1)
    found = labels([made], {"a": claim(made)})
    assert found.entries == {"ksk@13/2": replace(made, home="a", generation=2)}
    assert found.of_keys([record(made)]) == {"ksk@13/2"}


def test_keys_without_symbol_are_named_by_role_algorithm_and_tag() -> None:
    ksk, zsk = key("CMKT-17", 1, home="b"), key("", 2, flags=256)
    found = labels([zsk], {"a": claim(ksk)})
    assert set(found.entries) == {f"ksk-13-{ksk.tag}", f"zsk-13-{zsk.tag}"}
    foreign, unknown = (found.entries[label] for label in sorted(found.entries))
    assert isinstance(foreign, Key)
    assert isinstance(unknown, Key)
    assert foreign.home == "b"
    assert unknown.home is None


def test_the_same_symbol_at_two_signers_names_two_keys() -> None:
    found = labels([], {"b": claim(key("ksk@13/1", 2)), "a": claim(key("ksk@13/1", 1))})
    homes = {label: entry.home for label, entry in found.entries.items() if isinstance(entry, Key)}
    assert homes == {"ksk@13/1": "a", "ksk@13/1-2": "b"}


def test_colliding_tags_get_different_labels() -> None:
    one = key("", 1)
    swapped = bytes([1, 1, 1, 0]) + bytes([1]) * 58 + bytes([1, 2])
    other = replace(one, public_key=swapped)
    assert one.tag == other.tag
    found = labels([other, one], {})
    assert set(found.entries) == {f"ksk-13-{one.tag}", f"ksk-13-{one.tag}-2"}
    assert len(found.of_keys([record(one), record(other)])) == 2


def test_a_symbol_wins_over_another_signers_name_for_the_same_key() -> None:
    shared = key("ksk@13/1", 1)
    found = labels([], {"a": claim(replace(shared, label="imported")), "b": claim(shared)})
    assert set(found.entries) == {"ksk@13/1"}


@pytest.mark.parametrize("kind", [1, 2, 4])
def test_a_ds_is_named_by_the_key_whose_digest_it_is(kind: int) -> None:
    made = key("ksk@13/1", 1)
    found = labels([made], {"a": claim(made)}, ds(made, kind))
    assert found.of_ds([ds(made, kind)]) == {DsRef("ksk@13/1", kind)}


def test_a_ds_with_a_wrong_digest_or_an_unknown_type_stands_for_itself() -> None:
    made = key("ksk@13/1", 1)
    wrong = ds(made).replace(digest=bytes(32))
    odd = ds(made).replace(digest_type=200)
    found = label_all(ZONE, [], {"a": claim(made)}, [wrong, odd])  # type: ignore[list-item]
    unmatched = [e for e in found.entries.values() if isinstance(e, UnmatchedDs)]
    assert {e.label for e in unmatched} == {
        f"ds-{made.tag}-13-2-00000000",
        f"ds-{made.tag}-13-200-{ds(made).digest.hex()[:8]}",
    }
    assert all(e.rdata and e.rdata == e.rdata.lower() for e in unmatched)


def test_two_ds_that_begin_alike_get_different_labels() -> None:
    made = key("", 1)
    alike = [ds(made).replace(digest=bytes(31) + bytes([n])) for n in (1, 2)]
    found = label_all(ZONE, [], {}, alike)  # type: ignore[arg-type]
    assert len(found.entries) == 2


@given(order=st.permutations(range(5)))
def test_labels_do_not_depend_on_the_order_in_which_things_were_seen(order: list[int]) -> None:
    keys = [key("", n // 2 + 1, flags=256 + n % 2) for n in range(5)]
    signed = [ds(k) for k in keys if k.is_sep]
    first = labels(keys, {"a": claim(keys[0])}, *signed)
    again = labels([keys[n] for n in order], {"a": claim(keys[0])}, *reversed(signed))
    assert first == again


def view(serial: int, *digests: int, address: str = "192.0.2.1") -> ParentView:
    records = frozenset(dns.rdata.from_text("IN", "DS", f"7 13 2 {n:064x}") for n in digests)
    return ParentView(
        server=Server(name="ns.", address=address),
        serial=serial,
        ds=records,  # type: ignore[arg-type]
        ds_ttl=3600,
        ns_ttl=1,
    )


def test_the_newest_serial_stands_also_around_the_end_of_numbers() -> None:
    views = [view(2**32 - 1, 1), view(3, 2), view(2, 3)]
    assert [v.serial for v in ranked(views)] == [3, 2, 2**32 - 1]
    assert serial_order(0, 2**32 - 1) > 0 > serial_order(2**32 - 1, 0)


def test_at_one_serial_what_most_servers_show_stands() -> None:
    views = [view(1, 1), view(1, 2), view(1, 2)]
    assert ranked(views)[0].ds == view(1, 2).ds


def test_a_view_with_an_error_never_stands() -> None:
    assert ranked([replace(view(9, 1), error="lame"), view(1, 2)]) == (view(1, 2),)


def version(seen: ParentView) -> DsVersion:
    refs = frozenset(DsRef(record.digest.hex(), 2) for record in seen.ds)
    return DsVersion(ttl=3600, propagation=60, ds=refs)


def test_earlier_versions_are_each_listed_once_oldest_first() -> None:
    views = ranked([view(4, 4), view(3, 3), view(3, 3), view(2, 2), view(1, 4), view(1, 1)])
    found = earlier(views, version)
    assert [v.at for v in found] == [None, -2, -1]
    assert version(views[0]) not in found
