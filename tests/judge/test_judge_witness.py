"""Real validators confirm snapshots, where they are installed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.sandbox.judge import ValidationStatus
from reconciler.sandbox.judge.witness import applies, verdict_in, witness, write_anchor
from tests.judge.conftest import START

SECURE, INSECURE, BOGUS = (
    ValidationStatus.SECURE,
    ValidationStatus.INSECURE,
    ValidationStatus.BOGUS,
)


@pytest.mark.parametrize(
    ("output", "status"),
    [
        ("; fully validated\nexample. 60 IN SOA ...", SECURE),
        ("; negative response, fully validated\n; example. ...", SECURE),
        ("; unsigned answer\nexample. 60 IN SOA ...", INSECURE),
        ("; negative response, unsigned answer\n", INSECURE),
        (
            ";; validating example/DNSKEY: no valid signature\n;; resolution failed: no valid DS",
            BOGUS,
        ),
        (";; resolution failed: broken trust chain", BOGUS),
        (";; resolution failed: RRSIG failed to verify", BOGUS),
        (";; resolution failed: insecurity proof failed", BOGUS),
        (";; resolution failed: timed out", None),
        (";; resolution failed: SERVFAIL", None),
        ("", None),
    ],
)
def test_the_words_of_delv_are_understood(output: str, status: ValidationStatus | None) -> None:
    assert verdict_in(output) is status


def test_anchors_are_written_as_delv_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "anchor"
    write_anchor(path, [f". 3600 IN DS 1 13 2 {'00ff' * 16}", ". IN DNSKEY 257 3 13 AAAA BBBB"])
    assert path.read_text().splitlines() == [
        "trust-anchors {",
        f'    . static-ds 1 13 2 "{"00ff" * 16}";',
        '    . static-key 257 3 13 "AAAABBBB";',
        "};",
    ]


def test_a_witness_counts_only_near_the_real_present() -> None:
    assert applies(START, START + timedelta(seconds=299))
    assert not applies(START, START - timedelta(seconds=301))


def test_a_missing_program_gives_no_verdict(tmp_path: Path) -> None:
    missing = str(tmp_path / "delv")
    assert witness(missing, ("127.0.0.1", 1), tmp_path / "anchor", "example.", "SOA") is None
