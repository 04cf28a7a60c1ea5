"""What a zone file says of single keys, of signers that leave, and of alternatives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.model.desired import KeyState, KskRollover, StandbyKsk

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def desired(repository: Any, text: str) -> Any:  # noqa: ANN401 (the fixture's own class)
    assert repository.zone(text) == []
    return repository.load().portfolio.zones["shop.example."]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("13/2371", "13/2371"),
        ("ECDSAP256SHA256/2371", "13/2371"),
        ("ecdsap256sha256/02371", "13/2371"),
        ("257 3 13 mdss wUyr", "257 3 13 mdsswUyr"),
        (f"2371 13 2 {DIGEST.upper()}", f"2371 13 2 {DIGEST}"),
        (f"2371  13 2 {DIGEST[:32]} {DIGEST[32:]}", f"2371 13 2 {DIGEST}"),
    ],
)
def test_a_key_is_named_by_tag_or_by_its_whole_text(
    repository: Any,  # noqa: ANN401 (the fixture's own class)
    zone_text: str,
    written: str,
    name: str,
) -> None:
    zone = desired(repository, f'{zone_text}named_keys: {{"{written}": compromised}}\n')
    assert zone.named_keys == {name: KeyState.COMPROMISED}


@pytest.mark.parametrize(
    "written",
    [
        "2371",
        "13/65536",
        "256/1",
        "NOSUCH/1",
        "257 3 13 no base64!",
        "257 3 13 mdsswUy",
        "65536 3 13 mdsswUyr",
        "1 13 2 xyz",
        "1 13 256 abcd",
        "65536 13 2 abcd",
        "",
    ],
)
def test_what_names_no_key_is_refused_where_it_stands(
    repository: Any,  # noqa: ANN401 (the fixture's own class)
    zone_text: str,
    written: str,
) -> None:
    assert repository.zone(f'{zone_text}named_keys: {{"{written}": lost}}\n') == ["key-name 7:14"]


def test_a_state_that_nobody_knows_is_refused(repository: Any, zone_text: str) -> None:  # noqa: ANN401 (the fixture's own class)
    assert repository.zone(f'{zone_text}named_keys: {{"13/1": stolen}}\n') == ["wrong-value 7:22"]


def test_a_signer_ends_at_an_instant_in_utc(repository: Any, zone_text: str) -> None:  # noqa: ANN401 (the fixture's own class)
    zone = desired(repository, f"{zone_text}ends: {{h: 2026-12-31T01:00:00+01:00}}\n")
    assert zone.ends == {"h": datetime(2026, 12, 31, tzinfo=UTC)}


@pytest.mark.parametrize(
    "written", ["2026-12-31", "2026-12-31T00:00:00", "soon", "0001-01-01T00:00:00+01:00"]
)
def test_an_end_without_its_offset_is_refused(
    repository: Any,  # noqa: ANN401 (the fixture's own class)
    zone_text: str,
    written: str,
) -> None:
    assert repository.zone(f"{zone_text}ends: {{h: '{written}'}}\n") == ["instant 7:11"]


def test_an_end_of_an_unknown_signer_is_refused(repository: Any, zone_text: str) -> None:  # noqa: ANN401 (the fixture's own class)
    found = repository.zone(f"{zone_text}ends: {{x: 2026-12-31T00:00:00Z}}\n")
    assert found == ["unknown-signer 7:11"]


def test_an_alternative_is_asked_for_by_name(repository: Any, zone_text: str) -> None:  # noqa: ANN401 (the fixture's own class)
    assert desired(repository, f"{zone_text}variant: no-outage\n").variant == "no-outage"
    assert desired(repository, zone_text).variant is None


def test_a_policy_says_how_keys_are_replaced_and_kept_ready(
    repository: Any,  # noqa: ANN401 (the fixture's own class)
    zone_text: str,
) -> None:
    members = (
        "ksk_rollover: double-ds, standby_ksk: signing, standby_zsk: true, lower_ttls: true, keys:"
    )
    found = repository.portfolio("one: {keys:", f"one: {{{members}")
    assert found == []
    policy = desired(repository, zone_text.replace("policy: std", "policy: one")).policy
    assert policy.ksk_rollover is KskRollover.DOUBLE_DS
    assert policy.standby_ksk is StandbyKsk.SIGNING
    assert policy.standby_zsk
    assert policy.lower_ttls


def test_a_key_is_not_named_twice_by_number_and_by_mnemonic(
    repository: Any,  # noqa: ANN401 (the fixture's own class)
    zone_text: str,
) -> None:
    both = "named_keys:\n  13/2371: keep\n  ECDSAP256SHA256/2371: lost\n"
    assert repository.zone(zone_text + both) == ["key-named-twice 9:3"]
    (finding,) = repository.load().diagnostics
    assert "line 8, column 3" in finding.summary


def test_a_key_is_not_asked_to_be_revoked(repository: Any, zone_text: str) -> None:  # noqa: ANN401 (the fixture's own class)
    assert repository.zone(f'{zone_text}named_keys: {{"13/1": revoked}}\n') == ["revocation 7:22"]


@pytest.mark.parametrize(
    ("kind", "found"), [("cds", ["rollover-unsupported 3:9"]), ("sandbox-registrar", [])]
)
def test_a_ds_ahead_of_its_key_at_a_parent_that_looks_for_the_key_is_warned_of(
    repository: Any,  # noqa: ANN401 (the fixture's own class)
    zone_text: str,
    kind: str,
    found: list[str],
) -> None:
    repository.portfolio(
        "one: {keys: csk}\nsigners:",
        "one: {keys: csk, ksk_rollover: double-ds}\nsigners:",
    )
    file = repository.zones / "portfolio.yaml"
    file.write_text(file.read_text().replace("sandbox-registrar", kind))
    told = repository.zone(zone_text.replace("policy: std", "policy: one"))
    assert [each for each in told if each.startswith("rollover")] == found
