from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from reconciler.governance.approvals import Approval
from reconciler.governance.statement import (
    NAMESPACE,
    Statement,
    read_statement,
    statement_text,
)
from reconciler.ledger.evidence_of_approval import examined
from reconciler.ledger.history import LoggedApproval
from reconciler.ledger.records import Channel
from reconciler.ledger.sshsig import sign
from reconciler.model.desired import Person

NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
STATEMENT = Statement(ledger="5eed", zone="example.com.", digest="sha256:aa", person="bob", at=NOW)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    private = ed25519.Ed25519PrivateKey.generate()
    path.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.NoEncryption(),
        )
    )
    public = private.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    path.with_suffix(".pub").write_bytes(public)
    return path


def person(key: Path) -> Person:
    return Person(name="bob", ssh=key.with_suffix(".pub").read_text())


def logged(text: str, signature: str | None, channel: Channel = Channel.SSH) -> LoggedApproval:
    return LoggedApproval(
        seq=9, actor="bob", at=NOW + timedelta(hours=1), digest="sha256:aa", person="bob",
        channel=channel,
        statement=text, signature=signature,
    )  # fmt: skip


def signed(key: Path, statement: Statement = STATEMENT) -> LoggedApproval:
    text = statement_text(statement)
    return logged(text, sign(text, key, NAMESPACE))


def judged(approval: LoggedApproval, people: dict[str, Person]) -> Approval:
    (found,) = examined([approval], zone="example.com.", ledger_id="5eed", people=people)
    return found


def test_a_good_signature_counts_from_when_it_was_made(key: Path) -> None:
    found = judged(signed(key), {"bob": person(key)})
    assert (found.signed, found.flaw, found.at) == (True, None, NOW)


@pytest.mark.parametrize(
    ("member", "value", "word"),
    [
        ("ledger", "other", "ledger"),
        ("zone", "other.com.", "zone"),
        ("digest", "sha256:bb", "digest"),
        ("person", "eve", "person"),
        ("at", NOW + timedelta(hours=2), "after it was recorded"),
    ],
)
def test_a_signed_statement_about_something_else_does_not_count(
    key: Path, member: str, value: object, word: str
) -> None:
    statement = replace(STATEMENT, **{member: value})  # type: ignore[arg-type]
    found = judged(signed(key, statement), {"bob": person(key)})
    assert not found.signed
    assert found.flaw is not None
    assert word in found.flaw


def test_a_signature_by_another_key_does_not_count(key: Path) -> None:
    approval = signed(key)
    others = Person(name="bob", ssh="ssh-ed25519 " + "A" * 68)
    assert "another key" in str(judged(approval, {"bob": others}).flaw)
    assert "no SSH key" in str(judged(approval, {"bob": Person(name="bob")}).flaw)
    assert "no SSH key" in str(judged(approval, {}).flaw)
    assert "missing" in str(judged(replace(approval, signature=None), {"bob": person(key)}).flaw)


def test_a_signature_over_free_text_does_not_count(key: Path) -> None:
    text = "I approve sha256:aa"
    found = judged(logged(text, sign(text, key, NAMESPACE)), {"bob": person(key)})
    assert found.flaw == "what was signed is not an approval statement"


def test_an_approval_by_another_way_is_never_signed(key: Path) -> None:
    text = statement_text(STATEMENT)
    found = judged(logged(text, sign(text, key, NAMESPACE), Channel.LOCAL), {"bob": person(key)})
    assert (found.signed, found.flaw, found.at) == (False, None, NOW + timedelta(hours=1))


def test_a_statement_is_read_back() -> None:
    assert read_statement(statement_text(STATEMENT)) == STATEMENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        "[" * 5000,
        statement_text(STATEMENT) + "\n",
        statement_text(STATEMENT).replace("approval/1", "approval/2"),
        statement_text(STATEMENT).replace('"bob"', "7"),
        statement_text(STATEMENT).replace("2026-11-21T23:00:00Z", "2026-11-21T24:00:00+01:00"),
        statement_text(STATEMENT).replace("}", ',"zone":"other.com."}'),
    ],
)
def test_what_is_not_the_one_form_of_a_statement_is_none(text: str) -> None:
    assert read_statement(text) is None


def test_a_review_counts_for_nothing_as_long_as_nobody_can_tell_whether_it_was_given(
    key: Path,
) -> None:
    """Else whoever can write the ledger could name any reviewer."""
    claimed = logged(statement_text(STATEMENT), None, Channel.REVIEW)
    found = judged(claimed, {"bob": person(key)})
    assert (found.signed, found.flaw) == (
        False,
        "this release cannot tell whether a review was given",
    )
