"""Keys, digests and times of signatures, beside what whole views show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dns.dnssec
import dns.rdata
import pytest
from dns.dnssectypes import DSDigest
from dns.rdtypes.ANY.DNSKEY import DNSKEY
from dns.rdtypes.ANY.DS import DS
from dns.rdtypes.ANY.RRSIG import RRSIG

from reconciler.sandbox.judge.signatures import is_usable, matches, validity
from tests.judge.conftest import START, ZONE, key


@pytest.mark.parametrize("digest", [1, 2, 4])
def test_a_ds_matches_its_key_and_no_other(digest: int) -> None:
    policy = dns.dnssec.allow_all_policy
    own = key("k1").dnskey
    ds = dns.dnssec.make_ds(ZONE, own, DSDigest(digest), policy=policy)
    assert isinstance(ds, DS)
    assert matches(ds, own, ZONE)
    assert not matches(ds, key("k2").dnskey, ZONE)
    assert not matches(ds.replace(key_tag=(ds.key_tag + 1) % 65536), own, ZONE)  # type: ignore[arg-type]
    assert not matches(ds.replace(algorithm=8), own, ZONE)  # type: ignore[arg-type]
    assert not matches(ds, own, ZONE.parent())


def test_a_ds_of_an_unknown_digest_matches_nothing() -> None:
    own = key("k1").dnskey
    tag = dns.dnssec.key_id(own)
    ds = dns.rdata.from_text("IN", "DS", f"{tag} 13 9 {'00' * 32}")
    assert isinstance(ds, DS)
    assert not matches(ds, own, ZONE)


@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, True),
        ({"flags": 256}, True),
        ({"flags": 257 | 0x80}, False),
        ({"flags": 1}, False),
        ({"protocol": 2}, False),
        ({"key": b"\x01" * 65}, False),
        ({"key": b"\x01" * 63}, False),
    ],
)
def test_a_key_is_usable_by_flags_protocol_and_length(
    changes: dict[str, object],
    usable: bool,  # noqa: FBT001 (a table row)
) -> None:
    changed = key("k1").dnskey.replace(**changes)
    assert isinstance(changed, DNSKEY)
    assert is_usable(changed) is usable


def test_signature_times_are_serial_numbers_near_the_time_of_the_answer() -> None:
    def rrsig(inception: int, expiration: int) -> RRSIG:
        text = f"A 13 2 60 {expiration % 2**32} {inception % 2**32} 1 example.test. AAAA"
        record = dns.rdata.from_text("IN", "RRSIG", text)
        assert isinstance(record, RRSIG)
        return record

    day = timedelta(days=1)
    for seen in (START, datetime(2106, 2, 7, 6, 28, 10, tzinfo=UTC)):
        second = int(seen.timestamp())
        begins, ends = validity(rrsig(second - 86400, second + 86400), seen)
        assert (begins, ends) == (seen - day, seen + day)
