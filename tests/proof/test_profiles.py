"""Which DS count for whom, and what must then hold (RFC 4035 §5, RFC 4509 §3, RFC 6840 §5.11)."""

import pytest

from reconciler.proof.profiles import Status, judge, parse_profile, usable
from tests.proof.worlds import World, keys, refs

KEYS = keys("k1 k2 o:8 x:ds z1 z8:8")
W = World(keys=KEYS)


@pytest.mark.parametrize(
    ("profile", "ds", "counted"),
    [
        ("loose", "k1/1 k2/2", "k1/1 k2/2"),
        ("ds-alg", "k1/1 k2/2", "k1/1 k2/2"),
        ("sha1-ignored", "k1/1 k2/2", "k2/2"),
        ("sha1-ignored", "k1/1 k2/4", "k2/4"),
        ("sha1-ignored", "k1/1", "k1/1"),
        ("sha1-ignored", "k1/2 k2/4", "k1/2 k2/4"),
        ("top-digest", "k1/1 k2/2", "k2/2"),
        ("top-digest", "k1/2 k2/4", "k2/4"),
        ("top-digest", "k1/2 k2/2", "k1/2 k2/2"),
        ("top-digest", "k1/2 k2/3", "k1/2"),
        ("top-digest", "", ""),
        ("loose", "k1/3", ""),
        ("loose", "k1/0 k2/5 x/2", "x/2"),
        ("without-alg(8)", "o/2 k1/2", "k1/2"),
        ("without-alg(13)", "k1/2", ""),
    ],
)
def test_some_ds_count_and_others_do_not(profile: str, ds: str, counted: str) -> None:
    parsed = parse_profile(profile)
    assert parsed
    assert usable(parsed, refs(*ds.split()), KEYS) == refs(*counted.split())


SECURE, BOGUS, INSECURE = Status.SECURE, Status.BOGUS, Status.INSECURE


@pytest.mark.parametrize(
    ("profile", "view", "status"),
    [
        ("loose", "k1; k1 z1; k1; z1", SECURE),
        ("loose", "; k1 z1; k1; ", INSECURE),
        ("loose", "k1; z1; k1; z1", BOGUS),  # signs, but is not served
        ("loose", "k1; k1 z1; z1; z1", BOGUS),  # served, but does not sign
        ("loose", "k1; k1; k1; z1", BOGUS),  # the data's key is not served
        ("loose", "k1; k1 z1; k1; ", BOGUS),
        ("loose", "x; k1 z1; k1; z1", BOGUS),
        ("loose", "x k1; k1 z1; k1; z1", SECURE),
        ("loose", "o k1; k1 z1; k1; z1", SECURE),
        ("ds-alg", "o k1; k1 z1; k1; z1", BOGUS),
        ("ds-alg", "o k1; o k1 z1; o k1; z1", BOGUS),  # no data of algorithm 8
        ("ds-alg", "o k1; o k1 z1 z8; k1; z1 z8", BOGUS),  # nor DNSKEY signed by it
        ("ds-alg", "o k1; o k1 z1 z8; o k1; z1 z8", SECURE),
        ("ds-alg", "k1; o k1 z1; k1; z1", SECURE),
        ("rfc4035", "k1; o k1 z1; k1; z1", BOGUS),
        ("rfc4035", "k1; o k1 z1; o k1; z1", BOGUS),
        ("rfc4035", "k1; o k1 z1; o k1; o z1", SECURE),
        ("rfc4035", "k1; k1 z1 z8; k1; z1 z8", BOGUS),
        ("top-digest", "k1/2 o/4; o k1 z1; o k1; z1", BOGUS),
        ("top-digest", "k1/4 o/2; k1 z1; k1; z1", SECURE),
        ("without-alg(8)", "o; o; o; o", INSECURE),
        ("without-alg(8)", "o k1; o k1; o k1; o", BOGUS),
        ("without-alg(8)", "o k1; o k1; o k1; o k1", SECURE),
    ],
)
def test_a_view_is_what_its_chains_make_it(profile: str, view: str, status: Status) -> None:
    """A view: its DS; the DNSKEYs served; those that sign them; those that sign the data."""
    ds, dnskey, signed_by, data = view.split("; ")
    parsed = parse_profile(profile)
    assert parsed
    served = W.dnskey(None, dnskey, signed_by)
    finding = judge(parsed, KEYS, refs(*ds.split()), served, W.data(None, data))
    assert finding.status is status
    assert bool(finding.why) is (status is not SECURE)


@pytest.mark.parametrize("name", ["", "Loose", "without-alg", "without-alg()", "without-alg(1000)"])
def test_a_profile_nobody_knows_has_no_meaning(name: str) -> None:
    assert parse_profile(name) is None
